"""Where a picture comes from: data sets, layouts, normalisation and its inverse, label names.

Imports neither torch nor tensorflow: the frameworks' objects are recognised by what they can do.
"""

from __future__ import annotations

from xai_widgets.samples._as_samples import as_samples
from xai_widgets.samples._convert import as_array
from xai_widgets.samples._demo import DemoData, demo_data
from xai_widgets.samples._index import MissingIndexError
from xai_widgets.samples._readers import Item, Source
from xai_widgets.samples._samples import SampleBatch, Samples
from xai_widgets.samples.kinds import Kind
from xai_widgets.samples.pictures import LAYOUTS, guess_layout, to_picture
from xai_widgets.samples.registry import Asked, Reader, register, unregister

__all__ = [
    "LAYOUTS",
    "Asked",
    "DemoData",
    "Item",
    "Kind",
    "MissingIndexError",
    "Reader",
    "SampleBatch",
    "Samples",
    "Source",
    "as_array",
    "as_samples",
    "demo_data",
    "guess_layout",
    "register",
    "to_picture",
    "unregister",
]
