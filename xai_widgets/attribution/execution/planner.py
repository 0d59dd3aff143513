"""The estimators of a call: which there are, how far each is to go, and when it may stop."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.cache import Cache
from xai_widgets.attribution.context import Job
from xai_widgets.attribution.estimators.base import CleanTrack, NoisyTrack, ProductTrack, Track
from xai_widgets.attribution.estimators.path import FIRST, PathTrack
from xai_widgets.attribution.estimators.secant.track import EXACT, SecantTrack
from xai_widgets.attribution.estimators.smint import JointSquareTrack, JointTrack
from xai_widgets.attribution.inputs import counter_rng


@dataclass
class Lane:
    """One track of one sample in a call.

    Attributes
    ----------
    goal : int
        Units asked for.
    enough : float or None
        Relative error at which the lane stops before its goal.
    settled : int or None
        Units of the final estimate, once known.
    """

    track: Track
    goal: int
    enough: float | None = None
    settled: int | None = None
    _looked: int = 0

    @property
    def used(self) -> int:
        """Units of the estimate now."""
        return self.settled if self.settled is not None else min(self.track.units, self.goal)

    @property
    def final(self) -> int:
        """Most units that it may end with."""
        return max(self.goal, self.used)

    @property
    def needs(self) -> int:
        """Units that may be asked for now."""
        if self.settled is not None:
            return 0
        ahead = self.goal - self.track.units
        if self.enough is not None:  # not far past where it may turn out to be enough
            ahead = min(ahead, max(self.track.least_units, self.track.units // 4))
        return min(ahead, self.track.available())

    def look(self) -> None:
        """Find out whether the lane is done; every length is judged, so that the chunks do not matter."""
        if self.enough is not None:
            lengths = range(self._looked + 1, self.track.units + 1)
            self.track.measure([n for n in lengths if n >= self.track.least_units and self._due(n)])
        while self.settled is None and self._looked < self.track.units:
            self._looked += 1
            units = self._looked
            if self.enough is not None and units >= self.track.least_units and self._due(units):
                error = self.track.error(units)
                if error <= self.enough:
                    self.settled = units
                    break
            if units >= self.goal:
                self.settled = units

    def _due(self, units: int) -> bool:
        """Whether this length is looked at: all short ones, then every sixteenth part of the length."""
        return units % max(1, 1 << max(0, units.bit_length() - 5)) == 0

    @property
    def converged(self) -> bool:
        """Whether its tolerance ended it."""
        return (
            self.enough is not None
            and self.settled is not None
            and self.track.error(self.settled) <= self.enough
        )


@dataclass
class Part:
    """One estimator for every sample of the batch."""

    name: str
    lanes: list[Lane]
    path: str = ""  # of which an integral's completeness gap is told

    @property
    def rows_per_unit(self) -> int:
        """Rows of one unit."""
        return self.lanes[0].track.rows_per_unit

    @property
    def started(self) -> bool:
        """Whether there is an estimate of every sample."""
        return all(lane.used > 0 for lane in self.lanes)

    @property
    def converged(self) -> bool:
        """Whether the tolerance ended every lane."""
        return all(lane.converged for lane in self.lanes)

    def errors(self, of: Callable[[Track, int], float] | None = None) -> NDArray[np.float64]:
        """Return the relative errors, (B,)."""
        return np.array([(of or _error)(lane.track, lane.used) for lane in self.lanes])


def spent(parts: Sequence[Part], sample: int, planned: bool = False) -> int:
    """Return the evaluations in (or planned for) a sample's estimates; a track that two parts share counts once."""
    found: dict[int, int] = {}
    for part in parts:
        lane = part.lanes[sample]
        rows = (max(lane.final, lane.used) if planned else lane.used) * part.rows_per_unit
        found[id(lane.track)] = max(found.get(id(lane.track), 0), rows)
    return sum(found.values())


def _error(track: Track, units: int) -> float:
    return track.error(units)


