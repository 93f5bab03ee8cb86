"""Readers of other formats, on small made-up files: equal to the other library, clear when a file is damaged."""

import json
import pickle
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from destructure import EncoderOnly, Transformer
from destructure.pretrained import from_checkpoint
from destructure.pretrained.chat import read_chat_model
from destructure.pretrained.gguf_file import read_gguf
from destructure.pretrained.molecules import read_molecules
from destructure.pretrained.reading import (
    read_arrays,
    read_json,
    read_plain_pickle,
    read_safetensors,
    read_torch,
)
from destructure.pretrained.spelling import read_spelling_to_sound
from pretrained_files import LONGEST, VOCABULARY, tiny_bert, tiny_gpt2, tiny_llama, write_gguf
from refusals import refused

TOLERANCE = 1e-5


def random_ids(rows=3, length=9, lowest=0, seed=0):
    return torch.randint(lowest, VOCABULARY, (rows, length), generator=torch.Generator().manual_seed(seed))


def assert_same_logits(ours, theirs, ids):
    with torch.no_grad():
        assert (ours(None, ids) - theirs(ids).logits).abs().max() < TOLERANCE


# --- checkpoints of the transformers library -----------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [{}, {"n_inner": None}, {"activation_function": "relu"}, {"tie_word_embeddings": False}],
    ids=str,
)
def test_gpt2_loads_and_agrees(tmp_path, changes):
    theirs = tiny_gpt2(**changes)
    theirs.save_pretrained(tmp_path)
    ours = from_checkpoint(tmp_path)
    assert isinstance(ours, Transformer)
    ids = random_ids()
    ids[:, 2] = 0  # in GPT-2 id 0 is a word like any other
    assert_same_logits(ours, theirs, ids)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tie_word_embeddings": False},
        {"num_key_value_heads": 4},
        {"num_key_value_heads": 1},
        {"attention_bias": True, "mlp_bias": True},
    ],
    ids=str,
)
def test_llama_loads_and_agrees(tmp_path, changes):
    theirs = tiny_llama(**changes)
    theirs.save_pretrained(tmp_path)
    assert_same_logits(from_checkpoint(tmp_path), theirs, random_ids())


