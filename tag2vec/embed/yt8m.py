"""A clips list made of YouTube-8M's TFRecord files: the names of a video's labels are its tags."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from tag2vec.embed.clips import Clip
from tag2vec.embed.tfrecord import records, tfrecord_files, video
from tag2vec.errors import SourceError

VOCABULARY = "vocabulary.csv"

_MEANT = re.compile(r"\s*\([^()]*\)$")  # "Trailer (promotion)"


def labelled_clips(path: Path) -> list[Clip]:
    """The videos in a TFRecord file or a folder of them, each with the names of its labels as tags.

    The clip's path is the video's id; there is no such file. Raises SourceError for a damaged record, and when there
    is no `vocabulary.csv` beside the records.
    """
    names = _names((path if path.is_dir() else path.parent) / VOCABULARY)
    clips = []
    for file in tfrecord_files(path):
        for where, _, content in records(file):
            found = video(content, where)
            if unknown := [label for label in found.labels if label not in names]:
                raise SourceError(f"{where} has the label {unknown[0]}, which is not in {VOCABULARY} beside it.")
            tags = [tag for label in found.labels if (tag := names[label])]
            clips.append(Clip(Path(found.id), tuple(dict.fromkeys(tags)), found.id))
    return clips


def _names(path: Path) -> dict[int, str]:
    """{label: its name as a tag, "" when it has none} of a table Index,...,Name or label_id,label_name."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            columns = {name.lower(): name for name in table.fieldnames or ()}
            index = next((columns[name] for name in ("index", "label_id", "label", "id") if name in columns), None)
            name = next((columns[name] for name in ("name", "label_name", "tag") if name in columns), None)
            if index is None or name is None:
                raise SourceError(
                    f"{path} has the columns {', '.join(columns) or '(none)'}; wanted Index and Name, as in "
                    "YouTube-8M's vocabulary.csv."
                )
            return {int(row[index]): _tag(row[name] or "") for row in table}
    except FileNotFoundError as error:
        raise SourceError(
            f"There is no {path}, and TFRecord files have their labels as numbers only. Put YouTube-8M's "
            "vocabulary.csv (Index,...,Name) there."
        ) from error
    except (OSError, ValueError, TypeError, csv.Error) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{path} is no table of labels and names: {error}.") from error


def _tag(name: str) -> str:
    """`Video game` -> `VideoGame`, as people write a tag of two words."""
    return "".join(word[:1].upper() + word[1:] for word in _MEANT.sub("", name).split())
