"""Tiny torch models with known answers, for the behaviour tests of the engine."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

Array = np.ndarray


class Formula(nn.Module):
    """A function of the flattened input, one column of outputs; float64, so that closed forms can be told exactly."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.function = function
        self.anchor = nn.Parameter(torch.zeros(1, dtype=torch.float64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x.flatten(1))[:, None] + 0 * self.anchor


def linear(weights: Any, constant: float = 0.3) -> nn.Module:
    w = torch.as_tensor(np.asarray(weights, np.float64))
    return Formula(lambda x: x @ w + constant)


def quadratic(matrix: Any) -> nn.Module:
    a = torch.as_tensor(np.asarray(matrix, np.float64))
    return Formula(lambda x: 0.5 * ((x @ a) * x).sum(1))


def seeded(build: Callable[[], nn.Module], seed: int = 0) -> nn.Module:
    """Build without moving the global random stream."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


def tanh_net(inputs: int = 6, outputs: int = 4) -> nn.Module:
    """A smooth network on tables."""
    return seeded(lambda: nn.Sequential(nn.Linear(inputs, 16), nn.Tanh(), nn.Linear(16, outputs))).eval()


def picture_net(inplace: bool = False) -> nn.Module:
    """Convolution, ReLU, pooling; pictures (B, 3, 8, 8) -> 4 logits."""

    def build() -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(inplace), nn.MaxPool2d(2),
            nn.Conv2d(6, 8, 3), nn.ReLU(inplace), nn.Flatten(), nn.Linear(8 * 2 * 2, 4),
        )  # fmt: skip

    return seeded(build).eval()


class Restless(nn.Module):
    """Everything that evaluation mode calms: dropout, batch norm, a buffer that counts passes, in training mode."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(6 * 8 * 8, 4)
        self.register_buffer("passes", torch.zeros((), dtype=torch.int64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.passes += 1
        return self.head(self.dropout(torch.relu(self.norm(self.conv(x)))).flatten(1))


class Counted(nn.Module):
    """Counts the rows that pass through a model, in a list that copies of the module share."""

    def __init__(self, inner: nn.Module, rows: Callable[[int], None]) -> None:
        super().__init__()
        self.inner = inner
        self.tell = rows

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.tell(len(x))
        return self.inner(x)


def counted(inner: nn.Module) -> tuple[nn.Module, list[int]]:
    """Give the model with a counter, and the list of the sizes of the batches that reached it."""
    seen: list[int] = []

    def tell(rows: int) -> None:
        seen.append(rows)

    return Counted(inner, tell).eval(), seen


def pictures(rows: int = 5, seed: int = 0, shape: tuple[int, ...] = (3, 8, 8)) -> Array:
    return np.random.default_rng(seed).normal(size=(rows, *shape)).astype(np.float32)


def tables(rows: int = 5, columns: int = 6, seed: int = 0, dtype: Any = np.float32) -> Array:
    return np.random.default_rng(seed).normal(size=(rows, columns)).astype(dtype)


def relative(found: Any, expected: Any) -> float:
    """Relative L2 distance."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    return float(np.linalg.norm(found - expected) / max(np.linalg.norm(expected), 1e-300))


def trace(model: nn.Module) -> dict[str, Any]:
    """Everything of a torch model and of the process that an engine must leave as it was."""
    return {
        "modes": [(name, module.training) for name, module in model.named_modules()],
        "parameters": [
            (name, id(p), p.requires_grad, p.data_ptr(), p.detach().clone())
            for name, p in model.named_parameters()
        ],
        "grads": [
            (name, p.grad if p.grad is None else (id(p.grad), p.grad.clone()))
            for name, p in model.named_parameters()
        ],
        "buffers": [(name, id(b), b.detach().clone()) for name, b in model.named_buffers()],
        "hooks": [
            (
                name,
                {key: list(value) for key, value in vars(module).items() if key.endswith("_hooks") and value},
            )
            for name, module in model.named_modules()
        ],
        "grad_mode": torch.is_grad_enabled(),
        "torch": torch.get_rng_state().clone(),
        "numpy": [np.asarray(part) for part in np.random.get_state()[1:]],
        "python": random.getstate(),
    }


def same(one: Any, other: Any) -> bool:
    """Deep equality that knows tensors and arrays."""
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and torch.equal(one, other)
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and np.array_equal(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return bool(one == other)


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Names of what is not as it was; empty where nothing was touched."""
    return [name for name in before if not same(before[name], after[name])]
