"""Fonts for drawing: what is installed, and which characters it has."""

from __future__ import annotations

from functools import cache
from typing import Any

_SANS = (
    "DejaVu Sans",
    # for scripts DejaVu lacks; only those that are installed are used, so that nothing is warned about
    "Noto Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "PingFang SC",
    "Microsoft YaHei",
    "Malgun Gothic",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Arial Unicode MS",
)


@cache
def families() -> tuple[str, ...]:
    """Return the installed families of the list above, in order; DejaVu Sans comes with matplotlib."""
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    return tuple(name for name in _SANS if name in installed)


@cache
def font(size: float, weight: str = "normal", style: Any = "normal") -> Any:
    """Return matplotlib's font properties for a size in points."""
    from matplotlib.font_manager import FontProperties

    return FontProperties(
        family=list(families()), size=size, weight=weight, style=style, stretch="normal", variant="normal"
    )


@cache
def _characters() -> frozenset[int]:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    known: set[int] = set()
    for name in families():
        known.update(get_font(findfont(FontProperties(family=name))).get_charmap())
    return frozenset(known)


def drawable(text: str) -> str:
    """Replace what no installed font can draw by "□", as a browser does; variation marks and joiners are left out."""
    known = _characters()
    invisible = {0x200B, 0x200C, 0x200D, 0x2060, 0xFE0E, 0xFE0F, 0xFEFF}
    return "".join(c if ord(c) in known else "□" for c in text if ord(c) not in invisible)
