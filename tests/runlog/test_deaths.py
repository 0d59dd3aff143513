"""Forked children, writes that the system takes a part of, and writers that die."""

import os
import signal
import subprocess
import sys

import pytest
from log_common import same, value, write_run

from xai_widgets import runlog
from xai_widgets.tracking import Tracker

HERE = os.path.dirname(__file__)
CHILD = """
import os, sys, threading, time, warnings
sys.path.insert(0, sys.argv[2])
import numpy as np
from log_common import value
from xai_widgets import runlog
from xai_widgets.tracking import Tracker

warnings.simplefilter("ignore")
index = np.arange(16)
tracker = Tracker(log_dir=sys.argv[1])
tracker.record(index, index % 4, loss=value(1, index))
follower = Tracker.follow(sys.argv[1])
locks = [tracker._lock, tracker._settling, tracker._subscribers._lock, follower._lock, follower._settling]
held, go = threading.Event(), threading.Event()

def hold():
    for lock in locks:
        lock.acquire()
    held.set()
    go.wait()
    for lock in reversed(locks):
        lock.release()

threading.Thread(target=hold, daemon=True).start()
held.wait()
child = os.fork()
if child == 0:
    try:
        tracker.subscribe(print)
        tracker.record(index, index % 4, epoch=2, loss=value(9, index))
        tracker.end_epoch()
        assert tracker.label_series(mode="train").count.sum() == 32
        assert any("another process is writing" in p for p in tracker.problems), tracker.problems
        assert follower.counts().rows == 16
        tracker.close(), follower.close()
    except BaseException as error:
        print("child:", repr(error), flush=True)
        os._exit(1)
    os._exit(0)
end = time.monotonic() + 40
while (done := os.waitpid(child, os.WNOHANG))[0] == 0 and time.monotonic() < end:
    time.sleep(0.02)
if done[0] == 0:
    os.kill(child, 9)
    os.waitpid(child, 0)
    sys.exit("the child hangs")
go.set()
tracker.record(index, index % 4, epoch=2, loss=value(2, index))
tracker.end_epoch()
tracker.close()
assert not tracker.problems, tracker.problems
sys.exit(done[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_forked_child_hangs_on_no_lock_and_leaves_the_log_alone(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path), HERE], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    reader = runlog.read(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    assert reader.counts().rows == 32
    assert reader.instance_series([3]).values.tolist() == [[value(1, 3), value(2, 3)]]


@pytest.mark.skipif(not hasattr(os, "writev"), reason="one call takes one buffer here")
@pytest.mark.parametrize("most", [1, 40, 300])
def test_what_the_system_did_not_take_at_once_is_written_after(tmp_path, monkeypatch, most):
    def takes_some(descriptor, buffers):
        return os.write(descriptor, b"".join(buffers)[:most])

    monkeypatch.setattr(os, "writev", takes_some)
    writer = write_run(tmp_path)
    reader = runlog.read(tmp_path)
    same(writer, reader)
    assert not reader.problems
    assert reader.status == "ended"


DIES = """
import os, sys
sys.path.insert(0, sys.argv[2])
import numpy as np
from xai_widgets.tracking import Tracker
tracker = Tracker(log_dir=sys.argv[1])
tracker.record(np.arange(4), loss=np.ones(4))
print("recorded", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.name != "posix", reason="whether a process lives cannot be asked here")
@pytest.mark.parametrize("reaped", [True, False])
def test_the_death_of_a_writer_is_seen(tmp_path, monkeypatch, reaped):
    monkeypatch.setattr(sys.modules["xai_widgets.runlog.follow"], "SILENCE", 0.0)
    writer = subprocess.Popen(
        [sys.executable, "-c", DIES, str(tmp_path), HERE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout.readline() == "recorded\n"
    reader = runlog.read(tmp_path)
    reader.refresh()
    assert reader.status == "training"
    writer.send_signal(signal.SIGKILL)
    if reaped:
        writer.wait(30)
    else:  # dead, and its parent has not asked
        os.waitid(os.P_PID, writer.pid, os.WEXITED | os.WNOWAIT)
    before = reader.version
    reader.refresh()
    assert (reader.status, reader.error) == ("failed", "the process that wrote the log is gone")
    assert reader.version > before
    assert [s.status for s in reader.take_news() if s.kind == "status"][-1] == "failed"
    writer.wait(30)
    writer.stdin.close()
    writer.stdout.close()
    again = Tracker(log_dir=tmp_path)  # nobody holds the folder any more
    again.record([0], loss=[1], epoch=2)
    again.close()
    assert not again.problems
