"""A tracker that is filled from a run log, live or once."""

from __future__ import annotations

import os
import time
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np

from xai_widgets.runlog import process_identity
from xai_widgets.runlog.file_reader import EpochEnd, Event, FileReader, Rows
from xai_widgets.runlog.files import files_of
from xai_widgets.runlog.kinds import Status
from xai_widgets.runlog.merge import END, Owners, Place, attempts, cuts
from xai_widgets.tracking.ingest.worker import Worker
from xai_widgets.tracking.queries.base import Reading
from xai_widgets.tracking.queries.checkpoint import Saving
from xai_widgets.tracking.results import EpochSummary
from xai_widgets.tracking.store.labels import read_label_names
from xai_widgets.tracking.store.stream import Policy
from xai_widgets.tracking.tracker import Tracker

EVERY = 0.1
"""Seconds between two looks at the files."""
SILENCE = 2.0
"""Seconds without news after which it is checked whether the writing process still lives."""
TOLD = 5
"""Damages of a file that are told one by one at a look; then how many more there are."""


class RunReader:
    """Brings what is in a run's files into a tracker, and keeps it there as if one process had recorded it.

    Parameters
    ----------
    folder
        The run's folder; it may not be there yet.
    target
        The tracker to fill.
    limit
        Take only what was recorded before this (epoch, step).

    Attributes
    ----------
    status
        Of the latest attempt: what its processes said last; None before any word.
    superseded
        Rows left out because a later attempt replaced them.
    summaries
        Of the epochs that ended, for whoever tells subscribers; the oldest are dropped when nobody does.
    """

    def __init__(self, folder: str | os.PathLike[str], target: Tracker, limit: Place = END) -> None:
        self.folder = Path(folder)
        self.files: dict[Path, FileReader] = {}
        self.status: Status | None = None
        self.superseded = 0
        self._target, self._limit = target, limit
        self._owners = Owners()
        self._reported: dict[Path, int] = {}
        self._unreadable: set[str] = set()
        self.summaries: deque[EpochSummary] = deque(maxlen=1000)
        self._begin()

    def _begin(self) -> None:
        self._applied: dict[int, Place] = {}
        self._ended: dict[tuple[int, str, str | None, int], set[int]] = {}
        self._open: set[tuple[str, str | None, int]] = set()
        self.superseded = 0

    def poll(self) -> bool:
        """Take in all that has come; True when there was something."""
        self._find_files()
        news = False
        while (progress := self._round()) is not False:
            news = news or progress is True
            if progress is None:  # a later attempt reached back behind what was taken in already
                self.start_over()
        self._report_damage()
        return news

    def _find_files(self) -> None:
        """Note new files, and drop those that were deleted and written anew."""
        found = [path for path in files_of(self.folder) if path not in self.files]
        for path in found:
            self.files[path] = reader = FileReader(path)
            self._events(reader)  # a glance: where its training begins decides what of older files is wanted
            reader.rewind()
        replaced = {file.about.get("replaces") for file in self.files.values()} if found else set()
        gone = [path for path, file in self.files.items() if file.unique in replaced]
        for path in gone:
            del self.files[path]
        if gone:
            self.start_over()

    def _events(self, file: FileReader) -> list[Event]:
        """Read a window of a file; one that cannot be read is told once, tried again, and costs no other."""
        try:
            return file.poll()
        except OSError as error:
            text = (
                f"the run log's file {file.path.name} cannot be read at the moment: {error.strerror or error}"
            )
            if text not in self._unreadable:
                self._unreadable.add(text)
                self._target.report(text)
            return []

    def start_over(self) -> None:
        """Forget what was taken in, to read it all again."""
        self._target.forget()
        for file in self.files.values():
            file.rewind()
        self._begin()

    def _round(self) -> bool | None:
        """Read a window of every file, older attempts to their end first; None when all must be done again."""
        numbers = attempts(self.files.values())
        for number in sorted(set(numbers.values())):
            some = False
            for file in sorted((f for f, n in numbers.items() if n == number), key=lambda f: f.rank):
                events = self._events(file)
                limits = cuts(numbers)
                if any(self._applied.get(n, (-1, -1)) >= limit for n, limit in limits.items()):
                    return None
                for event in events:
                    if not self._take(event, file, number, min(limits[number], self._limit)):
                        return None
                some = some or file.advanced
            if some:
                return True
        return False

    def _take(self, event: Event, file: FileReader, number: int, limit: Place) -> bool:
        """Apply an event; what no tracker can take costs its file, not the reader."""
        try:
            return self._apply(event, file, number, limit)
        except Exception as error:
            file.give_up(
                f"its rows cannot be taken in ({type(error).__name__}: {error}); it is not read further"
            )
            return True

    def _apply(self, event: Event, file: FileReader, number: int, limit: Place) -> bool:
        if isinstance(event, Rows):
            place = (event.epoch, event.step)
            if place >= limit or not self._owners.admits(number, event):
                self.superseded += len(event.batch)
                return True
            if self._owners.takes_over(number, event):
                return False
            self._applied[number] = max(self._applied.get(number, (-1, -1)), place)
            self._open.add((event.mode, event.ds_id, event.epoch))
            self._target.take_rows(event.mode, event.ds_id, event.epoch, event.step, event.batch)
        elif isinstance(event, EpochEnd):
            ranks = self._ended.setdefault((number, event.mode, event.ds_id, event.epoch), set())
            ranks.add(file.rank)
            if len(ranks) >= file.world:
                self._close(event.mode, event.ds_id, event.epoch)
        else:
            self.status = event
        return True

    def _close(self, mode: str, ds_id: str | None, epoch: int) -> None:
        """End an epoch, and those before it that nobody ended."""
        for key in sorted(k for k in self._open if k[:2] == (mode, ds_id) and k[2] <= epoch):
            self._open.discard(key)
            self.summaries.append(self._target.close_epoch(*key))

    def _report_damage(self) -> None:
        for path, file in self.files.items():
            damage = file.tally.damage
            fresh = damage[self._reported.get(path, 0) :]
            for each in fresh[:TOLD]:
                self._target.report(
                    f"damage in the run log: {path.name}, {each.size} bytes at {each.offset}: {each.reason}. They were "
                    "skipped; `xai-widgets log verify` lists all"
                )
            if len(fresh) > TOLD:
                self._target.report(f"damage in the run log: {path.name}, {len(fresh) - TOLD} places more")
            self._reported[path] = max(self._reported.get(path, 0), len(damage))

    @property
    def newest(self) -> FileReader | None:
        """The file that was begun last, of the lowest rank in its attempt."""
        numbers = attempts(self.files.values())
        last = [f for f, n in numbers.items() if n == max(numbers.values())]
        return min(last, key=lambda f: f.rank) if last else None


