"""The ways to choose the next token, as plain data. No torch here."""

import math
from dataclasses import dataclass

from destructure.config import require_whole


@dataclass(frozen=True)
class Greedy:
    """Always the most probable next token."""


@dataclass(frozen=True)
class Sampling:
    """Draw each next token at random, with the model's own probabilities or a changed form of them.

    Attributes:
        temperature: the logits are divided by it: below 1 the probable becomes more probable, above 1 less.
        top_k: only the k most probable tokens can be drawn; `None` for all (Fan 2018, arXiv:1805.04833).
        top_p: only the fewest most probable tokens that together reach this probability can be drawn, also called
            nucleus sampling; `None` for all (Holtzman 2019, arXiv:1904.09751). Applied after temperature and top_k.
        seed, first_row: what fixes the draws: each row has a stream of its own, by the seed and the row's number; of
            the first row, where a larger batch is worked through in parts.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    seed: int = 0
    first_row: int = 0

    def __post_init__(self):
        require_sampling(self.temperature, self.top_k, self.top_p)
        require_whole("seed", self.seed, lowest=0)
        require_whole("first_row", self.first_row, lowest=0)


@dataclass(frozen=True)
class Beam:
    """Keep the best few beginnings at every step, and give the best of them in the end (beam search).

    Attributes:
        width: how many beginnings are kept; 1 is the same as `Greedy`.
        length_penalty: texts are compared by log-probability / length ** length_penalty, the length in tokens with
            the end token. 0 compares whole texts, which favours short ones; 1 compares the mean per token.
    """

    width: int = 4
    length_penalty: float = 1.0

    def __post_init__(self):
        require_whole("width", self.width, lowest=1)
        if not _is_number(self.length_penalty) or not 0 <= self.length_penalty < math.inf:
            raise ValueError(
                f"length_penalty is {self.length_penalty!r}; it must be a number of 0 or more, such as 1.0 to "
                "compare texts by their mean per token."
            )


def require_sampling(temperature, top_k, top_p) -> None:
    """Check the three numbers that shape the probabilities; ValueError says what is allowed and what to do."""
    if not _is_number(temperature) or not 0 < temperature < math.inf:
        raise ValueError(
            f"temperature is {temperature!r}; it must be a number above 0; for the most probable token each time, "
            "use Greedy()."
        )
    if top_k is not None:
        require_whole("top_k", top_k, lowest=1, otherwise=", or None to keep all tokens")
    if top_p is not None and not (_is_number(top_p) and 0 < top_p <= 1):
        raise ValueError(
            f"top_p is {top_p!r}; it must be a number above 0 and at most 1, such as 0.9, or None to keep all tokens."
        )


def _is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
