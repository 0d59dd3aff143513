"""What the attribution engine makes of a device: one command, at most eight minutes, no network.

    python benchmarks/gpu.py                        # the GPU where there is one
    python benchmarks/gpu.py --device cpu --quick   # what runs in CI

Prints Markdown for RESULTS.md. Networks have random weights: what is measured is time, not pictures. All rates are
evaluations (input gradients) a second, those of one table in turns, the median of the rounds; the floor is the plain gradient
loop at its best batch size. What only a GPU can show has no row elsewhere.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from xai_widgets.attribution import AttributionEngine
from xai_widgets.attribution.backends.ops.torch_ops import TorchOps

METHODS = {
    "SmoothGrad²": "smoothgrad_squared",
    "integrated gradients": "integrated_gradients",
    "SmInt": "smint",
}
NOISE = 0.15


# -- networks ---------------------------------------------------------------------------------------------------------------


class Free(torch.autograd.Function):
    """A model that costs nothing: its gradient is one number, in the shape of the input."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        """Return ten columns."""
        ctx.shape = x.shape
        return x[:, 0, 0, :10].clone()

    @staticmethod
    def backward(ctx: Any, given: Any) -> Any:
        """Return a gradient of the input's shape."""
        return given[:, :1, None, None].expand(ctx.shape)


class Nothing(nn.Module):
    """See `Free`."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Any) -> Any:
        """Apply it."""
        return Free.apply(x)


def lenet() -> nn.Module:
    """Return a LeNet for 32x32x3."""
    return nn.Sequential(
        nn.Conv2d(3, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Flatten(), nn.Linear(1024, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip


class Residual(nn.Module):
    """A sum of a path and a short cut."""

    def __init__(self, path: nn.Module, short: nn.Module) -> None:
        super().__init__()
        self.path, self.short = path, short

    def forward(self, x: Any) -> Any:
        """Add both."""
        return F.relu(self.path(x) + self.short(x))


def _conv(inside: int, outside: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(inside, outside, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outside)]


def _short(inside: int, outside: int, stride: int) -> nn.Module:
    return (
        nn.Identity()
        if (inside, stride) == (outside, 1)
        else nn.Sequential(*_conv(inside, outside, 1, stride))
    )


def resnet20() -> nn.Module:
    """Return He's ResNet-20 for 32x32x3."""
    layers, width = [*_conv(3, 16, 3), nn.ReLU()], 16
    for outside, stride in ((16, 1), (16, 1), (16, 1), (32, 2), (32, 1), (32, 1), (64, 2), (64, 1), (64, 1)):
        path = nn.Sequential(*_conv(width, outside, 3, stride), nn.ReLU(), *_conv(outside, outside, 3))
        layers.append(Residual(path, _short(width, outside, stride)))
        width = outside
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def resnet50() -> nn.Module:
    """Return a ResNet-50 for 224x224x3."""
    layers: list[nn.Module] = [*_conv(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    width = 64
    for inner, blocks, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for block in range(blocks):
            step = stride if block == 0 else 1
            path = nn.Sequential(
                *_conv(width, inner, 1),
                nn.ReLU(),
                *_conv(inner, inner, 3, step),
                nn.ReLU(),
                *_conv(inner, 4 * inner, 1),
            )
            layers.append(Residual(path, _short(width, 4 * inner, step)))
            width = 4 * inner
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 1000))


class Transformer(nn.Module):
    """Tokens by a first layer, an encoder, and a head on their mean."""

    def __init__(
        self, first: nn.Module, tokens: int, width: int, depth: int, heads: int, classes: int
    ) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.first, self.place = first, nn.Parameter(0.02 * torch.randn(tokens, width))
        self.encoder = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.head = nn.Linear(width, classes)

    def forward(self, x: Any) -> Any:
        """Return logits."""
        return self.head(self.encoder(self.first(x) + self.place).mean(1))


def vit() -> nn.Module:
    """Return a ViT-B/16 for 224x224x3."""
    patches = nn.Sequential(nn.Conv2d(3, 768, 16, 16), nn.Flatten(2), Swap())
    return Transformer(patches, 196, 768, 12, 12, 1000)


