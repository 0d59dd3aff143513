"""Keras parts of the hook tests."""

from __future__ import annotations

import keras
import numpy as np
from hooks_common import CLASSES, N_EVAL, Known, N, digits

X, Y = digits()
BATCH = 32


def layers(outputs=CLASSES, activation="softmax") -> list:
    return [
        keras.Input((64,)),
        keras.layers.Dense(24, activation="relu"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.1),
        keras.layers.Dense(outputs, activation=activation),
    ]


def net(
    loss="sparse_categorical_crossentropy", *, kind=None, outputs=CLASSES, activation="softmax", **options
):
    keras.utils.set_random_seed(0)
    model = (kind or keras.Sequential)(layers(outputs, activation))
    options = {"metrics": ["accuracy"], "optimizer": keras.optimizers.SGD(0.1, momentum=0.9), **options}
    model.compile(loss=loss, **options)
    return model


class Noting(keras.Sequential):
    """A model that notes, in eager mode and without any hook, what every sample's loss was."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if isinstance(y, dict):
            y, index = y["y"], y["index"]
            if hasattr(self, "note"):
                values = keras.losses.sparse_categorical_crossentropy(y, y_pred)
                self.note(bool(training), np.asarray(index), keras.ops.convert_to_numpy(values))
        return super().compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return super().compute_metrics(x, y["y"], y_pred, sample_weight=sample_weight)


def plain_run(epochs=3, **options) -> Known:
    """Train without any hook and note every per-sample loss."""
    model = net(kind=Noting, run_eagerly=True)
    known, epoch = Known({}), 0

    class Epochs(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            # only now: before this, Keras calls the loss to learn shapes
            self.model.__dict__["note"] = lambda training, index, values: known.add(
                "train" if training else "eval", epoch, index, values
            )

        def on_epoch_begin(self, number, logs=None):
            nonlocal epoch
            epoch = number + 1

    def marked(x, y):
        return x, {"y": y, "index": np.arange(len(y))}

    keras.utils.set_random_seed(9)
    model.fit(
        *marked(X[:N], Y[:N]),
        batch_size=BATCH,
        epochs=epochs,
        verbose=0,
        validation_data=marked(X[N:], Y[N:]),
        callbacks=[Epochs()],
        **options,
    )
    return known


__all__ = ["BATCH", "CLASSES", "N_EVAL", "Known", "N", "X", "Y", "net", "plain_run"]
