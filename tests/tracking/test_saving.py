"""Saving, loading, checkpoints."""

import contextlib
import io
import pickle
import zipfile

import numpy as np
import pytest

from xai_widgets.tracking import Tracker
from xai_widgets.tracking.store import npz


def busy_tracker():
    rng = np.random.default_rng(0)
    tracker = Tracker(
        label_names={"one": 1, "others": (0, 2)}, epochs=9, duplicates="mean", epoch_frequency=2
    )
    for epoch in range(4):
        for at in range(0, 60, 20):
            i = np.arange(at, at + 20)
            tracker.record(i, i % 3, loss=rng.random(20), acc=rng.random(20), logits=rng.normal(size=(20, 3)))
            tracker.record(
                [f"x{k}" for k in i], [str(k % 2) for k in i], mode="eval", ds_id="a", loss=rng.random(20)
            )
        tracker.record([0, 0], [0, 0], loss=[1, 2])
        if epoch < 3:
            tracker.end_epoch()
    tracker.record([2**40], [1], mode="test", loss=[1])
    tracker.group("half", range(60), [i > 30 for i in range(60)])
    return tracker


QUESTIONS = [
    lambda t: t.label_series(mode="train").mean,
    lambda t: t.label_series(mode="train", labels="all").std,
    lambda t: t.label_series(mode="train", group="half", quantiles=(0.5,)).quantiles,
    lambda t: t.label_series(mode="eval", labels="all").max,
    lambda t: t.instance_series(["x3", "x50"], mode="eval").values,
    lambda t: t.instance_series([3, 50], "acc").values,
    lambda t: t.instance_series([2**40], mode="test").values,
    lambda t: t.dynamics()["variability"],
    lambda t: t.dynamics()["forgetting"],
    lambda t: t.confusion_drift()[1],
    lambda t: t.extremes(by="label_error")[0].index,
    lambda t: (
        t.epoch,
        t.step,
        t.epochs,
        t.epoch_frequency,
        t.labels,
        t.name_of(2),
        t.modes,
        t.metrics("train"),
    ),
    lambda t: t.counts(),
]


def same(a, b):
    for ask in QUESTIONS:
        left, right = ask(a), ask(b)
        if isinstance(left, np.ndarray):
            np.testing.assert_array_equal(left, right)
        else:
            assert left == right


def continued(tracker):
    """What happens after a resume: the rest of the open epoch, and one more."""
    rng = np.random.default_rng(5)
    for _ in range(2):
        i = np.arange(30)
        tracker.record(i, i % 3, loss=rng.random(30), acc=rng.random(30), logits=rng.normal(size=(30, 3)))
        tracker.end_epoch()
    return tracker


def test_a_file_holds_everything(tmp_path):
    tracker = busy_tracker()
    tracker.save(tmp_path / "run" / "tracker.npz")
    loaded = Tracker.load(tmp_path / "run" / "tracker.npz")
    same(tracker, loaded)
    same(continued(tracker), continued(loaded))
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["tracker.npz"]


def test_a_checkpoint_holds_everything_and_torch_reads_it_without_unpickling(tmp_path):
    torch = pytest.importorskip("torch")
    tracker = busy_tracker()
    torch.save({"tracker": tracker.state_dict(), "weights": torch.zeros(2)}, tmp_path / "c.pt")
    state = torch.load(tmp_path / "c.pt", weights_only=True)["tracker"]
    resumed = Tracker(label_names=["will", "be", "replaced"])
    resumed.record([1], loss=[1])
    resumed.load_state_dict(state)
    same(tracker, resumed)
    same(continued(tracker), continued(resumed))


def test_a_state_of_bytes_is_read_as_well():
    tracker = busy_tracker()
    state = tracker.state_dict()
    state["data"] = npz.to_bytes(npz.from_bytes(state["data"]))
    resumed = Tracker()
    resumed.load_state_dict(state)
    same(tracker, resumed)


def test_status_after_a_resume():
    tracker = busy_tracker()
    resumed = Tracker()
    resumed.load_state_dict(tracker.state_dict())
    assert resumed.status == "idle"
    tracker.finish(RuntimeError("x"))
    resumed.load_state_dict(tracker.state_dict())
    assert (resumed.status, resumed.error) == ("failed", "RuntimeError: x")


def test_what_is_no_saved_tracker_is_refused(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"not a zip")
    with pytest.raises(ValueError, match="no saved tracker"):
        Tracker.load(path)
    np.savez(tmp_path / "y.npz", a=np.zeros(3))
    with pytest.raises(ValueError, match="no saved tracker"):
        Tracker.load(tmp_path / "y.npz")
    with pytest.raises(ValueError, match="no state of a tracker; its keys are 'model'"):
        Tracker().load_state_dict({"model": 1})


