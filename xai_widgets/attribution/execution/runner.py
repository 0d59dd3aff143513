"""Runs the parts of a call, chunk by chunk."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.backends.base import STRIP, Backend
from xai_widgets.attribution.backends.ops.base import Tensor
from xai_widgets.attribution.context import Job
from xai_widgets.attribution.execution.planner import Lane, Part, spent
from xai_widgets.attribution.inputs.sampler import Rows

_Piece = tuple[Part, int, int]  # a part, a sample, a number of units


class Runner:
    """Sends rows to the model in chunks that fit it.

    Rows are made, evaluated and taken on the model's device. Where it computes beside the host, numbers that tell what to do
    next are read one chunk late, so that there is always a chunk to compute; only where nothing else is left to do they are
    waited for.

    Parameters
    ----------
    backend : Backend
    chunk : int or None
        Rows at once; None finds it from the size of the input.
    """

    def __init__(self, backend: Backend, chunk: int | None) -> None:
        self._backend = backend
        self._given = chunk
        self._found: dict[Any, int] = {}
        self.rows = 0

    def run(self, job: Job, parts: Sequence[Part], watched: bool = True) -> Iterator[None]:
        """Advance all parts together, pausing after every chunk; ends when nothing is left to do.

        While somebody is watching, samples and columns grow side by side; else each has as much of a chunk as it has use for.
        """
        ops = job.scene.ops
        shares = 4 if watched or job.settings.max_evaluations is not None else 1
        ops.letters.open()
        self._look(parts)
        while True:
            room = self.chunk_rows(job)
            pieces = self._fill(job, parts, room, shares)
            if not pieces:
                ops.letters.open()
                self._look(parts)
                pieces = self._fill(job, parts, room, shares)
            if not pieces:
                return
            self._advance(job, pieces)
            ops.letters.post()
            ops.letters.open(ops.lag)
            self._look(parts)
            yield

    @staticmethod
    def _look(parts: Sequence[Part]) -> None:
        for part in parts:
            for lane in part.lanes:
                lane.look()

    # -- choosing -----------------------------------------------------------------------------------------------------

    def _fill(self, job: Job, parts: Sequence[Part], room: int, shares: int) -> list[_Piece]:
        """Choose units for about so many rows: always from the lane that is least far."""
        limited = job.settings.max_evaluations is not None
        used = [spent(parts, sample) if limited else 0 for sample in range(len(job))]
        heap: list[tuple[float, int, int]] = []
        asked: dict[tuple[int, int], int] = {}
        claimed: set[int] = set()  # equal samples share a track, which must not be asked twice
        for place, part in enumerate(parts):
            for sample, lane in enumerate(part.lanes):
                if id(lane.track) not in claimed and self._may(job, part, lane, used[sample], 0):
                    claimed.add(id(lane.track))
                    heapq.heappush(heap, (_progress(lane, 0), place, sample))
        while heap and room > 0:
            _, place, sample = heapq.heappop(heap)
            part = parts[place]
            if asked and part.rows_per_unit > room:
                break  # a few rows more would go to the model as a chunk of their own, at several times the price
            lane = part.lanes[sample]
            already = asked.get((place, sample), 0)
            quantum = max(1, min(lane.needs - already, max(1, room // (shares * part.rows_per_unit))))
            while quantum > 1 and not self._fits(job, part, used[sample], quantum):
                quantum -= 1
            asked[place, sample] = already + quantum
            used[sample] += quantum * part.rows_per_unit
            room -= quantum * part.rows_per_unit
            if self._may(job, part, lane, used[sample], already + quantum):
                heapq.heappush(heap, (_progress(lane, already + quantum), place, sample))
        return [(parts[place], sample, count) for (place, sample), count in asked.items()]

    def _may(self, job: Job, part: Part, lane: Lane, spent: int, asked: int) -> bool:
        return lane.needs > asked and self._fits(job, part, spent, 1)

    @staticmethod
    def _fits(job: Job, part: Part, spent: int, units: int) -> bool:
        limit = job.settings.max_evaluations
        return limit is None or spent + units * part.rows_per_unit <= limit

    def chunk_rows(self, job: Job) -> int:
        """Return how many rows go to the model at once."""
        if self._given is not None:
            return self._given
        key = tuple(one.shape[1:] for one in job.scene.inputs)
        if key not in self._found:
            self._found[key] = self._backend.good_chunk(sum(job.scene.sizes))
        return self._found[key]

    def _shrink(self, job: Job, rows: int, error: Exception) -> None:
        """Halve the chunks after so many rows were too many; raise any other error, and this one if they can be no smaller."""
        tried = min(rows, self.chunk_rows(job))  # a strip that is longer than a chunk is evaluated in parts
        if tried <= 1 or not self._backend.is_out_of_memory(error):
            raise error
        if self._given is not None:
            self._given = tried // 2
        self._found[tuple(one.shape[1:] for one in job.scene.inputs)] = tried // 2

    # -- evaluating ---------------------------------------------------------------------------------------------------

    def _advance(self, job: Job, pieces: list[_Piece]) -> None:
        """Evaluate units and hand their gradients to their tracks; those of one kind together, as they are made alike."""
        points: dict[tuple[str, int], list[_Piece]] = {}
        strips: dict[tuple[str, int], list[_Piece]] = {}
        for piece in pieces:
            track = piece[0].lanes[piece[1]].track
            alike = strips if track.kind == "secant" else points
            alike.setdefault((track.kind, track.rows_per_unit), []).append(piece)
        for groups, strip in ((points, 0), (strips, STRIP)):
            if groups:
                self._advance_groups(job, list(groups.values()), strip)

    def _advance_groups(self, job: Job, groups: list[list[_Piece]], strip: int) -> None:
        ops = job.scene.ops
        rows = [[_rows(piece) for piece in group] for group in groups]
        made = [job.scene.points(some) for some in rows]
        every = [one for some in rows for one in some]
        points = made[0][0] if len(made) == 1 else ops.concat([one for one, _ in made])
        samples = np.repeat([one.sample for one in every], [len(one) for one in every])
        grads = self._gradients(job, points, samples, strip)
        # nobody is to keep what is in memory with others, unless all of it goes at the end of the call
        own, start = len(every) == 1 or (job.once and len(groups) == 1), 0
        for group, some, (_, steps) in zip(groups, rows, made, strict=True):
            for place, (part, sample, _) in enumerate(group):
                stop = start + len(some[place])
                mine = grads if len(every) == 1 else grads[start:stop]
                part.lanes[sample].track.absorb(mine, steps[place] if steps else None, own)
                start = stop

    def vectors(self, job: Job, rows: list[Rows]) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """Return the rows' gradients and steps, all of one kind, (R, D) each, on the host; None where there are no steps."""
        ops = job.scene.ops
        points, steps = job.scene.points(rows)
        samples = np.repeat([one.sample for one in rows], [len(one) for one in rows])
        grads = ops.host(self._gradients(job, points, samples, 0))
        if not steps:
            return grads, None
        each = [
            np.repeat(ops.host(step), one.t.shape[1], axis=0) for one, step in zip(rows, steps, strict=True)
        ]
        return grads, np.concatenate(each)

    def _gradients(self, job: Job, points: Tensor, samples: NDArray[np.int64], strip: int) -> Tensor:
        """Return gradients at points, (R, D), evaluated in chunks, which are halved where memory runs out."""
        total, start = len(samples), 0
        found: list[Tensor] = []
        while start < total:
            stop = total if strip else min(start + self.chunk_rows(job), total)
            part = slice(start, stop)
            try:
                evaluated, grads = self._evaluate(
                    job, points if (start, stop) == (0, total) else points[part], samples[part], strip
                )
            except Exception as error:
                self._shrink(job, stop - start, error)
                continue
            job.rows += evaluated
            self.rows += evaluated
            found.append(grads)
            start = stop
        return found[0] if len(found) == 1 else job.scene.ops.concat(found)

    def _evaluate(
        self, job: Job, points: Tensor, samples: NDArray[np.int64], strip: int
    ) -> tuple[int, Tensor]:
        """Return how many rows it took, and the gradients, (R, D)."""
        rows, shapes = len(samples), job.scene.shapes

        def run(part: slice) -> Tensor:
            some = points if part == slice(0, rows) else points[part]
            mine, length = samples[part], min(strip, part.stop - part.start)
            return self._backend.gradients(
                some, shapes, job.positions[mine], job.rule, length, job.scene.along.rows(mine)
            )

        room = self.chunk_rows(job)
        if not strip or rows <= room:
            return rows, run(slice(0, rows))
        evaluated, found = 0, []
        strips = room // strip * strip
        if strips:  # several whole ones at once
            for low in range(0, rows, strips):
                found.append(run(slice(low, min(low + strips, rows))))
            return rows, job.scene.ops.concat(found)
        cells = max(1, room - 1)  # of a strip, that there is memory for
        for first in range(0, rows, strip):
            for low in range(first, first + strip - 1, cells):
                part = slice(low, min(low + cells, first + strip - 1) + 1)
                grads = run(part)
                evaluated += part.stop - part.start
                found.append(
                    grads if part.stop == first + strip else grads[:-1]
                )  # ends belong to the next part
        return evaluated, job.scene.ops.concat(found)


def _progress(lane: Lane, asked: int) -> float:
    return (lane.track.units + asked) / max(1, lane.goal)


def _rows(piece: _Piece) -> Rows:
    part, sample, count = piece
    track = part.lanes[sample].track
    return Rows(track.kind, sample, *track.rows(track.units, count), track.signs)
