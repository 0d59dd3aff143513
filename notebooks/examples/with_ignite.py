"""Ignite: one call beside the engines."""

import torch
from common import digits, report
from ignite.engine import Events, create_supervised_evaluator, create_supervised_trainer
from ignite.metrics import Loss
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import xai_widgets as xw

train, val = (TensorDataset(torch.from_numpy(x), torch.from_numpy(y)) for x, y in digits())
model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
loss_fn, optimizer = nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters(), 1e-3)
trainer = create_supervised_trainer(model, optimizer, loss_fn)
evaluator = create_supervised_evaluator(model, {"loss": Loss(loss_fn)})
trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda _: evaluator.run(DataLoader(val, 64)))

tracker = xw.Tracker()
xw.hooks.ignite.watch(trainer, model, loss_fn, optimizer, tracker, evaluator=evaluator)
trainer.run(DataLoader(train, 64, shuffle=True), max_epochs=3)
report(tracker)
