"""Training dynamics against the obvious computation over the whole history."""

import numpy as np
import pytest

from xai_widgets.tracking import Tracker

N, C, EPOCHS = 40, 5, 8


@pytest.fixture(scope="module")
def history():
    rng = np.random.default_rng(3)
    label = rng.integers(0, C, N)
    logits = rng.normal(size=(EPOCHS, N, C)).astype(np.float32)
    logits[:, np.arange(N), label] += np.linspace(-1, 3, EPOCHS)[:, None]
    return label, logits


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def feed(tracker, label, logits, batch=7, order=None):
    for epoch in range(len(logits)):
        places = np.arange(N) if order is None else order[epoch]
        for at in range(0, N, batch):
            i = places[at : at + batch]
            z = logits[epoch, i].astype(np.float64)
            loss = -np.log(softmax(z)[np.arange(len(i)), label[i]])
            tracker.record(i, label[i], loss=loss, logits=logits[epoch, i])
        tracker.end_epoch()
    return tracker


def expected(label, logits):
    z = logits.astype(np.float64)
    rows = np.arange(N)
    p = softmax(z)
    own = p[:, rows, label]
    others = z.copy()
    others[:, rows, label] = -np.inf
    right = z.argmax(-1) == label
    learnt = right.argmax(0) + 1.0
    learnt[~right.any(0)] = np.nan
    onehot = np.eye(C)[label]
    return {
        "confidence": own.mean(0),
        "variability": own.std(0),
        "correctness": right.mean(0),
        "forgetting": (right[:-1] & ~right[1:]).sum(0),
        "first_learnt": learnt,
        "never_learnt": ~right.any(0),
        "aum": (z[:, rows, label] - others.max(-1)).mean(0),
        "el2n": np.linalg.norm(p - onehot, axis=-1).mean(0),
        "entropy": -(p * np.log(p)).sum(-1).mean(0),
    }


def test_every_score_from_logits(history):
    label, logits = history
    rng = np.random.default_rng(0)
    tracker = feed(Tracker(), label, logits, order=[rng.permutation(N) for _ in range(EPOCHS)])
    table = tracker.dynamics()
    for name, values in expected(label, logits).items():
        np.testing.assert_allclose(table[name], values, rtol=1e-4, atol=1e-5, err_msg=name)
    np.testing.assert_array_equal(table["index"], np.arange(N))
    np.testing.assert_array_equal(table["label"], label)


def test_from_the_loss_alone_confidence_is_exact_and_correctness_a_lower_bound(history):
    label, logits = history
    full = feed(Tracker(), label, logits).dynamics()
    plain = Tracker()
    for epoch in range(EPOCHS):
        p = softmax(logits[epoch].astype(np.float64))
        plain.record(np.arange(N), label, loss=-np.log(p[np.arange(N), label]))
        plain.end_epoch()
    table = plain.dynamics()
    np.testing.assert_allclose(table["confidence"], full["confidence"], rtol=1e-5)
    np.testing.assert_allclose(table["variability"], full["variability"], rtol=1e-4, atol=1e-6)
    assert (table["correctness"] <= full["correctness"] + 1e-6).all()
    assert not {"aum", "el2n", "entropy"} & set(table.columns)


def test_a_loss_that_is_no_cross_entropy_gives_no_confidence():
    tracker = Tracker()
    tracker.record([0, 1], [0, 1], loss=[-1.0, 2.0])
    assert "confidence" not in tracker.dynamics().columns
    with pytest.raises(ValueError, match="needs logits, or a cross-entropy: 'loss' has negative values"):
        tracker.extremes(by="confidence")


