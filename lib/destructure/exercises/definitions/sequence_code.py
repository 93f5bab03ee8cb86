"""Functions on token sequences and probabilities, for the exercises: right ones, inputs, imitations of mistakes.

torch is imported inside the functions, so that exercises can be listed and shown without it.
"""

from collections.abc import Callable

# --- labels of a concatenated pair ---------------------------------------------------------------------------


def labels_with(mistake: str = "") -> Callable:
    """Build `labels(source, target, begin, end)`; every other setting than the default is a mistake."""

    def labels(source, target, begin, end):
        import torch

        nothing = torch.zeros_like(source)
        begins, ends = source.new_tensor([begin]), source.new_tensor([end])
        if mistake == "loss on inputs":
            return torch.cat([source[1:], begins, target, ends])
        if mistake == "not shifted":
            return torch.cat([nothing, begins, target])
        if mistake == "first target token not learned":
            return torch.cat([nothing, begins * 0, target[1:], ends])
        if mistake == "learns to begin":
            return torch.cat([nothing[1:], begins, target, ends])
        if mistake == "never ends":
            return torch.cat([nothing, target, ends * 0])
        if mistake == "one too long":
            return torch.cat([nothing, begins * 0, target, ends])
        return torch.cat([nothing, target, ends])

    return labels


def label_cases() -> list[tuple]:
    """Sources and targets of several lengths, with begin and end of usual and unusual ids."""
    import torch

    generator = torch.Generator().manual_seed(6)
    cases = []
    for source, target, begin, end in ((3, 3, 1, 2), (5, 2, 1, 2), (2, 6, 40, 41), (4, 4, 1, 2)):

        def ids(length):
            return torch.randint(3, 40, (length,), generator=generator)

        cases.append((ids(source), ids(target), begin, end))
    return cases


def nothing_is_asked_of_the_input(function: Callable, case: tuple) -> bool:
    """The places of the input hold 0."""
    source = case[0]
    return bool((function(*case)[: len(source)] == 0).all())


def every_target_token_is_asked_for(function: Callable, case: tuple) -> bool:
    """The target and the end are there, in order."""
    _, target, _, end = case
    asked = [int(one) for one in function(*case) if one]
    return asked == [*target.tolist(), end]


# --- top-p ---------------------------------------------------------------------------------------------------


def top_p_with(mistake: str = "") -> Callable:
    """Build `top_p(probabilities, p)`; every other setting than the default is a mistake."""

    def top_p(probabilities, p):
        import torch

        ranked, order = probabilities.sort(descending=True)
        reached = ranked.cumsum(0)
        kept = reached - ranked < p
        if mistake == "stops one too early":
            kept = reached <= p
        if mistake == "a threshold for each token":
            kept = ranked >= p * ranked[0]
        if mistake == "probability above p":
            kept = ranked > p
        if mistake == "the improbable ones":
            kept = reached > p
        ranked = ranked * kept
        if mistake == "in order of probability":
            return ranked / ranked.sum()
        result = torch.zeros_like(probabilities)
        result[order] = ranked
        return result if mistake == "not scaled" else result / result.sum()

    return top_p


def top_p_cases() -> list[tuple]:
    """Random distributions over a dozen tokens and thresholds from 0.1 to 0.95."""
    import torch

    generator = torch.Generator().manual_seed(7)
    thresholds = (0.1, 0.2, 0.3, 0.5, 0.75, 0.9, 0.95)
    return [((1.5 * torch.randn(12, generator=generator)).softmax(0), p) for p in thresholds]


def sums_to_one(function: Callable, case: tuple) -> bool:
    """What is left is a distribution."""
    return bool(abs(float(function(*case).sum()) - 1) < 1e-4)


def reaches_p(function: Callable, case: tuple) -> bool:
    """The tokens that are left had at least p before."""
    probabilities, p = case
    return float(probabilities[function(*case) > 0].sum()) >= p - 1e-6


def no_fewer_would_do(function: Callable, case: tuple) -> bool:
    """Without the least probable of them they had less than p."""
    probabilities, p = case
    kept = probabilities[function(*case) > 0]
    return float(kept.sum() - kept.min()) < p
