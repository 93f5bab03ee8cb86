"""Losses, pooled states, counts and heads, for the exercises of notebook 05.

torch is imported inside the functions, so that exercises can be listed and shown without it.
"""

from collections.abc import Callable
from itertools import product

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


def masked_loss_cases() -> list[tuple]:
    """Logits, true ids and hidden places; texts differ in how many places are hidden, and each has shown ones."""
    import torch

    generator = torch.Generator().manual_seed(15)
    cases = []
    for batch, length, vocabulary in ((2, 5, 7), (3, 8, 11), (2, 12, 5)):
        hidden = torch.zeros(batch, length, dtype=torch.bool)
        for text in range(batch):
            hidden[text, 1 : 3 + text] = True
        logits = 2 * torch.randn(batch, length, vocabulary, generator=generator)
        ids = torch.randint(vocabulary, (batch, length), generator=generator)
        cases.append((logits, ids, hidden))
    return cases


def shown_places_do_not_matter(function: Callable, case: tuple) -> bool:
    """Whether changing the logits of shown places leaves the loss as it is."""
    import torch

    logits, ids, hidden = case
    changed = torch.where(hidden.unsqueeze(-1), logits, logits.flip(-1) + 3)
    return abs(float(function(logits, ids, hidden)) - float(function(changed, ids, hidden))) < 1e-4


def mean_state_cases() -> list[tuple]:
    """States and ids, each batch with at least one padded text."""
    import torch

    generator = torch.Generator().manual_seed(51)
    cases = []
    for lengths, width in (((5, 3), 4), ((2, 6, 4), 8), ((1, 7), 3)):
        longest = max(lengths)
        states = torch.randn(len(lengths), longest, width, generator=generator) + 0.5
        ids = torch.randint(1, 30, (len(lengths), longest), generator=generator)
        for text, length in enumerate(lengths):
            ids[text, length:] = PADDING
        cases.append((states, ids))
    return cases


def padding_does_not_matter(function: Callable, case: tuple) -> bool:
    """Whether changing the states of padding leaves the result as it is."""
    import torch

    states, ids = case
    changed = torch.where((ids != PADDING).unsqueeze(-1), states, states + 9)
    return bool(torch.allclose(function(states, ids), function(changed, ids), atol=1e-4))


def log_likelihood_cases() -> list[tuple]:
    """Counts of n-grams (rows) in classes (columns), with zeros, and a smoothing."""
    import torch

    generator = torch.Generator().manual_seed(94)
    cases = []
    for grams, classes, smoothing in ((6, 3, 0.5), (10, 4, 0.1), (4, 2, 1.0)):
        counts = torch.randint(0, 6, (grams, classes), generator=generator).float()
        counts[0], counts[1, 0] = 2.0, 0.0
        cases.append((counts, smoothing))
    return cases


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
