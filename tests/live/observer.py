"""What the tests of the observer effect share: everything attached to a run, and a comparison bit for bit."""

from __future__ import annotations

import random
import sys
import threading
import time
from contextlib import contextmanager

import numpy as np

import xai_widgets as xw
from xai_widgets.live import AttributionService, ColumnsRequest
from xai_widgets.samples import as_samples

EVERY = 5  # steps after which a run waits until another picture has come, so that there are some in every run


def random_streams():
    """Every global random stream of this process, as plain values."""
    streams = {
        "python": random.getstate(),
        "numpy": [np.asarray(part).tolist() for part in np.random.get_state()],
    }
    if "torch" in sys.modules:
        torch = sys.modules["torch"]
        streams["torch"] = torch.get_rng_state().tolist()
        if torch.cuda.is_initialized():
            streams["cuda"] = [state.tolist() for state in torch.cuda.get_rng_state_all()]
    if "tensorflow" in sys.modules:
        context = sys.modules["tensorflow.python.eager.context"].context()
        streams["tensorflow"] = context._rng.getstate() if getattr(context, "_rng", None) else None
        generator = sys.modules["tensorflow"].random.get_global_generator()
        streams["tensorflow generator"] = generator.state.numpy().tolist()
    return streams


def differences(quiet, watched):
    """Names of whatever is not bit for bit the same in two outcomes."""
    assert quiet.keys() == watched.keys()
    return [name for name in quiet if not _same(quiet[name], watched[name])]


def _same(a, b):
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return a == b


class Attached:
    """Every part of the library at work beside one run."""

    def __init__(self, tracker, model, samples, plant=None, **options):
        self.tracker, self.plant = tracker, plant
        self.service = AttributionService(model, samples, tracker=tracker, share=1.0, **options)
        # its saliency panel has a service of its own, which follows the training
        self.dashboard = xw.Dashboard(
            tracker, model, samples, mode="train", smoothing=2, integrating=3, share=1.0
        )
        self.publisher = self.dashboard.publisher
        self.results, self.problems, self.over = 0, [], threading.Event()
        self.asker = threading.Thread(target=self._ask)
        self.asker.start()

    def _ask(self):
        """Ask for another picture as soon as the last one is there, or earlier; pin now and then."""
        asked = 0
        while not self.over.is_set():
            asked += 1
            self.dashboard.selected = (asked % 6, 8)  # a click on a row
            job = self.service.request(
                ColumnsRequest((asked % 6, 7), smoothing=3, integrating=6, seed=asked),
                self._seen,
                self.problems.append,
            )
            job.wait(0.4 if asked % 3 else 0.01)
            if asked % 5 == 0 and self.service.weights is not None:
                self.service.pin()

    def _seen(self, result):
        self.results += 1
        self.publisher.draw_soon("picture", lambda: result.columns.raw.masks.sum())
        if self.plant is not None:
            self.plant(result)

    def step(self, number):
        """In the training thread: every few steps, wait until another picture has come."""
        if number % EVERY == 0:
            before, end = self.results, time.monotonic() + 280  # a machine may be very busy
            while self.results == before:
                if self.problems or time.monotonic() > end:
                    raise AssertionError(f"no picture came: {self.problems or self.service.state}")
                self.tracker.safe_point(step=number)
                time.sleep(0.001)

    def close(self):
        self.over.set()
        self.asker.join(60)
        self.publisher.flush()
        drawn, failures = self.publisher.traffic.draws, self.publisher.traffic.failures
        self.dashboard.close()
        self.service.close()
        assert drawn > 0
        assert failures == 0


class Nothing:
    """Stands for all of it in the run that nobody watches."""

    results = 0

    def step(self, number):
        pass

    def close(self):
        pass


@contextmanager
def beside(watched, tracker, model, data, plant=None, **options):
    """`Attached` or `Nothing`, closed afterwards."""
    made = Attached(tracker, model, as_samples(data), plant, **options) if watched else Nothing()
    try:
        yield made
    finally:
        made.close()


def new_tracker():
    return xw.Tracker()
