"""The observer effect is zero: a torch run is bit for bit the same with everything attached and without."""

from __future__ import annotations

import functools
import random
import shutil
from contextlib import ExitStack, nullcontext

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402
from observer import beside, differences, new_tracker, random_streams  # noqa: E402
from torch.utils.data import DataLoader, Dataset  # noqa: E402

import xai_widgets as xw  # noqa: E402

IMAGES = np.random.default_rng(3).random((96, 3, 12, 12), np.float32)
LABELS = np.arange(96) % 4
EPOCHS = 4


class Pictures(Dataset):
    """Real augmentation habits: draws from torch's, numpy's and Python's global streams."""

    def __init__(self, augment):
        self.augment = augment

    def __len__(self):
        return len(IMAGES)

    def __getitem__(self, i):
        x = torch.from_numpy(IMAGES[i])
        if self.augment:
            x = x + 0.1 * torch.rand(3, 1, 1) + 0.1 * float(np.random.rand()) + 0.1 * random.random()
            x = torch.flip(x, [2]) if torch.rand(()) < 0.5 else x
        return x, int(LABELS[i])


class Drawing(torch.nn.Module):
    """Draws from the user's own streams in evaluation mode too, as Monte Carlo dropout of one's own does."""

    def forward(self, x):
        noise = torch.from_numpy(np.random.normal(size=x.shape[-1:])).float()
        return x + 0.01 * noise + 0.01 * random.random() + 0.01 * torch.rand(())


def net(drawing=False):
    if drawing:
        return torch.nn.Sequential(Drawing(), *net())
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Dropout(0.3), torch.nn.Flatten(), torch.nn.Linear(8 * 25, 16), torch.nn.ReLU(),
        torch.nn.Dropout(0.5), torch.nn.Linear(16, 4),
    )  # fmt: skip


@functools.cache
def quiet_run(case=""):
    return run(False, **CASES[case])[0] if case else run(False)[0]


def run(
    watched,
    *,
    augment=False,
    workers=0,
    amp=False,
    accumulate=1,
    compiled=None,
    threads=None,
    plant=None,
    drawing=False,
):
    """Train as a user would; returns all that must not change."""
    random.seed(11)
    np.random.seed(11)
    torch.manual_seed(11)
    model = net(drawing)
    called = torch.compile(model, backend=compiled) if compiled else model
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    data = Pictures(augment)
    loader = DataLoader(data, batch_size=16, shuffle=True, num_workers=workers)
    loss_fn, losses, tracker, step = torch.nn.CrossEntropyLoss(), [], new_tracker(), 0
    with ExitStack() as stack:
        if watched:
            stack.enter_context(xw.hooks.torch.watch(model, loss_fn, optimizer, loader, tracker))
        beside_it = stack.enter_context(
            beside(watched, tracker, called, data, plant=(lambda result: plant(model)) if plant else None)
        )
        for _ in range(EPOCHS):
            for x, y in loader:
                context = torch.autocast("cpu", dtype=torch.bfloat16) if amp else nullcontext()
                with context:
                    loss = loss_fn(called(x), y) / accumulate
                loss.backward()
                losses.append(loss.item())
                step += 1
                if step % accumulate == 0:
                    optimizer.step()
                    optimizer.zero_grad()
                beside_it.step(step)
        pictures = beside_it.results
    outcome = {f"state {k}": v.numpy().copy() for k, v in model.state_dict().items()}
    outcome |= {f"grad {k}": p.grad.numpy().copy() for k, p in model.named_parameters() if p.grad is not None}
    outcome |= {"losses": losses, "modes": [m.training for m in model.modules()]}
    outcome |= {
        "flags": [p.requires_grad for p in model.parameters()],
        "next draw": F.dropout(torch.ones(9)).tolist(),
    }
    return outcome | random_streams(), pictures


CASES = {
    "dropout and batch norm": {},
    "augmentation": {"augment": True},
    "loader workers": {"augment": True, "workers": 2},
    "autocast to bfloat16": {"amp": True},
    "gradient accumulation": {"accumulate": 2},
    "compiled (aot_eager)": {"compiled": "aot_eager"},
    "draws in evaluation mode": {"drawing": True},
    "all at once": {"augment": True, "amp": True, "accumulate": 3, "workers": 2},
}


@pytest.mark.parametrize("case", CASES)
def test_a_run_is_bit_for_bit_the_same(case):
    quiet = quiet_run(case)
    watched, pictures = run(True, **CASES[case])
    assert pictures >= 4, "no saliency was computed beside the run, so nothing was shown"
    assert differences(quiet, watched) == []


@pytest.mark.soak  # half a minute of compiling C++; CI has the same with aot_eager
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile's own backend needs a C++ compiler")
def test_a_run_compiled_by_inductor_is_bit_for_bit_the_same():
    quiet, _ = run(False, compiled="inductor")
    watched, pictures = run(True, compiled="inductor")
    assert pictures >= 4
    assert differences(quiet, watched) == []


def test_several_kernel_threads_split_their_work_as_before():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        quiet, _ = run(False)
        watched, pictures = run(True)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert pictures >= 4
    assert differences(quiet, watched) == []


PLANTED = {
    "a draw from torch": lambda model: torch.rand(1),
    "a draw from numpy": lambda model: np.random.rand(),
    "a draw from Python": lambda model: random.random(),
    "a mode flip": lambda model: model[8].eval(),
    "a buffer": lambda model: model[1].running_mean.data.add_(1e-6),
}


@pytest.mark.parametrize("what", PLANTED)
def test_the_comparison_sees_what_is_planted(what):
    quiet = quiet_run()
    watched, _ = run(True, plant=PLANTED[what])
    assert differences(quiet, watched) != []


def test_two_runs_that_nobody_watches_are_the_same():
    """Else the tests above could pass or fail by accident."""
    assert differences(run(False, augment=True)[0], run(False, augment=True)[0]) == []
