"""What secants are not for, in words."""

from __future__ import annotations

from xai_widgets.attribution.backends.base import ScoreRule


def check_score(score: ScoreRule) -> None:
    """Refuse to explain by secants what is no logit.

    Raises
    ------
    ValueError
        If it is a function of the output, or a probability.
    """
    if score.function is not None or score.kind not in ("output", "logit") or score.probabilities:
        raise ValueError(
            "rule='secant' explains logits of a class, not functions of the output or probabilities"
        )


def rows_elsewhere() -> ValueError:
    """Say that neighbours on a path are not neighbours in every layer."""
    return ValueError(
        "rule='secant' is for networks whose layers all have one row per sample first; this one brings samples to another "
        "place. Leave rule= out"
    )
