"""What is selected: one object shared by every view of a dashboard."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, Final

from xai_widgets.live.kernel.forks import tell_in_child

Index = int | str
Label = Any  # an int, a str, or a tuple of them for a merged group
#: called with the selection, the names of the fields that changed and whoever changed them
Listener = Callable[["Selection", frozenset[str], object], None]

_EXPLAIN_LIMIT: Final = 4


class Selection:
    """The instances, the label and the pins that all views of a dashboard share.

    Views read the attributes and call :meth:`change`; whoever wants to follow calls :meth:`listen`. Setting what
    is already set tells nobody, so views that mirror each other cannot go round in circles.

    Parameters
    ----------
    pinned
        Index values that stay in the history whatever the ranking says.

    Attributes
    ----------
    indices : tuple of int or str
        The selected instances, in the order they were chosen. Default ``()``.
    explained : tuple of int or str
        The instances the saliency panel shows. A selection of up to four becomes explained by itself; a lasso
        around hundreds does not, until it is asked for. Default ``()``.
    label : int, str, tuple or None
        The highlighted label. Default ``None``.
    pinned : tuple of int or str
        The instances pinned to the history. Default ``()``.
    """

    def __init__(self, pinned: Iterable[Index] = ()) -> None:
        self.indices: tuple[Index, ...] = ()
        self.explained: tuple[Index, ...] = ()
        self.label: Label | None = None
        self.pinned: tuple[Index, ...] = _unique(pinned)
        self._listeners: list[Listener] = []
        self._lock = threading.RLock()
        tell_in_child(self)

    def in_child(self) -> None:
        """Have a lock of its own in a forked child."""
        self._lock = threading.RLock()

    def change(
        self,
        *,
        indices: Iterable[Index] | None = None,
        explained: Iterable[Index] | None = None,
        label: Label | None = None,
        pinned: Iterable[Index] | None = None,
        clear_label: bool = False,
        source: object = None,
    ) -> frozenset[str]:
        """Set the fields that are given, and tell the listeners which of them really changed.

        Parameters
        ----------
        indices, explained, pinned
            New index values; ``None`` leaves the field alone, ``()`` empties it.
        label
            New highlighted label; ``None`` leaves it alone.
        clear_label
            Take the highlight away.
        source
            Whoever changes it; handed to the listeners, so that a view can skip its own change.

        Returns
        -------
        frozenset of str
            The names of the fields that changed.
        """
        new: dict[str, Any] = {}
        if indices is not None:
            new["indices"] = _unique(indices)
            if explained is None and len(new["indices"]) <= _EXPLAIN_LIMIT:
                new["explained"] = new["indices"]
        if explained is not None:
            new["explained"] = _unique(explained)
        if pinned is not None:
            new["pinned"] = _unique(pinned)
        if clear_label:
            new["label"] = None
        elif label is not None:
            new["label"] = label
        with self._lock:
            changed = frozenset(name for name, value in new.items() if getattr(self, name) != value)
            for name in changed:
                setattr(self, name, new[name])
            listeners = list(self._listeners) if changed else []
        for listener in listeners:
            listener(self, changed, source)
        return changed

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener(selection, changed, source)`` after every change; returns what ends it."""
        with self._lock:
            self._listeners.append(listener)

        def stop() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return stop

    def __repr__(self) -> str:
        return (
            f"Selection({len(self.indices)} selected, {len(self.explained)} explained, "
            f"{len(self.pinned)} pinned, label={self.label})"
        )


def _unique(values: Iterable[Index]) -> tuple[Index, ...]:
    return tuple(dict.fromkeys(values))
