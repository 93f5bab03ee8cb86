"""A ledger kept in conversation: where each thing is, so that replies are needed again in later turns."""

import random
from dataclasses import dataclass

from destructure.tasks.base import Vocabulary, require_whole
from destructure.tasks.drawn import DrawnTask

THINGS = ("ball", "cup", "key", "book", "lamp", "coin", "ring", "bell")
PLACES = ("hall", "shelf", "table", "box", "desk", "garden", "attic", "cellar")
LINES = tuple("123456789")
Message = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Ledger(DrawnTask):
    """Keep a ledger, a line per turn: a message says where a thing is, the reply says the place.

    "key in box": the box. "cup by 1": the place of line 1. "ring after 1": the next one, in a ring of places. What
    line 1 came to stands in the *reply* to the first message: what was written in one turn is read in another (CS25
    V4, 33:05). A whole conversation is one example: the source are its messages, three tokens each, the target its
    replies with `[BOS]` between them. Splits share no conversation (but messages).

    Args:
        turns: messages, each with its reply, 1 to 10.
        distance: how many turns before the last message the line stands that it names; `None` leaves that, and
            whether it names one, to chance.
        train_examples, validation_examples, test_examples, split_seed: see `DrawnTask`.

    Raises:
        ValueError: if a dial is set to something that is not allowed, with what is.

    Example:
        >>> Ledger.replies((("key", "in", "box"), ("cup", "by", "1"), ("cup", "after", "2"), ("key", "after", "3")))
        ['box', 'box', 'desk', 'garden']
    """

    turns: int = 8
    distance: int | None = None

    vocabulary = Vocabulary((*THINGS, *PLACES, *LINES, "in", "by", "after"))

    def __post_init__(self):
        super().__post_init__()
        require_whole("turns", self.turns, 1, len(LINES) + 1)
        if self.distance is not None:
            require_whole("distance", self.distance, 1, self.turns - 1)

    @staticmethod
    def replies(messages: tuple[Message, ...]) -> list[str]:
        """The right reply to each message, a place."""
        replies: list[str] = []
        for _, how, what in messages:
            place = PLACES.index(what if how == "in" else replies[int(what) - 1])
            replies.append(PLACES[(place + (how == "after")) % len(PLACES)])
        return replies

    def _draw(self, generator: random.Random) -> tuple[Message, ...]:
        messages = []
        for turn in range(self.turns):
            how, what = generator.choice(("in", "by", "after")) if turn else "in", generator.choice(PLACES)
            if self.distance is not None and turn == self.turns - 1:
                how, what = generator.choice(("by", "after")), LINES[turn - self.distance]
            elif how != "in":
                what = generator.choice(LINES[:turn])
            messages.append((generator.choice(THINGS), how, what))
        return tuple(messages)

    def _content(self, example: tuple[Message, ...]) -> tuple[Message, ...]:
        return example

    def _source(self, example: tuple[Message, ...]) -> list[str]:
        return [token for message in example for token in message]

    def _target(self, example: tuple[Message, ...]) -> list[str]:
        return " [BOS] ".join(self.replies(example)).split()
