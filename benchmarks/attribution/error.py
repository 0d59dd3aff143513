"""Error against evaluations: the engine's stream beside fixed rules and the peers' schemes (PyTorch), with a plot.

    python benchmarks/attribution/error.py [--quick] [--models lenet resnet20 lenet_smooth] [--pictures FOLDER]

Relative L2 error to references of 4,096 steps and 1,024 draws and more, the mean over the first CIFAR-10 test pictures: 16 for
integrated gradients, where single pictures differ by more than the rules do (5 with ``--quick``), and 5 for the others.
Integrated gradients from zeros and from uniform noise: the engine's stream (whose every prefix from four points on is a
result) beside midpoints, captum's Gauss-Legendre, and the mean over both ends of equal steps as FastEstimator and PAIR have
it; also the engine's stream with ``rule="secant"``, which it takes by itself where `tolerance=` asks for 5 % or less. SmoothGrad
squared beside independent draws, SmInt beside the literal grid. Also where `tolerance=` stops, sample by sample. ``--pictures``
draws the curves there.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from typing import Any

import numpy as np
import reference
from common import least, pictures, relative
from curves import Curves, draw
from torch_networks import device, network, plain_pass

from xai_widgets import AttributionEngine

BUDGETS = (2, 4, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128, 192, 256)
TOLERANCES = (0.1, 0.05, 0.02, 0.01)
METHOD = "integrated_gradients"


def rule_points(rule: str, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Give a fixed rule's points on the path and their weights."""
    if rule == "midpoints":
        return (np.arange(n) + 0.5) / n, np.full(n, 1 / n)
    if rule == "both ends (FastEstimator, PAIR)":
        return np.linspace(0, 1, n), np.full(n, 1 / n)
    if rule == "Gauss-Legendre (captum)":
        points, weights = np.polynomial.legendre.leggauss(n)
        return (points + 1) / 2, weights / 2
    raise ValueError(f"there is no rule {rule}")


SECANT = 'rule="secant"'
STRIPS = range(1, 29)  # of nine evaluations each, for eight stretches of the path
RULES = ("midpoints", "Gauss-Legendre (captum)", "both ends (FastEstimator, PAIR)")


def by_rule(model: Any, x: np.ndarray, start: np.ndarray, rule: str, n: int) -> np.ndarray:
    """Give integrated gradients by a fixed rule."""
    import torch

    where, weights = rule_points(rule, n)
    classes = model(torch.from_numpy(x).to(device())).argmax(1)
    found = np.zeros(x.shape)
    for row in range(len(x)):
        points = start[row] + where[:, None, None, None] * (x[row] - start[row])
        for low in range(0, n, 64):
            part = torch.from_numpy(points[low : low + 64].astype(np.float32)).to(device())
            grads = plain_pass(model, part, classes[row].expand(len(part))).cpu().numpy()
            found[row] += np.einsum("n,nchw->chw", weights[low : low + 64], grads)
    return found * (x - start)


def integrated(name: str, model: Any, x: np.ndarray, called: str, budgets: tuple[int, ...]) -> Curves:
    start = np.zeros_like(x) if called == "zeros" else reference.uniform_baseline(x)
    exact = reference.integrated(name, model, x, start, called)
    engine = AttributionEngine(model)
    curves: Curves = {"the engine's stream": []}
    for n in budgets:
        found = engine.attribute(
            x, METHOD, baseline=start, integrating=n
        )  # a number of evaluations goes to points
        curves["the engine's stream"].append((found.evaluations, relative(found.values, exact)))
    for rule in RULES:
        curves[rule] = [(n, relative(by_rule(model, x, start, rule, n), exact)) for n in budgets]
    curves[SECANT] = []
    for strips in STRIPS:
        found = engine.attribute(x, METHOD, baseline=start, integrating=9 * strips, rule="secant")
        curves[SECANT].append((found.evaluations, relative(found.values, exact)))
    _judge(f"{name}, integrated gradients from {called}", curves)
    _tolerances(model, x, start, exact, least(curves[RULES[2]], 0.01))
    return curves


