"""One entry per attribution method."""
