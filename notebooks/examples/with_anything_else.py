"""Anything else: `record` after the loss, `safe_point` after the step. Softmax regression in numpy."""

import numpy as np
from common import digits, report

import xai_widgets as xw

(x, y), _ = digits()
weights, rng, step = np.zeros((64, 10)), np.random.default_rng(0), 0
tracker = xw.Tracker(epochs=3)
for epoch in (1, 2, 3):
    for index in np.array_split(rng.permutation(len(y)), 22):
        logits = x[index] @ weights
        p = np.exp(logits - logits.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        losses = -np.log(p[np.arange(len(index)), y[index]])
        weights -= 0.5 * x[index].T @ (p - np.eye(10)[y[index]]) / len(index)
        step += 1
        tracker.record(index, y[index], loss=losses, logits=logits, epoch=epoch, step=step)
        tracker.safe_point(step=step, epoch=epoch)
        if tracker.stop_requested:
            break
    tracker.end_epoch("train", epoch=epoch)
report(tracker)
