"""Reading what people type: a written number made canonical, or one sentence about what cannot be read."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Literal

from destructure.tasks.number_words import (
    ENGLISH_ONES,
    ENGLISH_TENS,
    GERMAN_ONES,
    GERMAN_TENS,
    english,
    german,
    require_number,
)

Form = Literal["english", "german", "digits"]

ENGLISH_WORDS = (*ENGLISH_ONES, *ENGLISH_TENS, "hundred", "thousand")
GERMAN_PIECES = (GERMAN_ONES[0], "ein", *GERMAN_ONES[1:], "und", *GERMAN_TENS, "hundert", "tausend")

# The longest piece first: "eins" before "ein", "dreizehn" before "drei".
_GERMAN_PIECE = re.compile("|".join(sorted(GERMAN_PIECES, key=len, reverse=True)))


def write(number: int, form: Form) -> str:
    """Write a number canonically. Raises ValueError outside 0 to 999,999."""
    return _WRITE[form](number)


def tidy(text: str, form: Form) -> str:
    """Make typed text canonical, so far as it is made of number words; whether they make sense is not checked.

    Case and surplus spaces never matter. English: commas and "and" are dropped, "twenty three" becomes
    "twenty-three". German: spaces and hyphens are dropped; fuenf, zwoelf and dreissig are understood.

    Raises:
        ValueError: if the text is empty or has a word of no number; the message names the word.
    """
    tidied = _TIDY[form](unicodedata.normalize("NFC", text).lower()) if isinstance(text, str) else ""
    if not tidied:
        raise ValueError(f"{text!r} is no number; write one in {_NAMES[form]}, such as {write(23, form)!r}.")
    return tidied


def recognise(text: str, forms: Sequence[Form]) -> Form:
    """Tell in which of several forms a number is written; a single form is taken for granted.

    Raises:
        ValueError: if it is none of them.
    """
    if len(forms) == 1:
        return forms[0]
    for form in forms:
        try:
            tidy(text, form)
        except ValueError:
            continue
        return form
    examples = " or ".join(repr(write(23, form)) for form in forms)
    raise ValueError(
        f"{text!r} is no number in {' or '.join(map(_NAMES.get, forms))}; write one such as {examples}."
    )


def join_english(words: Sequence[str]) -> str:
    """Put English words together: a hyphen between tens and units, a space everywhere else."""
    text = ""
    for before, word in zip(("", *words), words, strict=False):
        if text:
            text += "-" if before in ENGLISH_TENS and word in ENGLISH_ONES[1:10] else " "
        text += word
    return text


def german_pieces(text: str) -> list[str]:
    """Cut a German number into its parts, the longest known one first.

    Raises:
        ValueError: naming the rest that begins with no known part.
    """
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
            raise ValueError(
                f"{word!r} is no English number word; write English words, such as {english(23)!r}."
            )
    return join_english(words)


def _tidy_german(text: str) -> str:
    for typed, meant in (
        ("ue", "ü"),
        ("oe", "ö"),
        ("ss", "ß"),
    ):  # none of these three occurs in a German number
        text = text.replace(typed, meant)
    return "".join(piece for word in re.split(r"[\s-]+", text) for piece in german_pieces(word))


def _tidy_digits(text: str) -> str:
    digits = re.sub(r"\s", "", text)
    if digits and not re.fullmatch("[0-9]+", digits):
        raise ValueError(f"{text!r} is no number in digits; use 0 to 9 only, such as '23'.")
    return str(require_number(int(digits))) if digits else ""


_WRITE: dict[Form, Callable[[int], str]] = {
    "english": english,
    "german": german,
    "digits": lambda number: str(require_number(number)),
}
_TIDY: dict[Form, Callable[[str], str]] = {
    "english": _tidy_english,
    "german": _tidy_german,
    "digits": _tidy_digits,
}
_NAMES: dict[Form, str] = {"english": "English words", "german": "German words", "digits": "digits"}
