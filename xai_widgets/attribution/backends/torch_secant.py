"""Gradients averaged over a stretch of a path, for networks of linear layers, ReLU-like activations and pooling.

Along a short stretch what enters an activation moves almost straight, so the mean of the activation's slope over the
stretch is the slope of its secant, whatever kinks lie between. A backward pass with secants in place of slopes gives the mean
gradient of the stretch where a plain one gives the gradient of a point: exactly for one layer of activations, to second order
for more. (With the whole path as one stretch this is the rescale rule of Shrikumar, Greenside and Kundaje, ICML 2017.)
"""

from __future__ import annotations

import functools
from typing import Any

_LINEAR = frozenset(
    [
        "linear",
        "conv1d",
        "conv2d",
        "conv3d",
        "conv_transpose1d",
        "conv_transpose2d",
        "conv_transpose3d",
        "batch_norm",
        "matmul",
        "mul",
        "div",
        "add",
        "sub",
        "iadd",
        "isub",
        "radd",
        "rsub",
        "rmul",
        "neg",
        "avg_pool1d",
        "avg_pool2d",
        "avg_pool3d",
        "adaptive_avg_pool1d",
        "adaptive_avg_pool2d",
        "adaptive_avg_pool3d",
        "mean",
        "sum",
        "flatten",
        "unflatten",
        "reshape",
        "view",
        "permute",
        "transpose",
        "movedim",
        "squeeze",
        "unsqueeze",
        "expand",
        "narrow",
        "select",
        "getitem",
        "chunk",
        "split",
        "stack",
        "cat",
        "pad",
        "interpolate",
        "contiguous",
        "clone",
        "detach",
        "to",
        "float",
        "double",
        "type_as",
        "identity",
        "gather",
        "dropout",
        "dropout2d",
        "requires_grad",
        "size",
        "dim",
        "numel",
        "stride",
        "is_floating_point",
        "is_contiguous",
        "get",
        "grad",
        "len",
    ]
)
_ACTIVATIONS = frozenset(
    [
        "relu",
        "leaky_relu",
        "relu6",
        "hardtanh",
        "elu",
        "celu",
        "selu",
        "gelu",
        "silu",
        "softplus",
        "tanh",
        "sigmoid",
        "hardswish",
        "hardsigmoid",
        "mish",
    ]
)
_POOLS = frozenset(["max_pool2d", "boolean_dispatch", "max_pool1d", "max_pool3d"])
_PRODUCTS = frozenset(
    [
        "mul", "div", "matmul", "rmul", "batch_norm", "linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d",
        "conv_transpose2d", "conv_transpose3d",
    ]
)  # fmt: skip
"""Linear in each of their arguments alone, so that only one may depend on the input."""


def _tensors(values: Any) -> list[Any]:
    """Find the tensors among arguments, and in lists of them."""
    import torch

    found: list[Any] = []
    for one in values:
        if isinstance(one, torch.Tensor):
            found.append(one)
        elif isinstance(one, (tuple, list)):
            found.extend(_tensors(one))
    return found


def _beyond(x: Any, strip: int) -> Any:
    """Give each row's successor on its path; the last of a strip has none and gets itself."""
    import torch

    strips = x.reshape(-1, strip, *x.shape[1:])
    return torch.cat([strips[:, 1:], strips[:, -1:]], 1).reshape(x.shape)


