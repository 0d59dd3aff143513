"""The models behind `label_errors`: fitted numbers, and what they are numbers of.

The log odds of an instance are linear in what the run said of it; the slopes and the level come from what the whole run
looks like, by a layer of ten units, so that the same margin means one thing on a hard data set and another on an easy
one. A linear model of an instance ranks the instances of a run by one weighted sum, which nothing but that run decides.

Fitted by the recipe of `benchmarks/tracking/label_error_fit.py` on 160 simulated trainings (mixtures of Gaussians,
random teachers, principal components of photographs, parts of the digits; 2 to 100 classes, balanced or not, no noise
to 40 %, uniform or to one other class, with and without dropout, jitter, weight decay and label smoothing) and on one
seed of the digits and of the photographs. Descriptions of a run outside of what was seen are taken as the nearest
that was.
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
        found = np.full(instance[0].shape, level)
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
        "-4.722 0.4829 0.1482 -0.8991 0.2547 -1.408 -0.415 0.5754",
        "-2.944 -0.2666 0.7887 3.039 0.4277 -0.1314 1.324 -0.3285",
        "2.446 -0.3211 0.5853 1.837 -0.9884 6 0.0395 0.4201",
        "1.722 0.1213 0.8926 -0.1013 0.1284 -0.6952 0.6053 0.2551",
        "-5.956 0.4945 0.2305 -1.172 -0.4106 7.027 -0.1146 -0.6327",
        "3.547 0.1443 0.1838 -0.9184 -0.01192 2.494 0.09895 0.2122",
        "-0.06456 -0.2196 -0.3718 -1.952 1.938 -5.189 1.052 -0.2582",
        "-5.929 0.4725 -0.1529 0.6217 -0.6545 -3.092 2.689 0.001711",
        "1.409 0.1748 0.2391 0.3823 -1.141 0.4368 1.56 9.024e-05",
        "-0.6483 0.4028 -0.2885 -2.317 -0.4746 1.017 -0.7057 0.00781",
    ),
    bias=_row("3.723 1.805 -2.124 2.738 5.16 -1.329 2.059 3.101 -1.08 1.155"),
    out=_rows(
        "0.8069 -1.85 0.1497 0.8855 -1.435 0.7867 -2.032 -1.312 1.592 2.156",
        "0.1718 1.005 -0.2913 -0.3685 -0.3382 -0.1135 0.215 -0.4915 -0.6819 -0.788",
        "0.1144 0.2429 0.4073 0.0129 -1.184 0.0444 -0.3145 -0.9359 -0.3061 0.01841",
        "0.07437 1.375 -0.1852 -0.6685 -0.3526 0.8375 0.6413 -1.039 -1.539 0.3797",
        "0.8059 2.653 -0.2401 -1.107 -1.453 0.181 0.7021 -1.751 -1.259 0.8404",
    ),
    level=_row("-3.225 1.27 0.9005 0.7141 1.353"),
    low=_row("0.02204 -4.588 -7.848 0.003089 -3.054 2.547e-09 -2.781 0.6931"),
    high=_row("0.9744 4.151 -1.414 3.372 1.459 0.5055 1.702 4.605"),
)
LOSSES = Model(
    hidden=_rows(
        "-2.317 -0.1455 0.02776 -1.37 0.9066 0 -0.01907 -0.3355",
        "0.05116 0.01057 -0.2585 -2.423 0.1328 0 1.37 -0.135",
        "-1.924 -0.06957 -0.1855 -2.694 1.508 0 -0.6093 0.1341",
        "1.582 0.1964 -0.3553 -1.299 0.276 0 1.385 -0.7661",
        "-4.485 0.04435 -0.3016 -1.264 -0.1539 0 1.459 -0.6502",
        "0.3172 0.296 0.3461 -0.5193 0.7764 0 0.5876 -0.9255",
        "-0.3093 0.002555 0.2196 -1.092 -0.5419 0 0.2593 -0.5763",
        "-2.653 -0.3284 -0.1211 -1.778 -0.2821 0 -0.3073 -1.221",
        "2.722 0.1548 0.05626 4.122 0.3797 0 -2.994 1.104",
        "-2.342 -0.3256 -0.1394 -0.5127 -1.08 0 0.4836 -0.02839",
    ),
    bias=_row("3.083 1.628 -0.9869 -0.09109 3.372 2.061 2.685 4.236 -5.998 1.696"),
    out=_rows(
        "-0.7114 1.902 1.452 0.581 1.229 -0.9545 2.17 0.6684 2.155 2.72",
        "0.2442 -0.2892 -0.7021 0.4983 -0.4736 0.4542 -0.1037 0.0688 -0.06984 -0.9215",
        "0.6038 0.2918 -0.5611 0.2881 -0.1084 0.3826 -0.1523 0.6162 0.1168 0.1842",
        "1.157 -0.9944 -1.096 -0.07023 -1.86 1.624 -2.037 0.5852 -0.5501 -1.121",
        "0 0 0 0 0 0 0 0 0 0",
    ),
    level=_row("-4.422 1.136 1.004 1.077 0"),
    low=_row("0 -7.855 -8.534 -0.00474 -1.826 0 -2.738 0.6931"),
    high=_row("0.993 7.84 -1.435 1.564 1.521 0 1.971 4.605"),
)
SUGGESTION = Model(
    hidden=_rows(
        "-1.781 -0.06053 -0.2821 -0.5758 0.168 -3.125 -0.8401 -0.427",
        "0.8325 -0.4851 0.1689 1.155 0.1811 -0.9288 -0.2548 -0.0308",
        "-1.622 -0.1392 0.1269 0.86 -0.09555 0.4872 0.3285 0.01118",
        "1.708 -0.3145 -0.2265 -0.1624 0.475 0.9455 -0.4542 -0.4032",
        "-1.92 0.1157 0.03689 0.2573 -0.1353 3.108 0.5794 0.1841",
        "3.158 -0.1824 -0.3862 0.2684 1.077 2.222 -0.09814 -0.07373",
        "-0.5068 -0.4859 0.2458 2.66 1.51 -0.8238 -0.2843 1.016",
        "0.2473 0.519 -0.3857 0.7278 -1.221 -1.663 0.6181 0.1213",
        "0.604 0.4053 0.121 -0.2162 -1.014 -1.298 1.035 0.1118",
        "-2.01 0.3097 0.0486 -0.2986 0.2078 2.776 0.1582 0.9812",
    ),
    bias=_row("2.557 -0.3307 -0.3718 -0.2507 -0.4206 -2.745 -3.329 -1.026 -0.09344 0.01122"),
    out=_rows(
        "2.064 1.165 -2.503 0.4436 -2.437 0.9405 -0.6916 0.6639 -1.671 0.683",
        "-0.4157 0.1135 0.3181 -0.1315 0.2513 -0.2213 0.2665 -0.2935 0.1351 -0.3052",
        "0.2665 0.1738 -0.7945 0.6049 -0.659 -0.2655 -0.3525 -0.3974 -0.5673 -0.6505",
        "-0.1873 -0.636 0.586 1.375 1.402 -0.1724 1.195 -0.9763 -0.5939 -0.5826",
        "-1.045 0.03132 0.1063 -0.08423 -2.381 -0.6071 0.7261 1.55 1.763 2.04",
    ),
    level=_row("-1.586 0.2562 2.188 2.797 -2.422"),
    low=_row("0.0307 -4.533 -7.738 0.01463 -2.011 0.005789 -2.714 0.6931"),
    high=_row("0.9744 3.398 -1.414 2.807 1.459 0.5055 1.702 4.605"),
)
"""By predictions; by losses alone; whether what was said most often is right, of an instance whose label is wrong."""
