"""FastEstimator 1.7's saliency on PyTorch, in its own interpreter; the other benchmarks start it by themselves.

Run as ``python fastestimator_peer.py NETWORK COUNT SIDE`` it answers requests line by line, see `common.Peer`.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from common import pictures, serve


def main(name: str, count: int, side: int) -> None:
    import fastestimator as fe
    import torch
    from fastestimator.xai import SaliencyNet
    from torch_networks import device, network, timed

    module = network(name)
    model = fe.build(model_fn=lambda: module, optimizer_fn=None)
    x = torch.from_numpy(pictures(count, side)).to(device())
    net = SaliencyNet(model, model_inputs="x", model_outputs="y", outputs="map")
    picture = SaliencyNet._convert_for_visualization

    def make(kind: str, draws: int, steps: int) -> Any:
        batch = {"x": x}
        if kind == "saliency":
            return net.get_masks(batch)["map"]
        if kind == "smoothgrad":
            return net.get_smoothed_masks(batch, nsamples=draws)["map"]
        if kind == "integrated":
            return net.get_integrated_masks(batch, nsamples=steps)["map"]
        return net.get_smoothed_masks(batch, nsamples=draws, nintegration=steps)["map"]

    def whole(draws: int, steps: int, smint: int) -> None:
        for kind, number in (("saliency", 0), ("smoothgrad", draws), ("integrated", 0), ("smint", smint)):
            make(kind, number, steps).detach().cpu()

    def answer(kind: str, draws: int = 25, steps: int = 100, smint: int = 6, out: str = "") -> dict[str, Any]:
        if out:  # the map itself, not made a picture
            SaliencyNet._convert_for_visualization = staticmethod(lambda tensor, tile=99: tensor)
            try:
                torch.manual_seed(draws)
                np.save(out, make(kind, draws, steps).detach().cpu().numpy())
            finally:
                SaliencyNet._convert_for_visualization = staticmethod(picture)
            return {"out": out}
        if kind == "picture":
            return {"seconds": timed(lambda: whole(draws, steps, smint))}
        return {"seconds": timed(lambda: make(kind, draws, steps).detach().cpu())}

    serve(answer)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
