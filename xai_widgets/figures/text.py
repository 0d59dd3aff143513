"""Strings as they are shown: names are data, whatever they hold."""

from __future__ import annotations

import unicodedata
from typing import Any

from xai_widgets._metrics import Metric


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
        elif kind == "Cs" or letter in "\ufffe\uffff":  # half of a pair, and what XML has no place for
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


def with_unit(metric: Metric) -> str:
    """Write a metric with its unit: "loss, nats"."""
    return f"{shown_text(metric.name)}, {metric.unit}" if metric.unit else shown_text(metric.name)
