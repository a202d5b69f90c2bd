"""``driftgauge rate judge``: what was collected is put to a model that rates it, until every vote is there."""
