"""How the transformers library names and shapes the weights of GPT-2, BERT and Llama, and what they are called here.

Each function takes a checkpoint's settings and tensors and returns our configuration and our weights. A setting that
our classes cannot reproduce is refused with its name: a model that is nearly right is worse than none.
A tensor of a shape that it cannot have raises KeyError, IndexError or RuntimeError, or fails to fill the model.
"""

import math

from torch import Tensor

from destructure.config import TransformerConfig
from destructure.pretrained.reading import NAMES, count_layers, layer_name
from destructure.structure import Structure

_ACTIVATIONS = {"gelu": "gelu", "gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh", "relu": "relu"}
_USUAL = "vocab_size hidden_size num_hidden_layers intermediate_size"
_GPT2, _LLAMA, _BERT = (NAMES[family] for family in ("gpt2", "llama", "bert"))


class Settings(dict):
    """The settings of a checkpoint, or of one part of them, refused by name where our classes cannot take one."""

    def require(self, name: str, default, allowed: tuple):
        """Return a setting; ValueError if our classes cannot reproduce its value."""
        value = self.get(name, default)
        if value not in allowed:
            known = " or ".join(repr(each) for each in allowed)
            raise ValueError(
                f"The checkpoint's config.json says {name} = {value!r}, which this course's model cannot reproduce; "
                f"only {known} is supported."
            )
        return value

    def size(self, name: str, default: int | None) -> int | None:
        """Return a whole number of 1 or more; where the default is `None`, also `None`. Else ValueError."""
        value = self.get(name, default)
        if value is None and default is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise _wrong(name, value, "a whole number of 1 or more")
        return value

    def agree(self, name: str, size: int) -> int:
        """Return a size that the weights have; ValueError if the settings state another one."""
        if self.get(name) not in (None, size):
            raise _wrong(name, self[name], f"{size}, as in its weights")
        return size

    def positive(self, name: str, default: float) -> float:
        """Return a number above 0; else ValueError."""
        value = self.get(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < math.inf:
            raise _wrong(name, value, "a number above 0")
        return float(value)

    def part(self, name: str) -> "Settings":
        """Return the settings inside a setting; an absent one, or null, has none. Else ValueError."""
        value = self.get(name)
        if value is not None and not isinstance(value, dict):
            raise _wrong(name, value, "an object with settings of its own, or null")
        return Settings(value or {})


def _wrong(name: str, value, allowed: str) -> ValueError:
    return ValueError(
        f"The checkpoint's config.json says {name} = {value!r}, but it must be {allowed}; correct it, or take a "
        "fresh copy of the checkpoint."
    )


def gpt2(settings: Settings, tensors: dict[str, Tensor]) -> tuple[TransformerConfig, dict[str, Tensor]]:
    """GPT-2: matrices are stored transposed, and queries, keys and values in one."""
    settings.require("scale_attn_weights", True, (True,))
    settings.require("scale_attn_by_inverse_layer_idx", False, (False,))
    settings.require("add_cross_attention", False, (False,))
    activation = settings.require("activation_function", "gelu_new", tuple(_ACTIVATIONS))
    tied = settings.require("tie_word_embeddings", True, (True, False))
    weights = {}
    for name, tensor in _cleaned(tensors, "transformer.", (".attn.bias", ".attn.masked_bias"), tied).items():
        kind = name.rpartition(".")[2]
        if name.startswith("h.") and tensor.dim() == 2:
            tensor = tensor.T
        if ".attn.c_attn." in name:
            layer = name.split(".")[1]
            for part, rows in zip(("query", "key", "value"), tensor.unflatten(0, (3, -1)), strict=True):
                weights[f"input_stack.layers.{layer}.attention.{part}.{kind}"] = rows
        else:
            ours = layer_name(name, "h.", "input_stack.layers.", _GPT2["parts"])
            weights[_GPT2["tables"].get(name, ours)] = tensor
    config = TransformerConfig(
        **_sizes(settings, weights, "input_stack.layers.", "vocab_size n_embd n_layer n_inner"),
        heads=settings.size("n_head", 12),
        structure=Structure.DECODER_ONLY,
        max_length=settings.agree("n_positions", _rows(weights, "embedding.positions.weight")),
        norm="layer",
        activation=_ACTIVATIONS[activation],
        bias=True,
        norm_epsilon=settings.positive("layer_norm_epsilon", 1e-5),
        tied_output=tied,
    )
    return config, weights


def llama(settings: Settings, tensors: dict[str, Tensor]) -> tuple[TransformerConfig, dict[str, Tensor]]:
    """Llama: names differ, and nothing else; its rotary positions pair the halves of a head as ours do."""
    settings.require("hidden_act", "silu", ("silu", "swish"))
    rotary = settings.part("rope_parameters") or settings.part("rope_scaling")
    rotary.require("rope_type", rotary.get("type", "default"), ("default",))
    bias = settings.require("attention_bias", False, (True, False))
    settings.require("mlp_bias", False, (bias,))
    tied = settings.require("tie_word_embeddings", False, (True, False))
    heads = settings.size("num_attention_heads", 32)
    tensors = _cleaned(tensors, "model.", ("rotary_emb.inv_freq",), tied)
    weights = {
        _LLAMA["tables"].get(
            name, layer_name(name, "layers.", "input_stack.layers.", _LLAMA["parts"])
        ): tensor
        for name, tensor in tensors.items()
    }
    sizes = _sizes(settings, weights, "input_stack.layers.")
    settings.require("head_dim", None, (None, sizes["width"] // heads))
    config = TransformerConfig(
        **sizes,
        heads=heads,
        structure=Structure.DECODER_ONLY,
        key_value_heads=settings.size("num_key_value_heads", None),
        max_length=settings.size("max_position_embeddings", 2048),
        norm="rms",
        activation="swiglu",
        bias=bias,
        positions="rotary",
        rotary_base=(rotary if "rope_theta" in rotary else settings).positive("rope_theta", 10_000.0),
        norm_epsilon=settings.positive("rms_norm_eps", 1e-6),
        tied_output=tied,
    )
    return config, weights


def bert(settings: Settings, tensors: dict[str, Tensor]) -> tuple[TransformerConfig, dict[str, Tensor]]:
    """BERT: the stack and its embeddings; the layers above it (pooler, classifier, ...) are left out."""
    settings.require("position_embedding_type", "absolute", ("absolute",))
    settings.require("is_decoder", False, (False,))
    activation = settings.require("hidden_act", "gelu", tuple(_ACTIVATIONS))
    settings.setdefault("pad_token_id", 0)
    weights = {
        _BERT["tables"].get(name, layer_name(name, "encoder.layer.", "stack.layers.", _BERT["parts"])): tensor
        for name, tensor in _cleaned(tensors, "bert.").items()
        if name in _BERT["tables"] or name.startswith("encoder.")
    }
    config = TransformerConfig(
        **_sizes(settings, weights, "stack.layers."),
        heads=settings.size("num_attention_heads", 12),
        max_length=settings.agree("max_position_embeddings", _rows(weights, "embedding.positions.weight")),
        norm="layer",
        norm_placement="after",
        activation=_ACTIVATIONS[activation],
        bias=True,
        segments=settings.agree("type_vocab_size", _rows(weights, "embedding.segments.weight")),
        embedding_norm=True,
        norm_epsilon=settings.positive("layer_norm_eps", 1e-12),
    )
    return config, weights


def left_out_of_bert(tensors: dict[str, Tensor]) -> list[str]:
    """Names of weights above a BERT's stack that `bert` leaves out, but for the pooler that every BERT has."""
    known = ("embeddings.", "encoder.", "pooler.")
    return [name for name in _cleaned(tensors, "bert.") if not name.startswith(known)]


def _rows_and_columns(weights: dict[str, Tensor], name: str) -> tuple[int, int]:
    """The size of a matrix; KeyError if none has this name, or what has it is no matrix."""
    shape = tuple(weights[name].shape)
    if len(shape) != 2 or 0 in shape:
        raise KeyError(f"{name} has the shape {shape}")
    return shape


def _rows(weights: dict[str, Tensor], name: str) -> int:
    return _rows_and_columns(weights, name)[0]


def _sizes(settings: Settings, weights: dict[str, Tensor], stack: str, theirs: str = _USUAL) -> dict:
    """What can be read off the weights, and whether id 0 is padding, as everywhere in this course."""
    vocabulary, width = _rows_and_columns(weights, "embedding.tokens.weight")
    sizes = {
        "vocabulary": vocabulary,
        "width": width,
        "layers": count_layers(weights, stack),
        "feed_forward": _rows(weights, f"{stack}0.feed_forward.expand.weight"),
    }
    for name, size in zip(theirs.split(), sizes.values(), strict=True):
        settings.agree(name, size)
    return sizes | {"has_padding": settings.get("pad_token_id") == 0}


def _cleaned(
    tensors: dict[str, Tensor], prefix: str, unwanted: tuple[str, ...] = (), tied: bool = False
) -> dict[str, Tensor]:
    """Tensors without a prefix of their names, without masks and the like, and a tied table only once."""
    names = {name.removeprefix(prefix): name for name in tensors if not name.endswith(unwanted)}
    return {name: tensors[old] for name, old in names.items() if not (tied and name == "lm_head.weight")}
