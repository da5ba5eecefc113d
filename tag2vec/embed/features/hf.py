"""Image and video networks of the Hugging Face library: a folder of safetensors, or a name on its Hub.

ResNet, ViT, DINOv2, CLIP, SigLIP: one row a frame. VideoMAE, TimeSformer, ViViT: one row a clip, of as many frames as
the network wants. Nothing is downloaded unless `download=true` says so; pickled weights and code that comes with
a model are never opened.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tag2vec.embed.features._network import (
    Array,
    Network,
    checksum,
    in_batches,
    lines,
    one_row_each,
    probabilities,
    spread,
)
from tag2vec.embed.threads import one_thread
from tag2vec.embed.units import units
from tag2vec.errors import UsageError, importing

FILES = ["*.safetensors", "*.safetensors.index.json", "config.json", "*processor_config.json"]
TEXT_FILES = ["tokenizer*", "vocab*", "merges.txt", "special_tokens_map.json", "*.model"]


@dataclass(frozen=True)
class HuggingFace(Network):
    """`hf:FOLDER` or `hf:ORGANISATION/NAME`. Half precision is used on a GPU."""

    model: str
    labels: str = ""  # a file with a class name a line, in place of those that the model says
    download: bool = False  # fetch what is not there; not remembered, so that a model never downloads by itself

    def __post_init__(self) -> None:
        super().__post_init__()
        if Path(self.model).is_dir():
            self._fill(model=str(Path(self.model).absolute()))
        folder = _folder(self.model, self.download)
        files = sorted(path for pattern in FILES for path in folder.glob(pattern))
        if not any(path.suffix == ".safetensors" for path in files):
            raise UsageError(
                f"{folder} holds no .safetensors weights. Pickled ones are not opened; save the model with "
                "save_pretrained, or take one that comes as safetensors."
            )
        self._fill(download=False, sha256=checksum(files, self.sha256, f"The model {folder}"))
        if self.labels:
            self._fill(labels=str(Path(self.labels).absolute()))
        self._fill(dim=self(np.zeros((1, 64, 64, 3), np.uint8), 1.0).shape[1])
        if self.gives == "classes" and len(self.classes()) != self.dim:
            raise UsageError(
                f"{self.labels} has {len(self.classes())} class names; {self.model} has {self.dim} classes."
            )

    def classes(self) -> list[str]:
        if self.labels:
            return lines(self.labels)
        names = self._loaded.names
        if all(re.fullmatch(r"LABEL_\d+", name) for name in names):
            raise UsageError(
                f"{self.model} does not say what its classes are called. Give a file with a name a line: --labels FILE."
            )
        return list(names)

    @property
    def reads_texts(self) -> bool:
        return hasattr(self._loaded.network, "get_text_features")

    def texts(self, texts: Sequence[str]) -> Array:
        if not self.reads_texts:
            return super().texts(texts)
        from transformers import AutoTokenizer

        loaded = self._loaded
        tokens = AutoTokenizer.from_pretrained(_folder(self.model), local_files_only=True)
        # SigLIP was trained with texts of full length only.
        whole = "max_length" if loaded.network.config.model_type.startswith("siglip") else True
        read = tokens(list(texts), padding=whole, truncation=True, return_tensors="np")

        def call(part: Array) -> Array:
            rows = part.astype(np.intp)
            given = {name: read[name][rows] for name in ("input_ids", "attention_mask") if name in read}
            return one_row_each(loaded.run("get_text_features", **given))

        return units(in_batches(call, np.arange(len(texts), dtype=np.float32)))

    def __call__(self, frames: NDArray[np.uint8], fps: float) -> Array:
        """frames (t, h, w, 3) uint8 RGB -> (n, dim) float32, n of them evenly spread; n is 1 for a video network."""
        loaded = self._loaded
        if loaded.frames:
            pictures = loaded.prepared(frames[spread(len(frames), loaded.frames)])[None]
        else:
            pictures = loaded.prepared(self.seen(frames, fps))
        rows = in_batches(loaded.look, pictures)
        return probabilities(rows) if self.gives == "classes" else rows

    @property
    def _loaded(self) -> _Loaded:
        return _load(_folder(self.model), self.sha256, self.gives == "classes")


@dataclass(frozen=True, eq=False)
class _Loaded:
    """A network on its device, with the preparation that it was trained with."""

    network: Any
    processor: Any
    frames: int  # that a video network wants; 0 for one that looks at single pictures
    names: tuple[str, ...]
    pooled: bool  # whether its own pooling was trained

    def prepared(self, frames: NDArray[np.uint8]) -> Array:
        """frames (n, h, w, 3) -> (n, 3, height, width)."""
        pictures = self.processor(list(frames), input_data_format="channels_last", return_tensors="np")["pixel_values"]
        found: Array = np.asarray(pictures, np.float32)
        return found[0] if found.ndim == 5 else found

    def look(self, pictures: Array) -> Array:
        """Prepared pictures (n, 3, h, w), or (n, frames, 3, h, w) -> (n, dim)."""
        beside_texts = hasattr(self.network, "get_image_features")
        return one_row_each(self.run("get_image_features" if beside_texts else "forward", pixel_values=pictures))

    def run(self, method: str, **given: NDArray[Any]) -> NDArray[np.float32]:
        """What a method of the network gives: scores of classes, else its own pooling, else all it has."""
        import torch

        where, number = self.network.device, self.network.dtype
        tensors = {name: torch.from_numpy(np.ascontiguousarray(rows)).to(where) for name, rows in given.items()}
        tensors = {name: rows.to(number) if rows.is_floating_point() else rows for name, rows in tensors.items()}
        with torch.inference_mode(), one_thread():
            found = getattr(self.network, method)(**tensors)
        if not isinstance(found, torch.Tensor):
            wanted = ["logits", *(["pooler_output"] if self.pooled else []), "last_hidden_state"]
            found = next(found[name] for name in wanted if found.get(name) is not None)
        rows: NDArray[np.float32] = found.float().cpu().numpy()
        return rows


def _folder(model: str, download: bool = False) -> Path:
    """Where the files of `model` are. Raises MissingExtra, and UsageError when they are not on this machine."""
    if Path(model).is_dir():
        return Path(model)
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", model):
        raise UsageError(
            f"There is no folder {model}; wanted one that save_pretrained wrote, or a name such as org/name."
        )
    with importing("hf:MODEL", "transformers", "hf"):
        from huggingface_hub import snapshot_download
    try:
        return Path(snapshot_download(model, allow_patterns=FILES + TEXT_FILES, local_files_only=not download))
    except Exception as error:  # of the network, the server and the library, which have no common base
        if download:
            raise UsageError(
                f"{model} could not be downloaded: {error}. Check the name and the connection; a model with terms "
                "wants that you accept them on its page and log in with: hf auth login"
            ) from error
        raise UsageError(
            f"{model} is no folder, and no model of that name was downloaded to this machine. Nothing is downloaded "
            f"unasked: to ask for it, write hf:model={model},download=true once."
        ) from error


@lru_cache(maxsize=4)
def _load(folder: Path, sha256: str, naming: bool) -> _Loaded:
    """The network in `folder`, loaded once a process. Raises MissingExtra and UsageError."""
    import torch

    with importing("hf:MODEL", "transformers", "hf"):
        transformers: Any = import_module("transformers")

    transformers.logging.set_verbosity_error()  # its reports on weights that are left out are for those who train
    transformers.logging.disable_progress_bar()
    try:
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
        frames = int(getattr(config, "num_frames", 0))
        task = f"For{'Video' if frames else 'Image'}Classification" if naming else ""
        network, facts = getattr(transformers, f"AutoModel{task}").from_pretrained(
            folder, local_files_only=True, use_safetensors=True, output_loading_info=True, dtype=torch.float32
        )
        processor = transformers.AutoImageProcessor.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, ImportError) as error:
        wanted = "a model that names classes of pictures" if naming else "a model of pictures or videos"
        raise UsageError(f"{folder} cannot be used as {wanted}: {error}") from error
    missing = sorted(facts["missing_keys"])
    if untrained := [name for name in missing if "pooler" not in name]:
        raise UsageError(
            f"{folder} has no weights for {untrained[0]} and {len(untrained) - 1} others"
            + (": it names no classes." if naming else ". Give the whole model.")
        )
    if torch.cuda.is_available():
        network = network.half().cuda()
    names = tuple(name for _, name in sorted(config.id2label.items()))
    return _Loaded(network.eval(), processor, frames, names, pooled=not missing)
