"""The PyTorch side of the attribution benchmarks: the three networks, the floor, captum and PAIR saliency as users call them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from common import MODELS, cifar, relative, weights


def device() -> Any:
    """Give the CUDA device where there is one."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def wait() -> None:
    """Let the device finish, so that a clock can be read."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def timed(call: Callable[[], Any]) -> float:
    """Time a call: by the clock on a GPU, to its end; else in processor time, on which other load does not count."""
    import torch

    clock = time.perf_counter if torch.cuda.is_available() else time.process_time
    wait()
    begin = clock()
    call()
    wait()
    return clock() - begin


# -- networks -----------------------------------------------------------------------------------------------------------


def network(name: str) -> Any:
    """Give "lenet", "lenet_smooth", "resnet20" or "resnet18" in evaluation mode on the device; logits out.

    LeNet is trained here, the ResNet-20 comes with its weights, and the ResNet-18 has random ones (batch norm with random
    statistics), which is the hardest case: its gradients are the noisiest. The smooth LeNet has LeNet's weights with GELU and
    mean pooling, so that its gradient is a curve along a path.
    """
    import torch

    if name == "lenet_smooth":
        return _smooth(network("lenet"))
    if name not in MODELS:
        raise ValueError(f"there are {', '.join(MODELS)}, not {name}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = {"lenet": _lenet, "resnet20": _resnet20, "resnet18": _resnet18}[name]()
    if name != "resnet18":
        model.load_state_dict({key: torch.from_numpy(value) for key, value in weights(name).items()})
    return model.eval().to(device())


def _lenet() -> Any:
    """The seed's LeNet."""
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(3, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Flatten(),
        nn.Linear(64 * 16, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip


def _smooth(model: Any) -> Any:
    from torch import nn

    instead = {nn.ReLU: nn.GELU, nn.MaxPool2d: lambda: nn.AvgPool2d(2)}
    return nn.Sequential(*(instead.get(type(layer), lambda layer=layer: layer)() for layer in model))


def trained_lenet() -> dict[str, np.ndarray]:
    """Train the LeNet for ten epochs on 5,085 pictures."""
    import torch

    x, y = (torch.from_numpy(one) for one in cifar("train_5085"))
    x = x.permute(0, 3, 1, 2).contiguous()
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(0)
        model = _lenet()
        optimizer = torch.optim.Adam(model.parameters(), 1e-3)
        for _ in range(10):
            for rows in torch.randperm(len(x)).split(64):
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
                optimizer.step()
    return {name: value.numpy() for name, value in model.state_dict().items()}


def _block(inside: int, outside: int, stride: int, padded: bool) -> Any:
    """A basic residual block; its shortcut is padded with zero channels (CIFAR, option A) or a convolution."""
    from torch import nn
    from torch.nn import functional

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(outside)
            self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(outside)
            if inside != outside and not padded:
                self.downsample = nn.Sequential(
                    nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside)
                )

        def forward(self, x: Any) -> Any:
            y = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
            if inside == outside:
                return functional.relu(y + x)
            if padded:
                aside = (outside - inside) // 2
                return functional.relu(y + functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, aside, aside)))
            return functional.relu(y + self.downsample(x))

    return Block()


def _stages(widths: tuple[int, ...], blocks: int, padded: bool) -> dict[str, Any]:
    from torch import nn

    found, inside = {}, widths[0]
    for number, width in enumerate(widths, start=1):
        stride = 1 if number == 1 else 2
        made = [_block(inside, width, stride, padded)]
        made += [_block(width, width, 1, padded) for _ in range(blocks - 1)]
        found[f"layer{number}"] = nn.Sequential(*made)
        inside = width
    return found


def _resnet20() -> Any:
    from torch import nn
    from torch.nn import functional

    class ResNet20(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(16)
            for name, stage in _stages((16, 32, 64), 3, True).items():
                self.add_module(name, stage)
            self.linear = nn.Linear(64, 10)

        def forward(self, x: Any) -> Any:
            x = functional.relu(self.bn1(self.conv1(x)))
            x = self.layer3(self.layer2(self.layer1(x)))
            return self.linear(x.mean((2, 3)))

    return ResNet20()


def _resnet18() -> Any:
    import torch
    from torch import nn

    stages = _stages((64, 128, 256, 512), 2, False)
    model = nn.Sequential(
        nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
        *stages.values(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000),
    )  # fmt: skip
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.5, 1)
    return model


# -- the floor ------------------------------------------------------------------------------------------------------------


def plain_pass(model: Any, x: Any, classes: Any) -> Any:
    """A plain batched forward and input-backward: the gradients of R rows."""
    import torch

    leaf = x.detach().requires_grad_()
    scores = model(leaf).gather(1, classes[:, None])
    return torch.autograd.grad(scores.sum(), leaf)[0]


