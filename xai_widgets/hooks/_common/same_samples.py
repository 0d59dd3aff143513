"""Whether a data set gives, under one name, the same sample every time.

Some data sets put their samples into another order between passes, and data sets that were named one by one and then put
together give a name twice. Nothing in a batch shows it: each is what was asked for. What shows is that samples come with
other targets than they had before under the same name. The targets of a whole pass are kept, eight bytes for each sample;
its batches, and some of every later pass, are compared with them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.hooks._common.evidence import Proof

Array = npt.NDArray[Any]
MOST = 1 << 21  # samples whose targets are kept
WIDEST = 256  # numbers in a target
FIRST, OFTEN = 3, 16  # batches of a pass that are compared, then one in so many
# of rows that must differ, at least so many (or half a batch): fewer may have been relabelled
SHARE, LEAST = 0.2, 4
FEW = "samples being those of earlier passes"
INDEX = (
    "If its order changes, or its labels are drawn anew, let its batches carry what names a sample: Indexed(dataset, key=...) "
    "or index=function(batch) in PyTorch, indexed(dataset, key=...) in Keras"
)
TWICE = "Put data sets together first, and name the samples of the whole: indexed(first + second)"


class SameSamples:
    """Compares the targets of one data set's samples with those that came before under the same names."""

    def __init__(self) -> None:
        self._kept: Array = np.full(0, np.nan)
        self._pass = self._batches = 0
        self._compared = self._differing = 0  # rows of this pass
        self._waiting: list[tuple[Array, Any]] = []  # names and targets that are looked at with later ones
        self.lost = False

    def begins(self) -> None:
        """Note that another pass begins."""
        for places, targets in self._waiting:
            values = numbers_of(targets, len(places))
            if values is not None and are_places(places):
                self._keep(places, values)
        self._waiting = []
        self._pass += self._batches > 0
        self._batches = self._compared = self._differing = 0

    def prove(self, proof: Proof, names: Any, targets: Any, *, take_back: bool = True) -> None:
        """Look at one batch: `names` (B,) are whole numbers, `targets` (B, ...) what came with them, or None.

        What came under names that are given twice is taken back, unless these numbers are not what is recorded.
        """
        seen, self._batches = self._batches, self._batches + 1
        if self.lost:
            proof.may_record = False
            proof.refused += 1
            return
        if self._pass and seen >= FIRST and seen % OFTEN:
            return
        self._waiting.append((np.asarray(names), _copied(targets)))
        if not self._pass and seen > FIRST and seen % OFTEN != OFTEN - 1 and seen & (seen + 1):
            return  # batches of the first pass are looked at together: each look costs as much as one at all of them
        self._look(proof, take_back)

    def _look(self, proof: Proof, take_back: bool) -> None:
        waiting, self._waiting = self._waiting, []
        if len({(places.ndim, getattr(values, "shape", ())[1:]) for places, values in waiting}) == 1:
            waiting = [(np.concatenate([p for p, _ in waiting]), _together([v for _, v in waiting]))]
        for places, targets in waiting:
            values = numbers_of(targets, len(places))
            if values is None or not are_places(places):
                if self._pass:
                    proof.leave_open(
                        "samples of later passes",
                        "they have no targets that could be compared with earlier ones",
                    )
            elif not self._agree(proof, places, values):
                if not self._pass and take_back:
                    proof.withdraw_names(np.flatnonzero(~np.isnan(self._kept)))
                return

    def _agree(self, proof: Proof, places: Array, values: Array) -> bool:
        """Keep the values of places that have none, and compare all with what is kept: a name may come twice in one batch."""
        new = self._keep(places, values)
        differing = np.abs(self._kept[places] - values) > 1e-5 * (1 + np.abs(values))
        size, others = int((differing | ~(new | np.isnan(values))).sum()), int(differing.sum())
        if not size:
            return True
        self._compared += size
        self._differing += others
        proof.open.pop(FEW, None)
        if self._differing >= max(LEAST, SHARE * self._compared) or 2 * others >= max(LEAST, size):
            self.lost = True
            when, so = (
                ("in an earlier pass", "the data set gives other samples there")
                if self._pass
                else ("before in this pass", "names are given twice")
            )
            proof.refuse(
                "same samples",
                f"{self._differing:,} of {self._compared:,} {proof.mode} samples came with other targets than {when} under the "
                f"same name, so {so}, and nothing more is recorded",
                INDEX if self._pass else TWICE,
            )
        elif self._differing > SHARE * self._compared:
            proof.leave_open(FEW, f"{self._differing} of the {self._compared} looked at have other targets")
        return not self.lost

    def _keep(self, places: Array, values: Array) -> Array:
        size = int(places.max(initial=-1)) + 1
        if size > len(self._kept):
            grown = np.full(max(size, min(MOST, 2 * len(self._kept))), np.nan)
            grown[: len(self._kept)] = self._kept
            self._kept = grown
        new = np.isnan(self._kept[places])
        self._kept[places[new]] = values[new]
        return np.asarray(new)


def are_places(names: Any) -> bool:
    """Whether names (B,) are numbers that may be places, so that what came under them can be kept."""
    if str(getattr(names, "device", "cpu")) != "cpu":
        return False
    names = np.asarray(names)
    return (
        names.dtype.kind in "iu"
        and names.ndim == 1
        and names.min(initial=0) >= 0
        and names.max(initial=0) < MOST
    )


def _copied(targets: Any) -> Any:
    """Return targets as an array that no loop writes into; None where they are on a device or no array."""
    if hasattr(targets, "detach"):
        near = targets.is_cpu and str(targets.dtype) != "torch.bfloat16"
        return targets.detach().numpy().copy() if near else None
    if isinstance(targets, (list, tuple)):
        targets = np.asarray([hash(one) % 999_983 if isinstance(one, str) else one for one in targets])
    return targets.copy() if isinstance(targets, np.ndarray) else None


def _together(parts: list[Any]) -> Any:
    return None if any(one is None for one in parts) else np.concatenate(parts)


def numbers_of(targets: Any, count: int) -> Array | None:
    """Make one number of each row of targets, which differs where rows do; None where they are no such rows."""
    if (
        not isinstance(targets, np.ndarray)
        or targets.dtype.kind not in "iufb"
        or targets.shape[:1] != (count,)
    ):
        return None
    rows = targets.reshape(count, -1).astype(np.float64)
    if rows.shape[1] > WIDEST:
        return None
    return np.asarray(rows @ np.cos(np.arange(rows.shape[1]) + 0.5)) if rows.shape[1] > 1 else rows[:, 0]
