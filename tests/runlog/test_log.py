"""What is recorded is in the log; a reader answers as the writer does."""

import time

import numpy as np
import pytest
from log_common import batch_index, only_file, same, value, write_run

from xai_widgets import runlog
from xai_widgets.tracking import Tracker


def eventually(condition, seconds=10.0):
    """Wait for a background reader; the answer decides, not the time it took."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def test_a_reader_answers_as_the_writer(tmp_path):
    writer = write_run(tmp_path, label_names={"a": 0, "rest": (1, 2, 3)}, epochs=3)
    reader = runlog.read(tmp_path)
    same(writer, reader)
    assert reader.label_series(mode="train").names == ("a", "rest")
    assert (reader.status, reader.epoch, reader.step) == ("ended", 3, 15)
    assert not reader.instance_series([0]).provisional
    assert not reader.problems


def test_every_batch_is_in_the_file_when_record_returns(tmp_path):
    tracker = Tracker(log_dir=tmp_path)
    for step in range(5):
        index = batch_index(step)
        tracker.record(index, index % 4, loss=value(1, index))
        reader = runlog.read(tmp_path)
        assert reader.counts().rows == index[-1] + 1
        assert reader.instance_series([0]).provisional


def test_modes_data_sets_metrics_strings_and_large_indices(tmp_path):
    tracker = Tracker(log_dir=tmp_path)
    tracker.record(["ü", "b\udc80"], ["x", "y"], loss=[1, 2])
    tracker.record(["b\udc80", "ü", "c"], ["y", "z", "x"], loss=[3, 4, 5], epoch=2)
    tracker.record([2**40, -7], [1, 2], mode="eval", ds_id="a", loss=[1, 2], acc=[0, 1])
    tracker.record([2**70, "n"], [1, 2], mode="eval", ds_id="b", loss=[3, 4])
    tracker.record(np.arange(70_000), np.arange(70_000) % 300, mode="test", loss=np.arange(70_000.0))
    tracker.record([1, 2], mode="infer", loss=[np.nan, np.inf])
    tracker.close()
    reader = runlog.read(tmp_path)
    for mode, ds_id in (("train", None), ("eval", "a"), ("eval", "b"), ("test", None), ("infer", None)):
        index = tracker.indices(mode, ds_id).tolist()
        assert sorted(map(str, reader.indices(mode, ds_id).tolist())) == sorted(map(str, index))
        for metric in tracker.metrics(mode, ds_id):
            ours, theirs = (t.instance_series(index, metric, mode, ds_id=ds_id) for t in (tracker, reader))
            np.testing.assert_array_equal(ours.values, theirs.values)
            assert ours.labels == theirs.labels
    assert reader.counts("infer") == tracker.counts("infer")


def test_what_follows_from_logits_is_in_the_log(tmp_path):
    rng = np.random.default_rng(0)
    tracker, plain = Tracker(log_dir=tmp_path), Tracker()
    for _ in range(3):
        z = rng.normal(size=(20, 4)).astype(np.float32)
        for each in (tracker, plain):
            each.record(np.arange(20), np.arange(20) % 4, loss=np.ones(20), logits=z)
            each.end_epoch()
    reader = runlog.read(tmp_path)
    for name in plain.dynamics().columns[2:]:
        ours, theirs = reader.dynamics()[name], plain.dynamics()[name]
        if theirs.dtype == object:  # labels that are suggested
            assert ours.tolist() == theirs.tolist(), name
        else:
            np.testing.assert_allclose(ours, theirs, rtol=1e-6, err_msg=name)
    np.testing.assert_array_equal(reader.confusion().counts, plain.confusion().counts)


def test_labels_are_written_once_and_again_when_they_change(tmp_path):
    tracker = Tracker(log_dir=tmp_path)
    index = np.arange(1000)
    sizes = []
    for epoch, labels in enumerate((index % 7, index % 7, (index + 1) % 7), start=1):
        before = sum(p.stat().st_size for p in tmp_path.iterdir())
        tracker.record(index, labels, epoch=epoch, loss=value(epoch, index))
        sizes.append(sum(p.stat().st_size for p in tmp_path.iterdir()) - before)
    assert (
        950 < sizes[2] - sizes[1] < 1050
    )  # the time in the frame that ends an epoch has more or fewer digits
    reader = runlog.read(tmp_path)
    assert reader.label_of(0) == 1
    assert reader.counts().relabelled == tracker.counts().relabelled == 1000


def test_a_live_reader_hears_of_batches_epochs_and_the_end(tmp_path):
    reader = Tracker.follow(tmp_path, every=0.02)
    heard = []
    reader.subscribe(heard.append)
    assert reader.label_series(mode="train").mean.size == 0
    version = reader.version
    writer = Tracker(log_dir=tmp_path, epochs=4)
    writer.record([0, 1], [0, 1], loss=[1, 2])
    assert eventually(lambda: reader.version > version)
    assert eventually(lambda: reader.counts().rows == 2)
    assert reader.instance_series([0, 1]).values[:, 0].tolist() == [1, 2]
    assert (reader.status, reader.epochs) == ("training", 4)
    before = reader.version
    writer.end_epoch()
    assert eventually(lambda: reader.version > before)
    assert eventually(lambda: ("epoch", 1) in [(s.kind, s.epoch) for s in heard])
    writer.finish(ValueError("lost"))
    assert eventually(lambda: reader.status == "failed")
    assert reader.error == "ValueError: lost"
    assert eventually(lambda: "failed" in [s.status for s in heard if s.kind == "status"])
    reader.close()


def test_a_subscriber_of_a_reader_may_ask_from_another_thread(tmp_path):
    """No lock is held while subscribers are called."""
    import threading

    reader = Tracker.follow(tmp_path, every=0.02)
    answers = []

    def ask(summary):
        thread = threading.Thread(
            target=lambda: answers.append(reader.epoch + reader.label_series(mode="train").mean.size)
        )
        thread.start()
        thread.join(10)

    reader.subscribe(ask)
    write_run(tmp_path, epochs=1)
    assert eventually(lambda: len(answers) >= 2)
    reader.close()


def test_a_reader_refuses_to_record(tmp_path):
    write_run(tmp_path)
    with pytest.raises(RuntimeError, match="this tracker follows the run"):
        runlog.read(tmp_path).record([0], loss=[1])


def test_no_log_to_read(tmp_path):
    with pytest.raises(FileNotFoundError, match="no run log in"):
        runlog.read(tmp_path / "nothing")


def test_a_folder_that_cannot_be_made_is_an_error_at_once(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match="file"):
        Tracker(log_dir=tmp_path / "file" / "run")


def test_other_files_in_the_folder_do_not_matter(tmp_path):
    writer = write_run(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "x.xlog").write_bytes(b"\0" * 100)
    same(writer, runlog.read(tmp_path))


def test_bytes_per_row_of_large_and_small_batches(tmp_path):
    for name, size, most in (("large", 50_000, 9.0), ("small", 128, 9.5)):
        tracker = Tracker(log_dir=tmp_path / name)
        steps = max(4, 20_000 // size)
        rows = 0
        for epoch in range(1, 4):
            for step in range(steps):
                index = batch_index(step, size) + 70_000  # four bytes of index
                tracker.record(index, index % 10, epoch=epoch, loss=value(epoch, index))
                rows += size
        tracker.close()
        assert only_file(tmp_path / name).stat().st_size / rows <= most


def test_policies_of_the_writer_are_those_of_the_reader(tmp_path):
    tracker = Tracker(log_dir=tmp_path, duplicates="max", epoch_frequency=2)
    for epoch in range(1, 6):
        tracker.record([0, 0], [1, 1], epoch=epoch, loss=[epoch, 9 - epoch])
    reader = runlog.read(tmp_path)
    same(tracker, reader)
    assert reader.instance_series([0]).values.tolist() == [[8, 7, 5, 5]]


def test_files_that_are_taken_away_leave_what_was_read(tmp_path):
    writer = write_run(tmp_path)
    reader = runlog.read(tmp_path)
    only_file(tmp_path).unlink()
    reader.refresh()
    same(writer, reader)


def test_a_file_system_that_fails_is_reported_once_and_tried_again(tmp_path, monkeypatch):
    import errno
    import os

    reader = runlog.FollowingTracker(tmp_path, live=False)
    writer = write_run(tmp_path)
    original = os.scandir

    def stale(path):
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    monkeypatch.setattr(os, "scandir", stale)
    with pytest.warns(RuntimeWarning, match="cannot be read at the moment"):
        reader.refresh()
    reader.refresh()
    assert len(reader.problems) == 1
    monkeypatch.setattr(os, "scandir", original)
    reader.refresh()
    same(writer, reader)


def test_predictions_that_are_names_are_in_the_log(tmp_path):
    tracker = Tracker(log_dir=tmp_path)
    for epoch in range(2):
        tracker.record([0, 1, 2], ["a", "b", "c"], loss=[1, 2, 3], prediction=["c", "b", "zebra"[epoch:]])
        tracker.record([3, 4], [7, 8], loss=[1, 2], prediction=[2**40, 8])
        tracker.end_epoch()
    tracker.close()
    reader = runlog.read(tmp_path)
    assert not reader.problems
    assert reader.predictions() == tracker.predictions() == ("c", "b", "ebra", 2**40, 8)
    for epoch in (1, 2):
        np.testing.assert_array_equal(
            reader.confusion(epoch=epoch).counts, tracker.confusion(epoch=epoch).counts
        )
    assert reader.dynamics()["correctness"].tolist() == tracker.dynamics()["correctness"].tolist()
