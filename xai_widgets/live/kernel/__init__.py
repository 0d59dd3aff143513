"""The Jupyter kernel: which host runs it, and how messages are handled while a cell runs."""
