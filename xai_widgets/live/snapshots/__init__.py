"""Copies of models and of their weights."""