class Planner:
    """Makes parts of a job's settings, from tracks in the cache where there are.

    Parameters
    ----------
    cache : Cache
    only_kinks : callable
        Tells whether a job's model is linear but for kinks, so that secants need fewer evaluations than points.
    """

    def __init__(self, cache: Cache, only_kinks: Callable[[Job], bool]) -> None:
        self._cache = cache
        self._only_kinks = only_kinks

    def raw(self, job: Job) -> Part:
        """Plan the gradient itself."""
        return Part(
            "raw",
            [
                self._lane(job, sample, ("raw",), lambda: CleanTrack(job.scene.ops), 1)
                for sample in range(len(job))
            ],
        )

    def smoothed(self, job: Job, draws: int) -> Part:
        """Plan gradients at noisy copies."""
        pairs = -(-self._goal(job, draws) // 2)
        return Part(
            "smoothed",
            [
                self._lane(job, s, ("smoothed",), lambda: NoisyTrack(job.scene.ops), pairs)
                for s in range(len(job))
            ],
        )

    def integrated(self, job: Job, steps: int, kind: str = "path") -> Part:
        """Plan integrated gradients along one path per sample."""
        rule, goal, ops = job.settings.rule, self._goal(job, steps), job.scene.ops
        if rule == "adaptive":
            exact = job.settings.tolerance is not None and job.settings.tolerance <= EXACT
            # fewer strips cannot tell how far off they are, and would take what a limit leaves for other columns
            room = goal >= 3 * SecantTrack.rows_per_unit
            strips = exact and room and kind == "path" and self._only_kinks(job)
            rule = "secant" if strips else "points"
        placed = min(goal, FIRST)  # fewer are placed for their own number
        make: Callable[[], Track]
        name: tuple[Any, ...]
        if rule == "points":
            only = goal if job.once else 0
            name, make = ("integrated", kind, placed, only), lambda: PathTrack(ops, kind, placed, only)
        elif rule == "secant":
            name, make, goal = ("secant",), lambda: SecantTrack(ops), self._strips(job, kind, goal)
        else:
            if job.settings.tolerance is not None:
                raise ValueError(
                    f"rule={rule!r} has no error estimate, which tolerance= needs; leave one of them out"
                )
            name, make, goal = (rule, kind, steps), lambda: ProductTrack(ops, kind, steps, False), 1
        lanes = [
            self._lane(job, sample, (*name, self._start(job, sample, kind)), make, goal)
            for sample in range(len(job))
        ]
        return Part("integrated", lanes, kind)

    @staticmethod
    def _strips(job: Job, kind: str, goal: int) -> int:
        """Return how many strips of stretches go into so many evaluations."""
        rows = SecantTrack.rows_per_unit
        if kind != "path":
            raise ValueError("rule='secant' is for straight paths; leave rule= out")
        if job.settings.max_evaluations is not None and goal < rows:
            raise ValueError(f"rule='secant' needs at least {rows} evaluations, max_evaluations is {goal}")
        return max(1, goal // rows)

    def averaged(self, job: Job, draws: int, steps: int, squared: bool) -> Part:
        """Plan the mean over draws of the integrated gradient or of its square."""
        kind = job.kind if job.kind != "path" else "noisy_path"
        if job.settings.sampling == "product":
            return self._product(job, kind, draws, steps, squared)
        wanted = self._goal(job, max(draws, steps))
        per_unit = 8 if squared else 2
        if job.settings.max_evaluations is not None and wanted < per_unit:
            raise ValueError(f"SmInt needs at least {per_unit} evaluations, max_evaluations is {wanted}")
        goal = wanted // per_unit if wanted > per_unit else 1
        lanes = []
        for sample in range(len(job)):
            shift = (
                counter_rng.mix(job.scene.seed, 7, job.scene.keys[sample : sample + 1], np.arange(4))
                / 2.0**64
            )
            key = ("joint", kind, squared, self._start(job, sample, kind))
            lanes.append(self._lane(job, sample, key, self._joint(job, sample, squared, kind, shift), goal))
        return Part("smint", lanes)

    @staticmethod
    def _joint(job: Job, sample: int, squared: bool, kind: str, shift: Any) -> Callable[[], Track]:
        ops = job.scene.ops
        if squared:
            return lambda: JointSquareTrack(ops, kind, shift, job.scene.mean_square_step(kind, sample))
        return lambda: JointTrack(ops, kind, shift)

    def _product(self, job: Job, kind: str, draws: int, steps: int, squared: bool) -> Part:
        lanes = [
            self._lane(
                job, sample, ("product", kind, steps, squared, self._start(job, sample, kind)),
                lambda: ProductTrack(job.scene.ops, kind, steps, squared), draws,
            )
            for sample in range(len(job))
        ]  # fmt: skip
        return Part("smint", lanes)

    def _goal(self, job: Job, wanted: int) -> int:
        """With a tolerance, the evaluations that are allowed set the end."""
        limit = job.settings.max_evaluations
        if limit is None:
            return wanted
        return limit if job.settings.tolerance is not None else min(wanted, limit)

    def _start(self, job: Job, sample: int, kind: str) -> Any:
        """Name the start of a sample's paths."""
        background = None if job.scene.background is None else id(job.scene.background)
        if kind == "blur" or not job.scene.baselines:
            return background  # what is drawn follows from the seed and the sample, which are in the key
        start = b"".join(np.ascontiguousarray(one[sample]).tobytes() for one in job.scene.baselines)
        return hashlib.blake2b(start, digest_size=8).digest()

    def _lane(self, job: Job, sample: int, key: Any, make: Callable[[], Track], goal: int) -> Lane:
        key = job.key(sample, *key)
        track = self._cache.get_or_make(key, make)
        if track.units > goal and not track.knows(goal) and job.settings.tolerance is None:
            track = make()  # too long to tell what it was at this length: found again, the same numbers
            self._cache.put(key, track)
        if job.settings.tolerance is None:
            track.expect(goal)
        return Lane(track, goal, job.settings.tolerance)
