"""The attribution engine on TensorFlow beside the floor, FastEstimator 1.7 and Xplique 2.0, measured in turns in one run.

    python benchmarks/attribution/tensorflow_rates.py [--quick] [--models lenet,resnet20,resnet18] [--parts traces,rates,picture]
        [--pictures 5] [--fastestimator-python PATH] [--xplique-python PATH] [--xla]

Rates: gradient evaluations per second of whole calls, against the floor: plain batched forward and input-backward in a
tf.function at its best batch size (with --xla compiled by XLA, too, where that is faster). Picture: time to the seed's whole
picture (five images; raw, smoothed, integrated, SmInt, overlay) as exact as the seed's defaults of 628 passes, on LeNet.

The peers pin other versions and need environments of their own, for instance

    python3.11 -m venv fe && fe/bin/pip install "setuptools<81" "numpy==1.26.4" "tensorflow-cpu==2.15.*" \\
        "torch==2.13.0" "fastestimator==1.7.0" "numpy==1.26.4" "setuptools<81"
    python3.11 -m venv xplique && xplique/bin/pip install "tensorflow-cpu==2.20.*" scikit-learn scikit-image matplotlib einops \\
        opencv-python-headless deprecated && xplique/bin/pip install --no-deps xplique==2.0.2 tensorflow-probability==0.25.0 \\
        tf-keras==2.20.* dm-tree cloudpickle decorator

and LeNet's weights (trained here once) and those of the ResNet-18 come from PyTorch.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from common import SEED_DRAWS, SEED_STEPS, Peer, in_turns, kept, up_to_scale
from tensorflow_networks import floors, images, network, tf

from xai_widgets import AttributionEngine
from xai_widgets.attribution import overlay
from xai_widgets.figures.palette import colormap

DRAWS = {"lenet": 100, "resnet20": 60, "resnet18": 32}
COLUMNS = ("smoothed", "integrated", "smint")
SEEDS = (0, 1, 2)


def peers(arguments: Any, name: str) -> dict[str, Peer]:
    """Start the peers whose interpreters were named."""
    found = {}
    if arguments.fastestimator_python and name != "resnet18":
        found["FastEstimator"] = Peer(
            arguments.fastestimator_python, "tensorflow_peers.py", "fastestimator", name
        )
    for batch in (32, 256) if arguments.xplique_python else ():
        if name != "resnet18" or batch == 32:
            found[f"Xplique, batch {batch}"] = Peer(
                arguments.xplique_python, "tensorflow_peers.py", "xplique", name, str(batch)
            )
    return found


# -- traces and small requests --------------------------------------------------------------------------------------------


def traces(name: str) -> None:
    """Count what a session of slider moves traces, and time one row."""
    x, engine = images(name), AttributionEngine(network(name))
    for count in (1, 5, 3):
        for smoothing in (1, 4, 8):
            engine.saliency_columns(x[:count], smoothing=smoothing, integrating=8)
    bare = AttributionEngine(engine.model, cache_bytes=0)
    times = in_turns({"one row": lambda: bare.attribute(x[:1], "saliency", target=0)}, 9)
    print(
        f"\n{name}: {engine._backend.passes.traces} traces in a session of 9 slider moves on 1 to 5 pictures (forward and back); "
        f"the raw gradient of one picture takes {1e3 * statistics.median(times['one row']):.1f} ms"
    )


# -- evaluations per second -----------------------------------------------------------------------------------------------


def rates(arguments: Any, name: str) -> None:
    """Print evaluations per second and their share of the floor."""
    x, model, draws = images(name, arguments.pictures), network(name), DRAWS[name]
    engine = AttributionEngine(model, cache_bytes=0)
    candidates = floors(model, x, 5 * draws, arguments.xla)
    rows: dict[str, int] = {floor.name: floor.evaluated for floor in candidates}
    calls: dict[str, Callable[[], Any]] = {floor.name: floor for floor in candidates}

    def ours(title: str, method: str, **options: Any) -> None:
        before = engine.rows_evaluated
        engine.attribute(x, method, smoothing=draws, integrating=draws, **options)
        rows[title] = engine.rows_evaluated - before

    for method in ("smoothgrad_squared", "integrated_gradients", "smint"):
        title = f"ours, {method}"
        calls[title] = lambda t=title, m=method: ours(t, m)
    started = peers(arguments, name)
    for title, peer in started.items():
        fewer = 5 if title == "FastEstimator" else draws
        for what, options in (("smoothgrad", {"draws": fewer}), ("integrated", {"steps": fewer})):
            calls[f"{title}, {what}"] = lambda p=peer, w=what, o=options, t=f"{title}, {what}": asked(
                p, rows, t, w, o
            )
    processor: dict[str, list[float]] = {}
    for title in [title for title in calls if title.startswith(("floor", "ours"))]:
        calls[title] = processor_time(calls[title], processor.setdefault(title, []))
    times = in_turns(calls, 3 if arguments.quick else 49, 30 if arguments.quick else 80)
    middle = {title: statistics.median(spent) / rows[title] for title, spent in times.items()}
    best = min((floor.name for floor in candidates), key=lambda title: middle[title])
    least_processor = statistics.median(processor[best]) / rows[best]
    print(f"\n{name}: gradient evaluations, {len(x)} pictures; shares of the best floor")
    for title, spent in times.items():
        pairs = zip(times[best], spent, strict=True)
        share = statistics.median((a / rows[best]) / (b / rows[title]) for a, b in pairs)
        own = (
            least_processor / statistics.median(processor[title]) * rows[title]
            if title in processor
            else None
        )
        print(
            f"   {title:34s} {1 / middle[title]:9.1f} a second   {share:6.3f} of the floor by the clock"
            + (f", {own:6.3f} by processor time" if own else "")
        )
    for peer in started.values():
        peer.close()


def processor_time(call: Callable[[], Any], spent: list[float]) -> Callable[[], Any]:
    """Note the time that all threads of this process spend in a call, which others on the machine do not lengthen much."""

    def timed() -> Any:
        begin = time.process_time()
        found = call()
        spent.append(time.process_time() - begin)
        return found

    return timed


def asked(peer: Peer, rows: dict[str, int], title: str, what: str, options: dict[str, Any]) -> float:
    """Ask a peer, note its rows, and give its own time."""
    answer = peer.ask(what=what, **options)
    rows[title] = answer["rows"]
    return float(answer["seconds"])


# -- the whole picture ----------------------------------------------------------------------------------------------------


def reference(engine: AttributionEngine, x: np.ndarray) -> dict[str, np.ndarray]:
    """Give very exact columns; of the integrated gradients one for each seed, whose baseline it is from."""
    found = {
        "smoothed": engine.attribute(x, "smoothgrad_squared", smoothing=2048, seed=99).values,
        "smint": engine.attribute(
            x, "smint", smoothing=256, integrating=32, sampling="product", seed=98
        ).values,
    }
    for seed in SEEDS:
        found[f"integrated_{seed}"] = engine.attribute(
            x, "integrated_gradients", integrating=2048, rule="midpoint", seed=seed
        ).values
    return found


def errors(columns: Callable[[int], Any], exact: dict[str, np.ndarray]) -> dict[str, float]:
    """Give the columns' errors, after the best scaling of each picture, the mean over pictures and seeds."""
    found: dict[str, list[float]] = {name: [] for name in COLUMNS}
    for seed in SEEDS:
        made = columns(seed)
        for name in COLUMNS:
            wanted = exact[f"integrated_{seed}" if name == "integrated" else name]
            found[name].append(up_to_scale(made[name], wanted))
    return {name: float(np.mean(values)) for name, values in found.items()}


