"""What a writer puts into frames: the widths of numbers, what is written once only, and how large batches are cut."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from log_common import only_file

from xai_widgets.runlog import writer as module
from xai_widgets.runlog.file_reader import EpochEnd, FileReader, Rows
from xai_widgets.runlog.format import Damage, Frame, scan
from xai_widgets.runlog.kinds import Kind, Status, from_json
from xai_widgets.runlog.writer import LogWriter
from xai_widgets.tracking.store.batch_buffer import Batch


def batch(index: Any, label: Any = None, *, metrics: int = 1, **more: Any) -> Batch:
    values = [np.arange(len(index), dtype=np.float32) + 100 * at for at in range(metrics)]
    return Batch(index, label, tuple(f"m{at}" for at in range(metrics)), values, **more)


@pytest.fixture
def log(tmp_path: Path) -> LogWriter:
    return LogWriter(tmp_path, dict)


def frames(folder: Path, kind: Kind = Kind.ROWS) -> list[Frame]:
    view, at, found = memoryview(only_file(folder).read_bytes()), 0, []
    while (frame := scan(view, at)) is not None:
        assert not isinstance(frame, Damage)
        at += frame.size
        found.append(frame)
    return [frame for frame in found if frame.kind == kind]


def events(folder: Path) -> list[Any]:
    reader = FileReader(only_file(folder))
    found = reader.poll()
    assert not reader.tally.damage
    return found


def rows(folder: Path) -> list[Batch]:
    return [event.batch for event in events(folder) if isinstance(event, Rows)]


@pytest.mark.parametrize(
    ("index", "bits"),
    [
        (np.array([0, 2**16 - 1]), 0),
        (np.array([0, 2**16]), 1),
        (np.array([0, 2**32 - 1]), 1),
        (np.array([0, 2**32]), 2),
        (np.array([0, -1]), 2),
        (np.array([0, 2**31 - 1], np.int32), 1),
        (np.array([0, -1], np.int32), 2),
        (np.array([0, 2**15 - 1], np.int16), 0),
        (np.array([0, -1], np.int16), 2),
        (np.array([0, 127], np.int8), 0),
        (np.array([0, -1], np.int8), 2),
        (np.array([0, 255], np.uint8), 0),
        (np.array([0, 2**32 - 1], np.uint32), 1),
        (np.array([0, 2**63 - 1], np.uint64), 2),
        (["a", "b"], 3),
    ],
)
def test_indices_are_as_wide_as_the_largest(log: LogWriter, tmp_path: Path, index: Any, bits: int) -> None:
    log.write_rows("train", None, 1, 1, batch(index))
    assert [frame.flags for frame in frames(tmp_path)] == [bits]
    assert list(rows(tmp_path)[0].index) == list(index)


@pytest.mark.parametrize(("count", "bits"), [(256, 1), (257, 2), (65_536, 2), (65_537, 3)])
def test_label_codes_are_as_wide_as_their_number(
    log: LogWriter, tmp_path: Path, count: int, bits: int
) -> None:
    labels = np.arange(count) * 3
    log.write_rows("train", None, 1, 1, batch(np.arange(count), labels))
    assert [frame.flags >> 2 for frame in frames(tmp_path)] == [bits]
    assert np.array_equal(rows(tmp_path)[0].label, labels)


@pytest.mark.parametrize("outermost", [2**63 - 1, 2**63, -(2**63), -(2**63) - 1])
def test_labels_may_be_larger_than_any_array_holds(log: LogWriter, tmp_path: Path, outermost: int) -> None:
    log.write_rows("train", None, 1, 1, batch(np.arange(2), [outermost, 1]))
    (label,) = [one.label for one in rows(tmp_path)]
    assert isinstance(label, np.ndarray) == (-(2**63) <= outermost < 2**63)
    assert [int(one) for one in label] == [outermost, 1]  # type: ignore[union-attr]


@pytest.mark.parametrize(("index", "again"), [(2**23 - 1, False), (2**23, True), (-1, True), ("name", False)])
def test_a_label_is_written_once_where_it_is_remembered(
    log: LogWriter, tmp_path: Path, index: Any, again: bool
) -> None:
    one = [index] if isinstance(index, str) else np.array([index])
    for _ in range(2):
        log.write_rows("train", None, 1, 1, batch(one, np.array([5])))
    first, second = frames(tmp_path)
    assert first.flags >> 2 == 1
    assert second.flags >> 2 == again
    assert [None if one.label is None else one.label.tolist() for one in rows(tmp_path)] == [
        [5],
        [5] if again else None,
    ]


def test_labels_are_remembered_for_each_data_set_and_kind(log: LogWriter, tmp_path: Path) -> None:
    for mode, ds_id, index, label in (
        ("train", None, np.array([3]), np.array([1])),
        ("train", "a", np.array([3]), np.array([1])),
        ("eval", None, np.array([3]), np.array([1])),
        ("train", None, ["x"], np.array([1])),
        ("train", None, np.array([3]), ["1"]),
        ("train", None, np.array([9]), np.array([1])),  # grows what is remembered
        ("train", None, np.array([3]), np.array([1])),
        ("train", None, np.array([3]), np.array([2])),
    ):
        log.write_rows(mode, ds_id, 1, 1, batch(index, label))
    written = [None if one.label is None else list(one.label) for one in rows(tmp_path)]
    assert written == [[1], [1], [1], [1], ["1"], [1], None, [2]]


def test_labels_and_streams_are_described_again_in_every_epoch(log: LogWriter, tmp_path: Path) -> None:
    for epoch in (1, 1, 2):
        log.write_rows("train", None, epoch, epoch, batch(np.arange(3), np.array([7, 8, 7])))
        log.write_rows("train", None, epoch, epoch, batch(np.arange(3), np.array([7, 8, 7]), metrics=2))
    described = [(frame.stream, frame.epoch) for frame in frames(tmp_path, Kind.STREAM)]
    assert described == [(0, 1), (1, 1), (0, 2), (1, 2)]
    labels = [(frame.rows, from_json(frame.payload)) for frame in frames(tmp_path, Kind.LABELS)]
    assert labels == [(0, [7, 8]), (0, [7, 8]), (0, [7, 8]), (0, [7, 8])]


def test_new_labels_and_names_are_numbered_on(log: LogWriter, tmp_path: Path) -> None:
    log.write_rows("train", None, 1, 1, batch(["a", "b"], ["cat", "dog"]))
    log.write_rows("train", None, 1, 2, batch(["b", "c", "c"], ["owl", "dog", "dog"]))
    assert [(f.rows, from_json(f.payload)["names"]) for f in frames(tmp_path, Kind.NAMES)] == [
        (0, ["a", "b"]),
        (2, ["c"]),
    ]
    assert [(f.rows, from_json(f.payload)) for f in frames(tmp_path, Kind.LABELS)] == [
        (0, ["cat", "dog"]),
        (2, ["owl"]),
    ]
    assert [list(one.index) for one in rows(tmp_path)] == [["a", "b"], ["b", "c", "c"]]


@pytest.mark.parametrize(
    ("payload", "metrics", "sizes"),
    [(160, 1, [10, 1]), (176, 1, [11]), (240, 3, [10, 1]), (1, 1, [1] * 11), (159, 1, [9, 2])],
)
def test_a_batch_that_no_frame_holds_is_cut(
    log: LogWriter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    payload: int,
    metrics: int,
    sizes: list[int],
) -> None:
    monkeypatch.setattr(module, "MAX_PAYLOAD", payload)
    whole = batch(np.arange(11), np.arange(11) % 3, metrics=metrics)
    log.write_rows("train", None, 1, 1, whole)
    cut = rows(tmp_path)
    assert [len(one) for one in cut] == sizes
    assert np.concatenate([one.index for one in cut]).tolist() == list(range(11))
    assert np.concatenate([one.label for one in cut]).tolist() == [at % 3 for at in range(11)]
    for at in range(metrics):
        assert np.concatenate([one.values[at] for one in cut]).tolist() == whole.values[at].tolist()


def test_predictions_and_missing_labels_are_cut_too(
    log: LogWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_PAYLOAD", 48)
    names = ["a", "b", "c", "a"]
    said = Batch(
        np.arange(4),
        None,
        ("loss", "@named", "acc"),
        [np.ones(4), np.zeros(4), np.arange(4)],
        predicted=names,
    )
    log.write_rows("eval", "x", 1, 1, said)
    cut = rows(tmp_path)
    assert [len(one) for one in cut] == [2, 2]
    assert [one.label for one in cut] == [None, None]
    assert [name for one in cut for name in one.predicted or ()] == names
    assert [one.values[2].tolist() for one in cut] == [[0, 1], [2, 3]]


@pytest.mark.parametrize(("most", "portions"), [(5, [["aa", "bb"], ["cc"]]), (1, [["aa"], ["bb"], ["cc"]])])
def test_names_are_cut_into_portions(
    log: LogWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, portions: list[list[str]]
) -> None:
    monkeypatch.setattr(module, "_NAMES_AT_ONCE", most)
    log.write_rows("train", None, 1, 1, batch(["aa", "bb", "cc"]))
    assert [from_json(f.payload)["names"] for f in frames(tmp_path, Kind.NAMES)] == portions
    assert rows(tmp_path)[0].index == ["aa", "bb", "cc"]


def test_where_training_began_is_that_of_its_first_rows(log: LogWriter, tmp_path: Path) -> None:
    log.write_rows("eval", None, 0, 0, batch(np.arange(2)))
    reader = FileReader(only_file(tmp_path))
    assert [event.epoch for event in reader.poll() if isinstance(event, Rows)] == [0]
    assert reader.first is None
    for epoch, step in ((3, 7), (3, 8)):
        log.write_rows("train", None, epoch, step, batch(np.arange(2)))
    reader.poll()
    assert reader.first == (3, 7)


def test_a_file_that_was_deleted_is_begun_again_from_where_training_began(
    tmp_path: Path,
) -> None:
    told: list[str] = []
    log = LogWriter(tmp_path, dict, told.append)
    assert log.write_rows("eval", None, 0, 0, batch(np.arange(2))) is False
    assert log.write_rows("train", None, 3, 7, batch(np.arange(2), np.array([4, 5]))) is False
    assert log.end_epoch("train", None, 3, 7) is False
    gone = only_file(tmp_path)
    assert log.path == str(gone)
    gone.unlink()
    assert log.write_rows("train", None, 4, 9, batch(np.arange(2), np.array([4, 5]))) is True
    assert gone.name in told[0]
    reader = FileReader(only_file(tmp_path))
    (again,) = [event for event in reader.poll() if isinstance(event, Rows)]
    assert (again.epoch, again.step, again.batch.label.tolist()) == (4, 9, [4, 5])  # type: ignore[union-attr]
    assert reader.about["first"] == reader.first == (3, 7)
    only_file(tmp_path).unlink()
    assert log.end_epoch("train", None, 4, 9) is True
    assert len(told) == 2


def test_ends_of_epochs_and_states_are_events(log: LogWriter, tmp_path: Path) -> None:
    assert log.end_epoch("train", None, 1, 1) is False
    for status in ("idle", "ended", "failed"):
        log.write_status(status, None)
    assert list(tmp_path.iterdir()) == []
    log.write_status("training", None)
    log.write_rows("train", "a", 1, 4, batch(np.arange(2)))
    log.end_epoch("train", "a", 1, 4)
    log.write_status("failed", "x" * 20_000)
    found = events(tmp_path)
    assert [type(event) for event in found] == [Status, Rows, EpochEnd, Status]
    assert found[2] == EpochEnd("train", "a", 1, 4)
    assert (found[0].status, found[3].status, found[3].error) == ("training", "failed", "x" * 10_000)
    log.close()
    log.write_status("ended", None)
    assert len(events(tmp_path)) == 4


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"epochs": np.int64(3), "steps_per_epoch": 0}, {"epochs": 3, "steps_per_epoch": 0}),
        ({"epochs": -1, "steps_per_epoch": 2**63}, {"epochs": None, "steps_per_epoch": None}),
        ({"epochs": None, "steps_per_epoch": 2**63 - 1}, {"epochs": None, "steps_per_epoch": 2**63 - 1}),
        (
            {"label_names": {"a": 1, "b": (2, "x"), "c": [3], "d": 1.5, "e": True}},
            {"label_names": {"a": 1, "b": [2, "x"], "c": [3], "d": "1.5", "e": "True"}},
        ),
    ],
)
def test_what_a_run_is_like_is_written_as_a_reader_takes_it(
    tmp_path: Path, given: dict[str, Any], expected: dict[str, Any]
) -> None:
    LogWriter(tmp_path, lambda: given).write_rows("train", None, 1, 1, batch(np.arange(2)))
    said = from_json(frames(tmp_path, Kind.FILE)[0].payload)
    assert {name: said[name] for name in expected} == expected


@pytest.mark.parametrize(("more", "kept"), [(0, True), (-1, False)])
def test_too_many_names_of_labels_are_left_out_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: int, kept: bool
) -> None:
    sizes: list[int] = []
    told: list[str] = []
    to_json: Callable[[Any], bytes] = module.to_json

    def measured(value: Any) -> bytes:
        written = to_json({**value, "began": 0} if isinstance(value, dict) and "began" in value else value)
        if not sizes:
            sizes.append(len(written))
            monkeypatch.setattr(module, "MAX_JSON", len(written) + more)
        return written

    monkeypatch.setattr(module, "to_json", measured)
    log = LogWriter(tmp_path, lambda: {"label_names": {"a": 1}}, told.append)
    log.write_rows("train", None, 1, 1, batch(np.arange(2)))
    assert from_json(frames(tmp_path, Kind.FILE)[0].payload)["label_names"] == ({"a": 1} if kept else None)
    assert len(told) == (0 if kept else 1)