def test_a_checkpoint_in_parts_and_in_half_precision(tmp_path):
    tiny_llama().to(torch.bfloat16).save_pretrained(tmp_path, max_shard_size="60kB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    theirs = transformers.LlamaForCausalLM.from_pretrained(tmp_path, dtype=torch.float32).eval()
    assert_same_logits(from_checkpoint(tmp_path), theirs, random_ids())


def test_bert_loads_and_agrees(tmp_path):
    theirs = tiny_bert()
    theirs.save_pretrained(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = from_checkpoint(tmp_path)
    assert isinstance(ours, EncoderOnly)
    ids = random_ids(lowest=1)
    ids[::2, -3:] = 0
    segments = torch.zeros_like(ids)
    segments[:, 4:] = 1
    with torch.no_grad():
        expected = theirs(
            ids, attention_mask=(ids != 0).long(), token_type_ids=segments, output_attentions=True
        )
        difference = (ours(ids, segments) - expected.last_hidden_state)[ids != 0]
        assert difference.abs().max() < TOLERANCE
        for own, other in zip(ours.attention_maps(ids, segments), expected.attentions, strict=True):
            real = (ids != 0)[:, None, :, None].expand_as(own)
            assert (own - other)[real].abs().max() < TOLERANCE


def test_a_head_above_bert_is_left_out_and_said(tmp_path):
    theirs = tiny_bert(transformers.BertForSequenceClassification)
    theirs.save_pretrained(tmp_path)
    with pytest.warns(UserWarning, match="classifier.weight"):
        ours = from_checkpoint(tmp_path)
    ids = random_ids(lowest=1)
    with torch.no_grad():
        assert (ours(ids) - theirs.bert(ids).last_hidden_state).abs().max() < TOLERANCE


def change_settings(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("make", "changes", "says"),
    [
        (tiny_gpt2, {"activation_function": "silu"}, "activation_function = 'silu'"),
        (tiny_gpt2, {"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx"),
        (tiny_gpt2, {"model_type": "t5"}, "of the kind 't5'"),
        (tiny_gpt2, {"n_head": 5}, "cannot be split"),
        (tiny_llama, {"rope_parameters": {"rope_type": "llama3"}}, "rope_type = 'llama3'"),
        (tiny_llama, {"rope_parameters": None, "rope_scaling": {"type": "linear"}}, "rope_type = 'linear'"),
        (tiny_llama, {"head_dim": 8}, "head_dim = 8"),
        (tiny_llama, {"attention_bias": True}, "mlp_bias = False"),
        (tiny_llama, {"num_key_value_heads": 4}, "has shape"),
        (tiny_bert, {"position_embedding_type": "relative_key"}, "relative_key"),
        (tiny_bert, {"is_decoder": True}, "is_decoder = True"),
        (tiny_gpt2, {"model_type": ["gpt2"]}, r"of the kind \['gpt2'\]"),
        (tiny_gpt2, {"model_type": {}}, "of the kind {}"),
        (tiny_gpt2, {"n_head": 0}, "n_head = 0, but it must be a whole number"),
        (tiny_gpt2, {"n_head": "4"}, "n_head = '4'"),
        (tiny_gpt2, {"layer_norm_epsilon": "small"}, "layer_norm_epsilon = 'small', but it must be a number"),
        (tiny_llama, {"num_attention_heads": 0}, "num_attention_heads = 0"),
        (tiny_llama, {"num_attention_heads": None}, "num_attention_heads = None"),
        (tiny_llama, {"num_attention_heads": [4]}, r"num_attention_heads = \[4\]"),
        (tiny_llama, {"num_key_value_heads": 0}, "num_key_value_heads = 0"),
        (tiny_llama, {"max_position_embeddings": 2.5}, "max_position_embeddings = 2.5"),
        (tiny_llama, {"rms_norm_eps": 0}, "rms_norm_eps = 0"),
        (tiny_llama, {"rope_parameters": None, "rope_scaling": "linear"}, "rope_scaling = 'linear', but it"),
        (tiny_llama, {"rope_parameters": ["default"]}, r"rope_parameters = \['default'\]"),
        (tiny_llama, {"rope_parameters": {"rope_theta": None}}, "rope_theta = None"),
        (tiny_llama, {"rope_parameters": None, "rope_theta": -1}, "rope_theta = -1"),
        (tiny_bert, {"num_attention_heads": True}, "num_attention_heads = True"),
        (tiny_bert, {"layer_norm_eps": None}, "layer_norm_eps = None"),
        (tiny_gpt2, {"n_layer": 1}, "n_layer = 1, but it must be 2, as in its weights"),
        (tiny_gpt2, {"vocab_size": 10**12}, "vocab_size = 1000000000000"),
        (tiny_gpt2, {"n_positions": 7}, "n_positions = 7"),
        (tiny_gpt2, {"n_inner": 7}, "n_inner = 7"),
        (tiny_llama, {"num_hidden_layers": 9}, "num_hidden_layers = 9"),
        (tiny_llama, {"hidden_size": "16"}, "hidden_size = '16'"),
        (tiny_bert, {"intermediate_size": 3}, "intermediate_size = 3"),
        (tiny_bert, {"type_vocab_size": 5}, "type_vocab_size = 5"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_what_our_classes_cannot_hold_is_refused(tmp_path, make, changes, says):
    make().save_pretrained(tmp_path)
    change_settings(tmp_path, **changes)
    with refused(says):
        from_checkpoint(tmp_path)


def cut(path, share=0.6):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


def remove_a_tensor(path):
    tensors = load_file(path)
    tensors.pop("transformer.h.1.ln_2.weight")
    save_file(tensors, path, metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("file", "damage", "kind", "says"),
    [
        ("model.safetensors", cut, ValueError, "may be damaged or cut off"),
        ("model.safetensors", lambda path: path.write_bytes(b""), ValueError, "may be damaged or cut off"),
        ("model.safetensors", lambda path: path.unlink(), FileNotFoundError, "has no model.safetensors"),
        (
            "model.safetensors",
            remove_a_tensor,
            ValueError,
            "lacks input_stack.layers.1.feed_forward_norm.weight",
        ),
        ("config.json", cut, ValueError, "may be damaged or cut off"),
        ("config.json", lambda path: path.write_text("[]"), ValueError, "one object"),
        (
            "config.json",
            lambda path: path.unlink(),
            FileNotFoundError,
            "The file config.json is not in the folder",
        ),
    ],
)
def test_a_damaged_checkpoint_is_one_clear_sentence(tmp_path, file, damage, kind, says):
    tiny_gpt2().save_pretrained(tmp_path)
    damage(tmp_path / file)
    with refused(says, kind):
        from_checkpoint(tmp_path)
    with pytest.raises(FileNotFoundError, match="no folder 'nothing'"):
        from_checkpoint(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("make", "name", "change", "says"),
    [
        (tiny_gpt2, "transformer.wpe.weight", torch.flatten, "weights of a gpt2 model"),
        (tiny_gpt2, "transformer.wpe.weight", lambda table: table[:0], "weights of a gpt2 model"),
        (tiny_gpt2, "transformer.wte.weight", torch.sum, "weights of a gpt2 model"),
        (
            tiny_gpt2,
            "transformer.h.0.attn.c_attn.weight",
            lambda rows: rows[:, :2],
            "weights of a gpt2 model",
        ),
        (tiny_gpt2, "transformer.h.0.attn.c_attn.weight", lambda rows: rows[:, :6], "has shape"),
        (tiny_gpt2, "transformer.h.0.attn.c_attn.bias", lambda bias: bias[:-1], "weights of a gpt2 model"),
        (tiny_llama, "model.embed_tokens.weight", torch.flatten, "weights of a llama model"),
        (tiny_llama, "model.layers.0.mlp.up_proj.weight", torch.flatten, "weights of a llama model"),
        (tiny_llama, "model.layers.0.self_attn.q_proj.weight", torch.flatten, "has shape"),
        (tiny_bert, "embeddings.word_embeddings.weight", torch.flatten, "weights of a bert model"),
        (tiny_bert, "embeddings.position_embeddings.weight", torch.sum, "weights of a bert model"),
        (tiny_bert, "embeddings.token_type_embeddings.weight", lambda table: table[:0], "weights of a bert"),
    ],
)
def test_a_tensor_of_another_shape_is_one_clear_sentence(tmp_path, make, name, change, says):
    make().save_pretrained(tmp_path)
    path = tmp_path / "model.safetensors"
    tensors = load_file(path)
    tensors[name] = change(tensors[name]).contiguous()
    save_file(tensors, path, metadata={"format": "pt"})
    with refused(says):
        from_checkpoint(tmp_path)


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({}, "the index of a checkpoint's parts"),
        (["model.safetensors"], "the index of a checkpoint's parts"),
        ({"wte.weight": 1}, "same folder"),
        ({"wte.weight": None, "wpe.weight": "part.safetensors"}, "same folder"),
        ({"wte.weight": ["part.safetensors"]}, "same folder"),
        ({"wte.weight": ""}, "same folder"),
        ({"wte.weight": ".."}, "same folder"),
        ({"wte.weight": "../part.safetensors"}, "same folder"),
    ],
    ids=str,
)
def test_an_index_of_anything_but_files_is_one_clear_sentence(tmp_path, parts, says):
    tiny_gpt2().save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").rename(tmp_path / "part.safetensors")
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": parts}))
    with refused(says):
        from_checkpoint(tmp_path)


# --- GGUF ----------------------------------------------------------------------------------------------------


def test_a_gguf_file_loads_and_agrees(tmp_path):
    theirs = tiny_llama()
    chat = read_chat_model(write_gguf(tmp_path / "tiny.gguf", theirs))  # rounds `theirs` as the file does
    assert_same_logits(chat.model, theirs, random_ids(lowest=1))
    assert chat.model.config.tied_output
    assert chat.model.config.max_length == LONGEST


def test_a_gguf_files_tokenizer_and_texts(tmp_path):
    theirs = tiny_llama()
    chat = read_chat_model(write_gguf(tmp_path / "tiny.gguf", theirs))
    assert chat.tokens("the 12<|im_end|>") == ["the", " ", "1", "2", "<|im_end|>"]
    assert chat.decode(chat.tokenize("the café")[0].tolist()) == "the café"
    ids = chat.tokenize("the the")
    with torch.no_grad():
        logits = theirs(ids, labels=ids)
    assert chat.loss("the the") == pytest.approx(float(logits.loss), abs=1e-5)
    best = chat.next_tokens("the the", 4)
    expected = logits.logits[0, -1].softmax(-1).topk(4).values.tolist()
    assert [probability for _, probability in best] == pytest.approx(expected, abs=1e-5)
    assert chat.complete("the the", longest=3) == chat.complete("the the", longest=3, cache=False)


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda chat: chat.tokenize(""), "at least one character"),
        (lambda chat: chat.complete("a", longest=0), "longest is 0"),
        (lambda chat: chat.next_tokens("a", 0), "k is 0"),
        (lambda chat: chat.loss("a"), "single token"),
        (lambda chat: chat.tokenize("the<|endoftext|>"), "padding here"),
        (lambda chat: chat.tokenize("a" * 41), "at most 40"),
    ],
)
def test_bad_questions_to_a_chat_model_are_one_clear_sentence(tmp_path, ask, says):
    chat = read_chat_model(write_gguf(tmp_path / "tiny.gguf", tiny_llama()))
    with refused(says):
        ask(chat)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"family": "qwen2"}, "family 'qwen2'"),
        ({"cut": "llama-bpe"}, "rule 'llama-bpe'"),
    ],
)
def test_another_kind_of_gguf_model_is_refused(tmp_path, options, says):
    path = write_gguf(tmp_path / "tiny.gguf", tiny_llama(), **options)
    with refused(says):
        read_chat_model(path)


