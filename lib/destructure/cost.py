"""What a model costs, by formula: parameters, floating-point operations (FLOPs), cache bytes. No torch here.

One multiplication and one addition are 2 FLOPs. Only matrix products are counted, as is usual: normalisation,
softmax and activation functions are left out (torch's own counter leaves them out too). Training is counted as
three times the forward pass: the backward pass multiplies twice, once for the inputs and once for the weights.
"""

from destructure.config import TransformerConfig

# --- parameters ----------------------------------------------------------------------------------------------


def parameters(config: TransformerConfig) -> int:
    """Trainable numbers of a `Transformer`, exactly."""
    tables = 1 if config.shared_embeddings else 2
    output = 0 if config.tied_output else config.vocabulary * config.width
    output += config.vocabulary if config.output_bias else 0
    return non_embedding_parameters(config) + tables * _embedding_parameters(config) + output


def non_embedding_parameters(config: TransformerConfig) -> int:
    """Trainable numbers of the stacks alone: about 28 L d² for an encoder-decoder, 12 L d² for decoder-only."""
    structure = config.structure
    plain = _stack_parameters(config)
    cross = _norm_parameters(config)
    if not structure.tied_cross_attention:
        cross += _attention_parameters(config)
    total = 2 * plain if structure.separate_parameters else plain
    total += config.layers * cross if structure.separate_cross_attention else 0
    return total + _final_memory_parameters(config)


def encoder_parameters(config: TransformerConfig, labels: int | None = None) -> int:
    """Trainable numbers of an `EncoderOnly`, exactly."""
    classifier = (config.width + 1) * labels if labels else 0
    return _stack_parameters(config) + _embedding_parameters(config) + classifier


def _linear(inputs: int, outputs: int, bias: bool) -> int:
    return inputs * outputs + (outputs if bias else 0)


def _norm_parameters(config: TransformerConfig) -> int:
    return config.width * (2 if config.norm == "layer" and config.bias else 1)


def _key_value_width(config: TransformerConfig) -> int:
    return config.kv_heads * config.head_width


def _attention_parameters(config: TransformerConfig) -> int:
    query_and_output = 2 * _linear(config.width, config.width, config.bias)
    key_and_value = 2 * _linear(config.width, _key_value_width(config), config.bias)
    head_norms = 2 * config.head_width if config.query_key_norm else 0
    return query_and_output + key_and_value + head_norms


def _feed_forward_parameters(config: TransformerConfig) -> int:
    expanding = 2 if config.activation == "swiglu" else 1
    return expanding * _linear(config.width, config.hidden_width, config.bias) + _linear(
        config.hidden_width, config.width, config.bias
    )


def _stack_parameters(config: TransformerConfig) -> int:
    layer = _attention_parameters(config) + _feed_forward_parameters(config) + 2 * _norm_parameters(config)
    final_norm = _norm_parameters(config) if config.norm_placement == "before" else 0
    return config.layers * layer + final_norm


def _final_memory_parameters(config: TransformerConfig) -> int:
    """What the counter-proposals to plain final-layer memory add; see `blocks.FinalMemory`."""
    if config.final_memory == "layer_mix":
        return config.layers**2
    if config.final_memory == "feed_forward":
        return _feed_forward_parameters(config) + 2 * _norm_parameters(config)
    return 0


def _embedding_parameters(config: TransformerConfig) -> int:
    rows = config.vocabulary + config.segments + (config.max_length if config.positions == "learned" else 0)
    return rows * config.width + (_norm_parameters(config) if config.embedding_norm else 0)


# --- FLOPs ---------------------------------------------------------------------------------------------------


def forward_flops(config: TransformerConfig, source: int, target: int, one_pass: bool = False) -> int:
    """FLOPs of one forward pass over one example, logits of the target included.

    Whatever is computed counts, also padding, the last input layer where nobody reads it, and each attention's full
    rectangle where a mask hides part of it.

    Args:
        source, target: tokens of input and target; ValueError for a negative length.
        one_pass: count what the single-stack fast path computes: it also multiplies the masked block in which
            input tokens would look at the target, 4 · source · target · width more per layer.
    """
    if source < 0 or target < 0:
        raise ValueError(f"Lengths are {source} and {target}; a length must be 0 or more.")
    structure = config.structure
    layer = _layer_flops(config, source, source) + _layer_flops(config, target, target)
    layer += _attention_flops(config, target, source)  # the target looks at the input, in whichever softmax
    if not _memory_reuses_keys(config):
        layer += 4 * source * config.width * _key_value_width(config)
    if structure.separate_cross_attention:
        layer += 4 * target * config.width**2  # cross-attention's own queries and output
    if one_pass:
        layer += _attention_flops(config, source, target)
    memory = _final_memory_flops(config, source)
    return config.layers * layer + memory + 2 * target * config.width * config.vocabulary


