"""What every kind of features promises; the list is the folder's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tag2vec import plugins
from tag2vec.embed.clips import Clip
from tag2vec.embed.features import Features, describe
from tag2vec.embed.frames import Frames
from tag2vec.errors import MissingExtra, UsageError
from tests.clips import moving, still, tone
from tests.networks import write_cnn, write_hf, write_onnx
from tests.spaces import space

DOT = np.zeros((17, 60, 60, 3), np.uint8)  # its only corners lie between the points of any coarse grid
DOT[:, 30, 30] = 255

CLIPS = {
    "moving": moving(20),
    "still": still(20),
    "one frame": still(1),
    "few frames": moving(7),
    "one pixel": np.full((3, 1, 1, 3), 200, np.uint8),
    "black": np.zeros((16, 40, 50, 3), np.uint8),
    "wide": moving(18, 4, 300),
    "fast": moving(20, 48, 48, step=(7, 3)),
    "dot": DOT,
}


# Kinds that need a file: the setting, and what writes a small one.
FILES: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "onnx": ("file", lambda folder: write_onnx(folder / "tiny.onnx")),
    "cnn": ("file", lambda folder: write_cnn(folder / "tiny.safetensors")),
    "hf": ("model", lambda folder: write_hf(folder / "tiny")),
}


@pytest.fixture(scope="module")
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Features:
    name: str = request.param
    settings = {}
    if name in FILES:
        setting, write = FILES[name]
        settings[setting] = str(write(tmp_path_factory.mktemp(name)))
    try:
        return plugins.make(Features, name, settings).bound(space())  # type: ignore[type-abstract]
    except (MissingExtra, UsageError) as error:
        pytest.skip(f"needs more than its defaults: {error}")


every_kind = pytest.mark.parametrize("made", plugins.names(Features), indirect=True)


@every_kind
def test_blocks_add_up_and_settings_are_plain(made: Features) -> None:
    import json

    features, name = made, type(made).__module__.rsplit(".", 1)[-1]
    assert sum(features.blocks.values()) == features.dim
    assert json.loads(json.dumps(describe(features)))["name"] == name
    assert plugins.make(Features, name, describe(features)["settings"]) == features  # type: ignore[type-abstract]


@pytest.mark.parametrize("clip", list(CLIPS))
@every_kind
def test_every_clip_has_features(made: Features, clip: str) -> None:
    features, frames = made, CLIPS[clip]
    seen = Frames(frames.copy(), 25.0, len(frames) / 25, None, tone(440, 1))
    found = features.of(Clip.of("a.mp4"), seen)
    assert found.dtype == np.float32 and found.ndim in {1, 2} and found.shape[-1] == features.dim
    assert len(found) >= bool(features.wants) and np.isfinite(found).all()
    np.testing.assert_array_equal(seen.rgb, frames)
    np.testing.assert_array_equal(seen.sound, tone(440, 1))
    np.testing.assert_array_equal(found, features.of(Clip.of("a.mp4"), seen))
