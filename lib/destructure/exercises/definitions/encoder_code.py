"""Functions of notebook 05 for its code exercises: right ones, random inputs, and imitations of known mistakes.

torch is imported inside the functions, so that exercises can be listed and shown without it.
"""

from collections.abc import Callable

PADDING = 0

# --- the loss of masked modelling -----------------------------------------------------------------------------


def masked_loss_with(places: str = "hidden", average: str = "over places") -> Callable:
    """Build `masked_loss(logits, ids, hidden)`; every other setting than the default is a mistake."""

    def masked_loss(logits, ids, hidden):
        import torch

        losses = -logits.log_softmax(dim=-1).gather(-1, ids.unsqueeze(-1)).squeeze(-1)
        counted = {"hidden": hidden, "all": torch.ones_like(hidden), "shown": ~hidden}[places]
        kept = losses * counted
        if average == "not at all":
            return kept.sum()
        if average == "over all places":
            return kept.sum() / counted.numel()
        if average == "over texts":
            return (kept.sum(dim=1) / counted.sum(dim=1)).mean()
        return kept.sum() / counted.sum()

    return masked_loss


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


# --- one vector for a text of any length ----------------------------------------------------------------------


def mean_state_with(what: str = "real tokens") -> Callable:
    """Build `mean_state(states, ids)`; every other setting than the default is a mistake."""

    def mean_state(states, ids):
        real = (ids != PADDING).unsqueeze(-1)
        if what == "padding too":
            return states.mean(dim=1)
        if what == "divided by the full length":
            return (states * real).mean(dim=1)
        if what == "sum":
            return (states * real).sum(dim=1)
        if what == "first token":
            return states[:, 0]
        if what == "largest":
            return states.masked_fill(~real, float("-inf")).amax(dim=1)
        return (states * real).sum(dim=1) / real.sum(dim=1)

    return mean_state


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


# --- naive Bayes ----------------------------------------------------------------------------------------------


def log_likelihood_with(smoothing: str = "before", axis: int = 0, logarithm: str = "natural") -> Callable:
    """Build `log_likelihood(counts, smoothing)`; every other setting than the default is a mistake."""
    kind = smoothing

    def log_likelihood(counts, smoothing):
        smoothed = counts + smoothing if kind == "before" else counts
        share = smoothed / smoothed.sum(axis, keepdim=True)
        if kind == "after":
            share = share + smoothing
        return {
            "natural": share.log,
            "base 2": share.log2,
            "base 10": share.log10,
            "none": lambda: share,
        }[logarithm]()

    return log_likelihood


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
