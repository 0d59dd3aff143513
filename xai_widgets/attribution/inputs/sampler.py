"""The samples to explain, and how rows for the model are made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.inputs import counter_rng
from xai_widgets.attribution.inputs.baselines import Background
from xai_widgets.attribution.inputs.blur import blurred_with_slope, widest

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

    @property
    def lines(self) -> NDArray[np.int64]:
        """Of which line each row is, (R,), numbered as they come: those of one line follow each other and share their step."""
        if self.kind == "blur":
            return np.arange(len(self))
        first = np.zeros(len(self), np.int64)
        if self.kind not in ("clean", "noisy"):  # which have no steps
            first[_changes(self.sample, self.draw, self.sign)[1:]] = 1
        return np.cumsum(first)

    def __getitem__(self, which: slice | NDArray[np.int64]) -> Rows:
        """Give some of the rows."""
        return Rows(self.kind, self.sample[which], self.draw[which], self.t[which], self.sign[which])


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

    def points(self, rows: Rows, steps: NDArray[Any] | None = None) -> Arrays:
        """Make the rows.

        Parameters
        ----------
        rows : Rows
        steps : numpy.ndarray, optional
            (L, D), for every line of ``rows.lines``, all inputs side by side: gets what gradients are multiplied with to be
            contributions; it is left alone where that is nothing.
        """
        made, column = [], 0
        for place, x in enumerate(self.inputs):
            size = x[0].size
            points = np.empty((len(rows), *x.shape[1:]), x.dtype)
            self._make(
                rows, place, points.reshape(len(rows), -1),
                None if steps is None else steps[:, column : column + size],
            )  # fmt: skip
            made.append(points)
            column += size
        return tuple(made)

    def drawn(self, kind: str) -> Arrays:
        """Give the baselines of draw 0."""
        count = len(self.keys)
        rows = Rows(kind, np.arange(count), np.zeros(count, np.int64), np.zeros(count), np.ones(count))
        found = tuple(np.empty(x.shape, x.dtype) for x in self.inputs)
        for place, base in enumerate(found):
            self._baseline(rows, place, base.reshape(count, -1))
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

    def _make(self, rows: Rows, place: int, points: NDArray[Any], steps: NDArray[Any] | None) -> None:
        """Make the points of one input, (R, D), and the steps of its lines, (L, D)."""
        if rows.kind == "clean":
            _pick(self._flat(place), rows.sample, points)
        elif rows.kind == "blur":
            self._blurred(rows, place, points, steps)
        else:
            self._lines(rows, place, points, None if rows.kind == "noisy" else steps)

    def _lines(self, rows: Rows, place: int, points: NDArray[Any], steps: NDArray[Any] | None) -> None:
        """Put rows on their lines, which share a start and a step."""
        noisy = rows.kind == "noisy"  # mirror images are on one line
        along = (rows.sign if noisy else rows.t).astype(points.dtype)[:, None]
        first = _changes(rows.sample, rows.draw) if noisy else _changes(rows.sample, rows.draw, rows.sign)
        ends = np.append(first, len(rows))
        size = points.shape[1]
        several = 2 * max(1, _AT_ONCE // (4 * size))  # mirror images share a draw
        for low in range(0, len(first), several):
            lines = rows[first[low : low + several]]
            start, step = self._noise(lines, place) if noisy else self._path(lines, place)
            if steps is not None:
                steps[low : low + several] = step
            for one, end in _alike(np.diff(ends[low : low + several + 1])):
                part = slice(ends[low + one], ends[low + end])
                shape = end - one, (part.stop - part.start) // (end - one), size
                made = points[part].reshape(shape)
                np.multiply(along[part].reshape(*shape[:2], 1), step[one:end, None], out=made)
                made += start[one:end, None]

    def _noise(self, lines: Rows, place: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Give the samples and how far noise goes from them to either side, (L, D) each."""
        start, step = np.empty((2, len(lines), self.inputs[place][0].size), self.inputs[place].dtype)
        _pick(self._flat(place), lines.sample, start)
        self._draw(lines, place, counter_rng.normal_table(), step)
        step *= _wide(self.noise * (self.high[place] - self.low[place])[lines.sample], step)
        return start, step

    def _path(self, lines: Rows, place: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Give where paths start and how far they go, (L, D) each."""
        start, step = np.empty((2, len(lines), self.inputs[place][0].size), self.inputs[place].dtype)
        _pick(self._flat(place), lines.sample, step)
        if lines.kind == "noisy_path":
            self._draw(lines, place, counter_rng.normal_table(), start)
            start *= _wide(
                self.noise * (self.high[place] - self.low[place])[lines.sample] * lines.sign, start
            )
            step += start
        self._baseline(lines, place, start)
        step -= start
        return start, step

    def _flat(self, place: int) -> NDArray[Any]:
        return self.inputs[place].reshape(len(self.keys), -1)

    def _baseline(self, rows: Rows, place: int, base: NDArray[Any]) -> None:
        """Make baselines, (R, D)."""
        if rows.kind in ("path", "secant", "noisy_path"):
            _pick(self.baselines[place].reshape(len(self.keys), -1), rows.sample, base)
            return
        if rows.kind == "background":
            base[...] = self._picked(rows, place).reshape(base.shape)
            return
        low, high = self.low[place][rows.sample], self.high[place][rows.sample]
        middle, half = (high + low) / 2, (high - low) / 2
        self._draw(
            rows,
            place,
            counter_rng.centred_table() if rows.kind == "uniform" else counter_rng.normal_table(),
            base,
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
                counter_rng.mix(self.seed, _PICK, self.keys[sample : sample + 1], np.arange(several)),
                kind="stable",
            )
            for sample in np.unique(rows.sample)
        }
        picks = np.array([orders[int(s)][n % several] for s, n in zip(rows.sample, number, strict=True)])
        return np.array(self.background.inputs[place][picks], self.inputs[place].dtype)

    def _blurred(self, rows: Rows, place: int, points: NDArray[Any], steps: NDArray[Any] | None) -> None:
        x = self.inputs[place]
        axes = tuple(axis - 1 for axis in self.blur_axes[place])
        most = widest(x.shape, self.blur_axes[place])
        for row, (sample, t) in enumerate(zip(rows.sample, rows.t, strict=True)):
            blurred, slope = blurred_with_slope(x[sample], axes, most * (1 - t))
            points[row] = blurred.reshape(-1)
            if steps is not None:
                steps[row] = -most * slope.reshape(-1)

    def _draw(self, rows: Rows, place: int, table: Any, out: NDArray[Any]) -> None:
        """Draw numbers, (R, D)."""
        purpose = _NOISE if rows.kind in ("noisy", "noisy_path") else _BASELINE
        keys = counter_rng.mix(self.seed, purpose * 64 + place, self.keys[rows.sample], rows.draw)
        first = _changes(keys)  # antithetic rows follow each other and share the numbers of a draw
        if len(first) == len(keys) and out.dtype == np.float32:
            counter_rng.draw(keys, out.shape[1], table, out)
            return
        numbers = counter_rng.draw(keys[first], out.shape[1], table)
        which = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(keys))))
        _pick(numbers.astype(out.dtype, copy=False), which, out)


def _changes(*columns: NDArray[Any]) -> NDArray[np.int64]:
    """Give the rows at which any of the columns changes, the first one included."""
    changed = np.logical_or.reduce([one[1:] != one[:-1] for one in columns])
    return np.append(0, np.flatnonzero(changed) + 1)


def _alike(lengths: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Give parts of which all lengths are the same: all of it, or one by one."""
    if (lengths == lengths[0]).all():
        return [(0, len(lengths))]
    return [(one, one + 1) for one in range(len(lengths))]


def _pick(rows: NDArray[Any], which: NDArray[Any], out: NDArray[Any]) -> None:
    np.take(rows, which, axis=0, out=out, mode="clip")  # other modes make a copy on the way


def _wide(values: NDArray[Any], like: NDArray[Any]) -> NDArray[Any]:
    return values.astype(like.dtype)[:, None]
