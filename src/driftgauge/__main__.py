"""``python -m driftgauge`` is the command ``driftgauge``."""

from driftgauge.cli import main

main()
