"""Contents with sound checksums that no writer would write: each costs its own file, with a word, and nothing else."""

import json
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from log_common import only_file, same, write_run

from xai_widgets import runlog
from xai_widgets.__main__ import main
from xai_widgets.runlog.follow import RunReader
from xai_widgets.runlog.format import encode
from xai_widgets.runlog.kinds import Kind
from xai_widgets.tracking import Tracker

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def frame(kind, value=None, raw=b"", **fields):
    return b"".join(
        map(bytes, encode(kind, [raw if value is None else json.dumps(value).encode()], **fields)[0])
    )


def about(**more):
    said = {"version": 1, "began": 1, "rank": 0, "world": 1, "host": "h", "pid": 1, **more}
    return frame(Kind.FILE, said)


STREAM = frame(Kind.STREAM, {"mode": "eval", "ds_id": None, "metrics": ["loss"]})
ROW = np.array([7], "<u2").tobytes() + np.array([1.5], "<f4").tobytes()
DEEP = b"[" * 200_000 + b"]" * 200_000
HOSTILE = {
    "unknown kind": frame(99, {}),
    "no rows": STREAM + frame(Kind.ROWS, raw=b"", metrics=1, rows=0),
    "rows that do not fill it": STREAM + frame(Kind.ROWS, raw=ROW, metrics=1, rows=2**32 - 1),
    "negative epoch": STREAM + frame(Kind.ROWS, raw=ROW, metrics=1, rows=1, epoch=-3),
    "epoch end of no stream": frame(Kind.EPOCH_END, {}, stream=5),
    "labels far off": frame(Kind.LABELS, [1], rows=2**32 - 1) * 50,
    "names far off": frame(Kind.NAMES, {"mode": "eval", "ds_id": None, "names": ["a"]}, rows=2**32 - 1) * 50,
    "names of no list": frame(Kind.NAMES, {"mode": "eval", "ds_id": None, "names": 5}),
    "labels of no kind": frame(Kind.LABELS, [[1], {}]),
    "a number without end": frame(Kind.LABELS, raw=b"[" + b"9" * 10_000 + b"]"),
    "deep JSON": frame(Kind.LABELS, raw=DEEP) + frame(Kind.STATUS, raw=DEEP),
    "no JSON": frame(Kind.STATUS, raw=b"\xff\xfe{"),
    "a list where an object is": frame(Kind.FILE, [1]) + frame(Kind.STREAM, [1]) + frame(Kind.NAMES, [1]),
    "status of no kind": frame(Kind.STATUS, {"status": ["ended"], "error": 3, "time": "now"}),
    "time without end": frame(Kind.STATUS, {"status": "ended", "error": None, "time": float("inf")}),
    "mode of no kind": frame(Kind.STREAM, {"mode": "<b>", "ds_id": None, "metrics": ["loss"]}),
    "metrics without names": frame(Kind.STREAM, {"mode": "eval", "ds_id": None, "metrics": [""]}),
    "metrics twice": frame(Kind.STREAM, {"mode": "eval", "ds_id": None, "metrics": ["a", "a"]}),
    "policy of no kind": about(policy=["mean", "float64", 0]),
    "names that are no labels": about(label_names={"a": [None]}),
    "process of no number": about(pid=-1),
    "epochs of no number": about(epochs="many"),
    "version to come": about(version=99) + STREAM + frame(Kind.ROWS, raw=ROW, metrics=1, rows=1),
}


def promise():
    """A sound header that promises four gigabytes, in a file that has them: as a hole."""
    head = struct.pack("<4sBBHIIIiq", b"XWL1", Kind.ROWS, 0, 1, 2**32 - 1, 1, 0, 0, 0)
    return head + struct.pack("<I", zlib.crc32(head))


HOSTILE["promises gigabytes"] = promise()


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.replace(" ", "_"))
def test_a_bad_content_costs_its_file_and_is_told(tmp_path, case):
    writer = write_run(tmp_path)
    good = only_file(tmp_path)
    bad = tmp_path / f"{int(good.name[:20]) - 1:020d}{good.name[20:-13]}{'0' * 8}.xlog"
    with open(bad, "wb") as file:
        file.write(HOSTILE[case])
        if case == "promises gigabytes":
            file.truncate(2**32 + 100)
    reader = runlog.read(tmp_path)
    same(writer, reader)
    assert any(bad.name in problem for problem in reader.problems)
    assert reader.status == "ended"
    assert main(["log", "verify", str(tmp_path)]) == 1


