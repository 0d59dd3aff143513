"""Whether the browser keeps up with what is drawn."""

from __future__ import annotations

# seconds of redraw passes that one number stands for: every answer keeps a busy kernel from its work
_EVERY = 2.0
_AHEAD = 2  # numbers that may be on their way
_FIRST, _LONGEST = 2.0, 30.0  # seconds between two passes while more are


class Echo:
    """Counts the redraw passes that a browser has seen, so that they do not pile up before one that is slow or gone.

    Nothing on the way to a browser pushes back: a server keeps for a closed page whatever is sent meanwhile. So a
    pass every two seconds carries a number, which the page sends back. While two are not answered, passes become rare:
    the next one carries the newest state anyway. Hosts from which no number ever came are not held up.
    """

    def __init__(self) -> None:
        self.sent = self.heard = 0
        self._last, self._carried = 0.0, -_EVERY
        self._pause = _FIRST

    @property
    def behind(self) -> bool:
        """Whether a browser that once answered has more on its way than it should."""
        return self.heard > 0 and self.sent - self.heard >= _AHEAD

    @property
    def free(self) -> float:
        """The moment, on the caller's clock, from which another pass may be made."""
        return self._last + self._pause if self.behind else 0.0

    def pass_made(self, now: float) -> int | None:
        """Note a pass; gives the number it carries, None where the last one is younger than two."""
        if self.behind:
            self._pause = min(2.0 * self._pause, _LONGEST)
        self._last = now
        if now - self._carried < _EVERY:
            return None
        self.sent, self._carried = self.sent + 1, now
        return self.sent

    def answered(self, number: int) -> None:
        """Note a number that came back; others than were sent are ignored."""
        if self.heard < number <= self.sent:
            self.heard, self._pause = number, _FIRST

    def page_loaded(self) -> None:
        """Forget what is on its way: a new page begins with the newest state."""
        self.heard, self._pause = self.sent, _FIRST
