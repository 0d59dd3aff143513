"""Which labels are wrong: planted errors in the digits, found again out of the run's own history."""

from __future__ import annotations

import numpy as np
import pytest

from xai_widgets.tracking import Tracker
from xai_widgets.tracking.scores import label_errors
from xai_widgets.tracking.scores.label_errors import judge_outliers
from xai_widgets.tracking.store.label_evidence import Evidence

OTHER = np.array([6, 7, 7, 8, 9, 3, 5, 1, 3, 4])  # what each digit is taken for
EPOCHS = 14


def digits():
    data = pytest.importorskip("sklearn.datasets").load_digits()
    return (data.data / 16).astype(np.float32), data.target.astype(np.int64)


def planted(y, kind, share, rng):
    given, wrong = y.copy(), np.zeros(y.size, bool)
    wrong[rng.choice(y.size, round(share * y.size), replace=False)] = True
    given[wrong] = (y[wrong] + rng.integers(1, 10, wrong.sum())) % 10 if kind == "any" else OTHER[y[wrong]]
    return given, wrong


def history(x, y, rng, epochs=EPOCHS, hidden=96, rate=3e-3):
    """Train a hidden layer with Adam; logits (epochs, N, 10) as they were before each update."""
    w = [rng.normal(0, 0.17, (64, hidden)), np.zeros(hidden), rng.normal(0, 0.1, (hidden, 10)), np.zeros(10)]
    moments, steps, found = (
        [[np.zeros_like(a), np.zeros_like(a)] for a in w],
        0,
        np.zeros((epochs, y.size, 10)),
    )
    for epoch in range(epochs):
        for i in np.array_split(rng.permutation(y.size), y.size // 64):
            h = np.maximum(x[i] @ w[0] + w[1], 0)
            z = found[epoch, i] = h @ w[2] + w[3]
            p = softmax(z)
            p[np.arange(i.size), y[i]] -= 1
            p /= i.size
            back = (p @ w[2].T) * (h > 0)
            steps += 1
            for a, m, g in zip(w, moments, (x[i].T @ back, back.sum(0), h.T @ p, p.sum(0)), strict=True):
                m[0] += 0.1 * (g - m[0])
                m[1] += 0.001 * (g * g - m[1])
                a -= rate * (m[0] / (1 - 0.9**steps)) / (np.sqrt(m[1] / (1 - 0.999**steps)) + 1e-8)
    return found.astype(np.float32)


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def losses(logits, y):
    return -np.log(np.maximum(softmax(logits.astype(np.float64))[:, np.arange(y.size), y], 1e-12))


def tracked(logits, y, with_logits=True, tracker=None, first=0):
    tracker = tracker or Tracker(label_names={f"digit {c}": c for c in range(10)})
    loss = losses(logits, y)
    for epoch in range(first, len(logits)):
        more = {"logits": logits[epoch]} if with_logits else {}
        tracker.record(np.arange(y.size), y, loss=loss[epoch], **more)
        tracker.end_epoch()
    return tracker


def average_precision(score, wrong):
    hit = wrong[np.argsort(-score, kind="stable")]
    return (np.cumsum(hit) / np.arange(1, hit.size + 1))[hit].mean()


@pytest.fixture(scope="module")
def runs():
    x, y = digits()
    made = {}
    for kind, share in (("any", 0.1), ("pair", 0.1), ("any", 0.0)):
        rng = np.random.default_rng(11)
        given, wrong = planted(y, kind, share, rng)
        made[kind if share else "clean"] = (history(x, given, rng), given, wrong, y)
    return made


@pytest.mark.parametrize("kind", ["any", "pair"])
def test_a_small_cell_of_the_table(runs, kind):
    logits, given, wrong, true = runs[kind]
    tracker = tracked(logits, given)
    table, suspects = tracker.dynamics(), tracker.suspects()
    p, named = table["label_error"], table["suspected"]
    # the ranking that confident learning takes: the run's mean probability of the label
    mean = softmax(logits).mean(0)[np.arange(given.size), given]
    assert average_precision(p, wrong) >= average_precision(-mean, wrong) - 0.01
    assert 2 * (named & wrong).sum() / (named.sum() + wrong.sum()) > 0.8
    certain = p >= 0.9
    assert certain.sum() == suspects.certain > 60
    assert wrong[certain].mean() > 0.85
    assert abs(suspects.number / wrong.sum() - 1) < 0.35
    assert abs(suspects.number - wrong.sum()) < 2 * suspects.error
    right = np.array([s == t for s, t in zip(table["suggested"], true, strict=True)])
    assert right[certain & wrong].mean() > 0.9
    assert [s is None for s in table["suggested"]] == (~named).tolist()
    # how often a suggestion is right is what its probability says
    q = table["suggested_probability"][named]
    assert abs(q.mean() - right[named].mean()) < 0.15


def test_one_class_taken_for_another_again_and_again_is_likelier_each_time(runs, monkeypatch):
    logits, given, wrong, _ = runs["pair"]
    tracker = tracked(logits, given)
    found, certain = tracker.scores("label_error"), tracker.suspects().certain
    monkeypatch.setattr(label_errors, "TRUST", 0.0)
    alone = tracked(logits, given)
    assert average_precision(found, wrong) > average_precision(alone.scores("label_error"), wrong) + 0.01
    assert certain > 1.3 * alone.suspects().certain


@pytest.mark.parametrize("odds", [60.0, -60.0])
def test_one_label_that_was_denied_alone_and_beyond_doubt_stays_a_number(odds):
    """The share of wrong ones among all that were denied is one or none then, whose log odds are infinite."""
    size = 50
    votes, first = np.zeros(size), np.full(size, -1)
    votes[3], first[3] = 1.0, 2
    nothing = np.zeros(size)
    evidence = Evidence(nothing, nothing, first, first, votes, nothing, 0.9, 0.0, 5)
    logit = np.full(size, -5.0)
    logit[3] = odds
    found = label_errors._beside_alike(logit, np.zeros(size, np.int64), evidence)
    assert np.isfinite(found).all()
    assert np.sign(found[3]) == np.sign(odds)
    assert (np.delete(found, 3) == -5.0).all()


def test_clean_labels_are_left_alone(runs):
    logits, given, _, _ = runs["clean"]
    tracker = tracked(logits, given)
    assert tracker.dynamics(columns=["suspected"])["suspected"].mean() <= 0.01
    assert len(tracker.suspects()) <= 0.01 * given.size


def test_losses_alone_rank_and_count_but_suggest_nothing(runs):
    logits, given, wrong, _ = runs["any"]
    suspects = tracked(logits, given, with_logits=False).suspects()
    assert wrong[list(suspects.index)].mean() > 0.8
    assert abs(suspects.number / wrong.sum() - 1) < 0.5
    assert set(suspects.suggested) == {None}


def test_too_early_is_told_and_with_what_it_waits_for(runs):
    logits, given, _, _ = runs["any"]
    assert "nothing was recorded" in Tracker().suspects().text
    tracker = tracked(logits[:2], given)
    early = tracker.suspects()
    assert "too early to tell" in early.text
    assert "3 epochs" in early.waits
    assert "are 2" in early.waits
    assert len(early) == 0
    assert np.isnan(tracker.scores("label_error")).all()
    assert not tracker.dynamics()["suspected"].any()
    guessing = Tracker()
    for _ in range(5):  # a network that has learnt nothing
        guessing.record(
            np.arange(500), np.arange(500) % 10, loss=np.full(500, 2.3), logits=np.zeros((500, 10))
        )
        guessing.end_epoch()
    assert "by chance" in guessing.suspects().text


def test_memorising_does_not_undo_what_was_known(runs):
    """Once the labels are learnt by heart an epoch weighs next to nothing."""
    logits, given, wrong, _ = runs["any"]
    known = tracked(logits, given)
    before = known.scores("label_error")
    by_heart = np.where(np.arange(10) == given[:, None], 9.0, 0.0).astype(np.float32)
    for _ in range(30):
        known.record(np.arange(given.size), given, loss=np.full(given.size, 1e-3), logits=by_heart)
        known.end_epoch()
    after = known.scores("label_error")
    assert average_precision(after, wrong) > average_precision(before, wrong) - 0.01
    assert after[wrong].mean() > before[wrong].mean() - 0.05


def test_it_survives_a_checkpoint_and_the_split_into_batches(runs):
    logits, given, _, _ = runs["pair"]
    straight = tracked(logits, given).dynamics()
    half = tracked(logits[:6], given)
    resumed = Tracker()
    resumed.load_state_dict(half.state_dict())
    table = tracked(logits, given, tracker=resumed, first=6).dynamics()
    np.testing.assert_allclose(table["label_error"], straight["label_error"], rtol=1e-5)
    np.testing.assert_array_equal(table["suggested"], straight["suggested"])
    batches, loss = Tracker(), losses(logits, given)
    for epoch in range(len(logits)):
        for i in np.array_split(np.random.default_rng(epoch).permutation(given.size), 9):
            batches.record(i, given[i], loss=loss[epoch, i], logits=logits[epoch, i])
        batches.end_epoch()
    table, order = batches.dynamics(), np.argsort(batches.indices())
    np.testing.assert_allclose(table["label_error"][order], straight["label_error"], rtol=1e-4, atol=1e-6)


def test_a_suspect_is_told_with_its_label_and_what_it_should_be(runs):
    logits, given, _, _ = runs["any"]
    tracker = tracked(logits, given)
    suspects = tracker.suspects(n_max=10)
    assert len(suspects) == 10
    assert list(suspects.label) == given[list(suspects.index)].tolist()
    assert (np.diff(suspects.label_error) <= 0).all()
    assert all(s in range(10) and s != g for s, g in zip(suspects.suggested, suspects.label, strict=True))
    table = suspects.to_table()
    assert set(table["suspected_from"].tolist()) == {suspects.threshold}
    assert suspects.text == tracker.suspects().text
    assert "labels are wrong" in suspects.text
    with pytest.raises(ValueError, match="negative"):
        tracker.suspects(n_max=-1)
    assert tracker.extremes(by="label_error", n_max=3)[0].index == suspects.index[:3]


def test_values_have_outliers_instead():
    rng = np.random.default_rng(0)
    value = np.exp(rng.normal(0, 0.5, 3000))
    far = rng.choice(3000, 60, replace=False)
    value[far] *= 60
    tracker = Tracker()
    tracker.record(np.arange(3000), loss=value)
    suspects = tracker.suspects()
    assert set(suspects.index) >= set(far.tolist())
    assert len(suspects) < 90
    assert "outliers" in suspects.text
    assert abs(suspects.number - 60) < 20
    assert "50 instances" in judge_outliers(np.ones(9)).waits
    none = judge_outliers(np.exp(rng.normal(0, 0.5, 3000)))
    assert none.suspected.sum() < 10


def test_evaluation_sets_and_runs_followed_from_a_log_are_judged_the_same(runs, tmp_path):
    logits, given, wrong, _ = runs["any"]
    loss, rows = losses(logits, given), np.arange(given.size)
    tracker = Tracker(log_dir=tmp_path)
    for epoch in range(6):
        tracker.record(rows, given, loss=loss[epoch], logits=logits[epoch], mode="eval")
        tracker.end_epoch()
    tracker.close()
    told = tracker.suspects("eval")
    assert wrong[list(told.index)].mean() > 0.7
    followed = Tracker.follow(tmp_path)
    try:
        assert followed.suspects("eval").text == told.text
        np.testing.assert_allclose(
            followed.scores("label_error", mode="eval"), tracker.scores("label_error", mode="eval"), rtol=1e-5
        )
    finally:
        followed.close()


def test_one_logit_is_two_classes():
    rng = np.random.default_rng(2)
    true = rng.integers(0, 2, 800)
    wrong = rng.random(800) < 0.06
    given, own = np.where(wrong, 1 - true, true), rng.uniform(0.4, 1.2, 800)
    tracker = Tracker()
    for epoch in range(8):
        logit = (2 * true - 1) * own * min(epoch, 5) + rng.normal(0, 0.5, 800)
        loss = np.log1p(np.exp(-(2 * given - 1) * logit))
        tracker.record(np.arange(800), given, loss=loss, logits=logit)
        tracker.end_epoch()
    suspects = tracker.suspects()
    found = np.array(suspects.index)
    assert wrong[found].mean() > 0.8
    assert wrong[found].sum() > 0.7 * wrong.sum()
    assert list(suspects.suggested) == (1 - given[found]).tolist()
