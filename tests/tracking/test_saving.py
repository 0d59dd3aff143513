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
    "a head deeper than the parser": stored(
        {"a0.npy": b"\x93NUMPY\x01\x00" + (9002).to_bytes(2, "little") + b"-" * 9000 + b"1\n"}
    ),
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


def test_late_rows_of_new_instances_can_be_saved():
    tracker, index = Tracker(), np.arange(1000)
    tracker.record(index, index % 3, loss=index / 9)
    tracker.end_epoch()
    tracker.record(index[:5], index[:5] % 3, loss=index[:5] / 9)
    tracker.record([1000, 1001], [0, 1], loss=[1, 2], epoch=1)
    tracker.record([1002], [0], loss=[3], epoch=1)
    resumed = Tracker()
    resumed.load_state_dict(tracker.state_dict())
    assert resumed.instance_series([1002], "loss", "train").values[0, 0] == 3


def rich_tree():
    """The tree of a tracker in which every part of a stream has something."""
    tracker = Tracker(label_names={"a": 0, "b": (1, 2)}, epoch_frequency=2)
    index = np.arange(12)
    for epoch in range(1, 5):
        tracker.record(index, index % 3, loss=index / 7, logits=np.eye(3)[(index + epoch) % 3])
        tracker.record([3, 3], [0, 0], loss=[1, 2])
        tracker.end_epoch("train")
    tracker.record(index[:4], index[:4] % 3, loss=index[:4] / 7, logits=np.eye(3)[index[:4] % 3])
    tracker.record([10**15, -4, 7], mode="eval", loss=[1, np.nan, 2])
    tracker.end_epoch("eval")
    tracker.group("half", index, [i > 5 for i in index])
    tracker.label_series("loss", "train", group="half")
    tracker.metric("loss", unit="bits")
    return npz.from_bytes(tracker.state_dict()["data"])


def stream_of(tree):
    return tree["streams"][0]


def statistics_of(tree, group=None):
    return next(row for row in stream_of(tree)["statistics"] if row[2] == group)


def column_of(tree):
    return stream_of(tree)["columns"]["loss"][5]


def running_of(tree):
    return stream_of(tree)["dynamics"]["running"]


