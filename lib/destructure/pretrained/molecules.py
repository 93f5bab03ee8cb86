"""Molecules rewritten as others like them, by the Transformer inside the package annalog (2017 style).

An encoder-decoder of 3 + 3 layers with a normalisation after each sum, as in the paper of 2017. A molecule is written
as a line of text in SMILES notation: letters are atoms, "=" a double bond, brackets a branch, equal digits close a
ring. The weights are those of ANNalog (package licence MIT), which learned to write molecules similar to a given one.
"""

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from destructure.config import BEGIN, END, SPECIAL_TOKENS, TransformerConfig
from destructure.generate import greedy
from destructure.pretrained.packages import weight_file
from destructure.pretrained.reading import NAMES, count_layers, damaged, fill, read_plain_pickle, read_torch
from destructure.structure import Structure
from destructure.transformer import Transformer

HEADS = 8  # the one size that cannot be read off the weights
UNKNOWN = "[UNK]"
_THEIR_SPECIALS = ("<pad>", "<sos>", "<eos>", "<unk>")  # in our order; theirs begins with "<unk>"
_TOKEN = re.compile(r"\[[^\]]*\]|%\d\d|Br|Cl|.", re.DOTALL)
_STACKS = {"encoder": ("input_stack", "embedding"), "decoder": ("target_stack", "target_embedding")}


@dataclass(frozen=True, eq=False)
class Molecules:
    """A Transformer that reads a molecule and writes one.

    Attributes:
        model: takes ids of the molecule to read, between `[BOS]` and `[EOS]`, and of the one being written.
        vocabulary: what the ids stand for, the same for both.
    """

    model: Transformer
    vocabulary: tuple[str, ...] = field(repr=False)

    def tokens(self, smiles: str) -> list[str]:
        """Cut a molecule into atoms, bonds, brackets and ring numbers; ValueError if the model cannot read it."""
        if not isinstance(smiles, str) or not smiles:
            raise ValueError(f"{smiles!r} is no molecule; give SMILES notation, such as 'CCO' for alcohol.")
        tokens, known = _TOKEN.findall(smiles), self.vocabulary[len(_THEIR_SPECIALS) :]
        unknown = [token for token in tokens if token not in known]
        if unknown:
            raise ValueError(
                f"{smiles!r} contains {unknown[0]!r}, which this model has never seen; it knows {' '.join(known)}."
            )
        longest = self.model.config.max_length - 2
        if len(tokens) > longest:
            raise ValueError(f"{smiles!r} has {len(tokens)} tokens; this model reads at most {longest}.")
        return tokens

    def encode(self, smiles: str) -> Tensor:
        """The ids of one molecule between `[BOS]` and `[EOS]`: (1, tokens + 2); ValueError as `tokens`."""
        return torch.tensor([[BEGIN, *map(self.vocabulary.index, self.tokens(smiles)), END]])

    def rewrite(self, smiles: str) -> str:
        """Write a molecule like this one, each token the most probable next one; often it is the same again."""
        written = greedy(self.model, self.encode(smiles), longest=self.model.config.max_length - 1)[0]
        return "".join(self.vocabulary[index] for index in written)


@cache
def molecules() -> Molecules:
    """Load the model of the package annalog: 4,051,259 weights, once in a session; raises as `weight_file`."""
    vocabulary = weight_file("molecules", "stereo_experiment_vocab_ttf.pkl")
    return read_molecules(weight_file("molecules", "Lev_extended.pt"), vocabulary)


def read_molecules(weights: Path, vocabulary: Path) -> Molecules:
    """Read the model from the package's two files; FileNotFoundError or ValueError if that cannot be.

    Our ids are those of every vocabulary here (padding 0, begin 1, end 2, then unknown), so the rows of the tables
    and of the output change places.
    """
    theirs = _read_vocabulary(vocabulary)
    tokens = [*_THEIR_SPECIALS, *(token for token in theirs if token not in _THEIR_SPECIALS)]
    tensors, order = read_torch(weights), [theirs.index(token) for token in tokens]
    try:
        ours = {_our_name(name): tensor for name, tensor in tensors.items()}
        for table in ("embedding.tokens", "target_embedding.tokens", "output"):
            ours[f"{table}.weight"] = ours[f"{table}.weight"][order]
        ours["output.bias"] = ours["output.bias"][order]
        length, width = ours["embedding.positions.weight"].shape
        config = TransformerConfig(
            vocabulary=len(tokens),
            width=width,
            layers=count_layers(ours, "input_stack.layers."),
            heads=HEADS,
            structure=Structure.ENCODER_DECODER,
            feed_forward=ours["input_stack.layers.0.feed_forward.expand.weight"].shape[0],
            max_length=length,
            norm="layer",
            norm_placement="after",
            activation="relu",
            bias=True,
            positions="learned",
            shared_embeddings=False,
            scale_embedding=True,
            restart_target_positions=True,
            tied_output=False,
            output_bias=True,
        )
    except (KeyError, IndexError, ValueError) as error:
        raise damaged(weights, "the weights of annalog") from error
    model = fill(lambda: Transformer(config), ours, weights.name)
    return Molecules(model, (*SPECIAL_TOKENS, UNKNOWN, *tokens[len(_THEIR_SPECIALS) :]))


def _read_vocabulary(path: Path) -> list[str]:
    content = read_plain_pickle(path)
    tokens = content.get("itos") if isinstance(content, dict) else None
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise damaged(path, "annalog's list of tokens")
    if not set(_THEIR_SPECIALS) <= set(tokens) or len(set(tokens)) < len(tokens):
        raise damaged(path, "annalog's list of different tokens")
    return tokens


def _our_name(name: str) -> str:
    """For example encoder.layers.0.self_attention.fc_q.weight → input_stack.layers.0.attention.query.weight."""
    side, *rest = name.split(".")
    if rest[0] == "fc_out":
        return ".".join(["output", *rest[1:]])
    stack, embedding = _STACKS[side]
    return ".".join(
        [stack if rest[0] == "layers" else embedding, *(NAMES["molecules"].get(word, word) for word in rest)]
    )
