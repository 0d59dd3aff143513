"""Torch models of many kinds are explained like the plain one."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from behaviour_models import (
    Restless,
    changed,
    picture_net,
    pictures,
    relative,
    seeded,
    tables,
    tanh_net,
    trace,
)
from torch import nn

from xai_widgets import AttributionEngine

OPTIONS = {"smoothing": 4, "integrating": 8}
METHODS = ["saliency", "smoothgrad", "vargrad", "integrated_gradients", "expected_gradients", "smint"]


def values(model, x, method="smint", **options):
    return AttributionEngine(model).attribute(x, method, **{**OPTIONS, **options}).values


@pytest.mark.parametrize("method", METHODS)
def test_in_place_activations(method):
    plain, inplace = picture_net(), picture_net(inplace=True)
    assert np.array_equal(values(inplace, pictures(2), method), values(plain, pictures(2), method))


def test_an_in_place_first_layer():
    model = nn.Sequential(nn.ReLU(inplace=True), tanh_net())
    other = nn.Sequential(nn.ReLU(), tanh_net())
    x = tables(2)
    kept = x.copy()
    assert np.array_equal(values(model, x), values(other, x))
    assert np.array_equal(x, kept)


@pytest.mark.parametrize("method", METHODS)
def test_frozen_parameters(method):
    model, x = picture_net(), pictures(2)
    expected = values(model, x, method)
    frozen = copy.deepcopy(model).requires_grad_(False)
    assert np.array_equal(values(frozen, x, method), expected)
    assert not any(p.requires_grad for p in frozen.parameters())
    assert all(p.grad is None for p in frozen.parameters())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("method", METHODS)
def test_half_precision(dtype, method):
    model, x = tanh_net(), tables(3)
    half = copy.deepcopy(model).to(dtype)
    before = trace(half)
    found = AttributionEngine(half).attribute(x, method, target=1, smoothing=8, integrating=16)
    expected = AttributionEngine(model).attribute(x, method, target=1, smoothing=8, integrating=16)
    assert found.values.dtype == np.float32
    assert np.all(np.isfinite(found.values))
    assert relative(found.values, expected.values) < (0.15 if method == "vargrad" else 0.05)
    assert changed(before, trace(half)) == []


def test_half_precision_inputs():
    model, x = tanh_net(), tables(3)
    given = torch.tensor(x)
    named = {"target": 1, "index": [7, 8, 9]}  # else the noise follows the content, which rounding changes
    for dtype, near in ((torch.bfloat16, 0.05), (torch.float16, 0.01)):
        assert relative(values(model, given.to(dtype), **named), values(model, x, **named)) < near
    assert relative(values(model, x.astype(np.float16), **named), values(model, x, **named)) < 0.01


def test_double_precision():
    model = tanh_net().double()
    found = AttributionEngine(model).attribute(tables(2, dtype=np.float64), index=[1, 2], **OPTIONS)
    assert found.values.dtype == np.float64
    assert relative(found.values, values(tanh_net(), tables(2), index=[1, 2])) < 1e-4


def test_under_autocast_of_the_caller():
    model, x = picture_net(), pictures(2)
    expected = values(model, x, "integrated_gradients")
    with torch.autocast("cpu", torch.bfloat16):
        found = values(model, x, "integrated_gradients")
        assert torch.is_autocast_enabled("cpu")
    assert relative(found, expected) < 0.05


def test_dropout_and_batch_norm_are_calmed():
    model = seeded(Restless).train()
    x = pictures(3)
    found = values(model, x)
    assert np.array_equal(found, values(model, x))
    assert np.array_equal(found, values(copy.deepcopy(model).eval(), x))
    assert model.training
    assert model.dropout.training


class Two(nn.Module):
    """A picture and a table of other shape, multiplied in part."""

    def __init__(self) -> None:
        super().__init__()
        self.picture = nn.Sequential(nn.Flatten(), nn.Linear(48, 5))
        self.table = nn.Linear(3, 5)

    def forward(self, picture, table):
        return self.picture(picture) + 2 * self.table(table)


def two_inputs(rows=3):
    return pictures(rows, shape=(3, 4, 4)), tables(rows, 3)


@pytest.mark.parametrize("method", METHODS)
def test_several_inputs_of_different_shapes(method):
    model, x = seeded(Two), two_inputs()
    found = AttributionEngine(model).attribute(x, method, **OPTIONS)
    assert isinstance(found.values, tuple)
    assert [one.shape for one in found.values] == [one.shape for one in x]
    assert [one.shape for one in found.masks] == [(3, 4, 4), (3, 3)]
    assert found.layouts == ("NCHW", "NC")
    assert all(np.all(np.isfinite(one)) for one in found.values)
    alone = AttributionEngine(model).attribute(tuple(one[:1] for one in x), method, **OPTIONS)
    for one, other in zip(found.values, alone.values, strict=True):
        assert np.allclose(one[:1], other, rtol=1e-4, atol=1e-6)


def test_several_inputs_of_a_linear_model_in_closed_form():
    model, x = seeded(Two), two_inputs()
    found = AttributionEngine(model).attribute(
        x, "integrated_gradients", baseline=("zeros", 1.0), target=2, integrating=4
    )
    w = model.picture[1].weight[2].detach().numpy().reshape(3, 4, 4)
    v = 2 * model.table.weight[2].detach().numpy()
    assert np.allclose(found.values[0], w * x[0], atol=1e-5)
    assert np.allclose(found.values[1], v * (x[1] - 1), atol=1e-5)
    assert np.all(found.completeness_gap < 1e-4)


def test_completeness_over_several_inputs():
    class Product(nn.Module):
        def __init__(self):
            super().__init__()
            self.two = seeded(Two)

        def forward(self, picture, table):
            return torch.tanh(self.two(picture, table)) * table.sum(1, keepdim=True)

    found = AttributionEngine(Product()).attribute(two_inputs(), "integrated_gradients", integrating=256)
    assert np.all(found.completeness_gap < 1e-3)


def test_an_input_that_is_not_used_gets_zeros():
    class Second(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = tanh_net(3)

        def forward(self, picture, table):
            return self.net(table)

    found = AttributionEngine(Second()).attribute(two_inputs(), "smint", **OPTIONS)
    assert not np.any(found.values[0])
    assert np.any(found.values[1])


def test_a_compiled_model():
    model, x = picture_net(), pictures(2)
    compiled = torch.compile(model, backend="eager")
    before = trace(compiled)
    assert relative(values(compiled, x), values(model, x)) < 1e-5
    assert changed(before, trace(compiled)) == []


def test_data_parallel():
    model, x = picture_net(), pictures(3)
    parallel = nn.DataParallel(model)
    assert relative(values(parallel, x), values(model, x)) < 1e-5  # several GPUs share the batch


def test_a_traced_model():
    model, x = picture_net(), pictures(2)
    traced = torch.jit.trace(model, torch.tensor(pictures(4)))
    assert relative(values(traced, x), values(model, x)) < 1e-4


def test_shared_and_reused_modules():
    class Reused(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(6, 6)
            self.again = self.layer
            self.act = nn.ReLU(inplace=True)

        def forward(self, x):
            return self.act(self.again(self.act(self.layer(x))))

    model = seeded(Reused).eval()
    x = tables(2)
    inputs = torch.tensor(x, requires_grad=True)
    output = model(inputs)
    (expected,) = torch.autograd.grad(output.max(1).values.sum(), inputs)
    assert np.allclose(values(model, x, "saliency"), expected.numpy(), atol=1e-6)


def test_recurrent_layers():
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.LSTM(4, 8, num_layers=2, dropout=0.5, batch_first=True)
            self.head = nn.Linear(8, 3)

        def forward(self, x):
            return self.head(self.cell(x)[0][:, -1])

    model = seeded(Recurrent).train()
    x = pictures(2, shape=(7, 4))
    before = trace(model)
    found = AttributionEngine(model, layout="NLC").attribute(x, "integrated_gradients", integrating=128)
    assert found.masks.shape == (2, 7)
    assert np.all(found.completeness_gap < 1e-3)
    assert changed(before, trace(model)) == []


def test_parametrised_and_spectrally_normed_layers():
    model = seeded(
        lambda: nn.Sequential(
            nn.utils.parametrizations.weight_norm(nn.Linear(6, 8)), nn.Tanh(),
            nn.utils.parametrizations.spectral_norm(nn.Linear(8, 3)),
        )
    ).train()  # fmt: skip
    x = tables(2)
    before = trace(model)
    found = values(model, x, "integrated_gradients")
    assert changed(before, trace(model)) == []
    assert np.array_equal(found, values(model.eval(), x, "integrated_gradients"))


@pytest.mark.parametrize("output", ["dict", "tuple", "object"])
def test_outputs_in_a_container(output):
    class Answer:
        def __init__(self, logits):
            self.logits = logits

    class Contained(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = tanh_net()

        def forward(self, x):
            logits = self.net(x)
            return {
                "dict": {"loss": logits.sum(), "logits": logits},
                "tuple": (logits, logits.sum()),
                "object": Answer(logits),
            }[output]

    assert np.array_equal(values(Contained(), tables(2)), values(tanh_net(), tables(2)))


@pytest.mark.parametrize(
    ("shape", "layout", "mask"),
    [((6,), None, (6,)), ((2, 12), "NCL", (12,)), ((4, 4), None, (4, 4)), ((1, 4, 4), None, (4, 4)),
     ((4, 4, 3), "NHWC", (4, 4)), ((2, 4, 4), "NCHW", (4, 4)), ((1, 2, 3, 4), "NCDHW", (2, 3, 4))],
)  # fmt: skip
def test_inputs_of_any_rank_and_number_of_channels(shape, layout, mask):
    size = int(np.prod(shape))
    model = seeded(lambda: nn.Sequential(nn.Flatten(), nn.Linear(size, 5), nn.Tanh(), nn.Linear(5, 3)))
    x = pictures(2, shape=shape)
    found = AttributionEngine(model, layout=layout).attribute(x, "smint", **OPTIONS)
    assert found.values.shape == x.shape
    assert found.masks.shape == (2, *mask)
    assert found.masks.dtype == np.float32


def test_tensors_in_any_memory_order_and_arrays_give_the_same():
    model, x = picture_net(), pictures(2)
    expected = values(model, x)
    given = torch.tensor(x)
    for one in (
        given,
        given.to(memory_format=torch.channels_last),
        x.astype(np.float64),
        np.asfortranarray(x),
    ):
        assert relative(values(model, one), expected) < 1e-5


class Turned(torch.autograd.Function):
    """The identity, whose gradient lies in memory column by column."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, grads):
        return grads.t().contiguous().t()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("chunk", [None, 8])
