"""The models behind `label_errors`: fitted numbers, and what they are numbers of.

The log odds of an instance are linear in what the run said of it; the slopes and the level come from what the whole run
looks like, by a layer of eight units, so that the same margin means one thing on a hard data set and another on an easy
one. A linear model of an instance ranks the instances of a run by one weighted sum, which nothing but that run decides.

Fitted by `benchmarks/tracking/label_error_fit.py` on 160 simulated trainings (mixtures of Gaussians, random teachers,
principal components of photographs, parts of the digits; 2 to 100 classes, balanced or not, no noise to 40 %, uniform or to
one other class, with and without dropout, jitter, weight decay and label smoothing) and on one seed of the digits and of the
photographs. Descriptions of a run outside of what was seen are taken as the nearest that was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
INSTANCE = ("loss", "other", "votes", "next")
"""Mean loss, mean log probability of the best other class, shares of the run that said the first and the second class
instead."""
RUN = ("accuracy", "below", "tail", "shape", "depth", "recovered", "height", "classes")
"""Share predicted as labelled; log odds of the share with a negative margin, and of the share with more loss than a guess
(log C + 1/2); log of the loss by the depth of those with a negative margin; log of that depth; share of wrong predictions
that are right an epoch later; log of the mean margin of the others; log C."""


@dataclass(frozen=True)
class Model:
    """Log odds of instances.

    Attributes
    ----------
    hidden, bias
        (H, 8) and (H,): the layer of units, of the description of a run.
    out, level
        (5, H) and (5,): the level of the log odds and the four slopes, of the units.
    low, high
        (8,) range of the runs seen in fitting.
    """

    hidden: Array
    bias: Array
    out: Array
    level: Array
    low: Array
    high: Array

    def logit(self, instance: tuple[Array, ...], run: Array) -> Array:
        """Log odds (N,) of instances (four columns, `INSTANCE`) of a run (8,), `RUN`."""
        units = np.tanh(self.hidden @ np.clip(run, self.low, self.high) + self.bias)
        level, *slopes = self.out @ units + self.level
        found = np.full(instance[0].shape, level, instance[0].dtype)
        for slope, column in zip(slopes, instance, strict=True):
            if slope:
                found += slope * column
        return found


def _row(numbers: str) -> Array:
    return np.array([float(n) for n in numbers.split()])


def _rows(*rows: str) -> Array:
    return np.stack([_row(row) for row in rows])


PREDICTIONS = Model(
    hidden=_rows(
        "0.9899 0.08133 -0.5659 -0.7038 -0.8056 1.259 -0.5177 0.23",
        "-1.044 0.09353 0.5583 -0.5857 1.095 -2.558 0.7198 0.05699",
        "-1.717 0.2492 0.04505 -1.146 0.2715 5.015 -0.4386 0.1448",
        "-1.862 0.1872 -0.01 -0.2212 0.08984 -4.999 -0.1263 -0.2224",
        "1.137 -0.0466 -0.1152 0.4299 -0.4979 0.7135 0.7171 -0.2098",
        "-2.224 0.2047 0.09881 -1.275 -0.4027 1.781 0.2804 -0.3887",
        "-3.175 0.4101 -0.0006544 0.4532 -0.3319 -1.66 1.255 -0.01643",
        "0.2222 -0.04129 0.1701 1.029 -0.4242 1.689 0.7819 -0.2035",
    ),
    bias=_row("-1.763 3.487 0.1871 1.558 -1.626 3.833 1.928 -0.2363"),
    out=_rows(
        "1.038 -1.253 0.8108 -0.05419 0.192 1.293 -0.8473 -1.398",
        "-0.6283 0.06461 -0.5043 0.1115 -0.408 -0.2315 -0.2685 0.138",
        "-0.1129 -0.2977 -0.3363 -0.3517 -0.2005 -0.08114 -0.7015 -0.5381",
        "-1.518 -0.3028 -0.7695 -0.6312 -0.746 -0.4242 -1.389 -0.8402",
        "-2.07 -0.4453 -0.5207 -0.5806 -2.764 -1.831 -0.9643 1.148",
    ),
    level=_row("-3.105 0.9182 0.6072 0.778 0.3792"),
    low=_row("0.02208 -6.087 -7.848 -0.003023 -2.991 2.547e-09 -2.802 0.6931"),
    high=_row("0.988 4.151 -1.417 3.308 1.544 0.5359 1.786 4.605"),
)
LOSSES = Model(
    hidden=_rows(
        "-0.6697 0.02945 0.06753 -1.832 0.6837 0 -0.1569 0.05343",
        "2.466 -0.1274 -0.1913 -0.8054 0.2779 0 0.1648 -0.07051",
        "-0.6693 -0.2972 0.03008 -0.1779 -0.1084 0 0.51 0.3543",
        "-0.7704 -0.005082 -0.3374 1.405 -0.7553 0 -1.271 -0.1572",
        "-2.641 0.2147 -0.1611 -0.5587 -0.2504 0 1.087 -0.07954",
        "-0.4872 0.01696 0.2121 -0.5633 -0.2273 0 0.2986 -0.5545",
        "-0.8877 0.07354 -0.02079 -0.6948 -0.1793 0 0.304 -0.2519",
        "-0.341 0.125 0.1861 0.3719 -0.2974 0 0.2591 -0.6063",
    ),
    bias=_row("1.695 -1.879 0.9382 -1.861 1.481 2.66 1.569 1.413"),
    out=_rows(
        "-0.902 0.6345 2.079 1.243 1.041 0.7722 0.5698 0.1164",
        "0.1889 -0.0324 -0.6532 -0.3132 -0.532 0.1116 -0.1029 0.2152",
        "0.2527 0.4023 0.1149 -0.01584 -0.2433 0.09009 -0.04314 0.129",
        "1.25 0.378 -1.243 -0.1678 -1.218 -0.2508 -0.5068 0.2773",
        "0 0 0 0 0 0 0 0",
    ),
    level=_row("-3.969 1.096 1.286 1.55 0"),
    low=_row("0 -7.855 -8.534 -0.00474 -1.826 0 -2.738 0.6931"),
    high=_row("0.993 7.84 -1.435 1.564 1.521 0 1.971 4.605"),
)
SUGGESTION = Model(
    hidden=_rows(
        "-0.06265 -0.02133 -0.2406 -1.373 0.06838 -1.814 -0.7249 -0.2557",
        "0.2153 -0.1937 0.004617 0.3577 0.1713 1.016 -0.2823 -0.1713",
        "-0.1794 -0.3064 0.3074 2.198 0.7826 -0.7467 -0.01857 0.7018",
        "0.3336 -0.1516 -0.09652 0.3945 0.492 -0.7623 -0.2301 0.03186",
        "-1.186 0.1875 0.08263 -0.2186 0.1057 2.273 0.6525 0.08448",
        "0.447 -0.04685 -0.09205 0.184 0.04829 1.382 -0.3708 -0.129",
        "-0.6527 0.2438 0.2417 0.0824 -0.6055 -2.586 0.2356 -0.5812",
        "-1.942 0.6197 -0.6301 -0.3891 -1.106 -0.8648 0.613 0.06016",
    ),
    bias=_row("1.919 0.3327 -2.301 -0.02206 -0.009959 0.2928 2.193 0.4577"),
    out=_rows(
        "2.837 -0.4254 -1.22 0.6543 -2 1.951 -0.9107 0.3867",
        "-0.5635 0.107 0.2627 0.08591 0.2388 -0.2859 0.2998 -0.3511",
        "0.5487 0.3706 -0.745 0.4915 -0.4107 -0.2031 0.08485 -0.5184",
        "-0.5539 1.501 0.4859 0.2867 0.1624 -0.9019 -0.8288 -1.011",
        "-0.7664 -0.5071 1.681 0.5123 -0.4341 -1.297 0.7931 0.729",
    ),
    level=_row("-1.452 0.2842 1.919 1.903 0.06088"),
    low=_row("0.03073 -4.601 -7.738 0.002693 -2.044 0.003457 -2.681 0.6931"),
    high=_row("0.988 3.514 -1.417 2.835 1.544 0.5359 1.786 4.605"),
)
"""By predictions; by losses alone; whether what was said most often is right, of an instance whose label is wrong."""
