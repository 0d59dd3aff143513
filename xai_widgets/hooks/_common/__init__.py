"""What every adapter shares: identity of instances, feeding the tracker, versions of frameworks."""
