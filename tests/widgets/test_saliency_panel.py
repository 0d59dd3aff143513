"""What does it look at: the states, the settings, the pictures; a real network on real digits."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from ipycanvas.canvas import COMMANDS
from PIL import Image
from views_common import settle, tell

import xai_widgets as xw
from xai_widgets.attribution import methods
from xai_widgets.figures import palette
from xai_widgets.live.kernel.cells import cells
from xai_widgets.samples import kinds as samples_kinds
from xai_widgets.widgets.saliency import kinds as looks
from xai_widgets.widgets.saliency.canvas import Easel, on_a_sheet, shrunk
from xai_widgets.widgets.view.close_tree import close_tree

torch = pytest.importorskip("torch")


class Net(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = torch.nn.Conv2d(1, 4, 3), torch.nn.Linear(4 * 36, 10)

    def forward(self, x: Any) -> Any:
        return self.last(torch.relu(self.first(x)).flatten(1))


class NotCopied(Net):
    def __deepcopy__(self, memo: dict) -> Any:
        raise RuntimeError("holds a lock")


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    data = load_digits()
    return (data.images[:40, None] / 16).astype(np.float32), data.target[:40]


@pytest.fixture
def make(digits: tuple, no_leak: None) -> Any:
    """Makes panels with few evaluations, and closes them."""
    made = []

    def panel(model: Any = None, samples: Any = digits, **options: Any) -> Any:
        options = {"smoothing": 4, "integrating": 4, "share": 1.0, "layout": "NCHW", **options}
        made.append(xw.SaliencyPanel(Net() if model is None else model, samples, **options))
        return made[-1]

    yield panel
    for each in made:
        each.close()


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Tell whether two pictures are the same up to rounding: chunks of another size are computed by other kernels."""
    return one.shape == other.shape and bool(np.abs(one.astype(int) - other.astype(int)).max() <= 2)


def test_pictures_captions_and_numbers(make: Any, digits: tuple) -> None:
    tracker = xw.Tracker(label_names=[f"digit {i}" for i in range(10)])
    tracker.record(range(40), digits[1], loss=np.linspace(0, 2, 40), step=7)
    panel = make(tracker=tracker)
    panel.selected = (3, 8)
    settle(panel)
    assert panel.summary() == "saliency of #3, #8"
    assert set(panel._rows.pictures(0)) == {"input", "overlay", "raw", "smoothed", "integrated", "smint"}
    assert np.array_equal(
        panel._rows.pictures(1)["input"][..., 0], np.rint(digits[0][8, 0] * 255).astype(np.uint8)
    )
    parts = panel._rows._rows[0].caption.parts
    assert parts[0] == [["#3", "strong"]]
    assert parts[1] == [["true ", ""], ["digit 3", "strong"]]
    assert parts[2][0] == ["predicted ", ""]
    assert parts[-1][0] == [f"loss {np.linspace(0, 2, 40)[3]:.2f}", "quiet"]
    assert panel.front.empty is None
    assert panel.front.strip["text"].endswith("evaluations")
    assert panel.front.strip["right"] in ("exact", "fair", "rough")
    assert panel.front.strip["hint"].startswith("completeness gap ")
    assert "weights of step 7 (epoch 1)" in panel.front.head["words"][0]["text"]


def test_the_weights_and_random_streams_are_left_alone(make: Any) -> None:
    model = Net().train()
    before = [p.clone() for p in model.parameters()]
    state = torch.random.get_rng_state()
    panel = make(model)
    panel.selected = (1,)
    settle(panel)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert all(p.grad is None for p in model.parameters())
    assert torch.equal(state, torch.random.get_rng_state())
    assert model.training