def seeds_columns(engine: AttributionEngine, x: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Give FastEstimator's numbers; picture by picture, so that its spread over the whole batch is not held against it."""
    made = [
        engine.saliency_columns(
            one[None], smoothing=SEED_DRAWS, integrating=SEED_STEPS, sampling="fastestimator", seed=seed
        )
        for one in x
    ]
    return {name: np.concatenate([getattr(one, name).values for one in made]) for name in COLUMNS}


def as_exact(
    engine: AttributionEngine, x: np.ndarray, exact: dict[str, np.ndarray], wanted: dict[str, float]
) -> tuple[int, int, dict[str, float]]:
    """Find the least smoothing and integrating whose columns are all at least as exact as wanted."""

    def found(smoothing: int, integrating: int) -> dict[str, float]:
        def columns(seed: int) -> dict[str, np.ndarray]:
            made = engine.saliency_columns(x, smoothing=smoothing, integrating=integrating, seed=seed)
            return {name: getattr(made, name).values for name in COLUMNS}

        return errors(columns, exact)

    for smoothing in range(2, SEED_DRAWS + 1, 2):
        if found(smoothing, 8)["smoothed"] <= wanted["smoothed"]:
            break
    for integrating in range(8, SEED_STEPS[0] + 1, 4):
        reached = found(smoothing, integrating)
        if reached["integrated"] <= wanted["integrated"] and reached["smint"] <= wanted["smint"]:
            break
    return smoothing, integrating, reached


def whole_picture(engine: AttributionEngine, x: np.ndarray, **options: Any) -> Any:
    """Make everything that is shown: four columns of masks, and the overlay on the pictures."""
    made = engine.saliency_columns(x, **options)
    for name in ("raw", *COLUMNS):
        getattr(made, name).masks  # noqa: B018 - made when asked for
    shown = np.clip((x - x.min()) / (x.max() - x.min()) * 255, 0, 255).astype(np.uint8)
    return [overlay(one, mask, colormap("inferno")) for one, mask in zip(shown, made.overlay, strict=True)]


def picture(arguments: Any, name: str) -> None:
    """Time the whole picture at the seed's error."""
    x, model = images(name), network(name)
    bare = AttributionEngine(model, cache_bytes=0)
    exact = kept(f"tensorflow_{name}_reference", lambda: reference(bare, x))
    wanted = errors(lambda seed: seeds_columns(bare, x, seed), exact)
    smoothing, integrating, reached = as_exact(bare, x, exact, wanted)
    print(f"\n{name}: the whole picture of {len(x)} images as exact as the seed's defaults")
    print("   relative error          " + "".join(f"{one:>14s}" for one in COLUMNS))
    print("   the seed's 628 passes   " + "".join(f"{wanted[one]:14.4f}" for one in COLUMNS))
    print(
        f"   ours, {smoothing:2d} and {integrating:3d}         "
        + "".join(f"{reached[one]:14.4f}" for one in COLUMNS)
    )
    options = {"smoothing": smoothing, "integrating": integrating}

    def cold() -> None:
        whole_picture(AttributionEngine(model), x, **options)

    calls: dict[str, Callable[[], Any]] = {
        "ours": lambda: whole_picture(bare, x, **options),
        "ours, a new engine": cold,
        "ours at 25 and 100": lambda: whole_picture(bare, x),
        "ours, the seed's grid": lambda: whole_picture(
            bare, x, smoothing=SEED_DRAWS, integrating=SEED_STEPS, sampling="fastestimator"
        ),
    }
    started = peers(arguments, name)
    for title, peer in started.items():
        calls[title] = lambda p=peer, part=arguments.quick: seeds_picture(p, part)
    times = in_turns(calls, 3, 1 if arguments.quick else 100)
    before = bare.rows_evaluated
    whole_picture(bare, x, **options)
    print(f"   ours evaluates {(bare.rows_evaluated - before) / len(x):.0f} rows a picture, the seed 628")
    for title, spent in times.items():
        ratio = statistics.median(b / a for a, b in zip(times["ours"], spent, strict=True))
        print(f"   {title:24s} {statistics.median(spent):9.3f} s   {ratio:8.1f} x ours")
    for peer in started.values():
        peer.close()


def seeds_picture(peer: Peer, part: bool) -> float:
    """Let a peer make the columns of the seed's picture, and give its own time; its overlay is not counted.

    With ``part`` it makes about a tenth of the passes, and the time is that for all of them.
    """
    draws, (steps, grid) = (3, (10, 6)) if part else (SEED_DRAWS, SEED_STEPS)
    spent = rows = 0.0
    for what, options in (
        ("saliency", {}),
        ("smoothgrad", {"draws": draws}),
        ("integrated", {"steps": steps}),
        ("smint", {"steps": steps, "draws": grid}),
    ):
        answer = peer.ask(what=what, **options)
        spent += answer["seconds"]
        rows += answer["rows"]
    everything = 1 + SEED_DRAWS + SEED_STEPS[0] + (SEED_STEPS[1] - 1) * SEED_STEPS[0]
    return spent * max(1.0, 5 * everything / rows) if part else spent


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer rounds, and a tenth of the peers' passes for the picture"
    )
    parser.add_argument("--pictures", type=int, default=5, help="explained in a call, for the rates")
    parser.add_argument("--models", default="lenet,resnet20,resnet18")
    parser.add_argument("--parts", default="traces,rates,picture")
    parser.add_argument(
        "--fastestimator-python", help="the interpreter of an environment with FastEstimator 1.7"
    )
    parser.add_argument("--xplique-python", help="the interpreter of an environment with Xplique 2.0")
    parser.add_argument("--xla", action="store_true", help="let the floor try XLA")
    arguments = parser.parse_args()
    where = tf.config.list_physical_devices("GPU") or "CPU"
    print(f"TensorFlow {tf.__version__} on {where}; medians of times in turns")
    begin = time.perf_counter()
    for part, run in (("traces", lambda _, name: traces(name)), ("rates", rates)):
        for name in arguments.models.split(",") if part in arguments.parts else ():
            run(arguments, name)
    if "picture" in arguments.parts:
        picture(arguments, arguments.models.split(",")[0])
    print(f"\n{time.perf_counter() - begin:.0f} s in all")


if __name__ == "__main__":
    main()
