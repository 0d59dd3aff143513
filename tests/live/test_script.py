"""In a plain script no cell ever ends: whoever asks after a training, or before any, still gets pictures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

ROOT = Path(__file__).resolve().parents[2]
SETUP = """
import threading, numpy as np, torch, xai_widgets as xw
from xai_widgets.live import AttributionService, ColumnsRequest
from xai_widgets.samples import as_samples
def build():
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3))
torch.manual_seed(0)
X, y = np.random.default_rng(0).random((12, 1, 8, 8), np.float32), np.arange(12) % 3
model, tracker = build(), xw.Tracker()
def train():
    for step in range(5):
        tracker.record(np.arange(4), y[:4], loss=np.ones(4), step=step)
    tracker.end_epoch()
def ask():
    results = []
    job = service.request(ColumnsRequest((1,), smoothing=2, integrating=2), results.append)
    print(job.wait(60), job.state, len(results) > 0)
def elsewhere(function):
    thread = threading.Thread(target=function)
    thread.start()
    thread.join(70)
service = AttributionService(model, as_samples((X, y), layout="NCHW"), tracker=tracker, model_fn=build)
"""
CASES = {
    "before any training": "ask()",
    "after a training, by the main thread": "train(); tracker.finish(); ask()",
    "after a training, by another thread": "train(); tracker.finish(); elsewhere(ask)",
    "after a training that failed, by another thread": "train(); tracker.finish(ValueError('x')); elsewhere(ask)",
    "after a training in another thread": "elsewhere(train); tracker.finish(); elsewhere(ask)",
    "after a loop that told nobody that it is over": "train(); ask()",
    "after a training in the background": "xw.background(train, tracker=tracker).result(); elsewhere(ask)",
    "by a panel after a training": """
panel = xw.SaliencyPanel(model, (X, y), tracker, 2, 2, layout="NCHW", model_fn=build)
train(); tracker.finish()
panel.selected = (1, 2)
import time
end = time.monotonic() + 60
while panel._result is None and time.monotonic() < end: panel.publisher.flush(); time.sleep(0.02)
print(panel._result is not None, "done", panel._result is not None)
""",
}
# each case is a script of its own, in a process forked before anything but imports has happened
FORKS = """
import json, os, sys, tempfile
setup, cases = json.load(sys.stdin)
import torch, torch._dynamo, xai_widgets as xw, xai_widgets.live, xai_widgets.samples, xai_widgets.attribution
torch.set_num_threads(1)
said = {}
for name, code in cases.items():
    with tempfile.TemporaryFile("w+") as printed:
        process = os.fork()
        if not process:
            os.dup2(printed.fileno(), 1); os.dup2(printed.fileno(), 2)
            status = 1
            try:
                exec(setup + code, {"__name__": "__main__"})
                status = 0
            except BaseException:
                import traceback; traceback.print_exc()
            sys.stdout.flush(); sys.stderr.flush()
            os._exit(status)
        os.waitpid(process, 0)
        printed.seek(0)
        said[name] = printed.read()
print("=>" + json.dumps(said))
"""


@pytest.fixture(scope="module")
def said() -> dict[str, str]:
    """What each case printed."""
    done = subprocess.run(
        [sys.executable, "-c", FORKS],
        input=json.dumps([SETUP, CASES]),
        capture_output=True, text=True, timeout=280, cwd=ROOT,
    )  # fmt: skip
    assert "=>" in done.stdout, done.stdout + done.stderr
    return json.loads(done.stdout.split("=>", 1)[1])


@pytest.mark.parametrize("case", CASES)
def test_pictures_come(case: str, said: dict[str, str]) -> None:
    assert said[case] == "True done True\n"