def test_gradients_in_another_memory_order_give_the_same(method, chunk):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = tanh_net()

        def forward(self, x):
            return self.inner(Turned.apply(x))

    x = tables(3)
    leaf = torch.tensor(x, requires_grad=True)
    (found,) = torch.autograd.grad(Model()(leaf).sum(), leaf)
    assert not found.is_contiguous()
    turned = AttributionEngine(Model(), chunk=chunk).attribute(x, method, **OPTIONS).values
    straight = AttributionEngine(tanh_net(), chunk=chunk).attribute(x, method, **OPTIONS).values
    assert relative(turned, straight) < 1e-5


def test_one_output_column():
    model, x = tanh_net(outputs=1), tables(3)
    found = AttributionEngine(model).attribute(x, "integrated_gradients", integrating=200)
    assert found.target.tolist() == [1, 1, 1]  # the number itself is the score of the second of two classes
    assert np.all(found.completeness_gap < 1e-3)


class Viewing(nn.Module):
    """Takes a view of what a convolution gives, as many published models do."""

    def __init__(self, view):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 5, 3), nn.Linear(5 * 36, 4)
        self.view = view

    def forward(self, x):
        y = torch.tanh(self.conv(x))
        return self.head(y.view(len(y), -1) if self.view else y.flatten(1))


