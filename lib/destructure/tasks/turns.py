"""A conversation in which every reply is what the next turn works on."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from destructure.tasks.base import Pair, Split, Vocabulary, require_whole
from destructure.tasks.drawn import DrawnTask, require_fit

DIGITS = tuple("0123456789")
State = tuple[str, ...]


def _shifted(state: State, by: int) -> State:
    return tuple(DIGITS[(int(digit) + by) % 10] for digit in state)


OPERATIONS: dict[str, Callable[[State], State]] = {
    "reverse": lambda state: state[::-1],
    "left": lambda state: state[1:] + state[:1],
    "right": lambda state: state[-1:] + state[:-1],
    "ends": lambda state: (state[-1], *state[1:-1], state[0]) if len(state) > 1 else state,
    "up": lambda state: _shifted(state, 1),
    "down": lambda state: _shifted(state, -1),
    "mirror": lambda state: tuple(DIGITS[9 - int(digit)] for digit in state),
}
"""What a turn can ask for. Each can be undone, so that a long conversation does not run into a few states.

"left" and "right" turn the digits round by one place, "ends" swaps the first and the last, "up" and "down" add and
subtract 1 from each digit (9 and 0 are neighbours), "mirror" takes each digit from 9.
"""


class Conversation(NamedTuple):
    """A first state and what the user asks for, turn by turn."""

    start: State
    operations: tuple[str, ...]

    @property
    def states(self) -> tuple[State, ...]:
        """The start and the reply of each turn: one more than there are turns."""
        states = [self.start]
        for operation in self.operations:
            states.append(OPERATIONS[operation](states[-1]))
        return tuple(states)


@dataclass(frozen=True, kw_only=True)
class Turns(DrawnTask):
    """Apply one operation a turn: x₁ = op₁(x₀), x₂ = op₂(x₁), ... The reply becomes the next turn's input.

    Each conversation of K turns gives K pairs. The source of a turn is everything said before its reply (x₀ op₁ x₁
    op₂ and so on, ending in an operation); the target is the reply. So source and target speak the same language, and
    a model that reads its input anew each turn reads about (K + 1) / 2 times the tokens of one that keeps what it has
    read (CS25 V4, 33:05). Splits share no first state.

    Args:
        turns: K, 1 to 16.
        digits: how many digits a state has, 1 to 12.
        train_examples, validation_examples, test_examples: how many conversations.
        split_seed: see `DrawnTask`.

    Raises:
        ValueError: if a dial is set to something that is not allowed, with what is.

    Example:
        >>> task = Turns(turns=2, digits=3, train_examples=10, validation_examples=1, test_examples=1)
        >>> talk = Conversation(("1", "2", "3"), ("reverse", "up"))
        >>> pair = task.turn_pair(talk, 2)
        >>> " ".join(task.vocabulary.decode(pair.source)), task.decode_target(pair.target)
        ('1 2 3 reverse 3 2 1 up', '4 3 2')
    """

    turns: int = 4
    digits: int = 5

    vocabulary = Vocabulary((*DIGITS, *OPERATIONS))

    def __post_init__(self):
        super().__post_init__()
        require_whole("turns", self.turns, 1, 16)
        require_whole("digits", self.digits, 1, 12)
        require_fit(self.turns * (self.digits + 1), self.digits, "use fewer turns or digits")

    def turn_pair(self, conversation: Conversation, turn: int) -> Pair:
        """One turn as ids, 1 to `turns`: everything said before the reply, and the reply."""
        states = conversation.states
        said = (
            (*state, operation) for state, operation in zip(states, conversation.operations, strict=False)
        )
        source = [token for part in list(said)[:turn] for token in part]
        return Pair(tuple(self.vocabulary.encode(source)), tuple(self.vocabulary.encode(states[turn])))

    def pair(self, example: Conversation) -> Pair:
        """The last turn of a conversation as ids."""
        return self.turn_pair(example, len(example.operations))

    def _make_pairs(self, split: Split) -> Iterator[Pair]:
        turns = range(1, self.turns + 1)
        return (self.turn_pair(talk, turn) for talk in self.examples(split) for turn in turns)

    def _draw(self, generator: random.Random) -> Conversation:
        start = tuple(generator.choice(DIGITS) for _ in range(self.digits))
        return Conversation(start, tuple(generator.choice(tuple(OPERATIONS)) for _ in range(self.turns)))

    def _content(self, example: Conversation) -> State:
        # Not the whole conversation: two conversations that begin alike share their first turns.
        return example.start

    def _source(self, example: Conversation) -> list[str]:
        return self.vocabulary.decode(self.pair(example).source)

    def _target(self, example: Conversation) -> State:
        return example.states[-1]
