"""The reference of the library, from its docstrings: `python docs/api.py FOLDER` writes it as HTML (`make api`)."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

import pdoc

import tag2vec

MODULES = (  # the public names, the settings that they take, and what plugins are made from
    "tag2vec",
    "tag2vec.errors",
    "tag2vec.scraping.clean",
    "tag2vec.scraping.collect",
    "tag2vec.scraping.live",
    "tag2vec.scraping.post",
    "tag2vec.scraping.sources",
    "tag2vec.embed.bringing",
    "tag2vec.embed.cache",
    "tag2vec.embed.clips",
    "tag2vec.embed.embedder",
    "tag2vec.embed.features",
    "tag2vec.embed.heads",
    "tag2vec.embed.limits",
    "tag2vec.embed.pooling",
    "tag2vec.embed.skipgram",
    "tag2vec.embed.space",
    "tag2vec.embed.training",
    "tag2vec.retrieval.clips",
    "tag2vec.retrieval.indexes",
    "tag2vec.retrieval.stored",
    "tag2vec.retrieval.wanted",
    "tag2vec.artifact",
    "tag2vec.plugins",
)


def modules() -> dict[str, pdoc.doc.Module]:
    """What pdoc knows of each. A field without a docstring is told by its comment; the first page names the others."""
    for name in tag2vec.__all__:
        vars(tag2vec)[name] = getattr(tag2vec, name)  # pdoc looks for what is there, and these come when they are used
    found = {name: pdoc.doc.Module.from_name(name) for name in MODULES}
    for module in found.values():
        for one in module.classes:
            comments = dict(re.findall(r"^    (\w+): .*  # (.+)$", inspect.getsource(one.obj), re.MULTILINE))
            for field in one.own_members:
                if field.name in comments and not field.docstring:
                    field.docstring = comments[field.name]
                if field.name == "__init__" and not one.obj.__init__.__doc__:
                    field.docstring = ""  # not what torch says of its own
    pages = [f"- `{name}`: {module.docstring.splitlines()[0]}" for name, module in found.items() if name != "tag2vec"]
    found["tag2vec"].docstring += "\n\nWhat these names take and give, and what plugins are made from:\n\n" + "\n".join(
        pages
    )
    return found


def write(folder: Path) -> dict[str, pdoc.doc.Module]:
    """Write the pages, one to begin with and what is searched; what is in them."""
    pdoc.render.configure(show_source=False, footer_text=f"tag2vec {tag2vec.__version__}")
    found = modules()
    for name, module in found.items():
        page = folder / f"{name.replace('.', '/')}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(pdoc.render.html_module(module, found), encoding="utf-8")
    (folder / "index.html").write_text(pdoc.render.html_index(found), encoding="utf-8")
    (folder / "search.js").write_text(pdoc.render.search_index(found), encoding="utf-8")
    return found


if __name__ == "__main__":
    write(Path(sys.argv[1]))
