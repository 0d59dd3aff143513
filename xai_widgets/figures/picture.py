"""A finished figure: its PNG, its SVG, its text."""

from __future__ import annotations

import io
import os
import re
import threading
from pathlib import Path
from typing import Any

import numpy as np

# the salt of SVG ids and the kind of its text are process-wide settings; held only while one file is written
_writing = threading.RLock()


def _after_fork() -> None:
    global _writing
    _writing = threading.RLock()  # a thread that held it is not there in the child


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class StaticFigure:
    """A picture made without a browser.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        The drawing itself, for those who want to add to it.
    description : str
        What is to be seen, in words.
    """

    def __init__(self, figure: Any, description: str) -> None:
        self.figure = figure
        self.description = description

    def __repr__(self) -> str:
        width, height = self.size
        return f"<figure {width} × {height} px: {self.description}>"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in CSS pixels."""
        width, height = self.figure.get_size_inches()
        return round(width * 96), round(height * 96)

    def png(self, dpi: float = 192) -> bytes:
        """Return the picture as PNG; 96 dpi is one pixel per CSS pixel.

        Raises
        ------
        ValueError
            If ``dpi`` is not between 10 and 2,400.
        """
        return self._written("png", dpi)

    def svg(self) -> str:
        """Return the picture as SVG. Its texts are text: they can be found, copied and read aloud."""
        return self._written("svg", 192).decode("utf-8")

    def save(self, path: str | os.PathLike[str], dpi: float = 192) -> Path:
        """Write a .png or .svg file.

        Parameters
        ----------
        path : str or path
            The ending chooses the format.
        dpi : float, default 192
            Pixels per inch of a PNG, and of the images inside an SVG.

        Returns
        -------
        pathlib.Path
            Where it was written.

        Raises
        ------
        ValueError
            If the ending is neither .png nor .svg.
        """
        target = Path(path)
        kind = target.suffix.lower().lstrip(".")
        if kind not in ("png", "svg"):
            raise ValueError(f"a figure is saved as .png or .svg, got {target.name[:80]!r}")
        content = self._written(kind, dpi)
        # a half-written file never stands under the name
        partial = target.with_name(f".{target.name}.part")
        partial.write_bytes(content)
        os.replace(partial, target)
        return target

    def _written(self, kind: str, dpi: float) -> bytes:
        if not 10 <= dpi <= 2400:
            raise ValueError(f"dpi should be between 10 and 2,400, got {dpi}")
        with _writing:
            before = self.figure.dpi
            try:
                return self._as_png(dpi) if kind == "png" else self._as_svg(dpi)
            finally:
                self.figure.set_dpi(before)

    def _as_png(self, dpi: float) -> bytes:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from PIL import Image

        self.figure.set_dpi(dpi)
        canvas = FigureCanvasAgg(self.figure)
        canvas.draw()
        content = io.BytesIO()
        # the canvas is opaque; alpha would only make the file larger
        pixels = np.asarray(canvas.buffer_rgba())[..., :3]
        Image.fromarray(np.ascontiguousarray(pixels)).save(content, "PNG", dpi=(dpi, dpi))
        return content.getvalue()

    def _as_svg(self, dpi: float) -> bytes:
        import matplotlib
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        settings: dict[str, Any] = {
            "svg.fonttype": "none",
            "svg.hashsalt": "xai_widgets",
            "svg.image_inline": True,
            "savefig.bbox": "standard",
            "savefig.transparent": False,
        }
        metadata = {"Date": None, "Creator": "xai_widgets", "Title": self.description}
        content = io.BytesIO()
        with matplotlib.rc_context(settings):
            canvas: Any = FigureCanvasSVG(self.figure)
            canvas.print_figure(
                content,
                format="svg",
                dpi=dpi,
                facecolor=self.figure.get_facecolor(),
                edgecolor="none",
                metadata=metadata,
            )
        # a reader's machine may lack the font: Verdana is its closest relative; "<" keeps this out of the names
        return re.sub(
            rb"(<text style=\"[^\"<]*)'DejaVu Sans'",
            rb"\1'DejaVu Sans', Verdana, sans-serif",
            content.getvalue(),
        )

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        width, height = self.size
        return self.png(), {"width": width, "height": height}
