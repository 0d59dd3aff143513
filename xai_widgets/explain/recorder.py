"""What is found goes to disk; what fails is counted, told, and where nothing can be explained at all, no more is tried."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterable
from types import TracebackType
from typing import Any

from xai_widgets.explain.records import Index, Kind, Rows, StoreWriter, encode_rows
from xai_widgets.explain.store import Explained

HOPELESS = 100
"""Instances that fail before one is explained, after which the model does not fit the data set and no more are tried."""


class Recorder:
    """Writes what is found to a store, and keeps count.

    Parameters
    ----------
    writer
        Where to; closed at the end.
    store
        What is there already.
    alone
        Whether nobody else explains a share of the same data set.
    bar
        Whether to show a progress bar, of `done` instances at the beginning and `total` in the end.
    """

    def __init__(
        self, writer: StoreWriter, store: Explained, *, alone: bool, bar: bool, done: int, total: int
    ) -> None:
        self._writer, self._alone = writer, alone
        self._grid: tuple[int, ...] | None = store.grid if len(store) else None
        self._failed: dict[Index, str] = {}
        self._wanted = bar
        self._bar = _bar("explaining", "instance", done, total) if bar and done < total else None

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_bar()
        self._writer.close()

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def take(self, rows: Rows | None, failed: dict[Index, str]) -> None:
        """Write what was found of a batch.

        Raises
        ------
        RuntimeError
            When `HOPELESS` instances failed and none was explained. Nothing is written then, so that the same folder does for
            a call that has put it right.
        """
        done = len(failed) + (0 if rows is None else len(rows.index))
        if rows is not None and self._grid not in (None, rows.codes.shape[1:]):
            failed, rows = {**failed, **dict.fromkeys(rows.index, self._other_grid(rows))}, None
        if rows is not None:
            if self._grid is None:
                self._grid = rows.codes.shape[1:]
                self._tell_store(self._failed)
            self._writer.write(Kind.ROWS, encode_rows(rows))
        self._failed.update(failed)
        if self._grid is not None:
            self._tell_store(failed)
        elif len(self._failed) >= HOPELESS:
            raise self._hopeless()
        if self._bar is not None:
            self._bar.update(done)

    def finish(self) -> None:
        """End the progress bar, and tell how many failed.

        Raises
        ------
        RuntimeError
            When nothing could be explained, and this is the only process.
        """
        self._close_bar()
        if not self._failed:
            return
        if self._grid is None and self._alone:
            raise self._hopeless()
        self._tell_store(self._failed if self._grid is None else {})
        index, why = next(iter(self._failed.items()))
        warnings.warn(
            f"left out, as they could not be explained: {len(self._failed):,} of the instances (store.failed says why), such as "
            f"{index!r}: {why}",
            RuntimeWarning,
            stacklevel=4,
        )

    def take_effects(self, effects: Iterable[dict[str, Any]], count: int) -> None:
        """Write what the regions of so many rules do, as it is measured."""
        self._bar = _bar("trying rules", "rule", 0, count) if self._wanted and count else None
        for found in effects:
            self._writer.write(Kind.EFFECT, json.dumps(found).encode())
            if self._bar is not None:
                self._bar.update(1)
        self._close_bar()

    def _tell_store(self, failed: dict[Index, str]) -> None:
        for each, why in failed.items():
            self._writer.write(Kind.FAILED, json.dumps({"index": [each], "why": why}).encode())

    def _other_grid(self, rows: Rows) -> str:
        high, wide = rows.codes.shape[1:]
        return (
            f"ValueError: its mask is of {high} x {wide} and those of others are of {' x '.join(map(str, self._grid or ()))}; "
            "pass to_input=... to as_samples that brings pictures to one size"
        )

    def _hopeless(self) -> RuntimeError:
        index, why = next(iter(self._failed.items()))
        return RuntimeError(
            f"none of {len(self._failed):,} instances could be explained, so no more are tried; of {index!r}: {why}"
        )


def _bar(what: str, unit: str, done: int, total: int) -> Any:
    """Make a progress bar where tqdm is there."""
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    return tqdm(total=total, initial=done, unit=unit, desc=what, file=sys.stderr)
