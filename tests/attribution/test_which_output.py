"""Which of several outputs is explained, and what is said of values and of several labels: nothing is guessed."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

import xai_widgets as xw  # noqa: E402

X = torch.randn(3, 6, generator=torch.Generator().manual_seed(0))


class Several(nn.Module):
    """Returns features and scores, in one structure or another."""

    def __init__(self, arranged):
        super().__init__()
        torch.manual_seed(0)
        self.features, self.scores = nn.Linear(6, 12), nn.Linear(12, 4)
        self.arranged = arranged

    def forward(self, x):
        h = self.features(x)
        return self.arranged(h, self.scores(h))


ARRANGED = {
    "tuple": (lambda h, s: (h, s), 1),
    "list": (lambda h, s: [s, h], 0),
    "mapping": (lambda h, s: {"embedding": h, "scores": s}, "scores"),
    "nested": (lambda h, s: (h, {"heads": [h, s]}), (1, "heads", 1)),
}


def predicted(model, x=X):
    h = model.features(x)
    return model.scores(h).argmax(1).tolist()


@pytest.mark.parametrize("name", ARRANGED)
def test_of_several_outputs_the_one_that_is_named_is_explained(name):
    arranged, place = ARRANGED[name]
    model = Several(arranged)
    with pytest.raises(ValueError, match=r"several tensors \(.*\(3, 12\).*output="):
        xw.AttributionEngine(model).attribute(X)
    found = xw.AttributionEngine(model, output=place).attribute(X, "integrated_gradients", integrating=8)
    assert found.prediction.tolist() == predicted(model)
    alone = xw.AttributionEngine(nn.Sequential(model.features, model.scores))
    want = alone.attribute(X, "integrated_gradients", integrating=8)
    assert np.allclose(found.values, want.values, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["logits", "output", "out"])
def test_an_output_with_a_name_that_says_it_needs_no_word(name):
    model = Several(lambda h, s: {"embedding": h, name: s})
    assert xw.AttributionEngine(model).attribute(X).prediction.tolist() == predicted(model)


def test_the_only_tensor_needs_no_word():
    model = Several(lambda h, s: (s, None))
    assert xw.AttributionEngine(model).attribute(X).prediction.tolist() == predicted(model)


def test_a_function_of_the_whole_output_needs_no_word():
    model = Several(lambda h, s: (h, s))
    found = xw.AttributionEngine(model).attribute(X, target=lambda output: output[1][:, 2])
    assert np.isfinite(found.values).all()


@pytest.mark.parametrize("place", [7, "nothing", ("scores", "more")])
def test_a_place_where_nothing_is_says_what_there_is(place):
    model = Several(lambda h, s: {"embedding": h, "scores": s})
    with pytest.raises(ValueError, match=r"nothing at output=.*'embedding': \(3, 12\), 'scores': \(3, 4\)"):
        xw.AttributionEngine(model, output=place).attribute(X)


@pytest.mark.parametrize("place", [1.5, True, ("a", None)])
def test_a_place_of_another_type_is_refused(place):
    with pytest.raises(TypeError, match="a number, a key, or a tuple"):
        xw.AttributionEngine(Several(lambda h, s: (h, s)), output=place)


def test_a_value_says_the_value_and_no_class():
    torch.manual_seed(0)
    model = nn.Linear(6, 1)
    found = xw.AttributionEngine(model, task="value").attribute(X)
    assert np.allclose(found.value, model(X).detach().numpy()[:, 0], atol=1e-6)
    assert found.prediction.tolist() == found.target.tolist() == [-1] * 3
    assert np.isnan(found.probability).all()


def test_of_several_values_the_largest_is_not_taken():
    engine = xw.AttributionEngine(nn.Linear(6, 3), task="value")
    with pytest.raises(ValueError, match=r"3 values .* target= one of 0 to 2"):
        engine.attribute(X)
    assert engine.attribute(X, target=2).target.tolist() == [2] * 3


def test_several_sigmoids_are_labels_and_no_softmax():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 4), nn.Sigmoid())
    found = xw.AttributionEngine(model).attribute(X)
    assert found.target.tolist() == model(X).argmax(1).tolist()
    assert found.prediction.tolist() == [-1] * 3
    assert np.isnan(found.probability).all()
