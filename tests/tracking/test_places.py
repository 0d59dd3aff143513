"""Where instances lie: positions need no map however many there are, all other names get one, and nothing is lost on a move."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xai_widgets.tracking import Tracker
from xai_widgets.tracking.store import batch_buffer, index_map
from xai_widgets.tracking.store.epoch_column import has_repeats
from xai_widgets.tracking.store.index_map import IndexMap
from xai_widgets.tracking.store.number_table import NumberTable

LIMIT = 64


@pytest.fixture(autouse=True)
def small_limit(monkeypatch):
    """Ranges beyond 64 have to prove themselves here, so that small cases show what millions do."""
    monkeypatch.setattr(index_map, "DENSE_LIMIT", LIMIT)


def test_one_huge_number_after_small_ones_allocates_nothing():
    tracker = Tracker()
    tracker.record(np.arange(10), np.arange(10) % 2, loss=np.arange(10.0))
    tracker.record([10**12], [1], loss=[5.0])
    tracker.end_epoch()
    assert tracker.nbytes < 200_000
    assert tracker.indices().tolist() == [*range(10), 10**12]
    assert tracker.instance_series([3, 10**12, 11]).values[:, 0].tolist()[:2] == [3, 5]
    assert tracker.instance_series([11]).missing == (11,)


@pytest.mark.parametrize("first_part", [100, 700, 10_000])
def test_positions_in_any_order_need_no_map_after_the_first_epoch(first_part):
    n = 10_000
    rng = np.random.default_rng(0)
    tracker = Tracker()
    for epoch in (1, 2):
        order = rng.permutation(n)
        for part in (order[:first_part], order[first_part:]):
            tracker.record(part, part % 7, loss=part + epoch)
            tracker.counts()  # taken in at once, however little there is
        tracker.end_epoch()
    instances = tracker._streams[("train", None)].instances
    assert instances.nbytes == 0
    assert tracker.indices().tolist() == list(range(n))
    np.testing.assert_array_equal(
        tracker.instance_series(range(n)).values, np.arange(n)[:, None] + np.array([1, 2])
    )
    assert tracker.label_series(mode="train").count.tolist() == [[(n - k + 6) // 7] * 2 for k in range(7)]
    assert tracker.nbytes <= 6.5 * 2 * n


def test_few_numbers_of_a_wide_range_cost_what_they_are():
    index = np.arange(0, 1_000_000, 10)
    tracker = Tracker()
    for epoch in (1, 2, 3):
        order = np.random.default_rng(epoch).permutation(index)
        for part in np.split(order, 10):
            tracker.record(part, part % 3, loss=part / 2 + epoch, logits=np.eye(3)[part % 3])
        tracker.end_epoch()
    assert tracker.counts().rows == 3 * index.size  # all is taken in
    columns = sum(c.nbytes for c in tracker._streams[("train", None)].columns["loss"].values())
    assert columns == 3 * 4 * index.size
    np.testing.assert_array_equal(np.sort(tracker.indices()), index)
    np.testing.assert_array_equal(tracker.instance_series(index).values[:, 1], (index / 2 + 2).astype("f4"))
    assert np.all(tracker.dynamics()["correctness"] == 1)


NAMES = st.one_of(
    st.integers(0, 40),
    st.integers(0, 400),
    st.integers(0, 3000),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from(["a", "b", "7", 2**70]),
)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.lists(NAMES, min_size=1, max_size=30), st.booleans()), max_size=12), st.randoms()
)
def test_places_are_those_of_a_dictionary_through_every_move(batches, chance):
    """`place` gives every name one place, which changes only as `repack` says; `find`, `names` and `known` agree."""
    index_map.DENSE_LIMIT = LIMIT
    found, expected = IndexMap(), {}
    for names, epoch_ends in batches:
        if all(isinstance(n, int) and abs(n) < 2**62 for n in names):
            names = np.array(names)
        places = found.place(names).tolist()
        plain = names if isinstance(names, list) else names.tolist()
        for name, place in zip(plain, places, strict=True):
            assert expected.setdefault(name, place) == place
        moves = found.repack(epoch_ends)
        if moves is not None:
            moved = dict(zip(*(m.tolist() for m in moves), strict=True))
            expected = {name: moved[place] for name, place in expected.items()}
        assert len(set(expected.values())) == len(expected) == found.count
        assert found.known().tolist() == sorted(expected.values())
        order = np.array(list(expected.values()))
        assert found.names(order) == list(expected)
        assert found.find(list(expected)).tolist() == list(expected.values())
        assert max(order, default=0) < max(LIMIT, 16 * len(expected))
        if chance.random() < 0.3:
            found = IndexMap.restored(found.state())
    assert found.find([-5, "none", 123_456, 2**71]).tolist() == [
        expected.get(name, -1) for name in (-5, "none", 123_456, 2**71)
    ]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 40), max_size=200), max_size=8))
def test_a_number_table_is_a_dictionary(parts):
    table, expected = NumberTable(), {}
    for part in parts:
        numbers = np.array(part, np.int64)
        assert table.find(numbers).tolist() == [expected.get(n, -1) for n in part]
        unknown = numbers[table.find(numbers) < 0]
        places, fresh = table.add(unknown, len(expected))
        assert len(set(fresh.tolist())) == fresh.size == len(set(unknown.tolist()))
        expected.update(zip(fresh.tolist(), range(len(expected), len(expected) + fresh.size), strict=True))
        assert places.tolist() == [expected[n] for n in unknown.tolist()]
    assert table.count == len(expected)


def test_a_number_table_takes_many_numbers():
    table = NumberTable()
    numbers = np.random.default_rng(0).permutation(300_000) * 2**40
    for start in range(0, numbers.size, 50_000):
        table.add(numbers[start : start + 50_000], start)
    np.testing.assert_array_equal(table.find(numbers), np.arange(numbers.size))
    assert (table.find(numbers + 1) == -1).all()


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["record", "record", "record", "end", "ask"]),
        st.lists(
            st.tuples(st.integers(0, 99) | st.integers(0, 1500), st.integers(0, 4)), min_size=1, max_size=40
        ),
        st.integers(1, 4),
        st.booleans(),
        st.sampled_from([0.0, 1e7]),
    ),
    max_size=14,
)


@settings(max_examples=80, deadline=None)
@given(ROWS, st.sampled_from(["mean", "last", "max"]), st.sampled_from(["float32", "float16"]))
def test_label_statistics_kept_up_are_those_taken_at_the_end(course, duplicates, dtype):
    """However rows, repetitions, changed and late labels come, and whenever somebody asks in between."""
    index_map.DENSE_LIMIT = LIMIT
    asked, quiet = (Tracker(duplicates=duplicates, dtype=dtype) for _ in range(2))
    for what, rows, epoch, labelled, offset in course:
        index, label = np.array(rows).T
        value = (index * 7 % 13 + epoch + offset * (dtype == "float32")).astype(np.float32)
        value[index % 11 == 0] = np.nan
        value[index % 17 == 0] = np.inf
        for tracker in (asked, quiet):
            if what == "end":
                tracker.end_epoch()
            elif what == "record" or tracker is asked:
                if what == "ask":
                    tracker.label_series(mode="train", labels="all")
                else:
                    tracker.record(index, label if labelled else None, epoch=epoch, loss=value)
                    tracker.counts()  # taken in at once: rows of several open epochs may come in in another order
    if not quiet.modes:
        return
    stream = quiet._streams[("train", None)]
    quiet.counts()
    stream._by_label.clear()
    open_epochs = [e for e, c in stream.columns["loss"].items() if not c.closed]
    for epoch in open_epochs:
        stream._statistics.pop(("loss", epoch, None), None)
    one, other = (t.label_series(mode="train", labels="all") for t in (asked, quiet))
    assert one.labels == other.labels
    for name in ("count", "mean", "std", "min", "max"):
        columns = np.isin(one.epochs, open_epochs)
        np.testing.assert_allclose(
            getattr(one, name)[:, columns],
            getattr(other, name)[:, columns],
            rtol=1e-6,
            atol=1e-6,
            err_msg=name,
        )


def test_an_open_epoch_is_counted_by_label_without_a_look_at_its_instances(monkeypatch):
    from xai_widgets.tracking.store import stream

    def looked(*args):
        raise AssertionError("the instances were gone through")

    tracker = Tracker()
    monkeypatch.setattr(stream, "Grouping", looked)
    for _ in range(2):
        for part in np.split(np.random.default_rng(1).permutation(1000), 10):
            tracker.record(part, part % 5, loss=part)
            assert int(tracker.label_series(mode="train").count.sum()) > 0
        tracker.end_epoch()
    series = tracker.label_series(mode="train")
    assert series.count.tolist() == [[200, 200]] * 5
    np.testing.assert_allclose(series.mean[:, 0], [np.arange(k, 1000, 5).mean() for k in range(5)])
    np.testing.assert_allclose(series.std[:, 1], [np.arange(k, 1000, 5).std(ddof=1) for k in range(5)])


def test_a_label_changed_in_an_open_epoch_moves_what_was_counted_under_the_old_one():
    tracker = Tracker()
    tracker.record(range(4), [0, 0, 1, 1], loss=[1, 2, 3, 4])
    assert tracker.label_series(mode="train").count.tolist() == [[2], [2]]
    tracker.record([0], [1], acc=[1.0])  # another metric: no row of the loss comes with it
    series = tracker.label_series(mode="train")
    assert series.count.tolist() == [[1], [3]]
    np.testing.assert_allclose(series.mean[:, 0], [2, 8 / 3])


def test_labels_that_come_after_the_values_count_them():
    tracker = Tracker()
    tracker.record([9], [0], loss=[5])
    tracker.record(range(3), loss=[1, 2, 3])
    assert tracker.label_series(mode="train").count.tolist() == [[1]]
    tracker.record(range(3), [0, 1, 1], acc=[1, 1, 1])
    assert tracker.label_series(mode="train").count.tolist() == [[2], [2]]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 400),
    st.sampled_from([1, 3, 1 << 9, 1 << 11, 1 << 40]),
    st.lists(st.tuples(st.integers(0, 399), st.integers(0, 399)), max_size=3),
    st.randoms(use_true_random=False),
)
def test_repeats_are_found_as_by_sorting(size, stride, copied, random):
    order = list(range(size))
    random.shuffle(order)
    places = np.array(order, np.int64) * stride  # powers of two meet in the same slots
    for source, target in copied:
        places[target % size] = places[source % size]
    assert has_repeats(places) == (np.unique(places).size < size)
    assert has_repeats(places.astype(np.int32)) == (np.unique(places.astype(np.int32)).size < size)


def test_many_places_repeat_or_not():
    places = np.random.default_rng(0).permutation(300_000)[:100_000]
    assert not has_repeats(places)
    places[77_777] = places[5]
    assert has_repeats(places)


def test_memory_used_again_mixes_no_rows(monkeypatch):
    monkeypatch.setattr(batch_buffer, "ROWS", 8)
    rng, tracker, seen = np.random.default_rng(0), Tracker(), {}
    for epoch in (1, 2):
        for size in (8, 5, 8, 3, 9, 8):
            index, loss = rng.integers(0, 30, size), rng.random(size).astype(np.float32)
            names = [f"n{i}" for i in index] if size == 5 else index.tolist()
            also = {"acc": loss} if size == 9 else {}
            tracker.record(names, index % 3, loss=loss, **also)
            for name, x in zip(names, loss.tolist(), strict=True):
                seen.setdefault((name, epoch), []).append(x)
        tracker.end_epoch()
    for (name, epoch), values in seen.items():
        found = tracker.instance_series([name], mode="train").values[0, epoch - 1]
        np.testing.assert_allclose(found, np.mean(values), rtol=1e-5)
    assert tracker.counts().rows == 2 * 41


def test_an_instance_twice_under_two_labels_counts_under_the_last():
    tracker = Tracker()
    tracker.record([0, 0, 1], [0, 1, 1], loss=[1.0, np.nan, 3.0])
    tracker.end_epoch()
    assert tracker.label_series(mode="train").count.tolist() == [[0], [2]]
