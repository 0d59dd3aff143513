"""A Trainer whose loss, labels or names are not the model's own: right, or told."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import xai_widgets as xw

datasets = pytest.importorskip("datasets")
transformers = pytest.importorskip("transformers")
indexed = xw.hooks.transformers.indexed
TrackerCallback = xw.hooks.transformers.TrackerCallback
LABELS = 4


class Rows(torch.utils.data.Dataset):
    def __init__(self, seed, size=40):
        g = torch.Generator().manual_seed(seed)
        self.x, self.y = (
            torch.randint(5, 60, (size, 8), generator=g),
            torch.randint(0, LABELS, (size,), generator=g),
        )

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return {"input_ids": self.x[i], "labels": self.y[i], "name": f"row-{i:03d}"}


class Opaque(torch.utils.data.Dataset):
    """Says of its samples nothing that is not read."""

    def __init__(self, rows):
        self.read = rows.__getitem__
        self.size = len(rows)

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        return self.read(i)


def columns(rows):
    return datasets.Dataset.from_dict(
        {
            "input_ids": rows.x.numpy(),
            "labels": rows.y.numpy(),
            "name": [f"row-{i:03d}" for i in range(len(rows))],
        }
    )


def model(labels=LABELS, **options):
    torch.manual_seed(0)
    config = transformers.DistilBertConfig(
        vocab_size=64, dim=16, n_layers=1, n_heads=2, hidden_dim=32, num_labels=labels, dropout=0.0,
        attention_dropout=0.0, seq_classif_dropout=0.0, **options,
    )  # fmt: skip
    return transformers.DistilBertForSequenceClassification(config)


def run(
    folder, train, evaluation=None, kind=None, *, net=None, given=None, epochs=1, collate=None, **options
):
    tracker = xw.Tracker()
    arguments = transformers.TrainingArguments(
        str(folder), per_device_train_batch_size=8, report_to=[], save_strategy="no", disable_tqdm=True, use_cpu=True,
        **{"num_train_epochs": epochs, "learning_rate": 0.0, "logging_steps": 2,
           "eval_strategy": "no" if evaluation is None else "epoch"} | options,
    )  # fmt: skip
    trainer = (kind or transformers.Trainer)(
        net or model(), arguments, train_dataset=train, eval_dataset=evaluation, data_collator=collate,
        callbacks=[TrackerCallback(tracker, **(given or {}))],
    )  # fmt: skip
    trainer.train()
    return tracker, trainer


def table(tracker, mode):
    found = tracker.to_frame("instances")
    return found[found["mode"] == mode].sort_values("index")


def losses(net, rows, **options):
    net.eval()
    with torch.no_grad():
        return F.cross_entropy(net(input_ids=rows.x).logits, rows.y, reduction="none", **options).numpy()


@pytest.mark.parametrize("kind", ["torch", "datasets"])
def test_label_smoothing_takes_each_modes_own_labels(kind, tmp_path):
    train, evaluation = Rows(1), Rows(2)
    mark = (lambda rows: indexed(rows)) if kind == "torch" else (lambda rows: indexed(columns(rows)))
    given = {"labels": train.y.tolist()} if kind == "torch" else {}
    tracker, trainer = run(tmp_path, mark(train), mark(evaluation), label_smoothing_factor=0.1, given=given)
    for mode, rows in (("train", train), ("eval", evaluation)):
        found = table(tracker, mode)
        assert found["label"].tolist() == rows.y.tolist()
        want = losses(trainer.model, rows, label_smoothing=0.1)
        np.testing.assert_allclose(found["loss"], want, atol=1e-5)
    assert not tracker.problems


def test_labels_that_are_nowhere_end_no_training(tmp_path):
    """A batch's own labels stand in for them in training; an evaluation is told."""
    rows = Rows(1)
    opaque = indexed(Opaque(rows))
    tracker, trainer = run(tmp_path, opaque, opaque, label_smoothing_factor=0.1, num_train_epochs=1)
    want = losses(trainer.model, rows, label_smoothing=0.1)
    np.testing.assert_allclose(table(tracker, "train")["loss"], want, atol=1e-5)
    assert any("labels=" in problem for problem in tracker.problems)
    assert list(tracker.modes) == ["train"]


