"""Show classes that a module makes when they are first asked for, because their base is a framework's.

``TrackerCallback`` of the Keras hook, for one, is defined inside a function, so that importing the hook imports no Keras.
The module names it with an annotation and no value; here the class found inside takes the place of that name.
"""

from __future__ import annotations

import ast
from typing import Any

import griffe


class NestedClasses(griffe.Extension):
    """Puts classes defined inside a module's functions where ``__all__`` names them."""

    def on_module_members(self, *, node: Any, mod: griffe.Module, agent: Any, **_: Any) -> None:
        """Visit the classes inside the functions of a module that was just read."""
        if not isinstance(node, ast.Module):
            return
        wanted = {name for name, member in mod.members.items() if not member.is_alias and member.is_attribute}
        functions = (part for part in node.body if isinstance(part, ast.FunctionDef))
        for inner in (part for function in functions for part in function.body):
            if isinstance(inner, ast.ClassDef) and inner.name in wanted:
                agent.visit(inner)  # under the module, as if it stood there
