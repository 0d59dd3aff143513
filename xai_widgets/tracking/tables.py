"""Tables: columns of numpy arrays that become structured arrays, Arrow, pandas or polars on demand."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
KINDS = ("numpy", "arrow", "pandas", "polars")


class Table(Mapping[str, Array]):
    """Columns of equal length, by name.

    Parameters
    ----------
    columns
        {name: (N,) array}.
    """

    def __init__(self, columns: Mapping[str, Array]) -> None:
        lengths = {name: len(values) for name, values in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"columns of a table have one length; got {lengths}")
        self._columns = dict(columns)

    def __getitem__(self, name: str) -> Array:
        if name not in self._columns:
            raise KeyError(f"no column {name!r}; there are {', '.join(self._columns)}")
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        """Count the rows."""
        return len(next(iter(self._columns.values()))) if self._columns else 0

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._columns)

    def __repr__(self) -> str:
        return f"Table({len(self)} rows: {', '.join(self._columns)})"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        structured = self.to_numpy()
        return structured if dtype is None else structured.astype(dtype)

    def to_numpy(self) -> Array:
        """Return a structured array (N,)."""
        structured = np.empty(len(self), [(name, values.dtype) for name, values in self._columns.items()])
        for name, values in self._columns.items():
            structured[name] = values
        return structured

    def to_arrow(self) -> Any:
        """Return a pyarrow.Table."""
        pyarrow = _needed("pyarrow", "xai-widgets[export]")
        return pyarrow.table({name: _arrow(pyarrow, values) for name, values in self._columns.items()})

    def to_pandas(self) -> Any:
        """Return a pandas.DataFrame."""
        return _needed("pandas", "pandas").DataFrame(self._columns)

    def to_polars(self) -> Any:
        """Return a polars.DataFrame."""
        polars = _needed("polars", "polars")
        return polars.DataFrame(
            {n: v if v.dtype != object else v.tolist() for n, v in self._columns.items()}, strict=False
        )

    def to(self, kind: str | None) -> Any:
        """Return the table as "numpy", "arrow", "pandas" or "polars"; None takes pandas if it is installed, else numpy."""
        if kind is None:
            kind = "pandas" if importlib.util.find_spec("pandas") is not None else "numpy"
        if kind not in KINDS:
            raise ValueError(f"unknown kind of table {kind!r}; one of {', '.join(KINDS)}")
        return getattr(self, f"to_{kind}")()


def _arrow(pyarrow: Any, values: Array) -> Any:
    if values.dtype != object:
        return pyarrow.array(values)
    listed = values.tolist()
    kinds = {type(v) for v in listed if v is not None}
    if kinds == {int}:
        return pyarrow.array(listed, pyarrow.int64())
    return pyarrow.array([None if v is None else str(v) for v in listed], pyarrow.string())


def _needed(module: str, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"this table needs {module}, which is not installed: pip install '{package}', or ask for kind='numpy'"
        ) from error