class Swap(nn.Module):
    """Channels last."""

    def forward(self, x: Any) -> Any:
        """Swap them."""
        return x.transpose(1, 2)


def text() -> nn.Module:
    """Return two layers over embeddings of 64 tokens."""
    return Transformer(nn.Identity(), 64, 128, 2, 4, 4)


NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], int]] = {
    "LeNet": (lenet, (3, 32, 32), 96),
    "ResNet-20": (resnet20, (3, 32, 32), 96),
    "text, 2 layers": (text, (64, 128), 96),
    "ResNet-50": (resnet50, (3, 224, 224), 64),
    "ViT-B/16": (vit, (3, 224, 224), 64),
}


# -- clocks -----------------------------------------------------------------------------------------------------------------


def wait(device: torch.device) -> None:
    """Wait for a device."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def in_turns(
    calls: dict[str, Callable[[], int]], rounds: int, device: torch.device, until: float
) -> dict[str, float]:
    """Return evaluations a second, the median of rounds in which each call has its turn; each returns how many it made."""
    rates: dict[str, list[float]] = {name: [] for name in calls}
    # one thread: what else the machine does is not counted
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            wait(device)
            start = clock()
            count = call()
            wait(device)
            rates[name].append(count / (clock() - start))
        if time.monotonic() > until:
            break
    return {name: statistics.median(found) for name, found in rates.items()}


def table(head: list[str], rows: list[list[str]]) -> None:
    """Print Markdown."""
    print("\n| " + " | ".join(head) + " |\n|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")


# -- the same by hand, in eager torch ---------------------------------------------------------------------------------------


def gradients(model: nn.Module, points: Any) -> Any:
    """Return the gradients of the first output."""
    leaf = points.detach().requires_grad_()
    return torch.autograd.grad(model(leaf.clone())[:, 0].sum(), leaf)[0].contiguous()


def floor(model: nn.Module, x: Any, rows: int, count: int) -> int:
    """Take gradients, and nothing else."""
    points = x.repeat(-(-rows // len(x)), *(1,) * (x.dim() - 1))[:rows]
    for _ in range(-(-count // rows)):
        gradients(model, points)
    return -(-count // rows) * rows


def smoothgrad_by_hand(model: nn.Module, x: Any, count: int, rows: int) -> int:
    """Return how many rows the mean square over antithetic pairs took."""
    for one in x:
        spread, total = NOISE * (one.max() - one.min()), torch.zeros_like(one)
        for _ in range(count // rows):
            noise = torch.randn(rows // 2, *one.shape, device=one.device) * spread
            grads = gradients(model, torch.cat([one + noise, one - noise]))
            total += (grads * grads).sum(0)
        total /= count
    return len(x) * (count // rows) * rows


def integrated_by_hand(model: nn.Module, x: Any, count: int, rows: int) -> int:
    """Return how many rows midpoints from a uniform baseline took."""
    for one in x:
        start = torch.rand_like(one) * (one.max() - one.min()) + one.min()
        step, total = one - start, torch.zeros_like(one)
        t = (torch.arange(count, device=one.device) + 0.5) / count
        for part in t[: count // rows * rows].view(-1, rows):
            total += gradients(model, start + part.view(-1, 1, 1, 1) * step).sum(0)
        total *= step / count
    return len(x) * (count // rows) * rows


def smint_by_hand(model: nn.Module, x: Any, count: int, rows: int) -> int:
    """Return how many rows the mean of squared integrals took: two halves of two positions, and the mirror image."""
    units = max(1, rows // 8)
    for one in x:
        middle, half = (one.max() + one.min()) / 2, (one.max() - one.min()) / 2
        total, moment = torch.zeros_like(one), (one - middle) ** 2 + half**2 / 3
        for _ in range(count // (8 * units)):
            noise = half * (2 * torch.rand(units, 1, *one.shape, device=one.device) - 1)
            start = torch.cat([middle + noise, middle - noise], 1)
            step = one - start
            t = (
                torch.rand(units, 1, 4, 1, 1, 1, device=one.device)
                + torch.tensor([0, 1, 0, 1]).view(4, 1, 1, 1)
            ) / 2
            points = start[:, :, None] + t * step[:, :, None]
            grads = gradients(model, points.flatten(0, 2)).view(units, 2, 2, 2, *one.shape)
            halves = grads.mean(3)
            pairs = halves[:, :, 0] * halves[:, :, 1]
            exact, calm = (pairs * step * step).mean(1), pairs.mean(1) * moment
            total += (exact + calm).sum(0) / 2
    return len(x) * (count // (8 * units)) * 8 * units


# -- tables -----------------------------------------------------------------------------------------------------------------


class Moved(TorchDispatchMode):
    """Counts what a GPU would pay: launches, and the bytes that they read and write."""

    def __init__(self) -> None:
        super().__init__()
        self.launches = self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation and count it; views and fresh memory cost nothing."""
        made = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if func.is_view or name.startswith(("empty", "new_empty", "detach", "lift", "set_")):
            return made
        read = tree_leaves(args[1:] if name in ("copy_", "fill_", "zero_") else args)
        self.launches += 1
        self.bytes += sum(map(touched, [*read, *tree_leaves(made)]))
        return made


