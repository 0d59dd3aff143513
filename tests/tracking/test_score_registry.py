"""A score is one entry: registered from outside, it is in tables, rankings and the map."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import xai_widgets as xw
from xai_widgets.tracking import Score
from xai_widgets.widgets.instance_map.score_source import score_range


@pytest.fixture
def toy() -> Iterator[Score]:
    score = Score(
        "swing", lambda s: s.get("max") - s.get("min"), unit=None, range=(0.0, 9.0), text="swing of {}"
    )
    yield xw.tracking.register(score)
    xw.tracking.unregister("swing")


def recorded() -> xw.Tracker:
    tracker = xw.Tracker()
    for epoch in (1, 2):
        tracker.record([0, 1, 2], [0, 0, 1], epoch=epoch, loss=[1.0, 2.0 / epoch, 5.0 * epoch])
    tracker.end_epoch()
    return tracker


def test_a_score_from_outside_is_in_tables_rankings_and_the_map(toy: Score, tmp_path: Path) -> None:
    tracker = recorded()
    assert tracker.dynamics()["swing"].tolist() == [0, 1, 5]
    assert tracker.scores("swing").tolist() == [0, 1, 5]
    assert tracker.extremes(by="swing", n_max=2)[0].index == (2, 1)
    with xw.InstanceMap(tracker, x="swing", y="mean") as view:
        assert "swing" in {each["name"] for each in view._metadata()["scores"]}
        axis = view._metadata()["x"]
        assert (axis["text"], axis["unit"]) == ("swing of loss", "nats")
        assert score_range("swing", np.array([0.0, 1.0]), None) == (0.0, 9.0)
        view.selected = (2, 0)
        view.export(tmp_path / "chosen.csv")
        assert (tmp_path / "chosen.csv").read_text().splitlines()[0].endswith("suggested_probability,swing")
    with xw.InstanceHistory(tracker, by="swing", n_max=1, n_min=0) as history:
        assert history.front.legend["rows"][0]["text"] == "#2"


def test_an_unknown_score_lists_the_known_ones(toy: Score) -> None:
    tracker = recorded()
    asked = (
        lambda: tracker.extremes(by="swinging"),
        lambda: tracker.scores("swinging"),
        lambda: tracker.dynamics(columns=["swinging"]),
    )
    for ask in asked:
        with pytest.raises(
            ValueError, match=r"unknown score 'swinging'; one of mean, last, .*aum, margin, .*swing"
        ):
            ask()
    with pytest.raises(Exception, match=r"'swinging'; one of mean, .*swing.* is expected"):
        xw.InstanceMap(tracker, x="swinging")


def test_a_score_that_lacks_its_evidence_does_not_spoil_the_others() -> None:
    xw.tracking.register(Score("doubt", lambda s: s.get("entropy") * 2, needs=("entropy",)))
    try:
        tracker = recorded()
        assert "doubt" not in tracker.dynamics()
        assert "doubt" not in tracker.score_names()
        with pytest.raises(ValueError, match="entropy needs logits: record"):
            tracker.scores("doubt")
        tracker.record([0, 1, 2], [0, 1, 1], epoch=3, loss=[1.0, 1, 1], logits=np.eye(3)[:, :2])
        tracker.end_epoch()
        assert tracker.scores("doubt").tolist() == (2 * tracker.scores("entropy")).tolist()
    finally:
        xw.tracking.unregister("doubt")


def test_entries_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match=r"needs 'moon', which is neither of logits, .* nor a score: mean"):
        xw.tracking.register(Score("tide", lambda s: s.get("mean"), needs=("moon",)))
    with pytest.raises(ValueError, match="'margin' is taken by 'aum'"):
        xw.tracking.register(Score("margin", lambda s: s.get("mean")))
    with pytest.raises(ValueError, match='"high", "low" or "metric"'):
        Score("tide", lambda s: s.get("mean"), hardest="up")  # type: ignore[arg-type]
    xw.tracking.register(Score("wide", lambda s: np.zeros((s.size, 2))))
    try:
        with pytest.raises(ValueError, match=r"has shape \(3, 2\); \(3,\) is expected"):
            recorded().scores("wide")
    finally:
        xw.tracking.unregister("wide")
