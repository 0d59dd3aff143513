"""Grad-CAM's layer is chosen by evidence: it follows the places of the picture, and a gradient passes through it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import xai_widgets as xw


class Patches(nn.Module):
    """A small vision transformer: attention maps are outputs of a module, tokens may begin with ones for class and registers."""

    def __init__(self, extra: int = 0, pooled: bool = True) -> None:
        super().__init__()
        self.extra, self.pooled = extra, pooled
        self.patch, self.qkv = nn.Conv2d(3, 16, 8, 8), nn.Linear(16, 48)
        self.tokens = nn.Parameter(torch.randn(1, extra, 16))
        self.drop, self.middle, self.norm, self.head = (
            nn.Dropout(0.0),
            nn.LayerNorm(16),
            nn.LayerNorm(16),
            nn.Linear(16, 5),
        )

    def mixed(self, t: torch.Tensor) -> torch.Tensor:
        q, k, v = (p.unflatten(2, (2, 8)).transpose(1, 2) for p in self.qkv(t).chunk(3, 2))
        a = self.drop((q @ k.transpose(2, 3) / 8**0.5).softmax(3))
        return (a @ v).transpose(1, 2).flatten(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        t = self.patch(x).flatten(2).transpose(1, 2)
        t = torch.cat([self.tokens.expand(len(t), -1, -1), t], 1)
        t = self.middle(t + self.mixed(t))
        t = self.norm(t + self.mixed(t))
        return self.head(t.mean(1) if self.pooled else t[:, 0])


def by_hand(
    model: nn.Module, layer: nn.Module, x: torch.Tensor, start: int, grid: tuple[int, int]
) -> np.ndarray:
    kept = {}
    handle = layer.register_forward_hook(lambda m, i, o: kept.update(t=o))
    score = model(x).max(1).values.sum()
    handle.remove()
    (grads,) = torch.autograd.grad(score, kept["t"])
    t, g = kept["t"][:, start:], grads[:, start:]
    cam = torch.relu((g.mean(1, keepdim=True) * t).sum(2)).detach().reshape(len(x), *grid)
    size = (x.shape[2], x.shape[3])
    return F.interpolate(cam[:, None], size=size, mode="bilinear", align_corners=False).numpy()[:, 0]


@pytest.mark.parametrize("sides", [(32, 64), (32, 32), (48, 24)])
@pytest.mark.parametrize("extra", [0, 1, 5])
def test_tokens_become_the_grid_of_their_patches(sides, extra):
    torch.manual_seed(0)
    model, x = Patches(extra).eval(), torch.randn(2, 3, *sides)
    found = xw.AttributionEngine(model).attribute(x, "gradcam").values.reshape(2, -1, *sides).mean(1)
    want = by_hand(model, model.norm, x, extra, (sides[0] // 8, sides[1] // 8))
    assert np.allclose(found, want, atol=1e-4 * want.max())


def test_a_layer_that_no_gradient_passes_through_is_not_taken():
    torch.manual_seed(0)
    model, x = Patches(1, pooled=False).eval(), torch.randn(2, 3, 32, 64)
    found = xw.AttributionEngine(model).attribute(x, "gradcam").values.reshape(2, -1, 32, 64).mean(1)
    want = by_hand(model, model.qkv, x, 1, (4, 8))  # of the last norm only the class token is used
    assert np.allclose(found, want, atol=1e-4 * want.max())


class ChannelsLast(nn.Module):
    """A network whose pictures have their channels last inside."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv2d(3, 8, 3, 2, 1), nn.LayerNorm(8), nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.norm(self.conv(x).permute(0, 2, 3, 1)).relu().mean((1, 2)))


def test_channels_last_is_seen():
    torch.manual_seed(0)
    model, x = ChannelsLast().eval(), torch.randn(2, 3, 16, 16)
    kept = {}
    handle = model.norm.register_forward_hook(lambda m, i, o: kept.update(t=o))
    score = model(x).max(1).values.sum()
    handle.remove()
    (grads,) = torch.autograd.grad(score, kept["t"])
    cam = torch.relu((grads.mean((1, 2), keepdim=True) * kept["t"]).sum(3)).detach()
    want = F.interpolate(cam[:, None], size=(16, 16), mode="bilinear", align_corners=False).numpy()[:, 0]
    found = xw.AttributionEngine(model).attribute(x, "gradcam").values.reshape(2, -1, 16, 16).mean(1)
    assert np.allclose(found, want, atol=1e-4 * want.max())


def test_what_has_no_places_is_refused_with_the_way_out():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 16), nn.ReLU(), nn.Linear(16, 3)).eval()
    with pytest.raises(ValueError, match=r"layer=.*grid="):
        xw.AttributionEngine(model).attribute(torch.randn(2, 3, 8, 8), "gradcam")
    patches = Patches().eval()
    with pytest.raises(ValueError, match=r"'head' has shape .*grid="):
        xw.AttributionEngine(patches).attribute(torch.randn(2, 3, 32, 32), "gradcam", layer="head")
    with pytest.raises(ValueError, match="no layer 'nrom' ran; did you mean 'norm'"):
        xw.AttributionEngine(patches).attribute(torch.randn(2, 3, 32, 32), "gradcam", layer="nrom")


def test_a_grid_may_be_said():
    torch.manual_seed(0)
    model, x = Patches().eval(), torch.randn(1, 3, 32, 64)
    engine = xw.AttributionEngine(model)
    assert np.array_equal(
        engine.attribute(x, "gradcam", layer="norm", grid=(4, 8)).values,
        engine.attribute(x, "gradcam", layer="norm").values,
    )


@pytest.mark.parametrize("sigmoid", [False, True])
def test_one_logit_is_two_classes_and_a_value_is_none(sigmoid):
    torch.manual_seed(0)
    linear = nn.Linear(3, 1)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[1.0, -2.0, 0.5]]))
        linear.bias.zero_()
    model = nn.Sequential(linear, nn.Sigmoid()).eval() if sigmoid else nn.Sequential(linear).eval()
    x = torch.tensor([[0.3, 0.0, 0.0], [0.0, 0.2, 0.0]])
    found = xw.AttributionEngine(model).attribute(x, "input_x_gradient", magnitude=False, target="predicted")
    assert found.prediction.tolist() == found.target.tolist() == [1, 0]
    want = torch.sigmoid(torch.tensor([0.3, 0.4])).numpy()  # of the class that was predicted
    assert np.allclose(found.probability, want, atol=1e-6)
    assert (found.values.sum(1) > 0).all()
    shares = xw.AttributionEngine(model).attribute(x, "saliency", score="probability", target="predicted")
    assert np.allclose(shares.score, want, atol=1e-6)
    if not sigmoid:
        other = xw.AttributionEngine(model).attribute(x, "input_x_gradient", target=1, magnitude=False)
        assert np.allclose(other.values.sum(1), [0.3, -0.4])
        plain = xw.AttributionEngine(model).attribute(x, "input_x_gradient", magnitude=False)
        assert np.array_equal(plain.values, other.values)
        value = xw.AttributionEngine(model, task="value").attribute(x, "input_x_gradient", magnitude=False)
        assert np.allclose(value.values.sum(1), [0.3, -0.4])
        assert value.prediction.tolist() == [-1, -1]
        with pytest.raises(ValueError, match="unknown task"):
            xw.AttributionEngine(model, task="regression")
