"""A data source is one entry: registered from outside, `as_samples` and what shows samples read it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import xai_widgets as xw
from xai_widgets.samples import Item, Reader, as_samples


class Library:
    """Data of a kind nobody knows: no len(), no [i], no arrays."""

    books = ("a", "b", "c")


class Shelf:
    def __init__(self, books: tuple[str, ...]) -> None:
        self.index_values, self.count = list(books), len(books)
        self.names = {0: "novel", 1: "poem"}

    def fetch(self, rows: list[int]) -> list[Item]:
        return [Item(np.full((6, 6, 3), row, np.uint8), row % 2) for row in rows]

    def all_labels(self) -> None:
        return None


@pytest.fixture
def toy() -> Iterator[Reader]:
    yield xw.samples.register(
        Reader(
            "shelf",
            lambda data: isinstance(data, Library),
            lambda data, asked: Shelf(data.books),
            "a Library",
        )
    )
    xw.samples.unregister("shelf")


def test_a_data_source_from_outside_is_read(toy: Reader) -> None:
    samples = as_samples(Library())
    batch = samples.batch(["c", "a"])
    assert batch.inputs[:, 0, 0, 0].tolist() == [2, 0]
    assert batch.labels.tolist() == [0, 0]
    assert samples.name_of(1) == "poem"
    figure = xw.figures.saliency_grid(
        {"Raw": np.zeros((1, 6, 6), np.float32)},
        samples.pictures(["b"]),
        index=["b"],
        labels=samples.labels(["b"]),
    )
    assert figure.png()[:4] == b"\x89PNG"
    assert as_samples(np.zeros((2, 8, 8))).batch([0]).inputs.shape == (1, 8, 8), (
        "the others are asked as before"
    )


def test_what_nobody_reads_lists_what_is_read(toy: Reader) -> None:
    with pytest.raises(
        TypeError, match=r"cannot be read from object; expected a tf.data.Dataset, .*a dict.*, a Library\."
    ):
        as_samples(object())
    with pytest.raises(
        ValueError, match=r"unknown reader 'rack'; one of tf.data, hugging face, dict, .*shelf"
    ):
        as_samples(Library(), reader="rack")
    assert len(as_samples([1.0, 2.0], reader="map style")) == 2


def test_entries_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="'dict' is taken"):
        xw.samples.register(Reader("dict", lambda data: False, lambda data, asked: Shelf(()), ""))
    with pytest.raises(TypeError, match="to be functions"):
        Reader("shelf", True, None, "")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"samples\.Reader is expected, got dict"):
        xw.samples.register({})  # type: ignore[arg-type]
