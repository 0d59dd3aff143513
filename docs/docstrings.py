"""What the reference needs to know of our docstrings and classes: an extension of griffe, which reads them.

``TrackerCallback`` of the Keras hook, for one, is defined inside a function, so that importing the hook imports no Keras.
The module names it with an annotation and no value; here the class found inside takes the place of that name.
"""

from __future__ import annotations

import ast
import re
from typing import Any

import griffe


class Ours(griffe.Extension):
    """Finds classes made when they are asked for, and reads "::" before an example as docstrings mean it."""

    def on_module_members(self, *, node: Any, mod: griffe.Module, agent: Any, **_: Any) -> None:
        """Visit the classes inside the functions of a module that was just read."""
        if not isinstance(node, ast.Module):
            return
        wanted = {name for name, member in mod.members.items() if not member.is_alias and member.is_attribute}
        functions = (part for part in node.body if isinstance(part, ast.FunctionDef))
        for inner in (part for function in functions for part in function.body):
            if isinstance(inner, ast.ClassDef) and inner.name in wanted:
                agent.visit(inner)  # under the module, as if it stood there

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Write a colon for "::", which Markdown does not know; the block after it is indented in both."""
        if obj.docstring is not None:
            text = re.sub(r"^\s*::\n", "", obj.docstring.value, flags=re.MULTILINE)
            obj.docstring.value = re.sub(r"::(?=\n\n)", ":", text)