def test_zero_draws_or_steps_switch_columns_off(make: Any) -> None:
    panel = make(indices=[2])
    settle(panel)
    cells = {cell.name: cell.box for cell in panel._rows._rows[0].cells.values()}
    panel.smoothing = 0
    settle(panel)
    off = {name for name, box in cells.items() if "xaiw-hide" in box._dom_classes}
    assert off == {"smoothed", "smint"}
    panel.integrating = 0
    settle(panel)
    off = {name for name, box in cells.items() if "xaiw-hide" in box._dom_classes}
    assert off == {"smoothed", "integrated", "smint"}
    panel.smoothing = 3
    settle(panel)
    off = {name for name, box in cells.items() if "xaiw-hide" in box._dom_classes}
    assert off == {"integrated", "smint"}


def test_a_slider_is_a_trait_and_changes_the_masks(make: Any) -> None:
    panel = make(indices=[2])
    settle(panel)
    before = panel._rows.pictures(0)
    panel._sliders["smoothing"].value = 9
    settle(panel, lambda: not np.array_equal(before["smoothed"], panel._rows.pictures(0)["smoothed"]))
    after = panel._rows.pictures(0)
    assert panel.smoothing == 9
    assert np.array_equal(before["input"], after["input"])
    assert alike(before["raw"], after["raw"])
    panel.smoothing = 500
    settle(panel)
    assert panel._sliders["smoothing"].value == 500, "a value over the slider's range stretches it"


def test_colours_recompute_nothing(make: Any) -> None:
    panel = make(indices=[2])
    settle(panel)
    result, before = panel._result, panel._rows.pictures(0)["smint"]
    for name in ("viridis", "gray", "blue-orange"):
        tell(panel, {"type": "word", "name": "colormap", "value": name})
        settle(panel)
        assert panel.colormap == name
        assert not np.array_equal(before, panel._rows.pictures(0)["smint"])
    assert panel._result is result
    with pytest.raises(ValueError, match="no colour map 'jett'"):
        panel.colormap = "jett"


def test_nothing_selected_and_no_images(make: Any) -> None:
    panel = make()
    panel.publisher.flush()
    assert panel.front.empty["text"] == "Nothing selected yet"
    panel.selected = ("a", 400)
    settle(panel)
    assert panel.front.empty["text"] == "No images for these indices"
    assert "#400" in panel.front.empty["hint"]
    panel.selected = (1, 400)
    settle(panel)
    assert panel.front.empty is None
    assert "no images for #400" in panel.front.strip["text"]


