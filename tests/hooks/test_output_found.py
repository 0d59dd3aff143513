"""Panels explain the output that the criterion was given, and values as values."""

from __future__ import annotations

import time

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402
from torch.utils.data import DataLoader, TensorDataset  # noqa: E402

import xai_widgets as xw  # noqa: E402

N = 32
X = torch.randn(N, 1, 6, 6, generator=torch.Generator().manual_seed(0))
Y = torch.arange(N) % 4


class Several(nn.Module):
    def __init__(self, arranged):
        super().__init__()
        self.features, self.scores, self.arranged = nn.Linear(36, 12), nn.Linear(12, 4), arranged

    def forward(self, x):
        h = self.features(x.flatten(1))
        return self.arranged(h, self.scores(h))


def trained(model, loss, step, y=Y, compiled=None, **options):
    tracker = xw.Tracker()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    loader = DataLoader(TensorDataset(X, y), 8)
    called = compiled or model
    with xw.hooks.torch.watch(called, loss, optimizer, loader, tracker, **options):
        for a, b in loader:
            optimizer.zero_grad()
            step(called(a), b).backward()
            optimizer.step()
    return tracker


def shown(panel):
    until = time.monotonic() + 60
    while time.monotonic() < until and not (panel._failed or (panel._result and panel._result.done)):
        time.sleep(0.02)
    assert panel._failed is None
    return panel._result.columns


CROSS = nn.CrossEntropyLoss()
WAYS = {
    "as it is": (lambda h, s: (h, s), CROSS, lambda out, b: CROSS(out[1], b), (1,)),
    "by a key": (lambda h, s: {"emb": h, "scores": s}, CROSS, lambda out, b: CROSS(out["scores"], b), ("scores",)),
    "through operations": (lambda h, s: (h, s), CROSS, lambda out, b: CROSS(out[1].float() * 2 + 1, b), (1,)),
    "by a function": (lambda h, s: s, functional.cross_entropy, functional.cross_entropy, ()),
    "alone": (lambda h, s: s, CROSS, lambda out, b: CROSS(out, b), ()),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_the_output_that_the_criterion_was_given_is_found(way):
    arranged, loss, step, place = WAYS[way]
    torch.manual_seed(0)
    model = Several(arranged)
    tracker = trained(model, loss, step)
    assert tracker.output == place
    assert not model._forward_hooks
    with xw.SaliencyPanel(
        model, TensorDataset(X, Y), tracker, indices=[1, 2], smoothing=2, integrating=4
    ) as p:
        columns = shown(p)
    assert columns.prediction.tolist() == model.scores(model.features(X[1:3].flatten(1))).argmax(1).tolist()


def test_a_sum_of_two_outputs_is_neither():
    torch.manual_seed(0)
    model = Several(lambda h, s: (s, s + h[:, :4]))
    assert trained(model, CROSS, lambda out, b: CROSS(out[0] + out[1], b)).output is None


def test_an_embedding_whose_classifier_stands_outside_is_not_explained_as_classes():
    torch.manual_seed(0)
    model, head = nn.Sequential(nn.Flatten(), nn.Linear(36, 12)), nn.Linear(12, 4)
    tracker = trained(model, CROSS, lambda out, b: CROSS(head(out), b))
    assert tracker.output is None
    with xw.SaliencyPanel(
        model, TensorDataset(X, Y), tracker, indices=[1], smoothing=2, integrating=4
    ) as panel:
        until = time.monotonic() + 60
        while time.monotonic() < until and panel._failed is None:
            time.sleep(0.02)
        assert "gives 12 numbers for a sample, the criterion was given 4 (4 classes, softmax)" in str(
            panel._failed
        )


def test_an_auxiliary_loss_does_not_say_which_output_is_explained():
    torch.manual_seed(0)
    model = Several(lambda h, s: (h[:, :4], s))
    tracker = trained(
        model, {"loss": CROSS, "aux": (aux := nn.CrossEntropyLoss())},
        lambda out, b: 0.3 * aux(out[0], b) + CROSS(out[1], b),
    )  # fmt: skip
    assert tracker.output == (1,)


def test_a_panel_of_values_says_the_value():
    torch.manual_seed(0)
    model, mean = nn.Sequential(nn.Flatten(), nn.Linear(36, 1)), nn.MSELoss()
    tracker = trained(model, mean, lambda out, b: mean(out[:, 0], b), X.mean((1, 2, 3)) * 30)
    with xw.SaliencyPanel(model, (X, np.zeros(N)), tracker, indices=[3], smoothing=2, integrating=4) as panel:
        columns = shown(panel)
        assert np.allclose(columns.value, model(X[3:4]).detach().numpy()[:, 0], atol=1e-5)
        from xai_widgets.widgets.saliency.mask_pictures import caption

        said = [run for part in caption(columns, 0, 3, -1, str, None) for run in part]
        assert ["says ", ""] in said
        assert not any(text.startswith(("predicted", "explains")) for text, _ in said)
        figure = panel.figure()
    assert any(text.get_text().startswith("says ") for text in figure.figure.texts)


def test_a_keras_model_with_several_outputs_is_explained_at_the_one_with_a_loss():
    keras = pytest.importorskip("keras")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("Keras runs on another backend here")
    keras.utils.set_random_seed(0)
    given = keras.Input((36,))
    h = keras.layers.Dense(12)(given)
    model = keras.Model(given, {"emb": h, "scores": keras.layers.Dense(4, activation="softmax")(h)})
    model.compile("sgd", {"scores": "sparse_categorical_crossentropy"})
    tracker, x = xw.Tracker(), X.flatten(1).numpy()
    data = xw.hooks.keras.indexed(x, {"scores": Y.numpy()})
    model.fit(*data, batch_size=8, verbose=0, callbacks=[xw.hooks.keras.TrackerCallback(tracker, model)])
    assert tracker.output == ("scores",)
    with xw.SaliencyPanel(
        model, (x, Y.numpy()), tracker, indices=[1, 2], smoothing=2, integrating=4
    ) as panel:
        columns = shown(panel)
    assert columns.prediction.tolist() == model(x[1:3])["scores"].numpy().argmax(1).tolist()
