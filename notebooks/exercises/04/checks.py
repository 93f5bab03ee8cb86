"""Attention, masks and targets, for the exercises of notebook 04. A mask is boolean; True means visible.

torch is imported inside the functions, so that exercises can be listed and shown without it.
"""

from collections.abc import Callable
from functools import cache
from itertools import combinations, product
from math import log
from random import Random

from destructure.exercises import Variants
from destructure.exercises.kinds.run import agrees
from destructure.structure import Structure

PADDING = 0

# --- variants ----------------------------------------------------------------------------------------------------


def _flipped(structure: Structure, *switches: str) -> Structure:
    return Structure(**{name: getattr(structure, name) ^ (name in switches) for name in Structure.SWITCHES})


PAIRS = Variants(
    "start and goal",
    "start goal",
    [("S1 S2 -- --", "S1 S2 S3 S4")]
    + [
        (start.code, _flipped(start, "final_layer_memory", other).code)
        for start, other in product(Structure.all(), Structure.SWITCHES)
        if other != "final_layer_memory"
    ],
)

SIZES = Variants(
    "sizes",
    "batch source target heads head_width",
    [(2, 5, 7, 4, 8)]
    + [
        sizes
        for sizes in product((2, 3), (5, 6, 9, 11), (7, 10, 12, 13), (4, 8), (14, 15, 16, 18))
        if len({*sizes, sizes[3] * sizes[4]}) == 6
    ],
)
"""All sizes of one variant differ, so that every swapped axis shows."""

_LAYERS_BY_SHARE = {
    round(decoder / (3 * encoder + 4 * decoder), 3): (encoder, decoder)
    for encoder, decoder in combinations(range(2, 13), 2)
}
LAYERS = Variants("layers", "encoder decoder", [(6, 6), *sorted(_LAYERS_BY_SHARE.values())])
"""Both depths differ (but for the default), no two variants have the same share, and every mistake shows."""

# --- attention with one head -------------------------------------------------------------------------------------


def attention_cases(more: int = 0) -> list[tuple]:
    """Queries, keys, values and masks of several shapes; every query sees at least one key, most of them not all."""
    import torch

    generator = torch.Generator().manual_seed(4)
    draw = Random("04.code.attention")
    cases = []
    shapes = [
        (1, 1, 2, 2),
        (1, 1, 1, 3),
        (1, 2, 2, 2),
        (1, 4, 4, 8),
        (2, 3, 5, 16),
        (3, 6, 6, 4),
        (2, 1, 7, 9),
        (2, 4, 4, 4),
    ]
    shapes += [tuple(draw.randint(1, most) for most in (3, 5, 6, 8)) for _ in range(more)]
    for number, (batch, targets, sources, width) in enumerate(shapes):
        queries, keys, values = (
            2 * torch.randn(batch, length, width, generator=generator)
            for length in (targets, sources, sources)
        )
        mask = torch.rand(batch, targets, sources, generator=generator) < 0.6
        seen = torch.randint(sources, (batch, targets, 1), generator=generator)
        mask.scatter_(-1, seen, torch.ones_like(mask))
        if targets == sources and number % 2:
            mask = torch.ones(batch, targets, sources, dtype=torch.bool).tril()
        cases.append((queries, keys, values, mask))
    return cases


def weights_add_to_one(function: Callable, case: tuple) -> bool:
    """If all values are 1, every average is 1."""
    import torch

    queries, keys, values, mask = case
    result = function(queries, keys, torch.ones_like(values), mask)
    return bool(torch.allclose(result, torch.ones_like(result), atol=1e-4))


def hidden_keys_are_not_read(function: Callable, case: tuple) -> bool:
    """Changing a key and value that a query may not see leaves that query's result alone."""
    import torch

    queries, keys, values, mask = case
    before = function(*case)
    for position in range(keys.shape[1]):
        changed = torch.arange(keys.shape[1])[:, None] == position
        after = function(queries, keys + 3.0 * changed, values - 5.0 * changed, mask)
        blind = ~mask[..., position]
        if not torch.allclose(before[blind], after[blind], atol=1e-4, equal_nan=True):
            return False
    return True


