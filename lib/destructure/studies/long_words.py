"""How far one fixed vector reaches in real weights: everyday words, spoken singly and written without a space.

The speller (`destructure.pretrained.spelling_to_sound`) hands one state from letters to sounds. It knows the sounds
of the single words; glued together they should sound like one after the other. The difference is counted in edits.
"""

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from destructure.pretrained.spelling import SpellingToSound

WORDS = (
    *(
        "garden",
        "window",
        "market",
        "butter",
        "doctor",
        "finger",
        "number",
        "winter",
        "summer",
        "letter",
        "river",
    ),
    *(
        "paper",
        "basket",
        "dinner",
        "corner",
        "master",
        "pocket",
        "rabbit",
        "ticket",
        "button",
        "kitchen",
        "blanket",
    ),
    *("candle", "hammer"),
)
"""Everyday words of five to seven letters; none sounds otherwise because another one follows."""
CHAINS = 60


def chains(words: int, how_many: int = CHAINS) -> list[tuple[str, ...]]:
    """Different words in random order, to be glued together; the same ones in each call.

    Raises:
        ValueError: if there are not so many different words.
    """
    if not 1 <= words <= len(WORDS):
        raise ValueError(
            f"A chain of {words} words was asked for; there are 1 to {len(WORDS)} different words."
        )
    random = Random(words)
    return [tuple(random.sample(WORDS, words)) for _ in range(how_many)]


def sounds(speller: "SpellingToSound", word: str) -> list[str]:
    """What the speller says, without the marks of stress; up to three sounds a letter.

    Raises:
        ValueError: if the word holds anything but letters.
    """
    from destructure.generate import greedy

    written = greedy(speller.model, speller.encode(word), longest=3 * len(word))[0]
    return [speller.phonemes[index].rstrip("012") for index in written]


def edits(said: Sequence[str], wanted: Sequence[str]) -> int:
    """The fewest sounds to insert, leave out or change that turn one sequence into the other (Levenshtein 1966)."""
    row = list(range(len(wanted) + 1))
    for place, one in enumerate(said, start=1):
        row, above = [place], row
        for column, other in enumerate(wanted, start=1):
            row.append(min(above[column] + 1, row[-1] + 1, above[column - 1] + (one != other)))
    return row[-1]


def glued(speller: "SpellingToSound", most: int = 5, how_many: int = CHAINS) -> list[dict[str, float]]:
    """Say chains of one to `most` words: one row for each number of words.

    Returns:
        Rows with `words`, `letters` (mean), `error` (edits for each sound wanted, over all chains), `said` (sounds
        said for each sound wanted) and `begins` (share of chains whose first three sounds are right).
    """
    single = {word: sounds(speller, word) for word in WORDS}
    rows = []
    for words in range(1, most + 1):
        pairs = [
            (sounds(speller, "".join(chain)), [sound for word in chain for sound in single[word]])
            for chain in chains(words, how_many)
        ]
        wanted = sum(len(right) for _, right in pairs)
        letters = [len("".join(chain)) for chain in chains(words, how_many)]
        rows.append(
            {
                "words": words,
                "letters": sum(letters) / len(letters),
                "error": sum(edits(said, right) for said, right in pairs) / wanted,
                "said": sum(len(said) for said, _ in pairs) / wanted,
                "begins": sum(said[:3] == right[:3] for said, right in pairs) / len(pairs),
            }
        )
    return rows
