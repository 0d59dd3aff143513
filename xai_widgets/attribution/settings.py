"""What a call asks for, checked once."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypedDict


class Options(TypedDict, total=False):
    """The keyword arguments of a call; their meaning is told at `Settings`."""

    smoothing: int
    integrating: Any
    noise: float
    baseline: Any
    magnitude: bool
    tolerance: float | None
    max_evaluations: int | None
    sampling: str
    rule: str
    score: str
    seed: int | None
    index: Sequence[int | str] | None
    labels: Any
    layout: str | Sequence[str | None] | None
    layer: Any
    grid: tuple[int, int] | None
    window: int | Sequence[int] | None
    stride: int | Sequence[int] | None
    columns: Sequence[str] | None
    along: Any
    progress: Callable[[int, int], None] | None


@dataclass(frozen=True)
class Settings:
    """The keyword arguments of a call.

    Parameters
    ----------
    target : None, "predicted", "true", int, array or callable, default None
        What is explained. None is the class predicted on the clean input (fixed there). An int or one per sample is a
        class; a tuple is a place in a larger output; a function takes the model's output on R rows and gives (R,) numbers.
    smoothing : int, default 25
        Noise draws. They come in antithetic pairs, so an odd number is rounded up. 0 switches a column off.
    integrating : int, default 100
        Path steps. 0 switches a column off.
    noise : float, default 0.15
        Standard deviation of the noise, as a share of each sample's own range.
    baseline : str, number, array_like or `Background`, default "uniform"
        Where paths start: "uniform" or "gaussian" noise in each sample's own range (a new one per draw), "zeros", "black",
        "white", "blur", "maximum_distance", any constant, an array like the input, or samples to draw from.
    magnitude : bool, default True
        Whether SmInt (and the smoothed column of the whole picture) averages squares.
    tolerance : float, optional
        Stops each sample when its standard error, relative to the attribution, is no more than this. Then `smoothing` and
        `integrating` are only upper limits, and `max_evaluations`, where given, is the limit instead.
    max_evaluations : int, optional
        Most gradient evaluations per sample.
    sampling : {"joint", "product", "fastestimator"}, default "joint"
        How SmInt covers draws and steps. "joint" samples both together: at least as exact as the grid at about
        max(smoothing, integrating) evaluations. "product" is the literal grid. "fastestimator" reproduces FastEstimator 1.7.
    rule : {"adaptive", "points", "midpoint", "secant"}, default "adaptive"
        How integrated gradients covers the path. "points" are put where the gradient changes; "midpoint" are the midpoints of
        `integrating` equal steps. "secant" (PyTorch) needs two to five times fewer evaluations on networks of linear layers,
        activations and pooling, each 1.05 to 1.4 times as dear (benchmarks/notes/attribution_torch.md); they come in nines.
        "adaptive" takes secants to reach a tolerance of at most 5 % where the network has nothing but linear layers and kinks
        and 27 evaluations or more are allowed, and points everywhere else.
    score : {"output", "probability", "log_probability", "logit"}, default "output"
        What of the class is explained; "output" is what the model gives.
    seed : int, optional
        Seed of the draws; the engine's by default.
    index : sequence of int or str, optional
        Names of the samples, from which their noise follows. Without them it follows from the content.
    labels : array_like, optional
        True classes, for ``target="true"``.
    layout : str or sequence of str, optional
        Layout of the input(s), such as "NCHW".
    layer : str or layer, optional
        For the class activation maps; by default the last layer whose output follows the places of the picture.
    grid : (int, int), optional
        Rows and columns of that layer's tokens, where they are not told by the picture's aspect.
    window, stride : int or sequence of int, optional
        Of occlusion; an eighth of the picture, and half the window, by default.
    columns : sequence of str, optional
        Of the whole picture: "raw", "smoothed", "integrated", "smint" (these four by default), or any method's name.
    along : array, tuple of arrays or dict, optional
        What the model gets beside the input and what is not explained: token ids, masks, lengths; (B, ...) each, of any
        kind of numbers. They come after the input; of a dict, an int is the place among the model's arguments and a str
        the keyword: ``{"attention_mask": mask}``.
    progress : callable, optional
        Called with the evaluations done and to do, summed over the samples, after every chunk.
    """

    target: Any = None
    smoothing: int = 25
    integrating: Any = 100
    noise: float = 0.15
    baseline: Any = "uniform"
    magnitude: bool = True
    tolerance: float | None = None
    max_evaluations: int | None = None
    sampling: str = "joint"
    rule: str = "adaptive"
    score: str = "output"
    seed: int | None = None
    index: Sequence[int | str] | None = None
    labels: Any = None
    layout: str | Sequence[str | None] | None = None
    layer: Any = None
    grid: tuple[int, int] | None = None
    window: int | Sequence[int] | None = None
    stride: int | Sequence[int] | None = None
    columns: Sequence[str] | None = None
    along: Any = None
    progress: Callable[[int, int], None] | None = None

    def __post_init__(self) -> None:
        _whole("smoothing", self.smoothing)
        for steps in self.integrating if isinstance(self.integrating, (tuple, list)) else (self.integrating,):
            _whole("integrating", steps)
        if self.max_evaluations is not None:
            _whole("max_evaluations", self.max_evaluations, least=1)
        if not (math.isfinite(self.noise) and self.noise >= 0):
            raise ValueError(f"noise should be a finite number of at least 0, got {self.noise}")
        if self.tolerance is not None and not self.tolerance > 0:
            raise ValueError(f"tolerance should be larger than 0, got {self.tolerance}")
        _one_of("sampling", self.sampling, ("joint", "product", "fastestimator"))
        _one_of("rule", self.rule, ("adaptive", "points", "midpoint", "secant"))
        _one_of("score", self.score, ("output", "probability", "log_probability", "logit"))

    @classmethod
    def of(cls, options: Any) -> Settings:
        """Check keyword arguments.

        Raises
        ------
        TypeError, ValueError
            If one is not known or has an impossible value; the text says which there are.
        """
        known = [field.name for field in fields(cls)]
        for name in options:
            if name not in known:
                close = difflib.get_close_matches(name, known, 1)
                hint = f"; did you mean {close[0]!r}?" if close else ""
                raise TypeError(f"there is no option {name!r}{hint} (options: {', '.join(known)})")
        return cls(**options)


def _one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        close = difflib.get_close_matches(str(value), known, 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"{what} should be one of {', '.join(known)}, got {value!r}{hint}")


def _whole(what: str, value: Any, least: int = 0) -> None:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{what} should be a whole number, got {value!r}")
    if value < least:
        switch = " (or 0, where it switches columns off)" if least == 0 else ""
        raise ValueError(f"{what} should be at least {max(least, 1)}{switch}, got {value}")
