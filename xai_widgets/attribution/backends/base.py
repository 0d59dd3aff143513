"""What the engine asks of a framework: outputs, and gradients with respect to the inputs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.backends.layer_choice import View
from xai_widgets.attribution.backends.main_output import Place
from xai_widgets.attribution.backends.ops.base import Ops, Tensor
from xai_widgets.attribution.inputs.along import NOTHING, Along

Inputs = tuple[NDArray[Any], ...]
STRIP = 9
"""Rows of a strip of neighbours on a path: eight stretches and the common ends."""
Scorer = Callable[[Any, Any], Any]
"""(the model's output, positions (R,) of each row's explained output or None) -> scores (R,), in the framework."""


class Backend(Protocol):
    """One framework.

    What the model gets beside its inputs comes as `Along`, with an entry for each row of a pass.

    Attributes
    ----------
    channels_first, dtype, ops
        How pictures lie, what numbers are computed in, and the framework's vectors.
    place
        Which of the model's outputs is explained; None where that was not said.
    returned
        What the model returned in the last pass of `outputs`, in words, where that was not one tensor.
    """

    channels_first: bool
    dtype: np.dtype[Any]
    ops: Ops
    place: Place | None
    returned: str

    def renew(self) -> None:
        """Begin a call: the passes that follow are on the weights as they are now, whatever is done to the model's flags."""

    def calm(self) -> contextlib.AbstractContextManager[None]:
        """Return a context without the caller's modes, such as autocast, for all that is computed."""

    def as_inputs(self, x: Any) -> Inputs:
        """Bring what the user passed to numpy, one array per input."""

    def outputs(
        self, points: Tensor, shapes: Sequence[tuple[int, ...]], along: Along = NOTHING
    ) -> NDArray[Any] | None:
        """Return the model's main output on rows, (R, ...), on the host; None where it is not one tensor."""

    def gradients(
        self,
        points: Tensor,
        shapes: Sequence[tuple[int, ...]],
        positions: NDArray[np.int64],
        score: ScoreRule,
        strip: int = 0,
        along: Along = NOTHING,
    ) -> Tensor:
        """Return the gradients of the scores for a chunk of R rows, (R, D), all inputs (of these shapes) side by side.

        With ``strip``, rows are neighbours on a path in strips of that length, and each row's gradient is the mean over the
        stretch to the next one.
        """

    def only_kinks(
        self, inputs: Inputs, positions: NDArray[np.int64], score: ScoreRule, along: Along = NOTHING
    ) -> bool:
        """Tell whether all between input and score is linear but for kinks (ReLU, maximum pooling), and there are some."""

    def scores(
        self,
        points: Tensor,
        shapes: Sequence[tuple[int, ...]],
        positions: NDArray[np.int64],
        score: ScoreRule,
        along: Along = NOTHING,
    ) -> NDArray[Any]:
        """Return the scores alone, (R,), on the host."""

    def ends_in_sigmoid(self, inputs: Inputs, along: Along = NOTHING) -> bool:
        """Tell whether the model's last step is a sigmoid, so that its output is probabilities."""
        ...

    def activations(
        self,
        inputs: Inputs,
        positions: NDArray[np.int64],
        score: ScoreRule,
        layer: Any,
        view: View,
        along: Along = NOTHING,
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return a layer's output and the scores' gradients there, (B, C, h, w).

        For None that is the last layer whose output follows the places of the picture and through which a gradient passes.
        """

    def fingerprint(self) -> int:
        """Return a number that changes when the weights do."""

    def good_chunk(self, size: int) -> int:
        """Return how many rows of this many numbers are best evaluated at once."""

    def is_out_of_memory(self, error: BaseException) -> bool:
        """Tell whether an error means that the chunk was too large."""


class ScoreRule:
    """What is explained: how one number per row is read off the model's output.

    Parameters
    ----------
    kind : {"output", "probability", "log_probability", "logit"}
        "output" is what the model gives.
    function : callable, optional
        The user's own, output -> (R,).
    """

    KINDS = ("output", "probability", "log_probability", "logit")

    def __init__(self, kind: str = "output", function: Callable[[Any], Any] | None = None) -> None:
        if kind not in self.KINDS:
            raise ValueError(f"score should be one of {', '.join(self.KINDS)}, got {kind!r}")
        self.kind = kind
        self.function = function
        self.probabilities = False  # whether the model's output is probabilities already
        self.one_logit = False  # whether its one number is that of the second of two classes

    @property
    def key(self) -> tuple[Any, ...]:
        """What identifies it in a cache."""
        return (self.kind, self.function, self.probabilities, self.one_logit)


def two_classes(joined: Callable[[Any, Any], Any], flat: Any, score: ScoreRule) -> Any:
    """Return the scores of both classes, (R, 2), of one number per row, (R, 1); `joined` puts two columns side by side.

    The softmax of half a logit's negative and its half is its sigmoid, so that probabilities come out right.
    """
    if score.probabilities:
        return joined(1 - flat, flat)
    part = flat if score.kind == "output" else flat / 2
    return joined(-part, part)
