"""Read a GGUF file of the Llama family: sizes, weights and tokenizer, through the packages gguf and tokenizers.

GGUF is the file format of llama.cpp, the program most people run language models with at home. It keeps most weights
in four or eight bits: thirty-two of a row share one scale (and one smallest value), so that each needs only a small
whole number. That makes a file of 540 MB one of 98 MB, for a little precision.
"""

from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from destructure.config import TransformerConfig
from destructure.pretrained.reading import NAMES, OtherContentError, layer_name, reading
from destructure.structure import Structure


@dataclass(frozen=True, eq=False)
class GGUFModel:
    """What a GGUF file holds, in this course's terms.

    Attributes:
        config: sizes and block details.
        weights: under the names of `Transformer`'s parameters, float32.
        tokenizer: of the `tokenizers` package.
        chat_template: how a conversation is written as one text, as a Jinja template.
    """

    config: TransformerConfig
    weights: dict[str, Tensor] = field(repr=False)
    tokenizer: object = field(repr=False)
    chat_template: str


def read_gguf(path: Path) -> GGUFModel:
    """Read a Llama-style model with a tokenizer like SmolLM's.

    Raises:
        FileNotFoundError, ValueError: if the file is missing, damaged, or holds another kind of model.
    """
    from gguf import GGUFReader, dequantize

    with reading(path, "a GGUF model"):
        reader = GGUFReader(path)
        fields = {name: each.contents() for name, each in reader.fields.items()}
        _require(path, "model of the family", fields["general.architecture"], "llama")
        scaling = fields.get("llama.rope.scaling.type", "none")
        _require(path, "model whose rotary positions are scaled by the rule", scaling, "none")
        _require(path, "tokenizer that cuts text by the rule", fields["tokenizer.ggml.pre"], "smollm")
        config = TransformerConfig(
            vocabulary=len(fields["tokenizer.ggml.tokens"]),
            width=fields["llama.embedding_length"],
            layers=fields["llama.block_count"],
            heads=fields["llama.attention.head_count"],
            structure=Structure.DECODER_ONLY,
            key_value_heads=fields["llama.attention.head_count_kv"],
            feed_forward=fields["llama.feed_forward_length"],
            max_length=fields["llama.context_length"],
            norm="rms",
            norm_placement="before",
            activation="swiglu",
            positions="rotary",
            rotary_base=fields.get("llama.rope.freq_base", 10_000.0),
            norm_epsilon=fields["llama.attention.layer_norm_rms_epsilon"],
            tied_output="output.weight" not in {each.name for each in reader.tensors},
        )
        weights, tables, parts = {}, *NAMES["gguf"].values()
        for each in reader.tensors:
            name = tables.get(each.name) or layer_name(each.name, "blk.", "input_stack.layers.", parts)
            weights[name] = torch.from_numpy(dequantize(each.data, each.tensor_type).copy())
            if name.endswith(("attention.query.weight", "attention.key.weight")):
                weights[name] = half_split(weights[name], config.head_width)
        return GGUFModel(config, weights, _tokenizer(fields), fields.get("tokenizer.chat_template", ""))


def half_split(rows: Tensor, head_width: int) -> Tensor:
    """Put a query or key matrix's rows (heads × head width, width) from interleaved into half-split rotary order.

    Rotary positions turn pairs of numbers. GGUF keeps the two of a pair next to each other (0 and 1, 2 and 3, ...);
    this course's `rotate`, as the transformers library, pairs the first half of a head with the second (0 and 32,
    1 and 33, ...). With the wrong order each head turns the wrong pairs: nothing fails, the answers are merely bad.
    """
    pairs = rows.unflatten(0, (-1, head_width // 2, 2))  # heads, pairs, the two of a pair, width
    return pairs.transpose(1, 2).reshape(rows.shape)


def _require(path: Path, what: str, found: str, known: str) -> None:
    if found != known:
        raise OtherContentError(f"The file {path.name} holds a {what} {found!r}; only {known!r} is read.")


def _tokenizer(fields: dict):
    """Byte-pair encoding over bytes (Sennrich 2016; Radford 2019); digits are cut one by one, as in SmolLM."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    tokens, kinds = fields["tokenizer.ggml.tokens"], fields["tokenizer.ggml.token_type"]
    merges = [tuple(pair.split(" ")) for pair in fields["tokenizer.ggml.merges"]]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    special = [token for token, kind in zip(tokens, kinds, strict=True) if kind == 3]  # 3: a mark, not text
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in special])
    return tokenizer
