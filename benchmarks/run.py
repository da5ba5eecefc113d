"""All tables: `python -m benchmarks.run [NAME ...]`, or those of the benchmarks that are named.

Those that need no data of yours; with TAG2VEC_DATA (a folder of real posts and clips) the real ones too, which takes
most of a day. Each runs in a process of its own; one that fails does not keep the others from running.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from tag2vec.demo.posts import posts

ANYWHERE = """
speed
learning
pooling
suggest
leaks
serve
scale
tags --train {own}/train.jsonl --test {own}/test.jsonl --name tags-demo
"""
HARRISON = "{data}/tags/harrison-train.jsonl.gz"
YOUTUBE = "{data}/tags/youtube-train.jsonl.gz"
NETWORK = "{data}/weights/squeezenet1_0.onnx"
KINDS = f"trajectories+onnx:{NETWORK} trajectories onnx:{NETWORK} trajectories:flow=codec"
SPLIT = "--train {data}/tags/NAME-train.jsonl.gz --test {data}/tags/NAME-valid.jsonl.gz"
EACH = f"""
tags {SPLIT} --name tags-NAME
forms {SPLIT} --name forms-NAME
choosing {SPLIT} --name choosing-NAME
"""
VIDEO = f"""
video --posts {HARRISON} --clips {{data}}/video/NAME/clips.csv --features {KINDS} --name video-NAME
"""
REAL = f"""
{EACH.replace("NAME", "harrison")}{EACH.replace("NAME", "youtube")}
ablation {SPLIT.replace("NAME", "harrison")} --name ablation-harrison
rare {SPLIT.replace("NAME", "youtube")} --name rare-youtube
language {SPLIT.replace("NAME", "youtube")}
passes --posts {HARRISON} --name passes-harrison
space --posts {YOUTUBE}
corpus --posts {HARRISON} --name corpus-harrison
update --posts {YOUTUBE} --test {{data}}/tags/youtube-valid.jsonl.gz --first 2026-03
{VIDEO.replace("NAME", "actions")}{VIDEO.replace("NAME", "fight")}
features --clips {{data}}/video/actions --features {KINDS} trajectories:flow=farneback audio
groups --posts {HARRISON} --clips {{data}}/video/actions/clips.csv --network {NETWORK}
search --posts {HARRISON} --clips {{data}}/video/actions/clips.csv
yt8m {{data}}/yt8m
titles --posts {YOUTUBE} --keep {{own}}/titles
retrieval --posts {YOUTUBE} --test {{data}}/tags/youtube-valid.jsonl.gz --sizes 100000 1000000 7000000
fuzz --clips {{data}}/video/robust {{data}}/video/actions/fight --whole {{data}}/video/robust
"""


def main() -> None:
    data, named, failed = os.environ.get("TAG2VEC_DATA"), sys.argv[1:], []
    with tempfile.TemporaryDirectory() as own:
        _posts(Path(own))
        for line in (ANYWHERE + (REAL if data else "")).split("\n"):
            command = [part.format(own=own, data=data) for part in shlex.split(line)]
            if not command or (named and command[0] not in named):
                continue
            print(f"\n$ python -m benchmarks.{shlex.join(command)}", flush=True)
            if subprocess.run([sys.executable, "-m", f"benchmarks.{command[0]}", *command[1:]]).returncode:
                failed.append(line)
    if failed:
        sys.exit("These failed:\n" + "\n".join(failed))


def _posts(folder: Path) -> None:
    """Generated posts, split by author: every seventh is kept aside."""
    with (folder / "train.jsonl").open("w") as learn, (folder / "test.jsonl").open("w") as check:
        for post in posts(1, 150):
            file = check if int(post["author"].rsplit("-", 1)[1]) % 7 == 0 else learn
            file.write(json.dumps(post) + "\n")


if __name__ == "__main__":
    main()
