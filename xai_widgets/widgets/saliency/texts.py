"""What the saliency panel says in each of its states: plain words and numbers, no widget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xai_widgets.attribution import methods
from xai_widgets.attribution.backends.checks import check_real
from xai_widgets.widgets.saliency.mask_pictures import trust
from xai_widgets.widgets.view.formatting import clean, index_text
from xai_widgets.widgets.view.front import NO_STRIP, choice, press, says, several

BASELINES: Mapping[str, str] = {
    "uniform": "uniform noise",
    "gaussian": "Gaussian noise",
    "zeros": "zeros",
    "black": "black",
    "white": "white",
    "blur": "blurred input",
    "maximum_distance": "farthest",
}
COLORMAPS: Mapping[str, str] = {
    "inferno": "inferno",
    "viridis": "viridis",
    "gray": "gray",
    "blue-orange": "blue to orange, signed",
}
SIZES: Mapping[str, str] = {"fit": "as they fit", "small": "small", "large": "large"}
_MOST_TARGETS = 100


def weights_text(weights: Any) -> str:
    """Say which weights a picture shows: "weights of step 640 (epoch 8)"."""
    if weights.step is None and weights.epoch is None:
        text = "weights as they were when asked"
    elif weights.epoch is None:
        text = f"weights of step {weights.step:,}"
    elif weights.step is None:
        text = f"weights of epoch {weights.epoch:,}"
    else:
        text = f"weights of step {weights.step:,} (epoch {weights.epoch:,})"
    return text if weights.at_safe_point else f"{text}, copied without a safe point"


def weights_name(weights: Any) -> str:
    """Name weights in a caption or a choice: "epoch 8, step 640"."""
    if weights is None:
        return "now"
    said = [
        f"{name} {value:,}"
        for name, value in (("epoch", weights.epoch), ("step", weights.step))
        if value is not None
    ]
    return ", ".join(said) or "first weights"


def head_words(
    weights: Any,
    *,
    status: str,
    following: bool,
    paused: bool,
    tracked: bool,
    more: tuple[int, int, int],
    compared: Any = None,
) -> list[dict[str, Any]]:
    """Make the quiet line: weights, following, and which of a long selection is shown.

    Parameters
    ----------
    weights
        `WeightsVersion`, or None before any.
    status, following, paused, tracked
        Of the tracker and the panel.
    more
        (first shown, number shown, number selected).
    compared
        `WeightsVersion` that the newest ones are compared with, None where they stand alone.
    """
    words: list[dict[str, Any]] = []
    first, shown, total = more
    if total > shown:
        words.append(says(f"{first + 1} to {first + shown} of {total:,}"))
        words.append(press("earlier", "previous", "Show the previous samples", off=first == 0))
        words.append(press("later", "next", "Show the next samples", off=first + shown >= total))
        words.append(says("·"))
    if weights is not None:
        words.append(says(f"{weights_text(weights)},"))
    if paused:
        return [*words, says("paused")]
    if not tracked:
        return [*words, press("again", "compute again", "Copy the weights again and compute")]
    if status in ("ended", "failed"):
        words.append(says("run ended" if status == "ended" else "run failed"))
        words.append(press("again", "compute again", "Copy the weights again and compute"))
        if compared is None:
            return words
    options = [("follow", "follow training"), ("stay", "stay")]
    value = "follow" if following else "stay"
    if weights is not None:  # else there is nothing to set aside yet
        value = value if compared is None else "compare"
        options.append(("compare", f"compare with {weights_name(compared or weights)}"))
    words.append(choice("follow", "Weights shown", value, options))
    if compared is not None and status not in ("ended", "failed"):
        words.append(press("pin", "compare with now", "Compare what comes with the weights of this moment"))
    return words


def tool_words(
    baseline: str,
    target: Any,
    colormap: str,
    size: str,
    names: Sequence[tuple[Any, str]],
    columns: Sequence[str],
) -> list[dict[str, Any]]:
    """Make the choices beside the sliders: baseline, what is explained, colours, size, columns of masks."""
    shown = target_key(target)
    targets = [("predicted", "predicted class"), ("true", "true class")]
    targets += [(target_key(value), clean(name, 40)) for value, name in names[:_MOST_TARGETS]]
    if shown not in dict(targets):
        targets.append((shown, clean(target, 40)))
    maps = dict(COLORMAPS)
    known = methods.columns()
    masks = [(key, clean(title, 40)) for key, title in known.items()]
    masks += [(key, key) for key in columns if key not in known]
    return [
        choice("baseline", "Baseline of the path", baseline, _with(BASELINES, baseline), "Baseline"),
        choice("target", "What is explained", shown, targets, "Explain"),
        choice("colormap", "Colour map", colormap, _with(maps, colormap), "Colours"),
        choice("size", "Size of the pictures", size, list(SIZES.items()), "Pictures"),
        several("columns", "Columns of masks", f"{len(columns)} of {len(masks)}", columns, masks, "Masks"),
    ]


def _with(known: Mapping[str, str], value: str) -> list[tuple[str, str]]:
    extra = [] if value in known else [(value, clean(value, 40))]
    return [*known.items(), *extra]


def target_key(target: Any) -> str:
    """Write a target as the browser sends it back."""
    return "predicted" if target is None else target if isinstance(target, str) else f"c{target}"


def empty_state(
    asked: Sequence[int | str], missing: Sequence[int | str], known: int | None, service: str, *, stale: bool
) -> dict[str, str] | None:
    """Say why there are no pictures; None when there are some.

    Parameters
    ----------
    asked
        What is selected.
    missing
        What of it has no image.
    known
        How many images there are, None where that is not known.
    service
        State of the attribution service.
    stale
        Whether pictures of an earlier request are still shown.
    """
    if not asked:
        hint = "Click an instance in the history or on the map to see what the network looks at."
        return {"text": "Nothing selected yet", "hint": hint}
    if len(missing) == len(asked):
        listed = ", ".join(index_text(index) for index in missing[:6]) + (", …" if len(missing) > 6 else "")
        held = "" if known is None else f" The samples given hold {known:,} others."
        hint = f"{listed}: these indices were recorded, but the samples do not have them.{held}"
        return {"text": "No images for these indices", "hint": hint}
    if stale:
        return None
    if service == "waiting for a safe point":
        hint = "The weights are copied between two training steps, so that training never notices."
        return {"text": "Waiting for a safe point", "hint": hint}
    return {"text": "Computing", "hint": "The first pictures come with the first evaluations."}


def problem_state(problem: BaseException) -> dict[str, str]:
    """Say what went wrong in place of the pictures; a model that cannot be copied has a way out."""
    said = clean(problem, 400)
    if "model_fn" in said:
        return {"text": "The model cannot be copied: pass model_fn", "hint": said}
    return {"text": "No pictures", "hint": said}


def advised(problem: BaseException, samples: Any) -> BaseException:
    """Return advice instead of a framework's error: for whole numbers, such as token ids, and for reentrant checkpoints."""
    if "use_reentrant" in str(problem):
        return ValueError(
            "the model checkpoints its activations with use_reentrant=True, through which no gradient of the input comes: "
            "build it with use_reentrant=False, in transformers by "
            "model.gradient_checkpointing_enable({'use_reentrant': False})"
        )
    if not getattr(samples, "whole_numbers", False) or isinstance(problem, TypeError):
        return problem
    try:
        check_real(np.zeros((1, 1), np.int64))
    except TypeError as advice:
        return advice.with_traceback(None)
    return problem


