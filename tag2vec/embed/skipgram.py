"""gensim's Word2Vec on tag sentences (Mikolov et al. 2013), with settings that fit sets instead of text.

A tag sentence has no order: the window is the whole sentence. Noise tags are drawn uniformly (exponent 0), because a
popular tag beside another one says something here, unlike a frequent word in text.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tag2vec.errors import UsageError

WHOLE_SENTENCE = 10_000  # gensim's own limit of a sentence
SEEN = 2_000_000  # tags that training goes through at least, counting each epoch


@dataclass(frozen=True)
class SpaceConfig:
    """Settings of a tag space. One worker gives the same bytes for the same seed; more are faster and do not."""

    dim: int = 100
    algorithm: Literal["skipgram", "cbow"] = "skipgram"
    window: int = WHOLE_SENTENCE
    negative: int = 5
    ns_exponent: float = 0.0
    epochs: int | None = None  # 20, and more for a small corpus
    alpha: float = 0.025
    min_count: int = 5
    seed: int = 1
    workers: int = 1

    def __post_init__(self) -> None:
        for name in ("dim", "window", "negative", "epochs", "min_count", "workers"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(f"{name} is {value}; wanted 1 or more.")
        if self.algorithm not in ("skipgram", "cbow"):
            raise UsageError(f"algorithm is '{self.algorithm}'; wanted skipgram or cbow.")

    def for_corpus(self, tags: int) -> SpaceConfig:
        """These settings with the number of epochs decided, for a corpus of `tags` tags in all.

        20 epochs suit corpora of 200,000 tags and more; a small one needs more of them before its vectors move apart.
        """
        if self.epochs is not None:
            return self
        return replace(self, epochs=min(max(20, round(SEEN / max(tags, 1))), 400))


# gensim's defaults, as in Singh et al. 2016: the settings of `--recipe seed` and of the baseline of that name.
SEED_RECIPE: dict[str, Any] = {"window": 5, "ns_exponent": 0.75, "epochs": 5}


def word2vec_settings(config: SpaceConfig) -> dict[str, Any]:
    """`config` in gensim's words."""
    given = asdict(config)
    return {
        "vector_size": given.pop("dim"),
        "sg": int(given.pop("algorithm") == "skipgram"),
        "shrink_windows": config.window < WHOLE_SENTENCE,
        "hashfxn": _stable_hash,
        **given,
    }


def fit_word2vec(
    sentences: Iterable[list[str]], config: SpaceConfig, tick: Callable[[int], None] | None = None
) -> tuple[list[str], NDArray[np.float32], NDArray[np.float32]]:
    """Train on `sentences` (iterated epochs + 1 times) -> (stems, input vectors (v, dim), output vectors (v, dim)).

    Stems come most frequent first. `tick` is called with the number of finished epochs.
    Raises UsageError when no stem occurs `min_count` times.
    """
    from gensim.models import Word2Vec
    from gensim.models.callbacks import CallbackAny2Vec

    class Epochs(CallbackAny2Vec):  # type: ignore[misc]
        done = 0

        def on_epoch_end(self, model: Any) -> None:
            self.done += 1
            if tick:
                tick(self.done)

    settings = word2vec_settings(config)
    epochs = settings.pop("epochs")
    model = Word2Vec(**settings)
    model.build_vocab(sentences)
    if not len(model.wv):
        raise UsageError(
            f"No tag occurs in at least {config.min_count} posts. Give more posts, or a smaller --min-count."
        )
    if len(model.wv) < 2:
        raise UsageError("Only one tag is frequent enough; a tag space needs two. Give more posts.")
    model.train(sentences, total_examples=model.corpus_count, epochs=epochs, callbacks=[Epochs()])
    return list(model.wv.index_to_key), model.wv.vectors, model.syn1neg


def _stable_hash(word: str) -> int:
    """Python's own hash() differs from run to run."""
    return zlib.crc32(word.encode())
