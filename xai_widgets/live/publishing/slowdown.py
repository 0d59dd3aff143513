"""What views and jobs cost the training beside them, and how much rarer they should become."""

from __future__ import annotations

import time

MOST = 8.0  # times rarer, at most
LONGEST_REST = 1.0  # seconds, where steps are long
_WORKING, _SETTLING, _RESTING = "working", "settling", "resting"
# seconds; a browser draws for a moment longer than it is sent something
_LENGTHS = {_WORKING: 3.0, _SETTLING: 0.15, _RESTING: 0.4}
_RARELY, _AGAIN = 12.0, 1.0  # seconds between rests where training loses little; after one that was broken
_STEPS = 10  # in a rest, where they are short enough
_OVER = 10.0  # seconds without a step after which nothing is held up
_GAP = 10.0  # times what a step takes: longer pauses are none
_ENOUGH = 40  # steps in rests before they are believed
_MEMORY = (1.5, 2 * _ENOUGH)  # seconds and steps of rests after which the old ones count half


class Burden:
    """Measures by how much training is slower while things are drawn and computed, browser and server included.

    On two cores a browser takes more from training than the thread that draws for it, and nothing in this process
    shows how much. So every few seconds everything rests for a moment, and the rate of steps then is what training does
    undisturbed. A click does not wait for the end of a rest: it ends it, uncounted.

    Parameters
    ----------
    bound : float, default 0.03
        Part by which steps may take longer.

    Attributes
    ----------
    stretch : float
        How many times rarer than usual views and partial pictures should be drawn, in [1, 8]: 1 where they cost
        training little.
    """

    def __init__(self, bound: float = 0.03) -> None:
        self.bound = bound
        self.stretch = 1.0
        self._steps, self._seconds = 0, 0.0  # without the gaps between epochs
        self._last, self._usual = 0.0, 0.0  # moment of the newest step; running mean of what one takes
        self._worked = False  # since the last look
        self._quiet = [0.0, 0.0]  # steps, seconds
        self._busy = [0.0, 0.0]
        self._phase = _WORKING
        self._begun, self._length = time.monotonic(), _LENGTHS[_WORKING]
        self._mark = (0, 0.0)  # steps and their seconds when the phase began

    def stepped(self, _epoch: int | None = None, _step: int | None = None) -> None:
        """Note a step of training, in its thread; what lies between epochs, an evaluation say, is no step."""
        now = time.monotonic()
        took, self._last = now - self._last, now
        if self._usual == 0.0 or took > _GAP * self._usual:
            self._usual = min(took, 2.0 * self._usual or 0.001)
            return
        self._usual += 0.05 * (took - self._usual)
        self._seconds += took
        self._steps += 1

    def worked(self) -> None:
        """Note that something was drawn or computed; from any thread."""
        self._worked = True

    @property
    def slowdown(self) -> float | None:
        """Part by which steps take longer than in rests; None while unknown."""
        (beside, free), (during, busy) = self._quiet, self._busy
        if beside < _ENOUGH or during < _ENOUGH or not (free and busy):
            return None
        return (beside / free) / (during / busy) - 1.0

    @property
    def resting(self) -> bool:
        """Whether what can wait should wait."""
        return self._phase != _WORKING

    def look(self) -> float:
        """Begin a rest or end it where its time has come; returns seconds until the next look.

        To be called by one thread, also when it is about to do what somebody waits for.
        """
        now = time.monotonic()
        since = now - self._begun
        steps = self._steps - self._mark[0]
        if self.resting and self._worked:  # somebody could not wait
            return self._begin(_WORKING, now, _AGAIN)
        if since < self._length:
            return self._length - since
        if self._phase == _WORKING:
            worked, self._worked = self._worked, False
            if now - self._last > _OVER:
                self.stretch = 1.0
            if not worked or steps < _STEPS:
                return self._begin(_WORKING, now)
            self._account(self._busy)
            return self._begin(_SETTLING, now)
        if self._phase == _SETTLING:
            return self._begin(_RESTING, now)
        if steps < _STEPS and since < LONGEST_REST:
            return LONGEST_REST - since
        self._account(self._quiet)
        self._judge()
        slowdown = self.slowdown
        light = slowdown is not None and slowdown < 0.5 * self.bound and self.stretch == 1.0
        return self._begin(_WORKING, now, _RARELY if light else None)

    def _begin(self, phase: str, now: float, length: float | None = None) -> float:
        self._phase, self._begun = phase, now
        self._length = _LENGTHS[phase] if length is None else length
        self._mark = self._steps, self._seconds
        return self._length

    def _account(self, into: list[float]) -> None:
        into[0] += self._steps - self._mark[0]
        into[1] += self._seconds - self._mark[1]

    def _judge(self) -> None:
        slowdown = self.slowdown
        if slowdown is not None:
            factor = (max(slowdown, 0.0) / self.bound) ** 0.5
            self.stretch = min(max(self.stretch * min(max(factor, 0.8), 1.5), 1.0), MOST)
        if self._quiet[1] > _MEMORY[0] and self._quiet[0] > _MEMORY[1]:  # training has phases
            for rates in (self._quiet, self._busy):
                rates[:] = [value / 2 for value in rates]
