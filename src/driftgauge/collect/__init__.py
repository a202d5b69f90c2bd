"""Putting a frozen benchmark to releases: what is missing (`plan`), and asking for it until it is there (`run`)."""
