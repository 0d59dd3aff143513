"""What the attribution benchmarks share, whatever the framework: pictures, weights, timing in turns, peers elsewhere.

Frameworks are imported inside functions, so that an environment with only one of them can use it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)
KEPT = Path(tempfile.gettempdir()) / "xai_widgets_benchmarks"
MODELS = ("lenet", "resnet20", "resnet18")
SIDES = {"lenet": 32, "resnet20": 32, "resnet18": 224}
SEED_DRAWS, SEED_STEPS = 25, (100, 6)  # the seed's defaults: 628 passes for the whole picture


# -- pictures and weights ---------------------------------------------------------------------------------------------


def pictures(count: int = 5, side: int = 32, layout: str = "NCHW") -> np.ndarray:
    """Give the first test pictures of CIFAR-10, normalised, float32; enlarged by repetition to other sides.

    Raises
    ------
    SystemExit
        If the data is not there.
    """
    x = cifar("test_1017")[0][:count]
    x = x.repeat(side // 32, axis=1).repeat(side // 32, axis=2)
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2) if layout == "NCHW" else x)


def cifar(part: str) -> tuple[np.ndarray, np.ndarray]:
    """Give "test_1017" or "train_5085": normalised pictures (N, 32, 32, 3) and labels."""
    path = DATA / f"cifar10_{part}.npz"
    if not path.exists():
        raise SystemExit(f"this benchmark needs {path.name} in ../shared/data from the project's root")
    with np.load(path) as held:
        return ((held["x"] / np.float32(255) - MEAN) / STD).astype(np.float32), held["y"].astype(np.int64)


def weights(name: str) -> dict[str, np.ndarray]:
    """Give the weights of "lenet" (trained here once, by torch, and kept) or "resnet20" by PyTorch's names and shapes."""
    if name == "resnet20":
        with np.load(DATA / "resnet20_cifar10.npz") as held:
            return {key: held[key] for key in held.files}
    if name == "lenet":
        from torch_networks import trained_lenet

        return kept("lenet_weights", trained_lenet)
    raise ValueError(f"there are weights of lenet and resnet20, not of {name}")


def kept(name: str, make: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Make arrays once and keep them in a temporary folder for later runs."""
    KEPT.mkdir(exist_ok=True)
    path = KEPT / f"{name}.npz"
    if not path.exists():
        part = path.with_suffix(f".{os.getpid()}.npz")
        np.savez(part, **make())
        part.replace(path)
    with np.load(path) as held:
        return {key: held[key] for key in held.files}


# -- numbers ----------------------------------------------------------------------------------------------------------


def relative(found: Any, reference: Any) -> float:
    """Give the relative L2 error, the mean over samples (B, ...)."""
    found, reference = (np.asarray(one, np.float64).reshape(len(one), -1) for one in (found, reference))
    return float(np.mean(np.linalg.norm(found - reference, axis=1) / np.linalg.norm(reference, axis=1)))


def up_to_scale(found: Any, reference: Any) -> float:
    """Give the same error after the best scaling of each sample: for sums where others give means."""
    found, reference = (np.asarray(one, np.float64).reshape(len(one), -1) for one in (found, reference))
    scale = (found * reference).sum(axis=1, keepdims=True) / np.square(found).sum(axis=1, keepdims=True)
    return relative(found * scale, reference)


def in_turns(
    calls: Mapping[str, Callable[[], Any]], rounds: int, seconds: float = 90.0
) -> dict[str, list[float]]:
    """Time calls one after the other, round by round, so that a slow moment of the machine hits all of them.

    A call may return its own time as a float (a peer in another process does); otherwise it is timed here. The first round is not
    counted. Ends early after so many seconds, with at least three rounds.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    end = time.perf_counter() + seconds
    for number in range(rounds + 1):
        if number > 3 and time.perf_counter() > end:
            break
        for name, call in calls.items():
            begin = time.perf_counter()
            own = call()
            spent = own if isinstance(own, float) else time.perf_counter() - begin
            if number:
                times[name].append(spent)
    return times


def ratios(times: Mapping[str, Sequence[float]], floor: str) -> dict[str, float]:
    """Give each call's time over the floor's of the same round, the median over the rounds."""
    return {
        name: statistics.median(a / b for a, b in zip(spent, times[floor], strict=True))
        for name, spent in times.items()
    }


def least(errors: Sequence[tuple[int, float]], wanted: float) -> int | None:
    """Give the fewest evaluations from which on the error stays at most so large; None if it never does."""
    found = None
    for evaluations, error in sorted(errors, reverse=True):
        if error > wanted:
            break
        found = evaluations
    return found


# -- peers that need an interpreter of their own ------------------------------------------------------------------------


class Peer:
    """A script in another interpreter that answers one JSON line per JSON line: {"seconds": ..., ...} or {"error": text}.

    Parameters
    ----------
    python : str
        The interpreter.
    script : str
        Path of a script beside this one, which calls `serve`.
    *arguments : str
        For the script.
    """

    def __init__(self, python: str, script: str, *arguments: str) -> None:
        here = Path(__file__).resolve().parent
        self.process = subprocess.Popen(
            [python, "-W", "ignore", str(here / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_MODULE_LOADING": "LAZY"},
        )
        self._read()

    def _read(self) -> dict[str, Any]:
        for line in self.process.stdout or ():
            if line.startswith("{"):
                answer: dict[str, Any] = json.loads(line)
                if "error" in answer:
                    raise RuntimeError(answer["error"])
                return answer
        said = self.process.stderr.read() if self.process.stderr else ""
        raise SystemExit(f"the peer ended: {said[-2000:]}")

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request and wait for the answer; arrays go by name of an .npy file."""
        if self.process.stdin:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        return self._read()

    def close(self) -> None:
        """End it."""
        if self.process.stdin:
            self.process.stdin.close()
        self.process.wait()


def serve(answer: Callable[..., dict[str, Any]]) -> None:
    """Answer a `Peer`'s requests until it closes."""
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        try:
            found = answer(**json.loads(line))
        except Exception as error:  # it is told to the one who asked
            found = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(found), flush=True)
