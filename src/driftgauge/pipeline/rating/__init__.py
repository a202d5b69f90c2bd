"""The rating app without its pages: who may do what, what a rater is asked next, and what becomes of what they send."""
