"""Samples: one way to ask any data set for inputs, labels and pictures by index."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets._rng import random_streams_kept
from xai_widgets.samples._convert import Index, as_array, as_index, as_indices, label_code, names_by_value
from xai_widgets.samples._index import MissingIndexError, Positions
from xai_widgets.samples._readers import Item, Source
from xai_widgets.samples.kinds import PICTURE, Kind, drawing_of, kind_from_outside, kind_of, layout_of, named
from xai_widgets.samples.pictures import check_layout, per_channel, shown_range, to_picture

TRIED = 8
"""Samples that are read at most to find one that is not broken."""
Inputs = NDArray[np.float32] | tuple[NDArray[np.float32], ...]


@dataclass(frozen=True)
class SampleBatch:
    """Some samples as a model eats them.

    Attributes
    ----------
    index : tuple of int or str
        Their index values, in the order asked for.
    inputs : numpy.ndarray or tuple of numpy.ndarray
        float32, (B, ...); a tuple for a model of several inputs.
    labels : numpy.ndarray
        int64, (B,); -1 where unknown.
    along : dict of int to numpy.ndarray
        What is whole numbers or truth values (ids, masks, lengths; not eight-bit pictures) beside inputs that are none, as it
        is, by its place among the model's inputs. It is passed to the model and cannot be explained.
    layouts : tuple of str or None
        Layout of each of ``inputs``; None for what is no picture.
    """

    index: tuple[Index, ...]
    inputs: Inputs
    labels: NDArray[np.int64]
    along: dict[int, NDArray[Any]] = field(default_factory=dict)
    layouts: tuple[str | None, ...] = ()

    def __len__(self) -> int:
        return len(self.index)


class Samples:
    """Inputs, labels and pictures of a data set, by index. Made by ``as_samples``."""

    def __init__(
        self,
        source: Source,
        positions: Positions | None,
        *,
        labels: Any,
        layout: str | Sequence[str | None] | None,
        mean: Any,
        std: Any,
        label_names: Any,
        display: Callable[[Any], Any] | None,
        to_input: Callable[[Any], Any] | None,
        kind: str | None = None,
    ) -> None:
        self._source, self._positions, self._labels = source, positions, labels
        self._mean, self._std = mean, std
        self._display, self._to_input = display, to_input
        self._lock = threading.RLock()
        self.label_names: dict[int, str] = names_by_value(label_names) or dict(source.names)
        self._codes = {name: value for value, name in self.label_names.items()}
        if label_names is None and not self._codes:
            self._codes = _codes_of(labels if labels is not None else source.all_labels())
            self.label_names = {value: name for name, value in self._codes.items()}
        self.draws_random = self.whole_numbers = False
        self.layout: str | None = None
        self._pictured = 0  # which of several inputs is drawn
        self._layouts: tuple[str | None, ...] = ()  # of all inputs
        self.note = ""
        self._named: Kind | None = None if kind is None else named(kind)  # or found among those from outside
        self._kind: Kind | None = self._named
        self._range: tuple[float, float] | None = None
        self._shape: tuple[int, ...] | None = None
        if isinstance(layout, str) and layout != "none":
            self.layout = check_layout(layout)
        if source.count:
            self._look_at_first(layout)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.RLock())

    def __len__(self) -> int:
        if self._source.count is None:
            raise TypeError(
                "how many samples a function can give is not known; pass index=[...] with all index values"
            )
        return self._source.count

    def __repr__(self) -> str:
        count = "?" if self._source.count is None else f"{self._source.count:,}"
        what = f"layout {self.layout}" if self.layout else self.note or "nothing looked at yet"
        return f"<Samples {count}, {what}, {len(self.label_names)} label names>"

    @property
    def kind(self) -> str:
        """What an input is, one of `samples.kinds.names()`, such as "picture" or "table"; "" before the first was read."""
        return "" if self._kind is None else self._kind.name

    @property
    def indices(self) -> Sequence[Index] | NDArray[Any] | None:
        """All known index values in the data set's order, or None for a function without ``index``."""
        return None if self._positions is None else self._positions.values

    def has(self, index: Any) -> bool:
        """Tell whether there is a sample of this index."""
        try:
            value = as_index(index)
        except TypeError:
            return False
        if self._positions is not None:
            return self._positions.find(value) is not None
        try:
            self._fetch([value])
        except MissingIndexError:
            return False
        return True

    def batch(self, indices: Any) -> SampleBatch:
        """Read samples as the model eats them.

        Parameters
        ----------
        indices : int, str or sequence of them
            Index values, in any order; one may stand twice.

        Returns
        -------
        SampleBatch

        Raises
        ------
        MissingIndexError
            If some have no sample; it names them all.
        ValueError
            If the samples cannot be stacked because their shapes differ.
        """
        wanted = as_indices(indices)
        items = self._fetch(wanted)
        rows = [self._parts_of(item.x) for item in items]
        if rows and self._kind is None:  # of a function: nothing was looked at before
            picture = self.layout is not None or _layout_or_none(rows[0][0].shape) is not None
            self._kind = PICTURE if picture else kind_of(rows[0][0])
        parts = [_stacked([row[p] for row in rows]) for p in range(len(rows[0]) if rows else 1)]
        labels = np.array([self._label_of(i, item) for i, item in zip(wanted, items, strict=True)], np.int64)
        places = [p for p, part in enumerate(parts) if part.dtype == np.float32]
        along = {p: part for p, part in enumerate(parts) if p not in places}
        inputs = tuple(parts[p] for p in places)
        layouts = tuple(self._layouts[p] if p < len(self._layouts) else self.layout for p in places)
        return SampleBatch(wanted, inputs if len(inputs) > 1 else inputs[0], labels, along, layouts)

    def pictures(self, indices: Any) -> list[NDArray[np.uint8]]:
        """Draw samples to look at: de-normalised pictures, or a plain drawing of what is no picture.

        Parameters
        ----------
        indices : int, str or sequence of them
            Index values.

        Returns
        -------
        list of numpy.ndarray
            uint8, (H, W, 3) each; their sizes may differ.

        Raises
        ------
        MissingIndexError
            If some have no sample; it names them all.
        """
        return [self._picture_of(item.x) for item in self._fetch(as_indices(indices))]

    def drawn(self, inputs: NDArray[np.float32]) -> list[NDArray[np.uint8]]:
        """Draw inputs as the model eats them, (B, ...), such as changed ones: de-normalised, uint8 (H, W, 3) each."""
        return [
            _picture_or_plain(
                x,
                self._layout_for(x),
                self._mean,
                self._std,
                None if self._to_input is not None else self._value_range(x),
            )
            for x in inputs
        ]

    def labels(self, indices: Any) -> NDArray[np.int64]:
        """Return labels alone, int64 (B,), -1 where unknown."""
        wanted = as_indices(indices)
        items = self._fetch(wanted)
        return np.array([self._label_of(i, item) for i, item in zip(wanted, items, strict=True)], np.int64)

    def name_of(self, label: int) -> str:
        """Return the name of a label value; the value itself where it has none, and "unknown" for -1."""
        return self.label_names.get(int(label), "unknown" if int(label) == -1 else str(int(label)))

    def _fetch(self, wanted: Sequence[Index]) -> list[Item]:
        keys: Sequence[Any] = wanted if self._positions is None else self._positions.rows(wanted)
        with self._lock, random_streams_kept() if self.draws_random else nullcontext():
            return self._source.fetch(keys)

    def _look_at_first(self, layout: str | Sequence[str | None] | None) -> None:
        with random_streams_kept() as moved:
            item = self._first_readable()
            parts = self._parts_of(item.x)
            raw = item.x if self._to_input is None else self._to_input(item.x)
        shapes = [part.shape if part.dtype == np.float32 else None for part in parts]
        if layout is None and self._named is None:
            self._named = kind_from_outside(as_array(raw[0] if isinstance(raw, tuple) else raw))
        if layout is None and self._named is not None and self._named is not PICTURE:
            layout = "none"
        self._pictured, self._layouts = _layouts_of(shapes, layout)
        x = parts[self._pictured]
        self.whole_numbers = all(
            _whole(as_array(part)) for part in (raw if isinstance(raw, tuple) else (raw,))
        )
        self.draws_random = bool(moved)
        self._shape = x.shape
        self.layout = self._layouts[self._pictured]
        self._kind = self._named or (PICTURE if self.layout is not None else kind_of(x))
        if self.layout is None:
            self.note = self._kind.says(x.shape)

    def _first_readable(self) -> Item:
        """Read the first sample; where it is broken one of the next, as it stands for all."""
        broken: Exception | None = None
        for place in range(min(self._source.count or 1, TRIED)):
            try:
                return self._source.fetch([place])[0]
            except Exception as error:
                broken = broken or error
        raise broken or IndexError("there is no sample")

    def _input_of(self, raw: Any) -> tuple[NDArray[np.float32], ...]:
        """Return the inputs that can be explained, float32."""
        return tuple(part for part in self._parts_of(raw) if part.dtype == np.float32)

    def _parts_of(self, raw: Any) -> list[NDArray[Any]]:
        """Return all inputs: float32, or whole numbers as they are where they stand beside others."""
        x = raw if self._to_input is None else self._to_input(raw)
        parts = [as_array(part) for part in (x if isinstance(x, tuple) else (x,))]
        kept = [_whole(part) for part in parts]
        if all(kept):
            kept = [False] * len(parts)  # the engine says what there is to do
        return [part if keep else self._normalised(part) for part, keep in zip(parts, kept, strict=True)]

    def _normalised(self, array: NDArray[Any]) -> NDArray[np.float32]:
        values = np.asarray(array, np.float32)
        if array.dtype != np.uint8 or (self._mean is None and self._std is None):
            return values
        # eight-bit pictures cannot carry a normalisation yet, so it is applied; in floats it is taken as done
        axis = 0 if (self.layout or layout_of(array.shape)) == "NCHW" else -1
        sides = [1] * array.ndim
        channels = array.shape[axis] if array.ndim == 3 else 1
        if array.ndim == 3:
            sides[axis] = channels
        mean = per_channel(self._mean, channels, "mean", 0.0).reshape(sides)
        std = per_channel(self._std, channels, "std", 1.0).reshape(sides)
        return np.asarray((values / 255 - mean) / std, np.float32)

    def _picture_of(self, raw: Any) -> NDArray[np.uint8]:
        if self._display is not None:
            return _picture_or_plain(self._display(raw), None, None, None, None)
        if self._named is not None and self.layout is None:
            given = raw if self._to_input is None else self._to_input(raw)
            part = given[self._pictured] if isinstance(given, tuple) else given
            return drawing_of(self._named, as_array(part))
        if self._to_input is None:
            x = raw[self._pictured] if isinstance(raw, tuple) else raw
            array = as_array(x)
            return _picture_or_plain(
                array, self._layout_for(array), self._mean, self._std, self._value_range(array)
            )
        try:  # what goes in is usually the picture itself: nothing needs undoing
            array = as_array(raw[0] if isinstance(raw, tuple) else raw)
            layout = layout_of(array.shape)
        except (TypeError, ValueError):
            layout = None
        if layout is not None:
            return to_picture(array, layout, value_range=self._value_range(array))
        x = self._input_of(raw)[0]
        return _picture_or_plain(x, self.layout, self._mean, self._std, None)

    def _drawn_part(self, raw: Any) -> Any:
        """Return the part of a raw sample that is drawn."""
        if not isinstance(raw, tuple):
            return raw
        return raw[self._pictured if self._to_input is None else 0]

    def _layout_for(self, array: NDArray[Any]) -> str | None:
        return "NHW" if array.ndim == 2 and self.layout is not None else self.layout

    def _value_range(self, array: NDArray[Any]) -> tuple[float, float] | None:
        """One range for the whole data set, so that its pictures can be compared."""
        if array.dtype == np.uint8 or self._mean is not None or self._std is not None:
            return None
        if self._range is None:
            count = self._source.count
            if not count:
                return None
            rows = sorted({int(r) for r in np.linspace(0, count - 1, min(count, 64))})
            with self._lock, random_streams_kept() if self.draws_random else nullcontext():
                seen = [as_array(self._drawn_part(i.x)) for i in self._source.fetch(rows)]
            self._range = shown_range(np.concatenate([np.asarray(a, np.float32).reshape(-1) for a in seen]))
        return self._range

    def _label_of(self, index: Index, item: Item) -> int:
        if self._labels is None:
            label = item.label
        elif callable(self._labels):
            label = self._labels(index)
        elif isinstance(self._labels, Mapping):
            label = self._labels.get(index)
        else:
            row = None if self._positions is None else self._positions.find(index)
            label = None if row is None else self._labels[row]
        before = len(self._codes)
        code = label_code(label, self._codes)
        if len(self._codes) != before:
            self.label_names = {value: name for name, value in self._codes.items()}
        return code


