"""The two written forms of a number: how each is cut into tokens, and how what people type is made canonical."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

from destructure.tasks.number_words import (
    ENGLISH_ONES,
    ENGLISH_TENS,
    GERMAN_ONES,
    GERMAN_TENS,
    english,
    german,
)

Language = Literal["english", "german"]

ENGLISH_WORDS = (*ENGLISH_ONES, *ENGLISH_TENS, "hundred", "thousand")
GERMAN_PIECES = (GERMAN_ONES[0], "ein", *GERMAN_ONES[1:], "und", *GERMAN_TENS, "hundert", "tausend")
TOKENS: dict[Language, tuple[str, ...]] = {"english": ENGLISH_WORDS, "german": GERMAN_PIECES}
"""A token is an English word, or a part of the one word that a number is in German; no token is in both."""

# The longest piece first: "eins" before "ein", "dreizehn" before "drei".
_GERMAN_PIECE = re.compile("|".join(sorted(GERMAN_PIECES, key=len, reverse=True)))


def write(number: int, language: Language) -> str:
    """Write a number canonically; ValueError outside 0 to 999,999."""
    return english(number) if language == "english" else german(number)


def split(text: str, language: Language) -> list[str]:
    """Cut canonical text into tokens."""
    return re.split("[ -]", text) if language == "english" else german_pieces(text)


def join(tokens: Sequence[str], language: Language) -> str:
    """Put tokens together again. Never fails: an untrained model may write any tokens in any order."""
    return join_english(tokens) if language == "english" else "".join(tokens)


def tidy(text: str, language: Language) -> str:
    """Make typed text canonical, so far as it is made of number words; whether they make sense is not checked.

    Case and surplus spaces never matter. English: commas and "and" are dropped, "twenty three" becomes
    "twenty-three". German: spaces and hyphens are dropped; fuenf, zwoelf and dreissig are understood.

    Raises:
        ValueError: if the text is empty or has a word of no number; the message names the word.
    """
    clean = _tidy_english if language == "english" else _tidy_german
    tidied = clean(unicodedata.normalize("NFC", text).lower()) if isinstance(text, str) else ""
    if not tidied:
        words = f"{language.capitalize()} words"
        raise ValueError(f"{text!r} is no number; write one in {words}, such as {write(23, language)!r}.")
    return tidied


def recognise(text: str, languages: Sequence[Language]) -> Language:
    """Tell in which of several languages a number is written (a single one is taken for granted); else ValueError."""
    if len(languages) == 1:
        return languages[0]
    for language in languages:
        try:
            tidy(text, language)
        except ValueError:
            continue
        return language
    names = " or ".join(f"{language.capitalize()} words" for language in languages)
    examples = " or ".join(repr(write(23, language)) for language in languages)
    raise ValueError(f"{text!r} is no number in {names}; write one such as {examples}.")


def join_english(words: Sequence[str]) -> str:
    """Put English words together: a hyphen between tens and units, a space everywhere else."""
    text = ""
    for before, word in zip(("", *words), words, strict=False):
        if text:
            text += "-" if before in ENGLISH_TENS and word in ENGLISH_ONES[1:10] else " "
        text += word
    return text


def german_pieces(text: str) -> list[str]:
    """Cut a German number into its parts, the longest known one first; ValueError names a rest that is none."""
    pieces, position = [], 0
    while position < len(text):
        piece = _GERMAN_PIECE.match(text, position)
        if piece is None:
            raise ValueError(
                f"{text[position:]!r} in {text!r} is no part of a German number; write German words, such as "
                f"{german(23)!r}."
            )
        pieces.append(piece.group())
        position = piece.end()
    return pieces


def _tidy_english(text: str) -> str:
    words = [word for word in re.split(r"[\s,-]+", text) if word and word != "and"]
    for word in words:
        if word not in ENGLISH_WORDS:
            raise ValueError(f"{word!r} is no English number word; write words, such as {english(23)!r}.")
    return join_english(words)


def _tidy_german(text: str) -> str:
    for typed, meant in {"ue": "ü", "oe": "ö", "ss": "ß"}.items():  # none of the three is in a German number
        text = text.replace(typed, meant)
    return "".join(piece for word in re.split(r"[\s-]+", text) for piece in german_pieces(word))
