"""Damage is found, reported and skipped; a wrong value is never served."""

import errno
import os
import random
import shutil
import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from log_common import batch_index, only_file, same, value, write_run

from xai_widgets import runlog
from xai_widgets.runlog.append_file import AppendFile
from xai_widgets.runlog.format import Damage, Frame, encode, scan
from xai_widgets.runlog.kinds import Kind
from xai_widgets.tracking import Tracker

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def quiet_read(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return runlog.read(folder)


def check_served(reader, epochs=2, rows=80):
    """Everything served is right; returns how many values were."""
    served = 0
    if "train" not in reader.modes:
        return 0
    index = reader.indices("train")
    assert set(index.tolist()) <= set(range(rows))
    series = reader.instance_series(index)
    assert set(series.epochs.tolist()) <= set(range(1, epochs + 1))
    for column, epoch in enumerate(series.epochs.tolist()):
        seen = ~np.isnan(series.values[:, column])
        np.testing.assert_array_equal(series.values[seen, column], value(epoch, index[seen]))
        served += int(seen.sum())
    assert all(
        label is None or label == i % 4 for i, label in zip(index.tolist(), series.labels, strict=True)
    )
    return served


def test_a_flipped_byte_anywhere_is_found_and_never_served(tmp_path):
    write_run(tmp_path / "whole")
    data = only_file(tmp_path / "whole").read_bytes()
    name = only_file(tmp_path / "whole").name
    lost = []
    for at in range(0, len(data), 7):
        folder = tmp_path / "flipped"
        folder.mkdir()
        (folder / name).write_bytes(data[:at] + bytes([data[at] ^ (1 << at % 8)]) + data[at + 1 :])
        reader = quiet_read(folder)
        tally = next(iter(reader._reader.files.values()))
        assert tally.tally.damage or tally.rest, f"byte {at} was changed and nothing said so"
        lost.append(160 - check_served(reader))
        shutil.rmtree(folder)
    assert min(lost) == 0
    assert sorted(lost)[len(lost) // 2] <= 16  # mostly one batch, or none


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    write_run(folder)
    return only_file(folder)


HITS = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.binary(max_size=60),
        st.sampled_from(["overwrite", "insert", "cut out", "cut off"]),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=40, deadline=None)
@given(HITS)
def test_any_damage_costs_what_it_hits_and_nothing_is_made_up(tmp_path_factory, whole, hits):
    raw = bytearray(whole.read_bytes())
    for share, junk, kind in hits:
        at = int(share * len(raw))
        if kind == "overwrite":
            raw[at : at + len(junk)] = junk
        elif kind == "insert":
            raw[at:at] = junk
        elif kind == "cut out":
            del raw[at : at + 1 + len(junk)]
        else:
            del raw[at:]
    folder = tmp_path_factory.mktemp("run")
    (folder / whole.name).write_bytes(bytes(raw))
    check_served(quiet_read(folder))


def test_damage_is_reported_with_its_place(tmp_path):
    write_run(tmp_path)
    path = only_file(tmp_path)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 255
    path.write_bytes(bytes(raw))
    with pytest.warns(RuntimeWarning, match="damage in the run log"):
        reader = runlog.read(tmp_path)
    assert path.name in reader.problems[0]
    assert "bytes at" in reader.problems[0]


def test_a_torn_end_is_not_served_and_not_damage(tmp_path):
    write_run(tmp_path / "whole", epochs=1)
    data = only_file(tmp_path / "whole").read_bytes()
    name = only_file(tmp_path / "whole").name
    for cut in range(1, 400, 13):
        folder = tmp_path / "torn"
        folder.mkdir()
        (folder / name).write_bytes(data[:-cut])
        reader = quiet_read(folder)
        assert not reader.problems
        assert check_served(reader, 1) % 16 == 0
        shutil.rmtree(folder)


def test_a_frame_that_arrives_in_pieces_is_read_when_it_is_whole(tmp_path):
    write_run(tmp_path / "whole", epochs=1)
    source = only_file(tmp_path / "whole")
    data = source.read_bytes()
    (tmp_path / "growing").mkdir()
    target = tmp_path / "growing" / source.name
    target.write_bytes(b"")
    reader = quiet_read(tmp_path / "growing")
    for end in range(0, len(data) + 50, 50):
        target.write_bytes(data[:end])
        reader.refresh()
        check_served(reader, 1)
    same(runlog.read(tmp_path / "whole"), reader)
    assert not reader.problems


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=200),
    st.integers(0, 2**31 - 1),
    st.integers(-(2**31), 2**31 - 1),
    st.integers(-(2**62), 2**62),
)
def test_frames_come_back_as_they_were(payload, rows, epoch, step):
    raw = b"".join(
        encode(Kind.ROWS, [payload], flags=5, metrics=3, rows=rows, stream=9, epoch=epoch, step=step)[0]
    )
    frame = scan(memoryview(raw), 0)
    assert isinstance(frame, Frame)
    assert (frame.kind, frame.flags, frame.metrics, frame.rows, frame.stream) == (Kind.ROWS, 5, 3, rows, 9)
    assert (frame.epoch, frame.step, bytes(frame.payload), frame.size) == (epoch, step, payload, len(raw))
    assert scan(memoryview(raw[:-1]), 0) is None
    for bit in range(0, 8 * len(raw), 11):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        assert isinstance(scan(memoryview(bytes(changed)), 0), Damage)


