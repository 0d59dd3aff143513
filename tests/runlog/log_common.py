"""What the tests of the run log share."""

import numpy as np

from xai_widgets.tracking import Tracker

SIZE = 16


def value(epoch, index):
    """A loss that says where it belongs: a wrong or torn value cannot pass for a right one."""
    mixed = (
        np.asarray(index, np.uint64) * np.uint64(2654435761) + np.uint64(epoch) * np.uint64(40503)
    ) % np.uint64(1 << 20)
    return mixed.astype(np.float32)


def batch_index(step, size=SIZE):
    return np.arange(step * size, (step + 1) * size)


def write_run(folder, epochs=2, steps=5, size=SIZE, **options):
    tracker = Tracker(log_dir=folder, **options)
    for epoch in range(1, epochs + 1):
        for step in range(steps):
            index = batch_index(step, size)
            tracker.record(index, index % 4, loss=value(epoch, index))
        tracker.end_epoch()
    tracker.finish()
    tracker.close()
    return tracker


def only_file(folder):
    (path,) = folder.iterdir()
    return path


def same(a, b, mode="train", metric="loss"):
    """Every answer of two trackers is the same."""
    np.testing.assert_array_equal(np.sort(a.indices(mode)), np.sort(b.indices(mode)))
    index = a.indices(mode)
    left, right = (t.instance_series(index, metric, mode) for t in (a, b))
    np.testing.assert_array_equal(left.epochs, right.epochs)
    np.testing.assert_array_equal(left.steps, right.steps)
    np.testing.assert_allclose(left.values, right.values, rtol=1e-6)
    assert left.labels == right.labels
    one, other = (t.label_series(metric, mode) for t in (a, b))
    assert one.labels == other.labels
    np.testing.assert_array_equal(one.count, other.count)
    np.testing.assert_allclose(one.mean, other.mean, rtol=1e-6)
