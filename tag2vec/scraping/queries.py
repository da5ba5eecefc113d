"""What to ask live sources for: queries from a file, or the most common words of a language."""

from __future__ import annotations

from pathlib import Path

from tag2vec.errors import SourceError, UsageError, importing


def from_file(path: Path) -> list[str]:
    """The queries of a UTF-8 text file, one a line, each once. Raises SourceError."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"Cannot read the queries {path}: {error}. Wanted UTF-8 text, one query a line.") from error
    found = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if not found:
        raise SourceError(f"{path} holds no queries; wanted one a line.")
    return found


def common_words(count: int, language: str = "en") -> list[str]:
    """The `count` most common words of a language, most common first: words with a letter, no numbers.

    The way of Singh et al. (2016), who collected their hashtags with 17,000 common English words.
    """
    if count < 1:
        raise UsageError(f"--common-words is {count}; wanted 1 or more.")
    with importing("--common-words", "wordfreq", "text"):
        from wordfreq import top_n_list
    try:
        words = top_n_list(language, count + count // 5 + 100)
    except LookupError as error:
        raise UsageError(f"There is no list of common words for the language '{language}'.") from error
    letters = [word for word in words if any(map(str.isalpha, word))][:count]
    if len(letters) < count:
        raise UsageError(f"--common-words is {count}; the list for '{language}' has {len(letters)}.")
    return letters
