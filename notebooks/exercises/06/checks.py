"""Token sequences, probabilities and boxes, for the exercises of notebook 06.

torch is imported inside the functions, so that exercises can be listed and shown without it.
"""

from collections.abc import Callable
from itertools import product
from random import Random

from destructure.exercises import Variants
from destructure.exercises.kinds.run import agrees
from destructure.show.style import HIDDEN, INK, SOURCE

_BY_ANSWER = {
    layers * kv_heads * head_width * tokens: (layers, sharing * kv_heads, kv_heads, head_width, tokens)
    for layers, kv_heads, sharing, head_width, tokens in product(
        (12, 20, 28, 36, 44), (3, 5, 7), (3, 5), (64, 80), (1024, 1536, 3072)
    )
}
MODELS = Variants(
    "model",
    "layers heads kv_heads head_width tokens",
    [(30, 9, 3, 64, 2048), *(_BY_ANSWER[key] for key in sorted(_BY_ANSWER))],
)
"""The first is SmolLM2's shape. No two variants have the same answer, and every mistake shows."""

# --- labels of a concatenated pair -------------------------------------------------------------------------------


def label_cases(more: int = 0) -> list[tuple]:
    """Sources and targets of several lengths, one token among them, with begin and end of several ids."""
    import torch

    generator = torch.Generator().manual_seed(6)
    draw = Random("06.code.labels").randint
    sizes = [(1, 1, 1, 2), (2, 1, 2, 1), (3, 3, 1, 2), (5, 2, 1, 2), (2, 6, 40, 41), (4, 4, 9, 7)]
    sizes += [(draw(1, 6), draw(1, 6), draw(1, 50), draw(1, 50)) for _ in range(more)]
    return [
        (*(torch.randint(1, 50, (length,), generator=generator) for length in lengths), begin, end)
        for *lengths, begin, end in sizes
    ]


def nothing_is_asked_of_the_input(function: Callable, case: tuple) -> bool:
    """The places of the input hold 0."""
    source = case[0]
    return bool((function(*case)[: len(source)] == 0).all())


def every_target_token_is_asked_for(function: Callable, case: tuple) -> bool:
    """The target and the end are there, in order."""
    _, target, _, end = case
    asked = [int(one) for one in function(*case) if one]
    return asked == [*target.tolist(), end]


# --- top-p -------------------------------------------------------------------------------------------------------


def top_p_cases(more: int = 0) -> list[tuple]:
    """Distributions and thresholds: exactly reached, by ties, by one token, by all; and random ones."""
    import torch

    generator = torch.Generator().manual_seed(7)
    draw = Random("06.code.top_p")
    edges = [([0.5, 0.25, 0.25], 0.5), ([0.25, 0.25, 0.5], 1.0), ([1.0], 0.3), ([0.0, 1.0, 0.0], 0.9)]
    edges += [([0.125, 0.5, 0.25, 0.125], 0.75), ([0.25] * 4, 1.0), ([0.375, 0.375, 0.25], 0.75)]
    cases = [(torch.tensor(probabilities), p) for probabilities, p in edges]
    thresholds = [0.1, 0.2, 0.3, 0.5, 0.75, 0.9, 0.95] + [draw.uniform(0.01, 0.99) for _ in range(more)]
    for p in thresholds:
        cases.append(((1.5 * torch.randn(draw.randint(2, 12), generator=generator)).softmax(0), p))
    return cases


def sums_to_one(function: Callable, case: tuple) -> bool:
    """What is left is a distribution."""
    return bool(abs(float(function(*case).sum()) - 1) < 1e-4)


def reaches_p(function: Callable, case: tuple) -> bool:
    """The tokens that are left had at least p before."""
    probabilities, p = case
    return float(probabilities[function(*case) > 0].sum()) >= p - 1e-5


def no_fewer_would_do(function: Callable, case: tuple) -> bool:
    """Without the least probable of them they had less than p."""
    probabilities, p = case
    kept = probabilities[function(*case) > 0]
    return float(kept.sum() - kept.min()) < p + 1e-6


# --- boxes -------------------------------------------------------------------------------------------------------

LENGTH, BOUNDARY, _CELL = 7, 4, 16


def reached(kind: str) -> tuple[tuple[int, ...], ...]:
    """A row an output, a column a token: 1 where changing the token changes the output."""

    def cell(output: int, token: int) -> int:
        inside = kind == "blocks" and output < BOUNDARY and token < BOUNDARY
        return int(kind == "all" or token <= output or inside)

    return tuple(tuple(cell(output, token) for token in range(LENGTH)) for output in range(LENGTH))


def box(kind: str) -> str:
    """Small SVG: a row an output, a column a token; a dot where changing the token changes the output."""
    side, parts = LENGTH * _CELL, []
    for output, row in enumerate(reached(kind)):
        for token, reaches in enumerate(row):
            x, y = token * _CELL + 1, output * _CELL + 1
            colour = SOURCE if reaches else HIDDEN
            parts.append(
                f'<rect x="{x}" y="{y}" width="{_CELL}" height="{_CELL}" fill="{colour}" stroke="white"/>'
            )
            if reaches:
                parts.append(f'<circle cx="{x + _CELL // 2}" cy="{y + _CELL // 2}" r="3" fill="white"/>')
    line = BOUNDARY * _CELL + 1
    parts.append(f'<path d="M{line} 0V{side + 2}M0 {line}H{side + 2}" stroke="{INK}" stroke-width="2"/>')
    size = side + 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" viewBox="0 0 {size} {size}">'
        f"{''.join(parts)}</svg>"
    )


# --- the task: writing with an own top-p --------------------------------------------------------------------------


def own_texts() -> list[dict]:
    """An example of the right form: a text that goes round, one that does less, one that does not."""
    texts = {0.1: "of the " * 29, 0.6: "list of the file and the string. " * 7, 0.95: f"{[*range(100, 150)]}"}
    kept = {p: [max(1, round(20 * p**3)) + place % 2 for place in range(200)] for p in texts}
    return _again([{"p": p, "text": text[:200], "kept": kept[p]} for p, text in texts.items()])


def _again(rows) -> list[dict]:
    """The mean of the counts, and the share of pieces of ten characters that have stood in the text before."""
    found = []
    for row in rows:
        pieces = [row["text"][start : start + 10] for start in range(len(row["text"]) - 9)]
        mean, share = sum(row["kept"]) / len(row["kept"]), 1 - len(set(pieces)) / len(pieces)
        found.append({**row, "mean_kept": mean, "repeated": share})
    return found


def three_values(rows) -> bool:
    """Three p or more, of which one is small and one large."""
    values = {row["p"] for row in rows}
    return len(values) == len(rows) >= 3 and 0 < min(values) <= 0.3 and 0.9 <= max(values) <= 1


def one_count_each(rows) -> bool | str:
    """A count for each character, and enough of them."""
    for row in rows:
        if not len(row["kept"]) == len(row["text"]) >= 150:
            return f"With p {row['p']} there are {len(row['text'])} characters and {len(row['kept'])} counts."
        if not all(1 <= count <= 100 and count == int(count) for count in row["kept"]):
            return f"With p {row['p']} a count is not from 1 to 100."
    return True


def same_beginning(rows) -> bool:
    """The first distribution is the same for all, so a larger p cannot keep fewer."""
    first = [row["kept"][0] for row in sorted(rows, key=lambda row: row["p"])]
    return first == sorted(first)


mean_of_counts = agrees(_again, "p", "mean_kept", within=0.01)
share_repeated = agrees(_again, "p", "repeated", within=0.001)
