"""Who may write into a folder, in which order starts come, and what happens when the folder goes away."""

import os
import shutil
import subprocess
import sys
import time
from unittest import mock

import numpy as np
import pytest
from log_common import batch_index, only_file, same, value, write_run

from xai_widgets import runlog
from xai_widgets.tracking import Tracker

posix = pytest.mark.skipif(os.name == "nt", reason="locks and open files as on POSIX")


def record(tracker, epochs, size=16):
    for epoch in epochs:
        index = batch_index(0, size)
        tracker.record(index, index % 4, epoch=epoch, step=epoch, loss=value(epoch, index))


@pytest.mark.parametrize("hours", [-48, -1, 0, 1])
def test_a_start_comes_after_those_it_found_whatever_the_clock_says(tmp_path, hours):
    first = Tracker(log_dir=tmp_path)
    record(first, (1, 2, 3))
    first.close()
    now, now_ns = time.time, time.time_ns
    for turn, epochs in enumerate(((3, 4), (4, 5)), start=1):
        shift = turn * hours * 3600
        with (
            mock.patch("time.time", lambda by=shift: now() + by),
            mock.patch("time.time_ns", lambda by=shift: now_ns() + by * 10**9),
        ):
            resumed = Tracker(log_dir=tmp_path)
            record(resumed, epochs)
            resumed.close()
    reader = runlog.read(tmp_path)
    assert reader.instance_series([0]).epochs.tolist() == [1, 2, 3, 4, 5]
    assert reader.superseded == 32
    assert reader.counts().duplicates == 0


SECOND = """
import sys
sys.path.insert(0, sys.argv[2])
from log_common import batch_index, value
from xai_widgets.tracking import Tracker
try:
    Tracker(log_dir=sys.argv[1])
except OSError as error:
    print("refused:", error)
else:
    print("taken")
"""


