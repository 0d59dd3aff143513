"""A name means the same sample in every pass, or it is told."""

from __future__ import annotations

import numpy as np
import pytest

import xai_widgets as xw
from xai_widgets.hooks._common.evidence import Evidence, Proof
from xai_widgets.hooks._common.feed import Feed
from xai_widgets.hooks._common.same_samples import SameSamples

N = 40


def passes(*targets: object, size: int = 8) -> Proof:
    """Two or more passes in the given order, with the targets of each."""
    proof, same = Evidence(Feed(xw.Tracker())).of("train"), SameSamples()
    for each in targets:
        same.begins()
        for start in range(0, N, size):
            proof.next()
            part = slice(start, start + size)
            same.prove(proof, np.arange(N)[part], None if each is None else each[part])  # type: ignore[index]
    return proof


LABELS = np.arange(N) % 4
VALUES = np.random.default_rng(0).normal(size=(N, 3))
NAMES = [f"class {label}" for label in LABELS]


@pytest.mark.parametrize(
    "targets", [LABELS, VALUES, NAMES, VALUES > 0, np.where(LABELS == 2, np.nan, LABELS)]
)
@pytest.mark.filterwarnings("ignore")
def test_another_order_is_told_and_the_same_is_not(targets: object) -> None:
    assert not passes(targets, targets, targets).told
    turned = targets[::-1] if isinstance(targets, list) else np.roll(np.asarray(targets), 1, axis=0)
    proof = passes(targets, turned)
    assert not proof.may_record
    assert "other targets than in an earlier pass" in proof.told["same samples"].text
    assert proof.told["same samples"].remedy


def test_some_new_labels_are_no_other_samples() -> None:
    relabelled = LABELS.copy()
    relabelled[[3, 20, 31]] = 0
    assert not passes(LABELS, relabelled).told


def test_too_few_to_tell_is_said_to_be_open_until_more_have_come() -> None:
    relabelled = LABELS.copy()
    relabelled[:3] = relabelled[1:4]
    open_after = []
    for rows in (8, N):
        proof, same = Evidence(Feed(xw.Tracker())).of("train"), SameSamples()
        for labels, upto in ((LABELS, N), (relabelled, rows)):
            same.begins()
            for start in range(0, upto, 8):
                proof.next()
                same.prove(proof, np.arange(N)[start : start + 8], labels[start : start + 8])
        assert not proof.told
        open_after.append("3 of the 8 looked at" in str(proof.open))
    assert open_after == [True, False]


def test_what_has_no_targets_is_said_to_be_open() -> None:
    assert not passes(None).open
    assert "samples of later passes" in passes(None, None).open
