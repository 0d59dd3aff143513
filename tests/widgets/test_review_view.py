"""The review: its queue, its decisions, what the browser may ask for, and that names are data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from views_common import settle

import xai_widgets as xw
from xai_widgets.widgets.review.desk import parse

NAMES = ["airplane", "bird", "<b>cat</b>\u202e"]
N = 120


def run(epochs: int = 5, log_dir: Any = None) -> Any:
    """Record epochs in which the twelve labels 0, 10, 20, ... are wrong."""
    tracker = xw.Tracker(label_names=NAMES, epochs=10, log_dir=log_dir)
    more_epochs(tracker, epochs)
    return tracker


def labels() -> tuple[np.ndarray, np.ndarray]:
    true = np.arange(N) % 3
    given = true.copy()
    given[::10] = (given[::10] + 1) % 3
    return true, given


def more_epochs(tracker: Any, epochs: int, skip: tuple[int, ...] = ()) -> None:
    rng = np.random.default_rng(tracker.epoch)
    true, given = labels()
    rows = np.setdiff1d(np.arange(N), skip)
    for _ in range(epochs):
        logits = rng.normal(0, 0.5, (N, 3))
        logits[np.arange(N), true] += 1 + 0.6 * tracker.epoch
        loss = np.log(np.exp(logits).sum(1)) - logits[np.arange(N), given]
        tracker.record(rows, given[rows], loss=loss[rows], logits=logits[rows])
        right = (logits.argmax(1) == true).astype("f4")
        tracker.record(np.arange(30), true[:30], mode="eval", accuracy=right[:30] * 0 + 0.1 * tracker.epoch)
        tracker.end_epoch()


class Window:
    """A browser window: it sends what its buttons would, about what it was shown."""

    def __init__(self, review: Any) -> None:
        self.review = review

    def send(self, **content: Any) -> None:
        self.review._hear_desk(self.review.desk, content, [])
        self.review.publisher.flush()

    def decide(self, what: str, label: str = "", key: str | None = None, marked: int = 0) -> None:
        shown = self.review.desk.card["key"] if key is None else key
        self.send(type="decide", what=what, key=shown, label=label, marked=marked)

    @property
    def said(self) -> str:
        return str(self.review.desk.said["text"])

    @property
    def trouble(self) -> str:
        return str(self.review.front.strip["text"])


@pytest.fixture
def tracker() -> Any:
    return run()


def test_suspected_label_errors_come_first_and_say_why(tracker: Any, no_leak: None) -> None:
    with xw.Review(tracker, xw.Edits(tracker)) as review:
        suspects = tracker.suspects()
        assert review.queue == suspects.index
        assert set(review.queue) == set(range(0, N, 10))
        card = review.desk.card
        first = suspects.index[0]
        true, given = labels()
        assert card["index"] == f"#{first}"
        assert card["given"] == tracker.name_of(given[first]) or given[first] == 2
        assert card["differs"]
        assert card["suggested"]["key"] == f"i{true[first]}"
        assert card["history"]["epochs"] == [1, 2, 3, 4, 5]
        values = tracker.instance_series([first], "loss").values[0]
        np.testing.assert_allclose(card["history"]["values"], values, rtol=1e-4)
        assert len(card["nearest"]["cards"]) == 3
        assert review.progress == (0, 12)
        assert review.desk.note.startswith("No pictures: pass samples")


def test_the_three_nearest_are_those_with_the_nearest_scores(tracker: Any, no_leak: None) -> None:
    with xw.Review(tracker, xw.Edits(tracker), queue=[7]) as review:
        plane = [tracker.scores(name) for name in ("confidence", "variability")]
        away = sum(((v - v[7]) / v.std()) ** 2 for v in plane)
        assert [c["key"] for c in review.desk.card["nearest"]["cards"]] == [
            f"i{i}" for i in np.argsort(away)[1:4]
        ]


def test_keys_decide_and_the_next_card_comes(tracker: Any, no_leak: None) -> None:
    edits = xw.Edits(tracker, who="alice")
    true, _ = labels()
    with xw.Review(tracker, edits) as review:
        window, queue = Window(review), review.queue
        window.decide("accept")
        window.decide("exclude")
        window.decide("keep")
        window.decide("relabel", "i1")
        assert [e.operation for e in edits.history()] == ["relabel", "exclude", "restore", "relabel"]
        assert [e.ids for e in edits.history()] == [(i,) for i in queue[:4]]
        assert edits.history()[0].values == (int(true[queue[0]]),)
        assert edits.history()[3].values == (1,)
        assert review.current == queue[4]
        assert review.progress == (4, 8)
        assert [entry["text"].split()[0] for entry in review.desk.log] == [
            "relabelled",
            "kept",
            "excluded",
            "relabelled",
        ]
        assert {entry["who"] for entry in review.desk.log} == {"alice"}
        assert "in force from epoch 6 on" in window.said
        assert window.trouble == ""


def test_a_second_press_on_the_same_card_writes_nothing_twice(tracker: Any, no_leak: None) -> None:
    edits = xw.Edits(tracker)
    with xw.Review(tracker, edits) as review:
        window, key = Window(review), review.desk.card["key"]
        window.decide("exclude", key=key)
        window.decide("exclude", key=key)
        assert len(edits.history()) == 1
        assert window.said.endswith("is excluded already")


def test_undo_shows_what_it_was_about_and_redo_does_it_again(tracker: Any, no_leak: None) -> None:
    edits = xw.Edits(tracker)
    with xw.Review(tracker, edits) as review:
        window, first = Window(review), review.queue[0]
        window.decide("exclude")
        undo = review.desk.can["undo"]
        assert undo["text"] == f"excluded #{first}"
        window.send(type="undo", key=undo["key"])
        assert review.current == first
        assert review.desk.card["decision"] is None
        assert not edits.state().excluded.any()
        assert review.desk.log[0]["undone"]
        window.send(type="redo", key=review.desk.can["redo"]["key"])
        assert edits.state().index.tolist() == [first]
        assert review.desk.card["decision"]["what"] == "excluded"


def test_nothing_is_undone_that_the_page_did_not_name(tracker: Any, no_leak: None) -> None:
    edits = xw.Edits(tracker)
    with xw.Review(tracker, edits) as review:
        window = Window(review)
        window.decide("exclude")
        seen = review.desk.can["undo"]["key"]
        edits.exclude([1], who="bob")
        window.send(type="undo", key=seen)
        assert len(edits.history()) == 2
        assert "somebody else decided meanwhile" in window.said
        assert review.desk.can["undo"]["who"] == "bob"


def test_an_excluded_one_that_is_relabelled_comes_back(tracker: Any, no_leak: None) -> None:
    edits = xw.Edits(tracker)
    with xw.Review(tracker, edits) as review:
        first = review.queue[0]
        review.exclude()
        review.current = first
        with pytest.raises(ValueError, match="no class has the label"):
            review.relabel("zebra")
        assert edits.state().excluded.tolist() == [True], "nothing is applied by half"
        review.relabel("bird")
        state = edits.state()
        assert (state.excluded.tolist(), state.label.tolist()) == ([False], [1])


def test_many_at_once_are_one_edit(tracker: Any, no_leak: None) -> None:
    edits = xw.Edits(tracker)
    with xw.Review(tracker, edits) as review:
        window, queue = Window(review), review.queue
        window.send(type="mark", key=review.desk.card["key"])
        window.send(type="through", key=f"i{queue[3]}")
        assert set(review.marked) == set(queue[:4])
        window.decide("exclude", marked=3)
        assert edits.history() == ()
        assert "marked meanwhile" in window.said
        window.decide("exclude", marked=4)
        assert [set(e.ids) for e in edits.history()] == [set(queue[:4])]
        assert review.marked == ()
        assert review.current == queue[4]
        window.send(type="mark_left")
        assert review.marked == queue[4:]
        window.decide("accept", marked=8)
        assert review.progress == (12, 0)
        assert review.desk.card is None
        assert review.desk.empty["text"] == "All 12 are decided"


def test_what_was_skipped_comes_last(tracker: Any, no_leak: None) -> None:
    with xw.Review(tracker, xw.Edits(tracker), queue=[4, 2, 9]) as review:
        Window(review).send(type="skip", key="i4")
        assert review.current == 2
        review.keep()
        review.keep()
        assert review.current == 4
        review.skip()
        assert review.current == 4, "nothing else is left"


def test_a_queue_of_ones_own_stays_until_a_source_is_chosen(tracker: Any, no_leak: None) -> None:
    with xw.Review(tracker, xw.Edits(tracker)) as review:
        review.queue = np.array([5, 3])
        assert (review.source, review.current) == ("chosen", 5)
        more_epochs(tracker, 1)
        review.publisher.flush()
        assert review.queue == (5, 3)
        review._hear(review.front, {"type": "word", "name": "source", "value": "hardest"}, [])
        hard, _ = tracker.extremes(n_max=2000, n_min=0)
        assert review.queue == hard.index
        review.source = "likely"
        suspects = tracker.suspects()
        assert len(review.queue) == N > len(suspects)
        assert review.queue[: len(suspects)] == suspects.index, "the suspected ones come first"
        review.source = "wrong"
        assert set(review.queue) == {i for i in range(N) if tracker.scores("wrong")[i] == 1}
        review.source = "suspected"
        assert set(review.queue) == set(tracker.suspects().index)


def test_the_card_stays_while_epochs_end_and_its_numbers_do_not(tracker: Any, no_leak: None) -> None:
    with xw.Review(tracker, xw.Edits(tracker)) as review:
        here = review.current
        more_epochs(tracker, 1)
        review.publisher.flush()
        assert review.current == here
        assert review.desk.card["history"]["epochs"] == [1, 2, 3, 4, 5, 6]
        review.paused = True
        more_epochs(tracker, 1)
        review.publisher.flush()
        assert review.desk.card["history"]["epochs"] == [1, 2, 3, 4, 5, 6]
        review.exclude()
        review.publisher.flush()
        assert review.desk.log, "a decision shows, also while the views stand still"


def test_it_waits_and_says_for_what(no_leak: None) -> None:
    tracker = xw.Tracker(label_names=NAMES)
    with xw.Review(tracker, xw.Edits(tracker)) as review:
        assert review.desk.card is None
        assert review.desk.empty["text"] == "Nothing to review yet"
        more_epochs(tracker, 1)
        review.publisher.flush()
        assert review.desk.empty["text"] == "Nothing suspected"
        assert review.desk.empty["hint"] == f"T{tracker.suspects().text[1:]}."
        assert "this waits for" in review.desk.empty["hint"]
        review.source = "likely"
        assert "this waits for" in review.desk.empty["hint"]
        review.source = "suspected"
        more_epochs(tracker, 4)
        review.publisher.flush()
        assert review.desk.empty is None
        assert review.desk.card is not None


def test_edits_of_others_show_with_their_names(tmp_path: Any, no_leak: None) -> None:
    tracker = run(log_dir=tmp_path / "run")
    with xw.Review(tracker, xw.Edits(tracker, who="alice")) as review:
        other = xw.Edits(tmp_path / "run", who="bob")
        other.exclude([int(review.queue[0])], why="blurred")
        Window(review).send(type="look")
        assert review.desk.card["decision"] == {
            "what": "excluded",
            "text": "excluded",
            "who": "bob",
            "epoch": 5,
        }
        assert review.desk.log[0]["why"] == "blurred"
        assert review.progress == (1, 11)
        other.close()
    tracker.close()


def test_two_reviews_of_one_run_agree(tracker: Any, no_leak: None) -> None:
    edits = xw.Edits(tracker)
    with xw.Review(tracker, edits) as one, xw.Review(tracker, edits) as two:
        first = one.queue[0]
        one.exclude()
        two.publisher.flush()
        assert two.desk.card["decision"]["what"] == "excluded"
        assert two.progress == one.progress
        two.undo()
        one.publisher.flush()
        assert first in one.worklist.left()


def test_what_it_did_is_the_evaluation_before_the_first_edit_and_now(tracker: Any, no_leak: None) -> None:
    with xw.Review(tracker, xw.Edits(tracker)) as review:
        assert review.desk.effect["text"] == ""
        review.keep()
        review.publisher.flush()
        assert review.desk.effect["text"] == "", "to keep a label changes nothing"
        review.exclude()
        review.publisher.flush()
        assert review.desk.effect["text"].startswith("In force from epoch 6")
        more_epochs(tracker, 2)
        review.publisher.flush()
        (row,) = review.desk.effect["rows"]
        assert (row["name"], row["before"], row["now"], row["change"]) == (
            "accuracy",
            "0.50",
            "0.70",
            "better",
        )
        assert "epoch 5 (before the first edit) and epoch 7" in review.desk.effect["text"]


GOOD: list[dict[str, Any]] = [
    {"type": "ready"},
    {"type": "step", "by": 1},
    {"type": "go", "key": "i3"},
    {"type": "decide", "what": "keep", "key": "i3", "label": "", "marked": 0},
    {"type": "decide", "what": "relabel", "key": "i3", "label": "i1", "marked": 0},
]
BAD: list[Any] = [
    None, 3, "ready", [], {}, {"type": None}, {"type": ["ready"]}, {"type": "eval"}, {"type": "step", "by": 2},
    {"type": "step", "by": True}, {"type": "step"}, {"type": "go"}, {"type": "go", "key": 3}, {"type": "go", "key": ""},
    {"type": "go", "key": "i" * 65}, {"type": "undo", "key": None},
    {"type": "decide", "what": "burn", "key": "i3", "label": "", "marked": 0},
    {"type": "decide", "what": "keep", "key": "i3", "label": "i1", "marked": 0},
    {"type": "decide", "what": "relabel", "key": "i3", "label": "", "marked": 0},
    {"type": "decide", "what": "relabel", "key": "i3", "label": 1, "marked": 0},
    {"type": "decide", "what": "keep", "key": "i3", "label": "", "marked": -1},
    {"type": "decide", "what": "keep", "key": "i3", "label": "", "marked": True},
    {"type": "decide", "what": "keep", "key": "i3", "label": ""},
]  # fmt: skip


def test_messages_are_checked_for_type_range_and_existence(tracker: Any, no_leak: None) -> None:
    assert all(parse(content) is not None for content in GOOD)
    assert [content for content in BAD if parse(content) is not None] == []
    edits = xw.Edits(tracker)
    with xw.Review(tracker, edits) as review:
        window = Window(review)
        for content in BAD:
            review._hear_desk(review.desk, content, [])
        assert review.refused == len(BAD)
        window.decide("exclude", key="i999")
        assert "is no instance that is shown" in window.trouble
        window.decide("relabel", "i17")
        assert "no class has the key" in window.trouble
        window.send(type="explain", key=review.desk.card["key"])
        assert "nothing to explain with" in window.trouble
        assert edits.history() == ()
        heard = review.desk.heard
        window.send(type="look")
        assert review.desk.heard == heard + 1, "the page waits for an answer"


def test_names_are_data_and_stay_what_they_are(no_leak: None) -> None:
    tracker = xw.Tracker(label_names={"</script><img onerror=x>": "a", "b\u0000\u202e": "b"})
    hostile = ["<svg onload=x>", "\ud800", "x" * 5000, "\u0000\n"]
    for _ in range(2):
        tracker.record([*hostile, 7], ["a", "b", "a", "b", "a"], loss=[3.0, 2.0, 1.0, 0.5, 0.1])
        tracker.end_epoch()
    edits = xw.Edits(tracker)
    with xw.Review(tracker, edits, queue=hostile, who="<i>eve</i>") as review:
        window = Window(review)
        for _ in hostile:
            window.decide("exclude")
        texts = [review.desk.card, review.desk.strip, review.desk.log, review.desk.labels, review.desk.said]
        said = "".join(map(str, _texts(texts)))
        assert "\u0000" not in said
        said.encode("utf-8")  # a lone surrogate would break the message
        assert max(len(text) for text in _texts(texts)) <= 300
        assert set(edits.state().index.tolist()) <= set(hostile)
        assert review.desk.log[0]["who"] == "<i>eve</i>"
        assert len(edits.state().index) == 3
        assert "would exclude the last instance of class" in window.trouble


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    return [text for each in value for text in _texts(each)] if isinstance(value, (list, tuple)) else []


def test_pictures_travel_once_and_again_to_a_new_page(tracker: Any, wire: Any, no_leak: None) -> None:
    x = np.random.default_rng(0).random((N, 8, 8, 3), np.float32)
    with xw.Review(tracker, xw.Edits(tracker), (x, np.arange(N) % 3)) as review:
        review.publisher.flush()

        def pictures() -> list[dict[str, Any]]:
            found = [
                d["content"]
                for key, d, _ in wire
                if key == review.desk.model_id and d.get("method") == "custom"
            ]
            wire.clear()
            return found

        first = pictures()
        (message,) = first
        assert set(message["large"]) == {f"i{i}" for i in review.queue[:2]}
        assert all(address.startswith("data:image/png;base64,") for address in message["small"].values())
        Window(review).send(type="step", by=1)
        (message,) = pictures()
        assert set(message["large"]) == {f"i{review.queue[2]}"}, "the next one is there before it is wanted"
        Window(review).send(type="ready")
        (message,) = pictures()
        assert {f"i{i}" for i in review.queue[1:3]} == set(message["large"])


def test_a_model_explains_the_card_below_it_and_stays_what_it_is(tracker: Any, no_leak: None) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3))
    weights = [each.clone() for each in model.parameters()]
    x = np.random.default_rng(0).random((N, 1, 8, 8), np.float32)
    edits = xw.Edits(tracker)
    with xw.Review(tracker, edits, (x, labels()[1]), model=model, layout="NCHW") as review:
        window, panel = Window(review), review.children[-1]
        review.publisher.flush()
        assert review.desk.can["explain"]
        assert "xaiw-hide" in panel._dom_classes, "nothing is explained until somebody asks"
        assert panel.selected == ()
        window.send(type="explain", key=review.desk.card["key"])
        assert "xaiw-hide" not in panel._dom_classes
        assert panel.selected == (review.current,)
        settle(panel)
        shown = panel._rows.pictures(0)
        assert set(shown) >= {"input", "smint"}
        np.testing.assert_array_equal(
            shown["input"][..., 0], np.rint(x[review.current, 0] * 255).astype(np.uint8)
        )
        window.decide("keep")
        window.send(type="explain", key=review.desk.card["key"])
        settle(panel)
        assert panel.selected == (review.current,) == (review.queue[1],)
        assert window.trouble == ""
    assert all(torch.equal(one, other) for one, other in zip(weights, model.parameters(), strict=True))


def test_a_panel_that_is_there_explains_instead(tracker: Any, no_leak: None) -> None:
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3))
    x = np.random.default_rng(0).random((N, 1, 8, 8), np.float32)
    edits = xw.Edits(tracker)
    samples = xw.samples.as_samples((x, labels()[1]), layout="NCHW")
    with xw.Dashboard(tracker, model, samples, edits=edits) as dashboard:
        review = dashboard.review
        assert review._panel is dashboard.saliency
        review.explain()
        assert dashboard.saliency.selected == (review.current,)
        settle(dashboard.saliency)


def test_what_cannot_be_meant_is_refused(tracker: Any, no_leak: None) -> None:
    edits = xw.Edits(tracker)
    with pytest.raises(TypeError, match=r"expects xai_widgets\.Edits"):
        xw.Review(tracker, tracker)
    with pytest.raises(TypeError, match="layout describe samples"):
        xw.Review(tracker, edits, layout="NCHW")
    with pytest.raises(TypeError, match="a model explains samples"):
        xw.Review(tracker, edits, model=object())
    with xw.Review(tracker, edits, queue=[1]) as review:
        with pytest.raises(
            ValueError, match="'burn' is no decision; there are accept, keep, relabel, exclude"
        ):
            review.decide("burn")
        with pytest.raises(ValueError, match="relabel to which label"):
            review.decide("relabel")
        with pytest.raises(ValueError, match="no label is suggested for #1"):
            review.accept()
        with pytest.raises(ValueError, match="never recorded"):
            review.current = 5000
        assert review.current == 1
        assert edits.history() == ()


def test_a_dashboard_with_edits_has_a_review_and_the_map_offers_it(tracker: Any, no_leak: None) -> None:
    edits = xw.Edits(tracker)
    with xw.Dashboard(tracker, edits=edits) as dashboard:
        review = dashboard.review
        assert review is dashboard.views[-1]
        assert dashboard.map._metadata()["review"]
        dashboard.map.act("review", (3, 5))
        dashboard.publisher.flush()
        assert (dashboard.tab, review.queue, review.desk.call) == ("review", (3, 5), 1)
        review.keep()
        dashboard.publisher.flush()
        assert dashboard._arrangement.front.tabs[-1]["text"] == "1 left, 1 decided"
        dashboard.selected = (7, 8)
        dashboard.publisher.flush()
        assert ["selected", "the 2 selected"] in review.front.head["words"][0]["options"]
        review._hear(review.front, {"type": "word", "name": "source", "value": "selected"}, [])
        assert review.queue == (7, 8)


def test_a_dashboard_without_edits_is_what_it_was(tracker: Any, no_leak: None) -> None:
    with xw.Dashboard(tracker) as dashboard:
        assert dashboard.review is None
        assert not dashboard.map._metadata()["review"]
        with pytest.raises(Exception, match="edits=edits"):
            dashboard.tab = "review"


def test_its_still_picture_is_the_history_of_what_is_left(tracker: Any, no_leak: None) -> None:
    with xw.Review(tracker, xw.Edits(tracker), queue=[3, 4]) as review:
        assert review.figure().png().startswith(b"\x89PNG")
        assert "2 left" in review.summary()
        review.keep()
        review.keep()
        with pytest.raises(ValueError, match="nothing is left"):
            review.figure()
