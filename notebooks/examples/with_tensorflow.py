"""A custom tf.GradientTape loop."""

import keras
import tensorflow as tf
from common import digits, report

import xai_widgets as xw

hooks = xw.hooks.tensorflow
train, val = (hooks.indexed(tf.data.Dataset.from_tensor_slices(pair)) for pair in digits())
train, val = train.shuffle(1400).batch(64), val.batch(64)
model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(64, "relu"), keras.layers.Dense(10)])
optimizer = keras.optimizers.Adam(1e-3)
per_sample = hooks.per_sample(keras.losses.SparseCategoricalCrossentropy(from_logits=True))


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        losses = per_sample(y, logits)
        loss = tf.reduce_mean(losses)
    weights = model.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
    return losses, logits


tracker = xw.Tracker()
with hooks.watch(tracker, epochs=3) as run:
    for _ in range(3):
        for x, y, index in run.train(train):
            run.record(index, y, *step(x, y))
        for x, y, index in run.evaluate(val):
            logits = model(x)
            run.record(index, y, per_sample(y, logits), logits)
report(tracker)
