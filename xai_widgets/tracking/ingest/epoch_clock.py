"""Which epoch a row belongs to."""

from __future__ import annotations

MODES = ("train", "eval", "test", "infer")


class Clock:
    """The open and the last ended epoch of every mode.

    Training counts its own epochs from 1. The other modes follow it: without being told, an evaluation belongs to the
    training epoch that is open or has just ended, and to the next number when the evaluation of that one was ended
    already. One that nobody ended ends when training is an epoch further.
    """

    def __init__(self) -> None:
        self.open: dict[str, int] = {}
        self.ended: dict[str, int] = {}

    def current(self, mode: str) -> int:
        """Epoch that a row without an epoch belongs to."""
        at = self.open.get(mode)
        if mode == "train":
            return self.ended.get(mode, 0) + 1 if at is None else at
        following = self.ended.get(mode, 0) + 1 if at is None else at
        return max(self.open.get("train", self.ended.get("train", 0)), following)

    def latest(self) -> int:
        """Highest epoch open or ended in training, or in any mode when nothing was trained; 0 before any."""
        modes = ("train",) if "train" in self.open or "train" in self.ended else MODES
        return max((max(self.open.get(m, 0), self.ended.get(m, 0)) for m in modes), default=0)


def check_mode(mode: str) -> None:
    """Raise for an unknown mode."""
    if mode not in MODES:
        raise ValueError(f"unknown mode {mode!r}; one of {', '.join(MODES)}")
