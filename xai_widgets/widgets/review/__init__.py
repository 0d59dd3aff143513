"""The review: a worklist of instances to decide on while the network trains."""
