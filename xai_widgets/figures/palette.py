"""The colours of every view, as plain numbers: labels, roles, themes and colour maps. Needs numpy only.

The widgets and the front-end use the same values, so that a picture made without a browser looks like the live one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

# Okabe and Ito's colours (without black, and with yellow left out for paper), then four that keep apart from them;
# on dark ground the deep ones are lifted until they stand out at least 3:1
_LIGHT = [
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#d55e00",
    "#cc79a7",
    "#56b4e9",
    "#8c6d1f",
    "#5f5f5f",
    "#7a52a0",
    "#b4495b",
]
_DARK = [
    "#3d95d6",
    "#e69f00",
    "#1fb88c",
    "#f0803c",
    "#d78fb8",
    "#7cc8f2",
    "#b08d33",
    "#a3a3a3",
    "#a683cf",
    "#d9667a",
]

DASHES = ("solid", "dashed", "dotted", "dash_dotted")
"""Line styles, the second code beside colour; the names bqplot knows."""

# neighbours, and all colours that a colour-blind eye confuses, have different dashes (found by trying all orders)
_FIRST_DASH = (0, 1, 2, 0, 3, 1, 3, 0, 2, 1)

DASH_PATTERNS: dict[str, tuple[float, ...]] = {
    "solid": (),
    "dashed": (5.0, 2.5),
    "dotted": (1.2, 1.8),
    "dash_dotted": (5.0, 2.0, 1.2, 2.0),
}
"""Lengths of stroke and gap of each line style, in line widths."""

MARKERS = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "plus", "star")
"""Point shapes: one per ds_id, and the third code where labels are more than forty."""

MODE_DASHES = {"train": "solid", "eval": "dashed", "test": "dotted", "infer": "dash_dotted"}
"""The line style of each mode where several modes are drawn at once."""

HARDEST, HARDEST_DARK = "#d55e00", "#f0803c"
EASIEST, EASIEST_DARK = "#009e73", "#2cc295"
PINNED, PINNED_DARK = "#1d2129", "#e6e9ef"
ACCENT, ACCENT_DARK = "#0072b2", "#56b4e9"

SELECTED_WIDTH, LINE_WIDTH = 2.5, 1.25
"""Widths of the selected line and of the others, in CSS pixels."""

PALE = 0.75
"""Opacity of the lines that are not selected."""

BAND = 0.14
"""Opacity of a band."""


@dataclass(frozen=True)
class Theme:
    """The colours of one theme, as "#rrggbb"; ``panel`` is the ground of a chosen or hovered row."""

    dark: bool
    background: str
    text: str
    muted: str
    grid: str
    panel: str
    accent: str
    hardest: str
    easiest: str
    pinned: str


_THEMES = {
    False: Theme(
        False, "#ffffff", "#1d2129", "#667085", "#e4e7ec", "#f6f7f9", ACCENT, HARDEST, EASIEST, PINNED
    ),
    True: Theme(
        dark=True,
        background="#14171c",
        text="#e6e9ef",
        muted="#98a2b3",
        grid="#2b313b",
        panel="#1c2129",
        accent=ACCENT_DARK,
        hardest=HARDEST_DARK,
        easiest=EASIEST_DARK,
        pinned=PINNED_DARK,
    ),
}


@dataclass(frozen=True)
class LabelStyle:
    """How one label is drawn: "#rrggbb", one of ``DASHES``, one of ``MARKERS``."""

    color: str
    dash: str
    marker: str


def theme(dark: bool = False) -> Theme:
    """Return the light or the dark theme."""
    return _THEMES[bool(dark)]


def label_colors(n: int, dark: bool = False) -> list[str]:
    """Return a colour for each of ``n`` labels.

    Parameters
    ----------
    n : int
        How many labels; after ten the colours come again (with other dashes, see ``label_style``).
    dark : bool, default False
        For a dark ground.

    Returns
    -------
    list of str
        "#rrggbb" each.

    Raises
    ------
    ValueError
        If ``n`` is negative.
    """
    if n < 0:
        raise ValueError(f"n should be 0 or more labels, got {n}")
    colors = _DARK if dark else _LIGHT
    return [colors[i % len(colors)] for i in range(n)]


def label_style(position: int, dark: bool = False) -> LabelStyle:
    """Return colour, dash and marker of the label at a position among the sorted label values.

    Colour and dash together are unique for 40 labels, with the marker for 320. A label keeps its style whatever is
    filtered and however the legend is ordered, as long as its position among all labels is given.

    Raises
    ------
    ValueError
        If the position is negative.
    """
    if position < 0:
        raise ValueError(f"a label's position should be 0 or more, got {position}")
    around, color = divmod(position, len(_LIGHT))
    return LabelStyle(
        (_DARK if dark else _LIGHT)[color],
        DASHES[(_FIRST_DASH[color] + around) % len(DASHES)],
        MARKERS[around // len(DASHES) % len(MARKERS)],
    )


def label_styles(n: int, dark: bool = False) -> list[LabelStyle]:
    """Return the styles of labels 0 to n - 1."""
    return [label_style(i, dark) for i in range(n)]


COLORMAPS = ("inferno", "viridis", "gray", "blue-orange")
"""Names of the built-in colour maps; "blue-orange" is for signed values, its middle is zero."""

# Every third of the 256 colours of the maps by Smith and van der Walt (CC0); a line between them is within 1/255.
_INFERNO = (
    "00000401010802020e04031407051b0a07220d0829110a30150b37190c3e1e0c45230c4c280b532d0b59320a5e3809623d0965"
    "420a68470b6a4c0c6b510e6c550f6d5a116e5f136e64156e69166e6d186e721a6e771c6d7c1d6d801f6c85216b8a226a8f2469"
    "9326679827669d2964a22b62a62d60ab2f5eb0315bb43359b93556bd3853c13a50c63d4dca404ace4347d24644d54a41d94d3d"
    "dd513ae05536e35933e65d2fe9612beb6628ee6a24f06f20f2741cf47918f67e14f78410f8890cf98e09fa9407fb9906fc9f07"
    "fca50afcaa0ffcb014fbb61afbbc21fac228f9c72ff8cd37f7d340f5d949f4df53f3e55df2ea69f1ef75f2f482f4f88ef8fb9a"
    "fcffa4"
)
_VIRIDIS = (
    "440154450559460a5d470e61471365481769481b6d481f70482374482677472a7a472e7c46327e453581443983433d84424086"
    "4144873f47883e4a893d4e8a3b518b3a548c38588c375b8d355e8d34618d32648e31678e306a8e2e6d8e2d708e2c728e2b758e"
    "2a788e297b8e277e8e26818e25838e24868e23898e228c8d218f8d20928c1f948c1f978b1f9a8a1e9d891fa0881fa28721a585"
    "22a88425ab8227ad812ab07f2eb37c32b67a37b8783bbb7540bd7246c06f4cc26c52c56958c7655ec96265cb5e6ccd5a73d056"
    "7ad15181d34d89d54890d74398d83ea0da39a8db34b0dd2fb8de29c0df25c8e020d0e11cd8e219dfe318e7e419efe51cf6e620"
    "fde725"
)
# blue over near-white to orange; both ends equally dark, as in ColorBrewer's diverging maps
_BLUE_ORANGE = "08306b1f5f9e4a90c495c3e3f4f4f2f6c58fe08f39b45f067a3a04"


@cache
def _table(name: str) -> NDArray[np.uint8]:
    if name == "gray":
        table = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    else:
        points = {"inferno": _INFERNO, "viridis": _VIRIDIS, "blue-orange": _BLUE_ORANGE}[name]
        given = np.frombuffer(bytes.fromhex(points), np.uint8).reshape(-1, 3)
        at, wanted = np.linspace(0, 255, len(given)), np.arange(256)
        table = np.stack([np.rint(np.interp(wanted, at, given[:, c])) for c in range(3)], axis=1).astype(
            np.uint8
        )
    table.flags.writeable = False
    return table


def colormap(name: str = "inferno") -> NDArray[np.uint8]:
    """Return a colour map as a table.

    Parameters
    ----------
    name : str, default "inferno"
        "inferno", "viridis", "gray", "blue-orange" (signed, zero in the middle), or, with matplotlib installed, any of
        matplotlib's names. A trailing "_r" turns it round.

    Returns
    -------
    numpy.ndarray
        uint8, (256, 3), read-only.

    Raises
    ------
    ValueError
        If there is no such colour map.

    Examples
    --------
    >>> colormap("inferno")[255]
    array([252, 255, 164], dtype=uint8)
    """
    plain = name[:-2] if isinstance(name, str) and name.endswith("_r") else name
    if plain in COLORMAPS:
        return _table(plain) if plain == name else _table(plain)[::-1]
    return _of_matplotlib(name)


def _of_matplotlib(name: str) -> NDArray[np.uint8]:
    try:
        from matplotlib import colormaps

        chosen = colormaps[name].resampled(256)
    except (ImportError, KeyError, TypeError) as error:
        raise ValueError(
            f"no colour map {str(name)[:40]!r}; built in are {', '.join(COLORMAPS)}, "
            "and those of matplotlib where it is installed"
        ) from error
    return np.asarray(np.rint(chosen(np.arange(256))[:, :3] * 255), np.uint8)


def paint(mask: NDArray[np.floating], name: str = "inferno") -> NDArray[np.uint8]:
    """Colour a mask.

    Parameters
    ----------
    mask : numpy.ndarray
        (H, W) in [0, 1]; NaN counts as 0, what is outside is clipped.
    name : str, default "inferno"
        The colour map.

    Returns
    -------
    numpy.ndarray
        uint8, (H, W, 3).
    """
    unit = np.clip(np.nan_to_num(np.asarray(mask, np.float32), nan=0.0), 0, 1)
    return np.asarray(colormap(name)[np.rint(unit * 255).astype(np.uint8)])
