"""When a dashboard may draw next."""

from __future__ import annotations

from collections import deque

_MOST = 3.0  # seconds that one costly draw may hold up the next at most


class Pacing:
    """Bounds redraw passes, bytes, and the time drawing takes from training.

    Pictures that answer the user come first: the views that follow the tracker leave one pass of every second to
    them, so that an answer need not wait for its turn, and also wait for what pictures and they themselves have cost.

    Parameters
    ----------
    passes_per_second : float
        Upper bound for passes of any kind, in any window of so many passes (one second for whole numbers).
    bytes_per_second : float
        Upper bound for the bytes on average.
    share : float, default 0.04
        Upper bound for the part of the time that drawing views may take. Where the machine is overloaded a draw
        takes longer, and so there are fewer of them.
    """

    def __init__(self, passes_per_second: float, bytes_per_second: float, share: float = 0.04) -> None:
        if not (passes_per_second > 0 and bytes_per_second > 0):
            raise ValueError(
                f"draws_per_second and bytes_per_second must be above 0, got {passes_per_second} and {bytes_per_second}"
            )
        self.interval = 1.0 / passes_per_second
        most = max(1, round(passes_per_second))
        self._window = most / passes_per_second
        self._passes: deque[float] = deque(maxlen=most)
        self._seconds_per_byte = 1.0 / bytes_per_second
        self._rest = 1.0 / share - 1.0
        self._pictures_owe = self._views_owe = 0.0  # the moments when what was sent is paid for
        self._views_last = -_MOST

    def pictures(self) -> float:
        """Return the moment, on the caller's clock, from which a picture may be drawn."""
        return max(self._pictures_owe, self._free(0))

    def views(self) -> float:
        """Return the moment from which a pass for the views' sake may be made."""
        return max(self._views_owe, self._views_last + self.interval, self._free(1))

    def views_too(self, now: float) -> bool:
        """Whether the views may be drawn in a pass that is made for a picture."""
        return now >= max(self._views_owe, self._views_last + self.interval)

    def _free(self, reserved: int) -> float:
        """When there is room in the window for one more pass, and for the reserved ones."""
        most = self._passes.maxlen or 1
        kept = max(most - reserved, 1)
        return self._passes[-kept] + self._window if len(self._passes) >= kept else 0.0

    def pass_starts(self, now: float, *, views: bool) -> None:
        """Note a pass, and whether views are drawn in it."""
        self._passes.append(now)
        if views:
            self._views_last = now

    def views_drawn(self, now: float, seconds: float) -> None:
        """Note how long the views of a pass took, which ended now."""
        self._views_owe = max(self._views_owe, min(now + seconds * self._rest, now + _MOST))

    def picture_sent(self, now: float, sent: int) -> None:
        """Note the bytes of a picture: they hold up the next one, and the views."""
        self._pictures_owe = self._owed(self._pictures_owe, now, sent)
        self._views_owe = self._owed(self._views_owe, now, sent)

    def views_sent(self, now: float, sent: int) -> None:
        """Note the bytes of views: they hold up the views."""
        self._views_owe = self._owed(self._views_owe, now, sent)

    def _owed(self, due: float, now: float, sent: int) -> float:
        """Add what a message owes: the time in which as many bytes may be sent."""
        return max(due, min(max(due, now) + sent * self._seconds_per_byte, now + _MOST))