def _judge(title: str, curves: Curves) -> None:
    print(f"\n{title}: error at evaluations; the stream over the best rule at that budget (at most 1.10)")
    mine = curves["the engine's stream"]
    for place, (n, error) in enumerate(mine):
        best = min(curves[rule][place][1] for rule in RULES)
        others = "  ".join(f"{curves[rule][place][1]:.4f}" for rule in RULES)
        print(f"   {n:4d}  stream {error:.4f}   {others}   ratio {error / best:.2f}")
    for wanted in (0.05, 0.02, 0.01):
        ours, theirs = least(mine, wanted), least(curves[RULES[2]], wanted)
        if ours and theirs:
            print(
                f"   {wanted:.0%} from {ours} evaluations; both ends from {theirs}: {theirs / ours:.1f} times (at least 2)"
            )
        secant = least(curves[SECANT], wanted)
        if secant:
            against = (
                f"{theirs}: {theirs / secant:.1f} times"
                if theirs
                else f"over 256: over {256 / secant:.1f} times"
            )
            print(f"   {wanted:.0%} from {secant} evaluations with {SECANT}; both ends from {against}")
    print(f"   {SECANT}  " + "  ".join(f"{n}: {error:.4f}" for n, error in curves[SECANT][:16]))
    for n, error in curves[SECANT]:
        best = min(error for rule in RULES for m, error in curves[rule] if m <= n)
        if error > 1.1 * best:
            print(f"   {SECANT} has {error / best:.2f} times the error of the best rule with {n} evaluations")


def _tolerances(
    model: Any, x: np.ndarray, start: np.ndarray, exact: np.ndarray, both_ends: int | None
) -> None:
    """Print where each sample stops over where it might have by either rule, and how both ends compare at 1 %."""
    fewest = {
        rule: _errors(model, x, start, exact, rule, every) for rule, every in (("points", 2), ("secant", 9))
    }
    for rule in ("adaptive", "points", "secant"):
        looked = fewest if rule == "adaptive" else {rule: fewest[rule]}
        for tolerance in TOLERANCES:
            ratios, reached, spent = [], [], []
            for row in range(len(x)):
                good = [
                    n for counts, errors in looked.values() for n in counts[errors[:, row] <= tolerance][:1]
                ]
                if not good:
                    continue
                one, base, true = x[row : row + 1], start[row : row + 1], exact[row : row + 1]
                found = AttributionEngine(model).attribute(
                    one, METHOD, baseline=base, integrating=1024, tolerance=tolerance, rule=rule
                )
                spent.append(found.evaluations)
                ratios.append(found.evaluations / min(good))
                reached.append(relative(found.values, true) / tolerance)
            if ratios:
                print(
                    f"   {rule}, tolerance={tolerance}: stops after {statistics.mean(spent):.0f}, "
                    f"{statistics.median(ratios):.2f} times the fewest that reach it, at most {max(ratios):.2f} (at most 1.5); "
                    f"error then {statistics.median(reached):.2f} of the tolerance, at most {max(reached):.2f}; {len(ratios)} of "
                    f"{len(x)} pictures"
                )
            if rule == "adaptive" and tolerance == 0.01 and spent:
                theirs = f"{both_ends}" if both_ends else "over 256"
                times = (both_ends or 256) / statistics.mean(spent)
                print(
                    f"   to 1 %: {statistics.mean(spent):.0f}, both ends {theirs}: {times:.1f} times (at least 2)"
                )


def _errors(
    model: Any, x: np.ndarray, start: np.ndarray, exact: np.ndarray, rule: str, every: int
) -> tuple[np.ndarray, np.ndarray]:
    """Give numbers of evaluations (N,) and each sample's error with them, (N, B)."""
    counts = np.arange(every, 257, every)
    engine, errors = AttributionEngine(model), np.empty((len(counts), len(x)))
    # the prefixes of one stream
    engine.attribute(x, METHOD, baseline=start, integrating=int(counts[-1]), rule=rule)
    for place, n in enumerate(counts):
        values = engine.attribute(x, METHOD, baseline=start, integrating=int(n), rule=rule).values
        errors[place] = [relative(values[row : row + 1], exact[row : row + 1]) for row in range(len(x))]
    return counts, errors


