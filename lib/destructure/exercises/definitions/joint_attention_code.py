"""One softmax over input and target, for an exercise of notebook 07: right and wrong functions, inputs, properties.

torch is imported inside the functions, so that exercises can be listed and shown without it.
"""

from collections.abc import Callable


def joint_with(mistake: str = "") -> Callable:
    """Build `joint_attention(queries, keys, values, memory_keys, memory_values)`; every mistake but "" is one."""

    def joint_attention(queries, keys, values, memory_keys, memory_values):
        import torch

        scale = 1.0 if mistake == "not scaled" else queries.shape[-1] ** 0.5
        target, source = len(keys), len(memory_keys)
        causal = torch.ones(target, target, dtype=torch.bool).tril()
        if mistake == "later target seen":
            causal = torch.ones_like(causal)
        hidden = float("-inf")
        own = (queries @ keys.T / scale).masked_fill(~causal, hidden)
        of_input = queries @ memory_keys.T / scale
        if mistake == "input hidden":
            return own.softmax(-1) @ values
        if mistake == "input causal":
            of_input = of_input.masked_fill(~torch.ones(target, source, dtype=torch.bool).tril(), hidden)
        if mistake in ("two softmaxes added", "two softmaxes averaged"):
            both = own.softmax(-1) @ values + of_input.softmax(-1) @ memory_values
            return both / 2 if mistake == "two softmaxes averaged" else both
        weights = torch.cat([of_input, own], dim=-1).softmax(-1)
        return weights @ torch.cat([memory_values, values])

    return joint_attention


def joint_cases() -> list[tuple]:
    """Queries, keys and values of the target, keys and values of the input; several lengths and widths."""
    import torch

    generator = torch.Generator().manual_seed(7)
    cases = []
    for target, source, width in ((4, 3, 8), (3, 5, 16), (1, 6, 4), (5, 1, 8)):

        def random(length, width=width):
            return 1.5 * torch.randn(length, width, generator=generator)

        cases.append((random(target), random(target), random(target), random(source), random(source)))
    return cases


def weights_of_a_row_sum_to_one(function: Callable, case: tuple) -> bool:
    """If all values are 1, those of the input too, every average is 1."""
    import torch

    queries, keys, values, memory_keys, memory_values = case
    ones = torch.ones_like(values), torch.ones_like(memory_values)
    result = function(queries, keys, ones[0], memory_keys, ones[1])
    return bool(torch.allclose(result, torch.ones_like(result), atol=1e-4))


def later_target_tokens_are_hidden(function: Callable, case: tuple) -> bool:
    """Changing the last target key and value leaves every earlier row alone."""
    import torch

    queries, keys, values, memory_keys, memory_values = case
    keys, values = keys.clone(), values.clone()
    keys[-1] += 2.0
    values[-1] -= 3.0
    before, after = function(*case)[:-1], function(queries, keys, values, memory_keys, memory_values)[:-1]
    return bool(torch.allclose(before, after, atol=1e-4))


def the_whole_input_is_seen(function: Callable, case: tuple) -> bool:
    """Changing the last value of the input changes every row."""
    queries, keys, values, memory_keys, memory_values = case
    changed = memory_values.clone()
    changed[-1] += 50.0
    moved = function(queries, keys, values, memory_keys, changed) - function(*case)
    return bool((moved.abs().amax(dim=-1) > 1e-6).all())
