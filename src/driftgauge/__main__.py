"""The command ``driftgauge``, and ``python -m driftgauge``."""

import os
from typing import Final

ONE_THREAD: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""What says how many threads linear algebra has. Our matrices are small: its threads wait for one another more than they
work, and longer than that on a machine that does something else as well. Whoever sets these has their way."""


def run() -> None:
    """Run the command line, with one thread for linear algebra; it is decided before NumPy is imported."""
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    from driftgauge.cli import main  # noqa: PLC0415 - after the environment is set

    main()


if __name__ == "__main__":
    run()
