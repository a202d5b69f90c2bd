"""The array types of `measure`, and the one sum that everything is made of."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def sum_by(code: IntArray, values: npt.ArrayLike, *, n: int = 0) -> FloatArray:
    """Return the sum of `values` for each code 0, 1, …, at least `n` of them.

    Examples
    --------
    >>> sum_by(np.array([0, 1, 0]), np.array([1.0, 2.0, 3.0])).tolist()
    [4.0, 2.0]
    """
    return np.bincount(code, weights=np.asarray(values, dtype=np.float64), minlength=n).astype(np.float64, copy=False)
