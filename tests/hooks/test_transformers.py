"""Hugging Face Trainer under watch: a tiny vision transformer on scanned digits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hooks_common import CLASSES, N_EVAL, digits, matrix, same_weights
from torch.nn import functional as F

import xai_widgets as xw

datasets = pytest.importorskip("datasets")
transformers = pytest.importorskip("transformers")
from transformers import Trainer, TrainingArguments, ViTConfig, ViTForImageClassification  # noqa: E402

from xai_widgets.hooks.torch.loss import loss_batching as held  # noqa: E402
from xai_widgets.hooks.torch.loss.per_sample_loss import PerSample  # noqa: E402
from xai_widgets.hooks.transformers import indexed  # noqa: E402
from xai_widgets.hooks.transformers.names import decode  # noqa: E402

TrackerCallback = xw.hooks.transformers.TrackerCallback
N = 192  # Trainer logs the mean over batches: only with full ones is that the mean over samples
X, Y = digits()


def rows(part=slice(0, N)):
    return datasets.Dataset.from_dict(
        {
            "pixel_values": X[part].reshape(-1, 1, 8, 8),
            "labels": Y[part],
            "note": [f"row {i}" for i in range(len(Y[part]))],
        }
    ).with_format("torch", columns=["pixel_values", "labels"])


def evaluation():
    return rows(slice(N, N + N_EVAL))


def model(dropout=0.1):
    torch.manual_seed(0)
    config = ViTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, image_size=8, patch_size=4,
        num_channels=1, num_labels=CLASSES, hidden_dropout_prob=dropout, attn_implementation="eager",
    )  # fmt: skip
    return ViTForImageClassification(config)


def arguments(folder, **options):
    options = {
        "num_train_epochs": 2,
        "eval_strategy": "epoch",
        "logging_strategy": "epoch",
        "save_strategy": "no",
    } | options
    return TrainingArguments(
        str(folder), per_device_train_batch_size=32, per_device_eval_batch_size=32, learning_rate=3e-3, use_cpu=True,
        report_to=[], disable_tqdm=True, seed=3, **options,
    )  # fmt: skip


def trainer(folder, callback=None, net=None, **options):
    mark = indexed if callback else (lambda dataset: dataset)
    return Trainer(
        net or model(),
        arguments(folder, **options),
        train_dataset=mark(rows()),
        eval_dataset=mark(evaluation()),
        callbacks=[callback] if callback else [],
    )


def logged(run, name):
    return [entry[name] for entry in run.state.log_history if name in entry]


def weights(net):
    return list(net.state_dict().values())


class Knowing(Trainer):
    """Notes every per-sample loss by itself."""

    known = None

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        index = inputs.pop("index")
        loss, outputs = super().compute_loss(model, inputs, True, num_items_in_batch)
        values = F.cross_entropy(outputs.logits.detach(), inputs["labels"], reduction="none")
        mode = "train" if model.training else "eval"
        epoch = int(self.state.epoch + 1e-6) + 1 if model.training else round(self.state.epoch)
        seen = self.known.setdefault(mode, {}).setdefault(epoch, {})
        for i, value in zip(index.tolist(), values.tolist(), strict=True):
            assert i not in seen
            seen[i] = value
        return (loss, outputs) if return_outputs else loss


def plain(folder, **options):
    def numbered(dataset):
        return datasets.Dataset.from_dict(
            {**dataset.with_format(None).to_dict(), "index": range(len(dataset))}
        ).with_format("torch", columns=["pixel_values", "labels", "index"])

    run = Knowing(
        model(),
        arguments(folder, remove_unused_columns=False, **options),
        train_dataset=numbered(rows()),
        eval_dataset=numbered(evaluation()),
    )
    run.known = {}
    run.train()
    return run


@pytest.mark.parametrize(
    "how",
    [{}, {"gradient_accumulation_steps": 2, "dataloader_num_workers": 2}, {"bf16": True}],
    ids=str,
)
def test_a_watched_trainer_is_the_trainer_itself(how, tmp_path):
    knowing = plain(tmp_path, **how)
    bare = trainer(tmp_path, **how)
    bare.train()
    tracker = xw.Tracker()
    callback = TrackerCallback(tracker)
    run = trainer(tmp_path, callback, **how)
    run.train()
    same_weights(weights(run.model), weights(bare.model))
    same_weights(weights(run.model), weights(knowing.model))
    for mode, size, labels in (("train", N, Y[:N]), ("eval", N_EVAL, Y[N : N + N_EVAL])):
        series = tracker.instance_series(range(size), "loss", mode=mode)
        want = np.array([[knowing.known[mode][e][i] for e in (1, 2)] for i in range(size)])
        np.testing.assert_allclose(series.values, want, atol=1e-5)
        assert list(series.labels) == labels.tolist()
        assert tracker.counts(mode).duplicates == 0
    np.testing.assert_allclose(
        matrix(tracker, "train", N).mean(1), logged(run, "loss"), atol=2e-4
    )  # logged rounded
    np.testing.assert_allclose(matrix(tracker, "eval", N_EVAL).mean(1), logged(run, "eval_loss"), rtol=1e-5)
    steps = 6 // how.get("gradient_accumulation_steps", 1)
    assert list(tracker.instance_series([0], "loss", mode="train").steps) == [steps, 2 * steps]
    assert (tracker.epochs, tracker.steps_per_epoch, tracker.status) == (2, steps, "ended")
    assert not tracker.problems
    run.evaluate()  # still works, and is recorded
    callback.detach()
    assert not run.model._forward_hooks
    assert not run.model._forward_pre_hooks
    if "bf16" not in how:
        assert "forward" not in vars(run.model)


class Keeping(Trainer):
    """Keeps the loader it trains with, as one that makes its own may."""

    loader = None

    def get_train_dataloader(self):
        if self.loader is None:
            self.loader = super().get_train_dataloader()
        return self.loader


def dicts(part=slice(0, N)):
    images = torch.from_numpy(X[part].reshape(-1, 1, 8, 8))
    return [{"pixel_values": x, "labels": int(y), "note": "a"} for x, y in zip(images, Y[part], strict=True)]


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_of_a_torch_data_set_are_named_as_a_whole(workers, tmp_path, monkeypatch):
    plans = {"eval_strategy": "no", "dataloader_num_workers": workers}
    bare = Trainer(model(), arguments(tmp_path / "bare", **plans), train_dataset=dicts())
    bare.train()

    def per_sample(*_):
        raise AssertionError("samples were named one by one")

    monkeypatch.setattr("xai_widgets.hooks.torch.data.add_indices", per_sample)  # workers are forked
    tracker = xw.Tracker()
    data = indexed(dicts())
    run = Keeping(
        model(), arguments(tmp_path, **plans), train_dataset=data, callbacks=[TrackerCallback(tracker)]
    )
    run.train()
    same_weights(weights(run.model), weights(bare.model))
    series = tracker.instance_series(range(N), "loss", mode="train")
    assert np.isfinite(series.values).all()
    assert list(series.labels) == Y[:N].tolist()
    assert tracker.counts("train").duplicates == 0
    base = run.loader.base_dataloader
    assert base.dataset is data  # as it was
    assert type(base.collate_fn).__module__.startswith("transformers")


@pytest.mark.parametrize("mark", [lambda _: rows(), lambda data: data], ids=["datasets", "torch"])
def test_an_epoch_that_was_cut_goes_on_under_its_number(mark, tmp_path):
    plans = {"eval_strategy": "no", "save_strategy": "steps", "save_steps": 4}

    def run(folder, tracker, **options):
        callbacks = [] if tracker is None else [TrackerCallback(tracker)]
        data = mark(dicts()) if tracker is None else indexed(mark(dicts()))
        one = Trainer(model(0.0), arguments(folder, **plans), train_dataset=data, callbacks=callbacks)
        one.train(**options)
        return one

    whole, resumed = xw.Tracker(), xw.Tracker()
    run(tmp_path / "bare", None)
    bare = run(tmp_path / "bare", None, resume_from_checkpoint=str(tmp_path / "bare" / "checkpoint-4"))
    run(tmp_path / "watched", whole)
    again = run(
        tmp_path / "watched", resumed, resume_from_checkpoint=str(tmp_path / "watched" / "checkpoint-4")
    )
    same_weights(weights(again.model), weights(bare.model))
    series = resumed.instance_series(range(N), "loss", mode="train")
    assert list(series.epochs) == [1, 2]
    assert list(series.steps) == [6, 12]
    first, second = matrix(resumed, "train", N)
    # the four batches before the cut; after it this version of Trainer orders the rest otherwise, hook or not
    assert np.isclose(first, matrix(whole, "train", N)[0], atol=1e-5).sum() >= 4 * 32
    assert np.isfinite(first).all()
    assert np.isfinite(second).all()
    assert resumed.counts("train").duplicates == 0
    assert (resumed.epochs, resumed.steps_per_epoch) == (2, 6)


def test_a_collate_function_of_the_users_own_sees_the_index(tmp_path):
    seen = []

    def collate(samples):
        seen.extend(sample["index"] for sample in samples)
        return transformers.default_data_collator(samples)

    tracker = xw.Tracker()
    plans = {"num_train_epochs": 1, "eval_strategy": "no"}
    run = Trainer(
        model(), arguments(tmp_path, **plans), train_dataset=indexed(dicts()), data_collator=collate,
        callbacks=[TrackerCallback(tracker)],
    )  # fmt: skip
    run.train()
    assert sorted(seen) == list(range(N))
    assert tracker.counts("train").rows == N


def test_samples_with_an_index_of_their_own_are_refused(tmp_path):
    own = [{**sample, "index": 7} for sample in dicts()]
    run = Trainer(
        model(), arguments(tmp_path, eval_strategy="no"), train_dataset=indexed(own),
        callbacks=[TrackerCallback(xw.Tracker())],
    )  # fmt: skip
    with pytest.raises(KeyError, match="keep=True"):
        run.train()


def test_language_models_fold_tokens(tmp_path):
    config = transformers.GPT2Config(vocab_size=20, n_positions=12, n_embd=16, n_layer=1, n_head=2)
    net = transformers.GPT2LMHeadModel(config)
    tokens = np.random.default_rng(0).integers(0, 20, (48, 10))
    labels = tokens.copy()
    labels[:, 7:] = -100
    data = datasets.Dataset.from_dict({"input_ids": tokens, "labels": labels})
    tracker = xw.Tracker()
    run = Trainer(
        net,
        arguments(tmp_path, num_train_epochs=1),
        train_dataset=indexed(data),
        eval_dataset=indexed(data),
        callbacks=[TrackerCallback(tracker)],
    )
    run.train()
    net.eval()
    with torch.no_grad():
        z = net(torch.tensor(tokens)).logits[:, :-1].transpose(1, 2)
        want = F.cross_entropy(z, torch.tensor(labels)[:, 1:], reduction="none").sum(1) / 6
    np.testing.assert_allclose(matrix(tracker, "eval", 48)[0], want.numpy(), atol=1e-5)


def test_label_smoothing_takes_labels_by_index(tmp_path):
    tracker = xw.Tracker()
    run = Trainer(
        model(),
        arguments(tmp_path, label_smoothing_factor=0.1, eval_strategy="no"),
        train_dataset=indexed(rows()),
        callbacks=[TrackerCallback(tracker, labels=Y[:N])],
    )
    run.train()
    np.testing.assert_allclose(matrix(tracker, "train", N).mean(1), logged(run, "loss"), atol=2e-4)


def test_several_evaluation_sets(tmp_path):
    tracker = xw.Tracker()
    run = Trainer(
        model(),
        arguments(tmp_path, num_train_epochs=1),
        train_dataset=indexed(rows()),
        eval_dataset=indexed({"clean": evaluation(), "again": evaluation()}),
        callbacks=[TrackerCallback(tracker)],
    )
    run.train()
    assert sorted(tracker.ds_ids("eval")) == ["again", "clean"]
    values = tracker.instance_series(range(N_EVAL), "loss", mode="eval", ds_id="clean").values
    assert abs(float(values.mean()) - logged(run, "eval_clean_loss")[0]) < 1e-5


def test_resuming_from_a_checkpoint(tmp_path):
    whole = xw.Tracker()
    trainer(tmp_path / "whole", TrackerCallback(whole), model(0.0), num_train_epochs=3).train()

    class Halt(transformers.TrainerCallback):
        def on_save(self, args, state, control, **_):
            control.should_training_stop = True

    first = trainer(
        tmp_path / "cut", TrackerCallback(xw.Tracker()), model(0.0), num_train_epochs=3, save_strategy="epoch"
    )
    first.add_callback(Halt())
    first.train()
    tracker = xw.Tracker()
    resumed = trainer(tmp_path / "cut", TrackerCallback(tracker), model(0.0), num_train_epochs=3)
    resumed.train(resume_from_checkpoint=True)
    series = tracker.instance_series(range(N), "loss", mode="train")
    assert list(series.epochs) == [1, 2, 3]
    assert list(series.steps) == [6, 12, 18]
    # the first epoch is the first run's, exactly; after it this version of Trainer shuffles otherwise, hook or not
    np.testing.assert_allclose(series.values[:, 0], matrix(whole, "train", N)[0], atol=1e-5)
    np.testing.assert_allclose(series.values.mean(0)[1:], logged(resumed, "loss")[1:], atol=2e-4)
    assert tracker.counts("train").duplicates == 0


def test_short_steps_are_looked_at_together_and_a_checkpoint_waits_for_none(tmp_path, monkeypatch):
    looks = []
    look = PerSample.__call__

    def counted(*arguments):
        looks.append(arguments[4])
        return look(*arguments)

    monkeypatch.setattr(PerSample, "__call__", counted)
    monkeypatch.setattr(held, "SHORT", 1e9)
    monkeypatch.setattr(held, "WAIT", 1e10)
    plans = {"num_train_epochs": 1, "eval_strategy": "no", "save_strategy": "steps", "save_steps": 4}
    run = trainer(tmp_path, TrackerCallback(xw.Tracker()), model(0.0), **plans)
    run.train()
    assert looks == [32, 3 * 32, 2 * 32]  # the first batch at once; four are in the checkpoint, two are left
    (saved,) = tmp_path.glob("checkpoint-4/*.npz")
    assert xw.Tracker.load(saved).counts("train").rows == 4 * 32


def test_early_stopping_an_exception_and_a_polite_stop(tmp_path):
    class At(transformers.TrainerCallback):
        def __init__(self, step, action):
            self.step, self.action = step, action

        def on_step_begin(self, args, state, control, **_):
            if state.global_step == self.step:
                self.action()

    def fail():
        raise RuntimeError("the disk is full")

    tracker = xw.Tracker()
    callback = TrackerCallback(tracker)
    run = trainer(tmp_path, callback)
    run.add_callback(At(8, fail))
    with pytest.raises(RuntimeError, match="the disk is full"):
        run.train()
    callback.detach()
    assert np.isfinite(matrix(tracker, "train", N)).sum(1).tolist() == [N, 2 * 32]

    tracker = xw.Tracker()
    run = trainer(tmp_path, TrackerCallback(tracker), num_train_epochs=9)
    run.add_callback(At(8, tracker.request_stop))
    run.train()
    assert run.state.global_step == 9
    assert tracker.status == "ended"


@pytest.mark.slow
def test_a_compiled_model(tmp_path):
    torch._dynamo.reset()
    tracker, expected = xw.Tracker(), xw.Tracker()
    for one, options in (
        (expected, {}),
        (tracker, {"torch_compile": True, "torch_compile_backend": "eager"}),
    ):
        trainer(tmp_path, TrackerCallback(one), net=model(0.0), num_train_epochs=1, **options).train()
    np.testing.assert_allclose(matrix(tracker, "train", N), matrix(expected, "train", N), atol=1e-4)


def test_indexed_data_sets(tmp_path):
    assert indexed(rows())[5]["index"] == 5
    assert indexed(rows())[5]["labels"] == Y[5]
    assert decode(np.asarray(indexed(rows().with_format(None), key="note")[5:7]["index"])) == [
        "row 5",
        "row 6",
    ]
    both = indexed(datasets.DatasetDict({"a": rows(), "b": evaluation()}))
    assert both["b"][3]["index"] == 3
    stream = rows().with_format(None).to_iterable_dataset(num_shards=3)
    with pytest.raises(TypeError, match="streams"):
        indexed(stream)
    named = list(indexed(stream.shuffle(seed=1, buffer_size=50), key=lambda row: int(row["note"][4:])))
    assert sorted(row["index"] for row in named) == list(range(N))
    assert len({row["index"] for row in indexed(stream, key="content")}) == N
    with pytest.raises(KeyError, match="already"):
        indexed(indexed(rows()))


def test_a_trainer_without_indices_is_noticed(tmp_path):
    tracker = xw.Tracker()
    run = Trainer(
        model(),
        arguments(tmp_path, num_train_epochs=1, eval_strategy="no"),
        train_dataset=rows(),
        callbacks=[TrackerCallback(tracker)],
    )
    run.train()
    assert any("without an index" in problem for problem in tracker.problems)