class FollowingTracker(Tracker):
    """What `Tracker.follow` gives: answers as a tracker does, from a run in another process.

    Every answer includes what was in the files a fiftieth of a second before; `version` and subscribers hear of news
    within a quarter second.
    """

    def __init__(self, folder: str | os.PathLike[str], *, live: bool = True, every: float = EVERY) -> None:
        super().__init__()
        self.log_dir = Path(folder)
        self._reader = RunReader(folder, self)
        self._about: dict[str, Any] = {}
        self._looked = self._heard = 0.0
        self._every = every
        self._poller = self._new_poller()
        self.refresh()
        if live:
            self._poller.wake()

    def _new_poller(self) -> Worker:
        return Worker(self._tick, every=self._every, name="xai-widgets-follow")

    def _after_fork(self) -> None:
        """In a forked child: it answers as before, and tells nobody by itself."""
        super()._after_fork()
        self._poller = self._new_poller()

    def record(self, *args: Any, **kwargs: Any) -> None:
        """Refuse: this tracker only reads."""
        raise RuntimeError(
            f"this tracker follows the run in {self.log_dir}; record with Tracker(log_dir=...) in the process that trains"
        )

    def withdraw(self, *args: Any, **kwargs: Any) -> None:
        """Refuse, as `record` does."""
        self.record()

    def refresh(self) -> None:
        """Look at the files now."""
        with self._settling:
            news = self._look()
            self._looked = time.monotonic()
            if news:
                self._heard = self._looked
                self.version += 1
                self._learn()
            self._judge_status(news)

    def _look(self) -> bool:
        """Read what has come; a file system that fails is reported once, and tried again at the next look."""
        try:
            news = self._reader.poll()
        except OSError as error:
            text = f"the run log in {self.log_dir} cannot be read at the moment: {error.strerror or error}"
            if text not in self.problems:
                self.report(text)
            return False
        return news

    @property
    def files(self) -> list[FileReader]:
        """The files read, oldest first."""
        return sorted(self._reader.files.values(), key=lambda f: f.began)

    @property
    def superseded(self) -> int:
        """Rows left out because a later start replaced them."""
        return self._reader.superseded

    def take_news(self) -> list[EpochSummary]:
        """Take what subscribers have not been told yet: for readers without a thread."""
        news = list(self._reader.summaries)
        self._reader.summaries.clear()
        return news

    def epoch_means(self, mode: str, ds_id: str | None, epoch: int) -> dict[str, float]:
        """Mean of every metric over all instances of an epoch; NaN where there is none."""
        with self._settling:
            stream = Reading(self).stream(mode, ds_id)
            if stream is None:
                return {}
            columns = {m: epochs[epoch].values for m, epochs in stream.columns.items() if epoch in epochs}
            kept = {metric: values[np.isfinite(values)] for metric, values in columns.items()}
            return {m: float(v.mean(dtype=np.float64)) if v.size else float("nan") for m, v in kept.items()}

    def _tick(self) -> None:
        """Look, then tell subscribers, with no lock held."""
        self.refresh()
        summaries = self._reader.summaries
        while summaries:
            self._subscribers.call(summaries.popleft())

    def close(self) -> None:
        """Look no more; what was read stays."""
        self._poller.stop()

    def _settled(self) -> None:
        if time.monotonic() - self._looked > 0.02:
            self.refresh()
        super()._settled()

    def _learn(self) -> None:
        """Take names, policy and plans from what the newest process said of itself."""
        file = self._reader.newest
        if file is None or not file.about or file.about is self._about:
            return
        self._about = about = file.about
        self._given_names = read_label_names(about.get("label_names"))
        Saving(self).describe(about.get("metrics", ()))
        self.epochs = about.get("epochs")
        self.steps_per_epoch = about.get("steps_per_epoch")
        policy = about.get("policy")
        if policy is not None and (fresh := Policy.of(*policy)) != self._policy:
            self._policy = fresh
            self._reader.start_over()
            self._reader.poll()

    def _judge_status(self, news: bool) -> None:
        status, error = self.status, None
        said = self._reader.status
        if said is not None:
            status, error = said.status, said.error
        elif self._reader.files:
            status = "training"
        silent = time.monotonic() - self._heard > SILENCE
        about = self._about
        if (
            status == "training"
            and silent
            and about
            and process_identity.is_gone(about["host"], about["pid"])
        ):
            status, error = "failed", "the process that wrote the log is gone"
        self.error = error
        if about:
            self._elapsed = max(
                0.0, (said.time if said and status != "training" else time.time()) - about["began"] / 1e9
            )
        if status != self.status:
            self.status = status
            self.version += 1
            self._reader.summaries.append(
                EpochSummary(None, None, self.epoch, self.step, kind="status", status=status)
            )


def read(folder: str | os.PathLike[str]) -> FollowingTracker:
    """Read a run's log as it is now.

    Parameters
    ----------
    folder
        The run's folder.

    Raises
    ------
    FileNotFoundError
        When there is no log in it.
    """
    if not files_of(Path(folder)):
        raise FileNotFoundError(f"no run log in {os.fspath(folder)!r}; it is written by Tracker(log_dir=...)")
    return FollowingTracker(folder, live=False)
