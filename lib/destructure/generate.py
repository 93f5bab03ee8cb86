"""Let a trained model write: one token at a time, each from what was written before."""

import torch
from torch import Tensor

from destructure.token_ids import BEGIN, END
from destructure.transformer import Transformer


@torch.no_grad()
def greedy(model: Transformer, source: Tensor, longest: int) -> list[list[int]]:
    """Write the most probable next token again and again, from `[BOS]` until `[EOS]`.

    The input is read once; keys and values of input and written tokens are kept from step to step.

    Args:
        source: (batch, source) ids.
        longest: tokens after which a sequence that has not ended is cut off.

    Returns:
        One list of ids a sequence, without `[BOS]` and `[EOS]`.

    Raises:
        ValueError: if `longest` is below 1 or does not fit the model's positions.
    """
    if longest < 1:
        raise ValueError(f"longest is {longest}; allow at least one token.")
    begin = torch.full((source.shape[0], 1), BEGIN, device=source.device)
    model.check(source, begin.expand(-1, longest))
    memory, cache, written = model.read(source), None, begin
    ended = torch.zeros(len(source), dtype=torch.bool, device=source.device)
    for _ in range(longest):
        logits, cache, _ = model.write(memory, written, cache)
        next_ids = logits[:, -1].argmax(dim=-1)
        written = torch.cat([written, next_ids.unsqueeze(1)], dim=1)
        ended |= next_ids == END
        if bool(ended.all()):
            break
    return [until_end(ids) for ids in written[:, 1:].tolist()]


def until_end(ids: list[int]) -> list[int]:
    """Ids up to the first `[EOS]`, without it."""
    return ids[: ids.index(END)] if END in ids else ids
