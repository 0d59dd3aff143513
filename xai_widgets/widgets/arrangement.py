"""How a dashboard lies on the screen: which view is hidden behind a tab, and what its tab says meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from xai_widgets.widgets.view.brief import Brief
from xai_widgets.widgets.view.front import Front, Message

LAYOUTS: Final = ("auto", "grid", "screen")
#: tab name to its title, in reading order
TABS: Final[Mapping[str, str]] = {
    "classes": "Classes",
    "instances": "Instances",
    "map": "Map",
    "rules": "Is it cheating?",
    "review": "Review",
}
_MOST_PAGES: Final = 50


class Arrangement:
    """The tabs of a dashboard, and which of its views some page shows.

    The pages measure their room and choose between grid and tabs by themselves; what they chose is reported here, so that
    a view which lies behind a tab on every page is not drawn.

    Parameters
    ----------
    views : dict
        Tab name to view.
    front : Front
        Draws the tabs.
    """

    def __init__(self, views: Mapping[str, Any], front: Front) -> None:
        self._views, self.front = dict(views), front
        self._pages: dict[str, str] = {}
        self._seen: dict[str, Brief] = {}
        self._briefs: dict[str, Brief] = {}
        self._key: object = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tabs."""
        return tuple(self._views)

    def placed(self, message: Message, tab: str) -> None:
        """Take note of how a page lays the dashboard out."""
        self._pages.pop(message.name, None)
        if message.value != "gone":
            self._pages[message.name] = message.value
        while len(self._pages) > _MOST_PAGES:
            self._pages.pop(next(iter(self._pages)))
        self.hide_behind(tab)

    def hide_behind(self, tab: str) -> None:
        """Let the views behind other tabs rest where no page shows them, and draw at once those that are shown again."""
        tabbed = bool(self._pages) and all(layout == "screen" for layout in self._pages.values())
        for name, view in self._views.items():
            was, view.behind = view.behind, tabbed and name != tab
            if was and not view.behind:
                view.redraw()

    def draw(self, tab: str, key: object) -> int:
        """Write the tabs, unless every page has the grid.

        ``key`` says when a summary may have changed, since making one reads a whole ranking.
        """
        if self._pages and "screen" not in self._pages.values():
            return 0
        if (tab, key) != self._key:
            self._key = tab, key
            self._briefs = {name: view.brief() for name, view in self._views.items()}
            # what was there first counts as seen: of an empty view nothing has changed
            known = {name: seen for name, seen in self._seen.items() if seen.marks}
            self._seen = {**self._briefs, **known, tab: self._briefs[tab]}
        return self.front.put(
            tab=tab,
            tabs=[
                {
                    "name": name,
                    "title": TABS[name],
                    "text": brief.text,
                    "news": news(name, self._seen[name], brief),
                }
                for name, brief in self._briefs.items()
            ],
        )


def news(name: str, seen: Brief, now: Brief) -> str:
    """Say what changed in a view since it was last looked at, "" where nothing that a reader would notice."""
    return "" if not seen.marks or not now.marks else _NEWS[name](seen.marks, now.marks)


def _of_classes(seen: tuple[Any, ...], now: tuple[Any, ...]) -> str:
    return f"was {seen[0]}" if seen[0] != now[0] else ""


def _of_instances(seen: tuple[Any, ...], now: tuple[Any, ...]) -> str:
    fresh = len(set(now) - set(seen))
    return f"{fresh} new" if fresh else ""


def _of_map(seen: tuple[Any, ...], now: tuple[Any, ...]) -> str:
    more, epochs = now[0] - seen[0], now[1] - seen[1]
    if more > 0:
        return f"{more:,} more"
    return f"{epochs} epoch{'' if epochs == 1 else 's'} on" if epochs > 0 else ""


def _of_rules(seen: tuple[Any, ...], now: tuple[Any, ...]) -> str:
    return f"was {seen[0]}" if seen[0] != now[0] else ""


def _of_review(seen: tuple[Any, ...], now: tuple[Any, ...]) -> str:
    more = now[0] - seen[0]
    return f"{more:,} more" if more > 0 else ""


_NEWS: Final[Mapping[str, Callable[[tuple[Any, ...], tuple[Any, ...]], str]]] = {
    "classes": _of_classes,
    "instances": _of_instances,
    "map": _of_map,
    "rules": _of_rules,
    "review": _of_review,
}
