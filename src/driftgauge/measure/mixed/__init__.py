"""Mixed models: cumulative and Bernoulli logit with any number of random intercepts, by the Laplace approximation.

Begin with `fit.fit_mixed`, or with `presets.preset_design` and `fit.fit_design`. From the bottom up: `model` (plain arrays),
`kernel` (one pass over the ratings), `layout` and `plan` (which effects are eliminated first), `blocks` (the arrowhead solver),
`laplace` (log-likelihood and gradient), `separation`, `start`, `optimise` and `curvature` (fitting), `result` (what it gives).
"""
