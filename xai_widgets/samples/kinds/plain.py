"""What drawings of inputs that are no pictures share: a small canvas and its inks."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

SIZE: Final = 64
PAPER: Final = (248, 249, 250)
RULE: Final = (228, 231, 236)
INKS: Final = ((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233), (230, 159, 0))


def canvas() -> NDArray[np.uint8]:
    """Return an empty drawing, uint8 (64, 64, 3)."""
    made = np.empty((SIZE, SIZE, 3), np.uint8)
    made[:] = PAPER
    return made


def finite(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return values as float64 of at least one side, with 0 for those that are not finite."""
    return np.atleast_1d(np.nan_to_num(np.asarray(values, np.float64), nan=0.0, posinf=0.0, neginf=0.0))


def rows_of(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.int64]:
    """Return the rows of a drawing that stand for values between low (below) and high (above)."""
    unit = (values - low) / (high - low) if high > low else np.full(values.shape, 0.5)
    return np.rint((SIZE - 7) * (1 - unit) + 3).astype(np.int64)
