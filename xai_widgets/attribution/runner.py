"""Runs the parts of a call, chunk by chunk."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.backends.base import Backend
from xai_widgets.attribution.job import Job
from xai_widgets.attribution.parts import Lane, Part, spent
from xai_widgets.attribution.scene import Rows
from xai_widgets.attribution.secant import CELLS

_ABSORBED = 1 << 17  # numbers that an estimator takes at once: they stay in the cache meanwhile
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

    def run(self, job: Job, parts: Sequence[Part]) -> Iterator[None]:
        """Advance all parts together, pausing after every chunk; ends when nothing is left to do."""
        self._look(parts)
        while True:
            pieces = self._fill(job, parts)
            if not pieces:
                return
            self._advance(job, pieces)
            self._look(parts)
            yield

    @staticmethod
    def _look(parts: Sequence[Part]) -> None:
        for part in parts:
            for lane in part.lanes:
                lane.look()

    # -- choosing -----------------------------------------------------------------------------------------------------

    def _fill(self, job: Job, parts: Sequence[Part]) -> list[_Piece]:
        """Choose about a chunk's worth of units: always from the lane that is least far."""
        room = self.chunk_rows(job)
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

    def _shrink(self, job: Job, rows: int) -> None:
        if self._given is not None:
            self._given = rows
        self._found[tuple(one.shape[1:] for one in job.scene.inputs)] = rows

    # -- evaluating ---------------------------------------------------------------------------------------------------

    def _advance(self, job: Job, pieces: list[_Piece]) -> None:
        by_kind: dict[str, list[_Piece]] = {}
        for piece in pieces:
            by_kind.setdefault(piece[0].lanes[piece[1]].track.kind, []).append(piece)
        ordered = [piece for group in by_kind.values() for piece in group]
        grads, steps = self.vectors(job, [_rows(kind, group) for kind, group in by_kind.items()])
        start = 0
        for part, sample, count in ordered:
            track = part.lanes[sample].track
            end = start + count * part.rows_per_unit
            at_once = part.rows_per_unit * max(1, _ABSORBED // (part.rows_per_unit * grads.shape[1]))
            for low in range(start, end, at_once):
                rows = slice(low, min(low + at_once, end))
                track.absorb(grads[rows], None if track.kind in ("clean", "noisy") else steps[rows])
            start = end

    def vectors(self, job: Job, groups: list[Rows]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Give the rows' gradients and steps, (R, D) each, in chunks, which are halved where memory runs out."""
        total = sum(len(group) for group in groups)
        size = sum(one[0].size for one in job.scene.inputs)
        out = np.empty((2, total, size), job.scene.inputs[0].dtype)
        start = 0
        while start < total:
            stop = min(start + self.chunk_rows(job), total)
            stop = _strip_end(groups, start, stop)
            try:
                self._evaluate(job, _cut(groups, start, stop), out[:, start:stop])
            except Exception as error:
                if stop - start <= 1 or not self._backend.is_out_of_memory(error):
                    raise
                self._shrink(job, (stop - start) // 2)
                continue
            start = stop
        return out[0], out[1]

    def _evaluate(self, job: Job, groups: list[Rows], out: NDArray[Any]) -> None:
        made = [job.scene.points(group) for group in groups]
        samples = np.concatenate([group.sample for group in groups])
        points = tuple(
            made[0][0][place] if len(made) == 1 else np.concatenate([points[place] for points, _ in made])
            for place in range(len(job.scene.inputs))
        )
        strip = CELLS + 1 if groups[0].kind == "secant" else 0
        _, grads = self._backend.gradients(points, job.positions[samples], job.rule, strip)
        self.rows += len(samples)
        job.rows += len(samples)
        column = 0
        for place, grad in enumerate(grads):
            flat = grad.reshape(len(samples), -1)
            columns = slice(column, column + flat.shape[1])
            column += flat.shape[1]
            out[0, :, columns] = flat
            start = 0
            for group, (_, steps) in zip(groups, made, strict=True):
                if steps is not None:
                    out[1, start : start + len(group), columns] = steps[place].reshape(len(group), -1)
                start += len(group)


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
                strips = max(1, (min(stop, end) - start) // (CELLS + 1))
                return start + strips * (CELLS + 1)
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
            found.append(group.part(low, high))
        before += len(group)
    return found
