"""Which layer a class activation map is made of, told by evidence: its output follows the places of the picture.

One picture is asked for with something else in one of its four corners: where a layer's output changes must move with the
corner, along both sides. Attention maps, whose sides are tokens, do not; rows and columns in any layout do, and so do tokens
once they lie in the grid of their patches, without those that stand for no patch.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

CORNERS = 4
EXTRA_TOKENS = 8  # tokens for classes and registers that are looked for, before or after those of patches
Array = NDArray[Any]


class Grid(NamedTuple):
    """Where the rows and columns of a layer's output are.

    Attributes
    ----------
    kind
        "first" for (B, C, h, w), "last" for (B, h, w, C), "tokens" for (B, T, C).
    height, width
        Its sides.
    start
        The first token that is a patch.
    """

    kind: str
    height: int
    width: int
    start: int = 0
    off: int = 0  # how far its aspect is from the picture's

    def arranged(self, output: Any) -> Any:
        """Bring an output to (B, C, h, w); arrays of numpy."""
        if self.kind == "first":
            return output
        if self.kind == "tokens":
            count = self.height * self.width
            output = output[:, self.start : self.start + count]
            output = output.reshape(len(output), self.height, self.width, -1)
        return np.moveaxis(output, -1, 1)


class Seen(NamedTuple):
    """A layer that ran: its name, itself, the shape of its output, and how that follows places in each possible grid."""

    name: str
    layer: Any
    shape: tuple[int, ...]
    follows: dict[Grid, float]


class View(NamedTuple):
    """The input that is a picture: its place among the inputs, its layout, and the sides of a grid where they were said."""

    place: int
    axes: tuple[int, int]
    size: tuple[int, int]
    grid: tuple[int, int] | None = None

    def probes(self, inputs: Sequence[Array]) -> list[Array]:
        """Return the first sample as it is and with other corners, for every input."""
        return [
            corners(one[:1], self.axes) if place == self.place else np.repeat(one[:1], 1 + CORNERS, axis=0)
            for place, one in enumerate(inputs)
        ]


def corners(picture: Array, axes: tuple[int, int]) -> Array:
    """Return a picture (1, ...) as it is, and with something else in each of its corners, (5, ...); `axes` are its sides."""
    made = np.repeat(picture, 1 + CORNERS, axis=0)
    height, width = (picture.shape[axis] for axis in axes)
    spread = float(picture.max() - picture.min()) or 1.0
    noise = np.random.default_rng(0).normal(size=picture.shape[1:]).astype(made.dtype) * spread
    for corner in range(CORNERS):
        where: list[Any] = [slice(None)] * (picture.ndim - 1)
        for axis, side, far in ((axes[0], height, corner >= 2), (axes[1], width, corner % 2 == 1)):
            part = max(1, side // 4)
            where[axis - 1] = slice(side - part, side) if far else slice(0, part)
        made[(1 + corner, *where)] += noise[tuple(where)]
    return made


def grids(shape: Sequence[int], size: tuple[int, int], given: Any = None) -> Iterator[Grid]:
    """List the grids that an output of this shape may have, for a picture of `size`; of `given` sides where they are."""
    if len(shape) == 4:
        for kind, sides in (("first", shape[2:]), ("last", shape[1:3])):
            if sides[0] * sides[1] > 1 and _fits(sides, size, given):
                yield Grid(kind, int(sides[0]), int(sides[1]))
    elif len(shape) == 3:
        for extra in range(min(EXTRA_TOKENS, shape[1] - 1) + 1):
            for sides in _factors(int(shape[1]) - extra):
                if _fits(sides, size, given):
                    for start in dict.fromkeys((extra, 0)):
                        yield Grid("tokens", *sides, start, abs(sides[0] * size[1] - sides[1] * size[0]))


def _factors(count: int) -> list[tuple[int, int]]:
    return [(h, count // h) for h in range(1, count + 1) if count % h == 0 and count > 1]


def _fits(sides: Sequence[int], size: tuple[int, int], given: Any) -> bool:
    """Whether a grid has the aspect of the picture, up to a row or column."""
    if given is not None:
        return tuple(sides) == tuple(given)
    (h, w), (height, width) = sides, size
    return h <= height and w <= width and abs(h * width - w * height) <= height


def follows(changes: Array) -> float:
    """Tell how much of the changes (4, h, w) lies in the quarters of the corners; 0 where they do not move along with these."""
    weights = changes.astype(np.float64)
    totals = weights.sum(axis=(1, 2))
    if not (np.isfinite(totals).all() and (totals > 0).all()):
        return 0.0
    h, w = weights.shape[1:]
    rows = (weights.sum(axis=2) * np.arange(h)).sum(axis=1) / totals
    columns = (weights.sum(axis=1) * np.arange(w)).sum(axis=1) / totals
    down = h == 1 or rows[2:].min() > rows[:2].max()
    right = w == 1 or min(columns[1], columns[3]) > max(columns[0], columns[2])
    if not (down and right):
        return 0.0
    top, left = slice(0, (h + 1) // 2), slice(0, (w + 1) // 2)
    bottom, other = slice(h // 2, h), slice(w // 2, w)
    quarters = ((top, left), (top, other), (bottom, left), (bottom, other))
    return float(np.mean([weights[k][quarter].sum() / totals[k] for k, quarter in enumerate(quarters)]))


def choose(seen: Sequence[Seen], layer: Any) -> list[tuple[Any, Grid]]:
    """Choose a layer among those that ran, in their order; the best first, others in case no gradient passes through it.

    Raises
    ------
    ValueError
        If there is none; the text lists those that would do.
    """
    able = [one for one in seen if any(one.follows.values())]
    if layer is None:
        if not able:
            raise ValueError(
                "no layer of the model has an output that follows the places of the picture; name one with layer=, and the "
                "rows and columns of its tokens with grid=(rows, columns)"
            )
        found = {id(one.layer): (one.layer, _best(one)) for one in able}
        last = {id(one.layer): place for place, one in enumerate(able)}
        return [found[key] for key in sorted(found, key=lambda key: -last[key])]
    for one in seen:
        if one.layer is layer or one.name == layer:
            if not one.follows:
                raise ValueError(
                    f"the output of layer {one.name!r} has shape {one.shape}: no rows and columns of the picture's aspect; "
                    "choose another one with layer=, or say its rows and columns with grid=(rows, columns)"
                )
            return [(one.layer, _best(one))]
    names = list(dict.fromkeys(one.name for one in able))
    close = difflib.get_close_matches(str(layer), names, 1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise ValueError(
        f"no layer {str(layer)[:60]!r} ran{hint} (layers with rows and columns: {', '.join(names[-12:])})"
    )


def _best(one: Seen) -> Grid:
    """Return a layer's likeliest grid: of the picture's aspect, few tokens left out, changes where they should be."""
    able = {grid: told for grid, told in one.follows.items() if told} or one.follows
    return min(able, key=lambda grid: (grid.off, -grid.height * grid.width, -able[grid]))
