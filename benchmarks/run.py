"""All tables that need no data of yours; with TAG2VEC_DATA (a folder of real posts and clips) the real ones too."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from benchmarks import forms, learning, space, speed, tags, update, video, yt8m
from tag2vec.demo.posts import posts


def main() -> None:
    speed.main()
    learning.main()
    with tempfile.TemporaryDirectory() as scratch:
        train, test = Path(scratch) / "train.jsonl", Path(scratch) / "test.jsonl"
        with train.open("w") as learn, test.open("w") as check:
            for post in posts(1, 150):  # split by author: every seventh is kept aside
                file = check if int(post["author"].rsplit("-", 1)[1]) % 7 == 0 else learn
                file.write(json.dumps(post) + "\n")
        tags.run(train, test, "tags-demo")
    if root := os.environ.get("TAG2VEC_DATA"):
        real = Path(root)
        for name in ("harrison", "youtube"):
            split = real / f"tags/{name}-train.jsonl.gz", real / f"tags/{name}-valid.jsonl.gz"
            tags.run(*split, f"tags-{name}")
            forms.run(*split, f"forms-{name}")
        space.run(real / "tags/youtube-train.jsonl.gz", space.SENTENCES, "space")
        update.run(real / "tags/youtube-train.jsonl.gz", real / "tags/youtube-valid.jsonl.gz", "2026-03", 2, "update")
        network = f"onnx:{real / 'weights/squeezenet1_0.onnx'}"
        kinds = [f"trajectories+{network}", "trajectories", network, "trajectories:flow=codec"]
        for name in ("actions", "fight"):
            video.run(
                real / "tags/harrison-train.jsonl.gz", real / f"video/{name}/clips.csv", kinds, 4, f"video-{name}"
            )
        yt8m.run(real / "yt8m")


if __name__ == "__main__":
    main()