def training_flops(config: TransformerConfig, source: int, target: int) -> int:
    """FLOPs of one training example: three forward passes' worth."""
    return 3 * forward_flops(config, source, target)


def encoder_flops(config: TransformerConfig, length: int, labels: int | None = None) -> int:
    """FLOPs of an `EncoderOnly`'s forward pass over one sequence, classifier included."""
    classifier = 2 * config.width * labels if labels else 0
    return config.layers * _layer_flops(config, length, length) + classifier


def _memory_reuses_keys(config: TransformerConfig) -> bool:
    """Whether target layers look at the very keys and values that the input stack made for itself."""
    structure = config.structure
    same_projections = not structure.separate_cross_attention or structure.tied_cross_attention
    return same_projections and not structure.separate_parameters and not structure.final_layer_memory


def _attention_flops(config: TransformerConfig, queries: int, keys: int) -> int:
    """Scores and weighted averages: 2 · queries · keys · width each."""
    return 4 * queries * keys * config.width


def _layer_flops(config: TransformerConfig, queries: int, keys: int) -> int:
    projections = 4 * config.width**2 + 4 * config.width * _key_value_width(config)
    each = projections + _feed_forward_flops(config)
    return queries * each + _attention_flops(config, queries, keys)


def _feed_forward_flops(config: TransformerConfig) -> int:
    """One token through the feed-forward block."""
    expanding = 2 if config.activation == "swiglu" else 1
    return 2 * (expanding + 1) * config.width * config.hidden_width


def _final_memory_flops(config: TransformerConfig, source: int) -> int:
    """What the counter-proposals to plain final-layer memory compute; see `blocks.FinalMemory`."""
    if config.final_memory == "layer_mix":
        return 2 * config.layers**2 * source * config.width
    return source * _feed_forward_flops(config) if config.final_memory == "feed_forward" else 0


def writing_flops(config: TransformerConfig, source: int, prompt: int, new: int, cache: bool = True) -> int:
    """FLOPs to write `new` tokens, one at a time, with a key-value cache or without.

    With the cache, input and prompt are computed once and then one token per step: it looks at the keys and values
    that were kept. Without, each step computes the input and the whole target again. In both, the last token written
    is never read.

    Args:
        source, prompt: tokens of the input, and target tokens given, `[BOS]` included; 1 or more.
        new: tokens written, the end token included; 1 or more.
        cache: whether keys and values are kept.
    """
    if source < 0 or prompt < 1 or new < 1:
        raise ValueError(
            f"source is {source}, prompt {prompt} and new {new}; source must be 0 or more, the others 1 or more."
        )
    lengths = range(prompt, prompt + new)  # of the target, at each step
    if not cache:
        return sum(forward_flops(config, source, length) for length in lengths)
    first = forward_flops(config, source, prompt)
    return first + sum(_one_token_flops(config, source + length) for length in lengths[1:])


def _one_token_flops(config: TransformerConfig, seen: int) -> int:
    """One new target token that looks at `seen` tokens, itself included."""
    alone = forward_flops(config, 0, 1)  # its matrices, its logits, and one look at itself
    return alone + 4 * config.layers * config.width * (seen - 1)


# --- memory --------------------------------------------------------------------------------------------------


def cache_bytes(config: TransformerConfig, source: int, target: int, bytes_per_number: int = 4) -> int:
    """Bytes of keys and values kept to generate without recomputing, after `target` tokens.

    The same for all sixteen structures with equally many layers: each target layer keeps one key and one value per
    token of input and target, whether it sees them by one softmax or by two.
    """
    return 2 * config.layers * _key_value_width(config) * (source + target) * bytes_per_number
