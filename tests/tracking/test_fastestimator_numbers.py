"""The published tests of FastEstimator's LabelTracker and InstanceTracker, put to this API: the same input, the same numbers.

The expected values come from the standard library, as FastEstimator's do: statistics.mean and statistics.stdev.
"""

import statistics

import numpy as np
import pytest

from xai_widgets.tracking import Tracker

METRIC = [
    [0.9, 0.8, 0.1, 0.4, 0.9, 0.6, 0.1, 0.6, 0.8, 0.3],
    [0.3, 0.1, 0.0, 0.8, 0.5, 0.5, 0.6, 0.2, 0.5, 1.0],
    [0.3, 0.4, 0.7, 0.9, 0.3, 0.0, 0.3, 0.7, 0.8, 0.6],
    [0.8, 0.9, 0.6, 0.1, 0.7, 0.3, 0.9, 0.9, 0.4, 0.6],
    [0.4, 0.4, 0.9, 0.1, 0.4, 0.9, 0.0, 0.8, 1.0, 0.1],
    [0.3, 0.9, 0.9, 0.5, 0.9, 0.8, 0.6, 0.1, 0.1, 0.2],
]
LABEL = [
    [2, 1, 0, 1, 0, 1, 1, 1, 0, 0],
    [1, 1, 1, 1, 0, 1, 0, 0, 0, 0],
    [2, 2, 2, 2, 2, 0, 2, 2, 2, 2],
    [0, 1, 0, 1, 0, 1, 1, 1, 0, 0],
    [2, 2, 2, 2, 0, 1, 0, 0, 0, 0],
    [1, 1, 1, 1, 2, 2, 2, 2, 2, 2],
]
INDEX = [
    list(range(10)),
    list(range(10, 20)),
    list(range(20, 30)),
    [21, 2, 18, 3, 15, 22, 12, 27, 23, 9],
    [20, 5, 28, 8, 6, 25, 11, 13, 7, 16],
    [1, 19, 24, 10, 0, 29, 17, 14, 4, 26],
]
MEANS = {1: {0: 0.49, 1: 0.42, 2: 0.59}, 2: {0: 0.54, 1: 0.66, 2: 0.45}}


def of_labels(label_names=None):
    tracker = Tracker(label_names=label_names)
    for batch in range(6):
        # their label tests have no index: in the second epoch the same rows carry other labels
        index = np.arange(10) + 10 * batch
        tracker.record(index, LABEL[batch], mode="train", acc=METRIC[batch])
        if batch % 3 == 2:
            tracker.end_epoch()
    return tracker


def of_instances(**options):
    tracker = Tracker(**options)
    for batch in range(6):
        tracker.record(INDEX[batch], mode="train", ce=METRIC[batch])
        if batch % 3 == 2:
            tracker.end_epoch()
    return tracker


def by_hand(epoch, label):
    batches = range(3 * epoch - 3, 3 * epoch)
    return [
        np.float32(m).item() for b in batches for m, y in zip(METRIC[b], LABEL[b], strict=True) if y == label
    ]


def test_label_means_at_the_steps_of_the_epochs():
    series = of_labels().label_series("acc", mode="train")
    assert series.labels == (0, 1, 2)
    assert series.epochs.tolist() == [1, 2]
    assert series.steps.tolist() == [3, 6]
    for column, epoch in enumerate((1, 2)):
        assert {y: round(m, 6) for y, m in zip(series.labels, series.mean[:, column], strict=True)} == MEANS[
            epoch
        ]


def test_limiting_and_renaming_labels():
    series = of_labels({"good": 0, "bad": 1}).label_series("acc", mode="train")
    assert series.names == ("good", "bad")
    assert np.round(series.mean, 6).tolist() == [[0.49, 0.54], [0.42, 0.66]]


def test_both_bounds_at_once():
    series = of_labels().label_series("acc", mode="train")
    for row, label in enumerate(series.labels):
        for column, epoch in enumerate((1, 2)):
            values = by_hand(epoch, label)
            mean, std = statistics.mean(values), statistics.stdev(values)
            low, high = (edge[row, column] for edge in series.bounds("std"))
            np.testing.assert_allclose([low, high], [mean - std, mean + std], rtol=1e-12)
            least, most = (edge[row, column] for edge in series.bounds("range"))
            assert (least, most) == (min(values), max(values))
            assert series.count[row, column] == len(values)


def test_one_value_has_no_deviation():
    tracker = Tracker()
    tracker.record([0, 1, 2], [0, 1, 1], loss=[0.5, 1.0, 3.0])
    series = tracker.label_series(mode="train")
    assert series.std[:, 0].tolist() == [0.0, pytest.approx(statistics.stdev([1.0, 3.0]))]


def test_five_hardest_and_five_easiest_by_their_last_value():
    hard, easy = of_instances().extremes("ce", mode="train", by="last")
    assert len(hard) == len(easy) == 5
    # eight instances end at 0.9 and five at 0.1: equal ones are chosen as a stable sorting does
    assert set(easy.index) == {3, 4, 8, 11, 14}
    assert set(hard.index) == {7, 24, 25, 27, 28}
    last = {i: m for b in range(6) for i, m in zip(INDEX[b], METRIC[b], strict=True)}
    assert hard.scores.tolist() == pytest.approx(sorted(last.values(), reverse=True)[:5])
    assert easy.scores.tolist() == pytest.approx(sorted(last.values())[:5])


def test_specific_indices_alone():
    tracker = of_instances()
    series = tracker.instance_series([1, 5, 17], "ce", mode="train")
    assert series.index == (1, 5, 17)
    assert series.steps.tolist() == [3, 6]
    np.testing.assert_allclose(series.values, np.float32([[0.8, 0.3], [0.6, 0.4], [0.2, 0.6]]))
    hard, easy = tracker.extremes("ce", mode="train", n_max=0, n_min=0)
    assert len(hard) == len(easy) == 0


def test_extremes_together_with_specific_indices():
    tracker = of_instances()
    hard, easy = tracker.extremes("ce", mode="train", by="last")
    together = {*hard.index, *easy.index, 1, 5, 17}
    assert len(together) == 13
    assert tracker.instance_series(sorted(together), "ce").values.shape == (13, 2)


@pytest.mark.parametrize("n", [{"n_max": -1}, {"n_min": -1}])
def test_negative_numbers_are_refused(n):
    with pytest.raises(ValueError, match="neither may be negative"):
        of_instances().extremes("ce", **n)


def test_restored_state_has_the_same_histories(tmp_path):
    for make, ask in (
        (of_instances, lambda t: t.instance_series([1, 5, 17], "ce").values),
        (of_labels, lambda t: t.label_series("acc", mode="train").mean),
    ):
        tracker = make()
        restored = Tracker()
        restored.load_state_dict(tracker.state_dict())
        np.testing.assert_array_equal(ask(restored), ask(tracker))


def test_every_second_epoch_keeps_first_and_newest_too():
    tracker = Tracker(epoch_frequency=2)
    for epoch in range(1, 8):
        tracker.record([0, 1], [0, 1], loss=[epoch, epoch])
        tracker.end_epoch()
    assert tracker.instance_series([0]).epochs.tolist() == [1, 2, 4, 6, 7]
    series = tracker.label_series(mode="train")
    assert series.epochs.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert series.mean[0].tolist() == [1, 2, 3, 4, 5, 6, 7]
