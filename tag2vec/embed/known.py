"""What a model knows of its tags beside their vectors and forms, as far as the posts told."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tag2vec import artifact
from tag2vec.embed import languages, tagtrends
from tag2vec.embed.languages import Languages
from tag2vec.embed.space import TagSpace
from tag2vec.embed.tagtrends import TagTrends
from tag2vec.errors import ArtifactError
from tag2vec.scraping.corpus import Corpus

KINDS = {tagtrends.FOLDER: tagtrends.KIND, languages.FOLDER: languages.KIND}


@dataclass(frozen=True)
class Known:
    """`trends` of posts with dates, `languages` of posts that name theirs or look like one."""

    trends: TagTrends | None = None
    languages: Languages | None = None

    @classmethod
    def fit(cls, corpus: Corpus, space: TagSpace) -> Known:
        """What the posts of `corpus` tell of the tags of `space`."""
        return cls(TagTrends.fit(corpus, space), Languages.fit(corpus, space))

    @classmethod
    def load(cls, model: str | Path, space: TagSpace) -> Known:
        """What a model folder holds of `space`. Raises ArtifactError when something is damaged."""
        return cls(TagTrends.load(model, space), Languages.load(model, space))

    def save(self, model: str | Path, space: TagSpace) -> None:
        """Write into the model folder that `space` was saved to, and remove what is not known any more.

        Raises ArtifactError.
        """
        if not space.digest:
            raise ArtifactError("The tag space was not saved; save it into the same model folder first.")
        for folder, found in zip(KINDS, (self.trends, self.languages), strict=True):
            if found:
                found.save(model, space)
            elif (Path(model) / folder / artifact.MANIFEST).is_file():
                shutil.rmtree(Path(model) / folder)
