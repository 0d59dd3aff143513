"""Gradients averaged over a stretch of a path, for networks of linear layers, ReLU-like activations and pooling.

Along a short stretch what enters an activation moves almost straight, so the mean of the activation's slope over the
stretch is the slope of its secant, whatever kinks lie between. A backward pass with secants in place of slopes gives the mean
gradient of the stretch where a plain one gives the gradient of a point: exactly for one layer of activations, to second order
for more. (With the whole path as one stretch this is the rescale rule of Shrikumar, Greenside and Kundaje, ICML 2017.)
"""

from __future__ import annotations

import functools
from typing import Any

from xai_widgets.attribution.estimators.secant.checks import rows_elsewhere
from xai_widgets.attribution.estimators.secant.torch_slopes import functions

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


@functools.lru_cache(maxsize=1)
def _mode() -> Any:
    import torch
    from torch.nn import functional
    from torch.overrides import TorchFunctionMode

    kinked, secant, pool = functions()
    aten = torch.ops.aten

    class Secants(TorchFunctionMode):  # type: ignore[misc]
        """While it lasts, activations and pooling go backwards with secants along strips of rows.

        Raises
        ------
        ValueError
            From a model that does anything else than that and linear layers.
        """

        def __init__(self, strip: int, rows: int) -> None:
            super().__init__()
            self._strip, self._rows = strip, rows

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = dict(kwargs or {})
            name = getattr(func, "__name__", str(func)).strip("_")
            tensors = _tensors([*args, *kwargs.values()])
            if not any(one.requires_grad for one in tensors) or not torch.is_grad_enabled():
                return func(*args, **kwargs)
            if name in _ACTIVATIONS and getattr(func, "__name__", "") == name:
                return self._activation(func, name, args or (kwargs.pop("input"),), kwargs)
            if name in _POOLS:
                return self._pool(args or (kwargs.pop("input"),), kwargs)
            depending = sum(one.requires_grad for one in tensors)
            inverse = name == "div" and not (isinstance(args[0], torch.Tensor) and args[0].requires_grad)
            if name not in _LINEAR or (name in _PRODUCTS and depending > 1) or inverse:
                raise ValueError(
                    f"rule='secant' is for networks of linear layers, activations and pooling; this one also uses {name!r}. "
                    "Leave rule= out"
                )
            return func(*args, **kwargs)

        def _activation(self, func: Any, name: str, args: Any, kwargs: Any) -> Any:
            options = {key: value for key, value in kwargs.items() if key != "inplace"}
            rest = args[1:] if name != "relu" else ()
            x = args[0]
            if len(x) != self._rows:
                raise rows_elsewhere()
            with torch._C.DisableTorchFunction():
                if name == "relu":
                    return kinked.apply(
                        x, torch.relu, lambda g, y: aten.threshold_backward(g, y, 0), self._strip
                    )
                if name == "leaky_relu":
                    slope = rest[0] if rest else options.get("negative_slope", 0.01)
                    if slope > 0:  # so that the sign of what comes out is that of what comes in
                        return kinked.apply(
                            x, lambda x: functional.leaky_relu(x, slope),
                            lambda g, y: aten.leaky_relu_backward(g, y, slope, True), self._strip,
                        )  # fmt: skip
                return secant.apply(x, lambda x: func(x, *rest, **options), self._strip)

        def _pool(self, args: Any, kwargs: Any) -> Any:
            options = dict(
                zip(("kernel_size", "stride", "padding", "dilation", "ceil_mode"), args[1:], strict=False)
            )
            options.update({key: value for key, value in kwargs.items() if key != "return_indices"})
            if args[0].dim() != 4:
                raise ValueError("rule='secant' knows maximum pooling of planes only. Leave rule= out")
            if len(args[0]) != self._rows:
                raise rows_elsewhere()
            with torch._C.DisableTorchFunction():
                return pool.apply(args[0], self._strip, options)

    return Secants


def secants(strip: int, rows: int) -> Any:
    """Return a context in which activations and pooling go backwards with secants along strips of that length.

    Parameters
    ----------
    strip, rows : int
        Rows of a strip, and of all of them.

    Raises
    ------
    ValueError
        Inside it, from a model that does anything else than that and linear layers.
    """
    return _mode()(strip, rows)