def order_of_keys_does_not_matter(function: Callable, case: tuple) -> bool:
    """Reversing keys, values and mask together changes nothing."""
    import torch

    queries, keys, values, mask = case
    reversed_case = (queries, keys.flip(-2), values.flip(-2), mask.flip(-1))
    return bool(torch.allclose(function(*case), function(*reversed_case), atol=1e-4, equal_nan=True))


# --- attention with several heads --------------------------------------------------------------------------------


def multi_head_cases(more: int = 0) -> list[tuple]:
    """States, memory, masks (padding, causal, scattered), weight matrices, and heads: one, several, one a number."""
    import torch

    generator = torch.Generator().manual_seed(17)
    draw = Random("04.code.multi_head")
    sizes = [
        (1, 1, 2, 2, 2),
        (1, 2, 2, 4, 2),
        (2, 4, 4, 16, 2),
        (2, 3, 5, 16, 4),
        (2, 4, 4, 12, 3),
        (2, 3, 4, 6, 1),
        (2, 2, 3, 4, 4),
    ]
    for _ in range(more):
        heads = draw.randint(1, 3)
        sizes.append(
            (draw.randint(1, 3), draw.randint(1, 4), draw.randint(1, 5), heads * draw.randint(1, 4), heads)
        )
    cases = []
    for batch, targets, sources, width, heads in sizes:
        mask = torch.rand(batch, targets, sources, generator=generator) < 0.6
        if targets == sources:
            mask = torch.ones_like(mask).tril()
        mask[..., 0] = True
        weights = {
            name: torch.randn(width, width, generator=generator) / 2
            for name in ("query", "key", "value", "output")
        }
        states, memory = (torch.randn(batch, each, width, generator=generator) for each in (targets, sources))
        cases.append((states, memory, mask, weights, heads))
    return cases


def hidden_memory_is_not_read(function: Callable, case: tuple) -> bool:
    """Changing the last memory state leaves alone whoever may not see it."""
    import torch

    states, memory, mask, weights, heads = case
    changed = memory.clone()
    changed[:, -1] += 3.0
    blind = ~mask[..., -1]
    before, after = function(*case), function(states, changed, mask, weights, heads)
    return bool(torch.allclose(before[blind], after[blind], atol=1e-4, equal_nan=True))


def output_matrix_is_used(function: Callable, case: tuple) -> bool:
    """Doubling the output matrix doubles the result."""
    import torch

    states, memory, mask, weights, heads = case
    doubled = weights | {"output": 2 * weights["output"]}
    twice = function(states, memory, mask, doubled, heads)
    return bool(torch.allclose(twice, 2 * function(*case), atol=1e-3, equal_nan=True))


