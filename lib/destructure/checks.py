"""Refuse bad input with one clear sentence, before it becomes a long traceback inside a kernel."""

import torch
from torch import Tensor, nn

from destructure.attention import real_tokens
from destructure.config import TransformerConfig


def require_ids(ids: Tensor, vocabulary: int, name: str, shortest: int = 1) -> Tensor:
    """Return token ids unchanged if they are a (batch, length) tensor of ids below `vocabulary`, not empty."""
    if not isinstance(ids, Tensor) or ids.dtype not in (torch.int64, torch.int32):
        given = f"a tensor of {ids.dtype}" if isinstance(ids, Tensor) else f"a {type(ids).__name__}"
        raise ValueError(f"The {name} is {given}; give token ids as a torch tensor of whole numbers (int64).")
    if ids.dim() != 2 or ids.shape[0] == 0 or ids.shape[1] < shortest:
        raise ValueError(
            f"The {name} has shape {tuple(ids.shape)}; give at least one sequence of at least one id, "
            "as (batch, length)."
        )
    if ids.numel() == 0:
        return ids
    lowest, highest = int(ids.min()), int(ids.max())
    if lowest < 0 or highest >= vocabulary:
        wrong = lowest if lowest < 0 else highest
        raise ValueError(
            f"The {name} contains id {wrong}, but the vocabulary has ids 0 to {vocabulary - 1}; "
            "encode the text with the vocabulary this model was built for."
        )
    return ids


def require_segments(segments: Tensor | int, ids: Tensor, config: TransformerConfig) -> Tensor:
    """Return a segment for each of the ids (batch, length), from as many or from one for all."""
    segments, rows = torch.as_tensor(segments, device=ids.device), max(config.segments, 1)
    fits = not segments.is_floating_point() and segments.shape in ((), ids.shape)
    if not fits or int(segments.min()) < 0 or int(segments.max()) >= rows:
        raise ValueError(
            f"The segments are {str(segments.tolist())[:60]}; give whole numbers from 0 to {rows - 1}, as many as "
            f"the ids, {tuple(ids.shape)}, or one for all."
        )
    return segments.long().expand_as(ids)


def mark_of(model: nn.Module) -> tuple[Tensor, int]:
    """What tells a model from another one, and from itself before training: its output matrix, and its version."""
    weight = model.output.weight
    return weight, -1 if weight.is_inference() else weight._version


def require_own(memory, model: nn.Module) -> None:
    """Refuse a memory that this model, with the weights that it has now, did not read."""
    (read_by, before), (weight, version) = memory.mark, mark_of(model)
    if read_by is not weight or before != version:
        raise ValueError(
            "The memory was read by another model, or before this model's weights were changed; read the input again "
            "with this model, or give its token ids."
        )


def require_same_batch(source: Tensor, target: Tensor) -> None:
    """Check that there is a target for each source."""
    if source.shape[0] != target.shape[0]:
        raise ValueError(
            f"The source has {source.shape[0]} sequences and the target {target.shape[0]}; "
            "give one target for each source."
        )


def require_room(source: Tensor, target: Tensor, config: TransformerConfig) -> None:
    """Check that batches agree and that a learned position table is long enough."""
    require_same_batch(source, target)
    real = real_tokens(source, config.has_padding)
    if config.structure.separate_cross_attention and target.shape[1] and not bool(real.any(1).all()):
        raise ValueError(
            "A source is empty, but separate cross-attention must have something to look at; give at least one "
            "real token, or use a structure without separate_cross_attention."
        )
    if config.positions != "learned":
        return
    needed = source.shape[1] + target.shape[1]
    if config.restart_target_positions:
        needed = max(source.shape[1], target.shape[1])
    if needed > config.max_length:
        raise ValueError(
            f"A source of {source.shape[1]} and a target of {target.shape[1]} tokens need {needed} positions, "
            f"but this model has {config.max_length}; shorten the text or build the model with a larger max_length."
        )
