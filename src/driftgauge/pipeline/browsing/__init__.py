"""``driftgauge report serve``: finished measurements to walk through, from all studies down to one rating."""
