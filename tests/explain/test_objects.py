"""Rules judged by where the objects are: a place outside them is suspicious, and one on them is not."""

from __future__ import annotations

import numpy as np
import pytest
import test_explain as case

import xai_widgets as xw
from xai_widgets.explain.objects import on_grid

pytest.importorskip("torch")
BAR = (1 / case.SIDE, 0.2, 10 / case.SIDE, 0.8)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    x, label, _ = case.pictures()
    data = xw.samples.as_samples(x, labels=label)
    return xw.explain(case.Reader(), data, tmp_path_factory.mktemp("store"), progress=False)


def test_a_mark_outside_the_objects_is_suspicious_and_one_on_them_is_not(store):
    without = store.clusters()[0]
    assert np.isnan(without.beside)
    beside = store.clusters(objects=dict.fromkeys(range(90), BAR))[0]
    assert beside.label == without.label
    assert beside.beside == pytest.approx(1)
    assert beside.suspicion == pytest.approx(without.suspicion)
    assert "100% of that lies outside the objects" in beside.why
    everywhere = store.clusters(objects=dict.fromkeys(range(90), (0, 0, 1, 1)))
    np.testing.assert_allclose([rule.beside for rule in everywhere], 0, atol=1e-12)
    np.testing.assert_allclose([rule.suspicion for rule in everywhere], 0, atol=1e-12)


def test_masks_say_what_boxes_say(store):
    mask = np.zeros((case.SIDE, case.SIDE), bool)
    mask[1:10, :6] = True
    box = (1 / case.SIDE, 0, 10 / case.SIDE, 0.5)
    boxes = store.clusters(objects=dict.fromkeys(range(90), box))
    masks = store.clusters(objects=dict.fromkeys(range(90), mask))
    np.testing.assert_allclose([rule.beside for rule in masks], [rule.beside for rule in boxes], atol=1e-12)


def test_a_few_objects_say_nothing_of_a_rule(store):
    few = store.clusters(objects=dict.fromkeys(store.clusters()[0].index[:9].tolist(), BAR))
    assert np.isnan(few[0].beside)
    assert few[0].suspicion == store.clusters()[0].suspicion


@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (4, 5), (9, 9), (40, 33)])
def test_a_mask_of_any_size_covers_what_its_box_covers(rows, columns):
    mask = np.zeros((rows, columns))
    mask[rows // 2 :] = 1
    found = on_grid(mask, (4, 4))
    assert found.shape == (4, 4)
    assert found.mean() == pytest.approx(mask.mean(), abs=0.1)
    assert found[0].max() == 0
    assert found[-1].min() == 1
    np.testing.assert_array_equal(
        on_grid((0.5, 0, 1, 1), (4, 4)), np.repeat([0.0, 1.0], 2)[:, None].repeat(4, 1)
    )
    np.testing.assert_allclose(on_grid((0, 0, 0.125, 1), (4, 1))[0], 0.5)


@pytest.mark.parametrize(
    "bad", [(0, 0, 12, 12), (0.5, 0, 0.2, 1), np.zeros((0, 3)), np.full((3, 3), 255), np.zeros(5)]
)
def test_what_is_no_object_is_refused(store, bad):
    with pytest.raises(ValueError, match="should be"):
        store.clusters(objects={3: bad})
