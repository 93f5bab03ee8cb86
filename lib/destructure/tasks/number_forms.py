"""Written forms of a number: how each is cut into tokens, and how what people type is made canonical."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

from destructure.tasks.number_words import (
    ENGLISH_ONES,
    ENGLISH_TENS,
    GERMAN_ONES,
    GERMAN_TENS,
    LARGEST,
    english,
    german,
    require_number,
)

Form = Literal["english", "german", "digits"]
Unit = Literal["words", "pieces", "characters"]

ENGLISH_WORDS = (*ENGLISH_ONES, *ENGLISH_TENS, "hundred", "thousand")
GERMAN_PIECES = (GERMAN_ONES[0], "ein", *GERMAN_ONES[1:], "und", *GERMAN_TENS, "hundert", "tausend")
SPACE = "␣"
"""The token for a space: a blank one could not be seen in a figure or a list of tokens."""

_NAMES: dict[Form, str] = {"english": "English words", "german": "German words", "digits": "digits"}
_LETTERS: dict[Form, str] = {
    "english": "".join(ENGLISH_WORDS),
    "german": "".join(GERMAN_PIECES),
    "digits": "0123456789",
}
# The longest piece first: "eins" before "ein", "dreizehn" before "drei".
_GERMAN_PIECE = re.compile("|".join(sorted(GERMAN_PIECES, key=len, reverse=True)))


class Spelling:
    """One written form of a number, cut into tokens that put together are the text again.

    Args:
        form: what is written: "english", "german" or "digits".
        unit: what a token is: "words", "pieces" (the parts of a German compound; English words, spaces and hyphens)
            or "characters". English words need no tokens for spaces and hyphens, since these follow from the words;
            German writes a number as one word, so there is one for each number.
        low, high: the numbers that German words have tokens for.

    Attributes:
        tokens: all tokens that `split` can return, each once, in a fixed order.
    """

    def __init__(self, form: Form, unit: Unit, low: int = 0, high: int = LARGEST):
        self.form, self.unit, self.range = form, unit, f"{low:,} to {high:,}"
        joints = ("-", SPACE) if form == "english" and unit != "words" else ()
        if unit == "characters":
            self.tokens = (*sorted(set(_LETTERS[form])), *joints)
        elif (form, unit) == ("german", "words"):
            self.tokens = tuple(map(german, range(low, high + 1)))
        else:
            self.tokens = (*(ENGLISH_WORDS if form == "english" else GERMAN_PIECES), *joints)

    def write(self, number: int) -> str:
        """Write a number in this form, canonically; ValueError outside 0 to 999,999."""
        return write(number, self.form)

    def split(self, text: str) -> list[str]:
        """Cut canonical text into tokens."""
        match self.form, self.unit:
            case _, "characters":
                return list(text.replace(" ", SPACE))
            case "english", "words":
                return re.split("[ -]", text)
            case "english", _:
                return re.findall(f"[a-z]+|-|{SPACE}", text.replace(" ", SPACE))
            case "german", "pieces":
                return german_pieces(text)
        if text not in self.tokens:
            raise ValueError(f"{text!r} is no number of the range {self.range}, and only these have a token.")
        return [text]

    def join(self, tokens: Sequence[str]) -> str:
        """Put tokens together again. Never fails: an untrained model may write any tokens in any order."""
        if (
            self.unit == "words"
        ):  # one German word is one number: a space shows that more than one is a mistake
            return join_english(tokens) if self.form == "english" else " ".join(tokens)
        return "".join(tokens).replace(SPACE, " ")

    def read(self, text: str) -> list[str]:
        """Cut what somebody typed into tokens.

        Characters can spell mistakes: there a misspelt word is taken, too, as long as it has known letters only.

        Raises:
            ValueError: naming the word or character that cannot be written with these tokens.
        """
        try:
            return self.split(tidy(text, self.form))
        except ValueError:
            can_be_misspelt = self.unit == "characters" and self.form != "digits"
            if not can_be_misspelt or not isinstance(text, str) or not text.strip():
                raise
        characters = self.split(" ".join(text.lower().split()))
        for character in characters:
            if character not in self.tokens:
                allowed = "".join(self.tokens)
                raise ValueError(
                    f"{character!r} in {text!r} is none of the characters of this task: {allowed}."
                )
        return characters


def write(number: int, form: Form) -> str:
    """Write a number canonically; ValueError outside 0 to 999,999."""
    return {"english": english, "german": german}.get(form, lambda number: str(require_number(number)))(
        number
    )


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
    """Tell in which of several forms a number is written (a single one is taken for granted); else ValueError."""
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
            raise ValueError(
                f"{word!r} is no English number word; write English words, such as {english(23)!r}."
            )
    return join_english(words)


def _tidy_german(text: str) -> str:
    for typed, meant in (
        ("ue", "ü"),
        ("oe", "ö"),
        ("ss", "ß"),
    ):  # none of the three occurs in a German number
        text = text.replace(typed, meant)
    return "".join(piece for word in re.split(r"[\s-]+", text) for piece in german_pieces(word))


def _tidy_digits(text: str) -> str:
    digits = re.sub(r"\s", "", text)
    if digits and not re.fullmatch("[0-9]+", digits):
        raise ValueError(f"{text!r} is no number in digits; use 0 to 9 only, such as '23'.")
    return str(require_number(int(digits))) if digits else ""


_TIDY = {"english": _tidy_english, "german": _tidy_german, "digits": _tidy_digits}
