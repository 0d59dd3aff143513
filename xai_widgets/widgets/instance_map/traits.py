"""Traits of the instance map that are more than a number or a text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import traitlets

FILTERS: Final[dict[str, Any]] = {
    "label": None,
    "suspected": False,
    "never": False,
    "movers": False,
    "wrong": False,
    "shortcut": False,
    "forgotten": 0,
}


class IndexValues(traitlets.TraitType[Any, Any]):
    """A tuple of index values (int or str), each once; takes any iterable of them, arrays included."""

    default_value = ()
    info_text = "an iterable of index values (int or str)"

    def validate(self, obj: Any, value: Any) -> tuple[int | str, ...]:
        """Check and convert a value."""
        if isinstance(value, np.ndarray):
            value = value.ravel().tolist()
        if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
            self.error(obj, value)
        values = list(value)
        if set(map(type, values)) <= {int, str}:  # a lasso may have half a million of them
            return tuple(dict.fromkeys(values))
        found: dict[int | str, None] = {}
        for each in values:
            plain = each.item() if isinstance(each, np.generic) else each
            if isinstance(plain, bool) or not isinstance(plain, (int, str)):
                self.error(obj, value)
            found[plain] = None
        return tuple(found)


class FilterSet(traitlets.TraitType[Any, Any]):
    """Filters as a dictionary; what is not said is off.

    Keys: ``label`` (a label value or None), ``suspected``, ``never``, ``movers``, ``wrong``, ``shortcut`` (bool), ``forgotten``
    (at least so many times, 0 to 255).
    """

    info_text = f"a dictionary with some of the keys {', '.join(FILTERS)}"

    def make_dynamic_default(self) -> dict[str, Any]:
        """Give every map a dictionary of its own."""
        return dict(FILTERS)

    def validate(self, obj: Any, value: Any) -> dict[str, Any]:
        """Check and complete a value."""
        if not isinstance(value, Mapping) or not set(value) <= set(FILTERS):
            self.error(obj, value)
        made = {**FILTERS, **value}
        flags = all(
            isinstance(made[key], bool) for key in ("suspected", "never", "movers", "wrong", "shortcut")
        )
        often = made["forgotten"]
        if not flags or isinstance(often, bool) or not isinstance(often, int) or not 0 <= often <= 255:
            self.error(obj, value)
        return made
