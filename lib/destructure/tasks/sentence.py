"""The lecture's own example: one English sentence and its German translation, a token per word."""

from collections.abc import Sequence

from destructure.config import SPECIAL_TOKENS
from destructure.tasks.base import Pair, Split, Task, Vocabulary


class SentencePair(Task):
    """One sentence to translate, for looking at shapes, masks and arrows before any real training.

    The default is the lecture's pair (CS25 V4, 17:32 to 20:23), first used in the T5 paper (Raffel et al. 2020,
    figure 1). The only pair is for training; nothing is left to test on, so nothing can be claimed.

    Args:
        source: what the model reads.
        target: what it should write.

    Example:
        >>> task = SentencePair()
        >>> task.encode_source("That is good"), task.encode_target("Das ist gut")
        ((3, 4, 5), (6, 7, 8))
        >>> task.decode_target([6, 7, 8, 2])
        'Das ist gut'
    """

    def __init__(self, source: str = "That is good", target: str = "Das ist gut"):
        for side, text in (("source", source), ("target", target)):
            if not isinstance(text, str) or not text.strip():
                raise ValueError(f"The {side} is {text!r}; give a sentence of at least one word.")
        self.vocabulary = Vocabulary(list(dict.fromkeys(source.split() + target.split())))
        self._pair = Pair(self.encode_source(source), self.encode_target(target))

    def _make_pairs(self, split: Split) -> Sequence[Pair]:
        return (self._pair,) if split == "train" else ()

    def encode_source(self, text: str) -> tuple[int, ...]:
        """A sentence of this pair's words as ids, case forgiven; ValueError names a word that the pair has not."""
        words = self.vocabulary.tokens[len(SPECIAL_TOKENS) :]
        in_small_letters = {word.lower(): word for word in words}
        typed = text.split() if isinstance(text, str) else []
        if not typed:
            raise ValueError(f"The text is {text!r}; use words of this sentence pair: {', '.join(words)}.")
        found = [word if word in words else in_small_letters.get(word.lower()) for word in typed]
        if None in found:
            unknown = typed[found.index(None)]
            raise ValueError(f"{unknown!r} is not a word of this sentence pair; use {', '.join(words)}.")
        return tuple(self.vocabulary.encode(found))
