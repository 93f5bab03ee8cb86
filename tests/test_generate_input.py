"""What goes in: bad input is refused in one sentence, and an input that grows is read on where that is possible."""

import re
import subprocess
import sys

import numpy as np
import pytest
import torch

from destructure import EncoderOnly, Structure
from destructure.generate import (
    Beam,
    Greedy,
    PlainWriter,
    Sampling,
    generate,
    greedy,
    next_token_probabilities,
)
from random_models import EVERY_STRUCTURE, random_ids, random_model, random_prompts, random_recurrent
from refusals import refused

every_structure = pytest.mark.parametrize("structure", EVERY_STRUCTURE, ids=str)
SOURCE = torch.tensor([[3, 4, 5]])


# --- bad input ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "fragment"),
    [
        (lambda: Sampling(temperature=0), "use Greedy()"),
        (lambda: Sampling(temperature=-1.0), "temperature is -1.0"),
        (lambda: Sampling(temperature=float("nan")), "above 0"),
        (lambda: Sampling(temperature=float("inf")), "above 0"),
        (lambda: Sampling(temperature="hot"), "'hot'"),
        (lambda: Sampling(top_k=0), "top_k is 0"),
        (lambda: Sampling(top_k=2.5), "top_k is 2.5"),
        (lambda: Sampling(top_k=True), "top_k is True"),
        (lambda: Sampling(top_p=0), "top_p is 0"),
        (lambda: Sampling(top_p=1.1), "at most 1"),
        (lambda: Sampling(top_p=-0.5), "above 0"),
        (lambda: Sampling(seed=-1), "seed is -1"),
        (lambda: Sampling(first_row=-1), "first_row is -1"),
        (lambda: Beam(width=0), "width is 0"),
        (lambda: Beam(width=1.5), "width is 1.5"),
        (lambda: Beam(length_penalty=-1), "length_penalty is -1"),
        (lambda: Beam(length_penalty=float("nan")), "length_penalty is nan"),
        (lambda: next_token_probabilities(torch.zeros(3), temperature=0), "temperature is 0"),
        (lambda: next_token_probabilities(torch.zeros(3), top_k=0), "top_k is 0"),
        (lambda: next_token_probabilities(torch.zeros(3), top_p=2), "top_p is 2"),
    ],
)
def test_ways_to_choose_that_do_not_exist(build, fragment):
    with refused(re.escape(fragment)):
        build()


@pytest.mark.parametrize(
    ("keywords", "fragment"),
    [
        ({"longest": 0}, "allow at least one token"),
        ({"longest": 2.0}, "longest is 2.0"),
        ({"longest": 38}, "38 new tokens after 4 given ones need 41 positions, but this model has 40"),
        ({"longest": 37, "prompts": [[3] * 5]}, "at most 32 new tokens"),
        ({"prompts": []}, "There are no prompts"),
        ({"prompts": [[]], "begin": None}, "Prompt 0 is empty"),
        ({"prompts": [[0, 0]], "begin": None}, "nothing to go on from"),
        ({"prompts": [[3], [4]]}, "1 sources and 2 prompts"),
        ({"prompts": "hello"}, "not token ids"),
        ({"prompts": [["a"]]}, "not token ids"),
        ({"prompts": [[3.0]]}, "not token ids"),
        ({"prompts": torch.tensor([[0.5]])}, "torch.float32"),
        ({"prompts": torch.tensor([3])}, "shape (1,)"),
        ({"prompts": [[19]]}, "contains id 19, but the vocabulary has ids 0 to 18"),
        ({"prompts": [[-1]]}, "contains id -1"),
        ({"begin": 0}, "is padding in this model"),
        ({"prompts": 5}, "not token ids"),
        ({"prompts": [5]}, "not token ids"),
        ({"prompts": {5}}, "not token ids"),
        ({"longest": True}, "longest is True"),
        ({"begin": 19}, "The begin token is 19"),
        ({"begin": -1}, "The begin token is -1"),
        ({"begin": "x"}, "The begin token is 'x'"),
        ({"begin": 1.0}, "The begin token is 1.0"),
        ({"begin": True}, "The begin token is True"),
        ({"begin": (1, 3)}, "The begin token is (1, 3)"),
        ({"end": 19}, "The end token is 19"),
        ({"end": 2.5}, "The end token is 2.5"),
        ({"end": "stop"}, "The end token is 'stop'"),
        ({"end": True}, "The end token is True"),
        ({"end": [[2]]}, "The end token is [2]"),
        ({"end": {2: "stop"}}, "The end token is {2: 'stop'}"),
        ({"end": torch.tensor([0.5])}, "The end token is 0.5"),
        ({"end": (2, "stop")}, "The end token is 'stop'"),
        ({"source": torch.tensor([[19]])}, "The source contains id 19"),
        ({"source": torch.tensor([3, 4])}, "shape (2,)"),
        ({"source": torch.zeros(0, 3, dtype=torch.long)}, "no prompts"),
        ({"source": torch.zeros(1, 3, dtype=torch.long)}, "source is empty"),
        ({"source": None}, "source is empty"),
        ({"source": [[3, 4]]}, "source is a list"),
        (
            {"source": random_recurrent("recurrent").read(SOURCE)},
            "is a RecurrentMemory, but a Transformer reads into a Memory",
        ),
        (
            {"source": random_model(Structure.DECODER_ONLY).read(SOURCE)},
            "read by another model",
        ),
        ({"how": "greedy"}, "must be Greedy(), Sampling(...) or Beam(...)"),
        ({"how": Greedy}, "must be Greedy()"),
    ],
    ids=lambda value: str(value)[:50].replace("\n", " "),
)
def test_requests_that_cannot_be_met(keywords, fragment):
    arguments = {"source": SOURCE, "longest": 5} | keywords
    with refused(re.escape(fragment)):
        generate(random_model(Structure.ENCODER_DECODER), **arguments)


