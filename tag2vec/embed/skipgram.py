"""gensim's Word2Vec on tag sentences (Mikolov et al. 2013), with settings that fit sets instead of text.

A tag sentence has no order: the window is the whole sentence. Noise tags are drawn uniformly (exponent 0), because a
popular tag beside another one says something here, unlike a frequent word in text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tag2vec.errors import MOST, UsageError, at_least
from tag2vec.scraping.corpus import Corpus

WHOLE_SENTENCE = 10_000  # gensim's own limit of a sentence
SEEN = 2_000_000  # tags that word2vec goes through at least, counting each epoch
REFINED = 1_000_000  # posts that the second stage goes through, counting each epoch


@dataclass(frozen=True)
class SpaceConfig:
    """Settings of a tag space. One worker gives the same bytes for the same seed; more are faster and do not."""

    dim: int = 100
    algorithm: Literal["skipgram", "cbow"] = "skipgram"
    window: int = WHOLE_SENTENCE
    negative: int = 5
    ns_exponent: float = 0.0
    epochs: int | None = None  # 20, and more for a small corpus
    refine: int | None = None  # epochs of the second stage, see `refine`; 0: word2vec alone
    alpha: float = 0.025
    min_count: int = 5
    seed: int = 1
    workers: int = 1

    def __post_init__(self) -> None:
        at_least(self, MOST, refine=0, dim=1, window=1, negative=1, epochs=1, min_count=1, workers=1, seed=0)
        at_least(self, 4, ns_exponent=-4)
        if self.algorithm not in ("skipgram", "cbow"):
            raise UsageError(f"algorithm is '{self.algorithm}'; wanted skipgram or cbow.")

    @property
    def passes(self) -> int:
        """Passes over the corpus in both stages, once they are decided."""
        return (self.epochs or 0) + (self.refine or 0)

    def for_corpus(self, posts: int, tags: int) -> SpaceConfig:
        """These settings with the epochs of both stages decided, for `posts` posts of `tags` tags in all.

        20 epochs suit corpora of 200,000 tags and more; a small one needs more of them before its vectors move apart.
        The second stage has seen enough after REFINED posts, and needs more than one look at each.
        """
        epochs = min(max(20, round(SEEN / max(tags, 1))), 400) if self.epochs is None else self.epochs
        refine = min(max(2, round(REFINED / max(posts, 1))), 15) if self.refine is None else self.refine
        return replace(self, epochs=epochs, refine=refine)


# gensim's defaults, as in Singh et al. 2016: the settings of `--recipe seed` and of the baseline of that name.
SEED_RECIPE: dict[str, Any] = {"window": 5, "ns_exponent": 0.75, "epochs": 5, "refine": 0}


def word2vec_settings(config: SpaceConfig) -> dict[str, Any]:
    """`config` in gensim's words."""
    given = asdict(config)
    return {
        "vector_size": given.pop("dim"),
        "sg": int(given.pop("algorithm") == "skipgram"),
        "shrink_windows": config.window < WHOLE_SENTENCE,
        **{name: value for name, value in given.items() if name != "refine"},
    }


def fit_word2vec(
    corpus: Corpus, counts: dict[str, int], config: SpaceConfig, tick: Callable[[int], None] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Train on the sentences of `corpus` -> (input vectors (v, dim), output vectors (v, dim)), rows as in `counts`.

    `counts` says in how many posts each stem stands. Stems that it lacks are left out, so memory does not grow with
    them. `tick` is called with the number of finished epochs. Raises UsageError for fewer than two stems.
    """
    if not counts:
        raise UsageError(
            f"No tag occurs in at least {config.min_count} posts. Give more posts, or a smaller --min-count."
        )
    if len(counts) < 2:
        raise UsageError("Only one tag is frequent enough; a tag space needs two. Give more posts.")
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
    model = Word2Vec(sorted_vocab=0, **settings)  # rows stay in the order of `counts`
    model.build_vocab_from_freq(counts, corpus_count=len(corpus))
    model.train(corpus, total_examples=len(corpus), epochs=epochs, callbacks=[Epochs()])
    return model.wv.vectors, model.syn1neg
