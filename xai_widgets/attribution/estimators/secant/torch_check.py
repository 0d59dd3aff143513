"""What lies between input and score, read off the graph that autograd kept: whether secants hold there, and what kinks there are.

`torch_secant` sees calls of functions; what a scripted or compiled module, or a function of the user's own, does within is seen
here alone.
"""

from __future__ import annotations

import re
from typing import Any

from xai_widgets.attribution.estimators.secant.torch_slopes import functions

_LINEAR = frozenset(
    [
        "AccumulateGrad", "AdaptiveAvgPool2D", "AdaptiveAvgPool3D", "Add", "Addbmm", "Addmm", "Alias", "AsStrided",
        "AvgPool2D", "AvgPool3D", "Baddbmm", "Bmm", "Cat", "Clone", "ConstantPadNd", "Convolution", "ConvolutionOverrideable",
        "CudnnBatchNorm", "Div", "Expand", "Gather", "Index", "IndexSelect", "Linear", "Mean", "MiopenBatchNorm",
        "MkldnnLinear", "Mm", "Mul", "Mv", "Narrow", "NativeBatchNorm", "Neg", "Permute", "ReflectionPad1D",
        "ReflectionPad2D", "ReflectionPad3D", "Repeat", "ReplicationPad1D", "ReplicationPad2D", "ReplicationPad3D",
        "ReshapeAlias", "Rsub", "Select", "Slice", "Split", "SplitWithSizes", "Squeeze", "Stack", "Sub", "Sum", "T", "ToCopy",
        "Transpose", "Unbind", "UnsafeView", "Unsqueeze", "UpsampleBicubic2D", "UpsampleBilinear2D", "UpsampleLinear1D",
        "UpsampleNearest1D", "UpsampleNearest2D", "UpsampleNearest3D", "UpsampleTrilinear3D", "View",
    ]
)  # fmt: skip
_SUMS = frozenset(["Add", "Cat", "Rsub", "Stack", "Sub"])
"""Linear in all their arguments together; others only in each of them alone."""


def only_kinks(score: Any) -> bool:
    """Tell whether every activation between input and score is straight on both sides of zero, or a maximum, and there is one.

    Parameters
    ----------
    score : torch.Tensor
        From a pass within `torch_secant.secants`.

    Raises
    ------
    ValueError
        If there is anything for which secants do not hold.
    """
    kinked, secant, pool = functions()
    seen, waiting, kinds = set(), [score.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        before = [one for one, _ in node.next_functions if one is not None]
        waiting.extend(before)
        ours = getattr(type(node), "_forward_cls", None)
        if ours in (kinked, secant, pool):
            kinds.add(ours)
            continue
        kind = re.sub(r"^torch::autograd::|Backward\d*$", "", node.name())
        inverse = kind == "Div" and len(node.next_functions) > 1 and node.next_functions[1][0] is not None
        if kind not in _LINEAR or inverse or (len(before) > 1 and kind not in _SUMS):
            raise ValueError(
                f"rule='secant' is for networks of linear layers, activations and pooling; this one also uses {node.name()!r}. "
                "Leave rule= out"
            )
    return bool(kinds) and secant not in kinds
