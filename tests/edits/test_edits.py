"""Edits of a data set: what they come to, from when on, and that none is lost."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xai_widgets as xw

N = 12
LABELS = np.arange(N) % 3


def tracker_of(folder: Path | None = None, epochs: int = 1) -> xw.Tracker:
    tracker = xw.Tracker(label_names={"cat": 0, "dog": 1, "owl": 2}, log_dir=folder)
    for epoch in range(1, epochs + 1):
        tracker.record(np.arange(N), LABELS, epoch=epoch, loss=np.ones(N))
    return tracker


def as_dict(state) -> dict:
    return {
        i: (bool(x), label if r else "-", float(w))
        for i, x, label, r, w in zip(
            state.index.tolist(), state.excluded, state.label, state.relabelled, state.weight, strict=True
        )
    }


def test_exclude_relabel_reweight_restore():
    edits = xw.Edits(tracker_of())
    edits.exclude([3, 4], why="blurred", who="ada")
    edits.relabel(5, "owl")
    edits.relabel([6, 7], [2, 0])
    edits.reweight([4, 8], 0.25)
    edits.restore(3)
    assert as_dict(edits.state()) == {
        4: (True, "-", 0.25),
        5: (False, 2, 1.0),
        6: (False, 2, 1.0),
        7: (False, 0, 1.0),
        8: (False, "-", 0.25),
    }
    first = edits.history()[0]
    assert (first.operation, first.ids, first.why, first.who, first.epoch) == (
        "exclude",
        (3, 4),
        "blurred",
        "ada",
        1,
    )


def test_undo_and_redo_go_step_by_step():
    edits = xw.Edits(tracker_of())
    edits.exclude(1)
    edits.reweight(1, 0.5)
    edits.undo()
    assert as_dict(edits.state()) == {1: (True, "-", 1.0)}
    edits.undo()
    assert len(edits.state()) == 0
    edits.redo()
    assert as_dict(edits.state()) == {1: (True, "-", 1.0)}
    edits.redo()
    assert as_dict(edits.state()) == {1: (True, "-", 0.5)}
    with pytest.raises(ValueError, match="nothing to redo"):
        edits.redo()
    edits.undo()
    edits.exclude(2)  # a new edit ends what can be done again
    with pytest.raises(ValueError, match="nothing to redo"):
        edits.redo()
    edits.undo()
    edits.undo()
    with pytest.raises(ValueError, match="nothing to undo"):
        edits.undo()
    assert [e.operation for e in edits.history()] == (
        ["exclude", "reweight", "undo", "undo", "redo", "redo", "undo", "exclude", "undo", "undo"]
    )


def test_an_edit_is_in_force_from_the_next_epoch_on():
    tracker = tracker_of()
    edits = xw.Edits(tracker)
    assert edits.apply([1, 2]).keep.all()
    edits.exclude(1)
    assert edits.apply([1, 2]).keep.all(), "epoch 1 goes on as it began"
    tracker.end_epoch("eval")
    assert edits.apply([1, 2]).keep.all(), "an evaluation's end begins no epoch of the training"
    tracker.end_epoch("train")
    assert edits.apply([1, 2]).keep.tolist() == [False, True]
    assert edits.state(epoch=1).index.tolist() == []
    assert edits.state(epoch=2).index.tolist() == [1]


@pytest.mark.parametrize("framework", ["numpy", "list", "torch", "tensorflow"])
@pytest.mark.parametrize("kind", ["numbers", "one-hot", "strings"])
def test_a_batch_keeps_its_types(framework, kind):
    if kind == "strings" and framework in ("torch", "tensorflow"):
        pytest.skip("no strings there" if framework == "torch" else "labels of strings are bytes there")
    edits = xw.Edits(xw.Tracker())
    edits.relabel(11, "owl" if kind == "strings" else 2)
    edits.exclude(12)
    edits.reweight(13, 0.5)
    given = {
        "numbers": np.array([0, 1, 1], np.int32),
        "one-hot": np.eye(3, dtype=np.float32)[[0, 1, 1]],
        "strings": np.array(["a", "b", "b"]),
    }[kind]
    make = {"numpy": np.asarray, "list": lambda a: a.tolist()}.get(framework)
    if framework == "torch":
        torch = pytest.importorskip("torch")
        make = torch.as_tensor
    elif framework == "tensorflow":
        make = pytest.importorskip("tensorflow").convert_to_tensor
    label, index = make(given), make(np.array([11, 12, 13]))
    weight = make(np.array([2.0, 2.0, 2.0], np.float32))
    out = edits.apply(index, label, weight)
    wanted = given.astype(object) if kind == "strings" else given.copy()
    wanted[0] = {"numbers": 2, "one-hot": [0, 0, 1], "strings": "owl"}[kind]
    assert type(out.label) is type(label)
    assert getattr(out.label, "dtype", None) == (
        getattr(label, "dtype", None) if kind != "strings" or framework == "list" else out.label.dtype
    )
    np.testing.assert_array_equal(np.asarray(out.label), wanted)
    np.testing.assert_array_equal(np.asarray(out.weight), [2.0, 0.0, 1.0])
    assert out.keep.tolist() == [True, False, True]
    np.testing.assert_array_equal(np.asarray(label), given, "what came in is never changed")
    untouched = make(given)
    assert edits.apply([1, 2, 3], untouched).label is untouched


BAD = [
    (lambda e: e.exclude(99), "99 of 1 ids was never recorded in mode 'train', which has 12 instances"),
    (lambda e: e.exclude([1, 1]), "1 came more than once"),
    (lambda e: e.exclude([]), "no ids"),
    (lambda e: e.exclude(1.5), "integers or strings"),
    (lambda e: e.exclude([True]), "integers or strings"),
    (lambda e: e.exclude([0, 3, 6, 9]), "last instance of class cat"),
    (lambda e: e.exclude(range(N), force=True), "nothing would be left"),
    (lambda e: e.relabel(1, "lynx"), "no class has the label 'lynx'; there are 'cat', 'dog', 'owl'"),
    (lambda e: e.relabel([1, 2], [0]), "2 ids came with 1 labels"),
    (lambda e: e.reweight(1, -0.5), "finite number of at least 0"),
    (lambda e: e.reweight(1, float("nan")), "finite number"),
    (lambda e: e.reweight([1, 2], [0.5, float("inf")]), "finite number"),
    (lambda e: e.reweight(1, "much"), "a weight is a number"),
    (lambda e: e.restore(["a"]), "never recorded"),
]


@pytest.mark.parametrize(("ask", "said"), BAD, ids=[said for _, said in BAD])
def test_bad_input_changes_nothing(ask, said, tmp_path):
    edits = xw.Edits(tracker_of(tmp_path))
    with pytest.raises((ValueError, TypeError)) as caught:
        ask(edits)
    assert said in str(caught.value)
    assert edits.history() == ()
    assert not list(tmp_path.glob("*.xedit"))


def test_force_takes_what_is_a_matter_of_taste():
    edits = xw.Edits(tracker_of())
    edits.exclude([99, 1, 1], force=True)
    edits.exclude([0, 3, 6, 9], force=True)
    edits.relabel(2, 7, force=True)
    assert set(edits.state().index.tolist()) == {99, 1, 0, 3, 6, 9, 2}


def test_editors_of_one_folder_merge_and_later_wins(tmp_path, monkeypatch):
    tracker = tracker_of(tmp_path)
    here, there = xw.Edits(tracker, who="ada"), xw.Edits(tmp_path, who="bob")
    heard = []
    here.subscribe(heard.append)
    there.relabel(1, "owl")
    monkeypatch.setattr("time.time", lambda: 1.0)  # a clock set back decides nothing
    here.relabel(1, "cat")
    assert as_dict(there.state()) == as_dict(here.state()) == {1: (False, 0, 1.0)}
    assert [e.who for e in here.history()] == [e.who for e in there.history()] == ["bob", "ada"]
    assert [e.who for e in heard] == ["bob", "ada"]
    there.undo()
    assert as_dict(xw.Edits(str(tmp_path)).state()) == {1: (False, 2, 1.0)}
    with pytest.raises(ValueError, match="never recorded"):
        there.exclude(99)  # a folder's own log says who is known


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.sampled_from(["exclude", "relabel", "reweight", "restore", "undo", "redo", "epoch"]),
            st.integers(0, N - 1),
            st.integers(0, 2),
        ),
        max_size=25,
    )
)
def test_any_editors_agree_and_a_replay_has_the_same_epochs(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("run")
    editors = [xw.Edits(folder) for _ in range(3)]
    epoch, seen = 0, {}
    for who, operation, index, value in steps:
        if operation == "epoch":
            epoch += 1
            editors[0].begin_epoch(epoch)
            seen[epoch] = editors[0].apply(np.arange(N), np.zeros(N, int))
        elif operation in ("undo", "redo"):
            with contextlib.suppress(ValueError):
                getattr(editors[who], operation)()
        else:
            values = {"relabel": [value], "reweight": [value / 2]}.get(operation, [])
            getattr(editors[who], operation)(index, *values)
    states = [as_dict(editor.state()) for editor in (*editors, xw.Edits(folder))]
    assert all(state == states[0] for state in states)
    again = xw.Edits(folder)
    for epoch, wanted in seen.items():
        again.begin_epoch(epoch, replay=True)
        for one, other in zip(again.apply(np.arange(N), np.zeros(N, int)), wanted, strict=True):
            np.testing.assert_array_equal(one, other)


def test_nothing_acknowledged_is_lost_under_kill(tmp_path):
    code = textwrap.dedent(
        f"""
        import xai_widgets as xw
        edits = xw.Edits({str(tmp_path)!r})
        for i in range(100_000):
            edits.exclude(i)
            print(i, flush=True)
        """
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    for line in child.stdout:
        if int(line) >= 40:
            child.send_signal(signal.SIGKILL)
            break
    acknowledged = [int(line), *(int(rest) for rest in child.communicate()[0].split())][-1]
    excluded = xw.Edits(tmp_path).state().index.tolist()
    assert excluded[: acknowledged + 1] == list(range(acknowledged + 1))
    assert len(excluded) <= acknowledged + 2


def test_a_damaged_file_fails_closed(tmp_path):
    tracker = tracker_of(tmp_path)
    writer, training = xw.Edits(tmp_path), xw.Edits(tracker)
    for index in range(4):
        writer.exclude(index)
    training.begin_epoch(2)
    (path,) = [f for f in tmp_path.glob("*.xedit") if f.stem == writer.history()[0].editor]
    data = bytearray(path.read_bytes())
    at = data.index(b'"ids":[2]')
    data[at + 7] ^= 1
    path.write_bytes(data)
    writer_file = path.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = xw.Edits(tmp_path)
        with pytest.raises(ValueError, match="damaged at byte"):
            other.exclude(5)
        # the training read the file while it was sound: it keeps what it had, also in the epochs that follow
        with open(path, "ab") as file:
            file.write(b"no frame at all, but longer than the forty bytes of a header and of its checksum")
        training.begin_epoch(3)
    assert training.apply(np.arange(4)).keep.tolist() == [False] * 4
    assert "damaged at byte" in tracker.problems[-1]
    assert "damaged at byte" in other.problems[-1]
    # a new process knows what can be read, and does not forget it
    assert other.state().index.tolist() == [0, 1]
    assert path.read_bytes().startswith(writer_file), "nothing of a damaged file is touched"


def test_a_full_disk_is_said_and_leaves_the_file_whole(tmp_path, monkeypatch):
    edits = xw.Edits(tmp_path)
    edits.exclude(1)
    (path,) = tmp_path.glob("*.xedit")
    before, write = path.read_bytes(), os.write

    def full(descriptor: int, data: bytes) -> int:
        if len(data) > 30:
            return write(descriptor, data[:30])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda d, data: full(d, data) if len(data) != 30 else full(d, b""))
        with pytest.raises(OSError, match="No space"):
            edits.exclude(2)
    assert path.read_bytes() == before
    edits.exclude(3)
    assert xw.Edits(tmp_path).state().index.tolist() == edits.state().index.tolist() == [1, 3]


def test_without_an_edit_nothing_is_written(tmp_path):
    edits = xw.Edits(tmp_path)
    edits.begin_epoch(1)
    assert edits.apply(["a", "b"], ["x", "y"]).label == ["x", "y"]
    edits.close()
    assert not tmp_path.exists() or not list(tmp_path.iterdir())


def test_a_forked_child_writes_a_file_of_its_own(tmp_path):
    edits = xw.Edits(tmp_path)
    edits.exclude(1)
    child = os.fork()
    if child == 0:
        try:
            edits.exclude(2)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    edits.exclude(3)
    assert set(edits.state().index.tolist()) == {1, 2, 3}
    assert len(list(tmp_path.glob("*.xedit"))) == 2


def test_a_failing_subscriber_stops_no_edit():
    edits = xw.Edits(xw.Tracker())

    def fails(edit):
        raise RuntimeError("no")

    edits.subscribe(fails)
    with pytest.warns(RuntimeWarning, match="failed"):
        edits.exclude("a")
    assert edits.state().index.tolist() == ["a"]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_export(tmp_path, ending):
    tracker = tracker_of()
    edits = xw.Edits(tracker, who="ada")
    edits.relabel(4, "owl", why="=1+1")
    edits.exclude(5)
    path = edits.export(tmp_path / f"edits.{ending}")
    if ending == "csv":
        lines = path.read_text().splitlines()
        assert lines[1] == "4,,1,2,False,1.0,'=1+1,ada"
    elif ending == "jsonl":
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        assert rows[0]["label"] == 2
        assert rows[1]["excluded"] is True
    else:
        table = pytest.importorskip("pyarrow.parquet").read_table(path).to_pylist()
        assert table[0]["given_label"] == 1
        assert table[1]["index"] == 5
    with pytest.raises(ValueError, match=r"\.csv, \.jsonl, \.parquet"):
        edits.export(tmp_path / "edits.xls")


def test_where_must_be_a_run():
    with pytest.raises(TypeError, match="got int"):
        xw.Edits(7)


def test_epochs_are_those_that_began_with_other_edits():
    tracker = tracker_of()
    edits = xw.Edits(tracker)
    assert edits.epochs() == ()
    edits.exclude(1)
    assert edits.epochs() == (2,)
    for epoch in (2, 3):
        tracker.end_epoch("train")
        edits.begin_epoch(epoch)
        tracker.record(np.arange(2, N), LABELS[2:], epoch=epoch, loss=np.ones(N - 2))
    edits.relabel(5, "owl")  # in force from the next epoch, which has not begun
    assert edits.epochs() == (2,)
    edits.begin_epoch(4)
    assert edits.epochs() == (2, 4)
    assert edits.epochs(mode="eval") == ()
