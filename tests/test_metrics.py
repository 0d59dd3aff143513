"""The table of metrics: which end is bad, in every place that says so; and how numbers are written."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import xai_widgets as xw
from xai_widgets._metrics import Metric, metric_of, number, percent, probability, words_of


@pytest.mark.parametrize(
    "name",
    ["accuracy", "val_accuracy", "top1_accuracy", "top5", "top-5", "BinaryAccuracy", "sparse_categorical_accuracy", "acc@1",
     "meanIoU", "miou", "f1", "F1Score", "macro_f1", "dice", "precision", "recall", "ap50", "mAP", "auroc", "ndcg@10",
     "iou", "confidence", "margin", "probability", "r2", "bleu", "psnr", "cosine_similarity", "log_likelihood", "neg_mse"],
)  # fmt: skip
def test_of_these_more_is_better(name: str) -> None:
    assert metric_of(name).better == "high"


@pytest.mark.parametrize(
    "name",
    ["loss", "val_loss", "dice_loss", "iou_loss", "margin_loss", "top5_error", "error", "mae", "rmse", "perplexity", "nll",
     "negative_log_likelihood", "false_positive_rate", "brier_score", "fid", "wer", "cosine_distance", "entropy", "anything"],
)  # fmt: skip
def test_of_these_less_is_better(name: str) -> None:
    assert metric_of(name).better == "low"


def test_units_and_ranges() -> None:
    assert [metric_of(m).unit for m in ("loss", "val_loss", "cross_entropy", "accuracy", "psnr", "dice_loss")] == [
        "nats", "nats", "nats", "", "dB", "",
    ]  # fmt: skip
    assert (metric_of("accuracy").low, metric_of("accuracy").high) == (0, 1)
    values = np.array([0.2, 0.9])
    assert metric_of("accuracy").within(-0.1, 1.2, values) == (0, 1)
    assert metric_of("accuracy").within(-0.1, 1.2, 100 * values) == (-0.1, 1.2), "an accuracy in percent"
    assert words_of("val_top5-acc") == ("top", "acc")


@pytest.mark.parametrize("metric", ["loss", "accuracy", "iou", "top1_accuracy", "mine"])
def test_the_hardest_are_the_same_in_rankings_widgets_figures_and_reports(metric: str) -> None:
    tracker = xw.Tracker(label_names=["easy", "hard"])
    good, bad = ([0.1, 0.2], [2.0, 3.0]) if metric == "loss" else ([0.9, 0.8], [0.2, 0.1])
    for epoch in (1, 2):
        tracker.record([0, 1, 2, 3], [0, 0, 1, 1], mode="eval", epoch=epoch, **{metric: [*good, *bad]})
    tracker.end_epoch("eval")
    if metric == "mine":
        tracker.metric("mine", better="high", unit="points")
    for by in ("mean", "last", "recent", "min", "max"):
        hard, easy = tracker.extremes(metric, mode="eval", n_max=2, n_min=2, by=by)
        assert (hard.index, easy.index) == ((3, 2), (0, 1)), by
    series = tracker.label_series(metric, mode="eval")
    with xw.LabelDifficulty(tracker, metric=metric) as view:
        assert [row["text"] for row in view.front.legend["rows"]] == ["hard", "easy"]
        assert view.front.legend["unit"] == {"loss": "nats", "mine": "points"}.get(metric, "")
    figure = xw.figures.label_difficulty(series)
    assert "hardest hard" in figure.description
    assert "easiest easy" in figure.description
    with xw.InstanceHistory(tracker, metric=metric, mode="eval", n_max=1, n_min=1) as history:
        assert [(r["text"], r["group"]) for r in history.front.legend["rows"]] == [
            ("#3", "hardest"),
            ("#0", "easiest"),
        ]


def test_what_a_tracker_was_told_of_a_metric_is_kept(tmp_path: Path) -> None:
    tracker = xw.Tracker(log_dir=tmp_path / "run")
    told = tracker.metric("points", better="high", unit="pt", low=0, high=20)
    assert tracker.metric("points") == told == Metric("points", "high", "pt", 0, 20)
    tracker.record([0, 1], [0, 1], points=[1.0, 2.0])
    tracker.save(tmp_path / "saved")
    other = xw.Tracker()
    other.load_state_dict(tracker.state_dict())
    for known in (xw.Tracker.load(tmp_path / "saved"), other, xw.Tracker.follow(tmp_path / "run")):
        assert known.metric("points") == told
        assert known.extremes("points", n_max=1)[0].index == (0,)
        known.close()


def test_what_cannot_be_of_a_metric_is_refused() -> None:
    tracker = xw.Tracker()
    with pytest.raises(ValueError, match=r'"low" .* or "high"'):
        tracker.metric("iou", better="more")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a string is expected"):
        tracker.metric("iou", unit=3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="the smaller one"):
        tracker.metric("iou", low=2, high=1)
    assert tracker.metric("iou") == metric_of("iou")


def test_an_accuracy_is_not_taken_for_a_cross_entropy() -> None:
    tracker = xw.Tracker()
    tracker.record([0, 1], [0, 1], accuracy=[1.0, 0.0])
    assert "confidence" not in tracker.dynamics(metric="accuracy")
    with pytest.raises(ValueError, match="better the higher"):
        tracker.scores("confidence", "accuracy")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0.00"), (-0.0, "0.00"), (1.994, "1.99"), (-0.5, "−0.50"), (12.34, "12.3"), (123.4, "123"), (12345.6, "12,346"),
     (0.0042, "0.0042"), (3e-7, "3e−07"), (2.5e7, "2.50e+07"), (math.nan, "–"), (None, "–"), (math.inf, "∞"), (-math.inf, "−∞")],
)  # fmt: skip
def test_numbers_stop_at_what_is_known(value: float | None, text: str) -> None:
    assert number(value) == text


def test_percents_and_probabilities() -> None:
    shown = ["1.8 %", "50 %", "0.0 %", "under 0.1 %", "−2.0 %", "–"]
    assert [percent(v) for v in (0.018, 0.5, 0, 0.0001, -0.02, math.nan)] == shown
    assert [probability(v) for v in (0.999, 1, 0.004, 0, 0.5, math.nan)] == [
        "over 99 %",
        "100 %",
        "under 1 %",
        "0 %",
        "50 %",
        "",
    ]
