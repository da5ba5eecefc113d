"""What a model knows of its tags beside their vectors and forms, as far as the posts told."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tag2vec import artifact
from tag2vec.embed import tagtrends
from tag2vec.embed.space import TagSpace
from tag2vec.embed.tagtrends import TagTrends
from tag2vec.errors import ArtifactError
from tag2vec.scraping.corpus import Corpus

KINDS = {tagtrends.FOLDER: tagtrends.KIND}


@dataclass(frozen=True)
class Known:
    """`trends` of posts with dates."""

    trends: TagTrends | None = None

    @classmethod
    def fit(cls, corpus: Corpus, space: TagSpace) -> Known:
        """What the posts of `corpus` tell of the tags of `space`."""
        return cls(TagTrends.fit(corpus, space))

    @classmethod
    def load(cls, model: str | Path, space: TagSpace) -> Known:
        """What a model folder holds of `space`. Raises ArtifactError when something is damaged."""
        return cls(TagTrends.load(model, space))

    def save(self, model: str | Path, space: TagSpace) -> None:
        """Write into the model folder that `space` was saved to, and remove what is not known any more.

        Raises ArtifactError.
        """
        if not space.digest:
            raise ArtifactError("The tag space was not saved; save it into the same model folder first.")
        for folder, found in {tagtrends.FOLDER: self.trends}.items():
            if found:
                found.save(model, space)
            elif (Path(model) / folder / artifact.MANIFEST).is_file():
                shutil.rmtree(Path(model) / folder)
