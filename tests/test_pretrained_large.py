"""Golden tests of the two large packages (`make weights`): our classes against the transformers library."""

import gguf
import pytest
import torch
import transformers
from torch.nn import functional

from destructure import pretrained
from destructure.pretrained.packages import weight_file
from pretrained_files import interleaved, needs
from refusals import refused

SENTENCES = [
    "That is good.",
    "Das ist gut.",
    "A man is eating food.",
    "A man eats something.",
    "The girl carries a baby.",
    "A cheetah chases its prey across a field.",
    "The capital of Italy is Rome.",
    "Rome is the capital of Italy.",
    "What is the capital of Italy?",
    "Attention is all you need.",
    "The encoder reads the source; the decoder writes the target.",
    "Compute gets cheaper exponentially.",
    "Yes",
    "UPPER case and lower case",
    "naïve café, señor, Ångström",
    "3.14159 is about pi, and 2,718 is not e.",
    "Unhappiness is untranslatable, perhaps.",
    "漢字 and emoji 🙂 in one sentence",
    "(Brackets), [more brackets] {and} <tags> & ampersands!",
    "A long sentence goes on and on, " * 12,
]


# --- MiniLM --------------------------------------------------------------------------------------------------


@needs("sentence_encoder")
def test_sentence_vectors_equal_transformers():
    folder = weight_file("sentence_encoder", "config.json").parent
    theirs = transformers.BertModel.from_pretrained(folder, attn_implementation="eager").eval()
    tokenizer = transformers.BertTokenizer.from_pretrained(folder)
    encoder = pretrained.sentence_encoder()
    ours = encoder.encode(SENTENCES)
    assert ours.shape == (len(SENTENCES), 384)
    for sentence, vector in zip(SENTENCES, ours, strict=True):  # one by one: padding must change nothing
        batch = tokenizer(sentence, return_tensors="pt")
        assert encoder.tokenize([sentence]).tolist() == batch.input_ids.tolist()
        with torch.no_grad():
            result = theirs(**batch, output_attentions=True)
        expected = functional.normalize(result.last_hidden_state.mean(dim=1), dim=-1)[0]
        assert (vector - expected).abs().max() < 1e-4
    for weights, expected in zip(encoder.attention(sentence), result.attentions, strict=True):
        assert (weights - expected[0]).abs().max() < 1e-4


@needs("sentence_encoder")
def test_similar_sentences_are_nearer():
    vectors = pretrained.sentence_encoder().encode(
        ["A man is eating food.", "A man eats something.", "It rains."]
    )
    near, far = float(vectors[0] @ vectors[1]), float(vectors[0] @ vectors[2])
    assert near > 0.8
    assert far < 0.3
    assert torch.allclose(vectors.norm(dim=-1), torch.ones(3))


@needs("sentence_encoder")
def test_tokens_and_attention_belong_together():
    encoder = pretrained.sentence_encoder()
    assert encoder.tokens("Unhappiness") == ["[CLS]", "un", "##ha", "##pp", "##iness", "[SEP]"]
    maps = encoder.attention("Unhappiness")
    assert [tuple(weights.shape) for weights in maps] == [(12, 6, 6)] * 6
    assert all(torch.allclose(weights.sum(-1), torch.ones(12, 6)) for weights in maps)


@needs("sentence_encoder")
@pytest.mark.parametrize(
    ("sentences", "says"),
    [
        ("one", "a list"),
        ([], "a list"),
        (["a", 3], "a list"),
        (["a", " "], "Sentence 2"),
        (["a " * 255], "at most 256"),
    ],
)
def test_bad_sentences_are_one_clear_sentence(sentences, says):
    with refused(says):
        pretrained.sentence_encoder().encode(sentences)


# --- SmolLM2 -------------------------------------------------------------------------------------------------

CAPITALS = "The capital of France is Paris. The capital of Germany is Berlin. The capital of Italy is"
IDS_OF_TEXT_1 = [788, 216, 34, 32, 33, 39, 339, 761, 216, 33, 34, 35, 36, 1495, 43, 15486, 46494, 37366]
IDS_OF_TEXT_1 += [17097, 137, 112, 36518]
TEXTS = [CAPITALS, "In 2017 I had 1234 things; naïve café 漢字", "def add(a, b):\n    return a + b\n"]


@pytest.fixture(scope="module")
def reader():
    return gguf.GGUFReader(weight_file("chat_model", "SmolLM2-135M-Instruct.Q4_1.gguf"))


