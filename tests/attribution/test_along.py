"""What is passed along to the model and not explained: ids, masks, lengths; by place, by name, with each row its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import xai_widgets as xw

METHODS = ("saliency", "integrated_gradients", "smint", "occlusion")
X = np.random.default_rng(0).random((5, 6)).astype(np.float32)
IDS = np.array([0, 2, 1, 2, 0])
MASK = np.random.default_rng(1).random((5, 6)) < 0.5


def torch_model() -> Any:
    torch = pytest.importorskip("torch")

    class Masked(torch.nn.Module):
        """Two classes; ids choose the weights, the mask what counts."""

        def __init__(self) -> None:
            super().__init__()
            self.rows = torch.nn.Embedding(3, 12)

        def forward(self, ids: Any, x: Any, mask: Any = None) -> Any:
            assert ids.dtype == torch.int64
            seen = x if mask is None else x * mask
            return (self.rows(ids).view(-1, 2, 6) * torch.tanh(seen)[:, None]).sum(2)

    torch.manual_seed(0)
    return Masked()


def keras_model() -> Any:
    keras = pytest.importorskip("keras")
    keras.utils.set_random_seed(0)
    x, ids, mask = keras.Input((6,)), keras.Input((), dtype="int64"), keras.Input((6,), dtype="bool")
    rows = keras.layers.Reshape((2, 6))(keras.layers.Embedding(3, 12)(ids))
    seen = keras.ops.tanh(x * keras.ops.cast(mask, "float32"))
    return keras.Model([x, ids, mask], keras.ops.sum(rows * seen[:, None], axis=2))


@pytest.mark.parametrize("method", METHODS)
def test_rows_keep_their_own_companions(method: str) -> None:
    engine = xw.AttributionEngine(torch_model(), chunk=3)
    options: dict[str, Any] = {"smoothing": 4, "integrating": 8, "index": range(5), "target": 1}
    together = engine.attribute(X, method, along={0: IDS, "mask": MASK}, **options)
    for row in range(5):
        own = slice(row, row + 1)
        alone = engine.attribute(
            X[own], method, along={0: IDS[own], "mask": MASK[own]}, **(options | {"index": [row]})
        )
        np.testing.assert_allclose(together.values[own], alone.values, atol=1e-5)
    assert (together.values[~MASK] == 0).all(), "what the mask hides has no share"
    assert (together.values[MASK] != 0).all()


def test_keras_takes_them_after_the_input() -> None:
    model = keras_model()
    engine = xw.AttributionEngine(model, chunk=3)
    found = engine.attribute(X, "integrated_gradients", along=(IDS, MASK), baseline="zeros", target=1)
    want = np.asarray(model([X, IDS, MASK]))[:, 1]
    np.testing.assert_allclose(found.values.sum(1), want, atol=1e-3)
    assert (found.values[~MASK] == 0).all()
    columns = engine.saliency_columns(X, along=(IDS, MASK), smoothing=4, integrating=4)
    assert np.isfinite(columns.smint.values).all()


def test_what_is_kept_from_earlier_calls_is_of_the_same_companions() -> None:
    engine = xw.AttributionEngine(torch_model())
    first = engine.attribute(X, "saliency", along={0: IDS}, target=0, index=range(5))
    other = engine.attribute(X, "saliency", along={0: (IDS + 1) % 3}, target=0, index=range(5))
    again = engine.attribute(X, "saliency", along={0: IDS}, target=0, index=range(5))
    assert not np.allclose(first.values, other.values)
    assert not np.array_equal(first.score, other.score)
    np.testing.assert_array_equal(first.values, again.values)


def test_what_does_not_fit_is_said() -> None:
    engine = xw.AttributionEngine(torch_model())
    with pytest.raises(ValueError, match="along 0 has shape \\(4,\\); one entry for each of the 5 samples"):
        engine.attribute(X, "saliency", along={0: IDS[:4]})
    with pytest.raises(TypeError, match="numbers are expected"):
        engine.attribute(X, "saliency", along=np.array(["a"] * 5))
    with pytest.raises(TypeError, match="a place among the model's arguments"):
        engine.attribute(X, "saliency", along={1.5: IDS})
