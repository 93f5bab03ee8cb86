"""Weights, an embedding and one look back, for the exercises of notebook 03.

torch is imported inside the functions, so that exercises can be listed and shown without it.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import product
from math import exp
from random import Random

from destructure.exercises import Variants
from destructure.exercises.kinds.run import agrees, every_row
from destructure.exercises.markup import escape
from destructure.show.style import INK, QUIET

SIZES = Variants(
    "sizes",
    "batch length vocabulary width",
    [(2, 12, 50, 8), *product((3, 4, 5), (7, 9, 11, 12), (30, 40, 60, 90), (6, 8, 16, 24))],
)
"""All four sizes differ, so that every swapped axis shows."""

LENGTHS = Variants("length", "length", [12, *(length for length in range(20, 61) if length % 10)])

# --- weight maps: rows look at columns, and the darker a cell, the larger its weight -----------------------------

_CELL, _LEFT, _TOP, _BETWEEN, _NAME = 26, 54, 52, 44, 34
Rows = Sequence[Sequence[float]]


def softmax_rows(scores: Rows) -> list[list[float]]:
    """Turn each row of scores into weights that add to 1."""
    powers = [[exp(score) for score in row] for row in scores]
    return [[power / sum(row) for power in row] for row in powers]


def weight_maps(maps: Mapping[str, Rows], words: Sequence[str]) -> str:
    """Several (words, words) maps, two side by side, each with its name above."""
    side = _CELL * len(words)
    width = 2 * (_LEFT + side) + _BETWEEN + 24  # the last slanted word reaches further right
    height = -(-len(maps) // 2) * (_NAME + _TOP + side) + 12
    parts = []
    for number, (name, rows) in enumerate(maps.items()):
        row, column = divmod(number, 2)
        x, y = _LEFT + column * (_LEFT + side + _BETWEEN), (row + 1) * (_NAME + _TOP) + row * side
        parts.append(_text(x, y - _TOP - 4, name, anchor="start", size=17, bold=True))
        parts += _map(rows, words, x, y)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="13">{"".join(parts)}</svg>'
    )


def _map(rows: Rows, words: Sequence[str], x: int, y: int) -> list[str]:
    parts = []
    for number, word in enumerate(words):
        middle = _CELL * number + _CELL / 2
        parts.append(_text(x - 6, y + middle + 4, word, anchor="end"))
        place = f"{x + middle + 4:.0f} {y - 6}"
        parts.append(f'<g transform="translate({place}) rotate(-50)">{_text(0, 0, word, anchor="start")}</g>')
    for row, weights in enumerate(rows):
        for column, weight in enumerate(weights):
            parts.append(
                f'<rect x="{x + _CELL * column}" y="{y + _CELL * row}" width="{_CELL}" height="{_CELL}" '
                f'fill="#08306B" fill-opacity="{min(1.0, weight):.2f}" stroke="{QUIET}" stroke-width="0.5"/>'
            )
    return parts


def _text(x: float, y: float, text: str, anchor: str, size: int = 13, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="{size}" fill="{INK}"{weight}>'
        f"{escape(text)}</text>"
    )


WORDS = ("read", "the", "first", "or", "last", "line")
ALIKE = [
    [3.2, 0.6, 0.3, 0.7, 0.3, 0.5],
    [0.6, 3.4, 1.0, 0.5, 1.0, 0.2],
    [0.3, 1.0, 3.0, 0.3, 2.2, 0.2],
    [0.7, 0.5, 0.3, 3.2, 0.3, 0.4],
    [0.3, 1.0, 2.2, 0.3, 3.0, 0.2],
    [0.5, 0.2, 0.2, 0.4, 0.2, 3.2],
]
FOLLOWING = [
    [0.0, 3.0, 0.8, 0.0, 0.8, 0.6],
    [0.0, 0.0, 2.4, 0.0, 2.4, 1.6],
    [0.0, 0.0, 0.0, 0.4, 0.0, 3.2],
    [0.2, 1.2, 1.6, 0.0, 1.6, 0.4],
    [0.0, 0.0, 0.0, 0.3, 0.0, 3.2],
    [0.3, 0.2, 0.0, 1.4, 0.0, 0.0],
]

_EACH = range(len(WORDS))
MAPS = weight_maps(
    {
        "Map A": softmax_rows(FOLLOWING),
        "Map B": [[1 / len(WORDS)] * len(WORDS)] * len(WORDS),
        "Map C": softmax_rows(ALIKE),
        "Map D": [[1 / (row + 1) if column <= row else 0.0 for column in _EACH] for row in _EACH],
    },
    WORDS,
)

# --- embedding ---------------------------------------------------------------------------------------------------


def embed_cases(more: int = 0) -> list[tuple]:
    """Ids and tables of several sizes: a single id, the first and last rows, a square table."""
    import torch

    generator = torch.Generator().manual_seed(3)
    draw = Random("03.code.one_hot").randint
    sizes = [(1, 1, 2, 2), (2, 4, 9, 5), (1, 3, 6, 8), (3, 5, 12, 4), (2, 3, 4, 4)]
    sizes += [(draw(1, 3), draw(1, 5), draw(2, 9), draw(1, 6)) for _ in range(more)]
    cases = [
        (
            torch.randint(0, rows, (batch, length), generator=generator),
            torch.randn(rows, width, generator=generator),
        )
        for batch, length, rows, width in sizes
    ]
    return [(torch.tensor([[0, 2, 1, 2]]), cases[2][1]), *cases]


def equal_ids_have_equal_vectors(function: Callable, case: tuple) -> bool:
    """The same id everywhere gives the same vector everywhere."""
    ids, table = case
    same = function(ids * 0, table)
    return bool(((same - same[:1, :1]).abs() < 1e-5).all())


def linear_in_the_table(function: Callable, case: tuple) -> bool:
    """Doubling the table doubles every vector."""
    import torch

    ids, table = case
    return bool(torch.allclose(function(ids, 2 * table), 2 * function(ids, table), atol=1e-4))


# --- one look back -----------------------------------------------------------------------------------------------


def look_cases(more: int = 0) -> list[tuple]:
    """An asking state and a memory, of several sizes: a single memory state, a square memory."""
    import torch

    generator = torch.Generator().manual_seed(13)
    draw = Random("03.code.look_back").randint
    sizes = [(1, 2), (2, 2), (4, 6), (7, 5), (3, 9), (6, 3), (4, 4)]
    sizes += [(draw(1, 6), draw(1, 8)) for _ in range(more)]
    return [
        (torch.randn(width, generator=generator), torch.randn(source, width, generator=generator))
        for source, width in sizes
    ]


def averages_stay_inside(function: Callable, case: tuple) -> bool:
    """If all memory states are the same, so is their average."""
    import torch

    state, memory = case
    same = memory[:1].expand_as(memory).clone()
    return bool(torch.allclose(function(state, same), memory[0], atol=1e-4))


def order_does_not_matter(function: Callable, case: tuple) -> bool:
    """Reversing the memory changes nothing."""
    import torch

    state, memory = case
    return bool(torch.allclose(function(state, memory), function(state, memory.flip(0)), atol=1e-4))


def state_matters(function: Callable, case: tuple) -> bool:
    """Another state finds something else, where there is something to choose from."""
    import torch

    state, memory = case
    return len(memory) == 1 or not torch.allclose(
        function(state, memory), function(-state, memory), atol=1e-4
    )


# --- the task: dictated numbers --------------------------------------------------------------------------------

ARMS = ("fixed vector", "attention")


@cache
def _learned() -> frozenset[str]:
    """The numbers that the notebook's models were trained on."""
    from destructure.tasks.telephone import TelephoneNumbers

    dials = {"train_examples": 30_000, "validation_examples": 540, "test_examples": 1_350}
    return frozenset(TelephoneNumbers(shortest=4, longest=12, **dials).numbers("train"))


