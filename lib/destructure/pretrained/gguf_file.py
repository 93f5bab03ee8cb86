"""Read a GGUF file of the Llama family: sizes, weights and vocabulary, through the `gguf` package.

GGUF is the file format of llama.cpp, the program most people run language models with at home.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from destructure.config import TransformerConfig
from destructure.pretrained import quantised
from destructure.pretrained.reading import damaged, require_file
from destructure.structure import Structure

_TABLES = {
    "token_embd.weight": "embedding.tokens.weight",
    "output_norm.weight": "input_stack.final_norm.weight",
}
_PARTS = {
    "attn_norm": "attention_norm",
    "attn_q": "attention.query",
    "attn_k": "attention.key",
    "attn_v": "attention.value",
    "attn_output": "attention.output",
    "ffn_norm": "feed_forward_norm",
    "ffn_gate": "feed_forward.gate",
    "ffn_up": "feed_forward.expand",
    "ffn_down": "feed_forward.contract",
}


@dataclass(frozen=True, eq=False)
class GGUFModel:
    """What a GGUF file holds, in this course's terms.

    Attributes:
        config: sizes and block details.
        weights: under the names of `Transformer`'s parameters, float32.
        tokens: what the ids stand for, in the byte-level alphabet of GPT-2.
        merges: pairs of tokens that the tokenizer joins, the first first.
        special: ids of tokens that are marks and not text.
        pre_tokenizer: how text is cut before merging, by llama.cpp's name.
        chat_template: how a conversation is written as one text, as a Jinja template.
    """

    config: TransformerConfig
    weights: dict[str, Tensor]
    tokens: list[str]
    merges: list[tuple[str, str]]
    special: list[int]
    pre_tokenizer: str
    chat_template: str


def read_gguf(path: Path) -> GGUFModel:
    """Read a Llama-style model whose matrices are F32, F16, Q8_0 or Q4_1.

    Raises:
        FileNotFoundError, ValueError: if the file is missing, damaged, or holds another kind of model.
    """
    from gguf import GGUFReader

    require_file(path)
    try:
        reader = GGUFReader(path)
        fields = {name: field.contents() for name, field in reader.fields.items()}
        config = _config(fields, tied="output.weight" not in {each.name for each in reader.tensors})
        weights = {_our_name(each.name): torch.from_numpy(_numbers(each)) for each in reader.tensors}
        merges = [tuple(pair.split(" ")) for pair in fields["tokenizer.ggml.merges"]]
        kinds = fields["tokenizer.ggml.token_type"]
        tokens, cut = fields["tokenizer.ggml.tokens"], fields["tokenizer.ggml.pre"]
        special = [index for index, kind in enumerate(kinds) if kind == 3]  # 3: a control token
        template = fields.get("tokenizer.chat_template", "")
        for name in list(weights):
            if name.endswith(("attention.query.weight", "attention.key.weight")):
                weights[name] = half_split(weights[name], config.head_width)
    except _OtherModelError as error:
        raise ValueError(
            f"The file {path.name} holds {error}, but only Llama-style models are read."
        ) from None
    except Exception as error:  # the package raises whatever a damaged header makes it stumble over
        raise damaged(path, "a GGUF model") from error
    return GGUFModel(config, weights, tokens, merges, special, cut, template)


def half_split(rows: Tensor, head_width: int) -> Tensor:
    """Put a query or key matrix's rows from interleaved rotary order into half-split order.

    Rotary positions turn pairs of numbers. GGUF keeps the two of a pair next to each other (0 and 1, 2 and 3, ...);
    this course's `rotate`, as the transformers library, pairs the first half of a head with the second (0 and 32,
    1 and 33, ...). With the wrong order each head turns the wrong pairs: nothing fails, the answers are merely bad.

    Args:
        rows: (heads × head width, width).
    """
    pairs = rows.unflatten(0, (-1, head_width // 2, 2))  # heads, pairs, the two of a pair, width
    return pairs.transpose(1, 2).reshape(rows.shape)


class _OtherModelError(Exception):
    """The file is fine, but not a model that our class can be."""


def _config(fields: dict, tied: bool) -> TransformerConfig:
    family = fields["general.architecture"]
    if family != "llama":
        raise _OtherModelError(f"a model of the family {family!r}")
    scaling = fields.get("llama.rope.scaling.type", "none")
    if scaling != "none":
        raise _OtherModelError(f"rotary positions scaled by the rule {scaling!r}")
    return TransformerConfig(
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
        tied_output=tied,
    )


def _our_name(name: str) -> str:
    """For example blk.0.attn_q.weight → input_stack.layers.0.attention.query.weight."""
    if name in _TABLES:
        return _TABLES[name]
    if not name.startswith("blk."):
        return name
    _, layer, part, kind = name.split(".")
    return f"input_stack.layers.{layer}.{_PARTS[part]}.{kind}"


def _numbers(tensor) -> np.ndarray:
    kind = tensor.tensor_type.name
    if kind in ("F32", "F16"):
        return np.array(tensor.data, dtype=np.float32)
    readers = {"Q8_0": quantised.eight_bits, "Q4_1": quantised.four_bits}
    if kind not in readers:
        raise _OtherModelError(f"weights of the type {kind} (F32, F16, Q8_0 and Q4_1 are known)")
    return readers[kind](tensor.data)