@pytest.mark.parametrize("whole", [int, np.int64, np.int32])
def test_any_kind_of_whole_number_is_an_id(whole):
    model, prompts = random_model(), random_prompts(20, 3)
    expected = generate(model, None, 8, prompts=prompts, begin=4, end=(2, 6))
    ids = [[whole(index) for index in prompt] for prompt in prompts]
    for end in ([whole(2), whole(6)], {whole(2), whole(6)}, np.array([2, 6]), torch.tensor([2, 6])):
        assert generate(model, None, whole(8), prompts=ids, begin=whole(4), end=end) == expected
    for end in (2, (6,), None):  # each of the two ids ends some text
        assert generate(model, None, 8, prompts=prompts, begin=4, end=end) != expected
    only_two = generate(model, None, 8, prompts=prompts, begin=4, end=2)
    for end in (whole(2), np.array(2), torch.tensor(2)):
        assert generate(model, None, 8, prompts=prompts, begin=4, end=end) == only_two


def test_the_longest_text_that_fits_is_written():
    model = random_model()
    assert (
        len(generate(model, SOURCE, 37, end=None)[0]) == 37
    )  # 3 + 1 given, and the last one is not read again
    assert len(greedy(model, None, 40, end=None)[0]) == 40


def test_a_source_for_a_model_that_reads_none():
    with pytest.raises(ValueError, match="language model and reads none"):
        generate(random_recurrent("recurrent language model"), SOURCE, 5)


def test_models_that_cannot_write():
    with refused("is a EncoderOnly; give a Transformer or a RecurrentModel"):
        generate(EncoderOnly(random_model().config), None, 5)


@pytest.mark.parametrize("how", [Greedy(), Sampling(), Beam()], ids=lambda how: type(how).__name__)
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_a_model_that_diverged_says_so_at_whatever_step(how, value):
    for table in ("output", "target_embedding.tokens"):
        model = random_model(norm_placement="after")
        with torch.no_grad():
            model.get_submodule(table).weight[3:] = value  # in the embedding, seen from the second step on
            if table == "output":
                model.output.weight.abs_()
        with refused("not numbers"):
            generate(model, None, 5, how=how, end=None)


@pytest.mark.parametrize("logit", [torch.nan, torch.inf, -torch.inf])
def test_no_token_can_be_drawn_from_what_is_no_number(logit):
    with refused("not numbers"):
        next_token_probabilities(torch.tensor([[1.0, 2.0], [logit, -torch.inf]]))
    assert next_token_probabilities(torch.tensor([0.0, -torch.inf])).tolist() == [1, 0]


