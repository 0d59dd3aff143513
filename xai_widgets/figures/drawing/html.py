"""HTML from plain values: everything that is put in is text, unless it was made here."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable
from typing import Any

from xai_widgets.figures.text import shown_text


class Markup(str):
    """A piece of HTML made by this module."""

    __slots__ = ()


def element(tag: str, *content: Any, **attributes: Any) -> Markup:
    """Make an element; content that is not Markup, and every attribute, is escaped. ``class_`` stands for class."""
    names = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in ("img", "meta", "source"):
        return Markup(f"<{tag}{names}>")
    return Markup(f"<{tag}{names}>{joined(content)}</{tag}>")


def joined(content: Iterable[Any]) -> Markup:
    """Put pieces after each other, escaping what is not Markup."""
    return Markup(
        "".join(
            part if isinstance(part, Markup) else html.escape(str(part))
            for part in content
            if part is not None
        )
    )


def name(value: Any, limit: int = 120) -> Markup:
    """Show a name somebody else chose; its own direction of writing stays inside it."""
    return element("bdi", shown_text(value, limit))


def table(heads: Iterable[Any], rows: Iterable[Iterable[Any]], *, numbers: Iterable[int] = ()) -> Markup:
    """Make a table; ``numbers`` are the columns set to the right."""
    right = set(numbers)

    def cells(tag: str, row: Iterable[Any]) -> Markup:
        return joined(element(tag, cell, class_="n" if i in right else None) for i, cell in enumerate(row))

    body = joined(element("tr", cells("td", row)) for row in rows)
    return element("table", element("thead", element("tr", cells("th", heads))), element("tbody", body))


def data_uri(content: bytes, kind: str) -> str:
    """Put a file into an address."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def page(title: str, style: str, body: Markup) -> str:
    """Make a whole page that may load nothing, run nothing and send nothing; only the given style counts."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    head = joined(
        [
            element("meta", charset="utf-8"),
            # not escaped by element: the quotes of the policy are single, and nothing in it comes from outside
            Markup(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="referrer", content="no-referrer"),
            element("title", shown_text(title, 120)),
            Markup(f"<style>{style}</style>"),
        ]
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{body}</body></html>\n'
