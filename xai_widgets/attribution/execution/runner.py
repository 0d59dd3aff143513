"""Runs the parts of a call, chunk by chunk."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.backends.base import STRIP, Backend, Inputs
from xai_widgets.attribution.context import Job
from xai_widgets.attribution.execution.planner import Lane, Part, spent
from xai_widgets.attribution.execution.prefetch import Aside, Found, Taker, Threads, taken
from xai_widgets.attribution.inputs.sampler import Rows

_AHEAD = 4  # chunks that are chosen together where nobody looks on
_Made = tuple[Inputs, NDArray[np.int64], int]
_Piece = tuple[Part, int, int]  # a part, a sample, a number of units


class Runner:
    """Sends rows to the model in chunks that fit it.

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
        """Advance all parts together, pausing after every chunk (or a few, if not watched); ends when nothing is left to do."""
        self._look(parts)
        with Threads() as threads:
            while True:
                several = not watched and not any(_waits(lane) for part in parts for lane in part.lanes)
                pieces = self._fill(job, parts, self.chunk_rows(job) * (_AHEAD if several else 1))
                if not pieces:
                    return
                self._advance(job, pieces, threads)
                self._look(parts)
                yield

    @staticmethod
    def _look(parts: Sequence[Part]) -> None:
        for part in parts:
            for lane in part.lanes:
                lane.look()

    # -- choosing -----------------------------------------------------------------------------------------------------

    def _fill(self, job: Job, parts: Sequence[Part], room: int) -> list[_Piece]:
        """Choose units for about so many rows: always from the lane that is least far."""
        used = self._spent(job, parts)
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
            quantum = max(1, min(lane.needs - already, max(1, room // (4 * part.rows_per_unit))))
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

    @staticmethod
    def _spent(job: Job, parts: Sequence[Part]) -> list[int]:
        return [spent(parts, sample) for sample in range(len(job))]

    def chunk_rows(self, job: Job) -> int:
        """Give how many rows go to the model at once."""
        if self._given is not None:
            return self._given
        key = tuple(one.shape[1:] for one in job.scene.inputs)
        if key not in self._found:
            size = sum(one[0].size for one in job.scene.inputs)
            self._found[key] = self._backend.good_chunk(size)
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

    def _advance(self, job: Job, pieces: list[_Piece], threads: Threads) -> None:
        by_kind: dict[str, list[_Piece]] = {}
        for piece in pieces:
            by_kind.setdefault(piece[0].lanes[piece[1]].track.kind, []).append(piece)
        ordered = [piece for group in by_kind.values() for piece in group]
        takers, start = [], 0
        for part, sample, count in ordered:
            takers.append(Taker(part.lanes[sample].track, start, start + count * part.rows_per_unit))
            start = takers[-1].end
        self._vectors(job, [_rows(kind, group) for kind, group in by_kind.items()], threads, takers)

    def vectors(self, job: Job, groups: list[Rows]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Give the rows' gradients and steps, (R, D) each."""
        with Threads() as threads:
            found = self._vectors(job, groups, threads)
        return found.grads, found.steps[found.lines]

    def _vectors(self, job: Job, groups: list[Rows], threads: Threads, takers: Sequence[Taker] = ()) -> Found:
        """Evaluate the rows in chunks, which are halved where memory runs out.

        Where there are several chunks, the next one's rows are made and the last one's gradients taken while the model computes.
        """
        total = sum(len(group) for group in groups)
        size = sum(one[0].size for one in job.scene.inputs)
        found = Found.room(groups, size, job.scene.inputs[0].dtype)
        aside = Aside(False) if self._stop(job, groups, 0) == total else threads.aside
        ahead = _Ahead(aside, partial(_made, job, groups, found))
        done = 0
        tasks: Sequence[Callable[[], None]] = ()
        while done < total:
            stop = self._stop(job, groups, done)
            following = None if stop == total else self._stop(job, groups, stop)
            made = ahead.made(done, stop, following)
            try:
                evaluated, grads = self._evaluate(job, *made)
            except Exception as error:
                self._shrink(job, stop - done, error)
                continue
            job.rows += evaluated
            self.rows += evaluated
            found.put(done, grads)
            done = stop
            tasks = taken(takers, found, stop)
            for task in tasks if done < total else ():
                aside.do(task)
        aside.finish(tasks)
        return found

    def _stop(self, job: Job, groups: list[Rows], start: int) -> int:
        """Give where the chunk that begins here ends."""
        total = sum(len(group) for group in groups)
        return _strip_end(groups, start, min(start + self.chunk_rows(job), total))

    def _evaluate(
        self, job: Job, points: Inputs, samples: NDArray[np.int64], strip: int
    ) -> tuple[int, NDArray[Any]]:
        """Give how many rows it took, and the gradients, (R, D)."""
        rows = len(samples)
        cells = max(1, self.chunk_rows(job) - 1)  # of a strip, that there is memory for
        if not (strip and cells < strip - 1):
            return rows, self._pass(job, points, samples, strip)
        found = np.empty((rows, sum(one[0].size for one in points)), points[0].dtype)
        evaluated = 0
        for low in range(0, rows - 1, cells):  # in chunks so small there is one strip only
            part = slice(low, min(low + cells, rows - 1) + 1)
            found[part] = self._pass(job, tuple(one[part] for one in points), samples[part], part.stop - low)
            evaluated += part.stop - low
        return evaluated, found

    def _pass(self, job: Job, points: Inputs, samples: NDArray[np.int64], strip: int) -> NDArray[Any]:
        _, grads = self._backend.gradients(points, job.positions[samples], job.rule, strip)
        flat = [one.reshape(len(samples), -1) for one in grads]
        # a framework may give them in another order in memory
        return np.ascontiguousarray(flat[0]) if len(flat) == 1 else np.concatenate(flat, axis=1)


class _Ahead:
    """Makes the rows of the chunk after the one that is asked for."""

    def __init__(self, aside: Aside, make: Callable[[int, int], _Made]) -> None:
        self._aside = aside
        self._make = make
        self._coming: tuple[tuple[int, int], Future[_Made]] | None = None

    def made(self, start: int, stop: int, following: int | None) -> _Made:
        """Give rows start..stop, and begin with those up to ``following``."""
        coming = self._coming
        if coming is None or coming[0] != (start, stop):  # the first, or smaller than was thought
            coming = self._begun(start, stop)
        made = coming[1].result()
        if following is not None:
            self._coming = self._begun(stop, following)
        return made

    def _begun(self, start: int, stop: int) -> tuple[tuple[int, int], Future[_Made]]:
        return (start, stop), self._aside.do(partial(self._make, start, stop))


def _made(job: Job, groups: list[Rows], found: Found, start: int, stop: int) -> _Made:
    """Make rows start..stop, with their lines' steps in ``found``; give also their samples, and the length of strips."""
    cut = _cut(groups, start, stop)
    made = []
    for group in cut:
        made.append(job.scene.points(group, found.steps_of(start, start + len(group))))
        start += len(group)
    points = tuple(one[0] if len(one) == 1 else np.concatenate(one) for one in zip(*made, strict=True))
    return (
        points,
        np.concatenate([group.sample for group in cut]),
        STRIP if cut[0].kind == "secant" else 0,
    )


def _waits(lane: Lane) -> bool:
    """Whether more is to come than can be asked for now: its rounds fill their chunks with what others leave to do."""
    return lane.settled is None and lane.needs < lane.goal - lane.track.units


def _progress(lane: Lane, asked: int) -> float:
    return (lane.track.units + asked) / max(1, lane.goal)


def _rows(kind: str, pieces: list[_Piece]) -> Rows:
    made = []
    for part, sample, count in pieces:
        track = part.lanes[sample].track
        draw, t, sign = track.rows(track.units, count)
        made.append((np.full(len(t), sample), draw, t, sign))
    sample_, draw_, t_, sign_ = (np.concatenate(column) for column in zip(*made, strict=True))
    return Rows(kind, sample_.astype(np.int64), draw_.astype(np.int64), t_, sign_)


def _strip_end(groups: list[Rows], start: int, stop: int) -> int:
    """Keep strips of neighbours whole, and apart from other rows: they are evaluated in another way."""
    before = 0
    for group in groups:
        end = before + len(group)
        if before <= start < end:
            if group.kind == "secant":
                strips = max(1, (min(stop, end) - start) // STRIP)
                return start + strips * STRIP
            following = [place for place, one in _ends(groups) if one.kind == "secant" and place > start]
            return min([stop, *following])
        before = end
    return stop


def _ends(groups: list[Rows]) -> list[tuple[int, Rows]]:
    """Give the groups with where each begins."""
    starts = np.cumsum([0, *(len(group) for group in groups)])[:-1]
    return [(int(start), group) for start, group in zip(starts, groups, strict=True)]


def _cut(groups: list[Rows], start: int, stop: int) -> list[Rows]:
    """Give rows start..stop of the groups one after the other."""
    found, before = [], 0
    for group in groups:
        low, high = max(start - before, 0), min(stop - before, len(group))
        if low < high:
            found.append(group[low:high])
        before += len(group)
    return found
