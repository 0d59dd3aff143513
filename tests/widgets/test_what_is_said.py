"""Views that say what is: joined lines, pictures that come late, words for numbers, columns with nothing to draw."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from views_common import record, settle

import xai_widgets as xw
from xai_widgets.live.kernel.cells import cells
from xai_widgets.widgets.charts.bqplot_chart import Chart, Drawing, Series
from xai_widgets.widgets.saliency.kinds import look_of
from xai_widgets.widgets.saliency.mask_pictures import Cells, trust
from xai_widgets.widgets.saliency.texts import progress_strip
from xai_widgets.widgets.view.thumbnails import Thumbs

NAN = np.nan


class Drawn:
    """Samples whose reading draws random numbers, as an augmented data set's does."""

    draws_random = True

    def has(self, index: Any) -> bool:
        return True

    def pictures(self, indices: Any) -> list[np.ndarray]:
        return [np.zeros((4, 4, 3), np.uint8) for _ in indices]


def columns(rows: int, error: float = 0.0, gap: float = 0.0, done: int = 5, total: int = 5) -> Any:
    values = np.ones((1, rows, 4), np.float32)
    mask = SimpleNamespace(values=values, total=values.sum((1, 2)), masks_at=lambda signed=False: values)
    return SimpleNamespace(
        raw=mask, smoothed=None, integrated=mask, smint=None, columns={"raw": mask, "integrated": mask},
        standard_error=np.array([error]),
        completeness_gap=np.array([gap * values.sum()]), evaluations=done, evaluations_total=total, done=False,
        __len__=lambda: 1,
    )  # fmt: skip


