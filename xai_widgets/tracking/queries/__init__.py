"""What is read from a tracker: series, rankings, tables, checkpoints."""
