"""Real text repeats itself: finding what nearly stands in another split, so that nobody is tested on it."""

from collections import Counter, defaultdict
from collections.abc import Iterable

_IN_A_ROW = 4  # words


class NearRepeats:
    """Texts to compare with: another text is `in` them if it nearly repeats one of them.

    It does if the two share half of the word sequences of the one that has fewer. Sequences are of four words in a
    row (all words of a shorter text), in small letters, without punctuation and digits.

    Args:
        texts: what is known.

    Example:
        >>> known = NearRepeats(["And God said, Let there be light:"])
        >>> "and God said: let there be a lamp" in known, "Let there be peace" in known
        (True, False)
    """

    def __init__(self, texts: Iterable[str]):
        self._having: dict[tuple[str, ...], list[int]] = defaultdict(list)
        self._sizes: list[int] = []
        self.update(texts)

    def update(self, texts: Iterable[str]) -> None:
        """Know these texts, too."""
        for place, text in enumerate(texts, start=len(self._sizes)):
            sequences = _word_sequences(text)
            self._sizes.append(len(sequences))
            for sequence in sequences:
                self._having[sequence].append(place)

    def __contains__(self, text: str) -> bool:
        own = _word_sequences(text)
        shared = Counter(place for sequence in own for place in self._having.get(sequence, ()))
        return any(2 * count >= min(len(own), self._sizes[place]) for place, count in shared.items())


def _word_sequences(text: str) -> set[tuple[str, ...]]:
    words = "".join(one if one.isalpha() else " " for one in text.lower()).split()
    starts = range(max(1, len(words) - _IN_A_ROW + 1))
    return {tuple(words[start : start + _IN_A_ROW]) for start in starts}
