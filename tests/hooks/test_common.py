"""What all hooks share: lazy modules, missing and untested frameworks, keys, the feed. Loads no framework."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xai_widgets as xw
from xai_widgets.hooks._common import require
from xai_widgets.hooks._common.feed import Feed
from xai_widgets.hooks._common.instance_ids import add_index, content_hash, index_of, key_reader
from xai_widgets.hooks.keras.ring_buffer import _pieces

ROOT = Path(__file__).resolve().parent.parent.parent
FRAMEWORKS = [
    "torch",
    "keras",
    "tensorflow",
    "lightning",
    "transformers",
    "accelerate",
    "ignite",
    "fastai",
    "fastestimator",
]


def test_hooks_load_no_framework_until_they_are_called():
    code = (
        "import sys, xai_widgets as xw\n"
        f"names = {FRAMEWORKS!r}\n"
        "for name in names: getattr(xw.hooks, name)\n"
        "print([name for name in names if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr
    with pytest.raises(AttributeError, match="hooks: accelerate"):
        xw.hooks.no_such  # noqa: B018
    assert set(FRAMEWORKS) <= set(dir(xw.hooks))


@pytest.mark.parametrize(
    ("blocked", "use", "line"),
    [
        ("torch", "xw.hooks.torch.watch(1, 2, 3, 4, xw.Tracker())", 'pip install "xai-widgets[torch]"'),
        ("keras", "xw.hooks.keras.TrackerCallback", 'pip install "xai-widgets[tensorflow]"'),
        ("tensorflow", "xw.hooks.tensorflow.watch(xw.Tracker())", 'pip install "xai-widgets[tensorflow]"'),
        ("lightning", "xw.hooks.lightning.TrackerCallback", 'pip install "xai-widgets[lightning]"'),
        ("transformers", "xw.hooks.transformers.TrackerCallback", 'pip install "xai-widgets[transformers]"'),
        (
            "accelerate",
            "xw.hooks.accelerate.watch(1, 2, 3, 4, 5, 6)",
            'pip install "xai-widgets[transformers]"',
        ),
        ("ignite", "xw.hooks.ignite.watch(1, 2, 3, 4, 5)", 'pip install "pytorch-ignite"'),
        ("fastai", "xw.hooks.fastai.TrackerCallback", 'pip install "fastai"'),
        ("fastestimator", "xw.hooks.fastestimator.LabelTracker", 'pip install "fastestimator"'),
    ],
)
def test_a_missing_framework_names_the_line_that_installs_it(blocked, use, line, monkeypatch):
    monkeypatch.setitem(sys.modules, blocked, None)
    for cached in ("keras", "lightning", "transformers", "fastai"):
        maker = getattr(xw.hooks, cached)._callback_class
        maker.cache_clear()
    with pytest.raises(ImportError) as caught:
        eval(use, {"xw": xw})
    assert line in str(caught.value)


def test_an_untested_version_warns_once_and_names_the_range(monkeypatch):
    monkeypatch.setattr(require, "_warned", set())
    known = require.Framework("numpy", "9.1", "9.4", "numpy")
    with pytest.warns(require.HookWarning, match=r"numpy 8\.0\.1 is not a version .* \(9\.1 to 9\.4\)"):
        require._check_version("numpy", known, "8.0.1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        require._check_version("numpy", known, "8.0.1")
        monkeypatch.setattr(require, "_warned", set())
        require._check_version("numpy", known, "9.4.7+cpu")
        require._check_version("numpy", known, "")


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), st.integers(0, 1000))
def test_content_names_a_sample_wherever_it_lies(values, label):
    array = np.array(values, np.float32)
    name = content_hash((array, label))
    assert 0 <= name < 2**63
    assert name == content_hash((array.copy(), label)) == content_hash([np.asfortranarray(array), label])
    assert name != content_hash((array, label + 1))
    assert name != content_hash((array + 2e6, label))
    assert content_hash({"a": array, "b": 1}) == content_hash({"b": 1, "a": array})


def test_content_tells_shapes_types_and_refuses_the_unreadable():
    assert content_hash(np.zeros((2, 3))) != content_hash(np.zeros((3, 2)))
    assert content_hash(np.zeros(2, np.int64)) != content_hash(np.zeros(2))
    assert content_hash("1") != content_hash(1)
    assert content_hash((1, (2, 3))) != content_hash((1, 2, 3))
    with pytest.raises(TypeError, match="key=function"):
        content_hash(object())


@given(
    st.one_of(
        st.tuples(st.integers(), st.text()), st.dictionaries(st.text("abc"), st.integers()), st.integers()
    )
)
def test_an_index_that_was_added_is_found_again(sample):
    assert index_of(add_index(sample, "seven")) == "seven"


def test_keys():
    assert key_reader(1)(("a", np.int64(4))) == 4
    assert key_reader("id")({"id": "x"}) == "x"
    assert key_reader(len)("four") == 4
    with pytest.raises(KeyError, match="no entry 'index'"):
        index_of({"x": 1})
    with pytest.raises(TypeError, match=r"collate_fn=indexed\.collate"):
        index_of(5)


@given(st.integers(0, 100), st.integers(0, 60), st.integers(1, 25))
def test_pieces_of_a_ring_cover_it_in_order(start, count, rows):
    pieces = _pieces(start, count, rows)
    assert [p for first, last, _ in pieces for p in range(first, last)] == [
        (start + i) % rows for i in range(count)
    ]
    assert [i for _, _, part in pieces for i in range(part.start, part.stop)] == list(range(count))


def test_epochs_of_several_data_sets_end_together():
    tracker = xw.Tracker()
    feed = Feed(tracker, streams=[("train", "a"), ("train", "b"), ("eval", None)])
    ended = []
    tracker.subscribe(
        lambda summary: ended.append((summary.mode, summary.epoch)) if summary.kind == "epoch" else None
    )

    def one_pass(mode, ds_id):
        epoch = feed.begin(mode, ds_id)
        feed.record(feed.batch(mode, ds_id, [1, 2], [0, 1], {"loss": np.ones(2)}))
        feed.end(mode, ds_id)
        return epoch

    assert one_pass("eval", None) == 0  # before training
    assert [one_pass("train", name) for name in "abab"] == [1, 1, 2, 2]
    assert one_pass("eval", None) == 2
    assert [mode for mode, _ in ended].count("train") >= 2
    assert tracker.epoch == 2


def test_where_nothing_trains_evaluations_count_up():
    feed = Feed(xw.Tracker(), streams=[("eval", None)])
    assert [feed.begin("eval") for _ in range(3)] == [1, 2, 3]


def test_a_feed_refuses_what_is_no_tracker():
    with pytest.raises(TypeError, match="got list"):
        Feed([])


def test_the_adapter_written_out_in_the_documentation():
    """Anything else: `record` after the loss, `safe_point` after the step, and that is the whole contract."""
    rng = np.random.default_rng(0)
    x, weights = rng.normal(size=(60, 5)), np.zeros(5)
    y = (x[:, 0] > 0).astype(int)
    tracker, stopped = xw.Tracker(epochs=4), []
    tracker.on_safe_point(lambda epoch, step: stopped.append((epoch, step)))
    step = 0
    for epoch in range(1, 5):
        for index in np.array_split(rng.permutation(60), 6):
            z = x[index] @ weights
            losses = np.logaddexp(0, -z * (2 * y[index] - 1))
            weights -= 0.1 * x[index].T @ (1 / (1 + np.exp(-z)) - y[index])
            step += 1
            tracker.record(index, y[index], loss=losses, epoch=epoch, step=step)
            tracker.safe_point(step=step, epoch=epoch)
        tracker.end_epoch("train", epoch=epoch)
    means = tracker.instance_series(range(60), "loss", mode="train").values.mean(axis=0)
    assert (np.diff(means) < 0).all()
    assert (4, 24) in stopped
