"""Every quirk of ipycanvas in one place.

Drawing is messages, not state: a page that is loaded later knows nothing of it, so every new page gets new canvases,
drawn again from what is kept here. Pixels go as RGBA bytes, because ipycanvas sends RGB as lossy JPEG. A canvas has
the resolution of its picture, and the style sheet enlarges it without smoothing: sharp on every screen.

Every image that is sent is loaded by the browser from an address of its own, and painted when it is there: pictures that
change together are sent as one image, a sheet, from which the canvases take their parts at once.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

import ipycanvas
import ipywidgets
import numpy as np
import numpy.typing as npt

from xai_widgets.widgets.saliency.mask_pictures import PICTURES

Picture = npt.NDArray[np.uint8]
#: pictures with more pixels than this per side are shrunk, not enlarged
SIDE: Final = 170
_ABREAST: Final = 6  # pictures side by side on a sheet
_FETCHED: Final = 30.0  # seconds in which a page has fetched what it was told of


def _own_manager() -> dict[str, Any]:
    """Give canvases a manager of their own.

    The one that ipycanvas makes at import is shared by every thread of the process, and is gone for good after
    ``Widget.close_all()``.
    """
    made = getattr(ipycanvas.canvas, "_CanvasManager", None)
    return {} if made is None else {"_canvas_manager": made()}


class Easel:
    """Makes the cells of one panel, and draws them again for every new page.

    Attributes
    ----------
    ratio : float
        Device pixels per CSS pixel of the sharpest screen that shows the panel.
    """

    def __init__(self) -> None:
        self.ratio = 1.0
        self.cells: list[Cell] = []
        self._shared = _own_manager()
        self._sheet: Any = None
        self._changed: list[tuple[Any, Picture]] | None = None
        self._retired: list[tuple[float, Any]] = []  # when, and what

    def cell(self, name: str) -> Cell:
        """Make a cell for one column of pictures."""
        made = Cell(name, self)
        self.cells.append(made)
        return made

    def canvas(self, width: int, height: int) -> Any:
        """Make a canvas of so many pixels."""
        return ipycanvas.Canvas(width=width, height=height, **self._shared)

    def paint(self, canvas: Any, picture: Picture) -> None:
        """Paint a picture on a canvas of its size, together with others that are `held`."""
        if self._changed is None:
            canvas.put_image_data(_opaque(picture), 0, 0)
        else:
            self._changed.append((canvas, picture))

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Send what is drawn meanwhile as one image in one message, not as one for each canvas."""
        manager = self._shared.get("_canvas_manager")
        if manager is not None:
            manager._caching = True  # as `ipycanvas.hold_canvas` does for the manager that all others share
            manager._current_canvas = None  # a page that was loaded meanwhile has not heard which one it is
        self._changed = []
        try:
            yield
        finally:
            changed, self._changed = self._changed, None
            self._paint_all(changed)
            if manager is not None:
                manager.flush()
                manager._caching = False

    def _paint_all(self, changed: list[tuple[Any, Picture]]) -> None:
        if len(changed) < 2:
            for canvas, picture in changed:
                self.paint(canvas, picture)
            return
        sheet, places = on_a_sheet([picture for _, picture in changed])
        height, width = sheet.shape[:2]
        if self._sheet is None:
            self._sheet = self.canvas(width, height)
        elif self._sheet.width < width or self._sheet.height < height:
            with self._sheet.hold_sync():
                self._sheet.width = max(self._sheet.width, width)
                self._sheet.height = max(self._sheet.height, height)
        self._sheet.put_image_data(_opaque(sheet), 0, 0)
        for (canvas, _), (x, y) in zip(changed, places, strict=True):
            canvas.draw_image(self._sheet, -x, -y)  # what lies beside its part falls off the canvas

    def renew(self) -> int:
        """Replace every canvas and draw it again, for a page that has just been loaded; gives the bytes sent.

        The replaced ones are closed with a later page: this one, and others that are loaded with it, may still be fetching them.
        """
        now, replaced = time.monotonic(), [*self._shared.values(), *_parts(self._sheet)]
        self._shared, self._sheet = _own_manager(), None
        sent = 0
        with self.held():
            for cell in self.cells:
                old, drawn = cell.renew()
                replaced += _parts(old)
                sent += drawn
        before, self._retired = self._retired, [(now, widget) for widget in replaced]
        for when, widget in before:
            if now - when > _FETCHED:
                widget.close()
            else:
                self._retired.append((when, widget))
        return sent

    def close(self) -> None:
        """Close what is no child of a box."""
        for widget in [*(one for _, one in self._retired), *self._shared.values(), *_parts(self._sheet)]:
            widget.close()
        self._retired, self._sheet = [], None


