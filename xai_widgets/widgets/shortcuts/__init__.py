"""Is it cheating? The rules of a data set that was explained as a whole, and what covering them does."""
