"""Models with their structure hidden: notebook 06 finds it out from what they show.

A black box takes a sequence of token ids and a boundary: the ids before it are the input, the rest is what has been
written so far. It shows one vector per token and, if it can write, probabilities of the next token. That is what one
might be allowed to see of a model whose makers do not say how it is built (a viewer of CS25 V4 asked it of GPT-4o).
"""

import torch
from torch import Tensor

from destructure.config import TransformerConfig
from destructure.structure import Structure
from destructure.transformer import EncoderOnly, Transformer

VOCABULARY = 50  # of the mystery boxes


class BlackBox:
    """A model that shows what it computes and not what it is; ids from 3 to below `vocabulary` may be used."""

    def __init__(self, model: Transformer | EncoderOnly, name: str):
        self._model, self.name, self.vocabulary = model, name, model.config.vocabulary

    @torch.no_grad()
    def outputs(self, ids: list[int], boundary: int | None = None) -> Tensor:
        """One vector per token, (length, width), in the order of the ids.

        Args:
            ids: the input, then what was written so far.
            boundary: how many of the ids are input; all but the last one by default. ValueError if this model cannot
                take it.
        """
        return self._see(*self._checked(ids, boundary))[0]

    @torch.no_grad()
    def next_token(self, ids: list[int], boundary: int | None = None) -> Tensor:
        """Probabilities of the token after the last one, (vocabulary,); ValueError if it cannot write."""
        checked = self._checked(ids, boundary)
        if isinstance(self._model, EncoderOnly):
            raise ValueError(f"Box {self.name} cannot write: it has no next token to offer.")
        return self._see(*checked)[1].softmax(dim=-1)

    def __repr__(self) -> str:
        return f"<black box {self.name}>"

    def _checked(self, ids, boundary) -> tuple[Tensor, int]:
        ids = ids.tolist() if isinstance(ids, Tensor) else list(ids)
        if len(ids) < 2 or not all(isinstance(one, int) and 3 <= one < self.vocabulary for one in ids):
            raise ValueError(
                f"The ids are {ids}; give two or more whole numbers from 3 to {self.vocabulary - 1} in one list."
            )
        boundary = len(ids) - 1 if boundary is None else boundary
        if not isinstance(boundary, int) or not 0 <= boundary < len(ids):
            raise ValueError(
                f"The boundary is {boundary!r}; it says how many of the {len(ids)} ids are input: from 0 to "
                f"{len(ids) - 1}."
            )
        return torch.tensor([ids]), boundary

    def _see(self, ids: Tensor, boundary: int) -> tuple[Tensor, Tensor | None]:
        """All final states, and the logits of the next token."""
        model, structure = self._model, self._model.config.structure
        if isinstance(model, EncoderOnly):
            return model(ids)[0], None
        if boundary == 0 and structure.separate_cross_attention:
            raise ValueError(f"Box {self.name} refuses: it must be given at least one token of input.")
        source, target = model.check(ids[:, :boundary], ids[:, boundary:])
        if structure.is_single_stack:
            states = model.read_and_write_at_once(source, target)[0]
            return states, model.output(states[-1])
        memory = model.read(source)
        logits, _, results = model.write(memory, target)
        return torch.cat([memory.states[0], results[-1].states[0]]), logits[0, -1]

    @classmethod
    def mysteries(cls) -> list["BlackBox"]:
        """Four untrained models, one of each kind, in an order that their names do not tell.

        They need no training: who sees whom is settled by the structure, not by what was learned.
        """
        config = TransformerConfig(vocabulary=VOCABULARY, width=32, layers=2, heads=2, max_length=64)
        kinds = {
            "A": Structure.PREFIX_LM,
            "B": None,
            "C": Structure.DECODER_ONLY,
            "D": Structure.ENCODER_DECODER,
        }
        boxes = []
        for name, kind in kinds.items():
            seed = ord(name)
            model = Transformer(config.with_structure(kind), seed) if kind else EncoderOnly(config, seed=seed)
            boxes.append(cls(model.eval(), name))
        return boxes
