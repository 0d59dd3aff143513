"""Keras fit: a callback, and data that names its instances."""

import keras
from common import digits, report

import xai_widgets as xw

train, val = digits()
model = keras.Sequential(
    [keras.Input((64,)), keras.layers.Dense(64, "relu"), keras.layers.Dense(10, "softmax")]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

tracker = xw.Tracker()
indexed = xw.hooks.keras.indexed
callback = xw.hooks.keras.TrackerCallback(tracker, model)
model.fit(
    *indexed(*train), epochs=3, batch_size=64, verbose=2, validation_data=indexed(*val), callbacks=[callback]
)
report(tracker)
