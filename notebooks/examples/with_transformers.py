"""Hugging Face Trainer: one callback, and data sets with an index column. A tiny vision transformer."""

import tempfile

from common import digits, report
from datasets import Dataset
from transformers import Trainer, TrainingArguments, ViTConfig, ViTForImageClassification

import xai_widgets as xw

train, val = (
    Dataset.from_dict({"pixel_values": x.reshape(-1, 1, 8, 8), "labels": y}).with_format("torch")
    for x, y in digits()
)
model = ViTForImageClassification(
    ViTConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        image_size=8,
        patch_size=2,
        num_channels=1,
        num_labels=10,
    )
)
tracker = xw.Tracker()
indexed = xw.hooks.transformers.indexed
trainer = Trainer(
    model,
    TrainingArguments(
        tempfile.mkdtemp(),
        num_train_epochs=3,
        per_device_train_batch_size=64,
        learning_rate=3e-3,
        use_cpu=True,
        eval_strategy="epoch",
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
    ),
    train_dataset=indexed(train),
    eval_dataset=indexed(val),
    callbacks=[xw.hooks.transformers.TrackerCallback(tracker)],
)
trainer.train()
report(tracker)
