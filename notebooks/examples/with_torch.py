"""Plain PyTorch: the loop stays as it is, `watch` stands around it."""

import torch
from common import digits, report
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import xai_widgets as xw

train, val = (TensorDataset(torch.from_numpy(x), torch.from_numpy(y)) for x, y in digits())
train_loader, val_loader = DataLoader(train, 64, shuffle=True), DataLoader(val, 64)
model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
loss_fn, optimizer = nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters(), 1e-3)

tracker = xw.Tracker(epochs=3)
with xw.hooks.torch.watch(model, loss_fn, optimizer, train_loader, tracker, eval_loader=val_loader):
    for _ in range(3):
        for x, y in train_loader:
            loss_fn(model(x), y).backward()
            optimizer.step()
            optimizer.zero_grad()
        with torch.no_grad():
            for x, y in val_loader:
                loss_fn(model(x), y)
report(tracker)
