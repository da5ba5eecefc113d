"""Plugins: one file is one plugin, and its module name is its name. There is no table to edit.

A kind of plugin is a package with a base class in its `__init__` (`tag2vec.embed.features` has `Features`)
and one module a plugin, each with exactly one public subclass of that base. Other distributions add theirs
through an entry point in the group `tag2vec.<kind>` that names a module of the same shape.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Iterable
from functools import cache
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
    if modules[name].rpartition(".")[2] != name:  # what is stored names the module
        raise UsageError(
            f"The entry point '{name}' of tag2vec.{_kind(base)} leads to the module {modules[name]}; wanted a module "
            "whose last name is the plugin's."
        )
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
    known = parameters(cls)
    refuse_unknown(base, name, given, known)
    if missing := [key for key, one in known.items() if one.default is one.empty and key not in given]:
        raise UsageError(f"{_kind(base)} '{name}' needs {', '.join(missing)}; write {name}:{missing[0].upper()}.")
    return cls(**given)


def refuse_unknown(base: type[Any], name: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise UsageError for settings `given` to the plugin `name` that are not among the `known` ones."""
    if unknown := set(given) - set(known):
        raise UsageError(
            f"{_kind(base)} '{name}' has no setting {', '.join(sorted(unknown))}. "
            f"It has: {', '.join(sorted(known)) or 'none'}."
        )


def spelled(base: type[T], text: str) -> T:
    """The plugin that `text` names with its settings, see `parse`. Raises as `make` does."""
    return make(base, *parse(base, text))


def parse(base: type[T], text: str) -> tuple[str, dict[str, Any]]:
    """`name`, `name:key=value,key=value`, or `name:value`, a value of the first setting -> (name, its settings)."""
    name, _, rest = text.partition(":")
    known = parameters(get(base, name))
    if not rest:
        return name, {}
    if known and not re.match(r"\w+=", rest):
        first, one = next(iter(known.items()))
        return name, {first: rest if "str" in str(one.annotation) else _value(rest)}  # a path may look like a number
    return name, {key: _value(value) for key, _, value in (part.partition("=") for part in rest.split(","))}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def name_of(plugin: object) -> str:
    """The name of a plugin that was made."""
    return type(plugin).__module__.rsplit(".", 1)[-1]


def parameters(cls: type[Any]) -> dict[str, inspect.Parameter]:
    """The settings that a plugin class is made with."""
    return dict(inspect.signature(cls).parameters)


def settings(plugin: Any) -> dict[str, Any]:
    """The settings of a dataclass plugin as plain values: what its cache key and manifest hold."""
    return {f.name: getattr(plugin, f.name) for f in dataclasses.fields(plugin) if f.init}


def _kind(base: type[Any]) -> str:
    """`tag2vec.embed.features` -> `features`: the package of the base class names the kind."""
    return base.__module__.rsplit(".", 1)[-1]


def _modules(base: type[Any]) -> dict[str, str]:
    package = importlib.import_module(base.__module__)
    ours = {m.name: f"{package.__name__}.{m.name}" for m in pkgutil.iter_modules(package.__path__)}
    return _theirs(_kind(base)) | {n: m for n, m in ours.items() if not n.startswith("_")}


@cache
def _theirs(kind: str) -> dict[str, str]:
    return {e.name: e.value for e in entry_points(group=f"tag2vec.{kind}")}  # looks at all that is installed
