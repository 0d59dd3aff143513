"""From a click to the first picture of a Keras panel, with and without the functions traced when it is shown.

    python benchmarks/live/first_answer.py [--rounds 5]

Every round is two new processes, in turns: TensorFlow traces once in each. The model is a LeNet for 32x32x3 that stands
still, five samples are asked for. Printed are medians of seconds: to the first picture, to the last, and of the second click.
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def answer(traced):
    """Return seconds until the first picture, the last one, and the first one of other samples."""
    import keras
    import numpy as np

    from xai_widgets.live import AttributionService, ColumnsRequest
    from xai_widgets.samples import as_samples

    layer = keras.layers
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            *(layer.Conv2D(32, 3, activation="relu"), layer.MaxPooling2D()),
            *(layer.Conv2D(64, 3, activation="relu"), layer.MaxPooling2D()),
            *(layer.Conv2D(64, 3, activation="relu"), layer.Flatten()),
            *(layer.Dense(64, activation="relu"), layer.Dense(10)),
        ]
    )
    x = np.random.default_rng(0).random((20, 32, 32, 3), np.float32)
    service = AttributionService(model, as_samples(x, layout="NHWC"))
    if traced:
        service.trace(ColumnsRequest(()))
        while service._thread is not None:
            time.sleep(0.01)
    found = []
    for samples in (range(5), range(5, 10)):
        begin, first = time.perf_counter(), []
        job = service.request(
            ColumnsRequest(tuple(samples)), lambda result, first=first: first.append(time.perf_counter())
        )
        job.wait(120)
        assert job.problem is None, job.problem
        found += [first[0] - begin, time.perf_counter() - begin]
    service.close()
    return found[:3]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", choices=("traced", "not"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print("answer", *answer(options.one == "traced"))
        return
    found = {"traced": [], "not": []}
    for _ in range(options.rounds):
        for kind, rows in found.items():
            said = subprocess.run(
                [sys.executable, __file__, "--one", kind], capture_output=True, text=True, check=True
            ).stdout
            rows.append([float(one) for one in said.split("answer", 1)[1].split()])
    print(
        "| functions traced when shown | first picture (s) | last | first of the next click |\n| --- | --- | --- | --- |"
    )
    for kind, rows in found.items():
        middle = [f"{statistics.median(one):.2f}" for one in zip(*rows, strict=True)]
        print(f"| {'yes' if kind == 'traced' else 'no'} | {' | '.join(middle)} |")


if __name__ == "__main__":
    main()
