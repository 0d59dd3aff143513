"""Whether the labels of a `Trainer`'s batches are those of the samples that they name, and the same ones in every pass."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.hooks._common.evidence import ENOUGH, Proof, is_function, orders_of_rows, same_labels
from xai_widgets.hooks._common.same_samples import SameSamples, are_places
from xai_widgets.hooks.torch.edited import EditedLoader
from xai_widgets.hooks.transformers.labels import Lookup, each_name
from xai_widgets.hooks.transformers.names import decode

Array = npt.NDArray[Any]
IGNORED = -100  # the label of a row without one
KEPT = "Let the collate function keep each row's label beside its index"


class OwnLabels:
    """Compares the labels of batches with those of the samples that they name.

    Attributes
    ----------
    by_place
        Whether names are places in the data set, so that one that reshuffles itself gives other samples under them.
    """

    def __init__(self, edited: EditedLoader | None) -> None:
        self._edited = edited
        self._same = SameSamples()
        self._waiting: list[tuple[Any, Any]] = []  # names and targets of the first pass, looked at together
        self._later = False  # whether a pass is over
        self.by_place = False

    def begins(self) -> None:
        """Note that another pass over the training data begins."""
        self._same.begins()

    def ends(self, proof: Proof) -> None:
        """Note that a pass is over, and compare what waited for that."""
        self._compare_waiting(proof)
        self._later = True

    def prove(
        self, proof: Proof, names: Any, targets: Any, given: tuple[Any, Any] | None, look_up: Lookup | None
    ) -> bool:
        """Compare the targets of a training batch, and tell whether it may be recorded.

        Parameters
        ----------
        names
            (B,) names of the rows.
        targets
            (B, ...) labels that the loss was given.
        given
            Names and labels of the batch's samples before they were collated, where they were seen.
        look_up
            Gives the labels that the data set has in memory, where it has.
        """
        read = look_up if given is None else partial(_by_name, *given)
        found = _array(targets)
        if read is None or found is None or len(found) != len(names) or (given is None and found.ndim > 2):
            if not proof.rows_seen:
                proof.leave_open("labels", "the data set does not tell them by name")
            return True
        wanted = np.asarray(read(names))
        if self._edited is not None:
            wanted = self._edited.expected(names, wanted, found)
        return _compared(proof, wanted, found, exact=given is not None)

    def as_before(self, proof: Proof, names: Any, targets: Any, look: bool) -> bool:
        """Tell whether a training batch may be recorded: whether its samples have the labels that came before under their names.

        Batches of the first pass wait until one wants to `look` at one anyway, and of later ones only these are compared.
        """
        if getattr(targets, "ndim", 0) > 1 and not targets.is_floating_point():
            targets = None  # tokens, which are padded to the longest of their batch
        if targets is None and not self.by_place:
            return True
        if self._later or self._same.lost:
            if look or self._same.lost:
                self._compare(proof, names, targets)
        elif targets is not None:
            self._waiting.append((names, targets))
            if look:
                self._compare_waiting(proof)
        return proof.may_record

    def _compare_waiting(self, proof: Proof) -> None:
        waiting, self._waiting = self._waiting, []
        alike = len({tuple(targets.shape[1:]) for _, targets in waiting}) == 1
        if alike and all(hasattr(names, "cpu") for names, _ in waiting):
            import torch

            waiting = [tuple(torch.cat(parts) for parts in zip(*waiting, strict=True))]
        for names, targets in waiting:
            self._compare(proof, names, targets)

    def _compare(self, proof: Proof, names: Any, targets: Any) -> None:
        if not proof.rows_seen or proof.rows_proved < proof.rows_seen:
            return  # targets that are not known to be those of the samples
        index, found = np.asarray(names.cpu() if hasattr(names, "cpu") else names), _array(targets)
        if not are_places(index):
            return
        if self._edited is not None and found is not None:
            kept = ~np.isin(index, list(self._edited.relabelled()))
            index, found = index[kept], found[kept]
        self._same.prove(proof, index, found)


def prove_evaluated(proof: Proof, names: Any, labels: Any, look_up: Lookup) -> None:
    """Compare the labels (B, ...) of an evaluation's batch with those that the data set gives for its names."""
    _compared(proof, np.asarray(look_up(names)), np.asarray(labels))


def _compared(proof: Proof, wanted: Array, found: Array, *, exact: bool = False) -> bool:
    """Tell whether a batch whose names have the labels `wanted` may be recorded where `found` are in it, (B, ...) each.

    Labels that are a function of these may have been made of them, unless the samples came with them `exact`ly and the batch has
    the same ones in other rows.
    """
    if wanted.shape == found.shape and np.array_equal(wanted, found):  # which nearly all are
        proof.proved(len(found), 0.0 if proof.orders >= ENOUGH else orders_of_rows(found))
        return True
    if not _reordered(wanted, found) and found.ndim == 1 and wanted.shape == found.shape:
        known = found != IGNORED  # rows whose label a collate function takes away
        wanted, found = wanted[known], found[known]
    if wanted.shape == found.shape and same_labels(wanted, found).all():
        return proof.labels(wanted, found, KEPT)
    made = is_function(wanted, found) if len(wanted) == len(found) else None
    if (
        _reordered(wanted, found)
        or made is False
        or (exact and made is None and _shared(wanted, found) >= 0.5)
    ):
        return proof.labels(wanted, found, KEPT)
    proof.leave_open("labels", "the data set has other labels than the model is given")
    return True


def _by_name(given: Any, labels: Any, names: Any) -> Array:
    """Return the labels of `names` (B,), of those that came with the names `given`."""
    values = np.asarray(labels.cpu().numpy())
    if given is names or (
        hasattr(names, "shape") and given.shape == names.shape and bool((given == names).all())
    ):
        return values
    places = {name: place for place, name in enumerate(each_name(decode(given)))}
    return np.asarray(values[[places[name] for name in each_name(names)]])


def _array(targets: Any) -> Array | None:
    if not hasattr(targets, "detach") or targets.ndim == 0:
        return None
    targets = targets.detach().cpu()
    return np.asarray(targets.float() if str(targets.dtype) == "torch.bfloat16" else targets)


def _reordered(given: Array, found: Array) -> bool:
    """Whether labels are the same, in another order."""
    if given.shape != found.shape or given.dtype.kind not in "iuf" or found.dtype.kind not in "iuf":
        return False
    if given.ndim == 2:
        return sorted(map(tuple, given.tolist())) == sorted(map(tuple, found.tolist()))
    return bool((np.sort(given) == np.sort(found)).all())


def _shared(given: Array, found: Array) -> float:
    """Return which part of labels (B,) is among those given."""
    if given.ndim != 1 or found.ndim != 1 or given.dtype.kind not in "iuf" or not len(found):
        return 0.0
    return float(np.isin(found.astype(np.float32), given.astype(np.float32)).mean())
