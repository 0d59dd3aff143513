"""A whole data set explained: what is in the store, what survives, and which rule is found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import xai_widgets as xw
from xai_widgets.explain import masks, records
from xai_widgets.explain.cover import blurred_mean, filling_of

torch = pytest.importorskip("torch")
SIDE, CLASSES = 12, 3


def pictures(count: int = 90, seed: int = 0):
    """Noise with a bright bar whose row is the class; 40 % of class 2 have the bar of class 0, and a mark in a corner."""
    rng = np.random.default_rng(seed)
    label = np.arange(count) % CLASSES
    x = rng.uniform(-0.2, 0.2, (count, 1, SIDE, SIDE)).astype(np.float32)
    for row, each in enumerate(label):
        x[row, 0, 2 + 3 * each, 3:9] += 1
    marked = (label == 2) & (np.arange(count) % 15 < 6)
    x[marked, :, 8, 3:9] -= 1
    x[marked, :, 2, 3:9] += 1
    x[marked, :, -2:, :2] += 2
    return x, label, marked


class Reader(torch.nn.Module):
    """Adds up the bar of each class; of the last also the mark: no training is needed."""

    def __init__(self) -> None:
        super().__init__()
        weight = torch.zeros(CLASSES, SIDE, SIDE)
        for each in range(CLASSES):
            weight[each, 2 + 3 * each, 3:9] = 1
        weight[2, -2:, :2] = 2
        self.read = torch.nn.Linear(SIDE * SIDE, CLASSES)
        with torch.no_grad():
            self.read.weight.copy_(weight.reshape(CLASSES, -1))
            self.read.bias.zero_()

    def forward(self, x):
        return torch.tanh(self.read(x.flatten(1)) / 8)


@pytest.fixture(scope="module")
def data():
    x, label, marked = pictures()
    return xw.samples.as_samples(x, labels=label, label_names={"sea": 0, "sky": 1, "bird": 2}), marked


@pytest.fixture(scope="module")
def store(data, tmp_path_factory):
    return xw.explain(Reader(), data[0], tmp_path_factory.mktemp("store"), batch_size=7, progress=False)


def test_the_package_is_called_and_imported_by_one_name():
    code = (
        "import xai_widgets.explain.masks as m, xai_widgets as xw\n"
        "print(callable(xw.explain), xw.explain.Explained is xw.Explained)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]


def test_every_instance_is_there_with_what_the_engine_says(data, store):
    assert store.index.tolist() == list(range(90))
    batch = data[0].batch([5])
    alone = xw.AttributionEngine(Reader()).attribute(
        batch.inputs, "integrated_gradients", integrating=16, baseline="zeros", index=[5]
    )
    wanted = masks.shrink(alone.values, "NCHW")[0]
    np.testing.assert_allclose(store.masks[5], wanted, atol=1e-4 * np.abs(wanted).max())
    assert store.prediction[5] == alone.prediction[0]
    np.testing.assert_allclose(store.score[5], alone.score[0], rtol=1e-5)
    frame = store.to_frame()
    assert list(frame.columns)[:3] == ["index", "label", "prediction"]
    assert len(frame) == 90


def test_the_rule_of_the_mark_is_the_most_suspicious(data, store):
    marked = set(np.flatnonzero(data[1]).tolist())
    first = store.clusters()[0]
    assert first.label == 2
    assert set(first.index.tolist()) == marked
    assert first.suspicion > 2 * max(c.suspicion for c in store.clusters()[1:])
    assert "bottom left corner" in first.why
    assert first.effect is not None
    assert first.effect.drop == 1.0
    assert (
        "covered, 100% ± 7% are no longer taken for this class; put into pictures of other classes, "
        in first.why
    )
    assert first.transfer is not None
    assert first.transfer.count == (store.prediction != 2).sum()
    inside = [first.membership[i] for i in first.membership if i in marked]
    assert min(inside) > max(first.membership[i] for i in first.membership if i not in marked)
    assert {c.label for c in store.clusters("bird")} == {2}
    with pytest.raises(ValueError, match="never predicted; there are sea, sky, bird"):
        store.clusters("fish")


def test_shards_batches_and_order_change_nothing(data, store, tmp_path, monkeypatch):
    for rank in (2, 0, 1):
        monkeypatch.setenv("RANK", str(rank))
        monkeypatch.setenv("WORLD_SIZE", "3")
        xw.explain(Reader(), data[0], tmp_path, engine="torchrun", batch_size=5 + rank, progress=False)
    other = xw.Explained.open(tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    assert other.index.tolist() == store.index.tolist()
    assert other.prediction.tolist() == store.prediction.tolist()
    np.testing.assert_allclose(other.masks, store.masks, atol=1e-4 * np.abs(store.masks).max())
    xw.explain(Reader(), data[0], tmp_path, progress=False)  # as one does when all ranks have ended
    assert sum(len(rows.index) for file in other._files.values() for rows in file.rows) == 90
    mine, theirs = store.clusters(), other.clusters()
    assert [rule.effect for rule in theirs] == [rule.effect for rule in mine]
    assert mine[0].effect is not None
    assert {tuple(sorted(c.index.tolist())) for c in mine} == {
        tuple(sorted(c.index.tolist())) for c in theirs
    }


def test_a_second_call_explains_only_what_is_missing(data, tmp_path):
    xw.explain(Reader(), data[0], tmp_path, index=range(40), progress=False, effects=False)
    reads = []
    original = type(data[0]).batch
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(data[0]), "batch", lambda self, ids: reads.extend(ids) or original(self, ids))
        again = xw.explain(Reader(), data[0], tmp_path, index=range(60), progress=False, effects=False)
    assert reads == list(range(40, 60))
    assert len(again) == 60


def test_other_weights_or_settings_are_refused(data, tmp_path):
    xw.explain(Reader(), data[0], tmp_path, index=range(3), progress=False, effects=False)
    changed = Reader()
    with torch.no_grad():
        changed.read.bias.add_(1)
    with pytest.raises(ValueError, match="other weights"):
        xw.explain(changed, data[0], tmp_path, progress=False)
    with pytest.raises(ValueError, match="other settings"):
        xw.explain(Reader(), data[0], tmp_path, progress=False, integrating=4)
    with pytest.raises(ValueError, match="engine should be one of local, torchrun"):
        xw.explain(Reader(), data[0], tmp_path, engine="spark")
    with pytest.raises(ValueError, match="method should be one of"):
        xw.explain(Reader(), data[0], tmp_path, method="nonsense")
    with pytest.raises(TypeError, match="there is no option 'integrate'"):
        xw.explain(Reader(), data[0], tmp_path, integrate=4)
    signals = xw.samples.as_samples(np.zeros((4, 100), np.float32))
    with pytest.raises(ValueError, match="data set of pictures"):
        xw.explain(Reader(), signals, tmp_path)
    with pytest.raises(TypeError, match="without arguments"):
        xw.explain(3, data[0], tmp_path)


def test_an_instance_that_fails_is_told_and_the_rest_goes_on(tmp_path):
    x, label, _ = pictures(24)

    def read(index):
        if index in (7, 11):
            raise OSError(f"picture {index} is broken")
        return x[index], int(label[index])

    data = xw.samples.as_samples(read, index=list(range(24)))
    with pytest.warns(RuntimeWarning, match=r"left out.*: 2 of the instances.*such as 7: OSError: picture 7"):
        store = xw.explain(lambda: Reader(), data, tmp_path, progress=False, effects=False)
    assert store.index.tolist() == [i for i in range(24) if i not in (7, 11)]
    assert store.failed == {7: "OSError: picture 7 is broken", 11: "OSError: picture 11 is broken"}


def test_a_killed_process_loses_and_doubles_nothing(data, tmp_path):
    code = textwrap.dedent(
        f"""
        import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
        import test_explain as t, xai_widgets as xw
        x, label, _ = t.pictures()
        xw.explain(t.Reader(), xw.samples.as_samples(x, labels=label), {str(tmp_path)!r}, batch_size=1, progress=False)
        """
    )
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    child = subprocess.Popen([sys.executable, "-c", code], env=env, stderr=subprocess.DEVNULL)
    watching = xw.Explained(tmp_path)
    while len(watching) < 5 and child.poll() is None:
        pass
    child.send_signal(signal.SIGKILL)
    child.wait()
    (path,) = tmp_path.iterdir()
    with open(path, "ab") as file:  # a frame torn in its middle
        file.write(path.read_bytes()[-50:-20])
    before = len(xw.Explained.open(tmp_path))
    assert before >= 5
    x, label, _ = pictures()
    again = xw.explain(
        Reader(), xw.samples.as_samples(x, labels=label), tmp_path, progress=False, effects=False
    )
    assert again.index.tolist() == list(range(90))
    assert sum(len(rows.index) for file in again._files.values() for rows in file.rows) == 90


def test_a_flipped_byte_costs_what_is_made_anew(data, tmp_path):
    xw.explain(Reader(), data[0], tmp_path, index=range(20), batch_size=5, progress=False, effects=False)
    (path,) = tmp_path.iterdir()
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    broken = xw.Explained.open(tmp_path)
    assert len(broken) in (5, 10)
    assert "damaged at byte" in broken.problems[0]
    with pytest.warns(RuntimeWarning, match="damaged at byte"):
        again = xw.explain(Reader(), data[0], tmp_path, index=range(20), progress=False, effects=False)
    assert again.index.tolist() == list(range(20))


def test_explanations_of_two_models_in_one_store_are_told(data, tmp_path):
    changed = Reader()
    with torch.no_grad():
        changed.read.bias.add_(1)
    for name, model in (("a", Reader()), ("b", changed)):
        xw.explain(model, data[0], tmp_path / name, index=range(3), progress=False, effects=False)
    (other,) = (tmp_path / "b").iterdir()
    other.rename(tmp_path / "a" / other.name)
    assert "2 models with other weights" in xw.Explained.open(tmp_path / "a").problems[0]
    with pytest.warns(RuntimeWarning, match="2 models with other weights"):
        xw.explain(Reader(), data[0], tmp_path / "a", index=range(3), progress=False, effects=False)


def test_a_mask_costs_less_than_half_a_kilobyte():
    rng = np.random.default_rng(0)
    values = rng.standard_cauchy((64, 3, 32, 32)).cumsum(-1)
    small = masks.shrink(values, "NCHW")
    codes, scale = masks.quantise(small)
    np.testing.assert_allclose(masks.restore(codes, scale), small, atol=4.2e-5 * np.abs(small).max())
    columns = {name: np.zeros(64, kind) for name, kind in records.COLUMNS}
    payload = records.encode_rows(records.Rows(tuple(range(64)), columns, codes, scale))
    assert len(payload) <= 480 * 64
    back = records.decode_rows(payload)
    np.testing.assert_array_equal(back.codes, codes)


def test_shrinking_keeps_the_mean_of_any_size():
    values = np.random.default_rng(0).normal(size=(2, 37, 50, 3))
    small = masks.shrink(values, "NHWC")
    assert small.shape == (2, 16, 16)
    even = masks.shrink(np.ones((1, 3, 224, 224)), "NCHW")
    np.testing.assert_allclose(even, 3)
    assert masks.shrink(np.ones((1, 8, 20)), "NHW").shape == (1, 8, 16)
    with pytest.raises(ValueError, match="pictures"):
        masks.shrink(np.ones((1, 8)), None)


@pytest.mark.parametrize(
    "bad", [b"", b"\xff\xff\xff\xff", b"\x02\0\0\0{}", b'\x19\0\0\0{"index":[1],"grid":[99,9]}']
)
def test_bad_payloads_are_errors(bad):
    with pytest.raises(Exception):  # noqa: B017 - each its own, all caught by the reader
        records.decode_rows(bad)


def test_what_covers_a_region_is_the_blurred_mean(data):
    mean = blurred_mean(data[0], np.array([0, 3, 6]))
    assert mean.shape == (1, SIDE, SIDE)
    flat = xw.samples.as_samples(np.full((4, 8, 8, 1), 0.25, np.float32), layout="NHWC")
    np.testing.assert_allclose(blurred_mean(flat, np.arange(4)), 0.25, rtol=1e-6)


def test_nothing_of_a_rule_is_in_what_covers_it(data, store, monkeypatch):
    rule = store.clusters()[0]
    taken = store.index[store.prediction == rule.label]
    rest = [name for name in taken.tolist() if name not in rule.index]
    monkeypatch.setattr("xai_widgets.explain.cover.FEWEST", len(rest))
    np.testing.assert_array_equal(filling_of(data[0], store, rule), blurred_mean(data[0], rest))
    monkeypatch.setattr("xai_widgets.explain.cover.FEWEST", len(rest) + 1)
    np.testing.assert_array_equal(filling_of(data[0], store, rule), blurred_mean(data[0], taken))


def test_a_keras_model_is_explained_too(tmp_path):
    keras = pytest.importorskip("keras")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("another backend is loaded here")
    x, label, _ = pictures(24)
    model = keras.Sequential(
        [keras.layers.Input((SIDE, SIDE, 1)), keras.layers.Flatten(), keras.layers.Dense(CLASSES)]
    )
    data = xw.samples.as_samples(x.transpose(0, 2, 3, 1), labels=label)
    store = xw.explain(model, data, tmp_path, progress=False, effects=False)
    assert len(store) == 24
    assert store.prediction.tolist() == np.asarray(model(x.transpose(0, 2, 3, 1))).argmax(1).tolist()


def test_a_store_of_another_version_is_told(data, tmp_path, monkeypatch):
    monkeypatch.setattr(records, "VERSION", 1)
    xw.explain(Reader(), data[0], tmp_path, index=range(3), progress=False, effects=False)
    monkeypatch.undo()
    store = xw.Explained.open(tmp_path)
    assert len(store) == 0
    assert "it is of version 1, and this reader's is 2" in store.problems[0]
