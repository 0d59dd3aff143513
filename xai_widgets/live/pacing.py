"""When a dashboard may draw next."""

from __future__ import annotations

_MOST = 3.0  # seconds that one costly draw may hold up the next at most


class Pacing:
    """Bounds redraw passes, bytes, and the time drawing takes from training.

    Pictures that answer the user come first: they wait for the last pass only, while the views that follow the
    tracker also wait for what pictures and they themselves have cost.

    Parameters
    ----------
    passes_per_second : float
        Upper bound for passes of any kind.
    bytes_per_second : float
        Upper bound for the bytes on average.
    share : float, default 0.1
        Upper bound for the part of the time that drawing views may take. Where the machine is overloaded a draw
        takes longer, and so there are fewer of them.

    Attributes
    ----------
    pictures, views : float
        The moments, on the caller's clock, from which each may be drawn.
    """

    def __init__(self, passes_per_second: float, bytes_per_second: float, share: float = 0.1) -> None:
        if not (passes_per_second > 0 and bytes_per_second > 0):
            raise ValueError(
                f"draws_per_second and bytes_per_second must be above 0, got {passes_per_second} and {bytes_per_second}"
            )
        self.interval = 1.0 / passes_per_second
        self.pictures = self.views = 0.0
        self._seconds_per_byte = 1.0 / bytes_per_second
        self._rest = 1.0 / share - 1.0

    def pass_starts(self, now: float) -> None:
        """Note a pass: no other one before the interval is over."""
        self.pictures = max(self.pictures, now + self.interval)
        self.views = max(self.views, now + self.interval)

    def views_drawn(self, now: float, seconds: float) -> None:
        """Note how long the views of a pass took, which ended now."""
        self.views = max(self.views, min(now + seconds * self._rest, now + _MOST))

    def picture_sent(self, now: float, sent: int) -> None:
        """Note the bytes of a picture: they hold up the next one, and the views."""
        self.pictures = self._owed(self.pictures, now, sent)
        self.views = self._owed(self.views, now, sent)

    def views_sent(self, now: float, sent: int) -> None:
        """Note the bytes of views: they hold up the views."""
        self.views = self._owed(self.views, now, sent)

    def _owed(self, due: float, now: float, sent: int) -> float:
        """Add what a message owes: the interval has paid for what could be sent in it."""
        owed = max(due, now) + sent * self._seconds_per_byte - self.interval
        return max(due, min(owed, now + _MOST))