def touched(one: Any) -> int:
    """Return how many bytes of memory a tensor stands for; one number in a large shape is one number."""
    if not isinstance(one, torch.Tensor):
        return 0
    sides = [side for side, step in zip(one.shape, one.stride(), strict=True) if step]
    return int(np.prod(sides, dtype=np.int64)) * one.element_size()


def moved(call: Callable[[], int], row: int) -> tuple[float, float]:
    """Return the launches and the bytes for each row, over the bytes of one."""
    call()  # the tables of random numbers are there by then
    with Moved() as counted:
        rows = call()
    return counted.launches / rows, counted.bytes / rows / row


class Counting(TorchOps):
    """Counts what goes to the device and what comes from it."""

    def __init__(self, device: Any, dtype: Any) -> None:
        super().__init__(device, dtype)
        self.sent = self.read = self.reads = 0

    def put(self, array: Any) -> Any:
        """Count what is sent."""
        self.sent += array.nbytes
        return super().put(array)

    def host(self, tensor: Any) -> Any:
        """Count what is read."""
        self.read += tensor.numel() * tensor.element_size()
        self.reads += 1
        return super().host(tensor)

    def host_later(self, tensor: Any) -> Any:
        """Count it; it is waited for only where nothing else is left to do."""
        self.read += tensor.numel() * tensor.element_size()
        self.reads += 1
        found = super().host_later(tensor)
        if self.device.type != "cuda":  # which reads by `host`
            self.read -= tensor.numel() * tensor.element_size()
            self.reads -= 1
        return found


def traffic(model: nn.Module, x: np.ndarray, method: str, count: int, device: torch.device) -> list[str]:
    """Return what crosses per evaluation while nobody looks on, over the bytes of a row, and the reads in all."""
    engine = AttributionEngine(model, device=device, cache_bytes=0)
    engine.attribute(x, method, target=0, smoothing=count, integrating=count)
    engine.clear_cache()
    ops = engine._backend.ops = Counting(engine._backend.device, engine._backend.dtype)
    engine.attribute(
        x, method, target=0, smoothing=count, integrating=count
    )  # sends the tables of random numbers
    engine.clear_cache()
    ops.sent = ops.read = ops.reads = 0
    before = engine.rows_evaluated
    engine.attribute(x, method, target=0, smoothing=count, integrating=count)
    rows, size = engine.rows_evaluated - before, x[0].nbytes
    sent, read = ops.sent - x.nbytes, ops.read - x.nbytes  # the samples themselves, and the result
    return [f"{sent / rows / size:.2%}", f"{max(read, 0) / rows / size:.2%}", f"{ops.reads / rows:.2f}"]


