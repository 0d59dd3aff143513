"""A whole data set explained: what a network looks at as a rule, and which rules look like cheating.

The package can be called: ``xai_widgets.explain(model, samples, out)`` is `xai_widgets.explain.explain`.
"""

from __future__ import annotations

import sys
import types
from typing import Any

from xai_widgets.explain.clusters import Cluster, Effect, Transfer
from xai_widgets.explain.run import explain
from xai_widgets.explain.store import Explained

__all__ = ["Cluster", "Effect", "Explained", "Transfer", "explain"]


class _Callable(types.ModuleType):
    """A module that is called as its function of the same name, whichever of the two was imported first."""

    def __call__(self, *args: Any, **kwargs: Any) -> Explained:
        return explain(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
