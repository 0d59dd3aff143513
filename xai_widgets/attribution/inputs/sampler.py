"""The samples to explain, and how rows for the model are made of them, on its device."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.backends.ops.base import Ops, Tensor
from xai_widgets.attribution.inputs import counter_rng
from xai_widgets.attribution.inputs.along import NOTHING, Along
from xai_widgets.attribution.inputs.baselines import Background
from xai_widgets.attribution.inputs.blur import blurred_rows, widest

Arrays = tuple[NDArray[Any], ...]
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
        """Where lines begin, (L,): rows of one line follow each other and share start and step."""
        if self.kind in ("blur", "clean"):
            return np.arange(len(self))
        if self.kind == "noisy":  # mirror images are on one line
            return _changes(self.sample, self.draw)
        return _changes(self.sample, self.draw, self.sign)

    def __getitem__(self, which: slice | NDArray[np.int64]) -> Rows:
        """Return some of the rows."""
        return Rows(self.kind, self.sample[which], self.draw[which], self.t[which], self.sign[which])


@dataclass
class Scene:
    """Samples with everything a row is a function of; what is large comes to the device once."""

    ops: Ops
    inputs: Arrays
    keys: NDArray[np.uint64]
    seed: int
    noise: float
    low: Arrays  # (B,) per input
    high: Arrays
    baselines: Arrays = ()  # fixed ones
    kind: str = "path"  # of those that are drawn else
    background: Background | None = None
    blur_axes: tuple[tuple[int, ...], ...] = ()
    along: Along = NOTHING  # of each sample, passed to the model as it is
    _held: dict[str, list[Tensor]] = field(default_factory=dict)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers of a sample, per input."""
        return tuple(one[0].size for one in self.inputs)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Shape of a sample, per input."""
        return [one.shape[1:] for one in self.inputs]

    def points(self, rows: Rows) -> tuple[Tensor, Tensor | None]:
        """Make rows.

        Returns
        -------
        points : tensor
            (R, D), all inputs side by side.
        steps : tensor or None
            (L, D), for every line of ``rows.lines``: what gradients are multiplied with to be contributions; None where that
            is nothing.
        """
        made = [self._make(rows, place) for place in range(len(self.inputs))]
        if len(made) == 1:
            return made[0]
        steps = [step for _, step in made if step is not None]
        return self.ops.concat([points for points, _ in made], 1), self.ops.concat(
            steps, 1
        ) if steps else None

    def flat(self) -> Tensor:
        """Return the samples, (B, D), all inputs side by side."""
        several = [self._on_device("inputs", place) for place in range(len(self.inputs))]
        return several[0] if len(several) == 1 else self.ops.concat(several, 1)

    def path_starts(self) -> Tensor:
        """Return where paths start, (B, D): the fixed baselines, or draw 0 of those that are drawn."""
        several = [self._starts(place) for place in range(len(self.inputs))]
        return several[0] if len(several) == 1 else self.ops.concat(several, 1)

    def _starts(self, place: int) -> Tensor:
        if self.baselines:
            return self._on_device("baselines", place)
        if "drawn" not in self._held:
            count = len(self.keys)
            rows = Rows(
                self.kind, np.arange(count), np.zeros(count, np.int64), np.zeros(count), np.ones(count)
            )
            self._held["drawn"] = [self._baseline(rows, one) for one in range(len(self.inputs))]
        return self._held["drawn"][place]

    def mean_square_step(self, kind: str, sample: int) -> Tensor | None:
        """Return the mean over draws of the squared step from the baseline, (D,) over all inputs; None where unknown."""
        if kind not in ("uniform", "gaussian", "noisy_path"):
            return None
        found = []
        for place in range(len(self.inputs)):
            low, high = float(self.low[place][sample]), float(self.high[place][sample])
            if kind == "noisy_path":
                start: Any = self._on_device("baselines", place)[sample]
                variance = (self.noise * (high - low)) ** 2
            else:
                start = (low + high) / 2
                variance = ((high - low) / 2) ** 2 * (1 / 3 if kind == "uniform" else _CLIPPED)
            found.append(self.ops.square(self._on_device("inputs", place)[sample] - start) + variance)
        return found[0] if len(found) == 1 else self.ops.concat(found)

    def _make(self, rows: Rows, place: int) -> tuple[Tensor, Tensor | None]:
        """Make the points of one input, (R, D), and the steps of its lines, (L, D)."""
        if rows.kind == "clean":
            return self.ops.take(self._on_device("inputs", place), rows.sample), None
        if rows.kind == "blur":
            return self._blurred(rows, place)
        noisy = rows.kind == "noisy"
        first = rows.lines
        lines = rows[first]
        if noisy:
            start = self.ops.take(self._on_device("inputs", place), lines.sample)
            step, along = self._draw(lines, place, normal=True), rows.sign * self._spread(rows, place)
        else:
            (start, step), along = self._path(lines, place), rows.t
        lengths = np.diff(np.append(first, len(rows)))
        if (lengths == lengths[0]).all():
            points = self.ops.along(start, step, along.reshape(len(first), -1))
        else:
            ends = np.cumsum(lengths)
            points = self.ops.concat(
                [
                    self.ops.along(start[at : at + 1], step[at : at + 1], along[None, end - count : end])
                    for at, (end, count) in enumerate(zip(ends, lengths, strict=True))
                ]
            )
        return points, None if noisy else step

    def _spread(self, rows: Rows, place: int) -> NDArray[Any]:
        """Return the standard deviation of each row's noise, (R,)."""
        spread: NDArray[Any] = self.noise * (self.high[place] - self.low[place])[rows.sample]
        return spread

    def _path(self, lines: Rows, place: int) -> tuple[Tensor, Tensor]:
        """Return where paths start and how far they go, (L, D) each."""
        end = self.ops.take(self._on_device("inputs", place), lines.sample)
        if lines.kind == "noisy_path":
            spread = self._spread(lines, place) * lines.sign
            end = end + self._draw(lines, place, normal=True) * self._column(spread)
        start = self._baseline(lines, place)
        return start, end - start

    def _baseline(self, rows: Rows, place: int) -> Tensor:
        """Return baselines, (R, D)."""
        ops = self.ops
        if rows.kind in ("path", "secant", "noisy_path"):
            return ops.take(self._starts(place), rows.sample)
        if rows.kind == "background":
            return ops.take(self._on_device("background", place), self._picked(rows))
        low, high = self.low[place][rows.sample], self.high[place][rows.sample]
        half, middle = self._column((high - low) / 2 * rows.sign), self._column((high + low) / 2)
        made = self._draw(rows, place, normal=rows.kind == "gaussian") * half + middle
        if rows.kind == "gaussian":
            # half the range is one standard deviation; what is outside is not seen in any picture
            made = ops.minimum(ops.maximum(made, self._column(low)), self._column(high))
        return made

    def _picked(self, rows: Rows) -> NDArray[np.int64]:
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
        return np.array([orders[int(s)][n % several] for s, n in zip(rows.sample, number, strict=True)])

    def _blurred(self, rows: Rows, place: int) -> tuple[Tensor, Tensor]:
        x = self.inputs[place]
        axes, most = self.blur_axes[place], widest(x.shape, self.blur_axes[place])
        sharp = self.ops.take(self._on_device("inputs", place), rows.sample)
        made, slope = blurred_rows(
            self.ops, self.ops.reshape(sharp, (len(rows), *x.shape[1:])), axes, most * (1 - rows.t)
        )
        return self.ops.reshape(made, (len(rows), -1)), self.ops.reshape(slope, (len(rows), -1)) * -most

    def _draw(self, rows: Rows, place: int, normal: bool) -> Tensor:
        """Draw numbers, (R, D); antithetic rows follow each other and share the numbers of a draw."""
        purpose = _NOISE if rows.kind in ("noisy", "noisy_path") else _BASELINE
        keys = counter_rng.mix(self.seed, purpose * 64 + place, self.keys[rows.sample], rows.draw)
        first = _changes(keys)
        numbers = self.ops.draw(keys[first], self.sizes[place], normal)
        if len(first) == len(keys):
            return numbers
        return self.ops.take(numbers, np.repeat(np.arange(len(first)), np.diff(np.append(first, len(keys)))))

    def _on_device(self, what: str, place: int) -> Tensor:
        if what not in self._held:
            arrays = (
                self.background.inputs if what == "background" and self.background else getattr(self, what)
            )
            self._held[what] = [
                self.ops.put(np.ascontiguousarray(one, self.ops.dtype).reshape(len(one), -1))
                for one in arrays
            ]
        return self._held[what][place]

    def _column(self, values: NDArray[Any]) -> Tensor:
        return self.ops.put(values.astype(self.ops.dtype)[:, None])


def _changes(*columns: NDArray[Any]) -> NDArray[np.int64]:
    """Return the rows at which any of the columns changes, the first one included."""
    changed = np.logical_or.reduce([one[1:] != one[:-1] for one in columns])
    return np.append(0, np.flatnonzero(changed) + 1)
