"""Activations and maximum pooling that go backwards with secants along strips of rows.

Rows of a strip are neighbours on a path; each row's gradient is with the mean slopes of its stretch, up to the next row. That
of the last row of a strip, which has no next one, means nothing.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np


@functools.lru_cache(maxsize=1)
def functions() -> tuple[Any, Any, Any]:
    """Make them: for a kink at zero, for any elementwise activation, and for pooling of planes.

    Classes of torch cannot be made before torch is imported.
    """
    import torch
    from torch.nn import functional

    class _Kinked(torch.autograd.Function):  # type: ignore[misc]
        """An activation straight on both sides of zero: only where the sign changes along the stretch is there a secant.

        What comes in is looked at on the way forward and not kept: to hold one more copy of every layer cost more time than all
        that is done with it.
        """

        @staticmethod
        def forward(ctx: Any, x: Any, function: Any, slopes: Any, strip: int) -> Any:
            x = _dense(x)
            with torch.no_grad():
                y = function(x)
                ctx.at, ctx.mean = _turning(_positive(_flat(y)), len(x), strip), None
                if len(ctx.at):
                    ctx.mean = _rise(y, ctx.at).div_(_rise(x, ctx.at))
            ctx.save_for_backward(y)
            ctx.slopes = slopes
            return y

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            (y,) = ctx.saved_tensors
            given = _laid_out(grads[0], y)
            found = ctx.slopes(given, y)
            if ctx.mean is not None:
                _flat(found).scatter_(0, ctx.at, ctx.mean * _flat(given).index_select(0, ctx.at))
            return found, None, None, None

    class _Secant(torch.autograd.Function):  # type: ignore[misc]
        """Any elementwise activation."""

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
            mean = torch.where(near, slope, rise / torch.where(near, torch.ones_like(run), run))
            return grads[0] * mean, None, None

    class _Pool(torch.autograd.Function):  # type: ignore[misc]
        """Maximum pooling of planes; between two winners the gradient goes to each for its part of the stretch."""

        @staticmethod
        def forward(ctx: Any, x: Any, strip: int, options: Any) -> Any:
            x = _dense(x)
            with torch.no_grad():
                y, winners = functional.max_pool2d_with_indices(x, **options)
            ctx.save_for_backward(x, winners)
            ctx.strip, ctx.options = strip, options
            return y

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            x, winners = ctx.saved_tensors
            given = _laid_out(grads[0], winners)
            found = _laid_out(_unpooled(given, x, winners, ctx.options), x)
            wins, size, whole_row = _flat(winners), winners[0].numel(), x[0].numel()
            at = _turning(wins.numpy() if wins.device.type == "cpu" else wins, len(x), ctx.strip)
            if not len(at):
                return found, None, None
            between, pixel = _steps(x)
            row = at // size
            channel = (at - row * size) // _steps(winners)[0] % winners.shape[1]
            plane = row.mul_(whole_row).add_(channel.mul_(between))
            first = wins.index_select(0, at).mul_(pixel).add_(plane)
            second = wins[size:].index_select(0, at).mul_(pixel).add_(plane)
            here, there = _flat(x), _flat(x)[whole_row:]
            # of the first over the second, at the start, and of the second over the first, at the end
            lead = here.index_select(0, first) - here.index_select(0, second)
            behind = there.index_select(0, second) - there.index_select(0, first)
            whole = lead + behind
            share = torch.where(whole > 0, behind / whole.clamp_min(1e-30), torch.full_like(whole, 0.5))
            moved = share * _flat(given).index_select(0, at)
            _flat(found).scatter_add_(0, second, moved).scatter_add_(0, first, -moved)
            return found, None, None

    return _Kinked, _Secant, _Pool


def _beyond(x: Any, strip: int) -> Any:
    """Return each row's successor on its path; the last of a strip has none and gets itself."""
    import torch

    strips = x.reshape(-1, strip, *x.shape[1:])
    return torch.cat([strips[:, 1:], strips[:, -1:]], 1).reshape(x.shape)


def _dense(x: Any) -> Any:
    """Return a tensor whose rows follow each other in memory without gaps, in either layout of images."""
    import torch

    last = x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last)
    return x if last or x.is_contiguous() else x.contiguous()


def _steps(planes: Any) -> tuple[int, int]:
    """Return how far apart channels and pixels of dense planes are in memory."""
    _, channels, height, width = planes.shape
    return (height * width, 1) if planes.is_contiguous() else (1, channels)


def _laid_out(x: Any, like: Any) -> Any:
    """Return numbers in the order in memory of another tensor."""
    import torch

    if x.stride() == like.stride():
        return x
    return torch.empty_like(like, dtype=x.dtype).copy_(x)


def _flat(x: Any) -> Any:
    """Look at a dense tensor as it lies in memory."""
    return x.as_strided((x.numel(),), (1,))


def _rise(x: Any, at: Any) -> Any:
    """Return how much is added up to the next row at places in memory, (K,)."""
    here, size = _flat(x), x[0].numel()
    return here[size:].index_select(0, at).sub_(here.index_select(0, at))


def _positive(x: Any) -> Any:
    """Compare with zero; numpy, which does not know bfloat16, does so in a quarter of torch's time on a processor."""
    import torch

    return x.numpy() > 0 if x.device.type == "cpu" and x.dtype != torch.bfloat16 else x > 0


def _turning(values: Any, rows: int, strip: int) -> Any:
    """Find the places, in memory, whose value is another one in the strip's next row; (R * size,) -> (K,)."""
    import torch

    size = len(values) // rows
    if isinstance(values, np.ndarray):
        strips = values.reshape(-1, strip, size)
        other = np.empty(strips.shape, np.bool_)
        np.not_equal(strips[:, 1:], strips[:, :-1], out=other[:, :-1])
        other[:, -1] = False
        return torch.from_numpy(np.flatnonzero(other))
    strips = values.view(-1, strip, size)
    other = torch.zeros_like(strips, dtype=torch.bool)
    torch.ne(strips[:, 1:], strips[:, :-1], out=other[:, :-1])
    return torch.nonzero(other.view(-1))[:, 0]


def _unpooled(given: Any, x: Any, winners: Any, options: Any) -> Any:
    """Send gradients of maximum pooling to the winners."""
    import torch

    def both(name: str, default: Any) -> Any:
        value = options.get(name)
        value = default if value is None or value == [] else value
        return (value, value) if isinstance(value, int) else tuple(value)

    size = both("kernel_size", None)
    return torch.ops.aten.max_pool2d_with_indices_backward(
        given, x, size, both("stride", size), both("padding", 0), both("dilation", 1),
        bool(options.get("ceil_mode", False)), winners,
    )  # fmt: skip
