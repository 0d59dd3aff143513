"""FastEstimator 1.7 and Xplique 2.0 as their users call them, each in an interpreter of its own; see tensorflow_rates.py.

python tensorflow_peers.py fastestimator|xplique lenet|resnet20|resnet18   (asked on standard input)
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
from common import serve
from tensorflow_networks import images, network, tf


class FastEstimator:
    """Its SaliencyNet: one step at a time, five pictures a step."""

    def __init__(self, name: str) -> None:
        import fastestimator as fe
        from fastestimator.xai.saliency import SaliencyNet

        x = images(name)
        model = fe.build(model_fn=lambda: network(name), optimizer_fn=None)
        self._net = SaliencyNet(model, "x", "y", "saliency")
        self._batch = {"x": tf.constant(x)}
        self._count = len(x)

    def saliency(self) -> int:
        self._net.get_masks(self._batch)
        return self._count

    def smoothgrad(self, draws: int) -> int:
        self._net.get_smoothed_masks(self._batch, nsamples=draws)
        return self._count * draws

    def integrated(self, steps: int) -> int:
        self._net.get_integrated_masks(self._batch, nsamples=steps)
        return self._count * (steps + 1)

    def smint(self, steps: int, draws: int) -> int:
        self._net.get_smoothed_masks(self._batch, nsamples=draws, nintegration=steps)
        return self._count * (1 + (draws - 1) * steps)


class Xplique:
    """Its explainers, with one batch size for all; SmInt by composition: squared integrated gradients of several baselines."""

    def __init__(self, name: str, batch: int = 32) -> None:
        self._model, self._x, self._batch = network(name), images(name), batch
        scores = np.asarray(self._model(self._x, training=False))
        self._targets = np.eye(scores.shape[1], dtype=np.float32)[scores.argmax(1)]
        self._low, self._high = float(self._x.min()), float(self._x.max())

    def _explain(self, kind: str, **options: Any) -> Any:
        from xplique import attributions

        explainer = getattr(attributions, kind)(self._model, batch_size=self._batch, reducer=None, **options)
        return explainer.explain(self._x, self._targets).numpy()

    def saliency(self) -> int:
        self._explain("Saliency")
        return len(self._x)

    def smoothgrad(self, draws: int) -> int:
        noise = 0.15 * (self._high - self._low)
        self._explain("SquareGrad", nb_samples=draws, noise=noise)
        return len(self._x) * draws

    def integrated(self, steps: int, start: Any = 0.0) -> int:
        self._integrated(steps, start)
        return len(self._x) * steps

    def _integrated(self, steps: int, start: Any = 0.0) -> Any:
        return self._explain("IntegratedGradients", steps=steps, baseline_value=start)

    def smint(self, steps: int, draws: int) -> int:
        rng, shape = np.random.default_rng(0), self._x.shape[1:]
        total = sum(
            self._integrated(steps, rng.uniform(self._low, self._high, shape).astype(np.float32)) ** 2
            for _ in range(draws - 1)  # FastEstimator's first term is the clean gradient
        )
        return len(total) * (draws - 1) * steps


def main() -> None:
    kind, name, *more = sys.argv[1:]
    peer: Any = FastEstimator(name) if kind == "fastestimator" else Xplique(name, *(int(one) for one in more))

    def answer(what: str, **options: Any) -> dict[str, Any]:
        begin = time.perf_counter()
        rows = getattr(peer, what)(**options)
        return {"seconds": time.perf_counter() - begin, "rows": rows}

    serve(answer)


if __name__ == "__main__":
    main()