def nothing(device: torch.device, count: int, rounds: int, until: float) -> None:
    """Print the table of the model that costs nothing."""
    model, x = Nothing().to(device), np.random.default_rng(0).normal(size=(5, 3, 224, 224)).astype(np.float32)
    tensor = torch.tensor(x, device=device)
    rows = 16 if device.type == "cpu" else 64
    calls: dict[str, Callable[[], int]] = {"floor": partial(floor, model, tensor, rows, 10 * count)}
    by_hand = {
        "SmoothGrad²": smoothgrad_by_hand,
        "integrated gradients": integrated_by_hand,
        "SmInt": smint_by_hand,
    }
    for name, call in by_hand.items():
        calls[f"{name} by hand"] = partial(call, model, tensor, count, min(rows, count))
    for name, method in METHODS.items():
        calls[name] = partial(ours, model, x, method, count, device)
    rates = in_turns(calls, rounds, device, until)
    print(f"\nAround a model that costs nothing, 224x224x3, five samples, {count} evaluations each;", end=" ")
    print(f"the gradient loop takes {rates['floor']:,.0f} a second.")
    found = []
    for name, method in METHODS.items():
        mine, hand = rates[name], rates[f"{name} by hand"]
        shares = [f"{mine:,.0f}", f"{mine / hand:.2f}", f"{mine / rates['floor']:.3f}"]
        found.append([name, *shares, *traffic(model, x, method, count, device)])
    table(
        ["", "a second", "over the same by hand", "over the loop", "sent, of a row", "read, of a row", "reads an evaluation"],
        found,
    )  # fmt: skip
    print(
        "\nWhat a GPU would pay, in chunks of 32: launches a row, and memory read and written over the bytes of a row;",
        end=" ",
    )
    print("the model's own and its gradient's are among them.")
    found = []
    for name, method in METHODS.items():
        engine = AttributionEngine(model, device=device, cache_bytes=0, chunk=32)
        mine = moved(partial(again, engine, x, method, count), x[0].nbytes)
        hand = moved(partial(by_hand[name], model, tensor, count, min(32, count)), x[0].nbytes)
        found.append([name, *(f"{one:.1f}" for one in (*mine, *hand))])
    table(["", "launches", "memory", "launches by hand", "memory by hand"], found)


def ours(model: nn.Module, x: np.ndarray, method: str, count: int, device: torch.device) -> int:
    """Return how many rows a whole call took, of a new engine without a cache."""
    return again(AttributionEngine(model, device=device, cache_bytes=0), x, method, count)


def again(engine: AttributionEngine, x: np.ndarray, method: str, count: int) -> int:
    """Return how many rows another call of an engine took."""
    before = engine.rows_evaluated
    engine.attribute(x, method, target=0, smoothing=count, integrating=count)
    return engine.rows_evaluated - before


def captum_calls(model: nn.Module, x: Any, count: int) -> dict[str, Callable[[], int]]:
    """Return captum's calls, where it is installed, at batches of 50 and as it comes."""
    try:
        from captum.attr import IntegratedGradients, NoiseTunnel, Saliency
    except ImportError:
        return {}

    def integrated(batch: int | None) -> int:
        IntegratedGradients(model).attribute(
            x, target=0, n_steps=count, method="riemann_middle", internal_batch_size=batch
        )
        return len(x) * count

    def smooth(batch: int | None) -> int:
        NoiseTunnel(Saliency(model)).attribute(
            x,
            target=0,
            nt_samples=count,
            nt_samples_batch_size=batch,
            nt_type="smoothgrad_sq",
            stdevs=0.15,
            abs=False,
        )
        return len(x) * count

    return {
        "captum, integrated gradients": lambda: integrated(50),
        "captum, SmoothGrad²": lambda: smooth(10),
    }


def rates(names: list[str], device: torch.device, quick: bool, until: float) -> None:
    """Print shares of the floor, and the first partial picture."""
    found = []
    batches = (16, 64) if device.type == "cpu" else (32, 64, 128, 256)
    for name in names:
        build, shape, count = NETWORKS[name]
        torch.manual_seed(0)
        model = build().to(device).eval()
        count = 16 if quick else count
        x = np.random.default_rng(0).normal(size=(5, *shape)).astype(np.float32)
        tensor = torch.tensor(x, device=device)
        calls: dict[str, Callable[[], int]] = {
            f"floor {rows}": partial(floor, model, tensor, rows, 5 * count) for rows in batches
        }
        for title, method in METHODS.items():
            calls[title] = partial(ours, model, x, method, count, device)
        calls |= captum_calls(model, tensor, count)
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        measured = in_turns(calls, 2 if quick else 5, device, until)
        best = max(measured[f"floor {rows}"] for rows in batches)
        shares = [
            f"{measured[title] / best:.2f}" if title in measured else "-"
            for title in [*METHODS, "captum, integrated gradients", "captum, SmoothGrad²"]
        ]
        memory = f"{torch.cuda.max_memory_allocated(device) / 2**30:.1f}" if device.type == "cuda" else "-"
        found.append([name, f"{best:,.0f}", *shares, *picture_times(model, x, device), memory])
    table(
        ["", "floor a second", *METHODS, "captum, IG", "captum, SG²", "first picture, ms", "whole picture, s", "GiB"],
        found,
    )  # fmt: skip