@pytest.fixture(scope="module")
def reference(reader):
    """transformers' Llama with the weights as the gguf package reads them."""
    config = transformers.LlamaConfig(
        vocab_size=49_152,
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=30,
        num_attention_heads=9,
        num_key_value_heads=3,
        max_position_embeddings=8192,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 100_000.0},
        tie_word_embeddings=True,
    )
    names = {
        "attn_q": "self_attn.q_proj",
        "attn_k": "self_attn.k_proj",
        "attn_v": "self_attn.v_proj",
        "attn_output": "self_attn.o_proj",
        "ffn_gate": "mlp.gate_proj",
        "ffn_up": "mlp.up_proj",
        "ffn_down": "mlp.down_proj",
        "attn_norm": "input_layernorm",
        "ffn_norm": "post_attention_layernorm",
    }
    top = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}
    weights = {}
    for tensor in reader.tensors:
        numbers = torch.from_numpy(gguf.dequantize(tensor.data, tensor.tensor_type).copy())
        if tensor.name in top:
            weights[top[tensor.name]] = numbers
            continue
        _, layer, part, kind = tensor.name.split(".")
        if part in ("attn_q", "attn_k"):  # two neighbours of a head to its two halves
            numbers = numbers.view(-1, 32, 2, 576).transpose(1, 2).reshape(numbers.shape)
        weights[f"model.layers.{layer}.{names[part]}.{kind}"] = numbers
    with torch.device("meta"):
        model = transformers.LlamaForCausalLM(config)
    model.load_state_dict(weights, strict=False, assign=True)
    model.tie_weights()
    rotary = type(model.model.rotary_emb)(config)  # its table of angles is no weight
    model.model.rotary_emb = rotary
    assert not any(parameter.is_meta for parameter in model.parameters())
    return model.eval()


@needs("chat_model")
def test_the_capital_of_italy():
    chat = pretrained.chat_model()
    assert chat.complete("The capital of Italy is", longest=1) == " Rome"
    assert chat.complete("The capital of Italy is", longest=8).startswith(" Rome.")
    (best, probability), *_ = chat.next_tokens("The capital of Italy is", 5)
    assert best == " Rome"
    assert 0.3 < probability < 0.5


@needs("chat_model")
@pytest.mark.parametrize("text", TEXTS)
def test_loss_and_logits_equal_transformers(text, reference):
    chat = pretrained.chat_model()
    ids = chat.tokenize(text)
    with torch.no_grad():
        expected = reference(ids, labels=ids)
        ours = chat.model(None, ids)
    assert (ours - expected.logits).abs().max() < 1e-3
    assert chat.loss(text) == pytest.approx(float(expected.loss), abs=1e-4)


@needs("chat_model")
def test_the_loss_known_from_another_implementation_and_what_the_wrong_row_order_costs():
    """A run in plain NumPy, before this loader was written, gave 1.45 nats, and 2.40 with rows in the wrong order."""
    chat = pretrained.chat_model()
    assert chat.loss(CAPITALS) == pytest.approx(1.45, abs=0.02)
    matrices = [
        matrix.weight
        for layer in chat.model.input_stack.layers
        for matrix in (layer.attention.query, layer.attention.key)
    ]
    right = [matrix.data for matrix in matrices]
    try:
        for matrix in matrices:
            matrix.data = interleaved(matrix.data, 64)
        assert chat.loss(CAPITALS) == pytest.approx(2.40, abs=0.02)
    finally:
        for matrix, rows in zip(matrices, right, strict=True):
            matrix.data = rows


@needs("chat_model")
def test_the_chat_is_written_as_the_files_template_says():
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    chat, question = pretrained.chat_model(), "What is 2+2?"
    template = ImmutableSandboxedEnvironment().from_string(chat.file.chat_template)
    messages = [{"role": "user", "content": question}]
    assert chat.as_chat(question) == template.render(messages=messages, add_generation_prompt=True)
    assert "4" in chat.answer(question, longest=16)


@needs("chat_model")
def test_ids_are_those_of_the_models_own_tokenizer():
    """Recorded from the transformers library's tokenizer for this file."""
    chat = pretrained.chat_model()
    assert chat.tokenize(TEXTS[1])[0].tolist() == IDS_OF_TEXT_1
    assert chat.tokenize("<|im_start|>user\n")[0].tolist() == [1, 4093, 198]
    assert sum(each.numel() for each in chat.model.parameters()) == 134_515_008
