"""The samples to explain, and how rows for the model are made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution import noise
from xai_widgets.attribution.baselines import Background
from xai_widgets.attribution.blur import blurred_with_slope, widest

Arrays = tuple[NDArray[Any], ...]
_AT_ONCE = 1 << 17  # numbers that are made at once: they stay in the cache meanwhile
_CLIPPED = 0.5160581  # variance of a standard normal number clipped to [-1, 1]
_NOISE, _BASELINE, _PICK = 1, 2, 3  # purposes, so that the numbers of one draw differ between them


@dataclass
class Rows:
    """Rows to evaluate, all of one kind.

    Attributes
    ----------
    kind : str
        "clean": x; "noisy": x + noise; "path": from the fixed baseline to x; "noisy_path": from it to x + noise;
        "uniform", "gaussian", "background": from a drawn baseline to x; "blur": from blurred to sharp.
    sample, draw : numpy.ndarray
        int (R,).
    t, sign : numpy.ndarray
        float (R,): position on the path (1 is x), and which of the antithetic two.
    """

    kind: str
    sample: NDArray[np.int64]
    draw: NDArray[np.int64]
    t: NDArray[Any]
    sign: NDArray[Any]

    def __len__(self) -> int:
        return len(self.sample)

    def part(self, start: int, stop: int) -> Rows:
        """Give some of the rows."""
        cut = slice(start, stop)
        return Rows(self.kind, self.sample[cut], self.draw[cut], self.t[cut], self.sign[cut])


@dataclass
class Scene:
    """Samples with everything a row is a function of."""

    inputs: Arrays
    keys: NDArray[np.uint64]
    seed: int
    noise: float
    low: Arrays  # (B,) per input
    high: Arrays
    baselines: Arrays = ()  # fixed ones, or draw 0 of those that are drawn
    background: Background | None = None
    blur_axes: tuple[tuple[int, ...], ...] = ()

    def points(self, rows: Rows) -> tuple[Arrays, Arrays | None]:
        """Make the rows, and what their gradients are multiplied with to be contributions (None for nothing)."""
        made = [self._points(rows, place) for place in range(len(self.inputs))]
        points = tuple(point for point, _ in made)
        if rows.kind in ("clean", "noisy"):
            return points, None
        return points, tuple(step for _, step in made)

    def drawn(self, kind: str) -> Arrays:
        """Give the baselines of draw 0."""
        count = len(self.keys)
        rows = Rows(kind, np.arange(count), np.zeros(count, np.int64), np.zeros(count), np.ones(count))
        found = tuple(np.empty_like(x) for x in self.inputs)
        for place, base in enumerate(found):
            self._baseline(rows, place, base)
        return found

    def mean_square_step(self, kind: str, sample: int) -> NDArray[Any] | None:
        """Give the mean over draws of the squared step from the baseline, (D,) over all inputs; None where unknown."""
        if kind not in ("uniform", "gaussian", "noisy_path"):
            return None
        found = []
        for place, x in enumerate(self.inputs):
            low, high = float(self.low[place][sample]), float(self.high[place][sample])
            if kind == "noisy_path":
                start: Any = self.baselines[place][sample]
                variance = (self.noise * (high - low)) ** 2
            else:
                start = (low + high) / 2
                variance = ((high - low) / 2) ** 2 * (1 / 3 if kind == "uniform" else _CLIPPED)
            found.append((np.square(x[sample] - start) + variance).reshape(-1))
        return np.concatenate(found).astype(self.inputs[0].dtype)

    def _points(self, rows: Rows, place: int) -> tuple[Any, Any]:
        if rows.kind == "blur":
            return self._blurred(rows, place)
        x = self.inputs[place]
        points = np.empty((len(rows), *x.shape[1:]), x.dtype)
        steps = None if rows.kind in ("clean", "noisy") else np.empty_like(points)
        at_once = 8 * max(1, _AT_ONCE // (8 * x[0].size))  # rows of a draw come in twos or in eights
        for low in range(0, len(rows), at_once):
            high = low + at_once
            self._fill(
                rows.part(low, high), place, points[low:high], None if steps is None else steps[low:high]
            )
        return points, steps

    def _fill(self, rows: Rows, place: int, points: NDArray[Any], steps: NDArray[Any] | None) -> None:
        end = points if steps is None else steps
        _pick(self.inputs[place], rows.sample, end)
        if rows.kind in ("noisy", "noisy_path"):
            noisy = np.empty_like(end) if steps is None else points
            self._draw(rows, place, noise.normal_table(), noisy)
            spread = self.noise * (self.high[place] - self.low[place])[rows.sample] * rows.sign
            noisy *= _wide(spread, noisy)
            end += noisy
        if steps is None:
            return
        self._baseline(rows, place, points)
        steps -= points
        points += _wide(rows.t, steps) * steps

    def _baseline(self, rows: Rows, place: int, base: NDArray[Any]) -> None:
        if rows.kind in ("path", "secant", "noisy_path"):
            _pick(self.baselines[place], rows.sample, base)
            return
        if rows.kind == "background":
            base[...] = self._picked(rows, place)
            return
        low, high = self.low[place][rows.sample], self.high[place][rows.sample]
        middle, half = (high + low) / 2, (high - low) / 2
        self._draw(
            rows, place, noise.centred_table() if rows.kind == "uniform" else noise.normal_table(), base
        )
        base *= _wide(half * rows.sign, base)
        base += _wide(middle, base)
        if rows.kind == "gaussian":
            # half the range is one standard deviation; what is outside is not seen in any picture
            np.clip(base, _wide(low, base), _wide(high, base), out=base)

    def _picked(self, rows: Rows, place: int) -> NDArray[Any]:
        """Every sample goes through the background in an order of its own; mirror images are the next ones in it."""
        if self.background is None:
            raise ValueError("there is no background to draw from")
        number = 2 * rows.draw + (rows.sign < 0)
        several = len(self.background)
        orders = {
            int(sample): np.argsort(
                noise.mix(self.seed, _PICK, self.keys[sample : sample + 1], np.arange(several)), kind="stable"
            )
            for sample in np.unique(rows.sample)
        }
        picks = np.array([orders[int(s)][n % several] for s, n in zip(rows.sample, number, strict=True)])
        return np.array(self.background.inputs[place][picks], self.inputs[place].dtype)

    def _blurred(self, rows: Rows, place: int) -> tuple[Any, Any]:
        x = self.inputs[place]
        axes = tuple(axis - 1 for axis in self.blur_axes[place])
        most = widest(x.shape, self.blur_axes[place])
        points, steps = (
            np.empty((len(rows), *x.shape[1:]), x.dtype),
            np.empty((len(rows), *x.shape[1:]), x.dtype),
        )
        for row, (sample, t) in enumerate(zip(rows.sample, rows.t, strict=True)):
            points[row], slope = blurred_with_slope(x[sample], axes, most * (1 - t))
            steps[row] = -most * slope
        return points, steps

    def _draw(self, rows: Rows, place: int, table: Any, out: NDArray[Any]) -> None:
        purpose = _NOISE if rows.kind in ("noisy", "noisy_path") else _BASELINE
        keys = noise.mix(self.seed, purpose * 64 + place, self.keys[rows.sample], rows.draw)
        # rows of one draw (antithetic ones, several positions of a path) follow each other and share its numbers
        new = np.append(True, keys[1:] != keys[:-1])
        numbers = noise.draw(keys[new], out[0].size, table).reshape(-1, *out.shape[1:])
        _pick(numbers.astype(out.dtype, copy=False), np.cumsum(new) - 1, out)


def _pick(rows: NDArray[Any], which: NDArray[Any], out: NDArray[Any]) -> None:
    np.take(rows, which, axis=0, out=out, mode="clip")  # other modes make a copy on the way


def _wide(values: NDArray[Any], like: NDArray[Any]) -> NDArray[Any]:
    return values.astype(like.dtype)[(slice(None),) + (None,) * (like.ndim - 1)]
