"""The pictures without a browser are those of the widgets: the same points, the same colours, the same order."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest
from figure_data import NAMES, run
from matplotlib.colors import to_hex
from support import ROOT

import xai_widgets as xw
from xai_widgets import figures
from xai_widgets.figures import palette
from xai_widgets.figures.drawing.shapes import SHAPES, outline
from xai_widgets.widgets.instance_map import protocol


def drawn_by(chart):
    """Every curve of a widget's chart: (dash, colour, its finite values)."""
    found = []
    marks = [(mark.line_style, mark) for mark in chart._groups] + [(None, chart._top)]
    for dash, mark in marks:
        values = np.atleast_2d(np.asarray(mark.y, np.float64))
        for row, color in zip(values, mark.colors, strict=False):
            finite = row[np.isfinite(row)]
            if finite.size:
                hexes = re.findall(r"#[0-9a-f]{6}", color)
                found.append((dash, hexes[0] if hexes else color, finite))
    return found


def lines_of(figure):
    lines = [line for axes in figure.figure.axes for line in axes.lines if line.get_gid()]
    return [(to_hex(line.get_color()), np.asarray(line.get_ydata(), np.float64)) for line in lines]


def test_label_difficulty():
    tracker = run()
    with xw.LabelDifficulty(tracker) as view:
        view.publisher.flush()
        curves = drawn_by(view.chart)
        names = [row["text"] for row in view.front.legend["rows"]]
        values = [row["value"] for row in view.front.legend["rows"]]
        lines = lines_of(view.figure())
        shown = [t.get_text() for t in view.figure().figure.texts]
    assert len(lines) == 10
    for color, y in lines:
        same = [c for _, c, v in curves if c == color and len(v) == len(y) and np.allclose(v, y, rtol=1e-6)]
        assert same, f"the widget draws no curve of {color} with the values {y}"
    assert [t for t in shown if t in names] == names, "the same order of difficulty"
    assert all(value in shown for value in values), "the same numbers"


def test_instance_history():
    tracker = run()
    with xw.InstanceHistory(tracker, n_max=4, n_min=3, indices=[10, 18]) as view:
        view.publisher.flush()
        curves = drawn_by(view.chart)
        lines = lines_of(view.figure())
    theme = palette.theme()
    assert sorted({c for c, _ in lines}) == sorted([theme.hardest, theme.easiest, theme.pinned])
    assert len(lines) == 9
    for _, y in lines:
        assert any(len(v) == len(y) and np.allclose(v, y, rtol=1e-6) for _, _, v in curves)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_map(dark):
    tracker = run()
    sent = []
    with xw.InstanceMap(tracker) as view:
        view.send = lambda content, buffers=None: sent.append((content, buffers or []))
        # what a browser says when the map is shown to it
        hello = {"v": protocol.VERSION, "client": "w1", "stream": "", "kind": "ready", "reason": "display"}
        view._handle_custom_msg(hello, [])
        view.publisher.flush()
        figure = view.figure(dark=dark)
    content, buffers = next(pair for pair in sent if pair[0]["kind"] == "snapshot")
    columns = {}
    for spec in content["columns"]:
        columns[spec["name"]] = np.zeros(
            content["n"], {"u1": "|u1", "u2": "<u2", "i4": "<i4", "f8": "<f8"}[spec["type"]]
        )
        protocol.apply(columns[spec["name"]], spec, buffers[spec["buffer"]])
    axes = {name: content["meta"][name] for name in ("x", "y")}
    place = np.column_stack([
        axes[n]["lo"] + columns[n] / protocol.LEVELS * (axes[n]["hi"] - axes[n]["lo"]) for n in "xy"
    ])  # fmt: skip
    color = [content["labels"][code]["dark" if dark else "light"] for code in columns["label"]]
    drawn = [
        mark for mark in figure.figure.axes[0].collections if str(mark.get_gid()).startswith("instances")
    ]
    points = np.concatenate([mark.get_offsets() for mark in drawn])
    colors = [to_hex(c[:3]) for mark in drawn for c in mark.get_facecolors()]
    shapes = [str(mark.get_gid()).split("-")[1] for mark in drawn for _ in mark.get_offsets()]
    in_browser = sorted(
        zip(place.round(4).tolist(), color, [SHAPES[c % 7] for c in columns["label"]], strict=True)
    )
    assert len(points) == len(in_browser) == 200
    for mine, (where, hue, shape) in zip(
        sorted(zip(points.round(4).tolist(), colors, shapes, strict=True)), in_browser, strict=True
    ):
        assert np.allclose(mine[0], where, atol=2e-4)
        assert mine[1:] == (hue, shape)


def test_the_shapes_are_those_of_the_browser():
    source = (ROOT / "js/src/map/scatter/sprites.ts").read_text()
    named = re.search(r"SHAPES = \[([^\]]+)\]", source)[1]
    assert tuple(re.findall(r'"(\w+)"', named)) == SHAPES
    for shape in SHAPES[1:]:
        path = re.search(rf'{shape}: "M([^"]+)z"', source)[1]
        ours = (outline(shape).vertices[:-1] * [1, -1]).round(3).tolist()
        assert sorted(map(list, absolute(path))) == sorted(ours), shape


