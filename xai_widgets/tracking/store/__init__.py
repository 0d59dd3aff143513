"""Columns of metrics per instance and epoch, and statistics per label."""
