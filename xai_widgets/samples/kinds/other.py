"""Inputs that nothing is known of: a crossed field says that there is no picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.samples.kinds.plain import RULE, SIZE, canvas
from xai_widgets.samples.kinds.registry import Kind


def draw_cross(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Draw a crossed field, uint8 (64, 64, 3)."""
    made, steps = canvas(), np.arange(SIZE)
    made[steps, steps] = RULE
    made[steps, SIZE - 1 - steps] = RULE
    return made


OTHER = Kind("other", lambda values: True, draw_cross, lambda shape: f"not a picture: shape {shape}")
