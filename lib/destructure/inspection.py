"""Find out from a model itself which of the four structures it has: by looking at its tensors and by disturbing it.

Nothing here reads `config.structure`. So the lecture's table (CS25 V4, 23:32) can be made from the models.
"""

from dataclasses import dataclass

import torch

from destructure.config import TransformerConfig
from destructure.structure import Structure
from destructure.transformer import Transformer

_SMALL = TransformerConfig(vocabulary=23, width=16, layers=3, heads=2, max_length=16)
_MOVED = 1e-4  # rounding moves a number by less
_SOURCE, _TARGET = (5, 9, 14, 7), (1, 11, 6)


@dataclass(frozen=True)
class Findings:
    """What a look at one model shows.

    Attributes:
        attention_matrices: different projection matrices for attention in a target layer: 8, or 4.
        softmaxes: in a target layer: 2, or 1 over input and target together.
        shared_tensors: how many tensors of the input stack are tensors of the target stack, too.
        input_tensors: how many tensors the input stack has.
        layers_read: for each target layer, after how many input layers it reads the input.
        later_input_seen: whether a later input token changes the state of an earlier one.
    """

    attention_matrices: int
    softmaxes: int
    shared_tensors: int
    input_tensors: int
    layers_read: tuple[int, ...]
    later_input_seen: bool

    @property
    def structure(self) -> Structure:
        """The structure that these findings show."""
        return Structure(
            separate_cross_attention=self.softmaxes == 2,
            separate_parameters=self.shared_tensors < self.input_tensors,
            final_layer_memory=len(set(self.layers_read)) == 1,
            bidirectional_input=self.later_input_seen,
            tied_cross_attention=self.softmaxes == 2 and self.attention_matrices == 4,
        )


def inspect_model(model: Transformer) -> Findings:
    """Look at a model's tensors, and disturb it to see what reads what. The model is left as it was.

    Args:
        model: with at least two layers, a vocabulary of 15 or more, and room for 7 tokens.

    Raises:
        ValueError: if it is too small to tell.
    """
    config = model.config
    if config.layers < 2 or config.vocabulary < 15 or config.max_length < len(_SOURCE) + len(_TARGET):
        raise ValueError(
            f"A model with {config.layers} layers, {config.vocabulary} tokens and room for {config.max_length} "
            "cannot be inspected; give one with at least 2 layers, 15 tokens and room for 7."
        )
    source, target = torch.tensor([_SOURCE]), torch.tensor([_TARGET])
    layer = model.target_stack.layers[0]
    matrices = {
        id(each)
        for name, each in layer.named_parameters()
        if "attention." in name and each.dim() == 2  # not the normalisations
    }
    of_input = {id(each) for each in model.input_stack.parameters()}
    of_target = {id(each) for each in model.target_stack.parameters()}
    with torch.no_grad():
        maps = model.attention_maps(source, target)
        layers_read = _layers_read(model, source)
        later_seen = _later_input_seen(model, source)
    return Findings(
        attention_matrices=len(matrices),
        softmaxes=2 if maps.cross else 1,
        shared_tensors=len(of_input & of_target),
        input_tensors=len(of_input),
        layers_read=layers_read,
        later_input_seen=later_seen,
    )


def inspect_structure(structure: Structure) -> Findings:
    """Build a small model of a structure and look at it."""
    return inspect_model(Transformer(_SMALL.with_structure(structure)).eval())


def _layers_read(model: Transformer, source: torch.Tensor) -> tuple[int, ...]:
    """Disturb one input layer after the other; a target layer that notices reads what comes after it."""
    before = model.read(source).keys_values
    noticed = [0] * len(before)
    for layer in model.input_stack.layers:
        weights = layer.feed_forward.contract.weight
        kept = weights.clone()
        weights.mul_(3.0)  # adding a constant would be undone by LayerNorm
        for place, (old, new) in enumerate(zip(before, model.read(source).keys_values, strict=True)):
            noticed[place] += bool((old.values - new.values).abs().max() > _MOVED)
        weights.copy_(kept)
    return tuple(noticed)


def _later_input_seen(model: Transformer, source: torch.Tensor) -> bool:
    changed = source.clone()
    changed[0, -1] = 3
    before, after = (model.read(ids).states[:, :-1] for ids in (source, changed))
    return bool((before - after).abs().max() > _MOVED)
