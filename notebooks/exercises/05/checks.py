"""Losses, pooled states, counts and heads, for the exercises of notebook 05.

torch is imported inside the functions, so that exercises can be listed and shown without it.
"""

from collections.abc import Callable
from itertools import product
from random import Random

from destructure.exercises import Variants
from destructure.exercises.markup import escape
from destructure.show.style import INK, QUIET, SOURCE

PADDING = 0

_LENGTHS_BY_RESULT = {
    round(100 * (letters + 1) / text): (text, letters)
    for text, letters in product(range(20, 64), range(4, 11))
    if 100 * (letters + 1) / text < 60
}
LENGTHS = Variants(
    "lengths", "text letters", [(40, 6), *sorted(set(_LENGTHS_BY_RESULT.values()) - {(40, 6)})]
)
"""One variant a result, so that a copied answer shows; every mistake is more than the tolerance away."""

# --- code --------------------------------------------------------------------------------------------------------


def masked_loss_cases(more: int = 0) -> list[tuple]:
    """Logits, true ids and hidden places: scattered, a single one, all, none in the first text."""
    import torch

    generator = torch.Generator().manual_seed(15)
    draw = Random("05.code.masked_loss").randint
    sizes = [(1, 1, 2), (1, 3, 4), (2, 5, 7), (3, 8, 11), (2, 12, 5)]
    sizes += [(draw(1, 3), draw(1, 8), draw(2, 9)) for _ in range(more)]
    cases = []
    for number, (batch, length, vocabulary) in enumerate(sizes):
        hidden = torch.rand(batch, length, generator=generator) < (0.15, 0.5, 1.1)[number % 3]
        if number % 4 == 3:
            hidden[0] = False
        hidden[-1, draw(0, length - 1)] = True
        logits = 2 * torch.randn(batch, length, vocabulary, generator=generator)
        cases.append((logits, torch.randint(vocabulary, (batch, length), generator=generator), hidden))
    return cases


def shown_places_do_not_matter(function: Callable, case: tuple) -> bool:
    """Whether changing the logits of shown places leaves the loss as it is."""
    import torch

    logits, ids, hidden = case
    changed = torch.where(hidden.unsqueeze(-1), logits, logits.flip(-1) + 3)
    return abs(float(function(logits, ids, hidden)) - float(function(changed, ids, hidden))) < 1e-4


def mean_state_cases(more: int = 0) -> list[tuple]:
    """States and ids, with padding behind, in front, or none; a single token among them."""
    import torch

    generator = torch.Generator().manual_seed(51)
    draw = Random("05.code.mean_state").randint
    sizes = [((1,), 2), ((2, 1), 2), ((5, 3), 4), ((2, 6, 4), 8), ((1, 7), 3), ((3, 3, 2), 3)]
    sizes += [(tuple(draw(1, 6) for _ in range(draw(1, 3))), draw(1, 5)) for _ in range(more)]
    cases = []
    for lengths, width in sizes:
        states = torch.randn(len(lengths), max(lengths), width, generator=generator) + 0.5
        ids = torch.randint(1, 30, (len(lengths), max(lengths)), generator=generator)
        for text, length in enumerate(lengths):
            ids[text, length:] = PADDING
        cases += [(states, ids), (states, ids.flip(1))]
    return cases


def padding_does_not_matter(function: Callable, case: tuple) -> bool:
    """Whether changing the states of padding leaves the result as it is."""
    import torch

    states, ids = case
    changed = torch.where((ids != PADDING).unsqueeze(-1), states, states + 9)
    return bool(torch.allclose(function(states, ids), function(changed, ids), atol=1e-4))


def log_likelihood_cases(more: int = 0) -> list[tuple]:
    """Counts of n-grams (rows) in classes (columns), with zeros, and a smoothing; one n-gram, one class, a square."""
    import torch

    generator = torch.Generator().manual_seed(94)
    draw = Random("05.code.naive_bayes")
    sizes = [(2, 1, 1.0), (1, 2, 0.5), (2, 2, 2), (6, 3, 0.5), (10, 4, 0.1), (4, 4, 1.0), (3, 5, 0.01)]
    sizes += [(draw.randint(1, 9), draw.randint(1, 6), draw.choice((0.01, 0.5, 1, 3.0))) for _ in range(more)]
    return [
        (torch.randint(0, 6, (grams, classes), generator=generator).float(), smoothing)
        for grams, classes, smoothing in sizes
    ]


def each_class_adds_to_one(function: Callable, case: tuple) -> bool:
    """Whether the probabilities of all n-grams add to 1 in each class."""
    import torch

    counts, smoothing = case
    total = function(counts, smoothing).exp().sum(0)
    return bool(torch.allclose(total, torch.ones_like(total), atol=1e-4))


# --- heads -------------------------------------------------------------------------------------------------------

TOKENS = ("[CLS]", "the", "old", "cat", "sleeps", "[SEP]")
_CELL, _LEFT, _TOP = 26, 62, 22


def head_weights(answer: str) -> list[list[float]]:
    """Weights (query, key) of a head: most of a row's weight in one place, the rest spread; each row sums to 1."""
    last = len(TOKENS) - 1
    weights = [[0.15 / len(TOKENS)] * len(TOKENS) for _ in TOKENS]
    for row in range(len(TOKENS)):
        places = {"previous": max(row - 1, 0), "next": min(row + 1, last), "itself": row, "separator": last}
        weights[row][places[answer]] += 0.85
    return weights


def head_drawing(answer: str) -> str:
    """The head's attention map: rows look, columns are looked at."""
    size = _CELL * len(TOKENS)
    parts = []
    for row, weights in enumerate(head_weights(answer)):
        middle = _TOP + _CELL * (row + 0.5) + 4
        name = escape(TOKENS[row])
        parts.append(f'<text x="{_LEFT - 6}" y="{middle:.0f}" text-anchor="end" fill="{INK}">{name}</text>')
        for column, weight in enumerate(weights):
            parts.append(
                f'<rect x="{_LEFT + _CELL * column}" y="{_TOP + _CELL * row}" width="{_CELL}" height="{_CELL}"'
                f' fill="{SOURCE}" fill-opacity="{weight:.2f}" stroke="{QUIET}" stroke-width="0.5"/>'
            )
    parts.append(f'<text x="{_LEFT}" y="{_TOP - 7}" fill="{INK}">the same tokens, left to right</text>')
    width, height = _LEFT + size + 14, _TOP + size + 6
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' font-family="sans-serif" font-size="13">{"".join(parts)}</svg>'
    )