class Cell:
    """One picture of a row: a box with the name of its column, and the canvas in it.

    Parameters
    ----------
    name
        "input", "overlay" or a column of `attribution.methods.columns`.
    easel
        Makes the canvases.
    """

    def __init__(self, name: str, easel: Easel) -> None:
        self.name = name
        self._easel = easel
        self._picture: Picture | None = None
        self.box = ipywidgets.Box([easel.canvas(8, 8)])
        self.box.add_class("xaiw-cell")
        if name in PICTURES:
            self.box.add_class(f"xaiw-cell-{name}")
        self._switch("xaiw-pixels", on=True)

    @property
    def picture(self) -> Picture | None:
        """What is shown, (H, W, 3) uint8; None while nothing is."""
        return self._picture

    def show(self, picture: Picture | None) -> int:
        """Show a picture, (H, W, 3) uint8, or nothing; gives the bytes sent, roughly."""
        if picture is None and self._picture is None:
            return 0
        fitted = None if picture is None else self._fitted(picture)
        if fitted is not None and self._picture is not None and np.array_equal(fitted, self._picture):
            return 0
        self._picture = fitted
        return self._draw()

    def renew(self) -> tuple[Any, int]:
        """Replace the canvas, and draw what was shown; gives the old canvas and the bytes sent."""
        (old,) = self.box.children
        self.box.children = [self._easel.canvas(old.width, old.height)]
        return old, self._draw()

    def visible(self, on: bool) -> None:
        """Show or hide the whole column's cell."""
        self._switch("xaiw-hide", on=not on)

    def pale(self, on: bool) -> None:
        """Pale a picture that does not belong to the newest result."""
        self._switch("xaiw-old", on=on and self._picture is not None)

    def _draw(self) -> int:
        (canvas,) = self.box.children
        if self._picture is None:
            canvas.clear()
            return 32
        height, width = self._picture.shape[:2]
        if (canvas.width, canvas.height) != (width, height):
            with canvas.hold_sync():
                canvas.width, canvas.height = width, height
        self._switch("xaiw-pixels", on=max(height, width) <= SIDE)
        self._easel.paint(canvas, self._picture)
        return estimated_bytes(height, width)

    def _switch(self, name: str, *, on: bool) -> None:
        if on != (name in self.box._dom_classes):
            (self.box.add_class if on else self.box.remove_class)(name)

    def _fitted(self, picture: Picture) -> Picture:
        return shrunk(picture, round(SIDE * min(max(self._easel.ratio, 1.0), 2.0)))


def on_a_sheet(pictures: Sequence[Picture]) -> tuple[Picture, list[tuple[int, int]]]:
    """Lay pictures on one sheet, six abreast; gives it and the (x, y) of each one's corner."""
    tall, wide = (max(picture.shape[axis] for picture in pictures) for axis in (0, 1))
    places = [(wide * (n % _ABREAST), tall * (n // _ABREAST)) for n in range(len(pictures))]
    sheet = np.zeros((places[-1][1] + tall, wide * min(len(pictures), _ABREAST), 3), np.uint8)
    for picture, (x, y) in zip(pictures, places, strict=True):
        sheet[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
    return sheet, places


def _opaque(picture: Picture) -> npt.NDArray[np.uint8]:
    return np.concatenate([picture, np.full((*picture.shape[:2], 1), 255, np.uint8)], axis=2)


def _parts(canvas: Any) -> list[Any]:
    """Return what is to be closed of a canvas that is no child of a box."""
    return [] if canvas is None else [canvas, canvas.layout]


def shrunk(picture: Picture, side: int) -> Picture:
    """Shrink a picture that has more pixels than can be shown, by averaging; smaller ones stay as they are."""
    height, width = picture.shape[:2]
    if max(height, width) <= side:
        return np.ascontiguousarray(picture)
    from PIL import Image

    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))


def estimated_bytes(height: int, width: int) -> int:
    """Estimate the PNG of a coloured mask: two bytes a pixel, and some for the message."""
    return 2 * height * width + 300