def absolute(path: str) -> list[tuple[float, float]]:
    """The corners of an SVG path of straight lines between absolute places."""
    corners: list[tuple[float, float]] = []
    for command, numbers in re.findall(r"([MLHV]?)([^MLHV]+)", "M" + path):
        given = [float(n) for n in re.findall(r"-?\d*\.?\d+", numbers)]
        x, y = corners[-1] if corners else (0.0, 0.0)
        corners.append(
            (given[0], y) if command == "H" else (x, given[0]) if command == "V" else (given[0], given[1])
        )
    return corners


SHOTS = np.random.default_rng(0).random((8, 8, 8, 3), dtype=np.float32)


def torch_net():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(256, 10)
    ).eval()


def keras_net():
    keras = pytest.importorskip("keras")
    keras.utils.set_random_seed(0)
    layers = keras.layers
    return keras.Sequential([
        keras.Input((8, 8, 3)), layers.Conv2D(4, 3, activation="relu"), layers.Flatten(), layers.Dense(10),
    ])  # fmt: skip


@pytest.mark.parametrize("colormap", ["inferno", "viridis", "blue-orange"])
@pytest.mark.parametrize(
    ("net", "layout"), [(torch_net, "NCHW"), (keras_net, "NHWC")], ids=["torch", "keras"]
)
def test_the_saliency_grid(net, layout, colormap):
    x = SHOTS if layout == "NHWC" else np.moveaxis(SHOTS, -1, 1)
    index, model = [2, 5, 7], net()
    with xw.SaliencyPanel(
        model, (x, np.arange(8)), indices=index, smoothing=3, integrating=4, colormap=colormap,
        label_names=dict(enumerate(NAMES)), layout=layout,
    ) as panel:  # fmt: skip
        settled(panel)
        figure, result = panel.figure(), panel._result
        shown = [panel._rows.pictures(row) for row in range(3)]
        said = [
            " ".join(run[0] for run in line) for row in panel._rows._rows[:3] for line in row.caption.parts
        ]
    *drawn, _ = (np.asarray(image.get_array()) for axes in figure.figure.axes for image in axes.images)
    order = ["input", "overlay", "raw", "smoothed", "integrated", "smint"]
    for place, picture in enumerate(drawn):
        assert np.array_equal(picture, shown[place % 3][order[place // 3]]), (place % 3, order[place // 3])
    assert len(drawn) == 18
    written = [text.get_text() for text in figure.figure.texts]
    for row, name in enumerate(index):
        predicted = NAMES[int(result.columns.prediction[row])]
        assert any(line.startswith(f"predicted {predicted}") for line in written)
        assert any(f"#{name}" in line for line in said)
        assert f"#{name}" in written
        assert f"true {NAMES[name]}" in written

    # and both are what a plain call of the engine gives
    samples = xw.samples.as_samples((x, np.arange(8)), layout=layout)
    plain = xw.AttributionEngine(model, layout=layout).saliency_columns(
        samples.batch(index).inputs, smoothing=3, integrating=4, index=index
    )
    assert np.allclose(plain.smint.masks, result.columns.smint.masks, atol=1e-4)


@pytest.mark.parametrize(
    ("net", "layout"), [(torch_net, "NCHW"), (keras_net, "NHWC")], ids=["torch", "keras"]
)
def test_the_saliency_of_a_recorder_is_the_panels(net, layout):
    x = SHOTS if layout == "NHWC" else np.moveaxis(SHOTS, -1, 1)
    model, tracker, seen = net(), xw.Tracker(), []
    samples = xw.samples.as_samples((x, np.arange(8)), layout=layout)
    view = figures.saliency_view(model, samples, [2, 5], smoothing=3, integrating=4)
    writer = figures.CallbackWriter(lambda name, figure, summary: seen.append(figure))
    with figures.Recorder(tracker, writer, {"saliency": view}, modes="train"):
        tracker.record(np.arange(8), np.arange(8), loss=np.ones(8))
        tracker.end_epoch("train")
    assert not tracker.problems
    with xw.SaliencyPanel(model, samples, indices=[2, 5], smoothing=3, integrating=4) as panel:
        settled(panel)
        live = panel.figure()
    (still,) = seen
    ours, theirs = (
        [np.asarray(image.get_array()) for axes in figure.figure.axes for image in axes.images]
        for figure in (still, live)
    )
    assert len(ours) == len(theirs) == 13
    for a, b in zip(ours, theirs, strict=True):
        assert np.abs(a.astype(int) - b.astype(int)).max() <= 1, (
            "the same but for the order of the draws' sums"
        )


def settled(panel, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while panel._result is None or not panel._result.done or panel.service.state != "idle":
        assert time.monotonic() < end, f"no pictures: {panel.service.state}"
        panel.publisher.flush()
        time.sleep(0.01)
    panel.publisher.flush()
