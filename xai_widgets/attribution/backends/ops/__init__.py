"""The vector operations that the algorithms are written in, for numpy (the reference), torch and TensorFlow."""
