"""The one model against other people's: copy random weights over, compare outputs, fp32, under 1e-5."""

import pytest
import torch
import transformers
from torch import nn

from destructure import Transformer, TransformerConfig
from destructure.pretrained import from_checkpoint
from pretrained_files import randomise, tiny_bert, tiny_gpt2, tiny_llama

TOLERANCE = 1e-5
VOCABULARY, WIDTH, LAYERS, HEADS, HIDDEN, LONGEST = 37, 32, 3, 4, 56, 48
SIZES = {"vocabulary": VOCABULARY, "width": WIDTH, "layers": LAYERS, "heads": HEADS}
SIZES |= {"feed_forward": HIDDEN, "max_length": LONGEST}
# (batch, source, target, padding at the end of some sources, of some targets)
SHAPES = [(1, 1, 1, 0, 0), (3, 7, 5, 0, 0), (4, 9, 12, 4, 0), (4, 6, 8, 3, 5)]
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)


def make_batch(shape, seed=0):
    """Random ids; every second source and every third target ends in padding."""
    batch, source_length, target_length, source_padding, target_padding = shape
    generator = torch.Generator().manual_seed(seed)
    source = torch.randint(3, VOCABULARY, (batch, source_length), generator=generator)
    target = torch.randint(3, VOCABULARY, (batch, target_length), generator=generator)
    if source_padding:
        source[::2, -source_padding:] = 0
    if target_padding:
        target[::3, -target_padding:] = 0
    return source, target


def copy_linear(to, weight, bias=None):
    with torch.no_grad():
        to.weight.copy_(weight)
        if bias is not None:
            to.bias.copy_(bias)


def copy_module(to, other):
    copy_linear(to, other.weight, getattr(other, "bias", None))


def assert_equal_where_real(ours, theirs, ids):
    real = ids != 0
    difference = (ours - theirs)[real].abs().max()
    assert difference < TOLERANCE, f"largest difference {difference:.1e}"


def read_from(folder, theirs):
    """Our class with the weights of a model of the transformers library, by way of its file."""
    theirs.save_pretrained(folder)
    return from_checkpoint(folder)


# --- encoder-decoder corner = torch.nn.Transformer -----------------------------------------------------------


def copy_packed_attention(to, other):
    """torch.nn.MultiheadAttention keeps query, key and value matrices in one."""
    for part, weight, bias in zip(
        (to.query, to.key, to.value), other.in_proj_weight.chunk(3), other.in_proj_bias.chunk(3), strict=True
    ):
        copy_linear(part, weight, bias)
    copy_module(to.output, other.out_proj)


def copy_torch_layer(to, other):
    copy_packed_attention(to.attention, other.self_attn)
    copy_module(to.attention_norm, other.norm1)
    if to.cross_attention is not None:
        copy_packed_attention(to.cross_attention, other.multihead_attn)
        copy_module(to.cross_attention_norm, other.norm2)
    copy_module(to.feed_forward_norm, other.norm3 if to.cross_attention is not None else other.norm2)
    copy_module(to.feed_forward.expand, other.linear1)
    copy_module(to.feed_forward.contract, other.linear2)


@shapes
@pytest.mark.parametrize("placement", ["before", "after"])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_encoder_decoder_equals_torch(shape, placement, activation):
    theirs = nn.Transformer(
        WIDTH,
        HEADS,
        LAYERS,
        LAYERS,
        HIDDEN,
        dropout=0.0,
        activation=activation,
        norm_first=placement == "before",
        batch_first=True,
    ).eval()
    randomise(theirs)
    if placement == "after":  # the 2017 model has no last normalisation; torch adds one by default
        theirs.encoder.norm = theirs.decoder.norm = None
    config = TransformerConfig(
        **SIZES, norm="layer", norm_placement=placement, activation=activation, bias=True, positions="none"
    )
    ours = Transformer(config)
    for our_stack, their_stack in ((ours.input_stack, theirs.encoder), (ours.target_stack, theirs.decoder)):
        for our_layer, their_layer in zip(our_stack.layers, their_stack.layers, strict=True):
            copy_torch_layer(our_layer, their_layer)
        if their_stack.norm is not None:
            copy_module(our_stack.final_norm, their_stack.norm)

    source, target = make_batch(shape)
    table = ours.embedding.tokens
    with torch.no_grad():
        logits = ours(source, target)
        states = theirs(
            table(source),
            table(target),
            tgt_mask=nn.Transformer.generate_square_subsequent_mask(target.shape[1]).isinf(),
            src_key_padding_mask=source == 0,
            tgt_key_padding_mask=target == 0,
            memory_key_padding_mask=source == 0,
        )
    assert_equal_where_real(logits, states @ table.weight.T, target)


