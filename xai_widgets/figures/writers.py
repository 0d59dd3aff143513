"""Where pictures go: a folder per epoch, TensorBoard, or anything that can be called."""

from __future__ import annotations

import itertools
import os
import re
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from xai_widgets.figures.picture import StaticFigure
from xai_widgets.figures.text import shown_text

_numbers = itertools.count()


class Writer(Protocol):
    """What a recorder needs of a writer."""

    def figure(self, name: str, figure: StaticFigure, summary: Any) -> None:
        """Take a picture made at the end of an epoch."""
        ...

    def series(self, series: Any, summary: Any) -> None:
        """Take the numbers of a label series, of which the last column is new."""
        ...

    def close(self) -> None:
        """Finish."""
        ...


class FolderWriter:
    """Pictures in a folder per epoch: ``folder/epoch_0005/labels_eval.png``.

    Parameters
    ----------
    folder : str or path
        Made where it is missing.
    formats : {"png", "svg"} or both, default "png"
        Which files to write.
    dpi : float, default 192
        Pixels per inch.

    Raises
    ------
    ValueError
        If a format is neither "png" nor "svg".
    """

    def __init__(
        self, folder: str | os.PathLike[str], *, formats: str | Sequence[str] = "png", dpi: float = 192
    ) -> None:
        endings = [formats] if isinstance(formats, str) else list(formats)
        if not endings or set(endings) - {"png", "svg"}:
            raise ValueError(f'formats should be "png", "svg" or both, got {formats!r}')
        self.folder, self._formats, self._dpi = Path(folder), endings, dpi

    def figure(self, name: str, figure: StaticFigure, summary: Any) -> None:
        """Write the picture's files."""
        place = self.folder / f"epoch_{int(summary.epoch):04d}"
        place.mkdir(parents=True, exist_ok=True)
        parts = [name, *(p for p in (summary.mode, summary.ds_id) if p)]
        stem = file_name("_".join(str(p) for p in parts))
        for ending in self._formats:
            figure.save(place / f"{stem}.{ending}", dpi=self._dpi)

    def series(self, series: Any, summary: Any) -> None:
        """Pictures only: numbers are in the tracker and its log."""

    def close(self) -> None:
        """Nothing is open."""


class CallbackWriter:
    """Hand every picture to a function: ``function(name, figure, summary)``.

    Parameters
    ----------
    function : callable
        Takes the name of the view, the StaticFigure (``figure.png()`` gives bytes) and the epoch's summary
        (``.epoch``, ``.step``, ``.mode``, ``.ds_id``).
    numbers : callable, optional
        ``numbers(series, summary)`` for label series.

    Examples
    --------
    >>> seen = []
    >>> writer = CallbackWriter(lambda name, figure, summary: seen.append((name, summary.epoch)))
    """

    def __init__(
        self,
        function: Callable[[str, StaticFigure, Any], Any],
        numbers: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        for given in (function, numbers):
            if given is not None and not callable(given):
                raise TypeError(f"a writer's callback should be a function, got {type(given).__name__}")
        self._function, self._numbers = function, numbers

    def figure(self, name: str, figure: StaticFigure, summary: Any) -> None:
        """Call the function."""
        self._function(name, figure, summary)

    def series(self, series: Any, summary: Any) -> None:
        """Call the function for numbers, if there is one."""
        if self._numbers is not None:
            self._numbers(series, summary)

    def close(self) -> None:
        """Nothing is open."""


class TensorBoardWriter:
    """Pictures and per-label scalars as TensorBoard event files, in TensorBoard's own record format.

    Parameters
    ----------
    log_dir : str or path
        Made where it is missing; ``tensorboard --logdir`` finds it.
    dpi : float, default 144
        Pixels per inch of the pictures.

    Raises
    ------
    ImportError
        If TensorBoard is not installed.
    """

    def __init__(self, log_dir: str | os.PathLike[str], *, dpi: float = 144) -> None:
        try:
            from tensorboard.compat.proto import event_pb2, summary_pb2
            from tensorboard.summary.writer.record_writer import RecordWriter
        except ImportError as error:
            raise ImportError("TensorBoardWriter needs TensorBoard: pip install tensorboard") from error
        self._event, self._summary = event_pb2.Event, summary_pb2.Summary
        folder = Path(log_dir)
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{next(_numbers)}"
        # TensorBoard's EventFileWriter would load all of TensorFlow where it is installed, only to open a file
        self._records = RecordWriter(open(folder / name, "wb"))  # noqa: SIM115 (closed in close)
        self._records.write(
            self._event(wall_time=time.time(), file_version="brain.Event:2").SerializeToString()
        )
        self._dpi = dpi

    def figure(self, name: str, figure: StaticFigure, summary: Any) -> None:
        """Add an image under the tag ``name/mode``."""
        width, height = figure.size
        scale = self._dpi / 96
        image = self._summary.Image(
            encoded_image_string=figure.png(self._dpi),
            width=round(width * scale),
            height=round(height * scale),
            colorspace=3,
        )
        self._add([self._summary.Value(tag=_tag(name, summary), image=image)], summary)

    def series(self, series: Any, summary: Any) -> None:
        """Add the newest mean of every label under the tag ``metric/mode/label``."""
        if not series.mean.shape[-1]:
            return
        values = []
        for name, mean in zip(series.names, series.mean[:, -1], strict=True):
            if np.isfinite(mean):
                tag = f"{_tag(series.metric, summary)}/{shown_text(name, 80)}"
                values.append(self._summary.Value(tag=tag, simple_value=float(mean)))
        self._add(values, summary)

    def close(self) -> None:
        """Close the file."""
        if not self._records.closed:
            self._records.close()

    def _add(self, values: list[Any], summary: Any) -> None:
        step = int(summary.step) or int(summary.epoch)
        event = self._event(wall_time=time.time(), step=step, summary=self._summary(value=values))
        self._records.write(event.SerializeToString())
        self._records.flush()


def file_name(text: str) -> str:
    """Make any text a file name: letters, digits, dash and underscore stay, everything else becomes an underscore."""
    return re.sub(r"[^\w\-]+", "_", text)[:100].strip("_") or "figure"


def _tag(name: str, summary: Any) -> str:
    parts = [name, *(p for p in (summary.mode, summary.ds_id) if p)]
    return "/".join(shown_text(p, 80) for p in parts)