def test_labels_are_found_in_a_list_of_samples(tmp_path):
    rows = Rows(1)
    listed = indexed([rows[i] for i in range(16)])
    tracker, trainer = run(tmp_path, listed, listed, label_smoothing_factor=0.1, num_train_epochs=1)
    want = losses(trainer.model, rows, label_smoothing=0.1)[:16]
    for mode in ("train", "eval"):
        assert table(tracker, mode)["label"].tolist() == rows.y[:16].tolist()
        np.testing.assert_allclose(table(tracker, mode)["loss"], want, atol=1e-5)
    assert not tracker.problems


class Weighted(transformers.Trainer):
    """As the guides write it."""

    how = "pop"

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        labels = getattr(inputs, self.how)("labels")
        outputs = model(**inputs)
        loss = F.cross_entropy(outputs.logits, labels, weight=torch.tensor([1.0, 9.0, 1.0, 0.2]))
        return (loss, outputs) if return_outputs else loss


def test_a_loss_of_ones_own_that_takes_the_labels_is_told(tmp_path):
    rows = Rows(1)
    tracker, trainer = run(tmp_path, indexed(rows), indexed(rows), Weighted)
    assert any("compute_loss" in problem and "per_sample" in problem for problem in tracker.problems)
    assert not tracker.modes
    each = lambda outputs, labels: F.cross_entropy(outputs.logits, labels, reduction="none")  # noqa: E731
    tracker, trainer = run(tmp_path, indexed(rows), indexed(rows), Weighted, given={"per_sample": each})
    for mode in ("train", "eval"):
        np.testing.assert_allclose(table(tracker, mode)["loss"], losses(trainer.model, rows), atol=1e-5)
        assert table(tracker, mode)["label"].tolist() == rows.y.tolist()


def test_a_loss_of_ones_own_beside_the_models_is_found_out_by_what_is_logged(tmp_path):
    class Beside(Weighted):
        how = "get"

    rows, net = Rows(1), model()
    with torch.no_grad():
        net.classifier.weight *= 100
    tracker, _ = run(tmp_path, indexed(rows), indexed(rows), Beside, net=net)
    check = str(tracker.check())
    assert "logs a training loss" in check
    assert "Trainer reports" in check
    assert tracker.modes == ("train",)  # what came before the first log


@pytest.mark.parametrize("kind", ["torch", "datasets"])
def test_names_may_be_strings(kind, tmp_path):
    rows = Rows(1)
    data = indexed(rows if kind == "torch" else columns(rows), key="name")
    tracker, _ = run(tmp_path, data, data, dataloader_num_workers=2 if kind == "torch" else 0)
    for mode in ("train", "eval"):
        found = table(tracker, mode)
        assert found["index"].tolist() == [f"row-{i:03d}" for i in range(40)]
        assert found["label"].tolist() == rows.y.tolist()
    assert not tracker.problems


def test_a_long_name_is_cut_and_stays_its_own():
    from xai_widgets.hooks.transformers.names import decode, encode

    names = ["a" * 300, "a" * 299 + "b", "größe " * 40, "short", ""]
    back = decode(np.asarray([encode(name) for name in names]))
    assert len(set(back)) == len(names)
    assert back[3:] == ["short", ""]
    assert encode(7) == 7


def test_a_streams_passes_are_epochs(tmp_path):
    rows = Rows(1)
    stream = columns(rows).to_iterable_dataset()
    tracker, _ = run(
        tmp_path, indexed(stream, key=lambda row: int(row["name"][4:])), max_steps=15, num_train_epochs=3
    )
    series = tracker.instance_series(range(40), "loss", mode="train")
    assert list(series.epochs) == [1, 2, 3]
    assert np.isfinite(series.values).all()
    assert list(series.labels) == rows.y.tolist()


