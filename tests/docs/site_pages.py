"""Read the pages of a built site: their ids, links and pictures."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"script": "src", "img": "src", "source": "src", "iframe": "src", "video": "src"}


@dataclass
class Page:
    """One page of the site; links and pictures as they are written."""

    path: Path
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)

    def target(self, link: str, root: Path) -> tuple[Path, str] | None:
        """Give the file and the fragment that a link leads to; None where it leaves the site."""
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            return None
        where = unquote(parts.path)
        base = root if where.startswith("/") else self.path.parent
        file = (base / where.lstrip("/")).resolve() if where else self.path
        return (file / "index.html" if file.is_dir() else file), unquote(parts.fragment)


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if "id" in found:
            self.page.ids.add(found["id"])
        if tag == "a" and "href" in found:
            self.page.links.append(found["href"])
        if tag == "img":
            self.page.pictures.append(found.get("src", ""))
        if tag in LOADED and found.get(LOADED[tag]):
            self.page.loaded.append(found[LOADED[tag]])
        if tag == "link" and found.get("rel") in ("stylesheet", "icon", "preconnect", "preload"):
            self.page.styles.append(found.get("href", ""))


def read(path: Path) -> Page:
    """Read a page."""
    page = Page(path.resolve())
    _Reader(page).feed(path.read_text())
    return page
