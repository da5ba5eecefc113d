"""The clips that a model tags best and worst: three of their frames, what they carry and what was suggested."""

from __future__ import annotations

import base64
from html import escape

import numpy as np

from tag2vec.embed.clips import Clip
from tag2vec.embed.frames import read_frames
from tag2vec.embed.limits import FrameLimits
from tag2vec.errors import VideoError
from tag2vec.evaluation.labelmetrics import average_precision_at
from tag2vec.evaluation.measures import SHOWN, Evaluation

EACH = 6  # clips
LOOK = FrameLimits(max_side=200, max_fps=4.0)


def best_and_worst(found: Evaluation) -> str:
    """By the average precision of their SHOWN first suggestions; of equals the earlier clip is the better one."""
    precision = average_precision_at(found.ours.hits, found.ours.labels.sizes, SHOWN)
    order = np.argsort(-precision, kind="stable").tolist()
    half = max(1, min(EACH, len(order) // 2))
    best, worst = order[:half], order[half:][::-1][:EACH]
    parts = [f"<h2>Tagged best</h2>{_clips(found, best)}"]
    if worst:
        parts.append(f"<h2>Tagged worst</h2>{_clips(found, worst)}")
    return "\n".join(parts)


def _clips(found: Evaluation, rows: list[int]) -> str:
    return "\n".join(_clip(found, row) for row in rows)


def _clip(found: Evaluation, row: int) -> str:
    ours, labels = found.ours, found.ours.labels
    clip = found.clips[row]
    own = set(labels.own[row])
    given = [code for code in ours.tags[row, :SHOWN].tolist() if code >= 0]
    tags = {code: f"#{escape(labels.forms[code])}" for code in [*own, *given]}
    suggested = " ".join(f"<mark>{tags[code]}</mark>" if code in own else tags[code] for code in given)
    carried = " ".join(tags[code] for code in labels.own[row])
    title = f"{escape(clip.title)} <small>{escape(clip.path.name)}</small>" if clip.title else escape(clip.path.name)
    text = f"<p><b>Carries</b> {carried}</p>\n<p><b>Suggested</b> {suggested}</p>"
    return f'<div class="clip"><h3>{title}</h3>\n{_frames(clip)}\n{text}</div>'


def _frames(clip: Clip) -> str:
    """Three frames of its first seconds, or why there are none."""
    import cv2

    try:
        frames = read_frames(clip.path, LOOK).rgb
    except VideoError as error:
        return f"<p>No frames: {escape(str(error))}</p>"
    shown = []
    for at in (1, 3, 5):
        picture = frames[at * len(frames) // 6]
        data = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
        size = f'width="{picture.shape[1]}" height="{picture.shape[0]}"'
        shown.append(f'<img alt="" {size} src="data:image/jpeg;base64,{base64.b64encode(data).decode()}">')
    return "\n".join(shown)
