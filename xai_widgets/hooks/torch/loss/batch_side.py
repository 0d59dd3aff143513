"""Which rows of a batch the values of a loss belong to.

Told from sizes where they leave no doubt, else from the loss's targets, found again among the parts of the batch: as they
are, with the first two sides changed, shifted by a token, flattened, cut into pieces, or without what has no label.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from xai_widgets.hooks.torch.witness import Path, leaves

NOT_A_LABEL = (-1, -100)
LABEL_PATHS: tuple[Path, ...] = ((1,), ("label",), ("labels",), ("target",), ("targets",), ("y",))
WIDEST = 256  # numbers in a row of targets that is compared


class Side(NamedTuple):
    """How values become one row for each instance.

    Attributes
    ----------
    shape
        What the values are reshaped to; None: as they are.
    axis
        Which side of that is the batch.
    rows
        A slice or mask of the batch's instances that the values are of; None: all.
    proved
        Whether the targets are the batch's own, row by row; None where nothing tells.
    """

    shape: tuple[int, ...] | None
    axis: int
    rows: Any = None
    proved: bool | None = None


class Sides:
    """Finds the batch's side in the values of a loss, and remembers what it found in earlier batches."""

    def __init__(self) -> None:
        self._axis: dict[
            tuple[int, int], int
        ] = {}  # (sides of the values, of the targets): the batch's, where clear
        self._flat: dict[tuple[Any, ...], Side] = {}

    def find(self, values: Any, targets: Any, count: int, batch: Any, start: int) -> Side | None:
        """Say how `values` belong to the `count` instances of `batch`, of which `start` have theirs; None if unknown."""
        shape = tuple(values.shape)
        if shape and shape[0] == count and (len(shape) == 1 or shape[1] != count):
            known = self._axis.get((len(shape), 0)) if len(shape) > 1 else None
            if known in (None, 0):
                self._axis[len(shape), 0] = 0
                return Side(None, 0, None, None)
        parts = [
            one for _, one in leaves(batch) if hasattr(one, "shape") and len(getattr(one, "shape", ())) > 0
        ]
        if len(shape) > 1 and (count in shape[:2] or shape[0] > count):
            return self._of_several_sides(shape, targets, count, parts)
        if not shape:
            return None
        if shape[0] > count:
            return self._flattened(shape[0], targets, count, parts)
        return _piece(shape[0], targets, count, parts, start)

    def _of_several_sides(
        self, shape: tuple[int, ...], targets: Any, count: int, parts: list[Any]
    ) -> Side | None:
        fitting = [axis for axis, side in enumerate(shape[:2]) if side == count]
        known = self._axis.get((len(shape), 0))
        turned = getattr(targets, "ndim", 0) >= 2 and any(
            one.ndim >= 2 and _equal(targets, one.transpose(0, 1)) for one in parts
        )
        if fitting == [0] or (fitting == [1] and (turned or known == 1)):
            self._axis[len(shape), 0] = fitting[0]
            return Side(None, fitting[0], None, True if turned else None)
        if len(fitting) < 2:
            return None
        for one in parts:
            if known is None and getattr(targets, "ndim", 0) >= 2 and one.ndim >= 2:
                same = _equal(targets, one)
                turned = not _lies_at(targets, one) and _equal(targets, one.transpose(0, 1))
                if same != turned and one.shape[0] == count:
                    known = (
                        0 if same else 1
                    )  # parts of a batch of the default collate function begin with the batch
            elif known is None and one.shape == (count,) and getattr(targets, "ndim", 0) == 2:
                known = _side_of_classes(targets, one)
        return None if known is None else Side(None, known)

    def _flattened(self, length: int, targets: Any, count: int, parts: list[Any]) -> Side | None:
        if length % count or getattr(targets, "ndim", 0) < 1 or targets.shape[0] != length:
            return None
        steps = length // count
        found: set[tuple[tuple[int, ...], int]] = set()
        for one in parts:
            if one.ndim < 2 or count not in one.shape[:2]:
                continue
            axis = 0 if one.shape[0] == count else 1
            if one.shape[0] == one.shape[1]:
                axis = self._axis.get((2, 0), 0)
            own = one if axis == 0 else one.transpose(0, 1)  # (B, T, ...)
            for part in (own, own[:, 1:], own[:, :-1]):
                if part.shape[1] != steps or part.shape[2:] != targets.shape[1:]:
                    continue
                if _equal(targets, part.reshape(length, *part.shape[2:])):
                    found.add(((count, steps), 0))
                if _equal(targets, part.transpose(0, 1).reshape(length, *part.shape[2:])):
                    found.add(((steps, count), 1))
        key = (length, count)
        if len(found) == 1:
            shape, axis = found.pop()
            self._flat[key] = Side(shape, axis, None, True)
            return self._flat[key]
        return None


def _side_of_classes(targets: Any, labels: Any) -> int | None:
    """Say along which side (B, B) targets are the one-hot rows of a batch's labels; None where neither or both are."""
    fits = [
        is_one_hot(rows) and bool((rows.argmax(1) == labels.to(rows.device)).all())
        for rows in (targets.detach(), targets.detach().t())
    ]
    return None if fits[0] == fits[1] else int(fits[1])


def _piece(length: int, targets: Any, count: int, parts: list[Any], start: int) -> Side | None:
    """Find fewer values than instances among them: a piece of the batch, or those that have a label."""
    piece = slice(start, start + length)
    fits = start + length <= count
    seen = False
    for one in parts:
        if one.shape[0] != count or getattr(targets, "ndim", 0) < 1 or targets.shape[0] != length:
            continue
        if fits and one.shape[1:] == targets.shape[1:]:
            seen = True
            if _equal(targets, one[piece]):
                return Side(None, 0, piece, True)
        mask = has_label(one)
        if mask is not None and int(mask.sum()) == length and _equal(targets, one[mask]):
            return Side(None, 0, mask, True)
    # nothing of the batch looks like the targets: pieces come in order, or the batch's last is missing and that is told
    return Side(None, 0, piece, None) if fits and not seen else None