def progress_strip(
    columns: Any,
    *,
    running: bool,
    waiting: bool,
    cancelled: bool,
    notes: Sequence[str],
    missing: Sequence[int | str],
) -> dict[str, Any]:
    """Make the last line: how far it is, how good it is, and the button that ends or resumes it."""
    word, numbers = ("", "") if columns is None else trust(columns)
    asides = [clean(note, 120) for note in notes]
    if missing:
        asides.append(f"no images for {', '.join(index_text(index) for index in missing[:4])}")
    finished = False
    if columns is None:
        text, progress = "waiting for a safe point" if waiting else "computing", None
    else:
        done, total = int(columns.evaluations), int(columns.evaluations_total)
        finished = (bool(columns.done) or done >= total) and not (running and waiting)
        text = f"{done:,} evaluations" if finished else f"{done:,} of {total:,} evaluations"
        progress = None if finished else done / max(total, 1)
        if running and waiting:
            text, progress = "waiting for a safe point", None
        elif cancelled:
            text = f"cancelled at {text}"
    action = None
    if running and not finished:
        action = {"name": "cancel", "text": "Cancel"}
    elif cancelled:
        action = {"name": "again", "text": "Resume"}
    said = "; ".join([text, *asides])
    return {
        **NO_STRIP,
        "level": "busy",
        "text": said,
        "right": word,
        "hint": numbers,
        "progress": progress,
        "action": action,
    }
