"""Import a framework when a hook is called, and say what to do where it is missing or untested."""

from __future__ import annotations

import importlib
import re
import warnings
from types import ModuleType
from typing import NamedTuple


class HookWarning(UserWarning):
    """Something about a hook that the user should know; training goes on."""


class Framework(NamedTuple):
    """What is known of one framework: how to install it and which versions the tests ran with."""

    extra: str  # what stands in pip install "..."
    first: str  # oldest version tested
    last: str  # newest version tested
    version_of: str  # module that carries __version__


FRAMEWORKS = {
    "torch": Framework("xai-widgets[torch]", "2.13", "2.13", "torch"),
    "keras": Framework("xai-widgets[tensorflow]", "3.15", "3.15", "keras"),
    "tensorflow": Framework("xai-widgets[tensorflow]", "2.21", "2.21", "tensorflow"),
    "lightning": Framework("xai-widgets[lightning]", "2.6", "2.6", "lightning"),
    "transformers": Framework("xai-widgets[transformers]", "5.23", "5.23", "transformers"),
    "datasets": Framework("xai-widgets[transformers]", "5.2", "5.2", "datasets"),
    "accelerate": Framework("xai-widgets[transformers]", "1.15", "1.15", "accelerate"),
    "ignite": Framework("pytorch-ignite", "0.5", "0.5", "ignite"),
    "fastai": Framework("fastai", "2.8", "2.8", "fastai"),
    "fastestimator": Framework("fastestimator", "1.7", "1.7", "fastestimator"),
}

_warned: set[str] = set()


def require(name: str, submodule: str = "") -> ModuleType:
    """Import framework `name` (or ``name.submodule``), checking its version once.

    Raises
    ------
    ImportError
        The framework is not installed; the message names the line that installs it.
    """
    known = FRAMEWORKS[name]
    try:
        module = importlib.import_module(f"{name}.{submodule}" if submodule else name)
        versioned = importlib.import_module(known.version_of)
    except ModuleNotFoundError as error:
        # a missing dependency of an installed framework is that framework's own message
        if error.name is not None and error.name.split(".")[0] != name:
            raise
        raise ImportError(
            f"xai_widgets.hooks.{name} needs {name}, which is not installed. "
            f'Install it with: pip install "{known.extra}"'
        ) from error
    _check_version(name, known, str(getattr(versioned, "__version__", "")))
    return module


def _check_version(name: str, known: Framework, version: str) -> None:
    if name in _warned or not version:
        return
    _warned.add(name)
    first, last = _numbers(known.first), _numbers(known.last)
    found = _numbers(version)
    if found[:2] < first or found[:2] > last:
        span = known.first if known.first == known.last else f"{known.first} to {known.last}"
        warnings.warn(
            f"{name} {version} is not a version this hook was tested with ({span}). It probably works; "
            f"compare tracker.metrics with the loss that {name} logs before you rely on it.",
            HookWarning,
            stacklevel=4,
        )


def _numbers(version: str) -> tuple[int, int]:
    found = re.findall(r"\d+", version)
    return (int(found[0]) if found else 0, int(found[1]) if len(found) > 1 else 0)
