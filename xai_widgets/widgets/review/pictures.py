"""The pictures of a review: each is sent once, in a message of its own, and the pages keep it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, Final

from xai_widgets.widgets.view.formatting import key_of
from xai_widgets.widgets.view.thumbnails import Thumbs

Index = int | str
_LARGE: Final = 480
"""Pixels of the picture on the card, at most."""
_HELD: Final = {"large": 12, "small": 300}
"""How many the pages are taken to have; they keep twice as many."""


class PictureFeed:
    """Reads pictures and hands those out that no page has yet.

    Parameters
    ----------
    samples : Samples or None
        Where they come from.
    tracker
        Says when samples may be read.
    arrived : callable
        Called from any thread when pictures that were missing are there.
    """

    def __init__(self, samples: Any, tracker: Any, arrived: Callable[[], object]) -> None:
        self._thumbs = {
            "large": Thumbs(samples, tracker, arrived, side=_LARGE, kept=_HELD["large"]),
            "small": Thumbs(samples, tracker, arrived),
        }
        self._sent: dict[str, OrderedDict[str, None]] = {size: OrderedDict() for size in _HELD}

    @property
    def samples(self) -> Any:
        """Where pictures may be read from now; None while that could move a random stream of the run."""
        return self._thumbs["small"].samples

    def page_came(self) -> None:
        """Send everything again that is shown: a page has come that has nothing yet."""
        for sent in self._sent.values():
            sent.clear()

    def message(self, large: Iterable[Index], small: Iterable[Index]) -> dict[str, Any] | None:
        """Return the message with the pictures wanted that were not sent yet; None where there are none."""
        fresh = {"large": self._fresh("large", large), "small": self._fresh("small", small)}
        return {"type": "pictures", **fresh} if any(fresh.values()) else None

    def _fresh(self, size: str, indices: Iterable[Index]) -> dict[str, str]:
        sent = self._sent[size]
        wanted = {key_of(index): index for index in indices}
        new = {key: index for key, index in wanted.items() if key not in sent}
        made = self._thumbs[size].get(new.values()) if new else {}
        found = {key: made[index] for key, index in new.items() if index in made}
        for key in [*found, *(key for key in wanted if key in sent)]:
            sent[key] = None
            sent.move_to_end(key)
        while len(sent) > _HELD[size]:
            sent.popitem(last=False)
        return found

    def close(self) -> None:
        """Read nothing more."""
        for thumbs in self._thumbs.values():
            thumbs.close()
