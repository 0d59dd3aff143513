"""The C library's heap, which a chunk's activations come from and go back to."""

from __future__ import annotations

import numpy as np

_LARGE = 31 << 20  # just below the 32 MiB up to which the limit follows what is freed


def keep_freed_memory() -> None:
    """Let the C library keep up to 62 MiB of freed memory for the next chunk, where it would give it back to the system.

    What was given back has to be asked for again page by page: on a small network that took a quarter of the time, or none,
    by what the process had done before. On Linux (glibc) the limit is twice the largest block that was ever freed, see
    mallopt(3), so a block is freed; not a page of it is touched. Elsewhere this does nothing.
    """
    np.empty(_LARGE, np.uint8)
