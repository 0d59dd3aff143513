"""From the files of all processes and all starts of a run to the rows one process would have recorded.

1. Processes that were started together make an *attempt*; a start after a crash is another one.
2. Rows of an attempt at or after the place where a later attempt began to train are superseded: an epoch that was run
   again replaces the first, a resume in the middle of an epoch keeps its first half.
3. Evaluations are run whole: a later attempt's rows of a mode's epoch supersede all earlier ones.
4. What several processes recorded of an instance in an epoch is folded by the tracker as repetitions are.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from xai_widgets.runlog.file_reader import FileReader, Rows

Place: TypeAlias = tuple[int, int]
EvalKey: TypeAlias = tuple[str, str | None, int]
END: Place = (2**62, 2**62)


def attempts(files: Iterable[FileReader]) -> dict[FileReader, int]:
    """Say which attempt each file belongs to; attempts count from 0, oldest first.

    A start comes after those whose files it found in the folder, whatever the wall clock said (see `files`). Files of one
    start share their key, and each has another rank. Where a key cannot tell starts apart (several
    machines, a launcher without a name for the run), the n-th file of a rank belongs to the n-th start of that key.
    """
    turn: dict[tuple[str, int], int] = {}
    groups: dict[tuple[str, int], list[FileReader]] = {}
    for file in sorted(files, key=lambda f: (f.began, f.path.name)):
        nth = turn[(file.key, file.rank)] = turn.get((file.key, file.rank), -1) + 1
        groups.setdefault((file.key, nth), []).append(file)
    ordered = sorted(groups.values(), key=lambda group: group[0].began)
    return {file: number for number, group in enumerate(ordered) for file in group}


def cuts(numbers: dict[FileReader, int]) -> dict[int, Place]:
    """Find where each attempt's rows begin to be superseded by a later one."""
    began: dict[int, Place] = {}
    for file, number in numbers.items():
        if file.first is not None:
            began[number] = min(began.get(number, END), file.first)
    found = {}
    earliest = END
    for number in sorted(set(numbers.values()), reverse=True):
        found[number] = earliest
        earliest = min(earliest, began.get(number, END))
    return found


class Owners:
    """Which attempt the rows of each evaluation are taken from."""

    def __init__(self) -> None:
        self._of: dict[EvalKey, int] = {}

    def admits(self, number: int, rows: Rows) -> bool:
        """Whether rows of an attempt are wanted; training rows always are."""
        return rows.mode == "train" or self._of.get(_key(rows), number) <= number

    def takes_over(self, number: int, rows: Rows) -> bool:
        """Note whose the rows are; True when an earlier attempt's were taken before."""
        if rows.mode == "train":
            return False
        owner = self._of.get(_key(rows))
        if owner is None or owner < number:
            self._of[_key(rows)] = number
        return owner is not None and owner < number


def _key(rows: Rows) -> EvalKey:
    return rows.mode, rows.ds_id, rows.epoch
