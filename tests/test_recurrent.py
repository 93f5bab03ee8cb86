"""The recurrent models: what they see, what they cost, and that the one training loop trains them."""

from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from destructure.generate import greedy
from destructure.recurrent import RecurrentConfig, RecurrentModel, forward_flops
from destructure.tasks import SentencePair
from destructure.train import Recipe, train

VOCABULARY, WIDTH = 23, 8
CONFIGS = {
    "language model": RecurrentConfig(VOCABULARY, WIDTH),
    "two layers": RecurrentConfig(VOCABULARY, WIDTH, layers=2),
    "encoder-decoder": RecurrentConfig(VOCABULARY, WIDTH, reads_source=True),
    "with attention": RecurrentConfig(VOCABULARY, WIDTH, layers=2, reads_source=True, attention=True),
    "dot products": RecurrentConfig(VOCABULARY, WIDTH, reads_source=True, attention=True, scores="dot"),
    "own source table": RecurrentConfig(
        VOCABULARY,
        WIDTH,
        reads_source=True,
        source_vocabulary=VOCABULARY + 4,
        tied_output=False,
        output_bias=True,
        scale_embedding=False,
    ),
}
each = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)


def ids(*shape, seed=0):
    return torch.randint(3, VOCABULARY, shape, generator=torch.Generator().manual_seed(seed))


def source_for(config, batch=2, length=5):
    return ids(batch, length, seed=1) if config.reads_source else ids(batch, 0)


@each
def test_logits_have_the_transformers_shape(config):
    model = RecurrentModel(config)
    assert model(source_for(config), ids(2, 7)).shape == (2, 7, VOCABULARY)


def test_no_source_and_an_empty_source_are_the_same():
    model = RecurrentModel(CONFIGS["language model"])
    target = ids(3, 6)
    assert torch.equal(model(None, target), model(target[:, :0], target))


@each
def test_no_prediction_depends_on_later_target_tokens(config):
    model = RecurrentModel(config).eval()
    target, changed = ids(2, 7), ids(2, 7)
    changed[:, 4] = (changed[:, 4] - 3 + 1) % (VOCABULARY - 3) + 3
    before, after = (model(source_for(config), each) for each in (target, changed))
    assert torch.equal(before[:, :4], after[:, :4])
    assert (before[:, 4:] != after[:, 4:]).any(-1).all()


@pytest.mark.parametrize("name", ["encoder-decoder", "with attention", "dot products", "own source table"])
def test_the_target_depends_on_every_source_token_and_on_no_padding(name):
    config = CONFIGS[name]
    model = RecurrentModel(config).eval()
    target, source = ids(1, 4), ids(1, 5, seed=1)
    base = model(source, target)
    for place in range(5):
        other = source.clone()
        other[0, place] = 3 + (int(source[0, place]) - 2) % (VOCABULARY - 3)
        assert not torch.allclose(model(other, target), base)
    padded = torch.cat([source, torch.zeros(1, 3, dtype=torch.long)], dim=1)
    assert torch.allclose(model(padded, target), base, atol=1e-6)


def test_attention_lets_the_target_see_what_the_last_state_has_lost():
    """With the encoder's last state replaced by zeros, only attention still tells two sources apart."""
    target = ids(1, 4)
    for name, sees in (("encoder-decoder", False), ("with attention", True), ("dot products", True)):
        model = RecurrentModel(CONFIGS[name]).eval()
        answers = []
        for seed in (1, 2):
            memory = model.read(ids(1, 5, seed=seed))
            memory.start = [torch.zeros_like(start) for start in memory.start]
            answers.append(model.write(memory, target)[0])
        assert torch.allclose(*answers) != sees


@each
def test_writing_token_by_token_gives_the_same_logits(config):
    model = RecurrentModel(config).eval()
    source, target = source_for(config), ids(2, 6)
    memory, cache, pieces = model.read(source), None, []
    for length in range(1, 7):
        logits, cache, _ = model.write(memory, target[:, :length], cache)
        pieces.append(logits)
    assert torch.allclose(torch.cat(pieces, dim=1), model(source, target), atol=1e-6)


@each
@pytest.mark.parametrize("lengths", [(5, 9), (13, 4)])
def test_flops_agree_with_torchs_counter(config, lengths):
    source, target = lengths if config.reads_source else (0, lengths[1])
    batch = 3
    with FlopCounterMode(display=False) as counter:
        RecurrentModel(config)(ids(batch, source), ids(batch, target))
    assert batch * forward_flops(config, source, target) == pytest.approx(counter.get_total_flops(), rel=0.02)


def test_training_costs_three_forward_passes():
    config = CONFIGS["language model"]
    with FlopCounterMode(display=False) as counter:
        RecurrentModel(config)(None, ids(1, 40)).sum().backward()
    counted, formula = counter.get_total_flops(), RecurrentModel(config).training_flops(0, 40)
    assert formula == pytest.approx(counted, rel=0.02)


