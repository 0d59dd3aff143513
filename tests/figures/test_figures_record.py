"""Pictures along a run: writers, schedules, and that none of it can stop training."""

from __future__ import annotations

import io
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from figure_data import NAMES
from PIL import Image

import xai_widgets as xw
from xai_widgets import figures, samples
from xai_widgets.figures import schedules


def train(tracker, epochs=6, modes=("train", "eval"), losses=None):
    """Run the recording part of a training loop to its end."""
    rng = np.random.default_rng(0)
    y = np.arange(20) % 10
    for epoch in range(1, epochs + 1):
        for mode in modes:
            level = 1 / epoch if losses is None else losses[epoch - 1]
            tracker.record(
                np.arange(20),
                y,
                mode=mode,
                epoch=epoch,
                step=epoch * 5,
                loss=rng.gamma(2, 0.1, 20) * 0 + level,
            )
            tracker.end_epoch(mode)
    tracker.finish()


def fresh():
    return xw.Tracker(label_names={n: i for i, n in enumerate(NAMES)}, epochs=6)


def seen_epochs(schedule, modes=("train", "eval"), losses=None, **options):
    """The epochs at which a schedule lets a view be drawn (the last is always drawn, so a later one is cut off)."""
    tracker, seen = fresh(), []
    view = lambda tracker, summary: seen.append((summary.mode, summary.epoch))  # noqa: E731
    recorder = figures.Recorder(tracker, [], {"mine": view}, schedule=schedule, **options)
    for epoch in range(1, 13):
        for mode in modes:
            level = 1.0 if losses is None else losses[epoch - 1]
            tracker.record([1, 2], [0, 1], mode=mode, epoch=epoch, loss=[level, level])
            tracker.end_epoch(mode)
    recorder.close()
    assert not tracker.problems
    return [e for mode, e in seen if mode == "eval"]


@pytest.mark.parametrize(
    ("schedule", "epochs"),
    [
        (None, list(range(1, 13))),
        (schedules.every(5), [5, 10]),
        (schedules.every(4, start=1), [1, 5, 9]),
        (schedules.every(3, stop=8), [3, 6]),
        (schedules.at(1, 7, 11), [1, 7, 11]),
        (schedules.at(range(2, 12, 4)), [2, 6, 10]),
        (schedules.repeating([True, None]), [1, 3, 5, 7, 9, 11]),
        (schedules.repeating([None, None, 1]), [3, 6, 9, 12]),
        (schedules.changing({1: True, 3: schedules.every(4), 9: None}), [1, 2, 4, 8]),
        (schedules.changing({5: True}), list(range(5, 13))),
        (schedules.any_of(schedules.at(1), schedules.every(6)), [1, 6, 12]),
    ],
)
def test_schedules(schedule, epochs):
    assert seen_epochs(schedule) == epochs