def heads_are_independent(function: Callable, case: tuple) -> bool:
    """With an identity as output matrix, zeroing the last head's value columns zeroes only those columns."""
    import torch

    states, memory, mask, weights, heads = case
    width = states.shape[-1]
    last = slice(width - width // heads, width)
    value = weights["value"].clone()
    value[:, last] = 0
    with_identity = weights | {"output": torch.eye(width)}
    before = function(states, memory, mask, with_identity, heads)
    after = function(states, memory, mask, with_identity | {"value": value}, heads)
    rest = slice(0, width - width // heads)
    return bool(
        torch.allclose(before[..., rest], after[..., rest], atol=1e-4) and after[..., last].abs().max() < 1e-4
    )


# --- masks and targets -------------------------------------------------------------------------------------------


def target_cases(more: int = 0) -> list[tuple]:
    """Batches of target ids with padding behind the shorter ones, or in front of them, or none; with other ids, too.

    Padding behind a sentence is hidden by causality already; only padding in front shows whether it is masked.
    """
    import torch

    generator = torch.Generator().manual_seed(26)
    draw = Random("04.code.decoder_mask").randint
    cases = [(torch.tensor([[7, 5, 9]]),), (torch.tensor([[PADDING, 3, 1]]),), (torch.tensor([[-1, 1, -2]]),)]
    lengths_of = [(1,), (4, 2), (5, 5, 3), (3, 2, 1)]
    lengths_of += [tuple(draw(1, 6) for _ in range(draw(1, 3))) for _ in range(more)]
    for lengths in lengths_of:
        target = torch.randint(1, 50, (len(lengths), max(lengths)), generator=generator)
        for row, length in enumerate(lengths):
            target[row, length:] = PADDING
        cases += [(target,), (target.flip(1),)]
    return cases


def blank_padding_rows(result, inputs: tuple):
    """What a padding query sees is left open: blank it."""
    import torch

    (target,) = inputs
    result = torch.as_tensor(result)
    if result.dim() != 3:
        return result
    return result.masked_fill((target == PADDING).unsqueeze(2), 0)


def shift_cases(more: int = 0) -> list[tuple]:
    """Batches of target ids, a single one among them, with padding, and several ids of `[BOS]`."""
    import torch

    generator = torch.Generator().manual_seed(19)
    draw = Random("04.code.shift").randint
    cases = [
        (torch.tensor([[5, 6, 7]]), 40),
        (torch.tensor([[8]]), 1),
        (torch.tensor([[4, 2, 0], [9, 3, 2]]), 0),
    ]
    sizes = [(1, 4), (3, 6), (2, 2), (4, 9)] + [(draw(1, 4), draw(1, 7)) for _ in range(more)]
    return cases + [
        (torch.randint(0, 90, (batch, length), generator=generator), draw(0, 90)) for batch, length in sizes
    ]


# --- the task: a translator without the shift ------------------------------------------------------------------

ARMS = ("shifted", "not shifted")


@cache
def _numbers():
    from destructure.tasks.numbers import NumberTranslation

    return NumberTranslation(high=99_999, train_examples=5_000, held_out=((70_000, 79_999),))


def _marked(rows) -> list[dict]:
    return [{**row, "right": row["answer"] == _numbers().target_text(row["number"])} for row in rows]


def own_answers() -> list[dict]:
    """An example: one model that writes most numbers right, one that writes none."""
    numbers = [number for number in range(21_001, 21_400, 7) if number not in _learned()][:50]
    rows = [
        {
            "arm": arm,
            "number": number,
            "answer": _numbers().target_text(number) if arm == "shifted" else "null",
        }
        for arm in ARMS
        for number in numbers
    ]
    return _marked(rows)


@cache
def _learned() -> frozenset[int]:
    return frozenset(_numbers().numbers("train"))


def own_losses() -> list[dict]:
    """An example of two runs of 100 steps."""
    return [
        {"arm": arm, "steps": 100, "first": 4.3, "last": last}
        for arm, last in zip(ARMS, (0.41, 0.02), strict=True)
    ]


def equal_steps(rows) -> bool:
    """One row for each arm, both with the same number of steps, 60 or more."""
    steps = {row["arm"]: row["steps"] for row in rows}
    if sorted(row["arm"] for row in rows) != sorted(ARMS):
        return False
    return (len(set(steps.values())) == 1 and min(steps.values()) >= 60) or f"Yours had {steps}."


def possible_losses(rows) -> bool | str:
    """The loss of an untrained model is near that of a guess, and no loss is below 0."""
    for row in rows:
        if not (0 < row["last"] < row["first"] and abs(row["first"] - log(65)) < 1.5):
            return f"“{row['arm']}” gives {row['first']:.3g} and then {row['last']:.3g}."
    return True


def both_fall(rows) -> bool | str:
    """After 60 steps or more both have learned something; copying is learned sooner."""
    last = {row["arm"]: row["last"] for row in rows}
    if last["shifted"] < min(last["not shifted"], 1) and last["not shifted"] > 0.05:
        return "Yours did better than the one that copies: is each loss under its own arm?"
    return last["shifted"] < 3 and last["not shifted"] < 1


def same_unseen(rows) -> bool | str:
    """The same numbers for both models, at least 50, none seen in training."""
    asked = {arm: sorted(row["number"] for row in rows if row["arm"] == arm) for arm in ARMS}
    if seen := set(asked["shifted"]) & _learned():
        return f"{min(seen)} was in training."
    numbers, others = asked["shifted"], asked["not shifted"]
    same = numbers == others and len(set(numbers)) == len(numbers) >= 50
    return same or f"One wrote {len(set(numbers))}, the other {len(set(others))} different ones."


marked_right = agrees(_marked, "arm number", "right")
