"""The samples to explain and how rows for the model are made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution import noise

Arrays = tuple[NDArray[Any], ...]
_NOISE, _BASELINE = 1, 2  # purposes, so that noise and baselines of one draw differ


@dataclass
class Rows:
    """Rows to evaluate, all of one kind.

    Attributes
    ----------
    kind : {"clean", "noisy", "path", "random", "noisy_path"}
        x; x + noise; on the path from the fixed baseline to x; from a random baseline to x; from the fixed one to x + noise.
    sample, draw : numpy.ndarray
        int (R,).
    t, sign : numpy.ndarray
        float32 (R,): position on the path (1 is x), and which of the antithetic two.
    """

    kind: str
    sample: NDArray[np.int64]
    draw: NDArray[np.int64]
    t: NDArray[Any]
    sign: NDArray[Any]

    def __len__(self) -> int:
        return len(self.sample)


@dataclass
class Scene:
    """Samples with everything a row is a function of."""

    inputs: Arrays
    keys: NDArray[np.uint64]
    seed: int
    noise: float
    low: Arrays  # (B,) per input
    high: Arrays
    random_baseline: str | None = None  # "uniform" or "gaussian"
    baselines: Arrays = field(default=())  # fixed ones, or draw 0 of the random

    def points(self, rows: Rows) -> tuple[Arrays, Arrays | None]:
        """Make the rows, and what their gradients are multiplied with to be contributions (None for nothing)."""
        made = [self._points(rows, place) for place in range(len(self.inputs))]
        points = tuple(point for point, _ in made)
        if rows.kind in ("clean", "noisy"):
            return points, None
        return points, tuple(difference for _, difference in made)

    def _points(self, rows: Rows, place: int) -> tuple[Any, Any]:
        x = self.inputs[place][rows.sample]
        wide = (slice(None),) + (None,) * (x.ndim - 1)
        dtype = x.dtype
        if rows.kind in ("noisy", "noisy_path"):
            spread = self.noise * (self.high[place] - self.low[place])[rows.sample] * rows.sign
            x += self._draw(rows, place, _NOISE, noise.normal_table(), dtype) * spread.astype(dtype)[wide]
        if rows.kind in ("clean", "noisy"):
            return x, None
        if rows.kind == "random":
            base = self.random(rows, place)
        else:
            base = self.baselines[place][rows.sample]
        np.subtract(x, base, out=x)
        base += rows.t.astype(dtype)[wide] * x
        return base, x

    def random(self, rows: Rows, place: int) -> NDArray[Any]:
        """Give random baselines within the samples' own ranges; sign -1 gives the mirrored one."""
        low, high = self.low[place][rows.sample], self.high[place][rows.sample]
        dtype = self.inputs[place].dtype
        wide = (slice(None),) + (None,) * (self.inputs[place].ndim - 1)
        middle, half = (
            ((high + low) / 2).astype(dtype)[wide],
            ((high - low) / 2 * rows.sign).astype(dtype)[wide],
        )
        if self.random_baseline == "uniform":
            base = self._draw(rows, place, _BASELINE, noise.centred_table(), dtype)
            base *= half
            base += middle
            return base
        base = self._draw(rows, place, _BASELINE, noise.normal_table(), dtype)
        base *= half
        return np.clip(base + middle, low.astype(dtype)[wide], high.astype(dtype)[wide])

    def _draw(self, rows: Rows, place: int, purpose: int, table: Any, dtype: Any) -> NDArray[Any]:
        # antithetic rows share their draw: it is made once
        pairs, back = np.unique(np.stack([rows.sample, rows.draw]), axis=1, return_inverse=True)
        keys = noise.mix(self.seed, purpose * 64 + place, self.keys[pairs[0]], pairs[1])
        shape = self.inputs[place].shape[1:]
        numbers = noise.draw(keys, int(np.prod(shape)), table)
        return numbers[back.reshape(-1)].reshape(-1, *shape).astype(dtype, copy=False)
