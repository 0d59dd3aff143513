"""Lightning: one callback."""

import lightning as L
import torch
from common import digits, report
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import xai_widgets as xw


class Digits(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
        self.criterion = nn.CrossEntropyLoss()

    def training_step(self, batch, batch_idx):
        return self.criterion(self.net(batch[0]), batch[1])

    def validation_step(self, batch, batch_idx):
        self.log("val_loss", self.criterion(self.net(batch[0]), batch[1]))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), 1e-3)


train, val = (TensorDataset(torch.from_numpy(x), torch.from_numpy(y)) for x, y in digits())
tracker = xw.Tracker()
trainer = L.Trainer(
    max_epochs=3, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
    callbacks=[xw.hooks.lightning.TrackerCallback(tracker)],
)  # fmt: skip
trainer.fit(Digits(), DataLoader(train, 64, shuffle=True), DataLoader(val, 64))
report(tracker)