def test_a_newer_version_is_refused(monkeypatch):
    monkeypatch.setattr(npz, "VERSION", 99)
    state = Tracker().state_dict()
    monkeypatch.undo()
    with pytest.raises(ValueError, match="version 99"):
        Tracker().load_state_dict(state)


class Evil:
    def __reduce__(self):
        return print, ("owned",)


def test_no_pickle_is_ever_read(tmp_path):
    file = io.BytesIO()
    np.save(file, np.array([Evil()], object), allow_pickle=True)
    with zipfile.ZipFile(tmp_path / "evil.npz", "w") as archive:
        archive.writestr("tree.npy", file.getvalue())
    with pytest.raises(ValueError, match="no saved tracker"):
        Tracker.load(tmp_path / "evil.npz")
    (tmp_path / "evil.pkl").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ValueError, match="no saved tracker"):
        Tracker.load(tmp_path / "evil.pkl")


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    tracker = busy_tracker()
    tracker.save(tmp_path / "t.npz")
    before = (tmp_path / "t.npz").read_bytes()

    def fail(tree, file):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(npz, "write", fail)
    with pytest.raises(OSError, match="disk full"):
        tracker.save(tmp_path / "t.npz")
    assert [p.name for p in tmp_path.iterdir()] == ["t.npz"]
    assert (tmp_path / "t.npz").read_bytes() == before


def stored(arrays, tree="{}", compression=zipfile.ZIP_STORED):
    """A zip like that of a save: the tree, and arrays given as bytes of .npy files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as zipped:
        text = io.BytesIO()
        np.save(text, np.frombuffer(tree.encode(), np.uint8))
        for name, raw in {"tree.npy": text.getvalue(), **arrays}.items():
            zipped.writestr(name, raw)
    return file.getvalue()


def promising(shape, kind="<f4"):
    """An .npy file that promises a shape it has not."""
    head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode() + bytes(8)


TREE = '{"format": "xai_widgets.tracker", "version": 1, "tree": %s}'
BROKEN = {
    "a head of open brackets": stored({"a0.npy": promising((1,))[:10] + b"{'descr': (((".ljust(118)}),
    "a password": stored({}).replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"),
    "nothing": b"",
    "gigabytes promised": stored({"a0.npy": promising((2**40,))}),
    "a product that overflows": stored({"a0.npy": promising((2**62, 2**62))}),
    "a negative shape": stored({"a0.npy": promising((-2, -1))}),
    "objects": stored({"a0.npy": promising((1,), "|O")}),
    "a bomb": stored({"a0.npy": bytes(50_000_000)}, compression=zipfile.ZIP_DEFLATED),
    "no JSON": stored({}, "{"),
    "deep JSON": stored({}, "[" * 100_000),
    "an array that is not there": stored({}, TREE % '{"$array": "a7"}'),
    "a dict of no pairs": stored({}, TREE % '{"$dict": [1]}'),
    "no tracker": stored({}, TREE % "[]"),
    "a version of no number": stored({}, TREE.replace("1", '"x"') % "[]"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_whole_save_is_named_and_nothing_is_unpacked(tmp_path, case):
    path = tmp_path / "run.npz"
    path.write_bytes(BROKEN[case])
    with pytest.raises(ValueError, match=r"run\.npz"):
        Tracker.load(path)


def test_a_save_cut_or_changed_anywhere_is_refused_or_right(tmp_path):
    whole = tmp_path / "whole.npz"
    tracker = busy_tracker()
    tracker.save(whole)
    raw = whole.read_bytes()
    cut = tmp_path / "cut.npz"
    for at in range(0, len(raw), len(raw) // 60):
        cut.write_bytes(raw[:at])
        with pytest.raises(ValueError, match=r"cut\.npz"):
            Tracker.load(cut)
        cut.write_bytes(raw[:at] + bytes([raw[at] ^ 16]) + raw[at + 1 :])
        with contextlib.suppress(ValueError):
            same(tracker, Tracker.load(cut))


def test_what_is_no_file_is_named(tmp_path):
    with pytest.raises(ValueError, match="is no file"):
        Tracker.load(tmp_path)
    with pytest.raises(FileNotFoundError):
        Tracker.load(tmp_path / "nothing")


def test_a_broken_state_leaves_the_tracker_as_it_was():
    tracker, other = busy_tracker(), busy_tracker()
    state = tracker.state_dict()
    tree = npz.from_bytes(state["data"])
    del tree["streams"][-1]["columns"]
    with pytest.raises(ValueError, match="no saved tracker"):
        tracker.load_state_dict({**state, "data": npz.to_bytes(tree)})
    same(tracker, other)