@functools.lru_cache(maxsize=1)
def _functions() -> tuple[Any, Any]:
    """Make the activation and the pooling; classes of torch cannot be made before torch is imported."""
    import torch
    from torch.nn import functional

    class _Secant(torch.autograd.Function):  # type: ignore[misc]
        """An elementwise activation, backwards with the slopes of its secants."""

        @staticmethod
        def forward(ctx: Any, x: Any, function: Any, strip: int) -> Any:
            with torch.no_grad():
                y = function(x)
            ctx.save_for_backward(x, y)
            ctx.function, ctx.strip = function, strip
            return y

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            x, y = ctx.saved_tensors
            run, rise = _beyond(x, ctx.strip) - x, _beyond(y, ctx.strip) - y
            with torch.enable_grad():
                at = x.detach().requires_grad_()
                (slope,) = torch.autograd.grad(ctx.function(at).sum(), at)
            # over no distance the secant is the slope; over little of it the difference is all rounding
            near = run.abs() <= 1e-5 * (1 + x.abs())
            return (
                grads[0] * torch.where(near, slope, rise / torch.where(near, torch.ones_like(run), run)),
                None,
                None,
            )

    class _SecantPool(torch.autograd.Function):  # type: ignore[misc]
        """Maximum pooling of planes; between two winners the gradient goes to each for its part of the stretch."""

        @staticmethod
        def forward(ctx: Any, x: Any, strip: int, args: Any, kwargs: Any) -> Any:
            with torch.no_grad():
                y, winners = functional.max_pool2d_with_indices(x, *args, **kwargs)
            ctx.save_for_backward(x, winners)
            ctx.strip = strip
            return y

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            x, winners = ctx.saved_tensors
            here, there = x.flatten(2), _beyond(x, ctx.strip).flatten(2)
            first, second = winners.flatten(2), _beyond(winners, ctx.strip).flatten(2)
            lead = here.gather(2, first) - here.gather(
                2, second
            )  # of the first over the second, at the start
            behind = there.gather(2, second) - there.gather(2, first)
            whole = lead + behind
            share = torch.where(whole > 0, lead / whole.clamp_min(1e-30), torch.full_like(whole, 0.5))
            share = torch.where(first == second, torch.ones_like(share), share)
            given = grads[0].flatten(2)
            found = torch.zeros_like(here)
            found.scatter_add_(2, first, given * share)
            found.scatter_add_(2, second, given * (1 - share))
            return found.view_as(x), None, None, None

    return _Secant, _SecantPool


@functools.lru_cache(maxsize=1)
def _mode() -> Any:
    import torch
    from torch.overrides import TorchFunctionMode

    secant, pool = _functions()

    class Secants(TorchFunctionMode):  # type: ignore[misc]
        """While it lasts, activations and pooling go backwards with secants along strips of rows.

        Raises
        ------
        ValueError
            From a model that does anything else than that and linear layers.
        """

        def __init__(self, strip: int) -> None:
            super().__init__()
            self._strip = strip

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = kwargs or {}
            name = getattr(func, "__name__", str(func)).strip("_")
            tensors = _tensors([*args, *kwargs.values()])
            if not any(one.requires_grad for one in tensors) or not torch.is_grad_enabled():
                return func(*args, **kwargs)
            if name in _ACTIVATIONS and getattr(func, "__name__", "") == name:
                options = {key: value for key, value in kwargs.items() if key != "inplace"}
                rest = args[1:] if name != "relu" else ()
                with torch._C.DisableTorchFunction():
                    return secant.apply(args[0], lambda x: func(x, *rest, **options), self._strip)
            if name in _POOLS:
                return self._pool(args, kwargs)
            depending = sum(one.requires_grad for one in tensors)
            inverse = name == "div" and not (isinstance(args[0], torch.Tensor) and args[0].requires_grad)
            if name not in _LINEAR or (name in _PRODUCTS and depending > 1) or inverse:
                raise ValueError(
                    f"rule='secant' is for networks of linear layers, activations and pooling; this one also uses {name!r}. "
                    "Leave rule= out"
                )
            return func(*args, **kwargs)

        def _pool(self, args: Any, kwargs: Any) -> Any:
            options = dict(
                zip(("kernel_size", "stride", "padding", "dilation", "ceil_mode"), args[1:], strict=False)
            )
            options.update({key: value for key, value in kwargs.items() if key != "return_indices"})
            if args[0].dim() != 4:
                raise ValueError("rule='secant' knows maximum pooling of planes only. Leave rule= out")
            with torch._C.DisableTorchFunction():
                return pool.apply(args[0], self._strip, (), options)

    return Secants


def secants(strip: int) -> Any:
    """Give a context in which activations and pooling go backwards with secants along strips of rows.

    Raises
    ------
    ValueError
        Inside it, from a model that does anything else than that and linear layers.
    """
    return _mode()(strip)
