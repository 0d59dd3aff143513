"""Which of the tensors that a model returns is explained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Place = tuple["int | str", ...]
"""Steps into what a model returns: places in sequences, keys of mappings, names of attributes; () is all of it."""
NAMES = ("logits", "output", "out")
"""Keys and attributes that say by themselves that the outputs are under them."""


def place_of(given: Any) -> Place | None:
    """Bring what a user says, ``output=``, to a place.

    Raises
    ------
    TypeError
        It is neither a number, nor a key, nor a tuple of these.
    """
    if given is None:
        return None
    steps = tuple(given) if isinstance(given, (tuple, list)) else (given,)
    if any(isinstance(step, bool) or not isinstance(step, (int, str)) for step in steps):
        raise TypeError(
            f"output should be a place in what the model returns: a number, a key, or a tuple of these for outputs within "
            f"outputs; got {given!r}"
        )
    return steps


def main_output(output: Any, place: Place | None = None) -> Any:
    """Return the tensor at a place, or the only one that it can be.

    Parameters
    ----------
    output
        What a model returned.
    place
        Where to look. By default what is called "logits", "output" or "out", or the only tensor there is.

    Returns
    -------
    tensor
        Or ``output`` as it came, where it holds several tensors and nothing says which.

    Raises
    ------
    ValueError
        There is nothing at that place; the text lists what there is.
    """
    if place is not None:
        found = output
        for step in place:
            found = _stepped(found, step, output, place)
        return found
    if hasattr(output, "shape"):
        return output
    for name in NAMES:
        if isinstance(output, Mapping) and name in output:
            return output[name]
    if hasattr(output, "logits"):
        return output.logits
    tensors = [one for _, one in tensors_of(output) if len(one.shape)]  # a loss beside it has no rows
    return tensors[0] if len(tensors) == 1 else output


def tensors_of(output: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """List the tensors in what a model returned, with their places."""
    if hasattr(output, "shape"):
        yield place, output
    elif isinstance(output, Mapping):
        for key, one in output.items():
            yield from tensors_of(one, (*place, key))
    elif isinstance(output, Sequence) and not isinstance(output, str):
        for number, one in enumerate(output):
            yield from tensors_of(one, (*place, number))


def listed(output: Any) -> str:
    """Write the places and shapes of what a model returned: "0: (8, 12), 1: (8, 4)"."""
    found = [
        f"{place[0]!r}: {tuple(one.shape)}" if len(place) == 1 else f"{place!r}: {tuple(one.shape)}"
        for place, one in tensors_of(output)
    ]
    return ", ".join(found[:12]) or type(output).__name__


def _stepped(found: Any, step: int | str, output: Any, place: Place) -> Any:
    try:
        return found[step]
    except (KeyError, IndexError, TypeError):
        if isinstance(step, str) and hasattr(found, step):
            return getattr(found, step)
    raise ValueError(
        f"the model returns nothing at output={place[0] if len(place) == 1 else place!r}; it returns {listed(output)}"
    )