DISAGREEMENTS = {
    "statistics of a metric without columns": lambda t: stream_of(t)["columns"].clear(),
    "columns of no metric": lambda t: stream_of(t).update(metrics=[]),
    "a metric twice": lambda t: stream_of(t).update(metrics=["loss", "loss"]),
    "columns of no step": lambda t: stream_of(t)["steps"].pop(5),
    "statistics of no step": lambda t: stream_of(t)["steps"].pop(3),
    "a step beyond 63 bits": lambda t: stream_of(t)["steps"].update({5: 2**63}),
    "a column of another epoch": lambda t: column_of(t).update(epoch=4),
    "a column of another type": lambda t: column_of(t).update(values=np.ones(12)),
    "a column that ended early": lambda t: column_of(t).update(closed=True),
    "a column that is too long": lambda t: column_of(t).update(values=np.ones(13, np.float32)),
    "values of no rows": lambda t: column_of(t).update(rows=1),
    "a column of more rows than all": lambda t: column_of(t).update(rows=10**6),
    "a count below nothing": lambda t: column_of(t).update(nan=-1),
    "values of no instance": lambda t: stream_of(t)["instances"].update(known=np.array([254, 240], np.uint8)),
    "fewer rows than columns have": lambda t: stream_of(t).update(rows=3),
    "more labels than instances": lambda t: stream_of(t).update(codes=np.zeros(13, np.int8)),
    "labels that are unknown": lambda t: stream_of(t).update(codes=np.full(12, 3, np.int8)),
    "labels it says it has not": lambda t: stream_of(t).update(labelled=False),
    "labels that are missing": lambda t: stream_of(t).update(codes=np.full(12, -1, np.int8)),
    "statistics of too many labels": lambda t: statistics_of(t).__setitem__(
        slice(4, None), [np.ones(4, np.int64), *(np.ones(4),) * 4]
    ),
    "statistics of too many instances": lambda t: statistics_of(t)[4].fill(9),
    "statistics of different lengths": lambda t: statistics_of(t).__setitem__(5, np.ones(2)),
    "statistics of no group": lambda t: stream_of(t)["groups"].clear(),
    "group codes that are unknown": lambda t: stream_of(t)["groups"][0][2].fill(2),
    "groups of fewer instances": lambda t: stream_of(t)["groups"][0].__setitem__(1, np.arange(3)),
    "groups of no instances": lambda t: stream_of(t)["groups"][0].__setitem__(1, [None] * 12),
    "a group that is nothing": lambda t: stream_of(t)["groups"][0].__setitem__(3, [0, None]),
    "dynamics of too many instances": lambda t: running_of(t).update(
        {name: np.zeros(13, array.dtype) for name, array in running_of(t).items()}
    ),
    "dynamics of different lengths": lambda t: running_of(t).update(seen=np.zeros(13, np.uint16)),
    "dynamics of epochs to come": lambda t: stream_of(t)["dynamics"].update(ended=9),
    "dynamics that wait for the past": lambda t: (
        t["ended"].update(train=5) or t["open"].clear() or stream_of(t)["dynamics"].update(ended=5)
    ),
    "a suggestion of no label": lambda t: running_of(t)["e_first"].fill(4),
    "a prediction of no label": lambda t: running_of(t)["predicted"].fill(4),
    "evidence that is no number": lambda t: running_of(t)["e_loss"].fill(np.nan),
    "evidence of no run": lambda t: stream_of(t)["dynamics"]["totals"].fill(np.inf),
    "confusion of no label": lambda t: stream_of(t)["dynamics"]["confusion"][4][0].fill(3 << 32),
    "confusion of no prediction": lambda t: stream_of(t)["dynamics"]["confusion"][4][0].fill(3),
    "confusion of too many": lambda t: stream_of(t)["dynamics"]["confusion"][4][1].fill(9),
    "a half of what is derived": lambda t: stream_of(t)["dynamics"]["open"][5].pop("@el2n"),
    "an open prediction of no label": lambda t: stream_of(t)["dynamics"]["open"][5]["@prediction"][
        "values"
    ].fill(3),
    "a data set twice": lambda t: t["streams"].append(t["streams"][0]),
    "an open epoch that has ended": lambda t: t["ended"].update(train=5),
    "an epoch that nothing has": lambda t: t["place"].__setitem__(0, 2**31),
    "a number among the strings": lambda t: t["streams"][1]["instances"].update(
        names=[3], name_places=np.array([3]), size=4
    ),
    "a label name for a list of lists": lambda t: t["label_names"].update(a=[[1]]),
    "a metric without a name": lambda t: t["metrics"][0].update(name=3),
}


@pytest.mark.parametrize("case", DISAGREEMENTS)
def test_parts_of_a_save_that_disagree_are_refused(tmp_path, case):
    tree, path = rich_tree(), tmp_path / "run.npz"
    with open(path, "wb") as file:
        npz.write(tree, file)
    Tracker.load(path)  # as it is, it is whole
    DISAGREEMENTS[case](tree)
    with open(path, "wb") as file:
        npz.write(tree, file)
    with pytest.raises(ValueError, match=r"run\.npz"):
        Tracker.load(path)


def test_a_metric_without_columns_is_answered():
    tree = rich_tree()
    tree["streams"][1]["columns"]["loss"] = {}
    tracker = Tracker()
    tracker.load_state_dict({"format": npz.FORMAT, "data": npz.to_bytes(tree)})
    assert tracker.dynamics("eval").columns == ("index",)
    assert tracker.label_series("loss", "eval", labels="all").mean.shape == (3, 0)
