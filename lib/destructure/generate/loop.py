"""The loop: ask for logits, choose a token a row, go on until every row has ended."""

from collections.abc import Iterator

import torch
from torch import Tensor

from destructure.config import BEGIN, END
from destructure.generate.beam import beam_search_request
from destructure.generate.methods import Beam, Greedy, Sampling
from destructure.generate.probabilities import draw, next_token_probabilities, spins_of
from destructure.generate.request import Prompts, Request, make_requests
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
            model read before, by `model.read` or a `GrowingInput`. A memory's first token (first row, where the input
            is read in both directions) is read again, to refuse what another model has read.
        longest: tokens after which a text that has not ended is cut off.
        prompts: what each target begins with, after `begin`: one list of ids a row, or (batch, length) ids with
            padding on any side; `None` to start from `begin` alone.
        how: `Greedy()`, `Sampling(...)` or `Beam(...)`.
        cache: keep what was computed from step to step; without it the same tokens are written, only later.
        fast: with the cache, use preallocated buffers (`FastWriter`); without, the plain path (`PlainWriter`).
        begin: the id put before each prompt; `None` for none.
        end: the id, or several ids, that end a text; `None` to write on until `longest`.

    Returns:
        One list of new ids a row: without `begin`, the prompt and the end token.

    Raises:
        ValueError: one sentence that says what was given, what is allowed and what to do.
    """
    written = {}
    for request in make_requests(model, source, longest, prompts, begin, end):
        if isinstance(how, Beam):
            best = beam_search_request(model, request, how, cache, fast)
            texts = [hypotheses[0].ids for hypotheses in best]
        else:
            texts = [[] for _ in request.rows]
            for chosen in _stream(model, request, how, cache, fast):
                for text, index in zip(texts, chosen, strict=True):
                    if index is not None and index not in request.ends:
                        text.append(index)
        written.update(zip(request.rows, texts, strict=True))
    return [written[row] for row in range(len(written))]


def greedy(model, source, longest: int, **options) -> list[list[int]]:
    """Write the most probable next token again and again: `generate` with `Greedy()`; see there."""
    return generate(model, source, longest, how=Greedy(), **options)


def stream(
    model,
    source,
    longest: int,
    *,
    prompts: Prompts | None = None,
    how: Greedy | Sampling = Greedy(),  # noqa: B008  (frozen)
    cache: bool = True,
    fast: bool = True,
    begin: int | None = BEGIN,
    end: int | tuple[int, ...] | None = END,
) -> Iterator[list[int | None]]:
    """Write as `generate` does, and hand over each step's tokens at once, to show a text while it is written.

    Args:
        model, source, longest, prompts, how, cache, fast, begin, end: as in `generate`; not `Beam`, which changes its
            mind about earlier tokens.

    Yields:
        One id a row, the end token included; `None` for a row that has ended before.

    Raises:
        ValueError: as `generate`; also where rows of different lengths meet a model without padding.
    """
    if isinstance(how, Beam):
        raise ValueError(
            "Beam search cannot be streamed, because it may still replace earlier tokens; use generate instead."
        )
    requests = make_requests(model, source, longest, prompts, begin, end)
    if len(requests) > 1:
        raise ValueError(
            "The prompts differ in length, but this model has no padding to make them equal; stream them one by one."
        )
    return _stream(model, requests[0], how, cache, fast)


def until_end(ids: list[int], end: int = END) -> list[int]:
    """Ids up to the first end token, without it."""
    return ids[: ids.index(end)] if end in ids else ids


@torch.inference_mode()
def _stream(model, request: Request, how, cache: bool, fast: bool) -> Iterator[list[int | None]]:
    writer = make_writer(model, request.source, request.prompts, request.longest, cache, fast)
    choose = _chooser(how, request)
    running = [True] * len(request.rows)
    for step in range(request.longest):
        ids = choose(request.only_tokens(writer.logits(), first=step == 0), step)
        chosen = ids.tolist()
        if not all(running):
            chosen = [index if runs else None for index, runs in zip(chosen, running, strict=True)]
        yield chosen
        if not request.ends.isdisjoint(chosen):
            running = [
                runs and index not in request.ends for index, runs in zip(chosen, running, strict=True)
            ]
            if not any(running):
                return
        if step + 1 < request.longest:
            writer.append(ids if all(running) else ids * torch.tensor(running, device=ids.device))


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
