"""`docs/suggestions.png`: held-out demo clips with what is suggested for them. Needs the extra `plots`.

`python -m benchmarks.picture [DEMO_FOLDER]`, after `make demo`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib

from tag2vec import Suggester
from tag2vec.embed.extract import Cache
from tag2vec.embed.frames import read_frames

matplotlib.use("Agg")

SHOWN = ("skateboarding", "basketball", "piano", "polevault", "hulahoop", "billiards", "biking", "juggling")
MOMENTS = (0.2, 0.5, 0.8)  # of a clip


def main() -> None:
    import matplotlib.pyplot as plt
    import numpy as np

    home = Path(sys.argv[1] if len(sys.argv) > 1 else "demo")
    suggester = Suggester.load(home / "model", cache=Cache(home / "features"))
    figure, axes = plt.subplots(4, 2, figsize=(11, 9), facecolor="white")
    for axis, name in zip(axes.flat, SHOWN, strict=True):
        clip = home / "clips" / name / "12.mp4"
        frames = read_frames(clip).rgb
        strip = np.concatenate([frames[int(len(frames) * moment)] for moment in MOMENTS], axis=1)
        axis.imshow(strip)
        axis.set_axis_off()
        tags = suggester.suggest(clip, k=5)
        axis.set_title(f"{name}/12.mp4", loc="left", fontsize=9, color="#666")
        axis.text(0, strip.shape[0] + 6, tags.line(), fontsize=9.5, va="top", color="#0a4a8a")
    figure.tight_layout(h_pad=2.2)
    figure.savefig(Path(__file__).parent.parent / "docs" / "suggestions.png", dpi=90)


if __name__ == "__main__":
    main()