def _layouts_of(
    shapes: Sequence[tuple[int, ...] | None], given: str | Sequence[str | None] | None
) -> tuple[int, tuple[str | None, ...]]:
    """Tell which input is drawn, and the layout of each.

    Parameters
    ----------
    shapes
        Shape of each input of a sample, None for one that is only passed along.
    given
        What the user said: one name is that of the first input that it fits, several are of each.
    """
    explained = [place for place, shape in enumerate(shapes) if shape is not None]
    if given is not None and not isinstance(given, str):
        if len(given) != len(shapes):
            raise ValueError(f"layout names {len(given)} inputs, a sample has {len(shapes)}")
        found = [None if name in (None, "none") else check_layout(name) for name in given]
    else:
        found = [None] * len(shapes)
        sides = 3 if given is None or given == "none" else len(check_layout(given)) - 1
        main = next((p for p in explained if len(shapes[p] or ()) == sides), explained[0])
        for place in explained:
            shape = shapes[place] or ()
            if place == main:
                found[place] = (
                    layout_of(shape) if given is None else None if given == "none" else check_layout(given)
                )
            else:
                found[place] = _layout_or_none(shape)
    drawn = next((place for place in explained if found[place] is not None), explained[0])
    return drawn, tuple(found)


def _layout_or_none(shape: tuple[int, ...]) -> str | None:
    try:
        return layout_of(shape)
    except ValueError:
        return None  # three sides that are unclear: told for the input that is drawn, which this is not


