"""Features folders: the features of many clips, written once and fitted on in place of the clips.

On disk: `arrays/`, a cache with a file for each clip and kind of features, or for each clip and its one vector; `list/`
(kind `features`), written last: `clips.jsonl` says which arrays belong to which clip, or why a clip failed; `poolings/`
(kind `poolings`), when clips were made one vector: `network.safetensors`, what the poolings learnt from a sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save

from tag2vec import artifact
from tag2vec.cluster import Run, running
from tag2vec.embed.cache import Cache, Extracted, compact, digest, sampling
from tag2vec.embed.clips import Clip
from tag2vec.embed.extract import extract, merged
from tag2vec.embed.features import Features, describe
from tag2vec.embed.frames import check_file
from tag2vec.embed.kinds import Kinds, kinds_of
from tag2vec.embed.limits import FrameLimits
from tag2vec.embed.pooled import Arrays, Poolings
from tag2vec.errors import ArtifactError, SourceError, Tag2VecError, UsageError, VideoError
from tag2vec.progress import Tick

KIND, POOLINGS_KIND = "features", "poolings"
ARRAYS, LIST, POOLINGS = "arrays", "list", "poolings"
SAMPLE_CLIPS = 1000  # that poolings are fitted on

Facts = dict[str, Any]


@dataclass
class Report:
    """What became of the clips of one run."""

    clips: int = 0
    known: int = 0  # that an earlier run had finished
    failed: dict[str, str] = field(default_factory=dict)  # path -> reason
    warnings: dict[str, str] = field(default_factory=dict)  # path -> what is wrong with a clip that is used


class Kept(Sequence[Arrays]):
    """The arrays of clips in a features folder, as small as they are kept, each read when it is asked for."""

    def __init__(self, folder: Path, keys: Sequence[Sequence[str]]) -> None:
        self.cache = Cache(folder / ARRAYS)
        self.keys = keys

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, at: Any) -> Any:
        found = [self.cache.get(key) for key in self.keys[at]]
        if not all(found):
            raise ArtifactError(
                f"{self.cache.folder} lacks the features of a clip that is listed, or they are damaged. "
                "Run the same extract again: it makes what is missing."
            )
        return [compact(one.arrays[0]) for one in found if one]


@dataclass(frozen=True)
class Job:
    """What is done to each clip. It goes to a worker with every clip, so what is large is named and not held."""

    folder: Path
    kinds: Kinds
    limits: FrameLimits
    poolings: str | None = None  # the checksum of those in `folder` that make one vector of the features

    def __call__(self, clip: Clip) -> Facts:
        """Keep the features of `clip` in the folder; what its line in clips.jsonl says of them."""
        cache = Cache(self.folder / ARRAYS, required=True)
        if any(kind.wants for kind in self.kinds):
            check_file(clip.path)
        keys = cache.keys(clip, self.kinds, self.limits)
        if self.poolings:
            keys, found = self._vector(clip, keys, cache)
        else:
            found = extract(clip, self.kinds, self.limits, cache)
            for key, kind, array in zip(keys, self.kinds, found.arrays, strict=True):
                if not kind.wants:
                    cache.put(key, replace(found, arrays=(array,)))
        return {"keys": keys, "duration_s": found.duration_s, "warning": found.warning, "known": found.cached}

    def _vector(self, clip: Clip, keys: Sequence[str], cache: Cache) -> tuple[list[str], Extracted]:
        assert self.poolings is not None
        key = digest({"features": list(keys), "poolings": self.poolings})
        if kept := cache.get(key):
            return [key], kept
        sample = [cache.get(one) for one in keys]
        found = merged([one for one in sample if one]) if all(sample) else extract(clip, self.kinds, self.limits)
        vector = _poolings(self.folder, self.kinds, self.poolings).one(found.arrays)
        made = replace(found, arrays=(vector[None],), cached=False)  # one row, so that it is kept in half precision
        cache.put(key, made)
        return [key], made


def extract_to(
    folder: str | Path,
    clips: Sequence[Clip],
    features: str | Features | Sequence[Features] | None = None,
    pooling: str | None = None,
    limits: FrameLimits | None = None,
    *,
    seed: int = 1,
    workers: int | None = None,
    dask: str | None = None,
    tick: Tick | None = None,
    sample_tick: Tick | None = None,
) -> Report:
    """Write the features of `clips` into `folder`, each as soon as it is there: a run that was stopped goes on.

    With a `pooling` each clip is kept as one vector; the poolings are fitted on a sample of the clips before, unless
    the folder has such poolings already. `dask` names a cluster that does the work in place of `workers` processes, see
    `cluster.connected`; its workers must see the clips and the folder under the same paths. Clips that fail are listed
    with their reason; memory does not grow with what is computed. Raises ArtifactError when the folder cannot be
    written, SourceError when every clip fails.
    """
    folder = Path(folder).absolute()
    artifact.check_writable(folder / LIST, KIND)
    clips = [replace(clip, path=clip.path.absolute()) for clip in clips]
    job = Job(folder, kinds_of(features), limits or FrameLimits())
    config: Facts = {"features": [describe(kind) for kind in job.kinds], "pooling": None, "limits": asdict(job.limits)}
    report = Report()
    if not all(kind.wants for kind in job.kinds):
        # A tag space or a table, which they look things up in, is not sent to other processes with every clip.
        if dask:
            raise UsageError("Features that open no clip (text, given) are not for a cluster; leave out --dask.")
        workers = 0
    with ExitStack() as stack:
        run = stack.enter_context(running(dask, workers, VideoError, gpu=any(kind.gpu for kind in job.kinds)))
        if pooling is not None:
            poolings = Poolings(job.kinds, pooling)
            if poolings.trained:
                raise UsageError(
                    f"The pooling {pooling} learns from tags, which extract does not look at. Leave it out here, and "
                    "give it to fit-video, or name one of: fisher, max, mean, moments."
                )
            config["pooling"] = poolings.names
            job = replace(job, poolings=_fitted(job, poolings, clips, seed, run, sample_tick))
        parents = {POOLINGS: job.poolings} if job.poolings else {}
        draft = stack.enter_context(artifact.write(folder / LIST, KIND, config, parents))
        draft.lines("clips.jsonl", _lines(job, clips, run, report, tick))
        _check_some_worked(report)
        draft.config |= {"clips": report.clips, "failed": len(report.failed)}
    return report


def load_poolings(folder: Path, kinds: Kinds, wanted: str) -> Poolings:
    """The fitted poolings of a features folder. Raises ArtifactError when they are not those of checksum `wanted`."""
    found = artifact.read(folder / POOLINGS, POOLINGS_KIND)
    if found.digest != wanted:
        raise ArtifactError(
            f"{found.folder} has the checksum {found.digest[:12]}, the features were made with {wanted[:12]}. "
            "Extract them again."
        )
    with artifact.reading(found.folder):
        poolings = Poolings(kinds, "+".join(found.config["pooling"]))
        poolings.load_state_dict(load_file(found.path("network.safetensors")))
        return poolings.eval()


_poolings = lru_cache(maxsize=1)(load_poolings)  # a worker needs the same for every clip


def _lines(job: Job, clips: Sequence[Clip], run: Run, report: Report, tick: Tick | None) -> Iterator[Facts]:
    """The lines of clips.jsonl, each when its clip is done."""
    for number, result in run(job, clips):
        clip = clips[number]
        report.clips += 1
        line = clip.facts()
        if isinstance(result, ArtifactError):  # the folder and not the clip: no other clip will do better
            raise result
        if isinstance(result, Tag2VecError):
            report.failed[str(clip)] = line["error"] = str(result)
        else:
            report.known += result.pop("known")
            if result["warning"]:
                report.warnings[str(clip)] = result["warning"]
            line |= result
        if tick:
            tick(report.clips)
        yield line


def _fitted(job: Job, poolings: Poolings, clips: Sequence[Clip], seed: int, run: Run, tick: Tick | None) -> str:
    """The checksum of the folder's poolings, fitted on a sample of `clips` when they are not there already."""
    config = {
        "features": [describe(kind) for kind in job.kinds],
        "pooling": poolings.names,
        "frames": sampling(job.limits),
        "seed": seed,
    }
    folder = job.folder / POOLINGS
    if (folder / artifact.MANIFEST).is_file() and (found := artifact.read(folder, POOLINGS_KIND)).config == config:
        return found.digest
    report = Report()
    sample = clips[:: max(1, -(-len(clips) // SAMPLE_CLIPS))]
    keys = [line["keys"] for line in _lines(job, sample, run, report, tick) if "keys" in line]
    _check_some_worked(report)
    poolings.fit(Kept(job.folder, keys), seed, sample)
    with artifact.write(folder, POOLINGS_KIND, config) as draft:
        # Not save_file: its own error for a full disk is no OSError.
        (draft.path / "network.safetensors").write_bytes(save(dict(poolings.state_dict())))
    return artifact.read(folder, POOLINGS_KIND).digest


def _check_some_worked(report: Report) -> None:
    if report.clips == len(report.failed):
        reasons = "\n".join(list(report.failed.values())[:5])
        raise SourceError(f"None of the {report.clips} clips could be used:\n{reasons}")
