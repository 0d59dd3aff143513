"""The training side: safe points between two optimizer steps, training in the background."""
