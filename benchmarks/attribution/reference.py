"""References for the attribution benchmarks, made once and kept in a temporary folder: 4,096 steps, 1,024 draws.

Their draws are of another seed than those they judge, so that no error is hidden by sharing it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from common import kept

from xai_widgets import AttributionEngine

SEED = 987654
STEPS, DRAWS = 4096, 1024
SMINT_STEPS = 32
"""Steps of each of SmInt's draws: what they leave, 3 % of a draw and of either sign, is lost in what 1,024 draws leave."""


def uniform_baseline(x: np.ndarray) -> np.ndarray:
    """Give one uniform baseline per sample, within its own range."""
    rng = np.random.default_rng(SEED)
    wide = (slice(None),) + (None,) * (x.ndim - 1)
    low, high = (getattr(x.reshape(len(x), -1), end)(axis=1)[wide] for end in ("min", "max"))
    return (low + (high - low) * rng.random(x.shape)).astype(np.float32)


def integrated(
    name: str, model: Any, x: np.ndarray, baseline: Any, called: str, steps: int = STEPS
) -> np.ndarray:
    """Give integrated gradients by so many midpoints, in float64."""

    def make() -> dict[str, np.ndarray]:
        parts = 16  # summed in float64, as a running mean in float32 would not be exact enough
        total = np.zeros(x.shape)
        start = np.broadcast_to(np.asarray(baseline, x.dtype), x.shape)
        for part in range(parts):
            low, high = (start + (x - start) * np.float32((part + side) / parts) for side in (0, 1))
            total += (
                AttributionEngine(model, cache_bytes=0)
                .attribute(
                    high,
                    "integrated_gradients",
                    target,
                    baseline=low,
                    integrating=steps // parts,
                    rule="midpoint",
                )
                .values
            )
        return {"values": total}

    target = AttributionEngine(model).attribute(x, "saliency").target
    return kept(f"{name}_integrated_{called}_{len(x)}_{steps}", make)["values"]


def smoothed(
    name: str, model: Any, x: np.ndarray, squared: bool = True, draws: int = 4 * DRAWS
) -> np.ndarray:
    """Give SmoothGrad or its square."""
    method = "smoothgrad_squared" if squared else "smoothgrad"

    def make() -> dict[str, np.ndarray]:
        return {"values": AttributionEngine(model, seed=SEED).attribute(x, method, smoothing=draws).values}

    return kept(f"{name}_{method}_{len(x)}_{draws}", make)["values"]


def smint(name: str, model: Any, x: np.ndarray, draws: int = DRAWS) -> np.ndarray:
    """Give the mean over uniform baselines of the squared integrated gradient, by the literal grid."""

    def make() -> dict[str, np.ndarray]:
        engine = AttributionEngine(model, seed=SEED)
        found = engine.attribute(x, "smint", smoothing=draws, integrating=SMINT_STEPS, sampling="product")
        return {"values": found.values}

    return kept(f"{name}_smint_{len(x)}_{draws}", make)["values"]
