"""Batches that a loop takes before it works on them, and which of them a call of the loss is of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from xai_widgets.hooks._common.evidence import Evidence
from xai_widgets.hooks.torch.loss.batch_side import lies_in, own_rows
from xai_widgets.hooks.torch.loss.calls import Current

MOST = 8  # batches that a loop may take before it works on the first of them

Stream = tuple[str, str | None]


class Prefetched:
    """Batches of each stream that the loop has taken, and not worked on yet.

    Parameters
    ----------
    evidence
        Told where nothing says of which batch a call is.
    settle
        Called with every batch that leaves.

    Attributes
    ----------
    waiting
        The batches of each stream, oldest first; none of a stream without any.
    """

    def __init__(self, evidence: Evidence, settle: Callable[[Current], None]) -> None:
        self._evidence, self._settle = evidence, settle
        self._lags = False  # whether the loop works on a batch after it has taken the next
        self.waiting: dict[Stream, list[Current]] = {}

    def __iter__(self) -> Iterator[Current]:
        return (one for batches in self.waiting.values() for one in batches)

    def add(self, stream: Stream, current: Current) -> None:
        """Keep a batch that the loop went past; the oldest leaves where there are too many."""
        waiting = self.waiting.setdefault(stream, [])
        waiting.append(current)
        for old in waiting[:-MOST]:
            self._settle(old)
        del waiting[:-MOST]

    def drop(self, stream: Stream) -> None:
        """Forget the batches of a stream."""
        self.waiting.pop(stream, None)

    def release(self, stream: Stream) -> None:
        """Settle the batches of a stream: the loop comes back to none of them."""
        for current in self.waiting.pop(stream, ()):
            self._settle(current)

    def settle_used(self) -> None:
        """Settle what was heard of all batches; those that were used leave."""
        for current in self:
            self._settle(current)
        unused = {stream: [one for one in part if one.unused] for stream, part in self.waiting.items()}
        self.waiting = {stream: part for stream, part in unused.items() if part}

    def warn_unused(self, stream: Stream) -> None:
        """Note that a pass ended before the loop had used its batches; only of a loop that is known to lag is that a loss."""
        if self._lags:
            self._evidence.of(*stream).warn(
                "ahead",
                "the next pass began before the loop had worked on the last batches of the one before, which are not recorded",
                "Let a pass end with its last batch, or record by hand: tracker.record(index, label, loss=...)",
            )

    def owner(self, newest: Current | None, evidence: Any, outputs: Any) -> Current | None:
        """Find the batch that a call of the loss is of; those before it leave, as the loop left them out.

        Parameters
        ----------
        newest
            The batch that the loop took last, of the stream meant.
        evidence
            What the call was given of the batch, such as its targets.
        outputs
            What it was given of the model.
        """
        streams = list(self.waiting) if newest is None else [(newest.mode, newest.ds_id)]
        waiting = [one for stream in streams for one in self.waiting.get(stream, ())]
        if not waiting:
            return newest
        able = waiting if newest is None else [*waiting, newest]
        current = _match(able, evidence, outputs)
        if current is not None:
            self._lags = self._lags or current is not newest
            self._release_before(current, newest)
        elif newest is not None:  # else it is nobody's batch, as far as can be told
            proof = self._evidence.of(newest.mode, newest.ds_id)
            proof.next()
            proof.refuse(
                "ahead",
                f"the loop took {len(able)} {newest.mode} batches before it worked on the first, or left some out, and nothing "
                "tells of which a call of the loss is, so such batches are not recorded",
                "Call the watched loss with the batch's own labels, or record by hand: tracker.record(index, label, loss=...)",
            )
        return current

    def _release_before(self, current: Current, newest: Current | None) -> None:
        stream = (current.mode, current.ds_id)
        of_stream = self.waiting.get(stream, [])
        place = of_stream.index(current) if current is not newest else len(of_stream)
        for old in of_stream[:place]:
            self._settle(old)
        del of_stream[:place]
        if not of_stream:
            self.waiting.pop(stream, None)


def _match(able: list[Current], evidence: Any, outputs: Any) -> Current | None:
    """Find the one batch that `evidence` lies in, else has the rows of, else whose model outputs the call was given."""
    matches = [one for one in able if lies_in(evidence, one.batch)]
    if len(matches) != 1:
        matches = [one for one in able if _has_rows(evidence, one)]
    if len(matches) != 1 and outputs is not None:
        given = [one for one in matches or able if one.rank(outputs)[1] == 2]
        matches = given if len(given) == 1 else matches
    return matches[0] if len(matches) == 1 else None


def _has_rows(evidence: Any, current: Current) -> bool:
    return hasattr(evidence, "detach") and own_rows(evidence, current.batch, current.size) is True
