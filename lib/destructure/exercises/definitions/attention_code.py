"""Attention in code, for the exercises: right functions, random inputs, and imitations of every known mistake.

torch is imported inside the functions, so that exercises can be listed and shown without it. A mask is boolean and
True means visible, as in the whole course.
"""

from collections.abc import Callable
from itertools import product

PADDING = 0
BEGIN = 1

# --- attention with one head ---------------------------------------------------------------------------------


def attention_with(scale: str = "root of the width", axis: int = -1, masking: str = "hidden") -> Callable:
    """Build `attention(queries, keys, values, mask)`; every other setting than the default is a mistake."""

    def attention(queries, keys, values, mask):
        scores = queries @ keys.transpose(-2, -1) / _divisor(scale, queries, keys)
        weights = _masked(scores, mask, masking).softmax(dim=axis)
        if masking == "after the softmax":
            weights = weights * mask
        return weights @ values

    return attention


def _divisor(scale: str, queries, keys) -> float:
    width = queries.shape[-1]
    return {
        "root of the width": width**0.5,
        "none": 1.0,
        "width": float(width),
        "root of the number of keys": keys.shape[-2] ** 0.5,
        "multiplied": width**-0.5,
        "inside a head only": width**0.5,
    }[scale]


def _masked(scores, mask, masking: str):
    lowest = float("-inf")
    if masking == "hidden":
        return scores.masked_fill(~mask, lowest)
    if masking == "inverted":
        return scores.masked_fill(mask, lowest)
    if masking == "added":
        return scores + mask
    if masking == "multiplied":
        return scores * mask
    return scores  # ignored, or only applied after the softmax


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


# --- attention with several heads ----------------------------------------------------------------------------


def multi_head_with(
    split: str = "by head", merge: str = "by head", output: bool = True, **single
) -> Callable:
    """Build `multi_head_attention(states, memory, mask, weights, heads)`; the default is right."""
    inner = {"scale": "root of the width", "masking": "hidden"} | single
    full_width = inner.pop("full_width", False)

    def multi_head_attention(states, memory, mask, weights, heads):
        batch, width = states.shape[0], states.shape[-1]

        def heads_of(vectors):
            length = vectors.shape[1]
            if split == "bare view":
                return vectors.reshape(batch, heads, length, width // heads)
            if split == "not at all":
                return vectors.unsqueeze(1)
            return vectors.reshape(batch, length, heads, width // heads).transpose(1, 2)

        queries = heads_of(states @ weights["query"])
        keys = heads_of(memory @ weights["key"])
        values = heads_of(memory @ weights["value"])
        if full_width:  # √width where √(width / heads) belongs
            queries = queries / heads**0.5
        averages = attention_with(**inner)(queries, keys, values, mask.unsqueeze(1))
        if merge == "by head":
            averages = averages.transpose(1, 2)
        merged = averages.reshape(batch, states.shape[1], width)
        return merged @ weights["output"] if output else merged

    return multi_head_attention


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


# --- masks and targets ---------------------------------------------------------------------------------------


def decoder_mask_with(
    shift: int = 0,
    padding: str = "keys",
    inverted: bool = False,
    causal: str = "earlier",
    additive: bool = False,
) -> Callable:
    """Build `decoder_mask(target)`; every other setting than the default is a mistake."""

    def decoder_mask(target):
        import torch

        length = target.shape[1]
        square = torch.ones(target.shape[0], length, length, dtype=torch.bool)
        visible = {"earlier": square.tril(shift), "later": square.triu(shift), "all": square}[causal]
        real = target != PADDING
        if padding == "keys":
            visible = visible & real.unsqueeze(1)
        if inverted:
            visible = ~visible
        return torch.zeros(visible.shape).masked_fill(~visible, float("-inf")) if additive else visible

    return decoder_mask


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


def shift_with(way: str = "right") -> Callable:
    """Build `shift_right(target, begin)`; every way but "right" is a mistake."""

    def shift_right(target, begin):
        import torch

        first = torch.full_like(target[:, :1], begin)
        return {
            "right": torch.cat([first, target[:, :-1]], dim=1),
            "not at all": target,
            "left": torch.cat([target[:, 1:], first], dim=1),
            "around": target.roll(1, dims=1),
            "longer": torch.cat([first, target], dim=1),
            "overwriting": torch.cat([first, target[:, 1:]], dim=1),
        }[way]

    return shift_right


def shift_cases() -> list[tuple]:
    """Batches of target ids and the id of `[BOS]`."""
    import torch

    generator = torch.Generator().manual_seed(19)
    return [
        (torch.randint(3, 90, (batch, length), generator=generator), BEGIN)
        for batch, length in ((1, 4), (3, 6), (2, 2), (4, 9))
    ]
