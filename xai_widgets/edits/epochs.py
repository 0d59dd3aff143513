"""Which edits an epoch of the training has, and the note of it in the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from xai_widgets.edits.log import EditLog, EpochStart
from xai_widgets.edits.records import Edit
from xai_widgets.edits.state import Folded, Ledger, fold


class EpochEdits:
    """Fixes the edits of every epoch when it begins.

    Parameters
    ----------
    log
        Where it is written which edits an epoch began with.
    ledger
        All edits known.
    report
        Called with what could not be written.

    Attributes
    ----------
    in_force
        The edits of the epoch that was begun last; None before any.
    taken
        Of each editor, how many edits these are.
    """

    def __init__(self, log: EditLog, ledger: Ledger, report: Callable[[str], None]) -> None:
        self._log, self._ledger, self._report = log, ledger, report
        self._start: EpochStart | None = None  # of the open epoch, while it is not written
        self.in_force: Folded | None = None
        self.taken: dict[str, int] = {}

    def begin(self, epoch: int) -> None:
        """Begin an epoch with all edits that are known now."""
        self._fix(self._ledger.edits)
        self._start = EpochStart(epoch, self.taken, (self._log.clock + 1, self._log.editor))
        self.write_start()

    def begin_with(self, taken: Mapping[str, int]) -> None:
        """Begin an epoch with so many edits of each editor, as another process of the run does, which writes it down."""
        self._fix([edit for edit in self._ledger.edits if edit.number < taken.get(edit.editor, 0)])

    def repeat(self, epoch: int) -> None:
        """Begin an epoch with the edits that it began with when it ran before."""
        self._fix(self.edits_of(epoch))

    def _fix(self, edits: list[Edit]) -> None:
        self.in_force, self.taken, self._start = fold(edits), _counted(edits), None

    def write_start(self) -> None:
        """Write down what the open epoch began with, as soon as there is any edit at all."""
        if self._start is None or not self._ledger.edits or self._log.problem is not None:
            return
        start, self._start = self._start, None
        try:
            self._log.append_start(start)
        except OSError as error:
            self._report(
                f"the edits of epoch {start.epoch} could not be written down, a replay will not know them: {error}"
            )

    def edits_of(self, epoch: int) -> list[Edit]:
        """List the edits that an epoch began with: as written down, else those made in an epoch before it."""
        edits, starts = self._ledger.edits, self._starts()
        if not starts:
            return [edit for edit in edits if edit.epoch < epoch]
        started = [start for start in starts if start.epoch <= epoch]
        if not started:  # before the first epoch that was written down
            return [e for e in edits if e.epoch < epoch and e.number < starts[0].taken.get(e.editor, 0)]
        return [edit for edit in edits if edit.number < started[-1].taken.get(edit.editor, 0)]

    def changed(self, mode: str, ds_id: str | None) -> tuple[int, ...]:
        """Return the epochs that began with edits of a data set that the epoch before did not have; see `Edits.epochs`."""
        files = {file.path.stem: file.edits for file in self._log.files}
        starts = self._starts()
        if not starts:
            meant = (e for edits in files.values() for e in edits if (e.mode, e.ds_id) == (mode, ds_id))
            return tuple(sorted({edit.epoch + 1 for edit in meant}))
        epochs, before = set(), dict.fromkeys(files, 0)
        for start in starts:
            for editor, count in start.taken.items():
                new = files.get(editor, [])[before.get(editor, 0) : count]
                if any((edit.mode, edit.ds_id) == (mode, ds_id) for edit in new):
                    epochs.add(start.epoch)
                before[editor] = max(before.get(editor, 0), count)
        return tuple(sorted(epochs))

    def _starts(self) -> list[EpochStart]:
        return sorted((s for file in self._log.files for s in file.starts), key=lambda s: (s.epoch, s.order))


def _counted(edits: Iterable[Edit]) -> dict[str, int]:
    """Count the edits of each editor, up to the last one that is among them."""
    counts: dict[str, int] = {}
    for edit in edits:
        counts[edit.editor] = max(counts.get(edit.editor, 0), edit.number + 1)
    return counts