# --- decoder-only corner = GPT-2 and Llama over the concatenation --------------------------------------------


def concatenated(source, target):
    """One sequence a row, the positions that run on over padding, and where the target tokens stand."""
    ids = torch.cat([source, target], dim=1)
    real = (ids != 0).long()
    return ids, {"attention_mask": real, "position_ids": (real.cumsum(1) - 1).clamp(min=0)}


def compare_decoder_only(ours, theirs, shape):
    source, target = make_batch(shape)
    ids, keywords = concatenated(source, target)
    with torch.no_grad():
        expected = theirs(ids, **keywords).logits[:, source.shape[1] :]
        assert_equal_where_real(ours(source, target, one_pass=True), expected, target)
        assert_equal_where_real(ours(source, target, one_pass=False), expected, target)


@shapes
def test_decoder_only_equals_gpt2(shape, tmp_path):
    theirs = tiny_gpt2(pad_token_id=0)
    compare_decoder_only(read_from(tmp_path, theirs), theirs, shape)


@shapes
@pytest.mark.parametrize("key_value_heads", [4, 2, 1])
def test_decoder_only_equals_llama(shape, key_value_heads, tmp_path):
    theirs = tiny_llama(num_key_value_heads=key_value_heads, tie_word_embeddings=False, pad_token_id=0)
    compare_decoder_only(read_from(tmp_path, theirs), theirs, shape)


# --- encoder-only = BERT -------------------------------------------------------------------------------------


@shapes
def test_encoder_only_equals_bert(shape, tmp_path):
    theirs = tiny_bert()
    ours = read_from(tmp_path, theirs)
    ids, _ = make_batch(shape)
    segments = torch.zeros_like(ids)
    segments[:, ids.shape[1] // 2 :] = 1
    with torch.no_grad():
        expected = theirs(ids, attention_mask=(ids != 0).long(), token_type_ids=segments).last_hidden_state
        assert_equal_where_real(ours(ids, segments), expected, ids)


# --- post-norm encoder-decoder = BART ------------------------------------------------------------------------


def copy_bart_attention(to, other):
    copy_module(to.query, other.q_proj)
    copy_module(to.key, other.k_proj)
    copy_module(to.value, other.v_proj)
    copy_module(to.output, other.out_proj)


def copy_bart_stack(embedding, stack, other):
    copy_module(embedding.tokens, other.embed_tokens)
    copy_linear(embedding.positions, other.embed_positions.weight[2:])  # BART leaves two rows unused
    copy_module(embedding.norm, other.layernorm_embedding)
    for to, layer in zip(stack.layers, other.layers, strict=True):
        copy_bart_attention(to.attention, layer.self_attn)
        copy_module(to.attention_norm, layer.self_attn_layer_norm)
        if to.cross_attention is not None:
            copy_bart_attention(to.cross_attention, layer.encoder_attn)
            copy_module(to.cross_attention_norm, layer.encoder_attn_layer_norm)
        copy_module(to.feed_forward.expand, layer.fc1)
        copy_module(to.feed_forward.contract, layer.fc2)
        copy_module(to.feed_forward_norm, layer.final_layer_norm)


@shapes
def test_post_norm_encoder_decoder_equals_bart(shape):
    theirs = transformers.BartForConditionalGeneration(
        transformers.BartConfig(
            vocab_size=VOCABULARY,
            d_model=WIDTH,
            encoder_layers=LAYERS,
            decoder_layers=LAYERS,
            encoder_attention_heads=HEADS,
            decoder_attention_heads=HEADS,
            encoder_ffn_dim=HIDDEN,
            decoder_ffn_dim=HIDDEN,
            max_position_embeddings=LONGEST,
            dropout=0.0,
            scale_embedding=True,
            pad_token_id=0,
            attn_implementation="eager",
        )
    ).eval()
    randomise(theirs)
    config = TransformerConfig(
        **SIZES,
        norm="layer",
        norm_placement="after",
        bias=True,
        shared_embeddings=False,
        scale_embedding=True,
        embedding_norm=True,
        restart_target_positions=True,
    )
    ours = Transformer(config)
    copy_bart_stack(ours.embedding, ours.input_stack, theirs.model.encoder)
    copy_bart_stack(ours.target_embedding, ours.target_stack, theirs.model.decoder)

    source, target = make_batch(shape)
    with torch.no_grad():
        expected = theirs(
            input_ids=source,
            attention_mask=(source != 0).long(),
            decoder_input_ids=target,
            decoder_attention_mask=(target != 0).long(),
        ).logits
        assert_equal_where_real(ours(source, target), expected, target)
