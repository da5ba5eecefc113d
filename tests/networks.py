"""Small networks for the tests, made on the fly, and a clip's frames for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 16
PREPROCESS = {
    "size": {"height": SIDE, "width": SIDE},
    "resize": 20,
    "image_mean": [0.5, 0.4, 0.3],
    "image_std": [0.2, 0.25, 0.3],
}
CLASSES = ["yoyo", "juggling, juggler", "grand piano", "qwxzk"]


def write_onnx(path: Path, classes: int = len(CLASSES), half: bool = False, batch: str | int = "batch") -> Path:
    """A network with the outputs `logits` (n, classes) and `features` (n, 6), and what lies beside one."""
    draw, number = np.random.default_rng(3), np.float16 if half else np.float32
    kind = TensorProto.FLOAT16 if half else TensorProto.FLOAT
    weights = {
        "kernel": draw.normal(size=(6, 3, 3, 3)),
        "head": draw.normal(size=(6, classes)) * 0.3,
    }
    nodes = [
        helper.make_node("Conv", ["pixel_values", "kernel"], ["maps"]),
        helper.make_node("Relu", ["maps"], ["shown"]),
        helper.make_node("GlobalAveragePool", ["shown"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["features"]),
        helper.make_node("MatMul", ["features", "head"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("pixel_values", kind, [batch, 3, SIDE, SIDE])],
        [
            helper.make_tensor_value_info("logits", kind, [batch, classes]),
            helper.make_tensor_value_info("features", kind, [batch, 6]),
        ],
        [numpy_helper.from_array(value.astype(number), name) for name, value in weights.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(made, path)
    path.with_name(path.stem + ".preprocess.json").write_text(json.dumps(PREPROCESS))
    return path


def write_labels(path: Path, names: list[str] = CLASSES) -> Path:
    path.write_text("\n".join(names) + "\n", encoding="utf-8")
    return path


def write_hf(folder: Path, kind: str = "resnet") -> Path:
    """A folder with a small random model, as transformers saves one: resnet, vit, videomae or clip."""
    import torch
    import transformers as hf

    torch.manual_seed(5)
    names = dict(enumerate(CLASSES))
    small = {"hidden_size": 12, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    pictures = small | {"image_size": SIDE, "patch_size": 8}
    made = {
        "resnet": lambda: hf.ResNetForImageClassification(
            hf.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", id2label=names)
        ),
        "vit": lambda: hf.ViTForImageClassification(hf.ViTConfig(**pictures)),
        "videomae": lambda: hf.VideoMAEForVideoClassification(
            hf.VideoMAEConfig(**pictures, num_frames=4, id2label=names)
        ),
        "clip": lambda: hf.CLIPModel(_clip_config(small, pictures)),
    }[kind]()
    made.save_pretrained(folder)
    processor = hf.VideoMAEImageProcessor if kind == "videomae" else hf.CLIPImageProcessor
    processor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}).save_pretrained(folder)
    if kind == "clip":
        letters = [chr(code) for code in range(97, 123)]
        words = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{letter}</w>" for letter in letters)]
        hf.CLIPTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[]).save_pretrained(folder)
    return folder


def _clip_config(small: dict[str, int], pictures: dict[str, int]) -> Any:
    import transformers as hf

    text = {"vocab_size": 54, "max_position_embeddings": 40, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    return hf.CLIPConfig(text_config=small | text, vision_config=pictures, projection_dim=10)


def write_cnn(path: Path) -> Path:
    """A five-layer network that was trained for nothing."""
    import torch
    from safetensors.torch import save_file

    from tag2vec.embed.features.cnn import Layers

    torch.manual_seed(2)
    save_file(Layers(len(CLASSES)).state_dict(), path, {"cnn": json.dumps({"classes": CLASSES, "side": SIDE})})
    return path