def test_pictures_when_a_metric_improves():
    losses = [5, 4, 4.5, 3.9, 3.95, 3, 3, 2, 2.5, 9, 1.5, 1.6]
    assert seen_epochs(schedules.improves("loss"), losses=losses) == [1, 2, 4, 6, 8, 11]
    assert seen_epochs(schedules.improves("loss", by=0.5), losses=losses) == [1, 2, 6, 8]
    assert seen_epochs(schedules.improves("loss", better="high"), losses=losses) == [1, 10]
    values = iter([1, 3, 2, 4, *[0] * 8])
    assert seen_epochs(schedules.improves(better="high", value=lambda: next(values)), losses=losses) == [
        1,
        2,
        4,
    ]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: schedules.every(0), "1 or more"),
        (lambda: schedules.repeating([]), "pattern is empty"),
        (lambda: schedules.changing({}), "at least one epoch"),
        (lambda: schedules.improves(better="up"), "better should be"),
        (lambda: figures.FolderWriter("x", formats="gif"), "formats should be"),
        (
            lambda: figures.Recorder(fresh(), [], ["label"]),
            "no view 'label'; there are labels, instances, map, heat",
        ),
    ],
)
def test_mistakes_are_named(call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_things_of_the_wrong_kind_are_refused():
    with pytest.raises(TypeError, match="a writer needs figure"):
        figures.Recorder(fresh(), object())
    with pytest.raises(TypeError, match="function of tracker and summary"):
        figures.Recorder(fresh(), [], {"a": 3})
    with pytest.raises(TypeError, match="should be a function"):
        figures.CallbackWriter("no")
    with pytest.raises(TypeError, match="as_samples"):
        figures.saliency_view(None, np.zeros((2, 3, 8, 8)))


def test_a_folder_per_epoch(tmp_path):
    tracker = fresh()
    writer = figures.FolderWriter(tmp_path, formats=("png", "svg"), dpi=48)
    with figures.Recorder(
        tracker, writer, ["labels", "instances", "map", "heat"], schedule=schedules.every(4), modes="eval"
    ):
        train(tracker)
    assert not tracker.problems
    made = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.png"))
    assert made == [
        f"epoch_{e:04d}/{view}_eval.png" for e in (4, 6) for view in ("heat", "instances", "labels", "map")
    ], "every fourth, and the last"
    assert len(list(tmp_path.rglob("*.svg"))) == 8
    assert Image.open(tmp_path / "epoch_0004" / "labels_eval.png").size[0] == 320


def test_file_names_are_data_too(tmp_path):
    writer = figures.FolderWriter(tmp_path)
    figure = figures.label_difficulty(one_series())
    writer.figure("../../etc/x y$\0", figure, SimpleNamespace(epoch=1, mode="eval", ds_id="../a|b"))
    (path,) = tmp_path.rglob("*.png")
    assert path.relative_to(tmp_path).as_posix() == "epoch_0001/etc_x_y__eval__a_b.png"


def one_series():
    tracker = fresh()
    tracker.record([1, 2], [0, 1], loss=[1.0, 2.0])
    tracker.end_epoch()
    return tracker.label_series("loss")


def test_tensorboards_own_reader_reads_it_back(tmp_path, monkeypatch):
    # its reader would load TensorFlow to open a file; with this module there it uses its own small stand-in
    monkeypatch.setitem(sys.modules, "tensorboard.compat.notf", ModuleType("notf"))
    event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    tracker = fresh()
    with figures.Recorder(
        tracker, figures.TensorBoardWriter(tmp_path), ["labels"], schedule=schedules.every(3)
    ):
        train(tracker)
    assert not tracker.problems
    reader = event_accumulator.EventAccumulator(
        str(tmp_path), size_guidance={event_accumulator.IMAGES: 0, event_accumulator.SCALARS: 0}
    )
    reader.Reload()
    assert sorted(reader.Tags()["images"]) == ["labels/eval", "labels/train"]
    pictures = reader.Images("labels/eval")
    assert [p.step for p in pictures] == [15, 30]
    image = Image.open(io.BytesIO(pictures[-1].encoded_image_string))
    assert image.size == (pictures[-1].width, pictures[-1].height)
    tags = reader.Tags()["scalars"]
    assert f"loss/eval/{NAMES[3]}" in tags
    assert len(tags) == 20
    points = reader.Scalars("loss/train/cat")
    expected = tracker.label_series("loss", mode="train")
    assert [p.step for p in points] == expected.steps.tolist()
    assert np.allclose([p.value for p in points], expected.mean[3])


def test_any_function_gets_pictures_and_numbers():
    tracker, pictures, numbers = fresh(), [], []
    writer = figures.CallbackWriter(
        lambda name, figure, summary: pictures.append(
            (name, summary.mode, summary.epoch, figure.png(48)[:4])
        ),
        lambda series, summary: numbers.append((summary.epoch, series.mean[0, -1])),
    )
    with figures.Recorder(tracker, [writer], ["labels"], schedule=schedules.at(2), modes=["eval"]):
        train(tracker)
    assert pictures == [("labels", "eval", 2, b"\x89PNG"), ("labels", "eval", 6, b"\x89PNG")]
    assert [e for e, _ in numbers] == [1, 2, 3, 4, 5, 6]
    assert numbers[3][1] == pytest.approx(1 / 4)


def test_nothing_that_fails_here_stops_training():
    tracker, drawn = fresh(), []

    def broken(tracker, summary):
        raise RuntimeError("no ink")

    def full_disk(name, figure, summary):
        raise OSError(28, "No space left on device")

    good = figures.CallbackWriter(lambda name, figure, summary: drawn.append(summary.epoch))
    writers = [figures.CallbackWriter(full_disk), good]
    recorder = figures.Recorder(tracker, writers, {"bad": broken, "labels": "labels"}, modes="eval")
    with pytest.warns(RuntimeWarning, match="no ink|No space left"):
        train(tracker)
    assert drawn == [1, 2, 3, 4, 5, 6], "one failing writer takes nothing from the other"
    assert sum("view bad failed with RuntimeError: no ink" in p for p in tracker.problems) == 3
    assert sum("No space left on device" in p for p in tracker.problems) == 3
    assert "left out from now on" in tracker.problems[-1]
    assert tracker.status == "ended"
    recorder.close()
    recorder.close()


def test_after_close_nothing_is_drawn():
    tracker, seen = fresh(), []
    recorder = figures.Recorder(tracker, [], {"a": lambda t, s: seen.append(s.epoch)})
    recorder.close()
    train(tracker, 2)
    assert seen == []


class TestSaliency:
    """Saliency at the end of epochs, of a real network."""

    @pytest.fixture
    def net(self):
        torch = pytest.importorskip("torch")
        torch.manual_seed(0)
        return torch.nn.Sequential(
            torch.nn.Conv2d(1, 4, 3, padding=1), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(256, 10)
        )

    @pytest.fixture
    def digits(self):
        x = np.random.default_rng(0).random((20, 1, 8, 8), dtype=np.float32)
        return samples.as_samples((x, np.arange(20) % 10), label_names=NAMES)

    def record(self, view, epochs=6, **options):
        tracker, seen = fresh(), []
        writer = figures.CallbackWriter(lambda name, figure, summary: seen.append((summary.epoch, figure)))
        with figures.Recorder(tracker, writer, {"saliency": view}, modes="eval", **options):
            train(tracker, epochs)
        assert not tracker.problems
        return seen

    @staticmethod
    def indices(figure):
        return [t.get_text() for t in figure.figure.texts if t.get_text().startswith("#")]

    def test_a_fixed_set_every_few_epochs(self, net, digits):
        net.train()
        before = {k: v.clone() for k, v in net.state_dict().items()}
        view = figures.saliency_view(net, digits, [10, 18], smoothing=2, integrating=3)
        seen = self.record(view, schedule=schedules.every(2))
        assert [e for e, _ in seen] == [2, 4, 6]
        assert all(self.indices(f) == ["#10", "#18"] for _, f in seen)
        shown = " ".join(t.get_text() for t in seen[0][1].figure.texts)
        assert "weights of epoch 2, step 10" in shown
        assert "SmInt" in shown
        assert net.training
        assert all(bool((before[k] == v).all()) for k, v in net.state_dict().items())

    def test_drawn_samples_stay_or_are_fresh(self, net, digits):
        same = self.record(figures.saliency_view(net, digits, 5, smoothing=0, integrating=0), 2)
        assert len({tuple(self.indices(f)) for _, f in same}) == 1
        assert len(self.indices(same[0][1])) == 5
        other = self.record(figures.saliency_view(net, digits, 5, fresh=True, smoothing=0, integrating=0), 2)
        assert len({tuple(self.indices(f)) for _, f in other}) > 1
        again = self.record(figures.saliency_view(net, digits, 5, fresh=True, smoothing=0, integrating=0), 2)
        assert [self.indices(f) for _, f in other] == [self.indices(f) for _, f in again]

    def test_the_hardest(self, net, digits):
        seen = self.record(
            figures.saliency_view(net, digits, "hardest", smoothing=0, integrating=0),
            schedule=schedules.at(1),
        )
        assert len(self.indices(seen[0][1])) == 5

    def test_indices_that_are_not_there(self, net, digits):
        with pytest.raises(ValueError, match=r"no index \[99\]"):
            figures.saliency_view(net, digits, [1, 99])
        with pytest.raises(ValueError, match="cannot draw 21 samples out of 20"):
            figures.saliency_view(net, digits, 21)
        with pytest.raises(ValueError, match="indices is empty"):
            figures.saliency_view(net, digits, [])

    def test_without_traces(self, net, digits):
        """Six images, 6 draws, 100 steps, one figure: the seed's saliency on its own."""
        engine = xw.AttributionEngine(net.eval())
        index = [0, 1, 2, 3, 4, 5]
        grid = engine.saliency_columns(digits.batch(index).inputs, smoothing=6, integrating=100)
        figure = figures.saliency_grid(grid, digits, index=index)
        assert self.indices(figure) == [f"#{i}" for i in index]
        titles = {"Input", "Overlay", *xw.attribution.methods.columns().values()}
        drawn = [t.get_text() for t in figure.figure.texts if t.get_text() in titles]
        assert drawn == ["Input", "Overlay", "Raw", "Smoothed", "Integrated", "SmInt"]
