"""tag2vec learns how a community hashtags, and hashtags clips.

>>> from tag2vec import Corpus, TagSpace, VideoEmbedder, Suggester, fit_model

Importing this package imports nothing heavy: each name brings its module when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tag2vec.errors import Tag2VecError
from tag2vec.version import __version__

if TYPE_CHECKING:
    from tag2vec.embed.model import fit_model
    from tag2vec.embed.space import TagSpace
    from tag2vec.embed.video import VideoEmbedder
    from tag2vec.retrieval.suggest import Suggester
    from tag2vec.retrieval.suggestions import Suggestion, Suggestions
    from tag2vec.scraping.corpus import Corpus

__all__ = [
    "Corpus",
    "Suggester",
    "Suggestion",
    "Suggestions",
    "Tag2VecError",
    "TagSpace",
    "VideoEmbedder",
    "__version__",
    "fit_model",
]

_HOMES = {
    "Corpus": "tag2vec.scraping.corpus",
    "Suggester": "tag2vec.retrieval.suggest",
    "Suggestion": "tag2vec.retrieval.suggestions",
    "Suggestions": "tag2vec.retrieval.suggestions",
    "TagSpace": "tag2vec.embed.space",
    "VideoEmbedder": "tag2vec.embed.video",
    "fit_model": "tag2vec.embed.model",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tag2vec' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
