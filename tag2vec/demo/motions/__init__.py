"""What moves how: one function a category, `name(t, rng) -> parts`, gathered from the modules of this folder.

`t` (frames,) is in seconds and starts anywhere, so motions that repeat begin at any point of their cycle.
All of it is invented: toy versions of what each of the 29 activities looks like from where one would film it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np

from tag2vec.demo.motions import balls, gym, outdoors, rides, stage, track
from tag2vec.demo.parts import Array, Part
from tag2vec.errors import unknown

Motion = Callable[[Array, np.random.Generator], list[Part]]

MOTIONS: dict[str, Motion] = {
    name: function
    for module in (balls, gym, outdoors, rides, stage, track)
    for name, function in vars(module).items()
    if inspect.isfunction(function) and function.__module__ == module.__name__ and name[0] != "_"
}


def motion(category: str) -> Motion:
    """The motion of a category. Raises UnknownName for one that the demo does not have."""
    if category not in MOTIONS:
        raise unknown("demo category", category, MOTIONS)
    return MOTIONS[category]
