"""Golden tests of the small packages (also in CI): real weights say in our classes what they say elsewhere."""

import numpy as np
import pytest
import torch
from torch import nn

from destructure import pretrained
from destructure.pretrained.packages import PACKAGES, weight_file, what_is_missing
from destructure.pretrained.reading import read_plain_pickle
from pretrained_files import needs
from refusals import refused

WORDS = (
    "transformer",
    "attention",
    "recurrence",
    "encoder",
    "Zyxtravian",
    "a",
    "strengths",
    "ouroboros",
    "gnome",
)
ASPIRIN, CAFFEINE = "CC(=O)Oc1ccccc1C(=O)O", "CN1C=NC2=C1C(=O)N(C(=O)N2C)C"


@pytest.mark.parametrize("name", [name for name, package in PACKAGES.items() if package.small])
def test_the_small_packages_are_installed(name):
    """Never skipped: without them the tests below would be, and nobody would notice. `make install` installs them."""
    assert what_is_missing(name) is None


def test_two_packages_are_small():
    assert [name for name, package in PACKAGES.items() if package.small] == ["spelling_to_sound", "molecules"]


# --- spelling to sound ---------------------------------------------------------------------------------------


def speak_in_numpy(word):
    """The same network in plain NumPy, in the file's own numbering."""
    weights = np.load(weight_file("spelling_to_sound", "checkpoint20.npz"))
    letters = ["<pad>", "<unk>", "</s>", *"abcdefghijklmnopqrstuvwxyz"]

    def step(side, vector, state):
        from_input = weights[f"{side}_w_ih"] @ vector + weights[f"{side}_b_ih"]
        from_state = weights[f"{side}_w_hh"] @ state + weights[f"{side}_b_hh"]
        (r, z, n), (hr, hz, hn) = np.split(from_input, 3), np.split(from_state, 3)
        reset, keep = (1 / (1 + np.exp(-gate)) for gate in (r + hr, z + hz))
        return (1 - keep) * np.tanh(n + reset * hn) + keep * state

    state = np.zeros(256, np.float32)
    for letter in [*word.lower(), "</s>"]:
        state = step("enc", weights["enc_emb"][letters.index(letter)], state)
    ids, index = [], 2
    while len(ids) < 20:
        state = step("dec", weights["dec_emb"][index], state)
        index = int((weights["fc_w"] @ state + weights["fc_b"]).argmax())
        if index == 3:
            break
        ids.append(index)
    return ids


@needs("spelling_to_sound")
def test_the_word_transformer():
    assert " ".join(pretrained.spelling_to_sound().speak("transformer")) == "T R AE0 N S F AO1 R M ER0"


@needs("spelling_to_sound")
@pytest.mark.parametrize("word", WORDS)
def test_sounds_equal_a_forward_pass_in_numpy(word):
    speaker = pretrained.spelling_to_sound()
    # Theirs: padding, unknown, begin, end; ours: padding, begin, end, unknown. The phonemes keep their places.
    assert [speaker.phonemes.index(sound) for sound in speaker.speak(word)] == speak_in_numpy(word)


@needs("spelling_to_sound")
def test_all_weights_of_g2p_are_used():
    model = pretrained.spelling_to_sound().model
    assert sum(parameter.numel() for parameter in model.parameters()) == 834_890
    assert not model.training


@needs("spelling_to_sound")
@pytest.mark.parametrize("word", ["", "two words", "naïve", "r2d2", None])
def test_what_cannot_be_spelled_is_one_clear_sentence(word):
    with refused("letters a to z"):
        pretrained.spelling_to_sound().speak(word)


# --- molecules -----------------------------------------------------------------------------------------------


@needs("molecules")
@pytest.mark.parametrize("smiles", [ASPIRIN, CAFFEINE], ids=["aspirin", "caffeine"])
def test_a_known_medicine_comes_back_token_for_token(smiles):
    model = pretrained.molecules()
    assert model.rewrite(smiles) == smiles
    assert model.tokens(model.rewrite(smiles)) == model.tokens(smiles)


