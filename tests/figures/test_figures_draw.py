"""What is drawn: the values of the tracker, in the colours of the widgets, whatever the names hold."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from figure_data import HOSTILE, NAMES, run
from matplotlib.colors import to_hex
from PIL import Image

import xai_widgets as xw
from xai_widgets import figures
from xai_widgets._metrics import number
from xai_widgets.figures import palette
from xai_widgets.tracking.results import LabelSeries


def lines(figure, prefix):
    """Everything drawn as a named line: {name: matplotlib line}."""
    return {
        line.get_gid(): line
        for axes in figure.figure.axes
        for line in axes.lines
        if line.get_gid() and line.get_gid().startswith(prefix)
    }


def texts(figure):
    return [text.get_text() for text in figure.figure.texts]


def pixels(figure, dpi=96):
    return np.asarray(Image.open(io.BytesIO(figure.png(dpi=dpi))).convert("RGB"))


def colors_in(figure):
    return {tuple(c) for c in pixels(figure).reshape(-1, 3).tolist()}


def series_of(mean, names=None, **more):
    mean = np.asarray(mean, np.float64)
    rows, columns = mean.shape
    given = {
        "metric": "loss", "mode": "eval", "ds_id": None, "labels": tuple(range(rows)),
        "names": tuple(names or [f"class {i}" for i in range(rows)]), "epochs": np.arange(1, columns + 1),
        "steps": np.arange(1, columns + 1) * 10, "mean": mean, "std": mean * 0.2, "min": mean * 0.5, "max": mean * 2,
        "count": np.full(mean.shape, 9),
    }  # fmt: skip
    return LabelSeries(**{**given, **more})


def test_lines_carry_the_trackers_values_and_the_palettes_colors(tracker):
    series = tracker.label_series("loss", mode="eval")
    for dark in (False, True):
        drawn = lines(figures.label_difficulty(series, dark=dark), "label ")
        assert len(drawn) == 10
        for row, label in enumerate(series.labels):
            line = drawn[f"label {label} eval"]
            assert np.array_equal(line.get_xdata(), series.epochs)
            assert np.array_equal(line.get_ydata(), series.mean[row])
            assert to_hex(line.get_color()) == palette.label_style(row, dark).color


def test_the_legend_is_ordered_by_difficulty_with_the_current_values(tracker):
    series = tracker.label_series("loss", mode="eval")
    shown = texts(figures.label_difficulty(series))
    order = [NAMES[i] for i in np.argsort(-series.mean[:, -1])]
    assert [t for t in shown if t in NAMES] == order
    assert all(f"{series.mean[i, -1]:.2f}" in shown for i in range(10))
    assert order[0] == "cat"
    easy_first = texts(figures.label_difficulty(tracker.label_series("accuracy", mode="eval")))
    accuracy = tracker.label_series("accuracy", mode="eval").mean[:, -1]
    assert next(t for t in easy_first if t in NAMES) == NAMES[int(accuracy.argmin())], (
        "of an accuracy the low end is hard"
    )


@pytest.mark.parametrize("kind", ["std", "range", "sem", "ci95"])
def test_the_band_is_the_one_asked_for(tracker, kind):
    series = tracker.label_series("loss", mode="eval")
    figure = figures.label_difficulty(series, bounds=kind, highlight="dog")
    (band,) = [c for axes in figure.figure.axes for c in axes.collections]
    lower, upper = series.bounds(kind)
    edges = band.get_paths()[0].vertices[:, 1]
    assert edges.min() == pytest.approx(max(lower[5].min(), 0.0))
    assert edges.max() == pytest.approx(upper[5].max())
    assert to_hex(band.get_facecolor()[0][:3]) == palette.label_colors(10)[5]


def test_the_band_of_a_loss_does_not_reach_below_zero():
    tracker = xw.Tracker()
    for loss in ([0.0, 0.0, 9.0], [0.1, 0.0, 7.0]):
        tracker.record([0, 1, 2], [0, 0, 0], mode="eval", loss=loss)
        tracker.end_epoch("eval")
    series = tracker.label_series("loss", mode="eval")
    assert series.bounds("std")[0].min() < -1
    figure = figures.label_difficulty(series, bounds="std")
    (band,) = [c for axes in figure.figure.axes for c in axes.collections]
    assert band.get_paths()[0].vertices[:, 1].min() == 0
    assert figure.figure.axes[0].get_ylim()[0] > -1


def test_several_bounds_give_a_chart_each_and_none_gives_no_band(tracker):
    series = tracker.label_series("loss", mode="eval", quantiles=(0.05, 0.95))
    figure = figures.label_difficulty(series, bounds=["std", "range", "quantiles", None], bands="all")
    assert [len(axes.collections) for axes in figure.figure.axes] == [10, 10, 10, 0]
    assert "smallest to largest" in texts(figure)


def test_modes_are_dashes_and_data_sets_are_markers(tracker):
    both = [tracker.label_series("loss", mode=m) for m in ("train", "eval")]
    drawn = lines(figures.label_difficulty(both, labels=["cat"]), "label 3")
    assert drawn["label 3 train"].get_linestyle() == "-"
    assert drawn["label 3 eval"].get_linestyle() == "--"
    assert to_hex(drawn["label 3 train"].get_color()) == to_hex(drawn["label 3 eval"].get_color())
    day, night = (series_of([[1.0, 2.0]], ds_id=d) for d in ("day", "night"))
    figure = figures.label_difficulty([day, night])
    markers = {
        line.get_marker() for line in figure.figure.axes[0].lines if line.get_marker() not in ("None", "none")
    }
    assert markers == {"o", "s"}
    assert {"day", "night"} <= set(texts(figure))


def test_a_label_keeps_its_color_when_others_are_left_out(tracker):
    series = tracker.label_series("loss", mode="eval")
    drawn = lines(figures.label_difficulty(series, labels=["ship", 3]), "label ")
    assert set(drawn) == {"label 8 eval", "label 3 eval"}
    assert to_hex(drawn["label 8 eval"].get_color()) == palette.label_colors(10)[8]
    only = tracker.label_series("loss", mode="eval", labels=["ship"])
    drawn = lines(figures.label_difficulty(only, order=tracker.labels), "label ")
    assert to_hex(next(iter(drawn.values())).get_color()) == palette.label_colors(10)[8]


def test_steps_smoothing_and_the_planned_length(tracker):
    series = tracker.label_series("loss", mode="eval")
    by_step = lines(figures.label_difficulty(series, x="step"), "label ")["label 0 eval"]
    assert np.array_equal(by_step.get_xdata(), series.steps)
    figure = figures.label_difficulty(series, epochs=50, smoothing=2)
    assert figure.figure.axes[0].get_xlim()[1] >= 50
    line = lines(figure, "label ")["label 0 eval"]
    assert np.ptp(line.get_ydata()) < np.ptp(series.mean[0])
    assert f"{series.mean[0, -1]:.2f}" in texts(figure), "the value of the legend is not smoothed"


def test_gaps_single_epochs_and_open_ones():
    nan = float("nan")
    figure = figures.label_difficulty(series_of([[1, nan, 2, nan, 3], [nan] * 5]))
    assert "–" in texts(figure)
    dots = [line for line in figure.figure.axes[0].lines if line.get_linestyle() == "None"]
    assert sum(len(d.get_xdata()) for d in dots) >= 3, "epochs between gaps are seen as points"
    once = figures.label_difficulty(series_of([[1.0], [2.0], [3.0]]))
    assert len(once.figure.axes[0].collections) == 3, "one epoch has a bar for a band"
    whole = figures.label_difficulty(series_of([[1.0, 2.0]]))
    still_open = figures.label_difficulty(series_of([[1.0, 2.0]], provisional=True))
    assert "still open" in " ".join(texts(still_open))
    ends = [f.figure.axes[0].lines[-1].get_markerfacecolor() for f in (whole, still_open)]
    assert ends == [palette.label_colors(1)[0], palette.theme().background]


def test_a_thousand_labels_are_one_readable_chart():
    rng = np.random.default_rng(0)
    mean = rng.gamma(2, 1, (1000, 1)) + rng.normal(0, 0.1, (1000, 30))
    figure = figures.label_difficulty(series_of(mean))
    axes = figure.figure.axes[0]
    assert len(lines(figure, "label ")) == 11
    pale = [c for c in axes.collections if len(c.get_paths()) == 989]
    assert len(pale) == 1, "the others are one collection"
    hardest = f"class {int(mean[:, -1].argmax())}"
    assert hardest in texts(figure)
    assert any("more between" in t for t in texts(figure))
    assert len(figure.figure.texts) < 80
    assert len(figure.svg()) < 600_000
    assert figures.history_heatmap(series_of(mean)).size[1] < 1000


def test_instances_have_roles_scores_and_pictures(tracker):
    hard, easy = tracker.extremes("loss", mode="train", n_max=3, n_min=2)
    series = tracker.instance_series([*hard.index, *easy.index, 10, 18], "loss", mode="train")
    picture = np.full((8, 8, 3), (255, 0, 255), np.uint8)
    figure = figures.instance_history(
        series, hard=hard, easy=easy, label_names=NAMES, pictures={hard.index[0]: picture}, epochs=10
    )
    drawn = lines(figure, "instance ")
    theme = palette.theme()
    roles = [theme.hardest] * 3 + [theme.easiest] * 2 + [theme.pinned] * 2
    for row, (index, color) in enumerate(zip(series.index, roles, strict=True)):
        line = drawn[f"instance {index}"]
        assert np.allclose(line.get_ydata(), series.values[row], equal_nan=True)
        assert to_hex(line.get_color()) == color
    shown = texts(figure)
    assert {"hardest", "easiest", "pinned", "#10", "#18", f"#{hard.index[0]}"} <= set(shown)
    assert number(hard.scores[0]) in shown
    assert number(float(np.nanmean(series.values[-1]))) in shown, "pinned ones show their mean too"
    assert NAMES[int(hard.labels[0])] in shown
    assert (255, 0, 255) in colors_in(figure)


def test_fifty_samples_stay_readable(tracker):
    index = list(range(60))
    series = tracker.instance_series(index, "loss", mode="train")
    figure = figures.instance_history(series, hard=index[:50])
    assert figure.size[1] < 1200
    assert "18 more" in " ".join(texts(figure))


def test_the_map_places_colors_and_rings(tracker):
    table = tracker.dynamics(mode="train")
    figure = figures.instance_map(table, label_names=NAMES, selected=[4, 9])
    *marks, rings = figure.figure.axes[0].collections
    expected = np.column_stack([table["variability"], table["confidence"]])
    assert len(marks) == 7, "seven shapes for ten labels"
    for shape, mark in enumerate(marks):
        rows = np.flatnonzero(table["label"] % 7 == shape)
        assert np.allclose(mark.get_offsets(), expected[rows])
        wanted = [palette.label_colors(10)[label] for label in table["label"][rows]]
        assert [to_hex(c) for c in mark.get_facecolors()[:, :3]] == wanted
    assert np.allclose(rings.get_offsets(), expected[[4, 9]])
    assert {"easy to learn", "ambiguous"} <= set(texts(figure))
    assert any(text.startswith("hard") for text in texts(figure))
    told = figures.instance_map({**table, "label_error": np.where(np.arange(len(table)) < 20, 0.95, 0.0)})
    assert "hard; about 19 ± 3 labels wrong" in texts(told)
    early = figures.instance_map({**table, "label_error": np.full(len(table), np.nan)})
    assert "hard to learn" in texts(early)
    some = figures.instance_map(table, labels=[3])
    assert len(some.figure.axes[0].collections[0].get_offsets()) == 20
    assert to_hex(some.figure.axes[0].collections[0].get_facecolors()[0][:3]) == palette.label_colors(10)[3]


def test_a_map_of_many_is_one_image():
    rng = np.random.default_rng(0)
    n = 60_000
    table = {
        "index": np.arange(n),
        "variability": rng.random(n) * 0.4,
        "confidence": rng.random(n),
        "label": np.zeros(n, int),
    }
    figure = figures.instance_map(table)
    (image,) = figure.figure.axes[0].images
    assert not figure.figure.axes[0].collections
    painted = image.get_array()
    assert tuple(painted[painted[..., 3] > 0][0, :3]) == tuple(
        int(palette.label_colors(1)[0][i : i + 2], 16) for i in (1, 3, 5)
    )
    assert len(figure.svg()) < 3_000_000


def test_heat_shows_every_value_in_its_color(tracker):
    series = tracker.label_series("loss", mode="eval")
    figure = figures.history_heatmap(series)
    image = figure.figure.axes[0].images[0].get_array()
    order = np.argsort(-series.mean[:, -1])
    low, high = series.mean.min(), np.percentile(series.mean, 99.5)
    expected = palette.paint((series.mean[order] - low) / (high - low))
    assert np.array_equal(image, expected)
    assert [t for t in texts(figure) if t in NAMES] == [NAMES[i] for i in order]
    with_gap = figures.history_heatmap(series_of([[1.0, float("nan")], [2.0, 3.0]]))
    gap = with_gap.figure.axes[0].images[0].get_array()[1, 1]
    assert to_hex(gap / 255) == palette.theme().grid
    instances = figures.history_heatmap(tracker.instance_series([1, 2], "loss"), label_names=NAMES)
    assert "#1 automobile" in texts(instances)


def test_names_are_data_in_every_figure():
    tracker = run(epochs=3, instances=64, labels=len(HOSTILE), names=HOSTILE)
    series = tracker.label_series("loss", mode="eval")
    table = tracker.dynamics(mode="train")
    names = dict(enumerate(HOSTILE))
    some = tracker.instance_series([0, 1, 2], "loss")
    made = [
        figures.label_difficulty(series, title="$\\alpha$ <b>"),
        figures.instance_history(some, label_names=names),
        figures.history_heatmap(series),
        figures.instance_map(table, label_names=names),
        figures.saliency_grid(
            {"$a_b$ <i>": np.ones((1, 5, 5))},
            [np.zeros((5, 5, 3), np.uint8)],
            labels=[0],
            label_names=names,
            index=["\0$x^2$<script>"],
        ),
    ]
    for figure in made:
        figure.png(dpi=60)
        svg = figure.svg()
        ET.fromstring(svg)
        assert "<script" not in svg
        assert "<b>" not in svg
        assert "\0" not in svg
        assert "onerror=" not in re.sub(r">[^<]*<", "><", svg), "only ever as text"
        assert all(len(t) < 90 for t in texts(figure))
    assert "<script>alert(1)</script>" in texts(made[0])
    assert any(t.startswith("$\\frac{1}") for t in texts(made[0])), "mathtext is not set as a formula"


def test_the_same_input_gives_the_same_bytes(tracker):
    series = tracker.label_series("loss", mode="eval")
    first, second = (figures.label_difficulty(series) for _ in range(2))
    assert first.png() == second.png() == first.png()
    assert first.svg() == second.svg() == first.svg()
    assert b"tEXt" not in first.png()
    assert not re.search(r"20\d\d-\d\d", first.svg())


def test_a_users_style_changes_nothing_here_and_nothing_of_his_is_changed(tracker):
    import matplotlib

    series = tracker.label_series("loss", mode="eval")
    instances = tracker.instance_series([1, 2], "loss")

    def all_bytes():
        return [
            f.png(96) + f.svg().encode()
            for f in (
                figures.label_difficulty(series),
                figures.instance_history(instances),
                figures.history_heatmap(series),
                figures.instance_map(tracker.dynamics(mode="train")),
            )
        ]

    plain = all_bytes()
    style = {
        "text.usetex": True, "axes.facecolor": "red", "figure.facecolor": "red", "savefig.facecolor": "red", "axes.grid": True,
        "lines.linewidth": 9, "font.size": 30, "font.family": "serif", "path.sketch": (3, 100, 2), "lines.marker": "x",
        "figure.constrained_layout.use": True, "figure.autolayout": False, "savefig.bbox": "tight", "savefig.dpi": 33,
        "image.interpolation": "bilinear", "image.origin": "lower", "axes.spines.top": True, "xtick.bottom": True,
        "lines.dash_capstyle": "round", "patch.edgecolor": "red", "patch.force_edgecolor": True, "text.color": "red",
        "axes.unicode_minus": False, "svg.fonttype": "path", "scatter.marker": "x", "axes.xmargin": 0.4,
        "savefig.transparent": True, "text.parse_math": True, "text.antialiased": False,
        "lines.antialiased": False, "patch.antialiased": False, "image.resample": True, "figure.dpi": 33,
        "axes.axisbelow": False, "hatch.color": "red", "savefig.pad_inches": 3, "image.cmap": "jet", "axes.labelsize": 40,
    }  # fmt: skip
    with matplotlib.rc_context(style):
        before = dict(matplotlib.rcParams)
        styled = all_bytes()
        assert dict(matplotlib.rcParams) == before
    assert styled == plain


def test_saving_chooses_the_format_by_the_ending(tracker, tmp_path):
    figure = figures.label_difficulty(tracker.label_series("loss", mode="eval"))
    width, height = figure.size
    path = figure.save(tmp_path / "a.png", dpi=288)
    assert Image.open(path).size == (3 * width, 3 * height)
    assert figure.save(str(tmp_path / "a.svg")).read_text().startswith("<?xml")
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["a.png", "a.svg"], "no partial file is left"
    assert figure._repr_png_() == (figure.png(), {"width": width, "height": height})
    assert repr(figure).startswith(f"<figure {width} × {height} px: 10 labels, mean loss on eval")
    for bad in ("a.pdf", "a", "png"):
        with pytest.raises(ValueError, match=r"\.png or \.svg"):
            figure.save(tmp_path / bad)
    with pytest.raises(ValueError, match="dpi should be"):
        figure.png(dpi=0)


def test_the_texts_of_an_svg_are_text(tracker):
    svg = figures.label_difficulty(tracker.label_series("loss", mode="eval")).svg()
    found = [e.text for e in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert set(NAMES) <= set(found)


def test_drawing_in_many_threads_gives_the_same(tracker):
    series = tracker.label_series("loss", mode="eval")
    expected = figures.label_difficulty(series)
    wanted, found = (expected.png(96), expected.svg()), []

    def draw():
        for _ in range(2):
            figure = figures.label_difficulty(series)
            found.append((figure.png(96), figure.svg()))

    threads = [threading.Thread(target=draw) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [wanted] * 6


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda s, i, t: figures.label_difficulty([]), ValueError, "no series to draw"),
        (lambda s, i, t: figures.label_difficulty(t), TypeError, "label_series"),
        (lambda s, i, t: figures.label_difficulty(s, bounds="sd"), ValueError, "bounds should be of std"),
        (lambda s, i, t: figures.label_difficulty(s, labels=["cow"]), ValueError, "no label 'cow'"),
        (lambda s, i, t: figures.label_difficulty(s, labels=[]), ValueError, "labels is empty"),
        (lambda s, i, t: figures.label_difficulty(s, highlight=77), ValueError, "no label 77"),
        (lambda s, i, t: figures.label_difficulty(s, x="time"), ValueError, "x should be one of epoch, step"),
        (lambda s, i, t: figures.label_difficulty(s, bands="most"), ValueError, "bands should be"),
        (lambda s, i, t: figures.label_difficulty(s, hard_is="up"), ValueError, "hard_is should be"),
        (lambda s, i, t: figures.label_difficulty(s, smoothing=float("nan")), ValueError, "smoothing should be"),
        (lambda s, i, t: figures.label_difficulty(s, bounds="quantiles"), ValueError, "quantiles"),
        (lambda s, i, t: figures.label_difficulty([s, series_of([[1.0]], metric="acc")]), ValueError, "of one metric"),
        (lambda s, i, t: figures.label_difficulty(series_of(np.zeros((0, 2)))), ValueError, "no label was seen"),
        (lambda s, i, t: figures.instance_history(s), TypeError, "instance_series"),
        (lambda s, i, t: figures.instance_history(i, x="time"), ValueError, "x should be"),
        (lambda s, i, t: figures.instance_history(i, highlight=5), ValueError, "#5 is not in this series"),
        (lambda s, i, t: figures.instance_history(i, pictures={1: np.zeros((3, 8, 8))}), ValueError, "uint8"),
        (lambda s, i, t: figures.instance_map(t, x="luck"), ValueError, "no score 'luck' in this table; there are"),
        (lambda s, i, t: figures.instance_map(t, selected=[-5]), ValueError, "#-5 is not in this table"),
        (lambda s, i, t: figures.history_heatmap(t), TypeError, "label_series or instance_series"),
        (lambda s, i, t: figures.history_heatmap(s, colormap="jetlag"), ValueError, "no colour map"),
    ],
)  # fmt: skip
def test_mistakes_are_named(tracker, call, error, text):
    series, instances = tracker.label_series("loss", mode="eval"), tracker.instance_series([1, 2], "loss")
    with pytest.raises(error, match=text):
        call(series, instances, tracker.dynamics(mode="train"))


def test_pyplot_and_the_frameworks_are_never_loaded():
    pytest.importorskip("tensorboard")
    code = (
        "import sys, importlib.abc, tempfile\n"
        "tried = set()\n"
        "class Without(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        tried.add(name.split('.')[0])\n"
        "        no = ('torch', 'tensorflow', 'ipywidgets', 'bqplot', 'ipycanvas')\n"
        "        if name.split('.')[0] in no or name == 'matplotlib.pyplot':\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Without())\n"
        "sys.path.insert(0, 'tests/figures')\n"
        "import figure_data\n"
        "from xai_widgets import figures\n"
        "assert 'matplotlib' not in sys.modules\n"
        "t = figure_data.run(2)\n"
        "figures.label_difficulty(t.label_series('loss')).png()\n"
        "figures.instance_history(t.instance_series([1], 'loss')).svg()\n"
        "figures.instance_map(t.dynamics()).png()\n"
        "figures.report(tempfile.mkdtemp() + '/x.html', t, theme='light')\n"
        "with figures.Recorder(t, figures.TensorBoardWriter(tempfile.mkdtemp()), 'labels'):\n"
        "    t.record([1], [1], loss=[1.0])\n"
        "    t.end_epoch()\n"
        "assert not t.problems, t.problems\n"
        "assert not tried & {'torch', 'tensorflow', 'ipywidgets'}, tried\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
