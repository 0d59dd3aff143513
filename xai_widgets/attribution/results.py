"""What the engine gives back: frozen, with numpy arrays only."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.held import Held, Later
from xai_widgets.attribution.masks import mask_of

Values = Any  # NDArray, or a tuple of them for a model of several inputs


@dataclass(frozen=True)
class Attribution:
    """An attribution of a batch of B samples, finished or (in a stream) so far.

    Attributes
    ----------
    method : str
        Its name, such as "smint".
    values : numpy.ndarray or tuple of them
        The shape of the input, one array per input; float32 (float64 for a float64 model).
    target : numpy.ndarray
        int64 (B,): the explained class; -1 where the target is a function or a position in a larger output.
    prediction : numpy.ndarray
        int64 (B,): the class predicted on the clean input; -1 where the output is not one number per class, or holds NaN.
    probability : numpy.ndarray
        float (B,): the probability of the predicted class (softmax where the model gives logits), NaN where unknown.
    score : numpy.ndarray
        float (B,): the explained output on the clean input.
    evaluations, evaluations_total : int
        Gradient evaluations per sample that are in the estimate, and how many there will be.
    rows : int
        Rows that were sent to the model for this call so far; less than B x evaluations where the cache helped.
    completeness_gap : numpy.ndarray
        float (B,): |sum of the values - (f(x) - f(baseline))|; NaN for methods without that property.
    standard_error : numpy.ndarray
        float (B,): estimated relative error of the values, L2 norm of the error over L2 norm of the values; 0 where exact,
        NaN where too little has been evaluated to tell.
    done : bool
        Whether this is the last partial result.
    converged : bool
        Whether `tolerance` ended it.
    layouts : tuple of (str or None)
        Layout of each input.
    held : Held or None
        The values on the device they were computed on; in a stream they come over when somebody looks at them, and masks
        without them.
    value : numpy.ndarray or None
        float (B,): the value that the model gives on the clean input; None where its output is no value (``task``).
    """

    method: str
    values: Values
    target: NDArray[np.int64]
    prediction: NDArray[np.int64]
    probability: NDArray[np.float64]
    score: NDArray[np.float64]
    evaluations: int
    evaluations_total: int
    rows: int
    completeness_gap: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    done: bool
    converged: bool = False
    layouts: tuple[str | None, ...] = field(default=(None,))
    value: NDArray[np.float64] | None = None
    held: Held | None = field(default=None, repr=False, compare=False)

    @cached_property
    def masks(self) -> Any:
        """Masks in [0, 1], float32, (B, H, W) for pictures; a tuple for several inputs. See `mask_of`."""
        return self.masks_at()

    def masks_at(self, percentile: float = 99.0, signed: bool = False) -> Any:
        """Masks clipped at another percentile, or signed; nothing is evaluated for it."""
        if not 0 < percentile <= 100:
            raise ValueError(f"percentile should be in (0, 100], got {percentile}")
        if self.held is not None:
            masks = self.held.masks(self.layouts, percentile, signed)
            return masks if len(masks) > 1 else masks[0]
        many = self.values if isinstance(self.values, tuple) else (self.values,)
        masks = tuple(
            mask_of(v, layout, percentile, signed) for v, layout in zip(many, self.layouts, strict=True)
        )
        return masks if isinstance(self.values, tuple) else masks[0]

    @cached_property
    def total(self) -> NDArray[np.float64]:
        """What the values of each sample add up to, over all inputs, (B,)."""
        if self.held is not None:
            return self.held.sums()
        many = self.values if isinstance(self.values, tuple) else (self.values,)
        each = [np.asarray(one).reshape(len(one), -1).sum(axis=1, dtype=np.float64) for one in many]
        return np.asarray(np.sum(each, axis=0))

    def __getstate__(self) -> dict[str, Any]:
        """Leave the device behind."""
        return {**self.__dict__, "values": self.values, "held": None}

    def __len__(self) -> int:
        return len(self.target)


@dataclass(frozen=True)
class SaliencyColumns:
    """The seed's picture: raw, smoothed, integrated, SmInt and overlay of a batch of B samples.

    Attributes
    ----------
    raw, smoothed, integrated, smint : Attribution or None
        The columns; None where switched off (``smoothing=0``, ``integrating=0``) or not started yet.
    overlay : numpy.ndarray or None
        Mask to lay over the picture, float32 in [0, 1], (B, H, W): that of the best column there is
        (SmInt, integrated, smoothed, raw).
    target, prediction, probability
        As in `Attribution`.
    evaluations, evaluations_total : int
        Gradient evaluations per sample of all columns together.
    rows : int
        Rows that were sent to the model for this call so far.
    completeness_gap : numpy.ndarray
        (B,): of the integrated column, NaN without it.
    standard_error : numpy.ndarray
        (B,): the largest of the columns'.
    done, converged : bool
        As in `Attribution`.
    columns : dict of str to Attribution
        All columns there are, by their keys, in order; those of other methods (``columns=``) are here alone.
    value : numpy.ndarray or None
        As in `Attribution`.
    """

    raw: Attribution | None
    smoothed: Attribution | None
    integrated: Attribution | None
    smint: Attribution | None
    overlay: Any
    target: NDArray[np.int64]
    prediction: NDArray[np.int64]
    probability: NDArray[np.float64]
    evaluations: int
    evaluations_total: int
    rows: int
    completeness_gap: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    done: bool
    converged: bool = False
    columns: dict[str, Attribution] = field(default_factory=dict)
    value: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.target)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the device behind."""
        return {**self.__dict__, "overlay": self.overlay}


# given as functions in a stream, and called when somebody looks
for _kind, _field in ((Attribution, "values"), (SaliencyColumns, "overlay")):
    setattr(_kind, _field, Later(_field))
