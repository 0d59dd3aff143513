"""A sheet to draw on: one matplotlib figure, measured in CSS pixels from its top left corner.

Every property is given outright, so that a user's style (``plt.style.use``, ``usetex``, ``xkcd``) changes nothing here,
and nothing here changes his.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.figures import palette
from xai_widgets.figures.drawing.fonts import drawable, font
from xai_widgets.figures.picture import StaticFigure

PX = 0.75  # points per CSS pixel
TITLE, BODY, SMALL = 13.0, 12.0, 10.5


class Sheet:
    """A figure of ``width`` x ``height`` CSS pixels in one theme."""

    def __init__(self, width: float, height: float, *, dark: bool = False) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.width, self.height = float(width), float(height)
        self.theme = palette.theme(dark)
        self.figure: Any = Figure(
            figsize=(self.width / 96, self.height / 96),
            dpi=96,
            facecolor=self.theme.background,
            edgecolor="none",
        )
        self.figure.set_layout_engine("none")  # a user's style may ask for one
        self.figure.suppressComposite = True  # each picture stays one of its own in an SVG
        self._wall: Any = None
        quiet(self.figure.patch)
        self._renderer: Any = FigureCanvasAgg(self.figure).get_renderer()

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = BODY,
        color: str | None = None,
        weight: str = "normal",
        style: str = "normal",
        ha: str = "left",
        va: str = "center",
        rotation: float = 0,
        max_width: float | None = None,
    ) -> float:
        """Write one line and give its width; what is wider than ``max_width`` ends with an ellipsis."""
        properties = font(size * PX, weight, style)
        line = drawable(text)
        if max_width is not None:
            line = self._fitted(line, properties, max_width)
        written = self.figure.text(
            x / self.width,
            1 - y / self.height,
            line,
            fontproperties=properties,
            color=color or self.theme.text,
            ha=ha,
            va="center_baseline" if va == "center" else va,
            rotation=rotation,
            parse_math=False,
            usetex=False,
            rasterized=False,
        )
        quiet(written)
        return self._width(line, properties)

    def measure(self, text: str, size: float = BODY, weight: str = "normal") -> float:
        """Return the width a line would have, in pixels."""
        return self._width(drawable(text), font(size * PX, weight))

    def line(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        color: str,
        *,
        width: float = 1.0,
        dash: str = "solid",
        alpha: float = 1.0,
        behind: bool = False,
    ) -> None:
        """Draw a line through points of the sheet; ``behind`` puts it under every plot."""
        from matplotlib.lines import Line2D

        line = Line2D(
            np.asarray(xs) / self.width,
            1 - np.asarray(ys) / self.height,
            transform=self.figure.transFigure,
            color=color,
            alpha=alpha,
            linewidth=width * PX,
            linestyle=dash_style(dash),
            solid_capstyle="butt",
            dash_capstyle="butt",
            marker="none",
            zorder=-1 if behind else 2,
        )
        self.figure.add_artist(quiet(line))

    def box(self, x: float, y: float, width: float, height: float, color: str, *, alpha: float = 1.0) -> None:
        """Fill a rectangle."""
        from matplotlib.patches import Rectangle

        patch = Rectangle(
            (x / self.width, 1 - (y + height) / self.height),
            width / self.width,
            height / self.height,
            transform=self.figure.transFigure,
            facecolor=color,
            edgecolor="none",
            linewidth=0,
            alpha=alpha,
            zorder=-2,
        )
        self.figure.add_artist(quiet(patch))

    def axes(self, x: float, y: float, width: float, height: float) -> Any:
        """Make bare axes on a rectangle: no frame, no ticks."""
        axes = self.figure.add_axes(
            (x / self.width, 1 - (y + height) / self.height, width / self.width, height / self.height),
            frameon=False,
            facecolor="none",
        )
        axes.set_autoscale_on(False)
        axes.grid(False, which="both")
        axes.set_axisbelow(True)
        axes.set_xticks([])
        axes.set_yticks([])
        quiet(axes.patch)
        for side in axes.spines.values():
            side.set_visible(False)
        return axes

    def image(self, x: float, y: float, width: float, height: float, pixels: NDArray[np.uint8]) -> None:
        """Show a picture: enlarged without smoothing, shrunk by averaging."""
        rows, columns = pixels.shape[:2]
        shown = pixels
        if rows > 2 * height or columns > 2 * width:
            from PIL import Image

            size = (min(columns, round(2 * width)), min(rows, round(2 * height)))
            shown = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))
        if (
            self._wall is None
        ):  # all pictures hang in one frame: a frame each would cost more than the picture
            self._wall = self.axes(0, 0, self.width, self.height)
            self._wall.set_xlim(0, self.width)
            self._wall.set_ylim(self.height, 0)
        image = self._wall.imshow(
            shown,
            interpolation="nearest",
            aspect="auto",
            origin="upper",
            extent=(x, x + width, y + height, y),
            resample=False,
            clip_on=False,
        )
        quiet(image)

    def finished(self, description: str) -> StaticFigure:
        """Hand the drawing over; ``description`` is its text for those who cannot see it."""
        return StaticFigure(self.figure, description)

    def _width(self, line: str, properties: Any) -> float:
        if not line:
            return 0.0
        return float(self._renderer.get_text_width_height_descent(line, properties, ismath=False)[0])

    def _fitted(self, line: str, properties: Any, limit: float) -> str:
        if self._width(line, properties) <= limit:
            return line
        low, high = 0, len(line)
        while low < high:
            middle = (low + high + 1) // 2
            if self._width(line[:middle].rstrip() + "…", properties) <= limit:
                low = middle
            else:
                high = middle - 1
        return line[:low].rstrip() + "…"


def quiet(artist: Any) -> Any:
    """Take off what a user's style may give to every artist: sketches, path effects, rough edges."""
    artist.set_sketch_params(None)
    artist.set_path_effects([])
    if hasattr(artist, "set_antialiased"):
        artist.set_antialiased(True)
    return artist


def dash_style(name: str) -> Any:
    """Return matplotlib's line style for one of our dash names."""
    pattern = palette.DASH_PATTERNS[name]
    return (0, pattern) if pattern else "solid"


MARKER_SHAPES = {
    "circle": "o",
    "square": "s",
    "triangle-up": "^",
    "diamond": "D",
    "triangle-down": "v",
    "cross": "X",
    "plus": "P",
    "star": "*",
}
"""Matplotlib's names of our marker shapes."""
