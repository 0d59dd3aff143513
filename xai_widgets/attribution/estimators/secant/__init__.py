"""Integrated gradients by secants, an estimator of its own with its part of the torch backend; other frameworks have none."""
