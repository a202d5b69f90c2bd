"""Make ``sequence.json``: capitals and limits of the confidence sequence by confseq 0.0.11 (Howard, Waudby-Smith).

    python tests/oracles/make_sequence.py > tests/oracles/sequence.json

It needs confseq and NumPy 1 (confseq compiles; its module ``betting``, which is all that is used, is Python). The second way to
bet is written here once more, from the methods page, one observation after the other.
"""

import json
import sys

import numpy as np
from confseq.betting import diversified_betting_mart
from confseq.betting_strategies import lambda_predmix_eb

ALPHA, MEMORY, GUESS = 0.05, 300.0, 60.0
SETS = (
    {"name": "rise", "margin": 0.05, "values": [-1, 0, 1], "shares": [0.05, 0.7, 0.25], "n": 400, "seed": 1},
    {"name": "none", "margin": 0.05, "values": [-1, -0.5, 0, 0.5, 1], "shares": [0.1, 0.1, 0.6, 0.1, 0.1], "n": 400, "seed": 2},
    {"name": "fall", "margin": 0.1, "values": [-1, -0.5, 0], "shares": [0.3, 0.2, 0.5], "n": 150, "seed": 3},
)
AT = (-0.5, -0.1, 0.0, 0.05, 0.2, 0.6)


def recent(x, boundary):
    """The stake on each observation by the mean of recent ones."""
    guess = boundary + (boundary - 0.5) / 2
    stakes = []
    for t in range(len(x)):
        before = x[:t]
        means = [(0.5 + sum(before[: i + 1])) / (i + 2) for i in range(t)]
        variance = (0.25 + sum((before[i] - means[i]) ** 2 for i in range(t))) / (t + 1)
        weights = np.exp(-(t - 1 - np.arange(t)) / MEMORY)
        mean = ((weights * before).sum() + GUESS * guess) / (weights.sum() + GUESS)
        beyond = mean - boundary
        stakes.append(beyond / (variance + beyond**2) if beyond > 0 else 0.0)
    return np.array(stakes)


def capital(d, m, margin):
    """The hedged capital against a mean difference of m after each observation."""
    boundary = (1 + margin) / 2
    steady = lambda y, _m: lambda_predmix_eb(y, alpha=ALPHA / 2)  # noqa: E731
    up, down = recent((1 + d) / 2, boundary), recent((1 - d) / 2, boundary)
    mirrored = lambda y, _m: lambda_predmix_eb(y, alpha=ALPHA / 2)  # noqa: E731 - of the variance, which mirrors
    return diversified_betting_mart(
        (1 + d) / 2,
        (1 + m) / 2,
        lambdas_fns_positive=[steady, lambda _y, _m: up],
        lambdas_fns_negative=[mirrored, lambda _y, _m: down],
        alpha=ALPHA,
    )


def limits(d, margin):
    """Where the hedged capital is 1/alpha, by halving from the mean outwards."""
    found = []
    for end in (-1.0, 1.0):
        inner, outer = float(d.mean()), end
        for _ in range(50):
            middle = (inner + outer) / 2
            inner, outer = (inner, middle) if capital(d, middle, margin)[-1] >= 1 / ALPHA else (middle, outer)
        found.append(outer)
    return found


def main():
    made = []
    for each in SETS:
        d = np.random.default_rng(each["seed"]).choice(each["values"], each["n"], p=each["shares"]).astype(float)
        capitals = {str(m): [float(capital(d, m, each["margin"])[t - 1]) for t in (1, 20, len(d))] for m in AT}
        made.append(
            {
                "name": each["name"],
                "margin": each["margin"],
                "d": d.tolist(),
                "capital": capitals,
                "limits": limits(d, each["margin"]),
            }
        )
    json.dump({"alpha": ALPHA, "confseq": "0.0.11", "numpy": np.__version__, "sets": made}, sys.stdout, separators=(",", ":"))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