def picture_times(model: nn.Module, x: np.ndarray, device: torch.device) -> list[str]:
    """Return the milliseconds to the first partial picture, and the seconds of the seed's picture of 25 draws and 100 steps."""
    engine = AttributionEngine(model, device=device, cache_bytes=0)
    first, whole = [], []
    for _ in range(3):
        engine.clear_cache()
        start = time.perf_counter()
        stream = engine.stream_columns(x, smoothing=25, integrating=100)
        next(stream).overlay  # noqa: B018 - looked at
        first.append(time.perf_counter() - start)
        stream.close()
    engine.clear_cache()
    start = time.perf_counter()
    engine.saliency_columns(x, smoothing=25, integrating=100)
    whole.append(time.perf_counter() - start)
    return [f"{1000 * min(first):.0f}", f"{min(whole):.2f}"]


def training(name: str, device: torch.device, seconds: float) -> None:
    """Print how much longer a training's steps are while a picture is computed on a copy beside them."""
    build, shape, _ = NETWORKS[name]
    model, x = build().to(device).train(), torch.randn(32, *shape, device=device)
    y, optimizer = torch.zeros(32, dtype=torch.long, device=device), torch.optim.SGD(model.parameters(), 1e-6)

    def step() -> None:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    def steps() -> float:
        took, end = [], time.monotonic() + seconds
        while time.monotonic() < end or len(took) < 3:
            start = time.perf_counter()
            step()
            wait(device)
            took.append(time.perf_counter() - start)
        return statistics.median(took)

    from xai_widgets.live.snapshots.replica import replica_of

    replica = replica_of(model)
    engine, stop = AttributionEngine(replica.model, device=device, cache_bytes=0), threading.Event()
    engine.weights_version = 1

    def compute() -> None:
        while not stop.is_set():
            chunks = engine.stream_columns(x[:5].cpu().numpy(), smoothing=25, integrating=100, seed=1)
            while not stop.is_set():
                with replica.computing():
                    if next(chunks, None) is None:
                        break
            chunks.close()
            engine.clear_cache()

    step()
    alone = steps()
    thread = threading.Thread(target=compute, daemon=True)
    thread.start()
    beside = steps()
    stop.set()
    thread.join()
    table(
        ["a training step", "alone, ms", "beside pictures without a share=", "over it"],
        [[name, f"{1000 * alone:.1f}", f"{1000 * beside:.1f}", f"{beside / alone:.2f}"]],
    )


def main() -> None:
    """Read the arguments and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--quick", action="store_true", help="the small networks, few rounds")
    parser.add_argument("--minutes", type=float, default=7.5)
    arguments = parser.parse_args()
    device, until = torch.device(arguments.device), time.monotonic() + 60 * arguments.minutes
    on_gpu = device.type == "cuda"
    if not on_gpu:
        torch.set_num_threads(1)
    title = (
        torch.cuda.get_device_name(device)
        if on_gpu
        else f"{platform.processor() or 'a processor'}, one thread"
    )
    print(f"## {title}, torch {torch.__version__}")
    nothing(device, 16 if arguments.quick else 64, 2 if arguments.quick else 7, until)
    small = ["LeNet"] if arguments.quick else ["LeNet", "ResNet-20", "text, 2 layers"]
    rates(small + (["ResNet-50", "ViT-B/16"] if on_gpu else []), device, arguments.quick, until)
    training("ResNet-50" if on_gpu else "LeNet", device, 0.5 if arguments.quick else 5.0)
    if not on_gpu:
        print("\nResNet-50, ViT-B/16, memory and streams: no GPU here, so no rows.")


if __name__ == "__main__":
    main()