def has_label(labels: Any) -> Any:
    """Tell which rows of labels (B,) have one, where some have none: NaN, -1 or -100."""
    if labels.ndim != 1:
        return None
    mask = labels == labels if labels.is_floating_point() else labels != NOT_A_LABEL[0]
    if not labels.is_floating_point():
        mask = mask & (labels != NOT_A_LABEL[1])
    return None if bool(mask.all()) else mask


def own_rows(targets: Any, batch: Any, count: int) -> bool | None:
    """Whether targets (B, ...) are a part of the batch, row by row; None where none is like them.

    Labels that were made one-hot, floats or one column are the batch's own, too; the same ones in another order are not.
    """
    same: bool | None = None
    for _, one in leaves(batch):
        if one is targets:
            return True
        if getattr(one, "shape", (0,))[:1] != (count,) or not hasattr(one, "detach"):
            continue
        told = _same_rows(targets, one)
        if told:
            return True
        same = told if told is not None else same
    return same


def follow_labels(targets: Any, batch: Any, count: int) -> bool | None:
    """Whether targets are a function of the batch's labels: rows with one label have one target. None where nothing tells."""
    usual = [one for path, one in leaves(batch) if path in LABEL_PATHS and hasattr(one, "detach")]
    whole = [one for one in usual if one.shape == (count,) and not one.is_floating_point()]
    if not whole or getattr(targets, "shape", (0,))[:1] != (count,):
        return None
    known: dict[int, list[float]] = {}
    rows = targets.detach().reshape(count, -1).double().cpu()
    if rows.shape[1] > WIDEST:
        return None
    labels = whole[0].tolist()
    same = all(known.setdefault(label, row) == row for label, row in zip(labels, rows.tolist(), strict=True))
    return same if len(known) < count else None


def lies_in(targets: Any, batch: Any) -> bool:
    """Whether targets (B, ...) are a part of the batch, or a view of one from its first row on."""
    address = targets.data_ptr() if hasattr(targets, "data_ptr") else None
    return address is not None and any(
        hasattr(one, "data_ptr") and one.data_ptr() == address for _, one in leaves(batch)
    )


def own_input(inputs: Any, batch: Any) -> bool | None:
    """Whether a model was given a part of the batch; None where nothing is like what it was given."""
    parts = [part for _, part in leaves(batch) if hasattr(part, "detach")]
    if any(one is part for one in inputs for part in parts):
        return True
    known: bool | None = None
    for one in inputs:
        for part in parts:
            if one.shape == part.shape and one.dtype == part.dtype:
                if bool((one.detach() == part.to(one.device)).all()):
                    return True
                known = False
    return known


def take_rows(values: Any, rows: Any) -> Any:
    """Take a slice or mask out of an array, tensor or list."""
    if isinstance(rows, slice):
        return values[rows]
    mask = rows.cpu().numpy()
    if hasattr(values, "dtype"):
        return (
            values[rows.to(values.device)]
            if hasattr(values, "device") and hasattr(values, "detach")
            else values[mask]
        )
    return [one for one, kept in zip(values, mask.tolist(), strict=True) if kept]


def _same_rows(targets: Any, part: Any) -> bool | None:
    """Whether targets are this part (True), this part in another order (False), or something else (None)."""
    one, other = _classes(targets), _classes(part)
    if one.shape != other.shape and one.ndim >= 2 and one.transpose(0, 1).shape == other.shape:
        one = one.transpose(0, 1)
    if one.shape != other.shape:
        return None
    other = other.to(one.device)
    if one.is_floating_point() != other.is_floating_point():
        one, other = one.double(), other.double()
    if bool((one == other).all()):
        return True
    if one.ndim != 1:
        rows = [tuple(row) for row in one.reshape(len(one), -1).tolist()]
        return (
            False
            if sorted(rows) == sorted(tuple(row) for row in other.reshape(len(one), -1).tolist())
            else None
        )
    return False if bool((one.sort().values == other.sort().values).all()) else None


def _classes(labels: Any) -> Any:
    """Return labels as (B,) where they are one-hot or a column, else as they are."""
    labels = labels.detach()
    if str(labels.dtype) == "torch.bool":
        labels = labels.long()
    if labels.ndim > 1 and labels.numel() == labels.shape[0]:
        return labels.reshape(-1)
    if labels.ndim == 2 and labels.shape[1] > 1 and is_one_hot(labels):
        return labels.argmax(1)
    return labels


def is_one_hot(rows: Any) -> bool:
    """Whether each row (B, C) has a single one and zeros else."""
    return bool((((rows == 0) | (rows == 1)).all() & (rows.sum(1) == 1).all()).item())


def _lies_at(targets: Any, part: Any) -> bool:
    """Whether targets are this part, in the same memory and order."""
    if not hasattr(part, "data_ptr") or not hasattr(targets, "data_ptr") or targets.shape != part.shape:
        return False
    return bool(targets.data_ptr() == part.data_ptr() and targets.stride() == part.stride())


def _equal(targets: Any, part: Any) -> bool:
    if not hasattr(part, "detach") or targets.shape != part.shape:
        return False
    if _lies_at(targets, part):
        return True
    return bool((targets.detach() == part.detach().to(targets.device)).all())
