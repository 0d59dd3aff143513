"""What edits did, from runs of which the numbers are known."""

from __future__ import annotations

import numpy as np
import pytest

import xai_widgets as xw

N = 8
LABELS = np.arange(N) % 2
EVALUATED = np.arange(100, 100 + N)


def run(right, folder=None, evaluated=EVALUATED, labels=LABELS, trained=range(6)):
    tracker = xw.Tracker(label_names=["cat", "dog"], log_dir=folder)
    trained = np.array(list(trained))
    for epoch in (1, 2):
        tracker.record(trained, trained % 2, epoch=epoch, loss=trained + epoch)
        tracker.end_epoch("train")
        said = np.where(np.arange(N) < right * epoch // 2, labels, 1 - labels)
        tracker.record(
            evaluated,
            labels,
            mode="eval",
            epoch=epoch,
            loss=np.full(N, 1.0 / right),
            logits=np.eye(2)[said] * 3,
        )
        tracker.end_epoch("eval")
    return tracker


def test_a_report_says_what_changed_by_class_and_by_sample(tmp_path):
    before, after = [run(4), run(2)], [run(8, tmp_path, trained=range(5)), run(4)]
    edits = xw.Edits(after[0])
    edits.exclude(5, force=True)
    edits.relabel(2, 1)
    after[0].close()
    report = edits.report(before, [tmp_path, after[1]])
    assert report.names == ("cat", "dog")
    np.testing.assert_array_equal(report.before, [[0.5, 0.5], [0.25, 0.25]])
    np.testing.assert_array_equal(report.after, [[1, 1], [0.5, 0.5]])
    np.testing.assert_allclose(report.difference, [0.375, 0.375])
    np.testing.assert_allclose(report.error, [0.125, 0.125])  # of 0.5 and 0.25
    assert report.operation == ("excluded", "relabelled")
    np.testing.assert_array_equal(report.sample_before, [[7, 4], [7, 4]])
    np.testing.assert_array_equal(report.sample_after, [[np.nan, 4], [7, 4]])
    assert "all (8): 0.3750 -> 0.7500, +0.3750 ± 0.1250" in str(report)
    assert "1 excluded, 1 relabelled" in str(report)
    one = edits.report(before[0], after[1], metric="loss", epoch=1)
    assert np.isnan(one.error).all()
    assert "tells nothing of the spread" in str(one)
    edits.exclude(100, mode="eval", force=True)
    assert "the evaluation set is edited itself: 1 of" in str(edits.report(before[0], after[1]))


BAD = [
    (lambda e, a: e.report([a, a], a), "2 runs without edits and 1 with"),
    (lambda e, a: e.report(run(4, evaluated=np.arange(N)), a), "evaluated on different sets: 8"),
    (lambda e, a: e.report(run(4, labels=1 - LABELS), a), "different labels in mode 'eval'"),
    (lambda e, a: e.report(a, a, metric="iou"), "no metric 'iou' in mode 'eval'; there are loss, accuracy"),
    (lambda e, a: e.report(a, a, mode="test"), "nothing of mode 'test'; it has train, eval"),
    (lambda e, a: e.report(a, a, epoch=9), r"no epoch 9 of mode 'eval' was recorded; there are \[1, 2\]"),
]


@pytest.mark.parametrize(("ask", "said"), BAD, ids=[said for _, said in BAD])
def test_runs_that_cannot_be_compared(ask, said):
    tracker = run(4)
    with pytest.raises(ValueError, match=said):
        ask(xw.Edits(tracker), tracker)
    with pytest.raises(TypeError, match="got int"):
        xw.Edits(tracker).report(3, tracker)