def _spoken(number: str) -> list[str]:
    from destructure.tasks.telephone import WORDS

    return [WORDS[int(digit)] for digit in number]


def own_numbers() -> list[dict]:
    """An example: 40 numbers of seven digits; one model leaves out the last word, the other does not."""
    numbers = [str(3_900_017 + 138_311 * place) for place in range(40)]
    rows = [
        {
            "arm": arm,
            "number": number,
            "answer": " ".join(_spoken(number)[: 7 - (arm == ARMS[0] and len(number) > 6)]),
        }
        for arm in ARMS
        for number in numbers
    ]
    return _marked(rows)


def _marked(rows) -> list[dict]:
    return [{**row, "right": row["answer"].split() == _spoken(row["number"])} for row in rows]


def both_models(rows) -> bool | str:
    """The same numbers for both models, at least 40 of one length."""
    asked = {arm: [row["number"] for row in rows if row["arm"] == arm] for arm in ARMS}
    lengths = {len(number) for number in asked[ARMS[0]]}
    if len(lengths) == 1 and not lengths <= set(range(4, 17)):
        return f"Yours have {min(lengths)} digits."
    same = sorted(asked[ARMS[0]]) == sorted(asked[ARMS[1]]) and len(rows) == 2 * len(set(asked[ARMS[0]]))
    return same and len(lengths) == 1 and len(rows) >= 80


def new_numbers(rows) -> bool | str:
    """None was in training."""
    known = {row["number"] for row in rows} & _learned()
    return f"See {min(known)}." if known else True


marked_right = agrees(_marked, "arm number", "right")


def _by_place(answers) -> list[dict]:
    found = []
    for arm in ARMS:
        pairs = [(row["answer"].split(), _spoken(row["number"])) for row in answers if row["arm"] == arm]
        for place in range(len(pairs[0][1])):
            hits = [answer[place : place + 1] == [wanted[place]] for answer, wanted in pairs]
            found.append({"arm": arm, "place": place + 1, "share": sum(hits) / len(hits)})
    return found


def own_places() -> dict:
    """The example above, place by place."""
    answers = own_numbers()
    return {"answers": answers, "places": _by_place(answers)}


def answers_hold(value) -> bool:
    """The answers are those of the last step."""
    return both_models(value["answers"]) is True and marked_right(value["answers"]) is True


def every_place(value) -> bool | str:
    """A row for each model and place."""
    return every_row(lambda _: _by_place(value["answers"]), "arm place")(value["places"])


def shares_by_place(value) -> bool | str:
    """Counted again from the answers."""
    return agrees(lambda _: _by_place(value["answers"]), "arm place", "share", 0.001)(value["places"])
