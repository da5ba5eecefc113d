"""Small networks for the tests, made on the fly, and a clip's frames for them."""

from __future__ import annotations

import json
from pathlib import Path

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
