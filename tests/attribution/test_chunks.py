"""Chunks of any size give the same, and what fails half way is neither counted nor kept."""

from __future__ import annotations

import numpy as np
import pytest
from behaviour_models import Counted, counted, picture_net, pictures, relative

from xai_widgets import AttributionEngine

METHODS = ["smoothgrad_squared", "vargrad", "integrated_gradients", "expected_gradients", "smint"]
OPTIONS = {"smoothing": 40, "integrating": 40}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("chunk", [3, 8])
def test_many_chunks_at_once_are_the_same_as_one_after_the_other(method, chunk):
    x = pictures(3)
    model, seen = counted(picture_net())
    engine = AttributionEngine(model, chunk=chunk)
    found = engine.attribute(x, method, **OPTIONS)
    assert max(seen[1:]) <= chunk  # the first call is forward only
    assert engine.rows_evaluated == 3 * found.evaluations
    *_, watched = AttributionEngine(picture_net(), chunk=chunk).stream(x, method, **OPTIONS)
    assert relative(found.values, watched.values) < 1e-6
    assert np.allclose(found.standard_error, watched.standard_error, rtol=1e-3, atol=1e-6)


def test_what_is_counted_and_kept_is_only_what_was_evaluated_when_the_model_fails():
    calls: list[int] = []

    def tell(rows: int) -> None:
        calls.append(rows)
        if failing and len(calls) == 4:
            raise RuntimeError("this model is broken")

    failing, x = True, pictures(2)
    engine = AttributionEngine(Counted(picture_net(), tell).eval(), chunk=8)
    with pytest.raises(RuntimeError, match="this model is broken"):
        engine.attribute(x, "smoothgrad", **OPTIONS)
    before = engine.rows_evaluated
    assert before == sum(calls[1:-1])  # the first call was for the clean outputs
    failing = False
    found = engine.attribute(x, "smoothgrad", **OPTIONS)
    assert before < engine.rows_evaluated <= before + 80
    expected = AttributionEngine(picture_net()).attribute(x, "smoothgrad", **OPTIONS)
    assert found.evaluations == expected.evaluations
    assert relative(found.values, expected.values) < 1e-5


@pytest.mark.parametrize("most", [1, 3, 5])
def test_rows_that_were_made_for_a_larger_chunk_are_made_again(most):
    sizes: list[int] = []

    def tell(rows: int) -> None:
        sizes.append(rows)
        if rows > most:
            raise MemoryError(f"{rows} rows")

    x = pictures(2)
    engine = AttributionEngine(Counted(picture_net(), tell).eval(), chunk=16)
    found = engine.attribute(x, "smint", target=1, **OPTIONS)
    expected = AttributionEngine(picture_net(), chunk=16).attribute(x, "smint", target=1, **OPTIONS)
    assert relative(found.values, expected.values) < 1e-5
    assert engine.rows_evaluated == 2 * found.evaluations
