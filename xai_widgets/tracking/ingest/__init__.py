"""What `Tracker.record` does with a batch."""
