"""Strings and numbers as they are shown: names are data, whatever they hold, and numbers stop at what is known."""

from __future__ import annotations

import math
import unicodedata
from typing import Any

NATS = frozenset({"loss", "ce", "cross_entropy", "crossentropy", "nll", "ce_loss", "log_loss"})
"""Metrics whose unit is nats."""

_BETTER_HIGH = (
    "acc",
    "accuracy",
    "confidence",
    "margin",
    "correct",
    "correctness",
    "precision",
    "recall",
    "f1",
    "score",
)


def shown_text(value: Any, limit: int = 40) -> str:
    """Make any value a single line that can be shown.

    Control characters and line ends become spaces (NUL becomes "␀"), characters that turn the direction of what
    follows are left out, and what is longer than ``limit`` ends with an ellipsis. Nothing is interpreted.

    Parameters
    ----------
    value : object
        Usually a label name or an index.
    limit : int, default 40
        Longest result, in columns (a wide character counts two).
    """
    text = str(value)[: 4 * limit + 64]  # 10 kB names are cut before they are looked at letter by letter
    kept: list[str] = []
    columns = 0
    for letter in text:
        kind = unicodedata.category(letter)
        if letter == "\0":
            letter = "␀"
        elif kind in ("Cc", "Zl", "Zp"):
            letter = " "
        elif kind == "Cs":  # half of a pair: cannot be written as UTF-8
            letter = "\ufffd"
        elif kind == "Cf" and unicodedata.bidirectional(letter) in _TURNING:
            continue
        width = 0 if kind in ("Mn", "Me", "Cf") else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if columns + width > limit:
            # the last kept letters make room for the ellipsis
            while kept and columns + 1 > limit:
                gone = kept.pop()
                columns -= 2 if unicodedata.east_asian_width(gone) in "WF" else 1
            return "".join(kept).rstrip() + "…"
        kept.append(letter)
        columns += width
    return "".join(kept) if len(str(value)) <= len(text) else "".join(kept).rstrip() + "…"


_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def shown_index(index: Any, limit: int = 24) -> str:
    """Show the index of an instance: "#10" for a number, the text itself for a name."""
    is_number = isinstance(index, int) or hasattr(index, "dtype")
    return f"#{index}" if is_number else shown_text(index, limit)


def number(value: float) -> str:
    """Show a number with two decimals, fewer where it is large, two significant digits where it is tiny.

    Examples
    --------
    >>> [number(v) for v in (1.234, 0.0042, 45.678, 1234.5, float("nan"))]
    ['1.23', '0.0042', '45.7', '1,234', '–']
    """
    value = float(value) + 0.0  # cross-entropy of a sure prediction is -0.0
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if size >= 1e6:
        text = f"{value:.2e}"
    elif size >= 1000:
        text = f"{value:,.0f}"
    elif size >= 100:
        text = f"{value:.0f}"
    elif size >= 10:
        text = f"{value:.1f}"
    elif size == 0 or size >= 0.01:
        text = f"{value:.2f}"
    else:
        text = f"{value:.2g}" if size >= 1e-4 else f"{value:.0e}"
    return text.replace("-", "−")


def percent(fraction: float) -> str:
    """Show a fraction as percent: "1.8 %", from ten on without decimals."""
    if math.isnan(fraction):
        return "–"
    value = 100 * fraction
    if 0 < abs(value) < 0.05:
        return "< 0.1 %"
    return f"{value:.1f} %" if abs(value) < 9.95 else f"{value:,.0f} %"


def unit_of(metric: str) -> str:
    """Give the unit of a metric: "nats" for losses, otherwise nothing."""
    return "nats" if metric.lower() in NATS else ""


def with_unit(metric: str) -> str:
    """Show a metric with its unit: "loss, nats"."""
    unit = unit_of(metric)
    return f"{shown_text(metric)}, {unit}" if unit else shown_text(metric)


def high_is_hard(metric: str) -> bool:
    """Tell whether a large value of a metric means a hard class (a loss) or an easy one (an accuracy)."""
    words = metric.lower().replace("-", "_").split("_")
    return not any(word in _BETTER_HIGH for word in words)
