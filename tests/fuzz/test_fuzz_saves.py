"""Saved trackers with anything in them: refused by ValueError that names the file, or answering every question."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from fuzz_common import PLAIN, ask_everything, quiet, tries
from hypothesis import given
from hypothesis import strategies as st

from xai_widgets.tracking import Tracker
from xai_widgets.tracking.store import npz


def saved_tree():
    tracker = Tracker(label_names={"a": 0, "b": (1, 2)}, epochs=5)
    for _ in range(2):
        index = np.arange(12)
        tracker.record(index, index % 3, loss=index / 7, logits=np.eye(3)[index % 3])
        tracker.record([f"n{i}" for i in index], mode="eval", ds_id="d", loss=index, acc=index % 2)
        tracker.record([3, 3], [0, 0], loss=[1, 2])
        tracker.end_epoch("train")
    tracker.record([10**15, -4], [1, 2], mode="test", loss=[1, np.nan])
    tracker.group("half", range(12), [i > 5 for i in range(12)])
    return npz.from_bytes(tracker.state_dict()["data"])


ARRAYS = st.builds(
    lambda kind, shape, fill: np.full(shape, fill).astype(kind),
    st.sampled_from(["b1", "i1", "i2", "i4", "i8", "u1", "u8", "f2", "f4", "f8"]),
    st.lists(st.integers(0, 14), max_size=2),
    st.sampled_from([0, 1, -1, 5, 100, 2**40]),
)


def places(tree, at=()):
    """Ways to all values in a tree."""
    yield at
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from places(value, (*at, key))
    elif isinstance(tree, (list, tuple)):
        for number, value in enumerate(tree):
            yield from places(value, (*at, number))


def replaced(tree, at, value):
    if not at:
        return value
    if isinstance(tree, dict):
        return {k: replaced(v, at[1:], value) if k == at[0] else v for k, v in tree.items()}
    return [replaced(v, at[1:], value) if n == at[0] else v for n, v in enumerate(tree)]


@pytest.fixture(scope="module")
def tree():
    return saved_tree()


def check(path):
    with quiet():
        refused = None
        try:
            tracker = Tracker.load(path)
        except ValueError as error:
            refused = str(error)
        if refused is not None:
            assert path.name in refused
            return
        ask_everything(tracker)
        tracker.record(np.arange(5), np.arange(5), loss=np.ones(5))
        tracker.end_epoch()
        ask_everything(tracker)
        tracker.save(path)  # what was taken for whole is so when it is written again
        ask_everything(Tracker.load(path))


@tries(60)
@given(st.data())
def test_a_save_with_another_value_somewhere(tree, data):
    ways = list(places(tree))
    for _ in range(data.draw(st.integers(1, 3))):
        at = ways[data.draw(st.integers(0, len(ways) - 1))]
        try:
            tree = replaced(tree, at, data.draw(PLAIN | ARRAYS))
        except (TypeError, IndexError):
            continue
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "some.npz"
        with open(path, "wb") as file:
            npz.write(tree, file)
        check(path)


@tries(60)
@given(st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=12), st.booleans()), min_size=1, max_size=3))
def test_a_save_with_other_bytes_somewhere(tree, hits):
    raw = bytearray(npz.to_bytes(tree))
    for share, junk, instead in hits:
        at = int(share * len(raw))
        raw[at : at + (len(junk) if instead else 0)] = junk
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "some.npz"
        path.write_bytes(bytes(raw))
        check(path)


ROWS = st.lists(
    st.tuples(
        st.integers(0, 9) | st.sampled_from(["n1", "n2", 10**12, -3]), st.integers(0, 3), st.floats(width=32)
    ),
    min_size=1,
    max_size=6,
)
RECORDS = st.tuples(
    st.just("record"),
    ROWS,
    st.sampled_from(["train", "eval"]),
    st.none() | st.integers(0, 5),
    st.sampled_from(["labels", "no labels", "logits", "prediction", "names"]),
    st.sampled_from(["loss", "acc"]),
)
COURSE = st.lists(
    RECORDS
    | st.tuples(st.just("end"), st.sampled_from([None, "train", "eval"]))
    | st.tuples(st.just("group"), ROWS)
    | st.tuples(st.just("ask")),
    max_size=14,
)


def follow(tracker, course):
    """Do what a course says, as a user would."""
    for what, *told in course:
        if what == "record":
            rows, mode, epoch, beside, metric = told
            index, label, value = (list(column) for column in zip(*rows, strict=True))
            more = {metric: value}
            if beside == "logits":
                more["logits"] = np.eye(4)[label]
            elif beside == "prediction":
                more["prediction"] = label[::-1]
            elif beside == "names":
                more["prediction"] = label = [f"c{each}" for each in label]
            tracker.record(index, None if beside == "no labels" else label, mode=mode, epoch=epoch, **more)
        elif what == "end":
            tracker.end_epoch(told[0])
        elif what == "group":
            tracker.group("half", [i for i, *_ in told[0]], [g for _, g, _ in told[0]])
        else:
            ask_everything(tracker)


@tries(40)
@given(
    COURSE,
    st.sampled_from(["mean", "last", "max"]),
    st.sampled_from(["float32", "float16"]),
    st.integers(1, 3),
)
def test_whatever_was_recorded_is_taken_for_whole(course, duplicates, dtype, frequency):
    with quiet():
        tracker = Tracker(duplicates=duplicates, dtype=dtype, epoch_frequency=frequency)
        follow(tracker, course)
        assert not tracker.problems
        resumed = Tracker()
        resumed.load_state_dict(tracker.state_dict())
        ask_everything(resumed)
        for mode in tracker.modes:
            for metric in tracker.metrics(mode):
                ours, theirs = (t.label_series(metric, mode, labels="all") for t in (tracker, resumed))
                np.testing.assert_array_equal(ours.count, theirs.count)
                np.testing.assert_allclose(ours.mean, theirs.mean, rtol=1e-12)  # sums in another order
