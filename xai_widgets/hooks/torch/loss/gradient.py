"""Whether the loop minimises the function that is watched, told by the gradient that reaches the model's output.

A function that the loop calls by itself is seen by nobody. What it sends back is: for the watched function it is, row by
row, the same direction as the gradient of that function for the batch's own labels, whatever the loop scales it by.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xai_widgets.hooks._common.evidence import Proof

FIRST = 3
RARELY = 64
SAME = 0.995  # the cosine of two rows' gradients that count as one direction


class GradientProof:
    """Asks the first gradients of a run, then one in some ten, whether they are those of a function.

    Parameters
    ----------
    function
        ``function(outputs, targets)``, such as ``F.cross_entropy``.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._asked = 0

    def ask(self, proof: Proof, outputs: Any, targets: Any) -> None:
        """Compare the gradient that `outputs` will get, where it gets one."""
        if not outputs.requires_grad:
            return
        asked, self._asked = self._asked, self._asked + 1
        if asked >= FIRST and asked % RARELY:
            return
        import torch

        with torch.enable_grad():
            again = outputs.detach().requires_grad_()
            value = self._function(again, targets)
            want = torch.autograd.grad(value.sum(), again)[0]

        def compare(gradient: Any) -> None:
            if gradient.shape == want.shape:
                self._compare(proof, want.detach(), gradient.detach())

        outputs.register_hook(compare)

    @staticmethod
    def _compare(proof: Proof, want: Any, got: Any) -> None:
        want, got = want.double().flatten(1), got.double().flatten(1)
        sizes = want.norm(dim=1) * got.norm(dim=1)
        seen = sizes > 1e-20
        proof.batches_seen += 1
        if not bool(seen.any()):
            proof.batches_agreed += 1
            return
        cosine = ((want * got).sum(1)[seen] / sizes[seen]).min()
        if bool(cosine > SAME):
            proof.batches_agreed += 1
            return
        proof.warn(
            "function",
            "the gradient that reaches the model's output is not that of the watched function for the batch's own labels, so "
            "the loop minimises something else or more; recorded is the watched function",
            "Watch the loss module that the loop calls, or give per_sample=function(outputs, targets) -> (B,)",
        )
