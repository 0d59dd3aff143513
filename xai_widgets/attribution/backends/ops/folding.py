"""Short vectors in place of long ones, where only their distances are asked for.

A long vector is cut into parts of one length, and these are added up with random signs (count sketch; Charikar, Chen and
Farach-Colton, "Finding frequent items in data streams", ICALP 2002; Weinberger et al., "Feature hashing for large scale
multitask learning", ICML 2009). Squared norms and products stay what they are but for about one in a hundred, whichever
numbers the vectors are made of, and every number is read once.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.inputs import counter_rng

LENGTH = 8191
"""Numbers of a folded vector; shorter ones are left as they are. A prime: one pixel's channels do not fall together."""
_SIGNS = np.uint64(0x51)


def parts(size: int) -> list[slice]:
    """Return what is added up of vectors of this size: slices of `LENGTH` numbers, of which the last one may lap over."""
    starts = range(0, size, LENGTH)
    return [slice(min(start, size - LENGTH), min(start + LENGTH, size)) for start in starts]


@functools.lru_cache(maxsize=8)
def signs(size: int) -> NDArray[np.float32]:
    """Return the sign of every number of each part, (P, LENGTH); 0 for what an earlier part has."""
    drawn = counter_rng.draw(np.array([_SIGNS]), size, counter_rng.centred_table())[0]
    found = np.sign(drawn)
    each = np.stack([found[part] for part in parts(size)])
    each[-1, : len(each) * LENGTH - size] = 0
    return each