def test_noise_that_looks_like_a_frame_is_no_frame():
    noise = random.Random(0)
    raw = b"".join(b"XWL1" + noise.randbytes(noise.randrange(60)) for _ in range(200))
    good = b"".join(encode(Kind.STATUS, [b"{}"])[0])
    found = scan(memoryview(raw + good), 0)
    assert isinstance(found, Damage)
    assert found.size == len(raw)


def test_a_full_disk_stops_the_log_with_a_warning_and_not_the_training(tmp_path, monkeypatch):
    tracker = Tracker(log_dir=tmp_path)
    for step in range(3):
        tracker.record(batch_index(step), batch_index(step) % 4, loss=value(1, batch_index(step)))

    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "writev", full)
    with pytest.warns(RuntimeWarning, match="the run log .* stopped: No space left on device"):
        tracker.record(batch_index(3), batch_index(3) % 4, loss=value(1, batch_index(3)))
    monkeypatch.undo()
    tracker.record(batch_index(4), batch_index(4) % 4, loss=value(1, batch_index(4)))
    tracker.end_epoch()
    tracker.finish()
    assert check_served(tracker, 1) == 80
    assert check_served(quiet_read(tmp_path), 1) == 48
    assert len([p for p in tracker.problems if "No space left" in p]) == 1


FULL = """
import resource, signal, sys, warnings
sys.path.insert(0, sys.argv[2])
from log_common import batch_index, value
from xai_widgets.tracking import Tracker
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
tracker = Tracker(log_dir=sys.argv[1])
for step in range(60):
    index = batch_index(step)
    tracker.record(index, index % 4, loss=value(1, index))
tracker.end_epoch()
assert tracker.counts().rows == 960, tracker.counts()
assert any("stopped" in p for p in tracker.problems), tracker.problems
print("trained to the end")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of file sizes as on Linux")
def test_a_file_that_really_cannot_grow(tmp_path):
    """The kernel refuses the write, after having taken a part of a frame."""
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path), os.path.dirname(__file__)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "trained to the end" in done.stdout
    assert "RuntimeWarning: the run log" in done.stderr
    reader = quiet_read(tmp_path)
    served = check_served(reader, 1, rows=960)
    assert served > 0
    assert served % 16 == 0
    assert only_file(tmp_path).stat().st_size == 3000


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_the_very_first_write_may_fail(tmp_path, monkeypatch):
    original = AppendFile.__init__

    def opens_full(self, path):
        original(self, path)
        os.close(self._descriptor)
        self._descriptor = os.open("/dev/full", os.O_WRONLY)

    monkeypatch.setattr(AppendFile, "__init__", opens_full)
    tracker = Tracker(log_dir=tmp_path)
    with pytest.warns(RuntimeWarning, match="No space left"):
        tracker.record([0], loss=[1])
    assert tracker.instance_series([0]).values.tolist() == [[1]]
