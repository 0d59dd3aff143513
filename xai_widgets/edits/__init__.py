"""Edits of a data set while it is trained on: exclude, relabel, reweight; recorded, undoable, in force from the next epoch.

The data set itself is never changed. What was decided is written to the run's folder, one append-only file per editor, and
becomes what an epoch draws and which targets its loss sees.
"""

from __future__ import annotations

from xai_widgets.edits.edits import Edits
from xai_widgets.edits.records import Edit
from xai_widgets.edits.report import Report
from xai_widgets.edits.state import Applied, EditState

__all__ = ["Applied", "Edit", "EditState", "Edits", "Report"]