class Floor:
    """Plain passes over so many rows at the best batch size, found by trying.

    Parameters
    ----------
    rows : int
        How many are evaluated in a call.
    """

    def __init__(self, model: Any, x: np.ndarray, rows: int, sizes: tuple[int, ...] = ()) -> None:
        import torch

        self.model, self.rows = model, rows
        sizes = sizes or tuple(2**k for k in range(8) if 2**k <= max(1, rows))
        self._x = torch.from_numpy(x).to(device())
        self._classes = model(self._x).argmax(1)
        per_row = dict.fromkeys(sizes, float("inf"))
        together = min(rows, max(sizes))
        for _ in range(
            3
        ):  # in turns and as many rows each, so that what else the machine does hits all sizes alike
            for size in sizes:
                self.size, self.rows = size, together
                per_row[size] = min(per_row[size], self())
        self.rows = rows
        self.size = min(per_row, key=lambda size: per_row[size])

    def _batch(self, size: int) -> tuple[Any, Any]:
        import torch

        rows = torch.arange(size, device=self._x.device) % len(self._x)
        return self._x[rows].contiguous(), self._classes[rows]

    def __call__(self) -> float:
        batch, classes = self._batch(self.size)
        rest = self.rows % self.size

        def run() -> None:
            for _ in range(self.rows // self.size):
                plain_pass(self.model, batch, classes)
            if rest:
                plain_pass(self.model, batch[:rest], classes[:rest])

        return timed(run)


# -- peers in this interpreter ------------------------------------------------------------------------------------------


class Captum:
    """captum as a user calls it; ``inner`` is its internal batch size (None, its default, is everything at once)."""

    def __init__(self, model: Any, x: np.ndarray, inner: int | None = None) -> None:
        import torch

        self.model, self.inner = model, inner
        self.x = torch.from_numpy(x).to(device())
        self.target = model(self.x).argmax(1)

    def saliency(self) -> Any:
        from captum.attr import Saliency

        return _numpy(Saliency(self.model).attribute(self.x, target=self.target, abs=False))

    def smoothgrad(self, draws: int, squared: bool = True, noise: float = 0.15) -> Any:
        from captum.attr import NoiseTunnel, Saliency

        spread = float(noise * (self.x.max() - self.x.min()))  # it knows one spread for all samples
        return _numpy(
            NoiseTunnel(Saliency(self.model)).attribute(
                self.x, nt_type="smoothgrad_sq" if squared else "smoothgrad", nt_samples=draws, stdevs=spread,
                nt_samples_batch_size=self.inner and max(1, self.inner // len(self.x)), target=self.target, abs=False,
            )
        )  # fmt: skip

    def integrated(self, steps: int, baseline: Any = 0, rule: str = "gausslegendre") -> Any:
        from captum.attr import IntegratedGradients

        return _numpy(
            IntegratedGradients(self.model).attribute(
                self.x, baseline, self.target, n_steps=steps, method=rule, internal_batch_size=self.inner
            )
        )

    def smint(self, steps: int, draws: int, low: Any, high: Any) -> Any:
        """Mean over uniform baselines of the squared integrated gradient."""
        import torch

        total = 0
        for _ in range(draws):
            start = low + (high - low) * torch.rand_like(self.x)
            total = total + self.integrated(steps, start) ** 2
        return total / draws


class Pair:
    """PAIR saliency as its examples call it: picture by picture, through a function to numpy and back."""

    def __init__(self, model: Any, x: np.ndarray, batch: int = 1) -> None:
        import torch

        self.model, self.x, self.batch = model, x, batch
        self.classes = model(torch.from_numpy(x).to(device())).argmax(1)

    def _call(self, x: np.ndarray, call_model_args: Any = None, expected_keys: Any = None) -> dict[str, Any]:
        import torch

        rows = torch.from_numpy(np.asarray(x, np.float32)).to(device())
        return {
            "INPUT_OUTPUT_GRADIENTS": _numpy(plain_pass(self.model, rows, call_model_args.expand(len(rows))))
        }

    def smoothgrad(self, draws: int, squared: bool = True) -> Any:
        from saliency.core import GradientSaliency

        one = GradientSaliency()
        return np.stack(
            [
                one.GetSmoothedMask(x, self._call, c, nsamples=draws, magnitude=squared)
                for x, c in zip(self.x, self.classes, strict=True)
            ]
        )

    def integrated(self, steps: int, baselines: np.ndarray | None = None) -> Any:
        from saliency.core import IntegratedGradients

        one = IntegratedGradients()
        starts = np.zeros_like(self.x) if baselines is None else baselines
        return np.stack(
            [
                one.GetMask(x, self._call, c, x_baseline=b, x_steps=steps, batch_size=self.batch)
                for x, c, b in zip(self.x, self.classes, starts, strict=True)
            ]
        )


def _numpy(tensor: Any) -> np.ndarray:
    return tensor.detach().cpu().numpy()


def accuracy(name: str) -> float:
    """Give the share of the 1,017 test pictures that a network has right."""
    import torch

    x, y = cifar("test_1017")
    with torch.no_grad():
        found = network(name)(torch.from_numpy(x).permute(0, 3, 1, 2).contiguous().to(device())).argmax(1)
    return float((found.cpu().numpy() == y).mean())


__all__ = [
    "Captum",
    "Floor",
    "Pair",
    "accuracy",
    "device",
    "network",
    "plain_pass",
    "relative",
    "timed",
    "wait",
]
