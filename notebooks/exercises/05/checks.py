"""Losses, pooled states, counts and heads, for the exercises of notebook 05.

torch is imported inside the functions, so that exercises can be listed and shown without it.
"""

from collections.abc import Callable
from functools import cache
from itertools import product
from random import Random

from destructure.exercises import Variants
from destructure.exercises.kinds.run import agrees
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


# --- the task: messages of your own ----------------------------------------------------------------------------

CLOSE = ({"da", "nb", "sv"}, {"cs", "sk"}, {"ca", "es", "pt"})


@cache
def _task():
    from destructure.tasks.languages import LanguageIdentification

    return LanguageIdentification("class", copies=1)


def pairs_of(text: str) -> list[str]:
    """Every two neighbouring characters, in small letters."""
    return [text.lower()[place : place + 2] for place in range(len(text) - 1)]


@cache
def _evidence():
    """Pair of characters → row, and the rows: log p(pair | language), with 0.5 added to each count."""
    import numpy as np

    languages, counts = list(_task().languages), {}
    for message in _task().split_messages("train"):
        for pair in pairs_of(message.text):
            counts.setdefault(pair, [0] * len(languages))[languages.index(message.language)] += 1
    smoothed = np.array(list(counts.values()), dtype=float) + 0.5
    return {pair: row for row, pair in enumerate(counts)}, np.log(smoothed / smoothed.sum(axis=0)), languages


def counted(text: str) -> str:
    """The language with the most evidence."""
    places, evidence, languages = _evidence()
    rows = [places[pair] for pair in pairs_of(text) if pair in places]
    return languages[int(evidence[rows].sum(axis=0).argmax())] if rows else languages[0]


def _answered(rows) -> list[dict]:
    return [{**row, "counting": counted(row["text"])} for row in rows]


def own_messages() -> list[dict]:
    """An example: twelve sentences in six languages."""
    texts = {
        "de": ("Wo ist der Bahnhof?", "Das Wetter ist heute schön."),
        "da": ("Hvor er banegården?", "Vejret er dejligt i dag."),
        "sv": ("Var är stationen?", "Vädret är fint i dag."),
        "es": ("¿Dónde está la estación?", "Hoy hace buen tiempo."),
        "pt": ("Onde fica a estação?", "Hoje o tempo está bom."),
        "fr": ("Où est la gare, s'il vous plaît ?", "Il fait beau aujourd'hui."),
    }
    rows = [{"text": text, "language": language} for language, both in texts.items() for text in both]
    return [{**row, "encoder": row["language"]} for row in _answered(rows)]


def own_and_close(rows) -> bool | str:
    """Twelve texts or more, four languages, two of them close; none of the course's messages."""
    languages, texts = {row["language"] for row in rows}, {row["text"] for row in rows}
    if odd := languages - set(_task().languages):
        return f"{min(odd)} is not one of the 26."
    if known := texts & {message.text for message in _task().split_messages("train")}:
        return f"“{min(known)[:40]}” was in training."
    close = any(len(group & languages) > 1 for group in CLOSE)
    return close and len(texts) == len(rows) >= 12 and len(languages) >= 4


def long_enough(rows) -> bool:
    """A language cannot be told from a word or two."""
    return all(12 <= len(row["text"]) <= 64 for row in rows)


def codes_only(rows) -> bool | str:
    """The encoder answers with one of the languages."""
    odd = [row["encoder"] for row in rows if row["encoder"] not in _task().languages]
    return f"{odd[0]} is none." if odd else True


by_counting = agrees(_answered, "text", "counting")
