"""What the page is told of the rules, and how their masks are drawn."""

from __future__ import annotations

import functools
from typing import Any, Final

import anywidget
import numpy as np
import traitlets

from xai_widgets.explain import Cluster
from xai_widgets.figures.shortcuts import framed_mask
from xai_widgets.widgets.shortcuts.covering import Outcome
from xai_widgets.widgets.shortcuts.feed import Reading
from xai_widgets.widgets.view.formatting import clean, index_text, key_of
from xai_widgets.widgets.view.front import bundle
from xai_widgets.widgets.view.selection import Index
from xai_widgets.widgets.view.thumbnails import data_address

TYPICAL: Final = 8
EXTREME: Final = 3


class Board(anywidget.AnyWidget):
    """Draws classes, their rules, and small stacks of pictures; mirrors ``js/src/shortcuts/state.ts``."""

    classes = traitlets.List([]).tag(sync=True)
    masks = traitlets.Dict({}).tag(sync=True)
    pictures = traitlets.Dict({}).tag(sync=True)
    rule = traitlets.Unicode("").tag(sync=True)
    chosen = traitlets.List([]).tag(sync=True)
    cover = traitlets.Dict({}).tag(sync=True)

    def __init__(self, **state: Any) -> None:
        self._esm = bundle("shortcuts")
        super().__init__(**state)
        self.add_class("xaiw-board")

    def put(self, **state: Any) -> int:
        """Set what differs, in one message; gives the bytes it takes, roughly."""
        changed = {name: value for name, value in state.items() if getattr(self, name) != value}
        if not changed:
            return 0
        with self.hold_sync():
            for name, value in changed.items():
                setattr(self, name, value)
        return sum(len(str(value)) for value in changed.values())


def name_of(rule: Cluster) -> str:
    """Return what a rule is called on the page; the same while the store grows."""
    return f"{rule.label}: {rule.region_name}"


def classes_of(reading: Reading, rules: list[Cluster]) -> list[dict[str, Any]]:
    """Describe rules by class, the most suspicious class first."""
    found: dict[int, dict[str, Any]] = {}
    for rule in rules:
        entry = found.setdefault(
            rule.label,
            {"name": clean(reading.name_of(rule.label), 80), "suspicion": rule.suspicion, "rules": []},
        )
        entry["rules"].append(_said(rule))
    return list(found.values())


def _said(rule: Cluster) -> dict[str, Any]:
    facts = [
        f"{rule.inside:.0%} of the attribution on {rule.region.mean():.1%} of the picture; {rule.outside:.0%} in other classes",
    ]
    if rule.effect is not None:
        facts.append(
            f"covered: {rule.effect.drop:.0%} ± {rule.effect.error:.0%} no longer taken for this class"
        )
    if rule.transfer is not None:
        facts.append(
            f"put into other classes' pictures: {rule.transfer.share:.0%} ± {rule.transfer.error:.0%} are taken for this class"
        )
    if np.isfinite(rule.errors):
        facts.append(f"{rule.errors:.0%} have another label")
    return {
        "key": name_of(rule),
        "place": rule.place,
        "suspicion": rule.suspicion,
        "count": len(rule),
        "facts": facts,
        "why": clean(rule.why, 400),
        "typical": [_shot(index) for index in rule.typical[:TYPICAL].tolist()],
        "extreme": [_shot(index) for index in rule.extreme[:EXTREME].tolist()],
    }


def _shot(index: Index) -> list[str]:
    return [key_of(index), clean(index_text(index), 60)]


def mask_picture(rule: Cluster) -> str:
    """Draw the mean mask of a rule, its region framed, as the address of a picture."""
    return _drawn(rule.mask.tobytes(), rule.region.tobytes(), rule.mask.shape)


@functools.lru_cache(maxsize=512)
def _drawn(mask: bytes, region: bytes, shape: tuple[int, int]) -> str:
    values = np.frombuffer(mask, np.float64).reshape(shape)
    where = np.frombuffer(region, bool).reshape(shape)
    picture = framed_mask(values, where)
    return data_address(picture, max(picture.shape))


def cover_said(outcome: Outcome | Exception | None, reading: Reading) -> dict[str, Any] | None:
    """Say what came of covering."""
    if outcome is None:
        return None
    if isinstance(outcome, Exception):
        text = clean(f"Could not be covered: {type(outcome).__name__}: {outcome}", 300)
        return {"level": "error", "text": text, "pictures": []}
    effect = outcome.effect
    text = f"Covered in {effect.count}: {effect.drop:.0%} ± {effect.error:.0%} are no longer taken for this class"
    if outcome.instead:
        then = ", ".join(f"{reading.name_of(label)} ({count})" for label, count in outcome.instead)
        text += f", but for {clean(then, 200)}"
    if not outcome.same_weights:
        text += ". The model has other weights now than when it was explained"
    pictures = [
        {"shot": _shot(index), "src": src, "now": clean(reading.name_of(label), 60)}
        for index, src, label in outcome.pictures
    ]
    return {"level": "", "text": f"{text}.", "pictures": pictures}
