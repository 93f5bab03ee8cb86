"""What was asked for, checked and brought into one form before any token is written."""

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import groupby
from numbers import Integral

import torch
from torch import Tensor

from destructure.attention import real_tokens
from destructure.checks import require_ids, require_own, require_room
from destructure.config import PADDING
from destructure.recurrent import RecurrentMemory, RecurrentModel
from destructure.transformer import Memory

Prompts = Sequence[Sequence[int]] | Tensor


@dataclass
class Request:
    """One batch to write."""

    source: Tensor | Memory | RecurrentMemory  # (rows, source) ids, maybe of length 0, or read before
    prompts: Tensor  # (rows, prompt) ids to go on from, padded on the left
    longest: int
    ends: frozenset[int]
    rows: list[int]  # of the caller's batch
    never_padding: bool  # id 0 is padding and no end token, so it must not be chosen

    def only_tokens(self, logits: Tensor) -> Tensor:
        """Rule out padding in logits (rows, vocabulary), in place; ValueError as `require_numbers`."""
        require_numbers(logits)
        if self.never_padding:
            logits[:, PADDING] = -torch.inf
        return logits


def require_numbers(logits: Tensor) -> None:
    """ValueError if the largest logit of some row (the last axis) is not a finite number: no token can be chosen."""
    if not math.isfinite(float(logits.amax(dim=-1).sum(dtype=torch.float32))):  # sums keep NaN and infinity
        raise ValueError(
            "The logits are not numbers (NaN, or infinite), so no token can be chosen; if a model gave them, its "
            "weights are damaged, as after a training that diverged."
        )


def make_requests(model, source, longest, prompts, begin, end) -> list[Request]:
    """Check everything and return what to write: one batch, or several where rows must not be padded."""
    if not _is_whole(longest) or longest < 1:
        raise ValueError(f"longest is {longest!r}; allow at least one token, as a whole number.")
    if not (hasattr(model, "read") and hasattr(model, "write")):
        raise ValueError(f"The model is a {type(model).__name__}; give a Transformer or a RecurrentModel.")
    config, device = model.config, next(model.parameters()).device
    has_padding = getattr(config, "has_padding", True)
    count = _count_rows(source)
    first = _special_ids(begin, config.vocabulary, "begin")
    begins = _beginnings(prompts, count, first, has_padding)
    ends = frozenset(_special_ids(end, config.vocabulary, "end", several=True))
    if count is not None and len(begins) != count:
        raise ValueError(f"There are {count} sources and {len(begins)} prompts; give one for each source.")
    groups = [range(len(begins))]
    if not has_padding:  # nothing can be hidden, so only rows of equal length go together
        order = sorted(groups[0], key=lambda row: len(begins[row]))
        groups = [list(rows) for _, rows in groupby(order, key=lambda row: len(begins[row]))]
    requests = []
    for rows in groups:
        width = max(len(begins[row]) for row in rows)
        padded = [[PADDING] * (width - len(begins[row])) + begins[row] for row in rows]
        padded = require_ids(torch.tensor(padded, device=device), config.vocabulary, "prompt")
        part = source if source is None or len(groups) == 1 else rows_of_source(source, torch.tensor(rows))
        part, never_padding = _checked_source(model, part, padded), has_padding and PADDING not in ends
        requests.append(Request(part, padded, int(longest), ends, list(rows), never_padding))
        _require_positions(config, requests[-1], has_padding)
    return requests


# --- sources --------------------------------------------------------------------------------------------------


def read_source(model, source):
    """A memory of the source: (rows, source) ids are read; what has been read is returned as it is."""
    if not isinstance(source, Tensor):
        return source
    return model.read(padding_last(source) if isinstance(model, RecurrentModel) else source)


def padding_last(ids: Tensor) -> Tensor:
    """Move each row's padding behind its tokens: (rows, length) to the same shape."""
    return ids.gather(1, (ids == PADDING).int().argsort(dim=1, stable=True))


def rows_of_source(source, rows: Tensor):
    """Take some rows of a source or memory, in the order given; a row may be taken more than once."""
    if isinstance(source, Tensor):
        return source[rows.to(source.device)]
    rows = rows.to(source.source.device)
    if isinstance(source, RecurrentMemory):
        start = [state[rows] for state in source.start]
        return RecurrentMemory(start, source.states[rows], source.source[rows], source.mark)
    keys_values = [type(part)(*(tensor[rows] for tensor in part)) for part in source.keys_values]
    return Memory(keys_values, source.source[rows], source.states[rows], source.mark)


