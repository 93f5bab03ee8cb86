"""Messages and what they cost, for the exercises of notebook 10.

torch is imported inside the functions, so that exercises can be listed and shown without it.
"""

from collections.abc import Callable
from itertools import accumulate, product
from random import Random

from destructure.exercises import Variants
from destructure.exercises.kinds.run import agrees, every_row

CHATS = Variants("chat", "turns tokens", [(8, 50), *product((5, 6, 7, 9, 10, 12), (30, 40, 60, 80))])

# --- a mask from messages ----------------------------------------------------------------------------------------


def message_cases(more: int = 0) -> list[tuple]:
    """Message numbers of each token: one token, one message, a message per token, numbers left out; random ones."""
    import torch

    draw = Random("10.code.visible").randint
    cases = [[0], [0, 0, 0], [0, 1, 2, 3], [0, 0, 0, 1, 2], [2, 2, 5, 9, 9, 9], [0, 1, 1]]
    cases += [sorted(draw(0, 5) for _ in range(draw(2, 9))) for _ in range(more)]
    return [(torch.tensor(case),) for case in cases]


def whole_own_message(function: Callable, case: tuple) -> bool:
    """Tokens of one message see each other."""
    (messages,) = case
    mask = function(messages)
    return all(
        bool(mask[i][j]) for i, own in enumerate(messages) for j, other in enumerate(messages) if own == other
    )


def no_later_message(function: Callable, case: tuple) -> bool:
    """Nobody sees a message that came after."""
    (messages,) = case
    mask = function(messages)
    return not any(
        bool(mask[i][j]) for i, own in enumerate(messages) for j, other in enumerate(messages) if other > own
    )


# --- turns of one's own ------------------------------------------------------------------------------------------

WAYS = ("re-encode all", "by message", "causal")


def _again(rows: list[dict]) -> list[dict]:
    """What each way computes at each turn, from the lengths of the messages."""
    lengths, found = rows[0]["lengths"], []
    for way, (turn, (length, so_far)) in product(
        WAYS, enumerate(zip(lengths, accumulate(lengths), strict=True), start=1)
    ):
        before = so_far - length
        computed = so_far if way == "re-encode all" else length
        pairs = length * before + length * (length + 1) // 2 if way == "causal" else computed * so_far
        kept = 0 if way == "re-encode all" else before
        found.append({"way": way, "turn": turn, "tokens": computed, "pairs": pairs, "kept": kept})
    return found


def own_turns() -> list[dict]:
    """What a learner's run returns."""
    lengths = [3, 1, 6, 2, 8]
    return [{"lengths": lengths} | row for row in _again([{"lengths": lengths}])]


def own_messages(rows: list[dict]) -> bool | str:
    """One list of lengths everywhere, as asked for."""
    lengths = rows[0]["lengths"]
    if any(row["lengths"] != lengths for row in rows):
        return "The rows give different lists."
    whole = all(isinstance(each, int) and 1 <= each <= 12 for each in lengths)
    return whole and len(lengths) >= 4 and len(set(lengths)) > 1


every_turn = every_row(_again, "way turn")
tokens_again, pairs_again, kept_again = (
    agrees(_again, "way turn", name) for name in ("tokens", "pairs", "kept")
)
