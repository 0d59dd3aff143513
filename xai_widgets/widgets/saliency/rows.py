"""The rows of the saliency panel: for every sample a caption and its pictures."""

from __future__ import annotations

from typing import Any

import ipywidgets

from xai_widgets.live.publishing.batched_sync import Together
from xai_widgets.widgets.saliency.canvas import Cell, Easel, Picture
from xai_widgets.widgets.saliency.mask_pictures import Cells
from xai_widgets.widgets.view.front import Caption


class SampleRows:
    """Rows that are made when first needed and only ever updated.

    Parameters
    ----------
    most
        How many rows there can be.
    together
        What their widgets are held by in a redraw.

    Attributes
    ----------
    box : ipywidgets.Box
        What is shown.
    easel : Easel
        Draws the pictures again for a new page.
    """

    def __init__(self, most: int, together: Together) -> None:
        self.most = most
        self._together = together
        self.easel = Easel()
        self.box = ipywidgets.Box([])
        self.box.add_class("xaiw-samples")
        together.add(self.box)
        self._rows: list[_Row] = []

    def pictures(self, row: int) -> dict[str, Picture]:
        """Return what a row shows, by column."""
        cells = self._rows[row].cells.values()
        return {cell.name: cell.picture for cell in cells if cell.picture is not None}

    def show(
        self,
        row: int,
        parts: list[Any],
        names: list[str],
        cells: Cells,
        pictures: dict[str, Picture],
        *,
        keep: bool,
    ) -> int:
        """Show a sample; gives the bytes sent. ``keep`` leaves pictures that are not there yet as they were."""
        while len(self._rows) <= row:
            self._rows.append(_Row(self.easel, self._together))
            self.box.children = [*self.box.children, self._rows[-1].box]
        return self._rows[row].show(parts, names, cells, pictures, keep=keep)

    def only(self, count: int) -> None:
        """Hide the rows from ``count`` on; a single sample gets larger pictures."""
        _switch(self.box, "xaiw-single", on=count == 1)
        for place, row in enumerate(self._rows):
            _switch(row.box, "xaiw-hide", on=place >= count)

    def resize(self, size: str) -> None:
        """Show the pictures "small", "large", or as large as they fit."""
        for name in ("small", "large"):
            _switch(self.box, f"xaiw-{name}", on=size == name)

    def stale(self, on: bool) -> None:
        """Pale the pictures while newer ones are computed."""
        _switch(self.box, "xaiw-stale", on=on)


class _Row:
    def __init__(self, easel: Easel, together: Together) -> None:
        self._easel, self._together = easel, together
        self._keys: tuple[str, ...] = ()
        self.caption = Caption()
        self.cells: dict[str, Cell] = {}
        self.box = ipywidgets.Box([self.caption])
        self.box.add_class("xaiw-sample")
        together.add(self.box, self.caption)

    def _arrange(self, keys: tuple[str, ...]) -> None:
        """Have a cell for every column, in their order; that of a column no longer chosen waits behind them, empty."""
        if keys == self._keys:
            return
        for key in keys:
            if key not in self.cells:
                self.cells[key] = self._easel.cell(key)
                self._together.add(self.cells[key].box)
        waiting = [cell for key, cell in self.cells.items() if key not in keys]
        for cell in waiting:
            cell.show(None)
            cell.visible(False)
        self._keys = keys
        self.box.children = [
            self.caption, *(self.cells[key].box for key in keys), *(cell.box for cell in waiting)
        ]  # fmt: skip

    def show(
        self,
        parts: list[Any],
        names: list[str],
        cells: Cells,
        pictures: dict[str, Picture],
        *,
        keep: bool,
    ) -> int:
        self._arrange(cells.keys)
        titles = cells.titles
        if (self.caption.parts, self.caption.names, self.caption.titles) != (parts, names, titles):
            with self.caption.hold_sync():
                self.caption.parts, self.caption.names, self.caption.titles = parts, names, titles
        sent = 0
        for cell in (self.cells[key] for key in cells.keys):
            cell.visible(cell.name in cells.shown)
            _switch(cell.box, "xaiw-best", on=cell.name == cells.best)
            if cell.name in pictures:
                sent += cell.show(pictures[cell.name])
            elif not keep:
                sent += cell.show(None)
            # what is still of older weights or settings is paled until its turn comes
            cell.pale(cell.name not in pictures)
        return sent


def _switch(box: Any, name: str, *, on: bool) -> None:
    if on != (name in box._dom_classes):
        (box.add_class if on else box.remove_class)(name)
