"""Training hooks: one thin adapter per framework, each importing only its own framework, at call time.

``hooks.torch``, ``hooks.keras``, ``hooks.tensorflow``, ``hooks.lightning``, ``hooks.transformers``, ``hooks.accelerate``,
``hooks.ignite``, ``hooks.fastai`` and ``hooks.fastestimator`` are loaded when first named. What none of them covers needs
only `xai_widgets.Tracker.record` after the loss and `xai_widgets.Tracker.safe_point` after the optimizer step.
"""

from __future__ import annotations

import importlib
from typing import Any

__all__ = [
    "accelerate",
    "fastai",
    "fastestimator",
    "ignite",
    "keras",
    "lightning",
    "tensorflow",
    "torch",
    "transformers",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(
            f"module 'xai_widgets.hooks' has no attribute {name!r}; hooks: {', '.join(__all__)}"
        )
    return importlib.import_module(f"xai_widgets.hooks.{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
