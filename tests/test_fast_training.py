"""The fast numerics: the plain loss and gradients to rounding, in every structure; and runs that say so."""

from dataclasses import replace

import pytest
import torch

from destructure import Structure, Transformer, TransformerConfig
from destructure.study import read_results
from destructure.study.measure import scores, text_scores
from destructure.study.one_run import run_configuration
from destructure.tasks.base import Pair
from destructure.train.batches import Batches
from destructure.train.evaluate import target_loss
from destructure.train.fast import fast_target_loss
from refusals import refused
from sweep_examples import BASE, table_file

CONFIG = TransformerConfig(
    vocabulary=23, width=16, layers=2, heads=2, max_length=40, segments=2, query_key_norm=True
)
TIED = Structure(tied_cross_attention=True)
STRUCTURES = [*Structure.all(), TIED, *(TIED.without(switch) for switch in Structure.SWITCHES[1:])]
TEXT = replace(
    BASE,
    task="VerseTranslation",
    dials={"text": "sample", "pieces": 200},
    model={"segments": 2, "query_key_norm": True},
    measuring={"watch_every": None},
    budgets=(2e7, 1e8),
)


def batch_of(lengths, seed=0):
    """A batch of random examples of these (source, target) lengths."""
    draw = torch.Generator().manual_seed(seed)
    texts = [[torch.randint(3, 23, (size,), generator=draw).tolist() for size in pair] for pair in lengths]
    return Batches([Pair(*map(tuple, pair)) for pair in texts], 1000, seed=0).of(list(range(len(lengths))))


RAGGED, EVEN = batch_of([(7, 3), (2, 9), (5, 5), (1, 1)]), batch_of([(6, 4)] * 3)


def loss_and_gradients(model, batch, objective):
    model.zero_grad()
    loss = objective(model, batch)
    loss.backward()
    return loss.detach(), {name: weights.grad for name, weights in model.named_parameters()}


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda each: each.code)
@pytest.mark.parametrize("batch", [RAGGED, EVEN], ids=["ragged", "even"])
@pytest.mark.parametrize("extras", [True, False], ids=["normed, segments", "neither"])
def test_the_same_loss_and_gradients_to_rounding(structure, batch, extras):
    config = replace(CONFIG, structure=structure, query_key_norm=extras, segments=2 * extras)
    model = Transformer(config, seed=3).double()
    plain, wanted = loss_and_gradients(model, batch, target_loss)
    fast, found = loss_and_gradients(model, batch, fast_target_loss)
    torch.testing.assert_close(fast, plain, rtol=1e-12, atol=1e-12)
    for name, gradient in wanted.items():
        if gradient is None:  # what no target token reads: the end of an input stack
            assert found[name] is None or not found[name].any()
        else:
            found_here = torch.zeros_like(gradient) if found[name] is None else found[name]
            torch.testing.assert_close(found_here, gradient, rtol=1e-9, atol=1e-12, msg=name)


@pytest.mark.parametrize(
    "other", [{"norm": "layer"}, {"positions": "rotary"}, {"bias": True}, {"key_value_heads": 1}]
)
def test_other_blocks_are_refused(other):
    with refused(next(iter(other))):
        replace(TEXT, numerics="fast", model=dict(TEXT.model) | other)


def test_loss_on_inputs_is_refused():
    with refused("loss_on_inputs"):
        replace(TEXT, numerics="fast", loss_on_inputs=True, structure=Structure.DECODER_ONLY)


def test_both_numerics_learn_alike_and_rows_have_the_text_columns(tmp_path):
    pytest.importorskip("tokenizers")
    file = table_file(tmp_path / "text.csv")
    for numerics in ("plain", "fast"):
        file.append(run_configuration(replace(TEXT, numerics=numerics), device="cpu"))
    rows = read_results(tmp_path / "text.csv")
    assert list(rows.numerics) == ["", "", "fast", "fast"]
    plain, fast = rows[:2], rows[2:]
    assert plain.loss.to_numpy() == pytest.approx(fast.loss.to_numpy(), abs=0.01)
    assert (plain.loss.to_numpy() != fast.loss.to_numpy()).any()
    assert (rows.other_source_loss > 0).all()
    assert (rows.tokens_per_character.between(0.1, 1)).all()
    assert rows["sample"].str.startswith('["').all()


class Copies(torch.nn.Module):
    """Writes what it reads if it `knows`, and anything with the same chance if not."""

    def __init__(self, knows):
        super().__init__()
        self.model, self.knows = Transformer(CONFIG), knows
        self.config, self.read, self.write = CONFIG, self.model.read, self.model.write

    def forward(self, source, target):
        logits = torch.zeros(*target.shape, 23)
        read = torch.cat([source, source[:, :1]], 1)[:, : target.shape[1], None]
        return logits.scatter_(2, read, 9.0) if self.knows else logits


def test_the_source_is_worth_what_the_model_takes_from_it():
    class Text:
        is_text = True
        decode_target = staticmethod(lambda ids: "x" * sum(each > 2 for each in ids))

    pairs = tuple(Pair((first, first + 1), (first, first + 1)) for first in range(3, 15))
    for knows, worth in ((False, 0), (True, 6)):
        found = text_scores(Copies(knows), Text, pairs)
        assert found["other_source_loss"] - scores(Copies(knows), pairs)["loss"] == pytest.approx(
            worth, abs=0.5
        )
        assert found["tokens_per_character"] == 1.5
