"""From logits to the probabilities that a token is drawn with, and the draw itself. Pure functions."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from destructure.generate.methods import Sampling, require_sampling


def next_token_probabilities(
    logits: Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    """Turn logits into the probabilities that the next token is drawn with.

    First the temperature, then top-k, then top-p over what top-k left; what is left is scaled to sum to 1. Of equally
    probable tokens the one with the lower id counts as the more probable, so exactly k tokens stay.

    Args:
        logits: (..., vocabulary); minus infinity for a token that must not be drawn.
        temperature: above 0; 1 leaves the model's probabilities as they are.
        top_k: 1 or more; `None`, or as many as the vocabulary, keeps all.
        top_p: above 0 and at most 1; `None` or 1 keeps all.

    Returns:
        float64 probabilities of the same shape; 0 for tokens that cannot be drawn.

    Raises:
        ValueError: one sentence that says what was given, what is allowed and what to do.
    """
    require_sampling(temperature, top_k, top_p)
    logits = logits.double()
    logits = (logits - logits.amax(dim=-1, keepdim=True)) / temperature  # the largest is 0: nothing overflows
    probabilities = logits.softmax(dim=-1)
    top_p = None if top_p == 1 else top_p  # else rounding could cut off the least probable
    if top_k is None and top_p is None:
        return probabilities
    ranked, order = probabilities.sort(dim=-1, descending=True, stable=True)
    if top_k is not None:
        ranked[..., top_k:] = 0
    if top_p is not None:
        reached = (ranked / ranked.sum(dim=-1, keepdim=True)).cumsum(dim=-1)
        before = functional.pad(
            reached[..., :-1], (1, 0)
        )  # what the more probable tokens reach without this one
        ranked = ranked.masked_fill(before >= top_p, 0)
    kept = torch.zeros_like(probabilities).scatter(-1, order, ranked)
    return kept / kept.sum(dim=-1, keepdim=True)


def draw(probabilities: Tensor, spins: Tensor) -> Tensor:
    """Draw one token a row: lay the probabilities end to end from 0 to 1 and see where the spin falls.

    Args:
        probabilities: (rows, vocabulary), each row with sum 1.
        spins: (rows,) numbers from 0 up to, but not including, 1.

    Returns:
        (rows,) ids; never a token of probability 0.
    """
    ends = probabilities.cumsum(dim=-1)
    spins = spins.to(ends).unsqueeze(-1).contiguous()
    drawn = torch.searchsorted(ends, spins, right=True).squeeze(-1)
    # Rounding can leave the last end a hair below 1: a spin beyond it belongs to the last token that can be drawn.
    reaches = probabilities > 0
    last = reaches.shape[-1] - 1 - reaches.flip(-1).int().argmax(dim=-1)
    return torch.minimum(drawn, last)


def spins_of(how: Sampling, rows: list[int], longest: int) -> Tensor:
    """The random numbers (rows, longest) that decide the draws: one stream a row, whatever the others do."""
    streams = [np.random.default_rng([how.seed, how.first_row + row]) for row in rows]
    return torch.from_numpy(np.stack([stream.random(longest) for stream in streams]))
