"""The results browser: studies over time, and from a drift down to the ratings. It only reads."""
