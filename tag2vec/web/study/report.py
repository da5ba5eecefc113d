"""The report of a study: a page, its figures as JSON, and every mark as CSV."""

from __future__ import annotations

import csv
import json
from html import escape
from io import StringIO
from pathlib import Path
from typing import Any

from tag2vec import artifact
from tag2vec.evaluation.pages import legend, page, table
from tag2vec.evaluation.ratings import Rated, summary
from tag2vec.evaluation.report import KIND
from tag2vec.evaluation.reportplots import COLOURS
from tag2vec.web.study.store import Study

MARKS = "rater", "clip", "class", "suggested by", "rank", "tag", "relevant"


def rated(study: Study) -> list[Rated]:
    """The clips of a study with all marks."""
    clips = [Rated(clip["name"], clip["class"], _lists(clip)) for clip in study.clips]
    for rater, i, tag, relevant in study.marks():
        clips[i].marks.setdefault(rater, {})[tag] = relevant
    return clips


def report(study: Study) -> dict[str, Any]:
    """What `study report --json` prints. Raises UsageError when nobody has marked a clip whole."""
    return {"study": study.folder.name, "k": study.k, **summary(rated(study))}


def write_report(folder: str | Path, study: Study) -> dict[str, Any]:
    """Write `report.html`, `report.json` and `marks.csv` into `folder`; the figures. Raises ArtifactError, and as
    `report` does."""
    found = report(study)
    with artifact.write(folder, KIND, {"study": study.folder.name}) as draft:
        text = json.dumps(found, ensure_ascii=False, indent=1)
        (draft.path / "report.json").write_text(text + "\n", encoding="utf-8")
        (draft.path / "report.html").write_text(_page(found), encoding="utf-8")
        (draft.path / "marks.csv").write_text(marks_csv(study), encoding="utf-8", newline="")
    return found


def marks_csv(study: Study) -> str:
    """A row for each mark of a tag and each that suggests it; `rank` counts from 1."""
    out = StringIO()
    write = csv.writer(out, lineterminator="\n")
    write.writerow(MARKS)
    lists = [_lists(clip) for clip in study.clips]
    for rater, i, tag, relevant in study.marks():
        clip = study.clips[i]
        for arm, numbers in lists[i].items():
            for rank, (number, one) in enumerate(zip(numbers, clip["lists"][arm], strict=True), 1):
                if number == tag:
                    write.writerow(map(_plain, (rater, clip["name"], clip["class"], arm, rank, one, int(relevant))))
    return out.getvalue()


def rows(found: dict[str, Any]) -> tuple[list[str], list[list[object]]]:
    """The table of those who suggest, for people."""
    head = ["suggested by", "relevant", "95 % from", "to", "share", "clips with none", "no rater finds any"]
    body: list[list[object]] = [
        [arm, one["relevant"], *one["interval"], one["share"], one["none"], one["clips_with_none"]]
        for arm, one in found["arms"].items()
    ]
    return head, body


def facts(found: dict[str, Any]) -> str:
    agreed = "not defined" if found["alpha"] is None else f"{found['alpha']:.3f}"
    return (
        f"{found['clips']:,} clips, {len(found['raters'])} raters, {found['marks']:,} marks, agreement (alpha) {agreed}"
    )


def _lists(clip: dict[str, Any]) -> dict[str, list[int]]:
    """The hashtags of a clip by who suggests them, as numbers of `tags`: in another case they are the same."""
    numbers = {tag.casefold(): number for number, tag in enumerate(clip["tags"])}
    return {arm: [numbers[tag.casefold()] for tag in tags] for arm, tags in clip["lists"].items()}


def _page(found: dict[str, Any]) -> str:
    head, body = rows(found)
    differences = [[f"{one['of']} - {one['to']}", one["difference"], *one["interval"]] for one in found["differences"]]
    parts = [
        f"<p>{escape(facts(found))}. Each had {found['k']} hashtags for a clip, or fewer. The intervals say "
        "how far a mean would move with other clips and other raters.</p>",
        table(["", *head[1:]], body),
        "<h2>Differences in relevant hashtags of a clip</h2>"
        + table(["", "difference", "95 % from", "to"], differences)
        if differences
        else "",
        legend(dict(zip(COLOURS, found["arms"], strict=False))),
        _bars(found, "relevant", "Relevant hashtags of a clip, by class"),
        _bars(found, "none", "Clips without a relevant hashtag, by class, as a rater finds them on average"),
        "<h2>Raters</h2>" + table(["", "clips"], list(found["raters"].items())),
    ]
    return page(f"Rating study {found['study']}", "\n".join(parts), _STYLE)


def _bars(found: dict[str, Any], what: str, title: str) -> str:
    """A group of bars for each class, the best class of the first first (figure 7 of Singh et al.)."""
    arms = list(found["arms"].values())
    most = max(one[what] for arm in arms for one in arm["classes"].values()) or 1.0
    order = sorted(arms[0]["classes"], key=lambda category: -arms[0]["classes"][category][what])
    return f'<h2>{title}</h2><dl class="bars">{"".join(_group(arms, category, what, most) for category in order)}</dl>'


def _group(arms: list[dict[str, Any]], category: str, what: str, most: float) -> str:
    bars = "".join(
        f'<span style="--share:{arm["classes"][category][what] / most:.4f};--ink:{colour}">'
        f"{arm['classes'][category][what]:.2f}</span>"
        for arm, colour in zip(arms, COLOURS, strict=False)
    )
    clips = arms[0]["classes"][category]["clips"]
    return f"<dt>{escape(category or 'all')} <small>{clips}</small></dt><dd>{bars}</dd>\n"


def _plain(value: object) -> object:
    """Names as spreadsheets show them: none becomes a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t"} else value


_STYLE = """
.bars { display: grid; grid-template-columns: max-content 1fr; gap: .35em 1em; align-items: center;
  max-width: 50em }
.bars dt { max-width: 14em; overflow-wrap: anywhere } .bars small { opacity: .7 }
.bars dd { margin: 0; display: grid; gap: 2px }
.bars span { display: flex; align-items: center; gap: .5em; font-size: .8em; line-height: 1.15 }
.bars span::before { content: ""; height: .8em; width: calc(var(--share) * (100% - 4em));
  background: var(--ink); border-radius: .15em }
"""
