"""Clips lists: which clips there are, with which tags, and which must stay together in a split."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tag2vec.embed.tfrecord import tfrecord_files
from tag2vec.endings import PICTURES, VIDEOS
from tag2vec.errors import SourceError, UsageError
from tag2vec.scraping.find import not_packed, with_videos
from tag2vec.scraping.normalise import tags_of
from tag2vec.scraping.post import Post

STDIN = "-"
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
# UCF101 names: clips of one group are cut from one recording.
_UCF_GROUP = re.compile(r"(v_.+_g\d+)_c\d+$")


@dataclass(frozen=True, slots=True)
class Clip:
    """A video file with its tags. Clips of one `group` must not be split between train and test.

    `about` is what else is written of it, which clips that are asked about lack: a description, a category. `source`
    is where one that is no file comes from, see `tag2vec.embed.bringing`.
    """

    path: Path
    tags: tuple[str, ...]
    group: str
    title: str | None = None
    about: str | None = None
    source: str | None = None

    def __str__(self) -> str:
        return self.source or str(self.path)

    @classmethod
    def of(cls, clip: Clip | str | Path) -> Clip:
        """`clip`, or the clip of a path or of a text that names one, without tags and a group of its own."""
        if isinstance(clip, Clip):
            return clip
        return cls(Path(clip), (), str(clip), source=clip if isinstance(clip, str) and is_source(clip) else None)

    def facts(self) -> dict[str, Any]:
        """For a line of a `clips.jsonl`, see `stored`: all but where it is brought from."""
        facts = asdict(self) | {"path": str(self.path)}
        del facts["source"]
        return facts

    @classmethod
    def stored(cls, line: dict[str, Any]) -> Clip:
        """From a line of a `clips.jsonl`."""
        return cls(Path(line["path"]), tuple(line["tags"]), line["group"], line["title"], line.get("about"))


def read_clips(where: str | Path) -> list[Clip]:
    """The clips of a .csv (header `path,tags[,group,title,about]`, paths relative to it), or of a folder.

    A folder is an export, posts with their video files (`media` of `tag2vec.scraping.sources.Source`), or has class
    folders (the layout of UCF101), whose names are the tags. A TFRecord file of YouTube-8M, or a folder of them, is a
    list too, see `tag2vec.embed.yt8m`. Raises SourceError when there is no such list or a row is not one.
    """
    path = Path(where)
    if tfrecord_files(path):
        from tag2vec.embed.yt8m import labelled_clips

        clips = labelled_clips(path)
    elif path.is_dir():
        clips = _tagged(path)
        if not clips:
            raise SourceError(
                f"{path} has no class folders with clips and no posts with hashtags beside theirs; wanted "
                f"{path}/CLASS/clip.mp4, {path}/clip.info.json beside {path}/clip.mp4, or a .csv list."
            )
    elif path.is_file():
        not_packed(path)
        clips = list(_from_csv(path))
        if not clips:
            raise SourceError(f"{path} lists no clips; wanted a header path,tags and a row a clip.")
    else:
        raise SourceError(f"There is no clips list {path}; wanted a .csv or a folder of class folders.")
    return clips


def shown(path: str | Path) -> str:
    """A clip's folder and name, for other people: where it lies on this machine is nobody's business."""
    return "/".join(Path(path).parts[-2:])


def is_source(text: str) -> bool:
    """Whether a text names a clip that is no file: `-`, standard input, or a web address."""
    return text == STDIN or _ADDRESS.match(text) is not None


def find_clips(paths: Iterable[str | Path]) -> list[Path | str]:
    """Files as they are given, for each folder the video files below it, sorted, and texts that name no file.

    Where no video file is below it, each folder with pictures is one clip, whose frames they are. Pictures beside
    video files are none: they are covers and stills of these. Raises SourceError for a folder with neither.
    """
    found: list[Path | str] = []
    for given in paths:
        path = Path(given)
        if isinstance(given, str) and is_source(given):
            if given == STDIN in found:
                raise UsageError("'-' was given twice; standard input holds one clip. Leave one out.")
            found.append(given)
        elif path.is_dir():
            below = sorted(path.rglob("*"))
            inside = [one for one in below if one.is_file() and one.suffix.lower() in VIDEOS]
            inside = inside or [one for one in (path, *below) if one.is_dir() and pictures_in(one)]
            if not inside:
                raise SourceError(
                    f"{path} holds no video files ({' '.join(sorted(VIDEOS))}) "
                    f"and no pictures ({' '.join(sorted(PICTURES))})."
                )
            found += inside
        else:
            found.append(path)
    return found


def pictures_in(folder: Path) -> list[Path]:
    """The pictures that lie in a folder itself, in natural order: 2.png comes before 10.png."""
    found = [p for p in folder.iterdir() if p.suffix.lower() in PICTURES and not p.name.startswith(".") and p.is_file()]
    return sorted(found, key=lambda path: (_natural(path.name), path.name))


def _natural(name: str) -> list[str | int]:
    return [int(part) if i % 2 else part.casefold() for i, part in enumerate(re.split(r"([0-9]+)", name))]


def any_clips(paths: Iterable[str | Path]) -> list[Clip]:
    """Clips of .csv lists, of folders (tagged where `read_clips` finds tags there), and single files, each once."""
    found: dict[Path, Clip] = {}
    for path in map(Path, paths):
        if path.suffix.lower() == ".csv" and path.is_file():
            clips = read_clips(path)
        else:
            tagged = {clip.path: clip for clip in (_tagged(path) if path.is_dir() else ())}
            clips = [tagged.get(Path(one)) or Clip.of(one) for one in find_clips([path])]
        for clip in clips:
            found.setdefault(clip.path, clip)
    return list(found.values())


def _tagged(root: Path) -> list[Clip]:
    return list(_from_posts(root)) or list(_from_folders(root))


def _from_posts(root: Path) -> Iterator[Clip]:
    """One's own posts are kept together by day, those of many people by author."""
    found: dict[Path, tuple[Post, tuple[str, ...]]] = {}
    for file, post in with_videos(root):
        if tags := tuple(tags_of(post)):
            found.setdefault(file, (post, tags))
    alone = len({post.author for post, _ in found.values()}) == 1
    for file, (post, tags) in found.items():
        group = (post.date or "")[:10] if alone else post.author
        yield Clip(file, tags, group or str(file.relative_to(root)), post.title, post.text)


def _from_folders(root: Path) -> Iterator[Clip]:
    for folder in sorted(p for p in root.iterdir() if p.is_dir()):
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in VIDEOS:
                match = _UCF_GROUP.match(path.stem)
                yield Clip(path, (folder.name,), match[1] if match else str(path.relative_to(root)))


def _from_csv(path: Path) -> Iterator[Clip]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"Cannot read {path} as a UTF-8 table: {error}.") from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if missing := {"path", "tags"} - set(reader.fieldnames or ()):
        raise SourceError(
            f"{path} has no column {', '.join(sorted(missing))}; its columns are "
            f"{', '.join(reader.fieldnames or ()) or 'none'}. Wanted path,tags and, if known, group,title,about."
        )
    try:
        for row in reader:
            name = (row["path"] or "").strip()
            if not name:
                raise SourceError(f"{path}:{reader.line_num} has an empty path.")
            tags = tuple(tags_of(Post("", tuple((row["tags"] or "").split()))))  # #one#two is two
            group, title, about = ((row.get(column) or "").strip() or None for column in ("group", "title", "about"))
            yield Clip(path.parent / name, tags, group or name, title, about)
    except csv.Error as error:
        raise SourceError(f"{path}:{reader.line_num} is not a table row ({error}).") from error
