"""Draws the curves of `error.py` with matplotlib's object interface, in the house's colours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xai_widgets.figures import palette

Curves = dict[str, list[tuple[int, float]]]
"""Evaluations and error, by what made them."""

_ORDER = (
    "the engine's stream", "midpoints", "Gauss-Legendre (captum)", "both ends (FastEstimator, PAIR)", "independent draws",
    "grid of 6 draws", 'rule="secant"',
)  # fmt: skip


def draw(rows: Sequence[dict[str, Curves]], path: Path, dark: bool) -> None:
    """Draw one row of panels per network and save it."""
    from matplotlib.figure import Figure

    theme = palette.theme(dark)
    colours = dict(zip(_ORDER, palette.label_colors(len(_ORDER), dark), strict=True))
    columns = max(len(panels) for panels in rows)
    figure = Figure(
        figsize=(3.3 * columns, 2.9 * len(rows) + 0.6), facecolor=theme.background, layout="constrained"
    )
    axes = figure.subplots(len(rows), columns, squeeze=False)
    handles: dict[str, Any] = {}
    for line, panels in zip(axes, rows, strict=True):
        for ax, (title, curves) in zip(line, panels.items(), strict=True):
            _panel(ax, title, theme)
            for place, (label, points) in enumerate(curves.items()):
                first = label == _ORDER[0]
                (handles[label],) = ax.plot(
                    *zip(*points, strict=True),
                    color=colours[label],
                    linewidth=palette.SELECTED_WIDTH if first else palette.LINE_WIDTH,
                    dashes=palette.DASH_PATTERNS[palette.DASHES[place % 4]] or (1, 0),
                    zorder=3 if first else 2,
                )
    for ax in axes[-1]:
        ax.set_xlabel("gradient evaluations per picture", color=theme.muted, fontsize=8)
    for line in axes:
        line[0].set_ylabel("relative L2 error", color=theme.muted, fontsize=8)
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower center", ncols=3, fontsize=8, frameon=False,
        labelcolor=theme.text,
    )  # fmt: skip
    figure.savefig(path, dpi=110, facecolor=theme.background)


def _panel(ax: Any, title: str, theme: palette.Theme) -> None:
    ax.set_facecolor(theme.background)
    ax.set_title(title, color=theme.text, fontsize=9, loc="left")
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.xaxis.set_major_formatter(lambda value, place: f"{value:g}")
    ax.yaxis.set_major_formatter(_per_cent)
    ax.yaxis.get_minor_locator().set_params(subs=(2.0, 5.0))
    ax.yaxis.set_minor_formatter(_per_cent)
    ax.tick_params(colors=theme.muted, labelsize=7, which="both")
    ax.grid(True, color=theme.grid, linewidth=0.6)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(theme.grid)


def _per_cent(value: float, place: int) -> str:
    return f"{100 * value:g} %"
