"""Gradients of TensorFlow and Keras models."""
