"""One softmax over input and target, and counted riddles, for the exercises of notebook 07.

torch is imported inside the functions, so that exercises can be listed and shown without it.
"""

from collections.abc import Callable
from itertools import pairwise
from random import Random

from destructure.config import TransformerConfig
from destructure.cost import forward_flops, non_embedding_parameters
from destructure.exercises import Variants
from destructure.exercises.kinds.run import agrees, every_row
from destructure.structure import Structure

SIZE = TransformerConfig(vocabulary=1, width=512, layers=6, heads=8, max_length=1)
COEFFICIENT = {(True, True): 28, (False, True): 24, (True, False): 16, (False, False): 12}
"""Parameters of the stacks in units of L d², by S1 and S2."""

_FIRST = "-- S2 -- S4"
GOALS = Variants("goal", "goal", [_FIRST, *sorted({corner.code for corner in Structure.all()} - {_FIRST})])


def complement(code: str) -> str:
    """The corner in which every switch stands the other way."""
    structure = Structure.named(code)
    return Structure(*(not getattr(structure, switch) for switch in Structure.SWITCHES)).code


def _telling(source: int, target: int) -> bool:
    """Whether every named mistake lies far enough from the right answer, and from the others."""
    saved, whole = 4 * source, 28 * source + 24 * target
    values = [
        100 * saved / whole,
        100 * saved / (whole - saved),
        100 / 7,
        100 * 4 * target / (24 * source + 28 * target),
        saved / whole,
    ]
    return all(abs(one - other) > 0.35 for n, one in enumerate(values) for other in values[:n])


_BY_ANSWER = {
    round(100 * 4 * source / (28 * source + 24 * target), 1): (source, target)
    for source in range(20, 201, 20)
    for target in range(20, 201, 20)
    if source != target and _telling(source, target)
}
LENGTHS = Variants("lengths", "source target", [(120, 40), *sorted(set(_BY_ANSWER.values()) - {(120, 40)})])
"""The lengths differ, so that a mix-up shows; no two variants have nearly the same answer."""


def joint_cases(more: int = 0) -> list[tuple]:
    """Queries, keys and values of the target, keys and values of the input; several lengths and widths."""
    import torch

    generator = torch.Generator().manual_seed(7)
    draw = Random("07.code.joint").randint
    sizes = [(1, 1, 2), (2, 1, 2), (4, 3, 8), (3, 5, 16), (1, 6, 4), (5, 1, 8), (4, 4, 4)]
    sizes += [(draw(1, 5), draw(1, 6), draw(1, 8)) for _ in range(more)]
    return [
        tuple(
            1.5 * torch.randn(length, width, generator=generator) for length in (target,) * 3 + (source,) * 2
        )
        for target, source, width in sizes
    ]


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


# --- the task: costs by an own formula, and an own path down the cube --------------------------------


def own_costs() -> list[dict]:
    """The parameters of all sixteen corners in units of L d²: 12 a stack, 4 for a cross-attention of its own."""
    return [
        {
            "code": each.code,
            "parameters": COEFFICIENT[each.separate_cross_attention, each.separate_parameters],
        }
        for each in Structure.all()
    ]


every_corner = every_row(lambda rows: own_costs(), "code")
by_formula = agrees(lambda rows: own_costs(), "code", "parameters", within=0.5)


def _counted(rows) -> list[dict]:
    large = TransformerConfig(vocabulary=1, width=512, layers=6, heads=8, max_length=1024)
    unit, found = large.layers * large.width**2, []
    for row in rows:
        config = large.with_structure(Structure.named(row["code"]))
        counted = non_embedding_parameters(config) / unit, forward_flops(config, 32, 32) / (64 * unit)
        found.append({**row, "parameters": counted[0], "flops": counted[1]})
    return found


def own_path() -> list[dict]:
    """An example: the lecture's edits in the opposite order."""
    codes = ("S1 S2 S3 S4", "S1 S2 S3 --", "S1 S2 -- --", "S1 -- -- --", "-- -- -- --")
    return _counted([{"step": step, "code": code} for step, code in enumerate(codes)])


def one_at_a_time(rows) -> bool | str:
    """From all four structures to none, one less at every step."""
    codes = [Structure.named(row["code"]).code for row in sorted(rows, key=lambda row: row["step"])]
    for before, after in pairwise(codes):
        lost = [one for one, other in zip(before.split(), after.split(), strict=True) if one != other]
        if len(lost) != 1 or "--" in lost:
            return f"From {before} to {after} it is another number."
    return sorted(row["step"] for row in rows) == list(range(5))


def not_the_ladder(rows) -> bool:
    """A path that the lecture does not take."""
    codes = [row["code"] for row in sorted(rows, key=lambda row: row["step"])]
    return codes != [structure.code for structure in Structure.ladder()]


counted_parameters = agrees(_counted, "step", "parameters", within=0.5)
counted_flops = agrees(_counted, "step", "flops", within=0.2)
