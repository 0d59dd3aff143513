"""Scores of instances: one entry each in the `registry`, grouped by what they are made of."""

# in the order of the columns of a table
# isort: off
from xai_widgets.tracking.scores import of_columns
from xai_widgets.tracking.scores import training_dynamics
from xai_widgets.tracking.scores import label_errors

# isort: on
from xai_widgets.tracking.scores.registry import Score, all_scores, register, score_named, unregister

__all__ = [
    "Score",
    "all_scores",
    "label_errors",
    "of_columns",
    "register",
    "score_named",
    "training_dynamics",
    "unregister",
]
