"""One entry per attribution method."""

from __future__ import annotations

from xai_widgets.attribution.methods import gradients, others
from xai_widgets.attribution.methods.registry import (
    Method,
    add_column,
    best_column,
    column,
    column_key,
    columns,
    default_columns,
    named,
    names,
    register,
    unregister,
)

gradients.add()
others.add()

__all__ = [
    "Method", "add_column", "best_column", "column", "column_key", "columns", "default_columns", "named", "names",
    "register", "unregister",
]  # fmt: skip
