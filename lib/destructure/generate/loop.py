"""The loop: ask for logits, choose a token for each row, go on until every row has ended."""

import torch
from torch import Tensor

from destructure.config import BEGIN, END
from destructure.generate.beam import beam_search
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
        prompts: what each target begins with, after `begin`: one list of ids for each row, or (batch, length) ids
            with padding on any side; `None` to start from `begin` alone.
        how: `Greedy()`, `Sampling(...)` or `Beam(...)`.
        cache: keep what was computed from step to step; without it the same tokens are written, only later.
        fast: with the cache, use preallocated buffers (`FastWriter`); without, the plain path (`PlainWriter`).
        begin: the id put before each prompt; `None` for none.
        end: the id, or several ids, that end a text; `None` to write on until `longest`.

    Returns:
        One list of new ids for each row: without `begin`, the prompt and the end token.

    Raises:
        ValueError: one sentence that says what was given, what is allowed and what to do.
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
        ids = choose(request.only_tokens(writer.logits(), first=step == 0), step)
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
