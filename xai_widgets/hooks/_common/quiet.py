"""Training never ends because a hook fails: what a framework calls is told of instead."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])


def told(method: Method) -> Method:
    """Have a failure of a method become a notice of its object's ``feed``; it then returns None."""

    @functools.wraps(method)
    def quiet(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except Exception as error:
            self.feed.notice(f"a part of this run is not recorded: {type(error).__name__}: {error}")
            return None

    return quiet  # type: ignore[return-value]
