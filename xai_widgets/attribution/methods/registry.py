"""The registry of methods: an entry names, plans, reads and shows one, and everything else reads the entry."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xai_widgets.attribution.backends.base import Backend
    from xai_widgets.attribution.context import Job, Preparer
    from xai_widgets.attribution.estimators.base import Track
    from xai_widgets.attribution.execution.planner import Part, Planner
    from xai_widgets.attribution.results import Attribution
    from xai_widgets.attribution.settings import Settings


@dataclass(frozen=True)
class Method:
    """One attribution method.

    Exactly one of `plan` and `make` is given: an average of gradients is planned and runs in the engine's chunks, beside
    other columns and with error estimates; anything else makes its results itself.

    Parameters
    ----------
    name : str
        What it is called in calls, such as "smoothgrad".
    title : str
        What stands over its column.
    plan : callable, optional
        (planner, job) -> the part of the work that it is read from, see `execution.planner.Planner`.
    make : callable, optional
        (backend, job, rows at once, whether partial results are wanted) -> iterator of `Attribution`, the last one done.
    value, error : callable, optional
        (track, units) -> the values, (D,), and their relative error, at this length; the track's own by default.
    prepare : callable, optional
        (preparer, job) -> None, before it is planned.
    aliases : sequence of str
        Other names.
    times_input : bool
        Whether values are multiplied with the input.
    needs_start : bool
        Whether the score where paths start is wanted, for the completeness gap.
    compared : str
        The column of FastEstimator's that it is compared with by ``sampling="fastestimator"``.
    needs : sequence of str
        The settings of which 0 switches its column off: "smoothing", "integrating".
    """

    name: str
    title: str
    plan: Callable[[Planner, Job], Part] | None = None
    make: Callable[[Backend, Job, int, bool], Iterator[Attribution]] | None = None
    value: Callable[[Track, int], Any] | None = None
    error: Callable[[Track, int], float] | None = None
    prepare: Callable[[Preparer, Job], None] | None = None
    aliases: Sequence[str] = ()
    times_input: bool = False
    needs_start: bool = False
    compared: str = ""
    needs: Sequence[str] = ()

    def __post_init__(self) -> None:
        if (self.plan is None) == (self.make is None):
            raise ValueError(f"the method {self.name!r} should have one of plan= and make=")


_METHODS: dict[str, Method] = {}
_ALIASES: dict[str, str] = {}


def register(method: Method) -> Method:
    """Make a method known: to the engine by its name, and as a column of the panel and of figures.

    Raises
    ------
    TypeError
        If it is no `Method`.
    ValueError
        If there is one of that name.
    """
    if not isinstance(method, Method):
        raise TypeError(f"register takes an xai_widgets.attribution.Method, got {type(method).__name__}")
    for name in (method.name, *method.aliases):
        if _plain(name) in (*_METHODS, *_ALIASES, *_COLUMNS):
            raise ValueError(f"there is a method or a column {name!r} already")
    _METHODS[_plain(method.name)] = method
    _ALIASES.update({_plain(alias): _plain(method.name) for alias in method.aliases})
    return method


def unregister(name: str) -> None:
    """Forget a method."""
    method = _METHODS.pop(_plain(name))
    for alias in method.aliases:
        _ALIASES.pop(_plain(alias), None)


def names() -> tuple[str, ...]:
    """Return the names of all methods."""
    return tuple(one.name for one in _METHODS.values())


def named(name: str) -> Method:
    """Return a method by its name or an alias.

    Raises
    ------
    ValueError
        If there is none; the text lists those there are.
    """
    found = _METHODS.get(_ALIASES.get(_plain(name), _plain(name)))
    if found is None:
        raise ValueError(_unknown("method", name, names()))
    return found


# -- columns of the whole picture ------------------------------------------------------------------------------------------

_COLUMNS: dict[str, tuple[str, Callable[[Settings], Method | None]]] = {}
"""Columns that stand for a method by the settings: key -> title and which, None where switched off."""


def add_column(key: str, title: str, method: Callable[[Settings], Method | None]) -> None:
    """Name a column of the whole picture that is not just a method."""
    _COLUMNS[key] = title, method


def columns() -> dict[str, str]:
    """Return every column there can be, in order, with its title: the seed's four first, then all other methods."""
    whole = {key: title for key, (title, _) in _COLUMNS.items()}
    return {**whole, **{one.name: one.title for one in _METHODS.values()}}


def default_columns() -> tuple[str, ...]:
    """Return the columns of a picture where none are named."""
    return tuple(_COLUMNS)


def column_key(key: str) -> str:
    """Return the key of a column by it or another name of its method.

    Raises
    ------
    ValueError
        If there is no such column; the text lists those there are.
    """
    if _plain(key) in _COLUMNS:
        return _plain(key)
    if _ALIASES.get(_plain(key), _plain(key)) not in _METHODS:
        raise ValueError(_unknown("a column", key, tuple(columns())))
    return named(key).name


def column(key: str, settings: Settings) -> Method | None:
    """Return the method that a column shows with these settings; None where they switch it off.

    Raises
    ------
    ValueError
        If there is no such column; the text lists those there are.
    """
    key = column_key(key)
    if key in _COLUMNS:
        return _COLUMNS[key][1](settings)
    method = named(key)
    return method if all(getattr(settings, name) for name in method.needs) else None


def best_column(keys: Iterable[str]) -> str:
    """Return the column that is laid over the picture: the best of the seed's four, else the last.

    Raises
    ------
    ValueError
        If there are none.
    """
    there = tuple(keys)
    if not there:
        raise ValueError("none of no columns is the best")
    return next((key for key in reversed(default_columns()) if key in there), there[-1])


def _plain(name: str) -> str:
    return str(name).lower().replace("-", "_").replace(" ", "_")


def _unknown(what: str, name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(str(name), known, 1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{what} should be one of {', '.join(known)}, got {name!r}{hint}"