def test_a_bad_frame_costs_itself_where_the_rest_is_sound(tmp_path):
    writer = write_run(tmp_path)
    path = only_file(tmp_path)
    with open(path, "ab") as file:
        file.write(
            b"".join(
                HOSTILE[case] for case in HOSTILE if case not in ("version to come", "promises gigabytes")
            )
        )
        file.write(STREAM + frame(Kind.ROWS, raw=ROW, metrics=1, rows=1, epoch=3))
    reader = runlog.read(tmp_path)
    same(writer, reader)
    assert reader.instance_series([7], mode="eval").values.tolist() == [[1.5]]


@pytest.mark.skipif(os.name == "nt", reason="FIFOs and permissions as on POSIX")
def test_what_is_no_file_costs_nothing_else(tmp_path):
    writer = write_run(tmp_path)
    stem = only_file(tmp_path).name[:-13]
    (tmp_path / f"{stem}00000001.xlog").mkdir()
    os.mkfifo(tmp_path / f"{stem}00000002.xlog")
    (tmp_path / f"{stem}00000003.xlog").symlink_to("/dev/zero")
    (tmp_path / f"{stem}00000004.xlog").symlink_to(tmp_path / "nothing")
    (tmp_path / f"{stem}00000005.xlog").symlink_to(f"{stem}00000005.xlog")
    (tmp_path / f"{'9' * 20}{stem[20:]}00000006.xlog").write_bytes(b"")  # later than any clock
    reader = runlog.read(tmp_path)
    same(writer, reader)
    for number, text in (
        (1, "this is no file"),
        (2, "this is no file"),
        (3, "this is no file"),
        (5, "cannot be read"),
    ):
        assert [p for p in reader.problems if f"0000000{number}.xlog" in p and text in p], number
    before = len(reader.problems)
    reader.refresh()
    assert len(reader.problems) == before
    again = write_run(tmp_path, epochs=1)  # a new start in such a folder
    same(again, runlog.read(tmp_path))
    assert main(["log", "verify", str(tmp_path)]) == 1
    assert main(["log", "info", str(tmp_path)]) == 0


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="needs a user who may not read everything"
)
def test_a_file_that_may_not_be_read_costs_nothing_else(tmp_path):
    writer = write_run(tmp_path)
    locked = tmp_path / f"{only_file(tmp_path).name[:-13]}00000001.xlog"
    locked.write_bytes(b"x")
    locked.chmod(0)
    reader = runlog.read(tmp_path)
    same(writer, reader)
    assert any(locked.name in problem for problem in reader.problems)


def test_a_file_of_nothing_but_a_hole_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("xai_widgets.runlog.tail.PATIENCE", 1 << 24)
    writer = write_run(tmp_path)
    hole = tmp_path / f"{only_file(tmp_path).name[:-13]}00000001.xlog"
    with open(hole, "wb") as file:
        file.truncate(2**40)
    reader = runlog.read(tmp_path)
    same(writer, reader)
    assert any(hole.name in problem and "nothing sound" in problem for problem in reader.problems)


def test_sound_rows_after_a_large_hole_are_read_at_once(tmp_path):
    write_run(tmp_path)
    path = only_file(tmp_path)
    raw = path.read_bytes()
    path.write_bytes(raw + bytes(20_000_000) + STREAM + frame(Kind.ROWS, raw=ROW, metrics=1, rows=1, epoch=3))
    tracker = Tracker()
    RunReader(tmp_path, tracker).poll()
    assert tracker.counts("eval").rows == 1


SMALL = """
import resource, sys, warnings
warnings.simplefilter("ignore")
from xai_widgets import runlog
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
reader = runlog.read(sys.argv[1])
print(reader.counts().rows, len(reader.problems))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory as on Linux")
def test_all_of_it_is_read_in_little_memory(tmp_path):
    write_run(tmp_path)
    stem = only_file(tmp_path).name[:-13]
    for number, raw in enumerate(HOSTILE.values(), start=1):
        (tmp_path / f"{stem}{number:08x}.xlog").write_bytes(raw)
    with open(tmp_path / f"{stem}00000000.xlog", "wb") as file:
        file.write(promise())
        file.truncate(2**32 + 100)
    done = subprocess.run(
        [sys.executable, "-c", SMALL, str(tmp_path), str(2**30)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    rows, problems = map(int, done.stdout.split())
    assert rows == 160
    assert problems >= len(HOSTILE)
