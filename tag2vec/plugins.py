"""Plugins: one file is one plugin, and its module name is its name. There is no table to edit.

A kind of plugin is a package with a base class in its `__init__` (`tag2vec.embed.features` has `Features`)
and one module a plugin, each with exactly one public subclass of that base. Other distributions add theirs
through an entry point in the group `tag2vec.<kind>` that names a module of the same shape.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from importlib.metadata import entry_points
from typing import Any, TypeVar

from tag2vec.errors import UsageError, unknown

T = TypeVar("T")


def names(base: type[Any]) -> list[str]:
    """Names of all plugins of the kind whose base class is `base`, sorted; imports none of them."""
    return sorted(_modules(base))


def get(base: type[T], name: str) -> type[T]:
    """The plugin class named `name`. Raises UnknownName, listing the names that exist."""
    modules = _modules(base)
    if name not in modules:
        raise unknown(_kind(base), name, modules)
    module = importlib.import_module(modules[name])
    found = [
        c
        for n, c in vars(module).items()
        if inspect.isclass(c) and issubclass(c, base) and c.__module__ == module.__name__ and n[0] != "_"
    ]
    if len(found) != 1:
        raise UsageError(
            f"{module.__name__} has {len(found)} public subclasses of {base.__name__}; a plugin has exactly one."
        )
    return found[0]


def make(base: type[T], name: str, settings: dict[str, Any] | None = None) -> T:
    """The plugin `name` built with `settings`. Raises UsageError on a setting it does not have."""
    cls = get(base, name)
    given = settings or {}
    known = set(inspect.signature(cls).parameters)
    if unknown := set(given) - known:
        raise UsageError(
            f"{_kind(base)} '{name}' has no setting {', '.join(sorted(unknown))}. "
            f"It has: {', '.join(sorted(known)) or 'none'}."
        )
    return cls(**given)


def settings(plugin: Any) -> dict[str, Any]:
    """The settings of a dataclass plugin as plain values: what its cache key and manifest hold."""
    return {f.name: getattr(plugin, f.name) for f in dataclasses.fields(plugin) if f.init}


def _kind(base: type[Any]) -> str:
    """`tag2vec.embed.features` -> `features`: the package of the base class names the kind."""
    return base.__module__.rsplit(".", 1)[-1]


def _modules(base: type[Any]) -> dict[str, str]:
    package = importlib.import_module(base.__module__)
    ours = {m.name: f"{package.__name__}.{m.name}" for m in pkgutil.iter_modules(package.__path__)}
    theirs = {e.name: e.value for e in entry_points(group=f"tag2vec.{_kind(base)}")}
    return theirs | {n: m for n, m in ours.items() if not n.startswith("_")}
