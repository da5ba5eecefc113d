"""What `tag2vec suggest --sidecar` writes: the answer of a clip into a file beside it, `a.mp4.txt` or `a.mp4.json`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tag2vec.cli.output import note
from tag2vec.errors import ArtifactError, Tag2VecError
from tag2vec.files import write_whole

if TYPE_CHECKING:
    from tag2vec.retrieval.suggestions import Suggestions

Answers: TypeAlias = "Iterator[tuple[Path | str, Suggestions | Tag2VecError]]"


def write_sidecars(
    paths: Sequence[Path], as_json: bool, answers: Callable[[Sequence[Path]], Answers], tick: Callable[[int], None]
) -> int:
    """Ask for the clips that have no file as new as they are, and write theirs; the number of clips that failed.

    A file is written the moment its clip is answered, so that a run that was stopped goes on where it was. That of a
    folder of pictures lies beside the folder.
    """
    suffix = "json" if as_json else "txt"
    waiting = [path for path in paths if not _done(path, suffix)]
    failed = written = 0
    for done, (path, result) in enumerate(answers(waiting)):
        tick(len(paths) - len(waiting) + done + 1)
        try:
            if isinstance(result, Tag2VecError):
                raise result
            if result.warning:
                note(f"{path}: {result.warning}")
            beside = _beside(Path(path), suffix)
            _refuse_others(beside, as_json)
            text = json.dumps(result.json(), ensure_ascii=False) if as_json else result.line()
            write_whole(beside, text + "\n")
            written += 1
        except Tag2VecError as error:
            failed += 1
            note(f"tag2vec: {error}")
    note(f"{written} written, {len(paths) - len(waiting)} were there, {failed} failed")
    return failed


def _beside(path: Path, suffix: str) -> Path:
    path = path.resolve() if path.name in {"", ".."} else path
    return path.with_name(f"{path.name}.{suffix}")


def _done(path: Path, suffix: str) -> bool:
    from tag2vec.embed.clips import pictures_in

    try:
        parts = [path, *(pictures_in(path) if path.is_dir() else ())]
        newest: int = max(part.stat().st_mtime_ns for part in parts)
        return _beside(path, suffix).stat().st_mtime_ns >= newest
    except OSError:
        return False


def _refuse_others(beside: Path, as_json: bool) -> None:
    """Raise ArtifactError for a file that is there and that we did not write."""
    if not beside.exists():
        return
    text = beside.read_text(encoding="utf-8", errors="replace")
    if not (text.startswith('{"clip"') if as_json else all(word.startswith("#") for word in text.split())):
        raise ArtifactError(f"{beside} is there and holds something else; move it, or ask without --sidecar.")
