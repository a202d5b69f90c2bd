"""``driftgauge monitor``: a live endpoint beside the frozen responses of a phase, a block of scenarios at each look."""
