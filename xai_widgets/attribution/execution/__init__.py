"""The plan of a call: which rows, in which chunks, and the loop that evaluates them."""
