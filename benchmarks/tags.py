"""Tag completion: `python -m benchmarks.tags --train POSTS --test POSTS [--name NAME]`.

Beside the baselines of `evaluate tags` stand the libraries as one finds them, with defaults of their own, on the tags
of the space. gensim's Word2Vec (CBOW) is asked in both of its ways, for the nearest tags (`most_similar`) and for the
word of a context (`predict_output_word`); its FastText learns skip-grams, as that of Bojanowski et al. 2017.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import header, keep, table
from tag2vec import Corpus, TagSpace
from tag2vec.embed.units import units
from tag2vec.evaluation.baselines import BASELINES, Scorer
from tag2vec.evaluation.tags import evaluate_tags
from tag2vec.evaluation.tags import table as rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--name", default="tags")
    given = parser.parse_args()
    run(given.train, given.test, given.name)


def run(train: Path, test: Path, name: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        corpus = Corpus.build(train, Path(scratch) / "corpus")
        TagSpace.fit(corpus).save(Path(scratch) / "model")
        report = evaluate_tags(Path(scratch) / "model", test, baselines={**BASELINES, **LIBRARIES})
    facts = (
        f"{len(corpus):,} training posts, {report['vocabulary']:,} tags, {report['queries']:,} queries in "
        f"{report['groups']:,} groups, 100-d"
    )
    lines = [f"# Tag completion, {name}", "", *header([train, test]), "", facts, "", *table(*rows(report))]
    keep(name, lines + [f"\n{base} is left out: {reason}" for base, reason in report["left_out"].items()])


def gensim_similar(space: TagSpace, corpus: Corpus) -> Scorer:
    model = _word2vec(space, corpus)
    return _near(model.wv[_stems(space)])


def gensim_predict(space: TagSpace, corpus: Corpus) -> Scorer:
    model = _word2vec(space, corpus)
    rows = [model.wv.key_to_index[stem] for stem in _stems(space)]
    inputs, outputs = model.wv.vectors[rows], model.syn1neg[rows]

    def score(given: Sequence[list[int]]) -> NDArray[np.float32]:
        """The probability is the softmax of these products, in the same order."""
        products: NDArray[np.float32] = np.stack([inputs[one].mean(axis=0) for one in given]) @ outputs.T
        return products

    return score


def fasttext(space: TagSpace, corpus: Corpus) -> Scorer:
    from gensim.models import FastText

    model = FastText(corpus, sg=1, min_count=space.config["min_count"], workers=1, seed=space.config["seed"])
    return _near(model.wv[_stems(space)])


LIBRARIES = {"gensim_similar": gensim_similar, "gensim_predict": gensim_predict, "fasttext": fasttext}


def _word2vec(space: TagSpace, corpus: Corpus) -> Any:
    from gensim.models import Word2Vec

    return Word2Vec(corpus, min_count=space.config["min_count"], workers=1, seed=space.config["seed"])


def _near(vectors: NDArray[np.float32]) -> Scorer:
    """Cosine to the mean of the given tags' unit vectors."""
    unit = units(vectors)
    return lambda given: np.stack([unit[one].mean(axis=0) for one in given]) @ unit.T


def _stems(space: TagSpace) -> list[str]:
    return [entry.stem for entry in space.entries]


if __name__ == "__main__":
    main()