def test_repeated_rows_and_their_order_change_nothing(history):
    label, logits = history
    once = feed(Tracker(), label, logits).dynamics()
    twice = feed(Tracker(), label, np.repeat(logits, 1, 0), batch=N)
    again = Tracker()
    for epoch in range(EPOCHS):
        for part in (np.arange(N), np.arange(N)[::-1][:13]):
            again.record(part, label[part], loss=np.ones(len(part)), logits=logits[epoch, part])
        again.end_epoch()
    for name in expected(label, logits):
        np.testing.assert_allclose(twice.dynamics()[name], once[name], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(again.dynamics()[name], once[name], rtol=1e-5, atol=1e-6)


def test_confusion_and_its_drift(history):
    label, logits = history
    tracker = feed(Tracker(label_names=list("abcde")), label, logits)
    prediction = logits.argmax(-1)
    for epoch in (1, EPOCHS):
        table = tracker.confusion(epoch=epoch)
        counts = np.zeros((C, C), int)
        np.add.at(counts, (label, prediction[epoch - 1]), 1)
        np.testing.assert_array_equal(table.counts, counts)
        assert table.names == tuple("abcde")
        np.testing.assert_allclose(table.recall, np.diagonal(counts) / counts.sum(1))
    epochs, drift = tracker.confusion_drift()
    assert epochs.tolist() == list(range(1, EPOCHS + 1))
    first, second = (tracker.confusion(epoch=e).counts for e in (1, 2))
    shares = [t / t.sum(1, keepdims=True) for t in (first, second)]
    np.testing.assert_allclose(drift[:, 1], np.abs(shares[1] - shares[0]).sum(1) / 2)
    assert np.isnan(drift[:, 0]).all()
    with pytest.raises(ValueError, match="no confusion of epoch 99; there are 1, 2"):
        tracker.confusion(epoch=99)


@pytest.mark.parametrize("kind", ["int", "str"])
def test_predictions_without_logits(history, kind):
    label, logits = history
    prediction = logits.argmax(-1)
    as_kind = (lambda a: a) if kind == "int" else (lambda a: [f"class {v}" for v in a])
    tracker = Tracker()
    for epoch in range(EPOCHS):
        tracker.record(np.arange(N), as_kind(label), loss=np.ones(N), prediction=as_kind(prediction[epoch]))
        tracker.end_epoch()
    table, known = tracker.dynamics(), expected(label, logits)
    for name in ("correctness", "forgetting", "first_learnt", "never_learnt"):
        np.testing.assert_allclose(table[name], known[name], rtol=1e-6, err_msg=name)
    counts = np.zeros((C, C), int)
    np.add.at(counts, (label, prediction[-1]), 1)
    np.testing.assert_array_equal(tracker.confusion().counts, counts)


def test_rankings_by_dynamics(history):
    label, logits = history
    tracker = feed(Tracker(), label, logits)
    table = expected(label, logits)
    hard, easy = tracker.extremes(by="margin", n_max=3, n_min=3)
    assert list(hard) == np.argsort(table["aum"], kind="stable")[:3].tolist()
    assert list(easy) == np.argsort(-table["aum"], kind="stable")[:3].tolist()
    assert hard.scores == pytest.approx(np.sort(table["aum"])[:3], rel=1e-4)
    never = np.flatnonzero(table["never_learnt"])
    assert set(tracker.extremes(by="never_learnt", n_max=N)[0]) == set(never)
    by_forgetting = tracker.extremes(by="forgetting", n_max=N, n_min=0)[0]
    assert set(by_forgetting.index[: never.size]) == set(never)
    assert np.isinf(by_forgetting.scores[: never.size]).all()
    assert len(tracker.extremes(n_max=N, labels=[2])[0]) == np.count_nonzero(label == 2)
    assert set(tracker.extremes(n_max=N, indices=[3, 4, 99])[0]) == {3, 4}


def test_who_moved_most():
    tracker = Tracker()
    tracker.record(np.arange(5), loss=[1, 2, 3, 4, 5])
    tracker.end_epoch()
    tracker.record(np.arange(5), loss=[9, 2, 3, 4, 0])
    hard, easy = tracker.extremes(by="rank_change", n_max=1, n_min=1)
    assert (hard.index, easy.index) == ((0,), (4,))
    assert hard.scores[0] == pytest.approx(1)
    assert easy.scores[0] == pytest.approx(-1)


def test_two_classes_with_one_output():
    tracker = Tracker()
    z = np.array([[2.0], [-1.0]], np.float32)
    tracker.record([0, 1], [1, 1], loss=[0.1, 1.3], logits=z)
    tracker.end_epoch()
    table = tracker.dynamics()
    np.testing.assert_allclose(table["confidence"], 1 / (1 + np.exp(-z[:, 0])), rtol=1e-5)
    np.testing.assert_allclose(table["aum"], z[:, 0], rtol=1e-5)
    assert table["correctness"].tolist() == [1, 0]


def test_logits_with_nan_and_masked_classes_and_labels_out_of_range():
    tracker = Tracker()
    z = np.array([[0, 1, -np.inf], [np.nan, 0, 0], [0, 0, 5], [3, 1, 0]], np.float32)
    tracker.record(np.arange(4), [1, 1, 7, 0], loss=np.ones(4), logits=z)
    tracker.end_epoch()
    table = tracker.dynamics()
    own = softmax(np.array([[0.0, 1.0], [3.0, 1.0]]))
    assert table["confidence"][0] == pytest.approx(own[0, 1], rel=1e-5)
    assert np.isnan(table["confidence"][1:3]).all()
    assert table["entropy"][0] == pytest.approx(-(own[0] * np.log(own[0])).sum(), rel=1e-5)
    assert not tracker.problems


def test_an_open_epoch_is_not_in_the_dynamics_yet_and_survives_a_checkpoint(history):
    label, logits = history
    straight = feed(Tracker(), label, logits).dynamics()
    tracker = feed(Tracker(), label, logits[:4])
    half = np.arange(N // 2)
    tracker.record(half, label[half], loss=np.ones(half.size), logits=logits[4, half])
    resumed = Tracker()
    resumed.load_state_dict(tracker.state_dict())
    assert resumed.dynamics()["correctness"] == pytest.approx(tracker.dynamics()["correctness"])
    rest = np.arange(N // 2, N)
    resumed.record(rest, label[rest], loss=np.ones(rest.size), logits=logits[4, rest])
    resumed.end_epoch()
    feed(resumed, label, logits[5:])
    for name in expected(label, logits):
        np.testing.assert_allclose(resumed.dynamics()[name], straight[name], rtol=1e-5, atol=1e-6)


def test_predictions_alone_have_dynamics_and_no_scores_of_a_metric():
    tracker, index = Tracker(), np.arange(12)
    for epoch in range(4):
        tracker.record(index, index % 3, prediction=(index + (epoch < 2)) % 3)
        tracker.end_epoch()
    table = tracker.dynamics()
    assert table["correctness"].tolist() == [0.5] * 12
    assert not {"mean", "confidence", "label_error"} & set(table.columns)
    with pytest.raises(ValueError, match="mean needs 'loss', which was not recorded in mode 'train'"):
        tracker.dynamics(columns=["mean"])
