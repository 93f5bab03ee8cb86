"""Small made-up files in the formats of real weights, and what the tests of `destructure.pretrained` share."""

import numpy as np
import pytest
import torch
import transformers

from destructure.pretrained.packages import what_is_missing

VOCABULARY, WIDTH, LAYERS, HEADS, HIDDEN, LONGEST = 300, 64, 2, 4, 96, 40


def needs(name):
    """Skip without a model's package, saying which and how to get it."""
    reason = what_is_missing(name)
    return pytest.mark.skipif(reason is not None, reason=str(reason))


def randomise(model, seed=1):
    """Random values everywhere, biases and norms included, so that no weight can be forgotten."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weights in model.parameters():
            around = 1.0 if weights.dim() == 1 and float(weights.detach().mean()) > 0.5 else 0.0
            weights.copy_(around + 0.2 * torch.randn(weights.shape, generator=generator))
    return model.eval()


def tiny_llama(**changes):
    settings = {
        "vocab_size": VOCABULARY,
        "hidden_size": WIDTH,
        "intermediate_size": HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": 2,
        "max_position_embeddings": LONGEST,
        "rms_norm_eps": 1e-5,
        "tie_word_embeddings": True,
        "rope_theta": 500.0,
        "rope_parameters": {"rope_type": "default", "rope_theta": 500.0},
        "attn_implementation": "eager",
    }
    return randomise(transformers.LlamaForCausalLM(transformers.LlamaConfig(**(settings | changes))))


def tiny_gpt2(**changes):
    settings = {
        "vocab_size": VOCABULARY,
        "n_positions": LONGEST,
        "n_embd": WIDTH,
        "n_layer": LAYERS,
        "n_head": HEADS,
        "n_inner": HIDDEN,
        "attn_implementation": "eager",
    }
    return randomise(transformers.GPT2LMHeadModel(transformers.GPT2Config(**(settings | changes))))


def tiny_bert(kind=transformers.BertModel, **changes):
    settings = {
        "vocab_size": VOCABULARY,
        "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": HIDDEN,
        "max_position_embeddings": LONGEST,
        "attn_implementation": "eager",
    }
    return randomise(kind(transformers.BertConfig(**(settings | changes))))


def interleaved(rows, head_width):
    """The order of query and key rows in GGUF, as llama.cpp's converter makes it from the halves' order."""
    heads = len(rows) // head_width
    return rows.reshape(heads, 2, head_width // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


GGUF_NAMES = {
    "self_attn.q_proj": ("attn_q", "Q8_0"),
    "self_attn.k_proj": ("attn_k", "Q4_1"),
    "self_attn.v_proj": ("attn_v", "Q4_1"),
    "self_attn.o_proj": ("attn_output", "Q8_0"),
    "mlp.gate_proj": ("ffn_gate", "Q4_1"),
    "mlp.up_proj": ("ffn_up", "F32"),
    "mlp.down_proj": ("ffn_down", "F16"),
    "input_layernorm": ("attn_norm", "F32"),
    "post_attention_layernorm": ("ffn_norm", "F32"),
}


def write_gguf(path, model, family="llama", cut="smollm", table="Q8_0"):
    """Write a tiny Llama as GGUF in several formats, and round the model's own weights in the same way."""
    import gguf

    config = model.config
    writer = gguf.GGUFWriter(path, family)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_freq_base(500.0)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    tokens = byte_level_tokens()
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(cut)
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token.startswith("<|") else 1 for token in tokens])
    writer.add_token_merges(["t h", "th e"])
    writer.add_chat_template("{{ messages }}")

    def add(name, weights, kind, head_width=None):
        rows = weights.detach().numpy()
        rows = rows if head_width is None else interleaved(rows, head_width)
        kind = gguf.GGMLQuantizationType[kind]
        packed = gguf.quantize(rows, kind)
        writer.add_tensor(name, packed, raw_dtype=kind)
        rounded = gguf.dequantize(packed, kind).reshape(rows.shape)
        if head_width is not None:  # the inverse of `interleaved`
            heads = len(rows) // head_width
            rounded = rounded.reshape(heads, head_width // 2, 2, -1).swapaxes(1, 2).reshape(rows.shape)
        with torch.no_grad():
            weights.copy_(torch.from_numpy(np.ascontiguousarray(rounded)))

    add("token_embd.weight", model.model.embed_tokens.weight, table)
    add("output_norm.weight", model.model.norm.weight, "F32")
    for number, layer in enumerate(model.model.layers):
        for theirs, (name, kind) in GGUF_NAMES.items():
            head_width = WIDTH // HEADS if name in ("attn_q", "attn_k") else None
            add(f"blk.{number}.{name}.weight", layer.get_submodule(theirs).weight, kind, head_width)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def byte_level_tokens():
    from tokenizers import pre_tokenizers

    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokens += ["th", "the"]
    return tokens + [f"unused{number}" for number in range(VOCABULARY - len(tokens))]