def test_a_model_that_cannot_be_copied_says_the_way_out(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # model_fn draws random numbers, so that it runs in the training's pauses or after the cell: this one has ended
    monkeypatch.setattr(cells, "running", False)
    panel = make(NotCopied(), indices=[1])
    settle(panel)
    assert panel.front.empty["text"] == "The model cannot be copied: pass model_fn"
    assert panel.front.strip["level"] == "error"
    assert "Traceback" in panel.front.strip["details"]
    other = make(NotCopied(), indices=[1], model_fn=Net)
    settle(other)
    assert other.front.empty is None
    assert other._result is not None


def test_waiting_computing_cancelling_and_resuming(make: Any, digits: tuple) -> None:
    """Training that is in the middle of a step: the copy waits for it, and can be called off."""
    import threading

    tracker = xw.Tracker(epochs=3)
    stepping, proceed = threading.Event(), threading.Event()

    def train() -> None:
        tracker.record(range(4), digits[1][:4], loss=np.ones(4))
        stepping.set()
        proceed.wait(30)
        tracker.record(range(4), digits[1][:4], loss=np.ones(4))
        tracker.finish()

    thread = threading.Thread(target=train)
    panel = make(tracker=tracker)
    thread.start()
    try:
        stepping.wait(10)
        panel.selected = (1,)
        waiting = False
        for _ in range(200):
            panel.publisher.flush()
            waiting = panel.front.strip["text"] == "waiting for a safe point"
            if waiting:
                break
        assert waiting, (panel.service.state, panel.front.strip)
        assert panel.front.strip["action"]["name"] == "cancel"
        # what is known without the network stands there at once
        assert set(panel._rows.pictures(0)) == {"input"}
        assert panel._rows._rows[0].caption.parts[0] == [["#1", "strong"]]
        assert panel.front.empty is None
        tell(panel, {"type": "action", "name": "cancel"})
        assert not panel._running()
        assert panel.front.strip["action"]["name"] == "again"
    finally:
        proceed.set()
        thread.join()
    tell(panel, {"type": "action", "name": "again"})
    settle(panel)
    assert panel._result is not None
    assert "run ended" in str(panel.front.head["words"])


def test_following_and_staying(make: Any, digits: tuple) -> None:
    tracker = xw.Tracker()
    tracker.record(range(4), digits[1][:4], loss=np.ones(4))
    panel = make(tracker=tracker, indices=[1])
    settle(panel, lambda: panel._result is not None)
    tell(panel, {"type": "word", "name": "follow", "value": "stay"})
    assert panel.following is False
    settle(panel)
    shown = panel._result.weights.serial
    tracker.end_epoch()
    settle(panel)
    assert panel._result.weights.serial == shown
    panel.following = True
    settle(panel, lambda: panel._result.weights.serial > shown)
    shown = panel._result.weights.serial
    tracker.record(range(4), digits[1][:4], loss=np.ones(4))
    tracker.end_epoch()
    settle(panel, lambda: panel._result.weights.serial > shown)


def test_true_and_other_targets(make: Any, digits: tuple) -> None:
    panel = make(indices=[5], label_names=[str(i) for i in range(10)])
    settle(panel)
    tell(panel, {"type": "word", "name": "target", "value": "true"})
    settle(panel, lambda: panel._result.columns.target[0] == digits[1][5])
    tell(panel, {"type": "word", "name": "target", "value": "c7"})
    settle(panel, lambda: panel._result.columns.target[0] == 7)
    assert "explains " in str(panel._rows._rows[0].caption.parts)
    tell(panel, {"type": "word", "name": "target", "value": "c99"})
    assert panel.target == 7


def test_a_long_selection_is_paged(make: Any) -> None:
    panel = make(rows=2, integrating=0, smoothing=0)
    panel.selection.change(explained=range(5))
    settle(panel)
    assert panel.summary() == "saliency of #0, #1"
    assert panel.front.head["words"][0]["text"] == "1 to 2 of 5"
    tell(panel, {"type": "action", "name": "later"})
    settle(panel)
    assert panel.summary() == "saliency of #2, #3"


def test_a_new_page_gets_new_canvases_with_lossless_pixels(
    make: Any, wire: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = make(indices=[3])
    settle(panel)
    before = [cell.box.children[0] for cell in panel._rows._rows[0].cells.values()]
    wire.clear()
    tell(panel, {"type": "view", "dark": False, "ratio": 2.0, "fresh": True})
    after = [cell.box.children[0] for cell in panel._rows._rows[0].cells.values()]
    assert not {c.model_id for c in after if c.comm} & {c.model_id for c in before if c.comm}
    assert all(c.comm is not None for c in before), "the new page may still be fetching them"
    pictures = [
        bytes(b) for _, data, buffers in wire for b in buffers if bytes(b[:8]) == b"\x89PNG\r\n\x1a\n"
    ]
    assert len(pictures) == 1, "they come on one sheet"
    sheet = np.asarray(Image.open(io.BytesIO(pictures[0])))
    assert sheet.shape == (8, 48, 4)
    assert (sheet[..., 3] == 255).all()
    for place, picture in enumerate(panel._rows.pictures(0).values()):
        np.testing.assert_array_equal(sheet[:, 8 * place : 8 * place + 8, :3], picture)
    wire.clear()
    tell(panel, {"type": "view", "dark": True, "ratio": 2.0, "fresh": False})
    assert not [1 for _, _, buffers in wire if buffers], "a change of theme draws nothing again"
    tell(panel, {"type": "view", "dark": True, "ratio": 1.0, "fresh": True})
    assert all(c.comm is not None for c in before), "a pane and a cell appear together"
    monkeypatch.setattr("xai_widgets.widgets.saliency.canvas._FETCHED", -1.0)
    tell(panel, {"type": "view", "dark": True, "ratio": 1.0, "fresh": True})
    assert all(c.comm is None for c in before)


def test_all_pictures_of_a_redraw_are_one_message(make: Any, wire: list) -> None:
    panel = make(indices=[3, 4])
    settle(panel)
    wire.clear()
    panel.colormap = "viridis"
    settle(panel)
    drawn = [buffers for _, _, buffers in wire if any(bytes(b[:4]) == b"\x89PNG" for b in buffers)]
    assert len(drawn) == 1
    (sheet,) = [np.asarray(Image.open(io.BytesIO(b))) for b in drawn[0] if bytes(b[:4]) == b"\x89PNG"]
    assert sheet.shape == (16, 48, 4), "of two samples overlay and four maps, not the input: ten, six abreast"


def test_every_message_names_its_canvas_for_pages_that_missed_the_last_one(wire: list) -> None:
    easel = Easel()
    cell = easel.cell("raw")
    for value in (0, 100, 200):
        wire.clear()
        with easel.held():
            cell.show(np.full((3, 3, 3), value, np.uint8))
        (commands,) = [json.loads(bytes(buffers[0])) for _, _, buffers in wire if buffers]
        assert commands[0] == [COMMANDS["switchCanvas"], [f"IPY_MODEL_{cell.box.children[0].model_id}"]]
    easel.close()
    close_tree(cell.box)


def test_pictures_of_any_size_lie_beside_each_other_on_a_sheet() -> None:
    random = np.random.default_rng(0)
    sizes = [(4, 7), (9, 3), (1, 1), (5, 5), (2, 8), (9, 8), (3, 3), (8, 1)]
    pictures = [random.integers(1, 255, (*size, 3), np.uint8) for size in sizes]
    sheet, places = on_a_sheet(pictures)
    assert sheet.shape == (18, 48, 3)
    for picture, (x, y) in zip(pictures, places, strict=True):
        np.testing.assert_array_equal(sheet[y : y + picture.shape[0], x : x + picture.shape[1]], picture)
    assert (sheet > 0).sum() == sum(picture.size for picture in pictures), "none lies over another"


def test_large_pictures_are_shrunk_by_averaging() -> None:
    picture = np.zeros((400, 200, 3), np.uint8)
    picture[::2] = 200
    small = shrunk(picture, 100)
    assert small.shape == (100, 50, 3)
    assert (small == 100).all()


def test_signals_are_shown_as_strips(make: Any) -> None:
    generator = np.random.default_rng(0)
    model = torch.nn.Sequential(torch.nn.Linear(12, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    panel = make(model, (generator.random((6, 12), np.float32), np.arange(6) % 3), layout="none", indices=[2])
    settle(panel)
    assert panel._rows.pictures(0)["raw"].shape == (1, 12, 3)
    assert "overlay" not in panel._rows.pictures(0)


def test_a_kind_of_input_from_outside_is_drawn_in_the_panel(make: Any) -> None:
    """Hands of four cards in a row are drawn as four squares; a card's mask is laid over it."""
    samples_kinds.register(
        samples_kinds.Kind(
            "cards", lambda x: x.shape == (4,), lambda x: np.full((2, 2, 3), 99, np.uint8), str
        )
    )
    looks.register(looks.Look("cards", lambda mask: mask.reshape(2, 2), laid_over=True))
    try:
        model = torch.nn.Linear(4, 3)
        panel = make(model, (np.eye(4, dtype=np.float32), np.arange(4) % 3), layout=None, indices=[2])
        settle(panel, lambda: panel._result is not None and panel._result.done)
        shown = panel._rows.pictures(0)
        assert shown["input"].shape == shown["raw"].shape == shown["overlay"].shape == (2, 2, 3)
        assert (shown["input"] == 99).all()
        looks.unregister("cards")
        panel._recolor()
        assert panel._rows.pictures(0)["raw"].shape == (1, 4, 3), "a strip, where nobody said it"
    finally:
        samples_kinds.unregister("cards")
        looks.unregister("cards")


@pytest.mark.parametrize(("name", "value"), [("smoothing", -1), ("noise", 2.0), ("integrating", "many")])
def test_settings_out_of_range_are_refused(name: str, value: Any, make: Any) -> None:
    import traitlets

    panel = make()
    with pytest.raises(traitlets.TraitError):
        setattr(panel, name, value)


@pytest.fixture
def toy() -> Any:
    """A method from outside the package."""
    method = xw.attribution.register(
        xw.attribution.Method("toy", "Toy <b>method</b>", plan=lambda planner, job: planner.raw(job))
    )
    yield method
    methods.unregister("toy")


def test_a_method_from_outside_is_a_column_of_the_panel_and_of_its_figure(make: Any, toy: Any) -> None:
    panel = make(indices=[3, 8], columns=("toy", "occlusion", "smint"))
    settle(panel, lambda: panel._result is not None and panel._result.done)
    shown = panel._rows.pictures(0)
    assert set(shown) == {"input", "overlay", "toy", "occlusion", "smint"}
    row = panel._rows._rows[0]
    assert row.caption.titles == ["Input", "Overlay", "Toy <b>method</b>", "Occlusion", "SmInt"]
    assert row.caption.names[3] == "Occlusion mask of #3"
    assert [cell.name for cell in row.cells.values() if "xaiw-best" in cell.box._dom_classes] == ["smint"]
    engine = xw.AttributionEngine(Net(), layout="NCHW")
    batch = panel.samples.batch([3, 8])
    expected = engine.attribute(batch.inputs, "saliency", index=batch.index).masks[0]
    assert alike(shown["toy"], palette.paint(expected, "inferno"))
    drawn = panel.figure().svg()
    assert all(title in drawn for title in ("Occlusion", "SmInt", "Toy &lt;b&gt;method&lt;/b&gt;"))
    assert "Integrated" not in drawn

    panel.integrating = panel.smoothing = 0
    settle(panel, lambda: panel._result.request.smoothing == 0 and panel._result.done)
    assert "xaiw-hide" in row.cells["smint"].box._dom_classes
    assert [cell.name for cell in row.cells.values() if "xaiw-best" in cell.box._dom_classes] == ["occlusion"]


def test_columns_are_chosen_in_the_panel_and_unknown_ones_refused(make: Any, toy: Any) -> None:
    panel = make(indices=[3])
    settle(panel, lambda: panel._result is not None and panel._result.done)
    word = panel.front.tools[-1]
    assert word["chosen"] == ["raw", "smoothed", "integrated", "smint"]
    assert dict(word["options"]) == methods.columns()
    for key in ("gradcam", "smoothed", "toy", "vargrad", "integrated"):
        tell(panel, {"type": "word", "name": "columns", "value": key})
    assert panel.columns == ("raw", "smint", "vargrad", "gradcam", "toy"), "each at its place in the registry"
    settle(panel, lambda: panel._result.request.columns == panel.columns and panel._result.done)
    assert set(panel._rows.pictures(0)) == {"input", "overlay", *panel.columns}
    boxes = [box for box in panel._rows._rows[0].box.children[1:] if "xaiw-hide" not in box._dom_classes]
    cells = panel._rows._rows[0].cells
    assert boxes == [cells[key].box for key in ("input", "overlay", *panel.columns)]
    for key in ("raw", "vargrad", "gradcam", "toy", "smint"):
        tell(panel, {"type": "word", "name": "columns", "value": key})
    assert panel.columns == ("smint",), "the last one stays"
    tell(panel, {"type": "word", "name": "columns", "value": "nothing"})
    assert "'nothing' is not among" in panel.front.strip["text"]
    panel.columns = ["IG", "raw", "ig"]
    assert panel.columns == ("integrated_gradients", "raw")
    with pytest.raises(ValueError, match=r"a column should be one of raw, .*occlusion, toy, got 'cam'"):
        panel.columns = ("raw", "cam")
    with pytest.raises(ValueError, match="at least one of raw"):
        make(columns=())
    settle(panel)


def test_a_wrong_data_set_leaves_nothing_behind(no_leak: None) -> None:
    with pytest.raises(ValueError, match="2 labels for 4 samples"):
        xw.SaliencyPanel(Net(), np.zeros((4, 1, 8, 8), np.float32), labels=[1, 2])


def test_two_epochs_are_compared_side_by_side(make: Any, digits: tuple) -> None:
    """Above what was set aside, below the newest; each row says which weights it is of."""
    tracker, model = xw.Tracker(), Net()

    def epoch(number: int) -> None:
        with torch.no_grad():
            model.last.weight.add_(torch.linspace(-1, 1, model.last.weight.numel()).reshape(10, -1) * number)
        tracker.record(range(4), digits[1][:4], loss=np.ones(4), step=10 * number)
        tracker.end_epoch()

    epoch(1)
    panel = make(model, tracker=tracker, indices=[1, 2])
    settle(panel, lambda: panel._result is not None and panel._result.weights.epoch == 1)
    assert "compare with epoch 1, step 10" in str(panel.front.head["words"])
    alone = panel._rows.pictures(0)
    tell(panel, {"type": "word", "name": "follow", "value": "compare"})
    assert panel.comparing
    settle(panel, lambda: panel._reference is not None and panel._reference.done)
    epoch(2)
    settle(panel, lambda: panel._result.weights.epoch == 2)
    said = [str(row.caption.parts) for row in panel._rows._rows[:4]]
    assert ["epoch 1, step 10" in text for text in said] == [True, False, True, False]
    assert ["epoch 2, step 20" in text for text in said] == [False, True, False, True]
    assert ["'#1'" in text for text in said] == [True, True, False, False]
    above, below = panel._rows.pictures(0), panel._rows.pictures(1)
    assert alike(above["raw"], alone["raw"])
    assert not alike(above["raw"], below["raw"])
    assert np.array_equal(above["input"], below["input"])

    panel.smoothing = 9  # a slider changes both rows
    settle(panel, lambda: panel._reference.request.smoothing == 9 and panel._reference.done)
    assert not np.array_equal(above["smoothed"], panel._rows.pictures(0)["smoothed"])
    assert panel._reference.weights.epoch == 1

    tell(panel, {"type": "action", "name": "pin"})
    settle(panel, lambda: panel._reference is not None and panel._reference.weights.epoch == 2)
    tell(panel, {"type": "word", "name": "follow", "value": "follow"})
    settle(panel, lambda: panel.service.pinned is None)
    assert not panel.comparing
    hidden = ["xaiw-hide" in row.box._dom_classes for row in panel._rows._rows]
    assert hidden == [False, False, True, True]
    assert "epoch 2, step 20" not in str(panel._rows._rows[0].caption.parts)


def test_comparing_can_be_asked_before_there_are_weights(make: Any, digits: tuple) -> None:
    panel = make(tracker=xw.Tracker())
    panel.comparing = True
    panel.selected = (3,)
    settle(panel, lambda: panel._reference is not None and panel._reference.done)
    assert panel.service.pinned is not None


def test_the_run_check_says_what_pictures_were_made_and_that_weights_were_left_alone(
    make: Any, digits: tuple
) -> None:
    tracker, model = xw.Tracker(), Net()
    tracker.record(range(40), digits[1], loss=np.linspace(0, 2, 40), step=7)
    panel = make(model, tracker=tracker, following=False)
    assert "saliency" not in str(tracker.check())
    panel.selected = (3,)
    settle(panel)
    said = str(tracker.check())
    assert "saliency: one picture made, gap " in said
    assert said.endswith("weights untouched")
    panel.close()
    assert "saliency" not in str(tracker.check())
