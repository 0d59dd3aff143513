"""What must hold for every input: compared with the slow, obvious way to compute it."""

import itertools
import statistics

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xai_widgets.tracking import Tracker
from xai_widgets.tracking.scores.top_k import highest, lowest

NUMBERS = st.floats(-1000, 1000, width=32)
NAMES = st.one_of(st.integers(0, 40), st.integers(-(2**62), 2**62), st.text(max_size=3))
ROWS = st.lists(st.tuples(NAMES, st.integers(0, 3), NUMBERS), min_size=1, max_size=60)


def record(tracker, rows, cuts, epoch=1):
    """Rows in batches that end at `cuts`."""
    edges = sorted({0, len(rows), *(c % (len(rows) + 1) for c in cuts)})
    for first, last in itertools.pairwise(edges):
        names, labels, values = zip(*rows[first:last], strict=True)
        tracker.record(list(names), list(labels), epoch=epoch, loss=np.array(values, np.float32))


@settings(max_examples=60, deadline=None)
@given(ROWS, st.lists(st.integers(0, 60), max_size=6), st.randoms(use_true_random=False))
def test_order_and_splitting_of_batches_change_nothing(rows, cuts, random):
    rows = list({name: (name, label, value) for name, label, value in rows}.values()) + rows
    labels = {name: label for name, label, _ in rows}
    rows = [(name, labels[name], value) for name, _, value in rows]
    one, other = Tracker(), Tracker()
    record(one, rows, [])
    shuffled = list(rows)
    random.shuffle(shuffled)
    record(other, shuffled, cuts)
    names = list(labels)
    np.testing.assert_allclose(
        one.instance_series(names).values, other.instance_series(names).values, rtol=1e-5, atol=1e-3
    )
    a, b = one.label_series(mode="train"), other.label_series(mode="train")
    assert a.labels == b.labels
    np.testing.assert_array_equal(a.count, b.count)
    np.testing.assert_allclose(a.mean, b.mean, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(a.std, b.std, rtol=1e-3, atol=1e-2)
    assert one.counts().duplicates == other.counts().duplicates == len(rows) - len(names)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.integers(0, 200), st.tuples(st.integers(0, 4), NUMBERS), min_size=1, max_size=50))
def test_label_statistics_are_those_of_the_standard_library(rows):
    tracker = Tracker()
    record(tracker, [(i, label, value) for i, (label, value) in rows.items()], [])
    series = tracker.label_series(mode="train")
    for row, label in enumerate(series.labels):
        values = [value for each, value in rows.values() if each == label]
        assert series.count[row, 0] == len(values)
        assert (series.min[row, 0], series.max[row, 0]) == (min(values), max(values))
        np.testing.assert_allclose(series.mean[row, 0], statistics.mean(values), rtol=1e-9, atol=1e-9)
        std = statistics.stdev(values) if len(values) > 1 else 0.0
        np.testing.assert_allclose(series.std[row, 0], std, rtol=1e-6, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.integers(0, 100), st.tuples(st.integers(0, 5), NUMBERS), min_size=1),
    st.lists(st.sets(st.integers(0, 5), min_size=1), min_size=1, max_size=4),
)
def test_merged_labels_are_as_if_recorded_as_one(rows, merges):
    names = {f"group {n}": tuple(sorted(m)) for n, m in enumerate(merges)}
    tracker = Tracker(label_names=names)
    record(tracker, [(i, label, value) for i, (label, value) in rows.items()], [])
    series = tracker.label_series(mode="train", quantiles=(0.25, 0.5))
    for row, members in enumerate(merges):
        values = np.array([value for label, value in rows.values() if label in members])
        assert series.count[row, 0] == values.size
        if values.size:
            np.testing.assert_allclose(series.mean[row, 0], values.mean(), rtol=1e-9, atol=1e-9)
            std = values.std(ddof=1) if values.size > 1 else 0.0
            np.testing.assert_allclose(series.std[row, 0], std, rtol=1e-6, atol=1e-4)
            np.testing.assert_allclose(
                series.quantiles[:, row, 0], np.quantile(values, [0.25, 0.5]), rtol=1e-6, atol=1e-6
            )


@settings(max_examples=100, deadline=None)
@given(
    hnp.arrays(
        np.float64, st.integers(0, 400), elements=st.sampled_from([0.0, 1.0, 2.0, 3.5, -1.0, np.nan, np.inf])
    ),
    st.integers(0, 12),
    st.booleans(),
)
def test_ends_of_a_ranking_are_those_of_a_stable_sorting(values, n, tied):
    tie = np.arange(values.size)[::-1] % 3 * 1.0 if tied else None
    known = [i for i in range(values.size) if not np.isnan(values[i])]
    ordered = sorted(known, key=lambda i: (values[i], 0 if tie is None else tie[i]))
    assert lowest(values, n, tie).tolist() == ordered[:n]
    assert highest(values, n, tie).tolist() == (ordered[::-1][:n] if n else [])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(NUMBERS, min_size=5, max_size=5), min_size=1, max_size=6))
def test_scores_of_the_columns(epochs):
    tracker = Tracker()
    loss = np.abs(np.array(epochs, np.float32))
    for epoch, values in enumerate(loss, start=1):
        tracker.record(np.arange(5), np.zeros(5, int), epoch=epoch, loss=values)
    table = tracker.dynamics()
    x = loss.astype(np.float64)
    p = np.exp(-x)
    expected = {
        "mean": x.mean(0),
        "std": x.std(0),
        "last": x[-1],
        "min": x.min(0),
        "max": x.max(0),
        "recent": x[-5:].mean(0),
        "seen": np.full(5, len(x)),
        "confidence": p.mean(0),
        "variability": p.std(0),
        "correctness": (p > 0.5).mean(0),
        "forgetting": ((p[:-1] > 0.5) & (p[1:] <= 0.5)).sum(0),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(table[name], values, rtol=1e-5, atol=1e-5, err_msg=name)
