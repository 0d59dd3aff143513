"""Accelerate: the plain loop on what `prepare` returned. Also under ``accelerate launch --num_processes 2``.

With several processes each has its tracker, all with one log_dir; `Tracker.follow` shows the union.
"""

import sys

import torch
from accelerate import Accelerator
from common import digits, report
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import xai_widgets as xw

accelerator = Accelerator(cpu=True)
train, _ = (TensorDataset(torch.from_numpy(x), torch.from_numpy(y)) for x, y in digits())
model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
loss_fn, optimizer = nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters(), 1e-3)
model, optimizer, loader = accelerator.prepare(model, optimizer, DataLoader(train, 64, shuffle=True))

tracker = xw.Tracker(log_dir=sys.argv[1] if len(sys.argv) > 1 else None)
with xw.hooks.accelerate.watch(accelerator, model, loss_fn, optimizer, loader, tracker, epochs=3):
    for _ in range(3):
        for x, y in loader:
            accelerator.backward(loss_fn(model(x), y))
            optimizer.step()
            optimizer.zero_grad()
if accelerator.is_main_process:
    report(tracker)
