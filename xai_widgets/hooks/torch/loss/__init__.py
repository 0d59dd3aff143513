"""What a call of the loss says of every instance of a batch, and what proves it."""
