"""Axes: round ticks, ranges that fit the values, smoothing along an axis. Figures and widgets share it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from xai_widgets._metrics import Metric

Floats = NDArray[np.floating]


def round_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return at most ``most`` (3 or more) round numbers that cover [low, high] in equal steps."""
    if not (math.isfinite(high - low) and high > low):
        return [low]
    for parts in range(max(most - 1, 1), 0, -1):
        ticks = covering_ticks(low, high, parts)
        if len(ticks) <= most:
            break
    return ticks


def covering_ticks(low: float, high: float, parts: int) -> list[float]:
    """Return round numbers that cover [low, high], of which about ``parts`` steps lie within it."""
    from matplotlib.ticker import MaxNLocator

    locator = MaxNLocator(parts, steps=[1, 2, 2.5, 5, 10], min_n_ticks=1)
    return [float(f"{tick:.12g}") for tick in locator.tick_values(low, high)]


def tick_text(value: float, ticks: Sequence[float]) -> str:
    """Show a tick with as many decimals as its neighbours need."""
    step = abs(ticks[1] - ticks[0]) if len(ticks) > 1 else abs(value) or 1.0
    if value and (abs(value) >= 1e6 or step < 1e-4):
        return f"{value:.3g}".replace("-", "−")
    if step >= 1 and float(step).is_integer() and float(value).is_integer():
        return f"{value:,.0f}".replace("-", "−")
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    text = f"{value:,.{decimals + 1}f}".rstrip("0").rstrip(".")
    return text.replace("-", "−") or "0"


def fitted(ticks: Sequence[float], low: float, high: float) -> tuple[list[float], float, float]:
    """Drop an outermost tick that would leave more than half a step empty; gives the ticks and the ends of the axis."""
    if len(ticks) < 3:
        return list(ticks), min(ticks[0], low), max(ticks[-1], high)
    step, margin = ticks[1] - ticks[0], 0.04 * (high - low)
    kept, bottom, top = list(ticks), ticks[0], ticks[-1]
    if low - bottom > 0.5 * step:
        kept, bottom = kept[1:], low - margin
    if top - high > 0.5 * step:
        kept, top = kept[:-1], high + margin
    return kept, min(bottom, low), max(top, high)


def log_ticks(low: float, high: float) -> list[float]:
    """Return powers of ten that cover [low, high], every second or third where they are many."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    stride = max(1, math.ceil((last - first) / 6))
    return [10.0**e for e in range(first, last + 1, stride)]


def value_range(values: Iterable[Floats], *, log: bool = False) -> tuple[float, float]:
    """Fit an axis around values: from zero where they are not far from it, never empty."""
    low, high = math.inf, -math.inf
    for array in values:
        finite = array[np.isfinite(array)]
        if log:
            finite = finite[finite > 0]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    if low > high:
        return (0.1, 1.0) if log else (0.0, 1.0)
    if log:
        return (low, high) if high > low * 1.01 else (low / 2, high * 2)
    if 0 <= low <= 0.5 * high:
        low = 0.0
    if high - low <= 1e-9 * max(abs(high), abs(low), 1e-30):
        margin = abs(high) / 2 or 0.5
        return low - (margin if low else 0), high + margin
    return low, high


def count_ticks(last: float, most: int = 5, first: float = 1) -> list[float]:
    """Return round ticks of an axis that counts from ``first`` (epochs, steps), which is always one of them.

    A step that ends on the last value is preferred, so that the planned length can be read.

    Examples
    --------
    >>> count_ticks(12), count_ticks(20), count_ticks(7)
    ([1, 3.0, 6.0, 9.0, 12.0], [1, 5.0, 10.0, 15.0, 20.0], [1, 4.0, 6.0])
    """
    if last <= first:
        return [first]
    least = (last - first) / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(least))
    steps = [
        f * power
        for f in (1, 2, 2.5, 3, 4, 5, 10, 20)
        if f * power >= max(least - 1e-9, 1) and f * power % 1 == 0
    ]
    round_steps = [s for s in steps if s / power in (1, 2, 5, 10, 20)] or [max(1.0, 10 * power)]
    ending = [s for s in steps if abs(last / s - round(last / s)) < 1e-9 and s <= 1.7 * round_steps[0]]
    step = (ending or round_steps)[0]
    ticks = [
        t
        for t in np.arange(step, last + step * 1e-6, step).tolist()
        if first + 0.6 * step <= t <= last + 1e-9
    ]
    return [first, *ticks]


def smoothed(values: Floats, sigma: float) -> NDArray[np.float64]:
    """Smooth along the last axis with a Gaussian of ``sigma`` columns; gaps stay gaps and lend no weight.

    Raises
    ------
    ValueError
        If ``sigma`` is negative or not finite.
    """
    if not (math.isfinite(sigma) and sigma >= 0):
        raise ValueError(f"smoothing should be a number of epochs, 0 or more, got {sigma}")
    given = np.asarray(values, np.float64)
    if sigma == 0 or given.shape[-1] < 2:
        return given
    reach = min(math.ceil(4 * sigma), given.shape[-1] - 1)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    present = np.isfinite(given)
    filled = np.where(present, given, 0.0)
    total, weight = np.zeros_like(filled), np.zeros_like(filled)
    length = given.shape[-1]
    for shift, w in zip(range(-reach, reach + 1), weights, strict=True):
        a, b = max(0, -shift), min(length, length - shift)
        total[..., a:b] += w * filled[..., a + shift : b + shift]
        weight[..., a:b] += w * present[..., a + shift : b + shift]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(present, total / weight, np.nan)


def last_finite(values: Floats) -> NDArray[np.float64]:
    """Return the last finite value of each row, NaN where there is none."""
    given = np.asarray(values, np.float64)
    if given.shape[-1] == 0:
        return np.full(given.shape[:-1], np.nan)
    present = np.isfinite(given)
    at = given.shape[-1] - 1 - np.argmax(present[..., ::-1], axis=-1)
    found = np.take_along_axis(given, at[..., None], axis=-1)[..., 0]
    return np.where(present.any(axis=-1), found, np.nan)


def hardest_first(values: Floats, metric: Metric) -> NDArray[np.int64]:
    """Order rows by difficulty; what has no value comes last, equal ones keep their order."""
    key = -metric.hardness(np.asarray(values, np.float64))
    key = np.where(np.isnan(key), np.inf, key)
    return np.argsort(key, kind="stable").astype(np.int64)
