"""What a job asks for and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from xai_widgets.attribution import SaliencyColumns
    from xai_widgets.samples import SampleBatch


def one_line(reason: BaseException, length: int = 200) -> str:
    """Return an exception's text short enough to stand in another one's."""
    text = " ".join(str(reason).split())
    return text if len(text) <= length else text[: length - 1] + "…"


@dataclass(frozen=True)
class WeightsVersion:
    """Which weights a picture shows.

    Attributes
    ----------
    epoch, step : int or None
        Where training was when they were copied; None where nobody said.
    at_safe_point : bool
        Whether they were copied between two optimizer steps, or while nothing trained. False when training
        gave no safe point in time: the copy may then mix two consecutive steps.
    serial : int
        Counts the copies of this service.
    """

    epoch: int | None
    step: int | None
    at_safe_point: bool = True
    serial: int = 0

    def __str__(self) -> str:
        said = [
            f"{name} {value}"
            for name, value in (("epoch", self.epoch), ("step", self.step))
            if value is not None
        ]
        text = ", ".join(said) or "weights as they are"
        return text if self.at_safe_point else f"{text} (copied without a safe point)"


@dataclass(frozen=True)
class ColumnsRequest:
    """One request for saliency columns.

    Attributes
    ----------
    indices : tuple of int or str
        Instances of the data set.
    smoothing, integrating, noise, baseline, target, magnitude, tolerance, seed, columns
        As in :meth:`xai_widgets.AttributionEngine.stream_columns`.
    weights : {"newest", "same", "pinned"}
        "newest": copy the weights first; "same": stay on the copy that is there (the first request makes
        one); "pinned": the copy that :meth:`AttributionService.pin` set aside.
    key : str
        Latest wins among requests of the same key; requests of different keys wait for each other.
    """

    indices: tuple[int | str, ...]
    smoothing: int = 25
    integrating: int = 100
    noise: float = 0.15
    baseline: Any = "uniform"
    target: Any = None
    magnitude: bool = True
    tolerance: float | None = None
    seed: int = 0
    columns: tuple[str, ...] | None = None
    weights: Literal["newest", "same", "pinned"] = "newest"
    key: str = "columns"

    def engine_arguments(self) -> dict[str, Any]:
        """Return the arguments for ``stream_columns``."""
        names = ("smoothing", "integrating", "noise", "baseline", "target", "magnitude", "tolerance", "seed")
        return {name: getattr(self, name) for name in (*names, "columns")}


@dataclass(frozen=True)
class ColumnsResult:
    """Saliency columns so far.

    Attributes
    ----------
    request : ColumnsRequest
        What was asked.
    batch : SampleBatch
        The samples' inputs and labels.
    pictures : list of uint8 array (H, W, 3), or None
        The samples to look at; None where they are no pictures.
    columns : SaliencyColumns
        The running estimate, or the final one.
    weights : WeightsVersion
        Which weights it is computed on.
    done : bool
        Whether this is the last one.
    """

    request: ColumnsRequest
    batch: SampleBatch
    pictures: list[Any] | None
    columns: SaliencyColumns
    weights: WeightsVersion
    done: bool
    notes: tuple[str, ...] = field(default=())
