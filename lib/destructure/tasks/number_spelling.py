"""Ways to cut a written number into tokens: words, pieces or characters. Joining undoes the cut exactly."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Literal

from destructure.tasks.number_reading import (
    ENGLISH_WORDS,
    GERMAN_PIECES,
    Form,
    german_pieces,
    join_english,
    tidy,
    write,
)

Unit = Literal["words", "pieces", "characters"]

SPACE = "␣"
"""The token for a space: a blank one could not be seen in a figure or a list of tokens."""


class Spelling(ABC):
    """One written form of a number, cut into tokens that put together are the text again.

    Attributes:
        form: which form is written: "english", "german" or "digits".
        tokens: all tokens that `split` can return, each once, in a fixed order.
    """

    def __init__(self, form: Form, tokens: Iterable[str]):
        self.form = form
        self.tokens = tuple(tokens)

    def write(self, number: int) -> str:
        """Write a number in this form, canonically. Raises ValueError outside 0 to 999,999."""
        return write(number, self.form)

    @abstractmethod
    def split(self, text: str) -> list[str]:
        """Cut canonical text into tokens."""

    def join(self, tokens: Sequence[str]) -> str:
        """Put tokens together again. Never fails: an untrained model may write any tokens in any order."""
        return "".join(tokens).replace(SPACE, " ")

    def read(self, text: str) -> list[str]:
        """Cut what somebody typed into tokens.

        Raises:
            ValueError: naming the word that cannot be written with these tokens.
        """
        return self.split(tidy(text, self.form))


class Characters(Spelling):
    """Any form, a token a letter or digit."""

    def __init__(self, form: Form):
        letters = {
            "english": "".join(ENGLISH_WORDS),
            "german": "".join(GERMAN_PIECES),
            "digits": "0123456789",
        }
        joints = ("-", SPACE) if form == "english" else ()
        super().__init__(form, (*sorted(set(letters[form])), *joints))

    def split(self, text: str) -> list[str]:
        """Cut between all characters."""
        return list(text.replace(" ", SPACE))

    def read(self, text: str) -> list[str]:
        """Cut what somebody typed; misspelt words are taken too, as long as they have known letters only.

        Raises:
            ValueError: naming the character that is no token, or the reason why this is no number in digits.
        """
        try:
            return super().read(text)
        except ValueError:
            if self.form == "digits" or not isinstance(text, str) or not text.strip():
                raise
        characters = self.split(" ".join(text.lower().split()))
        for character in characters:
            if character not in self.tokens:
                allowed = "".join(self.tokens)
                raise ValueError(
                    f"{character!r} in {text!r} is none of the characters of this task: {allowed}."
                )
        return characters


class EnglishWords(Spelling):
    """English, a token a word; spaces and hyphens follow from the words, so they need no tokens."""

    def __init__(self):
        super().__init__("english", ENGLISH_WORDS)

    def split(self, text: str) -> list[str]:
        """Cut at spaces and hyphens."""
        return re.split("[ -]", text)

    def join(self, tokens: Sequence[str]) -> str:
        """Write a hyphen between tens and units and a space everywhere else."""
        return join_english(tokens)


class EnglishPieces(Spelling):
    """English words, hyphens and spaces as tokens: put one behind the other they are the text."""

    def __init__(self):
        super().__init__("english", (*ENGLISH_WORDS, "-", SPACE))

    def split(self, text: str) -> list[str]:
        """Cut around spaces and hyphens, keeping them."""
        return re.findall(f"[a-z]+|-|{SPACE}", text.replace(" ", SPACE))


class GermanPieces(Spelling):
    """The parts of a German compound as tokens: drei|und|zwanzig|tausend."""

    def __init__(self):
        super().__init__("german", GERMAN_PIECES)

    def split(self, text: str) -> list[str]:
        """Cut off the longest known piece, again and again."""
        return german_pieces(text)


class GermanWords(Spelling):
    """German, a token a word, which means one token for each number from `low` to `high`."""

    def __init__(self, low: int, high: int):
        super().__init__("german", (write(number, "german") for number in range(low, high + 1)))
        self.range = f"{low:,} to {high:,}"

    def split(self, text: str) -> list[str]:
        """Take the word whole.

        Raises:
            ValueError: if the word names a number outside the range.
        """
        if text not in self.tokens:
            raise ValueError(f"{text!r} is no number of the range {self.range}, and only these have a token.")
        return [text]

    def join(self, tokens: Sequence[str]) -> str:
        """One token is one number; more than one is a mistake, and the space shows it."""
        return " ".join(tokens)


def spellings(units: dict[Form, Unit], low: int, high: int, most_tokens: int) -> dict[Form, Spelling]:
    """Build the spelling of each form in its unit.

    Args:
        units: the unit for each form in use; digits have "characters" only.
        low, high: the range that German words have tokens for.
        most_tokens: how many tokens the spellings may have together.

    Raises:
        ValueError: if German words would need more.
    """
    if units.get("german") == "words":
        others = {form: unit for form, unit in units.items() if form != "german"}
        room = most_tokens - sum(
            len(other.tokens) for other in spellings(others, low, high, most_tokens).values()
        )
        count = high - low + 1
        if count > room:
            raise ValueError(
                f"german_tokens='words' needs one token for each of the {count:,} numbers, but the vocabulary "
                f"has room for {room}; use 'pieces' or 'characters', or a range of at most {room} numbers."
            )
    return {form: _spelling(form, unit, low, high) for form, unit in units.items()}


def _spelling(form: Form, unit: Unit, low: int, high: int) -> Spelling:
    if unit == "characters":
        return Characters(form)
    if form == "english":
        return EnglishWords() if unit == "words" else EnglishPieces()
    return GermanWords(low, high) if unit == "words" else GermanPieces()
