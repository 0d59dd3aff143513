"""The view "Is it cheating?": what it tells the page, what the page may say, covering, and a store that grows."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pytest

import xai_widgets as xw

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "explain"))
import test_explain as case  # noqa: E402


def soon(done, seconds=60.0):
    """Wait until something is so; whether it came."""
    until = time.monotonic() + seconds
    while not done() and time.monotonic() < until:
        time.sleep(0.02)
    return done()


@pytest.fixture(scope="module")
def data():
    x, label, _ = case.pictures()
    return xw.samples.as_samples(x, labels=label, label_names={"sea": 0, "sky": 1, "<b>bird": 2})


@pytest.fixture(scope="module")
def store(data, tmp_path_factory):
    return xw.explain(case.Reader(), data, tmp_path_factory.mktemp("store"), progress=False)


@pytest.fixture
def view(data, store):
    with xw.Shortcuts(store, case.Reader(), data, every=0.05) as made:
        assert made.wait()
        made.publisher.flush()
        yield made


def press(view, key, how="pick"):
    view._hear(None, {"type": "row", "key": key, "how": how}, [])


def test_the_most_suspicious_class_comes_first_with_its_pictures(view, store):
    first = view.board.classes[0]
    assert first["name"] == "<b>bird"
    rule = first["rules"][0]
    assert rule["place"] == "in the bottom left corner"
    assert rule["count"] == len(store.clusters()[0])
    assert view.board.masks[rule["key"]].startswith("data:image/png;base64,")
    assert all(view.board.pictures[key].startswith("data:image/png") for key, _ in rule["typical"])
    assert view.front.head["title"] == "Is it cheating?"
    assert "bottom left corner" in view.summary()
    assert view.brief().text.startswith("most suspicious <b>bird")
    assert len(view.board.classes) == len({c.label for c in store.clusters()})


def test_a_pressed_rule_selects_its_instances_and_a_picture_itself(view, store):
    key = view.rule_names[0]
    press(view, key)
    assert view.rule == key
    assert view.selected == view.selection.indices == tuple(store.clusters()[0].index.tolist())
    assert view.selection.explained == tuple(store.clusters()[0].typical[:4].tolist())
    view.publisher.flush()
    shot = view.board.classes[0]["rules"][0]["typical"][1]
    press(view, f"{key}#{shot[0]}")
    assert view.selected == (store.clusters()[0].typical[1],)
    view.publisher.flush()
    assert view.board.chosen == [shot[0]]
    press(view, key)
    assert view.rule == ""
    view.selected = (5, 6)
    assert view.selection.indices == (5, 6)


def test_covering_the_mark_takes_the_class_away(view):
    key = view.rule_names[0]
    press(view, key)
    press(view, key, "second")
    assert soon(lambda: key in view.outcomes)
    outcome = view.outcomes[key]
    assert outcome.effect == view.rules[0].effect
    assert outcome.same_weights
    assert sum(count for _, count in outcome.instead) == round(outcome.effect.drop * outcome.effect.count)
    assert soon(lambda: view.board.cover["busy"] == "" and view.board.cover["outcome"] is not None)
    said = view.board.cover["outcome"]
    assert "100% ± 7% are no longer taken for this class, but for sea" in said["text"]
    assert {each["now"] for each in said["pictures"]} == {"sea"}


def test_only_selected_instances_are_covered(view):
    rule = view.rules[0]
    few = tuple(rule.index[:3].tolist())
    view.selected = few
    view.cover(0)
    assert soon(lambda: view.rule_names[0] in view.outcomes)
    assert view.outcomes[view.rule_names[0]].effect.count == 3


def test_other_weights_are_told(data, store):
    changed = case.Reader()
    with torch.no_grad():
        changed.read.bias.add_(0.001)
    with xw.Shortcuts(store, changed, data) as view:
        view.wait()
        view.cover(0)
        assert soon(lambda: view.outcomes)
        assert soon(lambda: "other weights now" in (view.board.cover["outcome"] or {"text": ""})["text"])


def test_without_a_model_it_says_why_nothing_is_covered(store, data):
    with xw.Shortcuts(store, samples=data) as view:
        view.wait()
        view.publisher.flush()
        assert view.board.cover["off"] == "Cover it needs the model: Shortcuts(explained, model, samples)"
        press(view, view.rule_names[0], "second")
        assert "Cover it needs the model" in view.front.strip["text"]
        with pytest.raises(ValueError, match="needs the model"):
            view.cover(0)
    with xw.Shortcuts(store) as view:
        view.wait()
        view.publisher.flush()
        assert view.board.pictures == {}
        assert "the model and the samples" in view.board.cover["off"]


@pytest.mark.parametrize("key", ["", "9: nowhere", "2: x#i1", "x" * 500, "#"])
def test_what_is_not_there_is_refused(view, key):
    before = view.refused
    press(view, key)
    press(view, f"{view.rule_names[0]}#i99999")
    view._hear(None, {"type": "word", "name": "label", "value": "99"}, [])
    view._hear(None, {"type": "action", "name": "explode"}, [])
    view._hear(None, ["no message"], [])
    assert view.refused == before + 5
    assert view.rule == ""
    assert view.label is None


def test_a_class_can_be_chosen_by_value_or_name(view):
    view._hear(None, {"type": "word", "name": "label", "value": "2"}, [])
    assert view.label == 2
    view.publisher.flush()
    assert {group["name"] for group in view.board.classes} == {"<b>bird"}
    view.label = "sea"
    view.publisher.flush()
    assert {group["name"] for group in view.board.classes} <= {"sea"}
    view._hear(None, {"type": "word", "name": "label", "value": ""}, [])
    assert view.label is None


def test_a_growing_store_is_followed(data, tmp_path):
    with xw.Shortcuts(tmp_path / "later", samples=data, every=0.02) as view:
        view.wait()
        view.publisher.flush()
        assert view.front.empty["text"] == "Nothing is explained yet"
        xw.explain(case.Reader(), data, tmp_path / "later", index=range(30), progress=False, effects=False)
        assert soon(lambda: view.front.empty and view.front.empty["text"] == "No rule is found yet")
        xw.explain(case.Reader(), data, tmp_path / "later", progress=False)
        assert soon(lambda: view.front.empty is None and bool(view.board.classes))
        assert soon(lambda: view.rules and view.rules[0].effect is not None)


def test_what_cannot_be_read_is_told(data, store, tmp_path):
    for path in store.folder.iterdir():
        raw = bytearray(path.read_bytes())
        raw[len(raw) // 2] ^= 1
        (tmp_path / path.name).write_bytes(raw)
    with xw.Shortcuts(tmp_path, samples=data) as view:
        view.wait()
        view.publisher.flush()
        told = str(view.front.strip) + str(view.front.empty)
        assert "damaged at byte" in told
    with pytest.raises(TypeError, match="or its folder; got int"):
        xw.Shortcuts(3)
    with pytest.raises(ValueError, match="most should be 1 to 200"):
        xw.Shortcuts(tmp_path, most=0)


def test_the_same_page_without_a_browser(view, tmp_path):
    figure = view.figure()
    assert figure.png()[:4] == b"\x89PNG"
    assert "bottom left corner" in figure.description
    assert "bird" in view.figure(dark=True).svg()


def test_the_map_has_the_scores_of_the_store(data, store):
    tracker = xw.Tracker(label_names={"sea": 0, "sky": 1, "bird": 2})
    index = np.arange(100)  # ten of them are not explained
    for epoch in (1, 2):
        tracker.record(index, index % 3, mode="train", epoch=epoch, loss=np.linspace(0, 1, 100))
        tracker.end_epoch("train", epoch=epoch)
    with xw.Dashboard(tracker, case.Reader(), data, explained=store) as dashboard:
        dashboard.shortcuts.wait()
        chart = dashboard.map
        chart.x, chart.y, chart.color = "rule", "suspicion", "mask_in_rule"
        with chart._lock:
            chart._restart()
        first = store.clusters()[0]
        rows = chart.source.find(first.index.tolist())
        np.testing.assert_array_equal(chart.source.score("rule")[rows], 1)
        np.testing.assert_allclose(chart.source.score("suspicion")[rows], first.suspicion)
        assert np.isnan(chart.source.score("suspicion")[90:]).all()
        assert "suspicion" in chart.source.scores()
        chart.filters = {"shortcut": True}
        wanted = {i for rule in store.clusters() if rule.suspicion >= 0.1 for i in rule.index.tolist()}
        assert set(chart.shown()) == wanted
        dashboard.shortcuts.choose(0)
        assert dashboard.selected == tuple(first.index.tolist())
        assert dashboard.history.selection.indices == dashboard.selected
        dashboard.tab = "rules"
        assert "Is it cheating?" in [tab["title"] for tab in dashboard._arrangement.front.tabs]
    with xw.Dashboard(tracker) as plain:
        assert plain.shortcuts is None
        assert "suspicion" not in plain.map.source.scores()
        with pytest.raises(Exception, match="no tab 'rules'"):
            plain.tab = "rules"


def test_the_report_has_the_rules(data, store, tmp_path):
    tracker = xw.Tracker()
    tracker.record(np.arange(4), np.zeros(4, int), mode="train", epoch=1, loss=np.ones(4))
    tracker.end_epoch("train", epoch=1)
    text = xw.figures.report(tmp_path / "r.html", tracker, samples=data, explained=store).read_text()
    assert "Is it cheating?" in text
    assert "not a probability" in text
    assert "&lt;b&gt;bird" in text
    assert "<b>bird" not in text


def test_a_model_of_several_outputs_is_covered_as_it_was_explained(data, tmp_path):
    class Two(case.Reader):
        def forward(self, x):
            return x.mean((1, 2, 3)), super().forward(x)

    store = xw.explain(Two(), data, tmp_path, engine_options={"output": 1}, progress=False)
    with xw.Shortcuts(store, Two(), data) as view:
        assert view.wait()
        view.cover(0)
        assert soon(lambda: view.rule_names[0] in view.outcomes)
        assert view.outcomes[view.rule_names[0]].effect == store.clusters()[0].effect
