"""A conversation in which every reply is what the next turn works on."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from destructure.tasks.base import Pair, Split, Vocabulary, require_choice, require_split
from destructure.tasks.drawn import DrawnTask, require_fit, require_whole

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
        operations: those in use, any of `OPERATIONS`.
        train_examples, validation_examples, test_examples: how many conversations.
        split_seed: see `DrawnTask`.

    Raises:
        ValueError: if a dial is set to something that is not allowed, with what is.

    Example:
        >>> task = Turns(turns=2, digits=3, train_examples=10, validation_examples=1, test_examples=1)
        >>> talk = Conversation(("1", "2", "3"), ("reverse", "up"))
        >>> [(task.turn_texts(talk, turn)) for turn in (1, 2)]
        [('1 2 3 reverse', '3 2 1'), ('1 2 3 reverse 3 2 1 up', '4 3 2')]
    """

    turns: int = 4
    digits: int = 5
    operations: Sequence[str] = tuple(OPERATIONS)

    def __post_init__(self):
        super().__post_init__()
        require_whole("turns", self.turns, 1, 16)
        require_whole("digits", self.digits, 1, 12)
        operations = (self.operations,) if isinstance(self.operations, str) else tuple(self.operations)
        for operation in operations:
            require_choice("An operation", operation, list(OPERATIONS))
        if not operations or len(set(operations)) < len(operations):
            raise ValueError(f"operations is {operations}; name each operation once, at least one.")
        object.__setattr__(self, "operations", operations)
        require_fit(self.turns * (self.digits + 1), self.digits, "use fewer turns or digits")

    @property
    def name(self) -> str:
        """What is done, for titles and tables."""
        return f"{self.turns} turns on {self.digits} digits"

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """All tokens; the same whatever the dials."""
        return Vocabulary((*DIGITS, *OPERATIONS))

    def pairs(self, split: Split) -> tuple[Pair, ...]:
        """The pairs of all turns of all conversations, conversation by conversation."""
        require_split(split)
        if split not in self._pairs:
            self._pairs[split] = tuple(
                self.turn_pair(talk, turn)
                for talk in self.examples(split)
                for turn in range(1, self.turns + 1)
            )
        return self._pairs[split]

    def pairs_of_turn(self, split: Split, turn: int) -> tuple[Pair, ...]:
        """The pairs of one turn, 1 to `turns`, a conversation each."""
        require_whole("turn", turn, 1, self.turns)
        return self.pairs(split)[turn - 1 :: self.turns]

    def turn_pair(self, conversation: Conversation, turn: int) -> Pair:
        """One turn as ids: everything said before the reply, and the reply."""
        states, encode = conversation.states, self.vocabulary.encode
        said = [
            (*state, operation) for state, operation in zip(states, conversation.operations, strict=False)
        ]
        source = [token for part in said[:turn] for token in part]
        return Pair(tuple(encode(source)), tuple(encode(states[turn])))

    def turn_texts(self, conversation: Conversation, turn: int) -> tuple[str, str]:
        """One turn as text: what the model reads and what it should reply."""
        pair = self.turn_pair(conversation, turn)
        source, target = (" ".join(self.vocabulary.decode(ids)) for ids in (pair.source, pair.target))
        return source, target

    def pair(self, example: Conversation) -> Pair:
        """The last turn of a conversation as ids."""
        return self.turn_pair(example, len(example.operations))

    def _draw(self, generator: random.Random) -> Conversation:
        start = tuple(generator.choice(DIGITS) for _ in range(self.digits))
        return Conversation(start, tuple(generator.choice(self.operations) for _ in range(self.turns)))

    def _content(self, example: Conversation) -> State:
        # Not the whole conversation: two conversations that begin alike share their first turns.
        return example.start

    def _source(self, example: Conversation) -> list[str]:
        return self.vocabulary.decode(self.pair(example).source)

    def _target(self, example: Conversation) -> State:
        return example.states[-1]