@pytest.mark.parametrize("share", [0, 0.001, 0.02, 0.5, 0.95])
def test_a_cut_gguf_file_is_one_clear_sentence(tmp_path, share):
    path = write_gguf(tmp_path / "tiny.gguf", tiny_llama())
    cut(path, share)
    with refused("may be damaged or cut off"):
        read_gguf(path)
    with pytest.raises(FileNotFoundError, match=r"none\.gguf is not in the folder"):
        read_gguf(tmp_path / "none.gguf")


# --- pickles and arrays --------------------------------------------------------------------------------------


class Payload:
    """What an attacker would put into a vocabulary: unpickling it would make a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_hostile_pickle_is_refused_and_does_not_run(tmp_path):
    trap, path = tmp_path / "trap", tmp_path / "vocabulary.pkl"
    path.write_bytes(pickle.dumps({"itos": ["<pad>"], "more": Payload(trap)}))
    with refused(r"asks for .*open.*nothing was run"):
        read_plain_pickle(path)
    assert not trap.exists()
    pickle.loads(path.read_bytes())["more"].close()  # the payload would have worked
    assert trap.exists()


def test_a_hostile_file_of_tensors_is_refused_and_does_not_run(tmp_path):
    trap, path, vocabulary = (tmp_path / name for name in ("trap", "weights.pt", "vocabulary.pkl"))
    torch.save({"encoder": torch.zeros(2), "more": Payload(trap)}, path)
    vocabulary.write_bytes(pickle.dumps({"itos": ["<unk>", "<pad>", "<sos>", "<eos>", "C"]}))
    with refused("plain tensors"):
        read_molecules(path, vocabulary)
    assert not trap.exists()


def test_a_hostile_archive_of_arrays_is_refused_and_does_not_run(tmp_path):
    trap, path = tmp_path / "trap", tmp_path / "weights.npz"
    np.savez(path, enc_emb=np.array([Payload(trap)], dtype=object))
    with refused("NumPy"):
        read_spelling_to_sound(path)
    assert not trap.exists()


def g2p_arrays():
    generator, parts = np.random.default_rng(0), {}
    for side, rows in (("enc", 29), ("dec", 74)):
        parts[f"{side}_emb"] = generator.normal(size=(rows, 8)).astype(np.float32)
        for name in ("w_ih", "w_hh"):
            parts[f"{side}_{name}"] = generator.normal(size=(24, 8)).astype(np.float32)
        for name in ("b_ih", "b_hh"):
            parts[f"{side}_{name}"] = generator.normal(size=24).astype(np.float32)
    return parts | {"fc_w": parts["dec_emb"] + 1, "fc_b": parts["dec_emb"][:, 0]}


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda parts: parts.pop("fc_b"), "weights of g2p-en"),
        (lambda parts: parts.update(more=parts["fc_b"]), "has more, which the model has not"),
        (lambda parts: parts.update(enc_emb=parts["enc_emb"][:28]), "has shape"),
        (lambda parts: parts.update(fc_w=parts["fc_w"][:50]), "weights of g2p-en"),
        (lambda parts: parts.update(dec_w_hh=parts["dec_w_hh"].astype(int)), "real numbers"),
        (lambda parts: parts.update(dec_emb=parts["dec_emb"][:, :0]), "weights of g2p-en"),
        (lambda parts: parts.update(fc_b=np.array(1.0)), "weights of g2p-en"),
        (lambda parts: parts.update(fc_b=np.array(["a"] * 74)), "archive of NumPy arrays"),
    ],
)
def test_arrays_that_are_not_g2ps_are_one_clear_sentence(tmp_path, damage, says):
    parts, path = g2p_arrays(), tmp_path / "weights.npz"
    np.savez(path, **parts)
    assert read_spelling_to_sound(path).speak("a")[:3] == ["N", "N", "AO1"]  # whole, it is read
    damage(parts)
    np.savez(path, **parts)
    with refused(says):
        read_spelling_to_sound(path)


@pytest.mark.parametrize(
    ("vocabulary", "weights", "says"),
    [
        ([1], {}, "list of tokens"),
        ({"itos": "abc"}, {}, "list of tokens"),
        ({"itos": ["<pad>", "C"]}, {}, "different tokens"),
        ({"itos": ["<unk>", "<pad>", "<sos>", "<eos>", "C"]}, {"encoder.strange": torch.zeros(2)}, "annalog"),
        ({"itos": ["<unk>", "<pad>", "<sos>", "<eos>", "C"]}, [torch.zeros(2)], "named tensors"),
        ({"itos": ["<unk>", "<pad>", "<sos>", "<eos>", "C"]}, {1: torch.zeros(2)}, "named tensors"),
    ],
)
def test_files_that_are_not_annalogs_are_one_clear_sentence(tmp_path, vocabulary, weights, says):
    paths = tmp_path / "weights.pt", tmp_path / "vocabulary.pkl"
    torch.save(weights, paths[0])
    paths[1].write_bytes(pickle.dumps(vocabulary))
    with refused(says):
        read_molecules(*paths)


# --- a flipped byte anywhere -----------------------------------------------------------------------------------

NUMBERS = {"layer.weight": torch.arange(12.0).view(3, 4), "layer.bias": torch.ones(3)}
ARRAYS = {name: tensor.numpy() for name, tensor in NUMBERS.items()}
KINDS = {
    "plain.npz": (lambda path: np.savez(path, **ARRAYS), read_arrays),
    "packed.npz": (lambda path: np.savez_compressed(path, **ARRAYS), read_arrays),
    "weights.pt": (lambda path: torch.save(NUMBERS, path), read_torch),
    "weights.safetensors": (lambda path: save_file(NUMBERS, path), read_safetensors),
    "vocabulary.pkl": (lambda path: path.write_bytes(pickle.dumps({"itos": ["C", "N"]})), read_plain_pickle),
    "config.json": (lambda path: path.write_text('{"a": [1, {"b": "c"}], "d": 1e-5}'), read_json),
}


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("name", KINDS)
def test_flipped_bytes_are_one_clear_sentence_or_go_unnoticed(tmp_path, name):
    """Four hundred files, each with one to three random bytes changed: many are refused, and none in another way."""
    path, (write, read) = tmp_path / name, KINDS[name]
    write(path)
    read(path)
    whole, generator, refused = path.read_bytes(), np.random.default_rng(1), []
    for number in range(400):
        changed = np.frombuffer(whole, np.uint8).copy()
        places = generator.integers(0, len(whole), size=1 + number % 3)
        changed[places] ^= generator.integers(1, 256, size=len(places), dtype=np.uint8)
        path.write_bytes(changed.tobytes())
        try:
            read(path)
        except ValueError as error:
            refused.append(str(error))
    assert len(refused) > 100
    assert all(f"The file {name} " in text and text.endswith(".") and "\n" not in text for text in refused)


def test_json_nested_too_deeply_is_one_clear_sentence(tmp_path):
    path = tmp_path / "config.json"
    path.write_text("[" * 100_000)
    with refused("a JSON file"):
        read_json(path)


# --- models filled with weights ------------------------------------------------------------------------------


def test_a_filled_model_shares_tied_tables_and_can_be_trained(tmp_path):
    tiny_gpt2().save_pretrained(tmp_path)
    model = from_checkpoint(tmp_path)
    assert model.output.weight is model.embedding.tokens.weight
    assert not any(parameter.is_meta for parameter in model.parameters())
    model(None, random_ids()).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_without_padding_id_0_is_seen_and_counted(tmp_path):
    """The switch behind GPT-2's "!": with it off, the first id decides what comes after, also if it is 0."""
    tiny_gpt2().save_pretrained(tmp_path)
    model, ids = from_checkpoint(tmp_path), random_ids(1, 5, lowest=1)
    ids[0, 0] = 0
    with torch.no_grad():
        seen = model(None, ids)
        in_two_parts = model(ids[:, :2], ids[:, 2:])
        model.config = replace(model.config, has_padding=True)
        hidden = model(None, ids)
    assert torch.allclose(seen[:, 2:], in_two_parts, atol=1e-5)
    assert (seen - hidden)[:, 1:].abs().max() > 0.1