def _picture_or_plain(
    x: Any, layout: str | None, mean: Any, std: Any, value_range: tuple[float, float] | None
) -> NDArray[np.uint8]:
    array = as_array(x)
    layout = layout if layout is not None else layout_of(array.shape)
    if layout is None:
        return kind_of(array).draw(array)
    return to_picture(array, layout, mean, std, value_range=value_range)


def _whole(array: NDArray[Any]) -> bool:
    """Whether these are ids, masks or lengths: whole numbers or truth values, but no eight-bit picture."""
    return array.dtype.kind in "iub" and array.dtype != np.uint8


def _stacked(rows: list[NDArray[Any]]) -> NDArray[Any]:
    shapes = sorted({row.shape for row in rows})
    if len(shapes) > 1:
        raise ValueError(
            f"samples of different shapes cannot be one batch: {shapes[0]} and {shapes[-1]}; "
            "pass to_input=... that brings them to one size"
        )
    return np.stack(rows) if rows else np.zeros((0,), np.float32)


def _codes_of(labels: Any) -> dict[str, int]:
    """Give string labels their values in sorted order, so that these do not hang on who is seen first."""
    if labels is None or callable(labels) or not len(labels):
        return {}
    values = list(labels.values()) if isinstance(labels, Mapping) else labels
    if not isinstance(values[0], str | np.str_):
        return {}
    return {str(name): value for value, name in enumerate(sorted({str(v) for v in values}))}
