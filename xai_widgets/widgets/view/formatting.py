"""How names and numbers are written; everything that reaches the browser as text passes here."""

from __future__ import annotations

import hashlib
import math

import numpy as np

from xai_widgets.figures.scale import count_ticks, covering_ticks


def clean(text: object, limit: int = 80) -> str:
    """Make a text of data fit to be shown: bounded, one line, no control characters, valid Unicode."""
    said = text if isinstance(text, str) else str(text)
    cut = said[: limit - 1] + "…" if len(said) > limit else said
    plain = "".join(c if c.isprintable() or c == " " else "\N{REPLACEMENT CHARACTER}" for c in cut)
    return plain.encode("utf-8", "replace").decode("utf-8")


def index_text(index: int | str) -> str:
    """Write an index value: "#10", or the text itself."""
    return f"#{index}" if isinstance(index, int) else clean(index, 40)


def key_of(value: object) -> str:
    """Return a short key for an index or a label, unique per value, that the browser may send back."""
    if isinstance(value, int):
        return f"i{value}" if -(2**62) < value < 2**62 else f"i{_digest(str(value))}"
    return f"s{_digest(str(value))}"


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()


def axis_title(metric: str, unit: str) -> str:
    """Write the title of a value axis: "loss, nats"."""
    return f"{clean(metric, 30)}, {unit}" if unit else clean(metric, 30)


def value_axis(low: float, high: float) -> tuple[float, float, list[float]]:
    """Choose round ends and ticks for a value axis that shows everything between ``low`` and ``high``.

    Returns
    -------
    tuple
        Lower end, upper end, ticks. Values that are all positive start at 0.
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        low, high = 0.0, 1.0
    if low >= 0:
        low = 0.0
    if high <= low:
        high = low + 1.0
    # closer together than can be told apart on a tick
    high = max(high, low + max(1e-9, 1e-6 * max(abs(low), abs(high))))
    ticks = covering_ticks(low, high, 4)
    return ticks[0], ticks[-1], ticks


def epoch_axis(planned: int | None, last: int) -> tuple[float, float, list[float]]:
    """Choose an epoch axis as long as the run will be; of unknown length it grows in few, large steps."""
    end = max(planned or 0, last)
    if not planned:
        end = next(length for length in _lengths() if length >= last)
    end = max(end, 2)
    return 1.0, float(end), count_ticks(end, most=6)


def _lengths() -> list[int]:
    return [n * 10**power for power in range(1, 12) for n in (1, 2, 5)]


def thin_out(epochs: np.ndarray, most: int = 200) -> np.ndarray:
    """Choose at most ``most`` columns of a long history, the same ones while it grows, and always the last."""
    count = len(epochs)
    stride = 1
    while -(-count // stride) > most - 1:
        stride *= 2
    chosen = np.arange(0, count, stride)
    return chosen if count == 0 or chosen[-1] == count - 1 else np.append(chosen, count - 1)
