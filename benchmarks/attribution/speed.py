"""Gradient evaluations per second beside the floor and the peers, in turns in one run, on PyTorch (CUDA where there is one).

    python benchmarks/attribution/speed.py [--quick] [--models lenet resnet20 resnet18] [--fastestimator-python PATH]

The floor is the network's plain batched forward and input-backward at the best batch size. A share of 1 is as fast as that;
above 1 is possible only by noise, or where several calls find the caches warmer. Every engine is made anew, so nothing is kept
from call to call. FastEstimator needs an environment of its own, see `tracking.py`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from common import MODELS, SIDES, Peer, in_turns, pictures, ratios
from torch_networks import Captum, Floor, Pair, device, network, timed

from xai_widgets import AttributionEngine

DRAWS = {"lenet": 96, "resnet20": 48, "resnet18": 8}


def ours(model: Any, x: np.ndarray, method: str, count: int, **more: Any) -> float:
    """Seconds per evaluation of a row."""
    found: list[Any] = []
    options = {
        "smoothing": count,
        "integrating": count,
        "baseline": "zeros" if method != "smint" else "uniform",
        **more,
    }
    spent = timed(lambda: found.append(AttributionEngine(model).attribute(x, method, **options)))
    return spent / (found[0].evaluations * len(x))


def each(call: Callable[[], Any], rows: int) -> float:
    return timed(call) / rows


def calls(model: Any, x: np.ndarray, count: int, peer: Peer | None) -> dict[str, Callable[[], float]]:
    rows = count * len(x)
    floor = Floor(model, x, rows)
    whole, parts, pair = Captum(model, x), Captum(model, x, 50), Pair(model, x)
    found: dict[str, Callable[[], float]] = {
        "floor": lambda: floor() / rows,
        "ours, SmoothGrad": partial(ours, model, x, "smoothgrad", count),
        "ours, integrated": partial(ours, model, x, "integrated_gradients", count),
        'ours, integrated, rule="secant"': partial(
            ours, model, x, "integrated_gradients", count, rule="secant"
        ),
        "ours, SmInt": partial(ours, model, x, "smint", count),
        "captum, SmoothGrad": partial(each, partial(whole.smoothgrad, count), rows),
        "captum, integrated": partial(each, partial(whole.integrated, count), rows),
        "captum in parts of 50, integrated": partial(each, partial(parts.integrated, count), rows),
        "PAIR, SmoothGrad": partial(each, partial(pair.smoothgrad, count), rows),
        "PAIR, integrated": partial(each, partial(pair.integrated, count), rows),
    }
    if peer is not None:
        found["FastEstimator, SmoothGrad"] = lambda: (
            peer.ask(kind="smoothgrad", draws=count)["seconds"] / rows
        )
        found["FastEstimator, integrated"] = lambda: (
            peer.ask(kind="integrated", steps=count)["seconds"] / (rows + len(x))
        )
    print(f"   floor at batches of {floor.size}")
    return found


def measure(name: str, rounds: int, count: int, python: str | None) -> None:
    model, x = network(name), pictures(5, SIDES[name])
    print(f"\n{name}: five pictures of {SIDES[name]} x {SIDES[name]}, {count} draws or steps, on {device()}")
    peer = Peer(python, "fastestimator_peer.py", name, "5", str(SIDES[name])) if python else None
    times = in_turns(calls(model, x, count, peer), rounds, seconds=100)
    if peer is not None:
        peer.close()
    found = ratios(times, "floor")
    per_second = 1 / statistics.median(times["floor"])
    print(
        f"   floor: {per_second:.0f} evaluations per second; shares of it, medians of {len(times['floor'])} rounds"
    )
    for label, ratio in found.items():
        if label != "floor":
            bound = "   (at least 0.9)" if label.startswith("ours") else ""
            print(f"   {label:36s} {1 / ratio:5.2f}{bound}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a quarter of the draws, three rounds")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument(
        "--fastestimator-python", metavar="PATH", help="interpreter that has fastestimator 1.7.0"
    )
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    for name in options.models:
        count = max(8, DRAWS[name] // 4) if options.quick else DRAWS[name]
        if device().type == "cuda":
            count = 200  # enough to fill the device
        measure(name, 3 if options.quick else 7, count, options.fastestimator_python)


if __name__ == "__main__":
    main()
