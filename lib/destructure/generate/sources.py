"""What a text is written from: ids to read, or the memory of an input that this model read before."""

from torch import Tensor

from destructure.checks import require_ids, require_room
from destructure.generate.writers import padding_last
from destructure.recurrent import RecurrentMemory, RecurrentModel
from destructure.transformer import Memory


def count_rows(source) -> int | None:
    """How many rows a source or memory has; `None` for no source.

    Raises:
        ValueError: if it is neither.
    """
    if source is None:
        return None
    if isinstance(source, Memory | RecurrentMemory):
        return source.source.shape[0]
    if not isinstance(source, Tensor):
        raise ValueError(
            f"The source is a {type(source).__name__}; give token ids as a torch tensor (batch, length), a memory "
            "that the model has read, or None for no source."
        )
    if source.dim() != 2:
        raise ValueError(f"The source has shape {tuple(source.shape)}; give token ids as (batch, length).")
    return source.shape[0]


def rows_of_source(source, rows: Tensor):
    """Take some rows of a source or memory, in the order given; a row may be taken more than once."""
    if isinstance(source, Tensor):
        return source[rows.to(source.device)]
    rows = rows.to(source.source.device)
    if isinstance(source, RecurrentMemory):
        start = [state[rows] for state in source.start]
        return RecurrentMemory(start, source.states[rows], source.source[rows], source.config)
    keys_values = [type(part)(*(tensor[rows] for tensor in part)) for part in source.keys_values]
    return Memory(keys_values, source.source[rows], source.states[rows], source.config)


def checked_source(model, source, prompts: Tensor):
    """Return a source or memory as it will be used: no source as one of length 0.

    Raises:
        ValueError: for ids that the model cannot read, or a memory that another kind of model has read.
    """
    require_ids(prompts, model.config.vocabulary, "prompt")
    if isinstance(source, Memory | RecurrentMemory):
        _require_own(model, source)
        _checked_ids(model, source.source, prompts)
        return source
    source = prompts[:, :0] if source is None else source
    return _checked_ids(model, padding_last(source) if isinstance(model, RecurrentModel) else source, prompts)


def _checked_ids(model, source: Tensor, prompts: Tensor) -> Tensor:
    if isinstance(model, RecurrentModel):  # it has no positions to run out of
        return model.check(source, prompts)[0]
    require_ids(source, model.config.vocabulary, "source", shortest=0)
    require_room(source, prompts[:, -1:], model.config)
    return source


def _require_own(model, memory) -> None:
    wanted = RecurrentMemory if isinstance(model, RecurrentModel) else Memory
    if not isinstance(memory, wanted):
        raise ValueError(
            f"The source is a {type(memory).__name__}, but a {type(model).__name__} reads into a {wanted.__name__}; "
            "give a memory that this model has read, or token ids."
        )
    if memory.config != model.config:
        raise ValueError(
            "The memory given as source was read by a model of another structure or size, whose numbers mean "
            "something else here; read the input again with this model, or give its token ids."
        )
