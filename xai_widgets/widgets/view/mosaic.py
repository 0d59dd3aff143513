"""Several still pictures side by side: the dashboard without a browser."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

_GAP: Final = 14


class Mosaic:
    """Still pictures in two columns; has what a figure of `xai_widgets.figures` has.

    Parameters
    ----------
    parts : sequence of StaticFigure
        In reading order; at least one.
    background : str
        A colour, "#rrggbb".
    """

    def __init__(self, parts: Sequence[Any], background: str) -> None:
        if not parts:
            raise ValueError("there is nothing to draw yet: record something first")
        self._background = background
        self._placed: list[tuple[int, int, Any]] = []
        tops = [_GAP, _GAP]
        left = _GAP, 2 * _GAP + max(part.size[0] for part in parts[::2])
        for place, part in enumerate(parts):
            column = place % 2
            self._placed.append((left[column], tops[column], part))
            tops[column] += part.size[1] + _GAP
        right = max(x + part.size[0] for x, _, part in self._placed)
        self.size = right + _GAP, max(tops)
        self.description = "; ".join(part.description for part in parts)

    def png(self, dpi: float = 144) -> bytes:
        """Return the picture as PNG; 96 dpi is one pixel per CSS pixel."""
        from PIL import Image

        scale = dpi / 96
        sheet = Image.new("RGB", (round(self.size[0] * scale), round(self.size[1] * scale)), self._background)
        for x, y, part in self._placed:
            with Image.open(io.BytesIO(part.png(dpi))) as picture:
                sheet.paste(picture.convert("RGB"), (round(x * scale), round(y * scale)))
        file = io.BytesIO()
        sheet.save(file, "PNG", optimize=True)
        return file.getvalue()

    def svg(self) -> str:
        """Return the picture as SVG; each part is a picture of its own, so that their ids cannot meet."""
        width, height = self.size
        images = "".join(
            f'<image x="{x}" y="{y}" width="{part.size[0]}" height="{part.size[1]}" href="data:image/svg+xml;base64,'
            f'{base64.b64encode(part.svg().encode()).decode("ascii")}"/>'
            for x, y, part in self._placed
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
            f'<rect width="100%" height="100%" fill="{self._background}"/>{images}</svg>'
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a .png or .svg file.

        Raises
        ------
        ValueError
            If the ending is neither.
        """
        target = Path(path)
        kind = target.suffix.lower()
        if kind not in (".png", ".svg"):
            raise ValueError(f"a picture is saved as .png or .svg, got {target.name[:80]!r}")
        target.write_bytes(self.png() if kind == ".png" else self.svg().encode())
        return target