def test_a_model_that_takes_views_has_the_numbers_of_one_that_does_not():
    viewing, flattening = (seeded(lambda view=view: Viewing(view)).eval() for view in (True, False))
    x = pictures(3)
    for method in ("saliency", "smint"):
        one, other = (
            AttributionEngine(model).attribute(x, method, smoothing=8, integrating=8).values
            for model in (viewing, flattening)
        )
        assert relative(one, other) < 1e-5


class Assorted(nn.Module):
    """Holds numbers of every kind, in lengths that are not whole words."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(7, 3))
        self.nothing = nn.Parameter(torch.zeros(0))
        for name, value in {
            "complex": torch.randn(3, dtype=torch.complex64), "conjugate": torch.randn(3, dtype=torch.complex64).conj(),
            "flag": torch.tensor(True), "half": torch.randn(5).half(), "brain": torch.randn(3).bfloat16(),
            "moved": torch.randn(34)[1:], "turned": torch.randn(5, 6).T, "count": torch.tensor(3),
        }.items():  # fmt: skip
            self.register_buffer(f"{name}_buffer", value)

    def forward(self, x):
        return x @ self.weight


def test_a_change_of_any_weight_or_buffer_is_seen():
    model = Assorted()
    fingerprint = AttributionEngine(model)._backend.fingerprint
    before = fingerprint()
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        for place in range(tensor.numel()):
            with torch.no_grad():
                kept = tensor.detach().clone()
                where = np.unravel_index(place, tensor.shape)
                tensor[where] = ~tensor[where] if tensor.dtype == torch.bool else tensor[where] + 1
                assert fingerprint() != before, (name, place)
                tensor.copy_(kept)
        assert fingerprint() == before
