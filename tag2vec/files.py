"""Single files that are there whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from tag2vec.errors import ArtifactError


def write_whole(path: Path, data: bytes | str) -> None:
    """Write aside, then move into place. Raises ArtifactError; what was there before is unchanged then."""
    aside = path.with_name(f".{path.name}.new-{os.getpid()}")
    try:
        aside.write_bytes(data if isinstance(data, bytes) else data.encode())
        aside.replace(path)
    except OSError as error:
        reason = error.strerror or error
        raise ArtifactError(f"Could not write {path}: {reason}. Free some space or choose another place.") from error
    finally:
        with suppress(OSError):
            aside.unlink()
