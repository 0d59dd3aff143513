"""How much is tried: little in CI, and for as long as one likes by hand (see `by_hand.py`)."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase

from xai_widgets.tracking.queries.base import Reading

MANY = int(os.environ.get("XAI_WIDGETS_FUZZ", "0"))
"""Examples of a test that has 60 in CI, and of the others as many more; 0 for those of CI."""
KEPT = Path(__file__).parent / "found"
"""What failed once, by hand; it is tried first the next time."""


def tries(few: int) -> settings:
    """Settings of a test: `few` examples, the same at every run, or more, new ones, as `XAI_WIDGETS_FUZZ` says.

    What is new is looked for by hand: a change is not held up by what an unlucky draw finds somewhere else.
    """
    return settings(
        max_examples=max(few, MANY * few // 60),  # a test that is dear gets few
        deadline=None,
        derandomize=not MANY,
        print_blob=True,
        database=DirectoryBasedExampleDatabase(KEPT) if MANY else None,
        phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )


TEXT = st.text(max_size=30) | st.sampled_from(
    [
        "",
        "loss",
        "train",
        "@prediction",
        "\x1b[2J\x1b]0;x\x07",
        "=1+1",
        "<img src=x onerror=alert(1)>",
        "\ud800",
        "a" * 300,
        "\0",
    ]
)
NUMBERS = st.integers(-(2**70), 2**70) | st.sampled_from(
    [0, 1, -1, 2**31, 2**32 - 1, 2**53, 2**63, 2**64, 10**400]
)
PLAIN: Any = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=12,
)
"""What JSON can say, and some that it cannot."""


@contextmanager
def quiet() -> Iterator[None]:
    """Warnings are for users; here the problems are looked at instead."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def ask_everything(tracker: Any) -> None:
    """Put every kind of question; a tracker may refuse one by ValueError, which says why, and nothing else."""
    for mode in tracker.modes:
        for ds_id in tracker.ds_ids(mode):
            tracker.counts(mode, ds_id)
            known = tracker.indices(mode, ds_id)
            tracker.predictions(None, mode, ds_id=ds_id)
            with suppress(ValueError):
                tracker.confusion_drift(mode, ds_id=ds_id)
            for metric in tracker.metrics(mode, ds_id):
                assert tracker.label_series(metric, mode, ds_id=ds_id, labels="all").mean.ndim == 2
                assert tracker.label_series(metric, mode, ds_id=ds_id, quantiles=[0.5]).std.ndim == 2
                for group in Reading(tracker).stream(mode, ds_id).groups():
                    assert tracker.label_series(metric, mode, ds_id=ds_id, group=group).std.ndim == 2
                tracker.suspects(mode, metric=metric, ds_id=ds_id)
                series = tracker.instance_series(known[:5], metric, mode, ds_id=ds_id)
                assert series.values.shape[0] == min(5, len(known))
                tracker.extremes(metric, mode, ds_id=ds_id)
                assert len(tracker.scores("mean", metric, mode, ds_id=ds_id)) in (0, len(known))
                with suppress(ValueError):
                    tracker.dynamics(mode, metric=metric, ds_id=ds_id)
    if tracker.modes:
        tracker.table("instances")
        tracker.table("labels")
    assert isinstance(tracker.status, str)
    assert np.isfinite(tracker.elapsed)
    assert tracker.nbytes < 200_000_000
