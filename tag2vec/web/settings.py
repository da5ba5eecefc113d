"""What `tag2vec serve` is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tag2vec.errors import UsageError, at_least
from tag2vec.workers import usable_cores


@dataclass(frozen=True)
class Settings:
    """`host` is the address that is listened on: of this machine alone unless told. `host_names` are more names that
    clients know it by."""

    model: Path
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = field(default_factory=usable_cores)
    queue: int = 16  # clips that may wait
    seconds: float = 90.0  # that an answer may take
    max_bytes: int = 200 * 2**20  # of a request
    keep_bytes: int = 512 * 2**20  # of clips for which there may be another question
    host_names: tuple[str, ...] = ()
    token: str | None = None
    index: str | None = None

    def __post_init__(self) -> None:
        at_least(self, port=0, workers=1, queue=0, seconds=1, max_bytes=1, keep_bytes=0)
        if self.token is not None and len(self.token) < 8:
            raise UsageError(f"The token has {len(self.token)} characters; wanted 8 or more.")