def test_plain_data_imports_without_torch():
    code = (
        "import sys; from destructure.generate import Beam, Greedy, Sampling;sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- memories of other models ---------------------------------------------------------------------------------


def test_a_model_takes_its_own_memory_and_no_other_structures():
    """All of the same sizes; causal and bidirectional ones could even have equal weights."""
    models = [random_model(structure) for structure in Structure.all()]
    for reader in models:
        memory = reader.read(random_ids(3, 5, shortest=2))
        assert generate(reader, memory, 3) == generate(reader, memory.source, 3)
        for model in models:
            if model is reader:
                continue
            with refused("read by another model"):
                generate(model, memory, 3)


@pytest.mark.parametrize("changes", [{"layers": 3}, {"width": 32}, {"key_value_heads": 2}], ids=str)
def test_a_memory_of_other_sizes_is_refused(changes):
    with refused("another model"):
        generate(random_model(), random_model(**changes).read(SOURCE), 3)


@pytest.mark.parametrize("make", [random_model, lambda: random_recurrent("recurrent")])
def test_a_memory_is_no_longer_taken_after_training_nor_by_a_twin(make):
    model, twin = make(), make()
    memory = model.read(SOURCE)
    assert generate(model, memory, 3) == generate(twin, SOURCE, 3)
    with refused("read by another model"):
        generate(twin, memory, 3)
    model(SOURCE, SOURCE).sum().backward()
    torch.optim.AdamW(model.parameters()).step()
    with refused("weights were changed"):
        generate(model, memory, 3)
    memory = model.read(SOURCE)
    model.load_state_dict(twin.state_dict())
    with refused("weights were changed"):
        generate(model, memory, 3)


def test_recurrent_models_take_their_own_memory_only():
    model, source = random_recurrent("recurrent"), random_ids(4, 5)
    memory = model.read(source)
    assert generate(model, memory, 5) == generate(model, source, 5)
    for other, given, fragment in (
        (
            model,
            random_model().read(source),
            "is a Memory, but a RecurrentModel reads into a RecurrentMemory",
        ),
        (random_recurrent("recurrent with attention"), memory, "another model"),
        (random_recurrent("recurrent language model"), memory, "another model"),
        (model, model.read(torch.tensor([[0, 3, 4]])), "padding (id 0) before a token"),
    ):
        with refused(re.escape(fragment)):
            generate(other, given, 5)


# --- an input that grows --------------------------------------------------------------------------------------


def keys_at(memory, places):
    return torch.stack([part.keys[:, :, places] for part in memory.keys_values])


@every_structure
@torch.no_grad()
def test_what_stays_valid_when_the_input_grows(structure):
    """Without S4 the earlier input; without any structure also the answer that the model wrote."""
    model = random_model(structure)
    source, answer = random_ids(3, 4, seed=1), random_ids(3, 3, seed=2)
    before, memory = model.read(source), model.read(torch.cat([source, answer], dim=1))
    keeps_input = torch.allclose(keys_at(memory, slice(0, 4)), keys_at(before, slice(None)))
    assert keeps_input == (not structure.bidirectional_input)
    _, cache, _ = model.write(before, answer)
    written = torch.stack([part.keys for part in cache])
    keeps_answer = torch.allclose(keys_at(memory, slice(4, None)), written)
    assert keeps_answer == (structure == Structure.DECODER_ONLY)


@torch.no_grad()
def test_a_decoder_only_conversation_goes_on_in_one_cache():
    """Answers are kept: turns are appended to the target, and the logits are those of reading everything again."""
    model, turns = random_model(), [random_ids(3, length, seed=length) for length in (4, 2, 5)]
    writer = PlainWriter(model, turns[0][:, :0], turns[0])
    for turn in [*turns[1:], None]:
        for _ in range(3):
            writer.append(writer.logits()[:, 1:].argmax(dim=-1) + 1)
        torch.testing.assert_close(writer.logits(), model(None, writer.written)[:, -1])
        memory = model.read(writer.written[:, :-1])
        again = model.write(memory, writer.written[:, -1:])[0][:, -1]
        torch.testing.assert_close(writer.logits(), again)
        if turn is not None:
            writer.append(turn)
