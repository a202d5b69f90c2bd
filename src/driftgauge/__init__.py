"""driftgauge."""
