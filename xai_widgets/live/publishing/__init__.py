"""Redraws of views: how often, how much, and what the browser has acknowledged."""
