"""How much of a clip is looked at, and what that may cost."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from tag2vec.errors import UsageError


@dataclass(frozen=True)
class FrameLimits:
    """How much of a clip is looked at, and how much a stranger's file may cost."""

    max_side: int = 320  # pixels of the longer side; larger pictures are scaled down, none is scaled up
    max_fps: float = 30.0  # frames a second; faster clips are thinned by their timestamps
    max_seconds: float = 10.0  # that are looked at
    windows: int = 4  # parts of a longer clip that these are spread over
    start_s: float = 0.0  # seconds of the clip that are passed over first
    picture_fps: float = 25.0  # frames a second of a clip that is a folder of pictures
    timeout_s: float = 60.0  # wall clock for one clip
    memory_mb: int = 2048  # address space of the child; 4K H.264 takes about 250
    max_pixels: int = 36_000_000  # width x height of the source; 8K is 33 million

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not (math.isfinite(value) and (value > 0 or (name == "start_s" and value == 0))):
                raise UsageError(f"FrameLimits has {name}={value}; wanted a positive number.")
