"""fastai: one callback."""

import torch
from common import digits, report
from fastai.basics import CrossEntropyLossFlat, DataLoader, DataLoaders, Learner
from torch import nn
from torch.utils.data import TensorDataset

import xai_widgets as xw

train, val = (TensorDataset(torch.from_numpy(x), torch.from_numpy(y)) for x, y in digits())
model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
tracker = xw.Tracker()
learn = Learner(
    DataLoaders(DataLoader(train, bs=64, shuffle=True), DataLoader(val, bs=64)),
    model,
    loss_func=CrossEntropyLossFlat(),
    cbs=xw.hooks.fastai.TrackerCallback(tracker),
)
learn.fit(3, 1e-2)
report(tracker)