@needs("molecules")
def test_ibuprofen_comes_back_changed():
    """So the test above can fail: the model does not just copy."""
    assert pretrained.molecules().rewrite("CC(C)Cc1ccc(cc1)C(C)C(=O)O") == "CC(C)Cc1ccc(C(C)C)cc1"


def their_logits(source, target):
    """annalog's weights in torch.nn.Transformer, in the file's own numbering."""
    file = torch.load(weight_file("molecules", "Lev_extended.pt"), "cpu", weights_only=True)
    theirs = nn.Transformer(256, 8, 3, 3, 512, dropout=0.0, activation="relu", batch_first=True).eval()
    theirs.encoder.norm = theirs.decoder.norm = None
    with torch.no_grad():
        for side, stack in (("encoder", theirs.encoder), ("decoder", theirs.decoder)):
            for number, layer in enumerate(stack.layers):
                parts = {
                    name.removeprefix(f"{side}.layers.{number}."): weights
                    for name, weights in file.items()
                    if name.startswith(f"{side}.layers.{number}.")
                }
                layer.load_state_dict(torch_layer(parts, side))
        states = []
        for side, ids in (("encoder", source), ("decoder", target)):
            tokens = file[f"{side}.tok_embedding.weight"][ids] * 16
            states.append(tokens + file[f"{side}.pos_embedding.weight"][: ids.shape[1]])
        mask = nn.Transformer.generate_square_subsequent_mask(target.shape[1]).isinf()
        return theirs(*states, tgt_mask=mask) @ file["decoder.fc_out.weight"].T + file["decoder.fc_out.bias"]


def torch_layer(parts, side):
    renamed = {
        f"{ours}.{kind}": parts[f"{theirs}.{kind}"]
        for ours, theirs in {
            "linear1": "positionwise_feedforward.fc_1",
            "linear2": "positionwise_feedforward.fc_2",
            "norm1": "self_attn_layer_norm",
            "norm2": "ff_layer_norm" if side == "encoder" else "enc_attn_layer_norm",
            **({} if side == "encoder" else {"norm3": "ff_layer_norm"}),
        }.items()
        for kind in ("weight", "bias")
    }
    attentions = {"self_attn": "self_attention", "multihead_attn": "encoder_attention"}
    for ours, theirs in list(attentions.items())[: 1 if side == "encoder" else 2]:
        for kind in ("weight", "bias"):
            packed = [parts[f"{theirs}.fc_{letter}.{kind}"] for letter in "qkv"]
            renamed[f"{ours}.in_proj_{kind}"] = torch.cat(packed)
            renamed[f"{ours}.out_proj.{kind}"] = parts[f"{theirs}.fc_o.{kind}"]
    return renamed


@needs("molecules")
def test_logits_equal_torchs_transformer_with_the_same_weights():
    model = pretrained.molecules()
    source = model.encode(CAFFEINE)
    target = model.encode(ASPIRIN)[:, :-1]
    itos = read_plain_pickle(weight_file("molecules", "stereo_experiment_vocab_ttf.pkl"))["itos"]
    names = ["<pad>", "<sos>", "<eos>", "<unk>", *model.vocabulary[4:]]
    to_theirs = torch.tensor([itos.index(name) for name in names])
    with torch.no_grad():
        ours = model.model(source, target)
        theirs = their_logits(to_theirs[source], to_theirs[target])[..., to_theirs]
    assert (ours - theirs).abs().max() < 1e-4


@needs("molecules")
def test_all_weights_of_annalog_are_used():
    assert sum(each.numel() for each in pretrained.molecules().model.parameters()) == 4_051_259


@needs("molecules")
@pytest.mark.parametrize(
    ("smiles", "says"), [("", "SMILES"), ("C[Xx]C", r"\[Xx\]"), ("C" * 101, "at most 100"), (None, "SMILES")]
)
def test_what_is_no_molecule_is_one_clear_sentence(smiles, says):
    with refused(says):
        pretrained.molecules().rewrite(smiles)


@needs("molecules")
def test_a_molecule_of_the_longest_length_is_rewritten():
    assert pretrained.molecules().rewrite("C" * 100)
