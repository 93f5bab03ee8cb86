"""What one Transformer is made of, as plain data. No torch here: the cost formulas and exercises need only this."""

import math
from dataclasses import dataclass, field, fields, replace
from numbers import Real
from typing import Literal, get_args, get_origin

from destructure.structure import Structure, explained

# The three token ids that mean the same in every vocabulary.
PADDING, BEGIN, END = 0, 1, 2
SPECIAL_TOKENS = ("[PAD]", "[BOS]", "[EOS]")


@explained
@dataclass(frozen=True)
class TransformerConfig:
    """Every choice that fixes the shape of a `Transformer` or an `EncoderOnly`.

    The defaults are the course's own small model. The other values exist because, with them, the same class
    is the 2017 Transformer, BERT, GPT-2 or Llama.

    Sizes:
        vocabulary: how many token ids there are; id 0 is padding.
        has_padding: `False` makes id 0 a token like any other, for weights trained elsewhere whose id 0 is a word
            (GPT-2's is "!"); all sequences of a batch must then be equally long.
        width: length of the vector that stands for one token ("d_model" in the papers).
        layers: layers in *each* stack (an encoder-decoder with `layers=3` has 3 + 3).
        heads, key_value_heads: attention heads, a divisor of `width`; fewer heads for keys and values than for
            queries (grouped-query attention), as many by default.
        feed_forward: hidden width of the feed-forward block; by default 4 × `width`.
        max_length: how many positions the position table holds (input and target together).

    Structure:
        structure: which of the sixteen architectures; see `Structure`.
        final_memory: what final-layer memory (S3) consists of; see `blocks.FinalMemory`.

    Block details:
        norm: "rms" (RMSNorm) or "layer" (LayerNorm).
        norm_placement: "before" each sub-layer (pre-norm) or "after" the residual sum (post-norm, 2017).
        norm_epsilon: the small number that keeps normalisation from dividing by zero.
        activation: "relu", "gelu", "gelu_tanh" (GPT-2's approximation) or "swiglu" (gated, three matrices).
        bias: whether the linear maps (and LayerNorm) add a bias.
        positions, rotary_base: "learned", "sinusoidal", "rotary" (with this base of wavelengths) or "none".
        query_key_norm: normalise queries and keys per head (an RMSNorm each), for stability.

    Embeddings and output:
        shared_embeddings: input and target use one embedding table (token, position and segment);
            otherwise the target has its own.
        segments: rows of a segment table (BERT: 2; 0: none). Input tokens are segment 0, target tokens are
            segment 1 if there is one.
        scale_embedding: multiply token embeddings by √width (the 2017 model).
        embedding_norm: normalise the sum of the embeddings (BERT, BART).
        restart_target_positions: number the target from 0 again instead of running on from the input.
        tied_output, output_bias: the output matrix is the (target) token table; the output adds a bias per id.

    What does not fit is refused in one sentence that says what was given, what is allowed and what to do.
    """

    vocabulary: int
    width: int = 64
    layers: int = 3
    heads: int = 4
    structure: Structure = field(default_factory=Structure)
    key_value_heads: int | None = None
    feed_forward: int | None = None
    max_length: int = 256
    norm: Literal["rms", "layer"] = "rms"
    norm_placement: Literal["before", "after"] = "before"
    activation: Literal["relu", "gelu", "gelu_tanh", "swiglu"] = "gelu"
    bias: bool = False
    positions: Literal["learned", "sinusoidal", "rotary", "none"] = "learned"
    rotary_base: float = 10_000.0
    norm_epsilon: float = 1e-5
    query_key_norm: bool = False
    shared_embeddings: bool = True
    segments: int = 0
    scale_embedding: bool = False
    embedding_norm: bool = False
    restart_target_positions: bool = False
    tied_output: bool = True
    output_bias: bool = False
    has_padding: bool = True
    final_memory: Literal["plain", "layer_mix", "feed_forward"] = "plain"

    def __post_init__(self):
        _require_sizes(self)
        for each in fields(self):
            value, choices = getattr(self, each.name), get_args(each.type)
            if get_origin(each.type) is Literal and value not in choices:
                allowed = ", ".join(map(repr, choices))
                raise ValueError(f"{each.name} is {value!r}; it must be one of {allowed}.")
            if each.type is bool and not isinstance(value, bool):
                raise ValueError(f"{each.name} is {value!r}; it must be True or False.")
            if each.type is float and not (isinstance(value, Real) and 0 < value < math.inf):
                raise ValueError(f"{each.name} is {value!r}; it must be a finite number above 0.")
        if not isinstance(self.structure, Structure):
            raise ValueError(
                f"structure is {self.structure!r}; it must be a Structure, such as Structure.DECODER_ONLY "
                "or Structure.named('prefix LM')."
            )
        if self.final_memory != "plain" and not self.structure.final_layer_memory:
            raise ValueError(
                f"final_memory is {self.final_memory!r}, but the structure {self.structure} has no final-layer "
                "memory; use a structure with final_layer_memory, or leave final_memory at 'plain'."
            )

    @property
    def head_width(self) -> int:
        """Length of one head's query, key or value vector."""
        return self.width // self.heads

    @property
    def kv_heads(self) -> int:
        """Heads that hold keys and values."""
        return self.heads if self.key_value_heads is None else self.key_value_heads

    @property
    def hidden_width(self) -> int:
        """Hidden width of the feed-forward block."""
        return 4 * self.width if self.feed_forward is None else self.feed_forward

    def with_structure(self, structure: Structure) -> "TransformerConfig":
        """Return the same model with another structure."""
        return replace(self, structure=structure)


def require_whole(name: str, value, lowest: int = 1, otherwise: str = "") -> None:
    """Refuse what is no whole number of at least `lowest`; `otherwise` says what else would do."""
    if not isinstance(value, int) or isinstance(value, bool) or value < lowest:
        raise ValueError(f"{name} is {value!r}; it must be a whole number of {lowest} or more{otherwise}.")


def _require_sizes(config: TransformerConfig) -> None:
    for name in ("vocabulary", "width", "layers", "heads", "max_length"):
        require_whole(name, getattr(config, name))
    for name in ("key_value_heads", "feed_forward"):
        if getattr(config, name) is not None:
            require_whole(name, getattr(config, name))
    if config.width % config.heads:
        allowed = [heads for heads in range(1, config.width + 1) if config.width % heads == 0]
        raise ValueError(
            f"width {config.width} cannot be split into {config.heads} heads of equal width; "
            f"choose heads from {allowed} or change the width."
        )
    if config.heads % config.kv_heads:
        raise ValueError(
            f"{config.heads} heads cannot share {config.kv_heads} key-value heads evenly; "
            "key_value_heads must divide heads."
        )
    if config.positions == "rotary" and config.head_width % 2:
        raise ValueError(
            f"rotary positions turn pairs of numbers, but one head is {config.head_width} wide; "
            "choose width and heads so that width / heads is even."
        )
    require_whole("segments", config.segments, lowest=0)