@pytest.mark.parametrize("name", ["encoder-decoder", "with attention"])
def test_the_one_training_loop_trains_it_unchanged(name):
    task = SentencePair()
    config = RecurrentConfig(len(task.vocabulary), 16, reads_source=True, attention=name == "with attention")
    run = train(
        RecurrentModel(config, seed=1),
        _WithValidation(),
        Recipe(steps=60, learning_rate=0.02),
        progress=False,
    )
    assert run.status == "finished"
    assert run.results.exact_match.iloc[-1] == 1
    written = greedy(run.model, torch.tensor([task.encode_source("That is good")]), longest=6)
    assert task.decode_target(written[0]) == "Das ist gut"


class _WithValidation(SentencePair):
    """The one sentence, also to measure on: memorising it is all this test asks for."""

    def pairs(self, split):
        return super().pairs("train")


def test_tables_of_their_own_hold_their_own_weights():
    model = RecurrentModel(CONFIGS["own source table"]).eval()
    assert model.source_embedding.weight.shape == (VOCABULARY + 4, WIDTH)
    assert model.output.weight is not model.embedding.weight
    source, target = ids(1, 5, seed=1), ids(1, 4)
    before = model(source, target)
    assert model(source + 4, target).shape == before.shape  # ids that only the source has
    for table, moves in ((model.embedding, False), (model.source_embedding, True)):
        with torch.no_grad():  # a row that only the source holds: changing the target's table changes nothing
            row = int((set(source.flatten().tolist()) - set(target.flatten().tolist())).pop())
            table.weight[row] += 1
        assert torch.allclose(model(source, target), before) != moves
    with torch.no_grad():
        model.output.bias[7] += 2
    assert torch.allclose(
        model(source, target)[..., 7], model.output.bias[7] + logits_without_bias(model, source, target)
    )


def logits_without_bias(model, source, target):
    model.output.bias, bias = None, model.output.bias
    try:
        return model(source, target)[..., 7]
    finally:
        model.output.bias = bias


def test_embeddings_are_scaled_unless_told_otherwise():
    scaled = RecurrentModel(CONFIGS["encoder-decoder"])
    plain = RecurrentModel(replace(CONFIGS["encoder-decoder"], scale_embedding=False))
    target = ids(2, 3)
    assert scaled.scale == WIDTH**0.5
    assert not torch.allclose(scaled(ids(2, 4), target), plain(ids(2, 4), target))


def test_the_seed_decides_the_weights_and_leaves_the_global_state_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    models = [RecurrentModel(CONFIGS["with attention"], seed) for seed in (0, 0, 1)]
    assert torch.equal(torch.rand(1), expected)
    same, other = (torch.equal(models[0].embedding.weight, model.embedding.weight) for model in models[1:])
    assert same
    assert not other


def with_source(source):
    return RecurrentModel(CONFIGS["encoder-decoder"])(torch.tensor(source), ids(len(source), 4))


def test_padding_at_the_end_and_rows_of_nothing_else_are_read():
    assert torch.allclose(with_source([[5, 6, 0, 0]]), with_source([[5, 6]]), atol=1e-6)
    assert with_source([[5, 6, 7], [0, 0, 0]]).isfinite().all()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: RecurrentConfig(0), "vocabulary is 0"),
        (lambda: RecurrentConfig(10, width=2.5), "width is 2.5"),
        (lambda: RecurrentConfig(10, layers=True), "layers is True"),
        (lambda: RecurrentConfig(10, attention=True), "reads_source=True"),
        (lambda: RecurrentConfig(10, source_vocabulary=5), "reads no source"),
        (lambda: RecurrentConfig(10, reads_source=True, source_vocabulary=0), "source_vocabulary is 0"),
        (lambda: RecurrentModel(CONFIGS["language model"])(ids(2, 3), ids(2, 4)), "reads none"),
        (
            lambda: RecurrentModel(CONFIGS["encoder-decoder"])(ids(3, 3), ids(2, 4)),
            "one target for each source",
        ),
        (lambda: RecurrentModel(CONFIGS["language model"])(None, ids(2, 4) + 100), "ids 0 to 22"),
        (lambda: RecurrentModel(CONFIGS["own source table"])(ids(2, 3) + 20, ids(2, 4)), "ids 0 to 26"),
        (lambda: with_source([[0, 0, 5, 6]]), "The source has padding .* before a token"),
        (lambda: with_source([[5, 6, 7, 8], [5, 0, 6, 0]]), "The source has padding .* before a token"),
        (
            lambda: RecurrentModel(CONFIGS["language model"])(None, torch.tensor([[0, 5]])),
            "The target has padding .* before a token",
        ),
        (lambda: forward_flops(CONFIGS["language model"], 0, -1), "0 or more"),
    ],
)
def test_bad_input_gets_one_clear_sentence(make, says):
    with pytest.raises(ValueError, match=says) as error:
        make()
    assert "\n" not in str(error.value)