def drawn(name: str, model: Any, x: np.ndarray, quick: bool) -> tuple[Curves, Curves]:
    """Curves of SmoothGrad squared and of SmInt; means over seeds."""
    seeds = range(2 if quick else 4)
    exact = reference.smoothed(name, model, x)
    smooth: Curves = {"the engine's stream": [], "independent draws": []}
    for n in (8, 16, 24, 48, 96):
        ours = [
            AttributionEngine(model).attribute(x, "smoothgrad_squared", smoothing=n, seed=seed).values
            for seed in seeds
        ]
        smooth["the engine's stream"].append((n, statistics.mean(relative(one, exact) for one in ours)))
        plain = [_independent(model, x, n, seed) for seed in seeds]
        smooth["independent draws"].append((n, statistics.mean(relative(one, exact) for one in plain)))
    exact = reference.smint(name, model, x, 256 if quick or name != "lenet" else reference.DRAWS)
    both: Curves = {"the engine's stream": [], "grid of 6 draws": []}
    for n in (8, 16, 32, 64, 96):
        ours = [
            AttributionEngine(model).attribute(x, "smint", smoothing=n, integrating=n, seed=seed).values
            for seed in seeds
        ]
        both["the engine's stream"].append((n, statistics.mean(relative(one, exact) for one in ours)))
    for steps in (4, 8, 16) if quick else (4, 8, 16, 32, 100):
        grids = [
            AttributionEngine(model)
            .attribute(x, "smint", smoothing=6, integrating=steps, sampling="product", seed=seed)
            .values
            for seed in seeds
        ]
        both["grid of 6 draws"].append((6 * steps, statistics.mean(relative(one, exact) for one in grids)))
    for title, curves in (("SmoothGrad squared", smooth), ("SmInt, squared", both)):
        print(f"\n{name}, {title}: error at evaluations, means of {len(seeds)} seeds")
        for label, points in curves.items():
            print(f"   {label:20s} " + "  ".join(f"{n}: {error:.3f}" for n, error in points))
    return smooth, both


def _independent(model: Any, x: np.ndarray, draws: int, seed: int) -> np.ndarray:
    import torch

    rng = np.random.default_rng(seed)
    classes = model(torch.from_numpy(x).to(device())).argmax(1)
    found = np.empty(x.shape)
    for row in range(len(x)):
        noise = rng.normal(0, 0.15 * np.ptp(x[row]), (draws, *x.shape[1:]))
        part = torch.from_numpy((x[row] + noise).astype(np.float32)).to(device())
        grads = plain_pass(model, part, classes[row].expand(draws)).cpu().numpy()
        found[row] = np.square(grads).mean(axis=0)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="every second budget, fewer seeds, smaller references"
    )
    parser.add_argument(
        "--models", nargs="+", choices=("lenet", "lenet_smooth", "resnet20"), default=["lenet", "resnet20"]
    )
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="draw the curves into this folder")
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    budgets = BUDGETS[1::2] if options.quick else BUDGETS
    rows = []
    for name in options.models:
        model, x = network(name), pictures(5, 32)
        many = x if options.quick else pictures(16, 32)
        panels = {}
        for called in ("zeros", "uniform"):
            title = f"{name}: integrated gradients from {'noise' if called == 'uniform' else called}"
            panels[title] = integrated(name, model, many, called, budgets)
        smooth, both = drawn(name, model, x, options.quick)
        panels[f"{name}: SmoothGrad squared"] = smooth
        panels[f"{name}: SmInt"] = both
        rows.append(panels)
    if options.pictures is not None:
        for dark in (False, True):
            draw(rows, options.pictures / f"attribution_error_{'dark' if dark else 'light'}.png", dark)


if __name__ == "__main__":
    main()
