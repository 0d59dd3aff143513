"""Loops of somebody who never read our documentation: whatever they do to a batch, each row is right, missing, or told.

Nothing learns here (a learning rate of 0), so that the right loss of every sample is one number, computed alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader

import xai_widgets as xw
from xai_widgets.hooks.torch import watch

N, FEATURES, CLASSES = 44, 6, 4


class Seen:
    """What a loop leaves behind: its tracker, and the right loss and label of each sample by mode."""

    def __init__(
        self,
        tracker: Any,
        losses: Any,
        labels: Any = None,
        mode: str = "train",
        names: Any = None,
        epoch: int | None = None,
    ) -> None:
        self.tracker, self.mode = tracker, mode
        self.losses = (
            None if losses is None else np.asarray(torch.as_tensor(losses).detach().double()).reshape(-1)
        )
        self.labels = None if labels is None else [int(one) for one in labels]
        self.names = list(range(N)) if names is None else list(names)
        self.epoch = epoch  # where not every epoch has the same losses

    def wrong(self) -> str:
        """Say what is recorded and not right; "" for nothing."""
        if self.mode not in self.tracker.modes:
            return ""
        strangers = set(self.tracker.indices(self.mode).tolist()) - set(self.names)
        if strangers:
            return f"{sorted(strangers)[:3]} are no names of samples"
        series = self.tracker.instance_series(self.names, "loss", mode=self.mode)
        values = np.asarray(series.values)
        values = values if self.epoch is None else values[:, self.epoch][:, None]
        if self.losses is None:
            return f"{int(np.isfinite(values).sum())} values" if np.isfinite(values).any() else ""
        off = np.isfinite(values) & ~np.isclose(values, self.losses[:, None], rtol=1e-4, atol=1e-5)
        if off.any():
            row, column = np.argwhere(off)[0]
            return f"{self.names[row]}: {values[row, column]} where {self.losses[row]} is right"
        for name, found, right in zip(self.names, series.labels, self.labels or [], strict=False):
            if found is not None and found != right:
                return f"{name} has label {found}, {right} is right"
        return ""

    def missing(self) -> int:
        """Count samples without any value."""
        if self.mode not in self.tracker.modes:
            return len(self.names)
        series = self.tracker.instance_series(self.names, "loss", mode=self.mode)
        return int((~np.isfinite(np.asarray(series.values)).any(1)).sum())


class Loops(dict[str, tuple[str, Callable[[], Seen]]]):
    """Loops by name, each with what is to come of it."""

    def loop(self, outcome: str) -> Callable[[Callable[[], Seen]], Callable[[], Seen]]:
        """Note a loop, and what is to come of it: "right" (all of it), or "told" (what is recorded is right)."""

        def note(made: Callable[[], Seen]) -> Callable[[], Seen]:
            self[made.__name__] = (outcome, made)
            return made

        return note


def check(outcome: str, run: Callable[[], Seen]) -> None:
    """Run a loop, and compare."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seen = run()
    assert seen.wrong() == "", (seen.wrong(), seen.tracker.problems)
    if outcome == "told":
        assert seen.tracker.problems, "nothing was told"
    else:
        assert seen.missing() == 0, (seen.missing(), seen.tracker.problems)
        assert not seen.tracker.problems or outcome == "right, told"


def rows(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(N, FEATURES, generator=generator), torch.randint(0, CLASSES, (N,), generator=generator)


def shuffled(dataset: Any, size: int = 8, **options: Any) -> DataLoader:
    return DataLoader(dataset, size, shuffle=True, generator=torch.Generator().manual_seed(3), **options)


def net(outputs: int = CLASSES) -> nn.Module:
    torch.manual_seed(1)
    return nn.Linear(FEATURES, outputs)


def each(model: nn.Module, **options: Any) -> torch.Tensor:
    x, y = rows()
    return F.cross_entropy(model(x), y, reduction="none", **options)


def train(
    step: Callable[[Any, Any, Any], torch.Tensor], loader: Any, loss: Any, model: Any, **options: Any
) -> Any:
    """Two epochs as anybody writes them."""
    tracker = xw.Tracker()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with watch(model, loss, optimizer, loader, tracker, **options):
        for _ in range(2):
            for batch in loader:
                optimizer.zero_grad()
                step(model, loss, batch).backward()
                optimizer.step()
    return tracker
