"""The samples to explain, and how rows for the model are made of them, on its device."""

from __future__ import annotations

from collections.abc import Sequence
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
_FROM_START = ("path", "secant", "noisy_path")  # lines that have one start; the others have one end
_NOISE, _BASELINE, _PICK = 1, 2, 3  # purposes, so that the numbers of one draw differ between them


@dataclass(frozen=True)
class Rows:
    """Rows of one sample to evaluate, line after line.

    Attributes
    ----------
    kind : str
        "clean": x; "noisy": x + noise; "path": from the fixed baseline to x; "noisy_path": from it to x + noise;
        "uniform", "gaussian", "background": from a drawn baseline to x; "blur": from blurred to sharp.
    sample : int
        Which one.
    draws : numpy.ndarray
        int (N,): each has a line for every sign.
    t : numpy.ndarray
        float (L, K), of the K rows on each of the L lines: position on the path (1 is x), or how many times the noise is added.
    signs : tuple of float
        Of the lines of one draw: (1.0,), or (1.0, -1.0) where each has its mirror image.
    """

    kind: str
    sample: int
    draws: NDArray[np.int64]
    t: NDArray[Any]
    signs: tuple[float, ...] = (1.0,)

    def __len__(self) -> int:
        return int(self.t.size)


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
    _rooms: dict[tuple[str, int], Tensor] = field(default_factory=dict)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers of a sample, per input."""
        return tuple(one[0].size for one in self.inputs)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Shape of a sample, per input."""
        return [one.shape[1:] for one in self.inputs]

    def points(self, rows: Sequence[Rows]) -> tuple[Tensor, list[Tensor]]:
        """Make rows, all of one kind.

        Returns
        -------
        points : tensor
            (R, D), all inputs side by side; memory of their own, until the next ones of this kind are made.
        steps : list of tensor
            (L, D) for each of ``rows``: what the gradients of each line are multiplied with to be contributions; none where
            that is nothing.
        """
        made = [self._make(rows, place) for place in range(len(self.inputs))]
        if len(made) == 1:
            return made[0]
        steps = [self.ops.concat(parts, 1) for parts in zip(*(each for _, each in made), strict=True)]
        return self.ops.concat([points for points, _ in made], 1), steps

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
            once = [
                Rows(self.kind, row, np.zeros(1, np.int64), np.zeros((1, 1))) for row in range(len(self.keys))
            ]
            places = range(len(self.inputs))
            steps = [self.ops.concat(self._steps(once, one)) for one in places]
            self._held["path steps"] = steps
            self._held["drawn"] = [self._on_device("inputs", one) - steps[one] for one in places]
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

    def _make(self, rows: Sequence[Rows], place: int) -> tuple[Tensor, list[Tensor]]:
        """Make the points of one input, (R, D), and the steps of its lines, (L, D) each."""
        kind, ends = rows[0].kind, self._on_device("inputs", place)
        if kind == "clean":
            counts = [len(one) for one in rows]
            return self.ops.take(ends, np.repeat([one.sample for one in rows], counts)) + 0.0, []
        if kind == "blur":
            return self._blurred(rows, place)
        if kind == "noisy":
            spread, steps = self._spread(place), self._noise(rows, place)
            lines = [
                (ends[one.sample : one.sample + 1], each, one.t * spread[one.sample])
                for one, each in zip(rows, steps, strict=True)
            ]
            return self._along(lines, kind, place), []
        steps = self._steps(rows, place)
        if kind in _FROM_START:
            ends, past = self._starts(place), 0
        else:
            past = 1  # the end of all lines is the sample
        lines = [
            (ends[one.sample : one.sample + 1], each, one.t - past)
            for one, each in zip(rows, steps, strict=True)
        ]
        return self._along(lines, kind, place), steps

    def _along(self, lines: list[tuple[Tensor, Tensor, NDArray[Any]]], kind: str, place: int) -> Tensor:
        """Make points where the last ones of this kind are, which are evaluated by now: fresh memory costs a pass or two."""
        room = self._rooms.get((kind, place))
        made = self.ops.along(lines, room)
        if room is None or len(room) < len(made):
            self._rooms[kind, place] = made
        return made

    def _spread(self, place: int) -> NDArray[Any]:
        """Return the standard deviation of each sample's noise, (B,)."""
        return np.asarray(self.noise * (self.high[place] - self.low[place]))

    def _steps(self, rows: Sequence[Rows], place: int) -> list[Tensor]:
        """Return how far it is from where each line starts to its end, (L, D) for each of rows."""
        kind = rows[0].kind
        if kind in ("path", "secant"):
            steps = self._between("path steps", place)
            return [steps[one.sample : one.sample + 1] for one in rows]
        if kind == "background":
            ends, there = self._on_device("inputs", place), self._on_device("background", place)
            return [
                ends[one.sample : one.sample + 1] - self.ops.take(there, self._picked(one)) for one in rows
            ]
        noise = self._noise(rows, place, normal=kind != "uniform")
        if kind == "noisy_path":
            middle, half = self._between("path steps", place), self._spread(place)
        else:  # half the range is one standard deviation of the normal ones
            middle = self._between("to the middle", place)
            half = (self.low[place] - self.high[place]) / 2
        steps = [
            self.ops.along([(middle[one.sample : one.sample + 1], drawn, _each_sign(one) * half[one.sample])])
            for one, drawn in zip(rows, noise, strict=True)
        ]
        return (
            [self._in_range(one, step, place) for one, step in zip(rows, steps, strict=True)]
            if kind == "gaussian"
            else steps
        )

    def _in_range(self, rows: Rows, steps: Tensor, place: int) -> Tensor:
        """Cut off what starts outside of the sample's own range, which is not seen in any picture."""
        sample = rows.sample
        end = self._on_device("inputs", place)[sample : sample + 1]
        low, high = float(self.low[place][sample]), float(self.high[place][sample])
        return self.ops.minimum(self.ops.maximum(steps, end - high), end - low)

    def _between(self, name: str, place: int) -> Tensor:
        """Return what lies between samples and where their paths start, or the middle of their range, (B, D)."""
        starts = [self._starts(one) for one in range(len(self.inputs))] if name == "path steps" else None
        if name not in self._held:
            self._held[name] = [
                self._on_device("inputs", one)
                - (self._column((self.high[one] + self.low[one]) / 2) if starts is None else starts[one])
                for one in range(len(self.inputs))
            ]
        return self._held[name][place]

    def _picked(self, rows: Rows) -> NDArray[np.int64]:
        """Every sample goes through the background in an order of its own; mirror images are the next ones in it."""
        if self.background is None:
            raise ValueError("there is no background to draw from")
        several, key = len(self.background), self.keys[rows.sample : rows.sample + 1]
        order = np.argsort(counter_rng.mix(self.seed, _PICK, key, np.arange(several)), kind="stable")
        number = 2 * rows.draws[:, None] + (np.array(rows.signs) < 0)
        return np.asarray(order[number.reshape(-1) % several])

    def _blurred(self, rows: Sequence[Rows], place: int) -> tuple[Tensor, list[Tensor]]:
        x = self.inputs[place]
        axes, most = self.blur_axes[place], widest(x.shape, self.blur_axes[place])
        counts = [len(one) for one in rows]
        t = np.concatenate([one.t.reshape(-1) for one in rows])
        sharp = self.ops.take(
            self._on_device("inputs", place), np.repeat([one.sample for one in rows], counts)
        )
        made, slope = blurred_rows(
            self.ops, self.ops.reshape(sharp, (len(t), *x.shape[1:])), axes, most * (1 - t)
        )
        steps = self.ops.reshape(slope, (len(t), -1)) * -most
        ends = np.cumsum(counts)
        return self.ops.reshape(made, (len(t), -1)), [
            steps[end - count : end] for end, count in zip(ends, counts, strict=True)
        ]

    def _noise(self, rows: Sequence[Rows], place: int, normal: bool = True) -> list[Tensor]:
        """Draw numbers, (N, D) for each of rows."""
        purpose = _NOISE if rows[0].kind in ("noisy", "noisy_path") else _BASELINE
        counts = [len(one.draws) for one in rows]
        keys = self.keys[np.repeat([one.sample for one in rows], counts)]
        draws = np.concatenate([one.draws for one in rows])
        drawn = self.ops.draw(
            counter_rng.mix(self.seed, purpose * 64 + place, keys, draws), self.sizes[place], normal
        )
        if len(rows) == 1:
            return [drawn]
        ends = np.cumsum(counts)
        return [drawn[end - count : end] for end, count in zip(ends, counts, strict=True)]

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


def _each_sign(rows: Rows) -> NDArray[Any]:
    """Return the signs of each draw's lines, (N, S)."""
    return np.tile(np.array(rows.signs), (len(rows.draws), 1))
