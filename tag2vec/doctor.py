"""What works on this machine."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata, version

from packaging.requirements import Requirement


@dataclass(frozen=True)
class Check:
    """`found` says what is there, or the line that brings it. What is not `optional` must be ok."""

    what: str
    ok: bool
    found: str
    optional: bool = False


def checks() -> list[Check]:
    """All checks, the necessary ones first. None of them raises or downloads."""
    return [
        Check("Python", True, f"{platform.python_version()} on {platform.platform()}"),
        _try("clips (PyAV)", _av),
        _try("optical flow (OpenCV)", _flow),
        _try("training (torch)", _torch),
        *_faiss(),
        *_extras(),
        Check("sources of posts", True, _sources()),
        Check("feature cache", True, str(_cache())),
    ]


def _try(what: str, check: Callable[[], str]) -> Check:
    try:
        return Check(what, True, check())
    except Exception as error:  # whatever a broken installation raises is the answer
        return Check(what, False, f"{type(error).__name__}: {error}")


def _av() -> str:
    import av

    codecs = [name for name in ("h264", "hevc", "vp9", "av1") if name in av.codecs_available]
    return (
        f"av {av.__version__}, FFmpeg libavcodec {'.'.join(map(str, av.library_versions['libavcodec']))}, "
        + " ".join(codecs)
    )


def _flow() -> str:
    import cv2
    import numpy as np

    picture = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST).calc(
        picture, np.roll(picture, 1, 1), np.zeros((64, 64, 2), np.float32)
    )
    return f"opencv {cv2.__version__}, DIS flow {flow.shape[1]}x{flow.shape[0]} computed"


def _torch() -> str:
    import torch

    if not torch.cuda.is_available():
        return f"torch {torch.__version__}, {torch.get_num_threads()} threads, no GPU"
    return f"torch {torch.__version__}, GPU {torch.cuda.get_device_name()}"


def _faiss() -> Iterator[Check]:
    builds = {name: found for name in ("faiss-cpu", "faiss-gpu", "faiss-gpu-cu12") if (found := _version(name))}
    if len(builds) > 1:
        names = " and ".join(builds)
        yield Check(
            "fast search (FAISS)",
            False,
            f"{names} are both installed and share one folder: the last one installed is used, and removing either "
            f"breaks the other. Do: pip uninstall {' '.join(builds)}, then install one of them again",
        )
    elif not builds:
        line = 'not installed, search runs on numpy: pip install "tag2vec[cpu]" or "tag2vec[gpu]"'
        yield Check("fast search (FAISS)", False, line, optional=True)
    else:
        yield _try("fast search (FAISS)", _faiss_build)


def _faiss_build() -> str:
    import faiss

    gpus = faiss.get_num_gpus() if hasattr(faiss, "get_num_gpus") else 0
    return f"faiss {faiss.__version__}, {gpus} GPUs"


def _extras() -> Iterator[Check]:
    """Each extra of the package, from its own metadata."""
    try:
        about = metadata("tag2vec")
    except PackageNotFoundError:
        return
    needs = [Requirement(line) for line in about.get_all("Requires-Dist", [])]
    for name in about.get_all("Provides-Extra", []):
        if name in ("cpu", "gpu", "dev"):
            continue
        members = [need for need in needs if _is_of(need, name) and not _is_of(need, "")]
        missing = [need.name for need in members if _version(need.name) is None]
        line = f'without {", ".join(missing)}: pip install "tag2vec[{name}]"'
        have = ", ".join(f"{need.name} {_version(need.name)}" for need in members)
        yield Check(f"extra '{name}'", not missing, line if missing else have, optional=True)


def _is_of(need: Requirement, extra: str) -> bool:
    return need.marker is None or need.marker.evaluate({"extra": extra})


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _sources() -> str:
    from tag2vec import plugins
    from tag2vec.scraping.sources import Source

    return " ".join(plugins.names(Source))


def _cache() -> str:
    from tag2vec.embed.cache import Cache

    return str(Cache().folder)
