"""The loop: ask for logits, choose a token for each row, go on until every row has ended; and the draw itself."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from destructure.config import BEGIN, END
from destructure.generate.beam import beam_search
from destructure.generate.methods import Beam, Greedy, Sampling, require_sampling
from destructure.generate.request import Prompts, Request, make_requests, require_numbers
from destructure.generate.writers import make_writer


@torch.inference_mode()
def generate(
    model,
    source,
    longest: int,
    *,
    prompts: Prompts | None = None,
    how: Greedy | Sampling | Beam = Greedy(),  # noqa: B008  (frozen)
    cache: bool = True,
    fast: bool = True,
    begin: int | None = BEGIN,
    end: int | tuple[int, ...] | None = END,
) -> list[list[int]]:
    """Write a text for each row of a batch.

    A row's text does not depend on the other rows: shorter prompts are padded on the left, and the padding is hidden.
    Padding itself is never chosen.

    Args:
        model: a `Transformer` of any structure, or a `RecurrentModel`.
        source: (batch, source) ids; `None` for no source, as in a language model; or the memory of an input that this
            model read before, by `model.read`.
        longest: tokens after which a text that has not ended is cut off.
        prompts: what each target begins with, after `begin`: one list of ids for each row, or (batch, length) ids
            with padding on any side; `None` to start from `begin` alone.
        how: `Greedy()`, `Sampling(...)` or `Beam(...)`.
        cache: keep what was computed from step to step; without it every step computes all of it anew.
        fast: with the cache, use preallocated buffers (`FastWriter`); without, the plain path (`PlainWriter`).
        begin, end: ids put before each prompt and that end a text (`end` may be several); `None` for none.

    Returns:
        One list of new ids for each row: without `begin`, the prompt and the end token.
    """
    write = beam_search if isinstance(how, Beam) else _write
    written = {}
    for request in make_requests(model, source, longest, prompts, begin, end):
        texts = write(model, request, how, cache, fast)
        if isinstance(how, Beam):
            texts = [hypotheses[0].ids for hypotheses in texts]
        written.update(zip(request.rows, texts, strict=True))
    return [written[row] for row in range(len(written))]


def greedy(model, source, longest: int, **options) -> list[list[int]]:
    """Write the most probable next token again and again: `generate` with `Greedy()`; see there."""
    return generate(model, source, longest, how=Greedy(), **options)


def _write(model, request: Request, how, cache: bool, fast: bool) -> list[list[int]]:
    """Write one batch token by token."""
    choose = _chooser(how, request)
    writer = make_writer(model, request.source, request.prompts, request.longest, cache, fast)
    texts: list[list[int]] = [[] for _ in request.rows]
    running = [True] * len(texts)
    for step in range(request.longest):
        ids = choose(request.only_tokens(writer.logits()), step)
        for row, index in enumerate(ids.tolist()):
            running[row] = running[row] and index not in request.ends
            if running[row]:
                texts[row].append(index)
        if not any(running) or step + 1 == request.longest:
            break
        writer.append(ids if all(running) else ids * torch.tensor(running, device=ids.device))
    return texts


def _chooser(how, request: Request):
    """A function of logits (rows, vocabulary) and the step's number that returns the chosen ids (rows,)."""
    if isinstance(how, Greedy):
        return lambda logits, step: logits.argmax(dim=-1)
    if not isinstance(how, Sampling):
        raise ValueError(f"how is {how!r}; it must be Greedy(), Sampling(...) or Beam(...).")
    spins = spins_of(how, request.rows, request.longest)

    def drawn(logits: Tensor, step: int) -> Tensor:
        probabilities = next_token_probabilities(logits.cpu(), how.temperature, how.top_k, how.top_p)
        return draw(probabilities, spins[:, step]).to(logits.device)

    return drawn


# --- from logits to a drawn token ----------------------------------------------------------------------------


def next_token_probabilities(
    logits: Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    """Turn logits into the probabilities that the next token is drawn with.

    First the temperature, then top-k, then top-p over what top-k left; what is left is scaled to sum to 1. Of equally
    probable tokens the one with the lower id counts as the more probable, so exactly k tokens stay.

    From logits (..., vocabulary), minus infinity where a token must not be drawn, to float64 probabilities of the
    same shape; the three settings are those of `Sampling`. ValueError if no token may be drawn.
    """
    require_sampling(temperature, top_k, top_p)
    require_numbers(logits)
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
        before = functional.pad(reached[..., :-1], (1, 0))  # what the more probable ones reach without it
        ranked = ranked.masked_fill(before >= top_p, 0)
    kept = torch.zeros_like(probabilities).scatter(-1, order, ranked)
    return kept / kept.sum(dim=-1, keepdim=True)


def draw(probabilities: Tensor, spins: Tensor) -> Tensor:
    """Draw one token per row: lay the probabilities end to end from 0 to 1 and see where the spin falls.

    From probabilities (rows, vocabulary) and spins (rows,), from 0 up to, but not including, 1, to ids (rows,); never
    a token of probability 0.
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