class Columns:
    """The engine's columns of one sample."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(vars(columns(**fields)))

    def __len__(self) -> int:
        return 1


def test_lines_of_instances_seen_now_and_then_are_joined() -> None:
    y = np.array([[1, NAN, 3, NAN], [NAN, 2, NAN, NAN], [NAN] * 4], np.float32)
    chart = Chart(["solid"])
    axis = (0.0, 4.0, [0.0, 4.0])
    group = Series(y, ["red"] * 3, [1.0] * 3)
    chart.draw(Drawing(np.array([1, 2, 3, 4], np.float32), [group], axis, axis, "loss"))
    (mark,) = chart._groups
    assert mark.x[0].tolist() == [1, 3, 3, 3]
    assert mark.y[0].tolist() == [1, 3, 3, 3]
    assert mark.x[1].tolist() == [2] * 4
    assert np.isfinite(mark.y).all()
    assert (mark.y[2] < -1e5).all(), "a line without a value is put where nobody sees it"
    chart.figure.close()


def test_thumbnails_asked_for_during_a_training_come_when_its_cell_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tracker = record(xw.Tracker(), 1)
    tracker.record([0], [0], loss=[1.0])
    arrived: list[int] = []
    thumbs = Thumbs(Drawn(), tracker, lambda: arrived.append(1))
    monkeypatch.setattr(cells, "running", True)
    assert tracker.status == "training"
    assert thumbs.get([1, 2]) == {}
    cells._ended()
    assert arrived, "nobody else would ask for a redraw"
    assert set(thumbs.get([1, 2])) == {1, 2}
    thumbs.close()


def test_the_maps_thumbnails_come_when_the_run_ends(monkeypatch: pytest.MonkeyPatch, no_leak: None) -> None:
    tracker = record(xw.Tracker(), 1)
    tracker.record([0], [0], loss=[1.0])
    monkeypatch.setattr(cells, "running", True)
    with xw.InstanceMap(tracker) as view:
        hearing, done = view.hearing, []
        hearing.samples = Drawn()
        assert hearing._must_wait()
        hearing._at_safe_points.submit("a", lambda: done.append("a"))
        view.publisher.flush()
        assert not done
        tracker.finish()
        view.publisher.flush()
        thread = hearing._in_thread._thread
        if thread is not None:
            thread.join(5)
        assert done == ["a"]


@pytest.mark.parametrize(
    ("error", "gap", "word"),
    [(0.0, 0.01, "exact"), (0.07, 0.01, "fair"), (0.01, 0.3, "rough"), (0.45, 0, "rough")],
)
def test_how_exact_a_mask_is_is_a_word_with_its_numbers(error: float, gap: float, word: str) -> None:
    said, numbers = trust(Columns(rows=4, error=error, gap=gap))
    assert said == word
    assert numbers.startswith("completeness gap")


def test_what_is_computed_cannot_be_cancelled() -> None:
    state: dict[str, Any] = {
        "running": True,
        "waiting": False,
        "cancelled": False,
        "notes": (),
        "missing": (),
    }
    assert progress_strip(Columns(rows=4, done=3), **state)["action"]["name"] == "cancel"
    finished = progress_strip(Columns(rows=4), **state)
    assert finished["action"] is None
    assert (finished["text"], finished["progress"]) == ("5 evaluations", None)


def test_columns_that_have_nothing_to_draw_are_left_out() -> None:
    cells = Cells.of(("raw", "smint"), 5, 5)
    assert cells.drawable(look_of("picture"), pictured=True).shown == ("input", "overlay", "raw", "smint")
    flat = cells.drawable(look_of("table"), pictured=True)
    assert flat.shown == ("input", "raw", "smint"), "a table's mask is no picture"
    assert flat.keys == cells.keys, "its place stays"
    assert cells.drawable(look_of("picture"), pictured=False).shown == ("raw", "smint")


def test_token_ids_get_the_engines_advice(no_leak: None) -> None:
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Embedding(9, 4), torch.nn.Flatten(), torch.nn.Linear(12, 2))
    ids = np.random.default_rng(0).integers(0, 9, (6, 3))
    with xw.SaliencyPanel(model, ids, indices=[0], smoothing=2, integrating=2, following=False) as panel:
        settle(panel, lambda: panel._failed is not None)
        said = str(panel.front.get_state())
        assert "for token ids pass the embeddings" in said
        assert "FloatTensor" not in said


def test_reentrant_checkpoints_say_what_to_do(no_leak: None) -> None:
    torch = pytest.importorskip("torch")
    from torch.utils.checkpoint import checkpoint

    class Checkpointed(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(4, 3)

        def forward(self, x: Any) -> Any:
            return checkpoint(self.layer, x, use_reentrant=True)

    x = np.ones((5, 4), np.float32)
    with xw.SaliencyPanel(Checkpointed(), x, indices=[0], smoothing=2, integrating=2) as panel:
        settle(panel, lambda: panel._failed is not None)
        assert "build it with use_reentrant=False" in panel.front.strip["text"]


def test_a_panel_explains_instances_that_are_named_by_texts(no_leak: None) -> None:
    torch = pytest.importorskip("torch")
    x, names = np.random.default_rng(0).random((5, 4)).astype(np.float32), ["a", "b<i>", "c", "d", "e"]
    tracker = xw.Tracker()
    tracker.record(names, np.arange(5) % 3, loss=np.arange(5.0))
    tracker.end_epoch()
    samples = xw.samples.as_samples((x, np.arange(5) % 3, names))
    options: dict[str, Any] = {"smoothing": 2, "integrating": 2, "following": False}
    with xw.SaliencyPanel(torch.nn.Linear(4, 3), samples, tracker, indices=["b<i>"], **options) as panel:
        settle(panel, lambda: panel._result is not None)
        assert panel._result.batch.index == ("b<i>",)
        assert np.allclose(panel._result.batch.inputs, x[1:2])
        assert panel._rows._rows[0].caption.parts[0] == [["b<i>", "strong"]]
        shown = [
            name
            for name, cell in panel._rows._rows[0].cells.items()
            if "xaiw-hide" not in cell.box._dom_classes
        ]
        assert shown == ["input", "raw", "smoothed", "integrated", "smint"], "there is no overlay of a table"
        assert set(panel._rows.pictures(0)) == set(shown)


def test_a_dashboard_says_what_it_was_not_given(tracker: Any, no_leak: None) -> None:
    with xw.Dashboard(tracker) as dashboard:
        assert dashboard.front.strip["text"] == (
            "Shows no pictures, and not what the network looks at: pass model and samples, "
            "as in Dashboard(tracker, model, samples)."
        )
    with xw.Dashboard(tracker, samples=np.zeros((60, 8, 8, 3), np.float32)) as dashboard:
        assert "pass model, as in" in dashboard.front.strip["text"]
