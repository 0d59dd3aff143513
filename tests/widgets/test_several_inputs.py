"""A panel of a model with several inputs: a picture, a table, and ids that are only passed along."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from views_common import settle

import xai_widgets as xw

torch = pytest.importorskip("torch")
RNG = np.random.default_rng(0)
PICTURES, TABLE = RNG.random((8, 3, 12, 12), np.float32), RNG.random((8, 5), np.float32)
IDS = np.arange(8) % 3


class Both(torch.nn.Module):
    """Pictures, rows of a table, and the id of a group."""

    def __init__(self) -> None:
        super().__init__()
        self.picture, self.table, self.group = (
            torch.nn.Linear(432, 4),
            torch.nn.Linear(5, 4),
            torch.nn.Embedding(3, 4),
        )

    def forward(self, table: Any, ids: Any, picture: Any) -> Any:
        return self.picture(picture.flatten(1)) * self.group(ids) + self.table(table)


def shown(samples: Any) -> Any:
    with xw.SaliencyPanel(
        Both(), samples, indices=[2, 3], smoothing=2, integrating=4, following=False
    ) as panel:
        settle(panel, lambda: panel._result is not None)
        assert panel._failed is None, panel._failed
        return panel._rows.pictures(0), panel.front.strip, panel._result


def test_inputs_of_several_shapes_have_a_layout_each_and_ids_are_passed_along(no_leak: None) -> None:
    data = {"table": TABLE, "ids": IDS, "picture": PICTURES, "label": np.arange(8) % 4}
    samples = xw.samples.as_samples(data, column=("table", "ids", "picture"))
    batch = samples.batch([2, 3])
    assert [part.shape for part in batch.inputs] == [(2, 5), (2, 3, 12, 12)]
    assert batch.layouts == (None, "NCHW")
    assert batch.along[1].tolist() == [2, 0]
    assert samples.pictures([2])[0].shape == (12, 12, 3), "the picture is drawn, not the table"
    pictures, strip, result = shown(samples)
    assert set(pictures) == {"input", "overlay", "raw", "smoothed", "integrated", "smint"}
    assert pictures["raw"].shape[:2] == (12, 12)
    assert "input 2 is passed along, not explained" in strip["text"]
    assert result.columns.raw.values[1].shape == (2, 3, 12, 12)


def test_layouts_are_named_for_each_input_or_for_one(no_leak: None) -> None:
    odd = RNG.random((8, 6, 6, 6), np.float32)  # the channels cannot be told
    with pytest.raises(ValueError, match="cannot be told"):
        xw.samples.as_samples(odd)
    one = xw.samples.as_samples({"a": TABLE, "b": odd}, column=("a", "b"), layout="NHWC")
    assert one.batch([0]).layouts == (None, "NHWC")
    each = xw.samples.as_samples({"a": odd, "b": PICTURES}, column=("a", "b"), layout=("none", "NCHW"))
    assert each.batch([0]).layouts == (None, "NCHW")
    assert each.layout == "NCHW"
    with pytest.raises(ValueError, match="layout names 3 inputs, a sample has 2"):
        xw.samples.as_samples({"a": odd, "b": PICTURES}, column=("a", "b"), layout=("none", "NCHW", "NHW"))