def second_process(folder):
    return subprocess.run(
        [sys.executable, "-c", SECOND, str(folder), os.path.dirname(__file__)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout


@posix
def test_a_second_process_is_refused_while_the_first_lives(tmp_path):
    tracker = Tracker(log_dir=tmp_path)
    record(tracker, (1,))
    said = second_process(tmp_path)
    assert said.startswith("refused: another process is writing the log")
    assert only_file(tmp_path).name in said
    tracker.close()
    assert second_process(tmp_path) == "taken\n"


@posix
def test_a_tracker_that_was_collected_holds_no_folder(tmp_path):
    import gc

    tracker = Tracker(log_dir=tmp_path)
    record(tracker, (1,))
    del tracker
    gc.collect()
    assert second_process(tmp_path) == "taken\n"


def test_a_newer_tracker_of_this_process_takes_over_and_both_are_told(tmp_path):
    first, second = Tracker(log_dir=tmp_path), Tracker(log_dir=os.path.relpath(tmp_path))
    record(first, (1, 2))
    with pytest.warns(RuntimeWarning, match="an earlier tracker of this process was writing"):
        record(second, (2, 3))
    with pytest.warns(RuntimeWarning, match="another tracker of this process writes the log"):
        record(first, (3, 4))
    record(second, (4,))
    assert first.problems
    assert second.problems
    reader = runlog.read(tmp_path)
    series = reader.instance_series(range(16))
    assert series.epochs.tolist() == [1, 2, 3, 4]
    assert reader.counts().duplicates == 0
    np.testing.assert_array_equal(series.values[:, 3], value(4, np.arange(16)))
    assert first.instance_series([0]).epochs.tolist() == [1, 2, 3, 4]  # in memory all the same


def test_a_finished_tracker_is_followed_without_a_word(tmp_path, recwarn):
    write_run(tmp_path)
    write_run(tmp_path, epochs=1)
    assert not [w for w in recwarn if "earlier tracker" in str(w.message)]


@posix
def test_a_folder_deleted_while_training_is_told_and_written_anew(tmp_path):
    folder = tmp_path / "run"
    tracker = Tracker(log_dir=folder)
    for epoch in (1, 2):
        for step in range(3):
            index = batch_index(step)
            tracker.record(index, index % 4, epoch=epoch, loss=value(epoch, index))
    tracker.record(["a", "b"], mode="eval", loss=[1, 2])
    follower = runlog.read(folder)
    assert follower.counts().rows == 96
    shutil.rmtree(folder)
    with pytest.warns(RuntimeWarning, match="was deleted while it was written"):
        tracker.record(batch_index(3), batch_index(3) % 4, epoch=2, loss=value(2, batch_index(3)))
    tracker.record(batch_index(0), batch_index(0) % 4, epoch=3, loss=value(3, batch_index(0)))
    tracker.end_epoch()
    same(tracker, tracker)  # an answer waits for all that is under way
    tracker.close()
    for reader in (runlog.read(folder), follower):
        reader.refresh()
        same(tracker, reader)
        same(tracker, reader, mode="eval")
        assert not reader.instance_series([0]).provisional
        assert reader.counts().duplicates == 0
    assert len(tracker.problems) == 1


@posix
def test_a_file_deleted_after_a_resume_is_written_anew_in_its_place(tmp_path):
    first = Tracker(log_dir=tmp_path)
    record(first, (1, 2, 3))
    first.close()
    old = only_file(tmp_path)
    second = Tracker(log_dir=tmp_path)
    record(second, (3, 4))
    next(path for path in tmp_path.iterdir() if path != old).unlink()
    with pytest.warns(RuntimeWarning, match="was deleted while it was written"):
        record(second, (5,))
    assert second.instance_series([0]).epochs.tolist() == [3, 4, 5]
    second.close()
    reader = runlog.read(tmp_path)
    assert reader.instance_series([0]).epochs.tolist() == [1, 2, 3, 4, 5]
    assert reader.superseded == 16
    assert reader.counts().duplicates == 0


@posix
def test_a_folder_that_cannot_be_made_again_is_told_once(tmp_path):
    folder = tmp_path / "run"
    tracker = Tracker(log_dir=folder)
    record(tracker, (1,))
    shutil.rmtree(folder)
    folder.write_text("in the way")
    with pytest.warns(RuntimeWarning, match="the run log .* stopped"):
        record(tracker, (2,))
    record(tracker, (3,))
    assert len(tracker.problems) == 1
    assert tracker.instance_series([0]).epochs.tolist() == [1, 2, 3]


@pytest.mark.parametrize("logged", [False, True])
@pytest.mark.parametrize(
    ("place", "text"),
    [
        ({"epoch": 2**31}, "below 2\\*\\*31"),
        ({"epoch": -1}, "from 1 on"),
        ({"step": 2**63}, "below 2\\*\\*63"),
        ({"ds_id": "x" * 70_000}, "a name of 70000 characters"),
        ({"": [1.0]}, "empty name"),
        ({"index": ["x" * 70_000]}, "a name of 70000 characters"),
        ({"index": [2**2000]}, "of 2001 bits"),
        ({"label": ["x" * 70_000]}, "a name of 70000 characters"),
        ({f"m{i}": [1.0] for i in range(65_536)}, "at most 65535 are kept"),
    ],
)
def test_limits_are_the_same_with_and_without_a_log(tmp_path, logged, place, text):
    tracker = Tracker(log_dir=tmp_path if logged else None)
    with pytest.raises(ValueError, match=text):
        tracker.record(**{"index": [0], "loss": [1.0], **place})
    tracker.record([0], [3], loss=[1.0])
    assert tracker.instance_series([0]).values.tolist() == [[1.0]]
    assert not tracker.problems
    if logged:
        same(tracker, runlog.read(tmp_path))


@pytest.mark.parametrize("metrics", [1, 1100])
def test_what_is_at_the_limits_is_written(tmp_path, metrics):
    tracker = Tracker(log_dir=tmp_path, epochs=np.int64(7), label_names={"one": np.int32(1)})
    many = {f"m{i}": [float(i)] for i in range(metrics)}
    tracker.record(["x" * 65_536], [2**1000], epoch=2**31 - 1, step=2**63 - 1, **many)
    assert not tracker.problems
    reader = runlog.read(tmp_path)
    assert not reader.problems
    assert reader.metrics("train") == tracker.metrics("train") == tuple(many)
    same(tracker, reader, metric=f"m{metrics - 1}")
    assert reader.epochs == 7


def test_a_batch_that_no_frame_can_hold_is_written_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr("xai_widgets.runlog.writer.MAX_PAYLOAD", 1600)
    tracker = Tracker(log_dir=tmp_path)
    index = np.arange(1000)
    tracker.record(index, index % 7, loss=value(1, index))
    names = [f"n{i}" for i in range(1000)]
    tracker.record(names, [f"l{i % 7}" for i in range(1000)], mode="eval", loss=value(1, index))
    reader = runlog.read(tmp_path)
    same(tracker, reader)
    same(tracker, reader, mode="eval")


def test_names_are_written_in_frames_of_bounded_size(tmp_path):
    tracker = Tracker(log_dir=tmp_path)
    names = [f"{i:0100d}" for i in range(10_000)]
    tracker.record(names, names, loss=np.arange(10_000.0))
    same(tracker, runlog.read(tmp_path))
