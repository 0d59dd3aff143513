"""FastEstimator's XAI traces, live: only the import line of the traces differs from FastEstimator's own tutorial."""

import fastestimator as fe
import numpy as np
from common import digits, report
from fastestimator.dataset import NumpyDataset
from fastestimator.op.tensorop.loss import CrossEntropy
from fastestimator.op.tensorop.model import ModelOp, UpdateOp
from torch import nn, softmax

import xai_widgets as xw
from xai_widgets.hooks.fastestimator import InstanceTracker, LabelTracker


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.last = nn.Linear(64, 64), nn.Linear(64, 10)

    def forward(self, x):
        return softmax(self.last(self.hidden(x).relu()), 1)


train, val = (NumpyDataset({"x": x, "y": y, "index": np.arange(len(y))}) for x, y in digits())
model = fe.build(Net, "adam")
network = fe.Network(
    ops=[
        ModelOp(model=model, inputs="x", outputs="y_pred"),
        CrossEntropy(inputs=("y_pred", "y"), outputs="sample_ce", average_loss=False),
        CrossEntropy(inputs=("y_pred", "y"), outputs="ce"),
        UpdateOp(model=model, loss_name="ce"),
    ]
)
traces = [LabelTracker("y", "sample_ce", mode="train"), InstanceTracker("index", "sample_ce", mode="train")]
pipeline = fe.Pipeline(train_data=train, eval_data=val, batch_size=64, num_process=0)
fe.Estimator(pipeline, network, epochs=3, traces=traces, monitor_names=["ce"]).fit(warmup=False)
report(xw.hooks.fastestimator.tracker(), "sample_ce")
