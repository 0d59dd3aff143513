"""Names of instances: hashes of content that stay the same, fields as keys, and the index in samples and batches."""

from __future__ import annotations

from collections import OrderedDict, UserDict
from types import SimpleNamespace

import numpy as np
import pytest

from xai_widgets.hooks._common.instance_ids import (
    add_index,
    add_indices,
    content_hash,
    index_of,
    key_reader,
)


def test_a_content_has_the_same_name_in_every_run() -> None:
    """Names are in logs: they must not change from release to release."""
    sample = {"x": np.arange(4, dtype=np.float32), "y": 3, "text": "a", "raw": b"\0\1", "none": None}
    assert content_hash(sample) == 1747342245950864449
    assert content_hash(OrderedDict(reversed(sample.items()))) == 1747342245950864449
    assert content_hash({**sample, "y": True}) != content_hash({**sample, "y": 1})
    assert content_hash(b"a") != content_hash("a")
    assert content_hash({"a": 1}) != content_hash({"b": 1})
    assert content_hash(None) != content_hash("None")


@pytest.mark.parametrize("value", [np.array([object()]), object()])
def test_what_has_no_content_is_told(value: object) -> None:
    with pytest.raises(
        TypeError, match=f"a sample holds a {type(value).__name__}, whose content cannot be hashed"
    ):
        content_hash((1, value))


def test_a_key_is_a_name_a_place_a_function_or_the_content() -> None:
    assert key_reader("content")((1, 2)) == content_hash((1, 2))
    assert key_reader(0)([np.float32(2.5)]) == 2.5
    assert key_reader("name")(SimpleNamespace(name="left")) == "left"
    assert type(key_reader(1)((0, np.array(4)))) is int
    several = key_reader("id")({"id": np.array([1, 2])})
    assert several.tolist() == [1, 2]
    single = key_reader("id")({"id": np.array([7])})
    assert isinstance(single, np.ndarray)
    assert single.shape == (1,)


@pytest.mark.parametrize(
    ("sample", "key", "has"),
    [
        ({"a": 1, "b": 2}, "id", r"\(a, b\)"),
        ((1,), 3, r"\(tuple\)"),
        (SimpleNamespace(), "id", "SimpleNamespace"),
    ],
)
def test_a_key_that_is_not_there_says_what_is(sample: object, key: object, has: str) -> None:
    with pytest.raises(KeyError, match=f"key {key!r} is not in a sample .*{has}"):
        key_reader(key)(sample)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([(1, 2), (3, 4)], [(1, 2, "a"), (3, 4, "b")]),
        ([[1], [3]], [(1, "a"), (3, "b")]),
        ([{"x": 1}, {"x": 2}], [{"x": 1, "index": "a"}, {"x": 2, "index": "b"}]),
        ([(1,), {"x": 2}], [(1, "a"), {"x": 2, "index": "b"}]),
        ([5, 6], [(5, "a"), (6, "b")]),
        ([UserDict(x=1), UserDict(x=2)], [{"x": 1, "index": "a"}, {"x": 2, "index": "b"}]),
    ],
)
def test_many_samples_get_their_indices_as_one_does(samples: list[object], expected: list[object]) -> None:
    given = [dict(one) if isinstance(one, dict) else one for one in samples]
    assert add_indices(samples, ["a", "b"]) == expected
    assert [add_index(one, index) for one, index in zip(samples, "ab", strict=True)] == expected
    assert samples == given, "the samples are left as they are"


def test_an_index_of_the_samples_own_is_not_overwritten() -> None:
    for attempt in (
        lambda: add_index({"index": 1}, 2),
        lambda: add_indices([{"x": 1}, {"index": 1}], [1, 2]),
    ):
        with pytest.raises(KeyError, match="the samples have a field 'index' of their own"):
            attempt()


def test_the_index_of_a_batch_is_found_or_what_is_there_is_told() -> None:
    class Encoding(SimpleNamespace):
        """A batch with keys that is no mapping, as tokenizers return it."""

        def keys(self) -> list[str]:
            return list(vars(self))

        def __contains__(self, name: str) -> bool:
            return name in vars(self)

        def __getitem__(self, name: str) -> object:
            return vars(self)[name]

    assert index_of({"x": 0, "index": [1, 2]}) == [1, 2]
    assert index_of(Encoding(x=0, index=[1, 2])) == [1, 2]
    assert index_of([0, 1, [1, 2]]) == [1, 2]
    with pytest.raises(KeyError, match="only x, y; did a collate_fn drop it"):
        index_of({"x": 0, "y": 1})
    for batch in ([1], (), Encoding(x=0), "ab", 3):
        with pytest.raises(TypeError, match=f"no index in a batch of type {type(batch).__name__}"):
            index_of(batch)