def _count_rows(source) -> int | None:
    ids = source.source if isinstance(source, Memory | RecurrentMemory) else source
    if ids is None:
        return None
    if not isinstance(ids, Tensor):
        raise ValueError(
            f"The source is a {type(ids).__name__}; give token ids as a torch tensor (batch, length), a memory "
            "that the model has read, or None for no source."
        )
    if ids.dim() != 2:
        raise ValueError(f"The source has shape {tuple(ids.shape)}; give token ids as (batch, length).")
    return len(ids)


def _checked_source(model, source, prompts: Tensor):
    """A source or memory as it will be used, no source as one of length 0; ValueError if this model cannot use it."""
    recurrent, memory = isinstance(model, RecurrentModel), None
    if isinstance(source, Memory | RecurrentMemory):
        wanted = RecurrentMemory if recurrent else Memory
        if not isinstance(source, wanted):
            raise ValueError(
                f"The source is a {type(source).__name__}, but a {type(model).__name__} reads into a "
                f"{wanted.__name__}; give a memory that this model has read, or token ids."
            )
        require_own(source, model)
        memory, source = source, source.source
    ids = prompts[:, :0] if source is None else source
    if recurrent:  # it has no positions to run out of
        ids = model.check(ids if memory else padding_last(ids), prompts)[0]
    else:
        require_ids(ids, model.config.vocabulary, "source", shortest=0)
        require_room(ids, prompts[:, -1:], model.config)
    return memory or ids


# --- prompts, special tokens, positions -----------------------------------------------------------------------


def _beginnings(
    prompts: Prompts | None, rows: int | None, first: list[int], has_padding: bool
) -> list[list[int]]:
    """What each row goes on from: the begin token, if there is one, then its prompt without padding."""
    if isinstance(prompts, Tensor):
        if prompts.dim() != 2 or prompts.is_floating_point():
            raise ValueError(
                f"The prompts are a tensor of shape {tuple(prompts.shape)} and {prompts.dtype}; give whole numbers "
                "as (batch, length), or one list of ids for each prompt."
            )
        prompts = prompts.tolist()
    if prompts is None:
        prompts = [[]] * (1 if rows is None else rows)
    if not _is_list(prompts) or not all(_is_list(ids) and all(map(_is_whole, ids)) for ids in prompts):
        raise ValueError(
            "The prompts are not token ids; give one list of whole numbers for each prompt, such as [[5, 3], [7]], "
            "or a tensor (batch, length)."
        )
    if not len(prompts):
        raise ValueError("There are no prompts; give one, or None to start from the begin token alone.")
    if first == [PADDING] and has_padding:
        raise ValueError(
            f"The begin token is {PADDING}, but id {PADDING} is padding in this model and hidden from it; give "
            "another id, or None for none."
        )
    begins = [[*first, *(int(i) for i in ids if i != PADDING or not has_padding)] for ids in prompts]
    if not all(begins):
        raise ValueError(
            f"Prompt {begins.index([])} is empty and there is no begin token, so there is nothing to go on from; "
            "give a prompt of at least one id, or a begin token."
        )
    return begins


def _is_list(value) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _is_whole(value) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _special_ids(given, vocabulary: int, name: str, several: bool = False) -> list[int]:
    """A special token's ids as a list: none for `None`, one, or several where that is allowed."""
    if given is None:
        return []
    given = given.tolist() if hasattr(given, "tolist") else given  # tensors and arrays
    ids = given if several and isinstance(given, list | tuple | Set) else [given]
    for index in ids:
        if not _is_whole(index) or not 0 <= index < vocabulary:
            raise ValueError(
                f"The {name} token is {index!r}, but the vocabulary has ids 0 to {vocabulary - 1}; give one of "
                "these, or None for none."
            )
    return [int(index) for index in ids]


def _require_positions(config, request: Request, has_padding: bool) -> None:
    """Check that a learned position table reaches to the last token of every row; padding needs no position."""
    if config.positions != "learned":
        return
    source = request.source if isinstance(request.source, Tensor) else request.source.source
    taken = real_tokens(request.prompts, has_padding).sum(dim=1)
    if not config.restart_target_positions:
        taken = taken + real_tokens(source, has_padding).sum(dim=1)
    # The last token written is not read again, so it needs no position.
    needed = int(taken.max()) + request.longest - 1
    if needed > config.max_length:
        room = config.max_length - int(taken.max()) + 1
        raise ValueError(
            f"{request.longest} new tokens after {int(taken.max())} given ones need {needed} positions, but this "
            f"model has {config.max_length}; ask for at most {max(room, 0)} new tokens, or build the model "
            "with a larger max_length."
        )
