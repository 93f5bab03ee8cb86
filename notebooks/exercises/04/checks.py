"""Attention, masks and targets, for the exercises of notebook 04. A mask is boolean; True means visible.

torch is imported inside the functions, so that exercises can be listed and shown without it.
"""

from collections.abc import Callable
from itertools import combinations, product

from destructure.exercises import Variants
from destructure.structure import Structure

PADDING = 0
BEGIN = 1

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


def attention_cases() -> list[tuple]:
    """Queries, keys, values and masks of several shapes; every query sees at least one key and misses one."""
    import torch

    generator = torch.Generator().manual_seed(4)
    cases = []
    for batch, targets, sources, width, causal in (
        (1, 4, 4, 8, True),
        (2, 3, 5, 16, False),
        (3, 6, 6, 4, True),
        (2, 1, 7, 9, False),
    ):

        def random(*shape):
            return 2 * torch.randn(*shape, generator=generator)

        mask = torch.rand(batch, targets, sources, generator=generator) < 0.6
        mask[..., 0], mask[..., -1] = True, False
        if causal:
            mask = torch.ones(batch, targets, sources, dtype=torch.bool).tril()
        cases.append(
            (
                random(batch, targets, width),
                random(batch, sources, width),
                random(batch, sources, width),
                mask,
            )
        )
    return cases


def weights_add_to_one(function: Callable, case: tuple) -> bool:
    """If all values are 1, every average is 1."""
    import torch

    queries, keys, values, mask = case
    result = _first(function(queries, keys, torch.ones_like(values), mask))
    return bool(torch.allclose(result, torch.ones_like(result), atol=1e-4))


def hidden_keys_are_not_read(function: Callable, case: tuple) -> bool:
    """Changing a key and value that a query may not see leaves that query's result alone."""
    import torch

    queries, keys, values, mask = case
    position = keys.shape[-2] - 1
    keys, values = keys.clone(), values.clone()
    keys[:, position] += 3.0
    values[:, position] -= 5.0
    before = _first(function(*case))
    after = _first(function(queries, keys, values, mask))
    blind = ~mask[..., position]
    return bool(torch.allclose(before[blind], after[blind], atol=1e-4, equal_nan=True))


def order_of_keys_does_not_matter(function: Callable, case: tuple) -> bool:
    """Reversing keys, values and mask together changes nothing."""
    import torch

    queries, keys, values, mask = case
    reversed_case = (queries, keys.flip(-2), values.flip(-2), mask.flip(-1))
    return bool(
        torch.allclose(_first(function(*case)), _first(function(*reversed_case)), atol=1e-4, equal_nan=True)
    )


def _first(result):
    return result[0] if isinstance(result, tuple) else result


# --- attention with several heads --------------------------------------------------------------------------------


def multi_head_cases() -> list[tuple]:
    """States, memory, masks (padding and causal), four weight matrices and a number of heads."""
    import torch

    generator = torch.Generator().manual_seed(17)
    cases = []
    for (batch, targets, sources), heads in product(((2, 4, 4), (2, 3, 5)), (2, 4)):
        width = 16
        mask = torch.ones(batch, targets, sources, dtype=torch.bool)
        if targets == sources:
            mask = mask.tril()
        else:
            mask[0, :, -2:] = False  # padding
            mask[1, :, -1] = False
        weights = {
            name: torch.randn(width, width, generator=generator) / 2
            for name in ("query", "key", "value", "output")
        }
        states = torch.randn(batch, targets, width, generator=generator)
        memory = (
            states.clone() if targets == sources else torch.randn(batch, sources, width, generator=generator)
        )
        cases.append((states, memory, mask, weights, heads))
    return cases


def hidden_memory_is_not_read(function: Callable, case: tuple) -> bool:
    """Changing the last memory state leaves alone whoever may not see it."""
    import torch

    states, memory, mask, weights, heads = case
    changed = memory.clone()
    changed[:, -1] += 3.0
    blind = ~mask[..., -1]
    before, after = _first(function(*case)), _first(function(states, changed, mask, weights, heads))
    return bool(torch.allclose(before[blind], after[blind], atol=1e-4, equal_nan=True))


def output_matrix_is_used(function: Callable, case: tuple) -> bool:
    """Doubling the output matrix doubles the result."""
    import torch

    states, memory, mask, weights, heads = case
    doubled = weights | {"output": 2 * weights["output"]}
    twice = _first(function(states, memory, mask, doubled, heads))
    return bool(torch.allclose(twice, 2 * _first(function(*case)), atol=1e-3, equal_nan=True))


def heads_are_independent(function: Callable, case: tuple) -> bool:
    """With an identity as output matrix, zeroing the last head's value columns zeroes only those columns."""
    import torch

    states, memory, mask, weights, heads = case
    width = states.shape[-1]
    last = slice(width - width // heads, width)
    value = weights["value"].clone()
    value[:, last] = 0
    with_identity = weights | {"output": torch.eye(width)}
    before = _first(function(states, memory, mask, with_identity, heads))
    after = _first(function(states, memory, mask, with_identity | {"value": value}, heads))
    rest = slice(0, width - width // heads)
    return bool(
        torch.allclose(before[..., rest], after[..., rest], atol=1e-4) and after[..., last].abs().max() < 1e-4
    )


# --- masks and targets -------------------------------------------------------------------------------------------


def target_cases() -> list[tuple]:
    """Batches of target ids with padding behind the shorter ones, or in front of them.

    Padding behind a sentence is hidden by causality already; only padding in front shows whether it is masked.
    """
    import torch

    generator = torch.Generator().manual_seed(26)
    cases = []
    for lengths in ((4, 2), (5, 5, 3), (3, 2, 1)):
        target = torch.randint(2, 50, (len(lengths), max(lengths)), generator=generator)
        for row, length in enumerate(lengths):
            target[row, length:] = PADDING
            target[row, 0] = BEGIN
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


def shift_cases() -> list[tuple]:
    """Batches of target ids and the id of `[BOS]`."""
    import torch

    generator = torch.Generator().manual_seed(19)
    return [
        (torch.randint(3, 90, (batch, length), generator=generator), BEGIN)
        for batch, length in ((1, 4), (3, 6), (2, 2), (4, 9))
    ]
