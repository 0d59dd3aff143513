"""Live Jupyter widgets that explain a network while it trains.

Public names are lazy: importing this package loads numpy and nothing heavier.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from xai_widgets._version import __version__
from xai_widgets.tracking.ingest import sink as _sink

if TYPE_CHECKING:
    from xai_widgets import figures, hooks, samples
    from xai_widgets.attribution import Attribution, AttributionEngine
    from xai_widgets.edits import Edits
    from xai_widgets.explain import Explained, explain, ray
    from xai_widgets.live import background
    from xai_widgets.tracking import Tracker
    from xai_widgets.widgets import (
        Dashboard,
        InstanceHistory,
        InstanceMap,
        LabelDifficulty,
        Review,
        SaliencyPanel,
        Shortcuts,
    )

_PLACE = {
    "Tracker": "xai_widgets.tracking",
    "AttributionEngine": "xai_widgets.attribution",
    "Attribution": "xai_widgets.attribution",
    "background": "xai_widgets.live",
    "Edits": "xai_widgets.edits",
    "Explained": "xai_widgets.explain",
    "LabelDifficulty": "xai_widgets.widgets",
    "InstanceHistory": "xai_widgets.widgets",
    "SaliencyPanel": "xai_widgets.widgets",
    "Shortcuts": "xai_widgets.widgets",
    "InstanceMap": "xai_widgets.widgets",
    "Dashboard": "xai_widgets.widgets",
    "Review": "xai_widgets.widgets",
}
_MODULES = (
    "edits",
    "explain",
    "figures",
    "hooks",
    "samples",
    "attribution",
    "tracking",
    "runlog",
    "live",
    "widgets",
)

__all__ = [
    "Attribution",
    "AttributionEngine",
    "Dashboard",
    "Edits",
    "Explained",
    "InstanceHistory",
    "InstanceMap",
    "LabelDifficulty",
    "Review",
    "SaliencyPanel",
    "Shortcuts",
    "Tracker",
    "__version__",
    "background",
    "explain",
    "figures",
    "hooks",
    "ray",
    "samples",
]


def __getattr__(name: str) -> Any:
    if name in _PLACE:
        value = getattr(importlib.import_module(_PLACE[name]), name)
    elif name == "ray":
        value = importlib.import_module("xai_widgets.explain.ray")
    elif name in _MODULES:
        value = importlib.import_module(f"xai_widgets.{name}")
    else:
        raise AttributeError(
            f"module 'xai_widgets' has no attribute {name!r}; public names: {', '.join(__all__)}"
        )
    globals()[name] = value
    return value


def _log_of(tracker: Any, folder: Any) -> Any:
    from xai_widgets.runlog import writer_for

    return writer_for(tracker, folder)


def _follow(folder: Any, every: float) -> Any:
    from xai_widgets.runlog import follow

    return follow(folder, every=every)


# tracking knows of no run log: here a tracker gets its own
_sink.connect(_sink.RunLogs(_log_of, _follow))


def _show_background_runs() -> None:
    """Have IPython show a background run with its stop button, however `background` was imported.

    By name, so that nothing is loaded before a run is shown.
    """
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    formatter = getattr(getattr(shell, "display_formatter", None), "ipython_display_formatter", None)
    if formatter is not None:
        formatter.for_type_by_name(
            "xai_widgets.live.training.background", "BackgroundRun", _show_background_run
        )


def _show_background_run(run: Any) -> None:
    from xai_widgets.widgets import BackgroundView

    BackgroundView(run)._ipython_display_()


_show_background_runs()


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