def test_values_and_several_labels(tmp_path):
    class Several(Rows):
        def __getitem__(self, i):
            return {"input_ids": self.x[i], "labels": F.one_hot(self.y[i], LABELS).float()}

    class Values(Rows):
        def __getitem__(self, i):
            return {"input_ids": self.x[i], "labels": self.y[i].float()}

    rows = Rows(1)
    for kind, net in ((Several, model(problem_type="multi_label_classification")), (Values, model(1))):
        tracker, trainer = run(tmp_path, indexed(kind(1)), net=net)
        with torch.no_grad():
            z = trainer.model.eval()(input_ids=rows.x).logits
        if kind is Several:
            want = F.binary_cross_entropy_with_logits(
                z, F.one_hot(rows.y, LABELS).float(), reduction="none"
            ).mean(1)
        else:
            want = (z[:, 0] - rows.y) ** 2
        np.testing.assert_allclose(table(tracker, "train")["loss"], want, atol=1e-5)
        assert list(tracker.instance_series(range(40), "loss", mode="train").labels) == [None] * 40
        assert not tracker.problems


def turned(samples):
    batch = transformers.default_data_collator(samples)
    return {**batch, "labels": batch["labels"].flip(0)}


def moved(samples):
    """Leave one row out and repeat another: the same number of labels, and no order of those that came."""
    batch = transformers.default_data_collator(samples)
    return {**batch, "labels": torch.cat([batch["labels"][1:], batch["labels"][-1:]])}


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("collate", [turned, moved])
@pytest.mark.parametrize("opaque", [False, True])
def test_labels_in_another_order_than_their_names_are_refused(opaque, collate, workers, tmp_path):
    """Also where they are known only when samples are read; an evaluation of which nothing tells is not believed either."""
    rows = indexed(Opaque(Rows(1)) if opaque else Rows(1))
    options = {"dataloader_num_workers": workers}
    tracker, _ = run(tmp_path, rows, rows, collate=collate, **options)
    assert any("not in the order of their names" in problem for problem in tracker.problems)
    assert not tracker.modes
    assert not tracker.check().ok
    tracker, _ = run(tmp_path, rows, rows, **options)
    assert tracker.check().ok
    assert "train labels proved on" in str(tracker.check())


class Reshuffled(Opaque):
    """Gives its samples in another order in each pass, as data sets with a buffer of their own do."""

    def __init__(self, rows, generator):
        super().__init__(rows)
        self.generator, self.order, self.given = generator, None, 0

    def __getitem__(self, i):
        if self.given % self.size == 0:
            self.order = torch.randperm(self.size, generator=self.generator).tolist()
        self.given += 1
        return self.read(self.order[i])


def test_a_data_set_that_reshuffles_itself_is_told(tmp_path):
    tracker, _ = run(tmp_path, indexed(Reshuffled(Rows(1), torch.Generator().manual_seed(0))), epochs=2)
    assert any("other targets than in an earlier pass" in problem for problem in tracker.problems)
    series = tracker.instance_series(range(40), "loss", mode="train")
    assert np.isfinite(series.values[:, 0]).all()
    assert not np.isfinite(series.values[:, 1:]).any()


@pytest.mark.parametrize("kind", ["torch", "datasets"])
def test_data_sets_that_were_named_one_by_one_are_told(kind, tmp_path):
    """Put together they give each name twice; a sample that is chosen twice has one name."""
    one, other = Rows(1), Rows(2)
    if kind == "torch":
        both = torch.utils.data.ConcatDataset([indexed(one), indexed(other)])
        again = indexed(torch.utils.data.Subset(one, [*range(40), 3, 5]))
    else:
        both = datasets.concatenate_datasets([indexed(columns(one)), indexed(columns(other))])
        again = indexed(columns(one)).select([*range(40), 3, 5])
    tracker, _ = run(tmp_path, both)
    assert any("names are given twice" in problem for problem in tracker.problems)
    assert not len(table(tracker, "train"))
    tracker, trainer = run(tmp_path, again)
    np.testing.assert_allclose(table(tracker, "train")["loss"], losses(trainer.model, one), atol=1e-5)
    assert not tracker.problems
