"""Peak memory, over the model's own, of integrated gradients with 100 steps on five pictures of 224 x 224 with a ResNet-18.

    python benchmarks/attribution/memory.py [--quick]

Each way runs in a process of its own: the growth of its largest resident size from after one plain pass of a single picture, or
what CUDA's allocator says where there is one. ``--quick`` leaves captum's default out, which takes about 11 GB.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys

from common import pictures

WAYS = ("ours", "captum in parts of 50", "captum in parts of 10", "captum, as it comes")


def run(way: str, steps: int) -> None:
    import torch
    from torch_networks import Captum, device, network, plain_pass

    from xai_widgets import AttributionEngine

    model, x = network("resnet18"), pictures(5, 224)
    one = torch.from_numpy(x[:1]).to(device())
    plain_pass(model, one, torch.zeros(1, dtype=torch.int64, device=one.device))
    cuda = device().type == "cuda"
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated() if cuda else _resident()
    if way == "ours":
        AttributionEngine(model).attribute(x, "integrated_gradients", integrating=steps, baseline="zeros")
    else:
        inner = int(way.rsplit(" ", 1)[1]) if "parts" in way else None
        Captum(model, x, inner).integrated(steps)
    after = torch.cuda.max_memory_allocated() if cuda else _resident()
    print(f"{(after - before) / 1e9:.2f}")


def _resident() -> int:
    """Give the largest resident size so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="24 steps, and captum not as it comes")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    steps = 24 if options.quick else 100
    if options.way:
        run(options.way, steps)
        return
    print(f"\npeak memory over the model's, integrated gradients, {steps} steps, five pictures (GB)")
    for way in WAYS[: 3 if options.quick else 4]:
        made = subprocess.run(
            [sys.executable, "-W", "ignore", __file__, "--way", way, *(["--quick"] if options.quick else [])],
            capture_output=True,
            text=True,
            check=False,
        )
        said = made.stdout.strip() or f"ended with {made.returncode}: {made.stderr.strip()[-200:]}"
        print(f"   {way:24s} {said}{'   (at most 1)' if way == 'ours' else ''}", flush=True)


if __name__ == "__main__":
    main()
