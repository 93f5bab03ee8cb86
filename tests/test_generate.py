"""Writing with and without a cache, in batches and alone, here and in another library: the same tokens."""

from dataclasses import replace
from itertools import takewhile

import pytest
import torch
import transformers

from destructure import Transformer
from destructure.generate import Beam, FastWriter, Greedy, PlainWriter, Sampling, generate
from destructure.pretrained.checkpoints import from_checkpoint
from pretrained_files import randomise
from random_models import (
    EVERY_STRUCTURE,
    RECURRENT,
    VARIANTS,
    random_ids,
    random_model,
    random_prompts,
    random_recurrent,
)

every_structure = pytest.mark.parametrize("structure", EVERY_STRUCTURE, ids=str)
every_variant = pytest.mark.parametrize(
    "variant", VARIANTS, ids=lambda changes: " ".join(map(str, changes.values()))
)
every_recurrent = pytest.mark.parametrize("name", RECURRENT)
METHODS = [Greedy(), Sampling(temperature=1.3, top_k=9, top_p=0.9, seed=5), Beam(width=3, length_penalty=0.7)]
every_method = pytest.mark.parametrize("how", METHODS, ids=lambda how: type(how).__name__)
PROMPTS = 1000


def source_for(name, rows, seed=1):
    return random_ids(rows, 5, seed=seed, shortest=2) if RECURRENT[name].reads_source else None


@pytest.mark.parametrize("structure", EVERY_STRUCTURE[::5], ids=str)
@every_method
def test_in_mixed_precision_the_default_is_the_plain_path(structure, how):
    model, sources = random_model(structure).float(), random_ids(8, 5, shortest=1)
    with torch.autocast("cpu", torch.bfloat16):
        assert generate(model, sources, 6, how=how) == generate(model, sources, 6, how=how, fast=False)


# --- the cache changes nothing --------------------------------------------------------------------------------


@pytest.mark.slow
@every_structure
def test_cached_and_uncached_write_the_same_tokens(structure):
    """A thousand prompts a structure, of different lengths, with sources padded on either side."""
    positions = ("learned", "rotary", "sinusoidal", "none")[EVERY_STRUCTURE.index(structure) % 4]
    model = random_model(structure, positions=positions)
    sources, prompts = random_ids(PROMPTS, 5, shortest=1), random_prompts(PROMPTS, 4)
    uncached = generate(model, sources, 6, prompts=prompts, cache=False)
    assert generate(model, sources, 6, prompts=prompts, fast=False) == uncached
    assert generate(model, sources, 6, prompts=prompts) == uncached
    assert len(set(map(tuple, uncached))) > PROMPTS // 5  # else equality would say little
    assert len(set(map(len, uncached))) > 4  # some end early, some are cut off


@every_recurrent
def test_a_state_writes_the_same_tokens_as_reading_everything_again(name):
    model, prompts = random_recurrent(name), random_prompts(PROMPTS, 4)
    source = source_for(name, PROMPTS)
    uncached = generate(model, source, 6, prompts=prompts, cache=False)
    assert generate(model, source, 6, prompts=prompts) == uncached
    assert len(set(map(tuple, uncached))) > PROMPTS // 20


@every_structure
@every_variant
def test_all_writers_compute_the_same_logits(structure, variant):
    model, source = random_model(structure, **variant), random_ids(4, 5, shortest=2)
    prompts = torch.tensor([[0, 0, 5], [0, 4, 3], [9, 8, 7], [0, 0, 3]])
    for rows in (slice(None), slice(2, 3)):  # with padding, and one row without any
        ids = source[rows] if rows.start is None else random_ids(1, 5)
        with torch.inference_mode():
            memory = model.read(ids)
            writers = [
                PlainWriter(model, ids, prompts[rows], cache=False),
                PlainWriter(model, memory, prompts[rows]),
                FastWriter(model, memory, prompts[rows], longest=5),
            ]
            for step in range(5):
                uncached, plain, fast = (writer.logits() for writer in writers)
                torch.testing.assert_close(plain, uncached, rtol=1e-9, atol=1e-9)
                torch.testing.assert_close(fast, uncached, rtol=1e-9, atol=1e-9)
                for writer in writers:
                    writer.append(random_ids(len(ids), 1, seed=step)[:, 0])


@every_structure
def test_writing_leaves_weights_and_memory_as_they_were(structure):
    """The fast path works in place: only on what is its own."""
    model = random_model(structure)
    before = {name: weights.clone() for name, weights in model.state_dict().items()}
    memory = model.read(random_ids(3, 5))
    first = generate(model, memory, 6, how=Beam(width=2))
    assert generate(model, memory, 6, how=Beam(width=2)) == first
    assert generate(model, memory, 6) == generate(model, random_ids(3, 5), 6)
    for name, weights in model.state_dict().items():
        assert torch.equal(weights, before[name])


# --- a batch changes nothing ----------------------------------------------------------------------------------


def assert_a_batch_changes_nothing(model, source, how, rows=10):
    prompts = random_prompts(rows, 4)
    together = generate(model, source, 7, prompts=prompts, how=how)
    alone = []
    for row in range(rows):
        own = None if source is None else real(source[row])
        alone += generate(model, own, 7, prompts=[prompts[row]], how=for_row(how, row))
    assert together == alone
    return together


@every_structure
@every_method
def test_batched_equals_one_by_one(structure, how):
    texts = assert_a_batch_changes_nothing(random_model(structure), random_ids(10, 6, shortest=1), how)
    assert len(set(map(tuple, texts))) > 5


@every_recurrent
@every_method
def test_batched_equals_one_by_one_in_recurrent_models(name, how):
    assert_a_batch_changes_nothing(random_recurrent(name), source_for(name, 10), how)


def real(ids):
    """One row without its padding, as a batch of one."""
    return ids[ids != 0].unsqueeze(0)


def for_row(how, row):
    return replace(how, first_row=row) if isinstance(how, Sampling) else how


def test_without_padding_rows_of_different_lengths_are_written_apart():
    """Where id 0 is a word like any other, nothing can be padded."""
    model = random_model(has_padding=False)
    prompts = [[5, 0, 3], [7], [0, 0, 0], [4, 4], [0]]
    for how in METHODS:
        together = generate(model, None, 6, prompts=prompts, how=how, begin=None)
        assert together == [
            generate(model, None, 6, prompts=[prompt], how=for_row(how, row), begin=None)[0]
            for row, prompt in enumerate(prompts)
        ]


# --- against another library ----------------------------------------------------------------------------------

ENDS = [8, 18]  # ids that these random models write now and then
SIZES = {"vocab_size": 37, "bos_token_id": 1, "eos_token_id": 8, "pad_token_id": None}


def gpt2():
    return transformers.GPT2LMHeadModel(
        transformers.GPT2Config(**SIZES, n_positions=48, n_embd=32, n_layer=3, n_head=4)
    )


def llama():
    return transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            **SIZES,
            hidden_size=32,
            intermediate_size=56,
            num_hidden_layers=3,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=48,
        )
    )


@pytest.mark.parametrize("has_padding", [True, False])
@pytest.mark.parametrize("build", [gpt2, llama])
def test_greedy_equals_transformers(build, has_padding, tmp_path):
    theirs = build()
    randomise(theirs)
    theirs.save_pretrained(tmp_path)
    ours = from_checkpoint(tmp_path)
    if has_padding:  # id 0 hides, as in the course's own models; theirs must not write it either
        hiding = Transformer(replace(ours.config, has_padding=True))
        hiding.load_state_dict(ours.state_dict())
        ours = hiding
    theirs, ours = theirs.double().eval(), ours.double().eval()
    generator = torch.Generator().manual_seed(0)
    prompts = [torch.randint(3, 37, (1 + row % 7,), generator=generator).tolist() for row in range(40)]
    width = max(map(len, prompts))
    ids = torch.tensor([[0] * (width - len(prompt)) + prompt for prompt in prompts])
    with torch.inference_mode():
        expected = theirs.generate(
            ids,
            attention_mask=(ids != 0).long(),
            max_new_tokens=20,
            do_sample=False,
            pad_token_id=0,
            eos_token_id=ENDS,
            suppress_tokens=[0] if has_padding else None,
        )
    expected = [list(takewhile(lambda index: index not in ENDS, new)) for new in expected[:, width:].tolist()]
    options = {"begin": None, "end": tuple(ENDS)}
    assert generate(ours, None, 20, prompts=prompts, **options) == expected
    assert generate(ours, None, 20, prompts=prompts, fast=False, **options) == expected
    # The prompt may as well be the source, up to its last token: a decoder-only model makes no difference.
    if has_padding:
        sources = [prompt[:-1] for prompt in prompts]
        padded = torch.tensor([source + [0] * (width - len(source)) for source in sources])
        assert generate(ours, padded, 20, prompts=[prompt[-1:] for prompt in prompts], **options) == expected
    assert len(set(map(tuple, expected))) > 20
    assert len(set(map(len, expected))) > 3


# --- what is written ------------------------------------------------------------------------------------------


def test_a_text_ends_at_any_of_the_end_tokens_and_goes_on_without_one():
    model, prompts = random_model(), random_prompts(60, 3)
    endless = generate(model, None, 12, prompts=prompts, end=None)
    assert {len(text) for text in endless} == {12}
    for end in (2, (2, 9, 11), (9,)):
        ends = {end} if isinstance(end, int) else set(end)
        expected = [
            text[: min([*(i for i, index in enumerate(text) if index in ends), 12])] for text in endless
        ]
        assert generate(model, None, 12, prompts=prompts, end=end) == expected
        assert any(map(len, expected))
        assert min(map(len, expected)) < 12


@every_method
def test_padding_is_never_written(how):
    model = random_model()
    with torch.no_grad():
        model.output.bias[0] = 1000  # the model wants nothing but padding
    texts = generate(model, None, 6, prompts=random_prompts(8, 3), how=how, end=None)
    assert all(len(text) == 6 and 0 not in text for text in texts)
    assert generate(model, None, 6, prompts=[[5]], how=how, end=0) == [[]]  # unless it ends the text


def test_writing_stops_when_every_row_has_ended(monkeypatch):
    model = random_model()
    with torch.no_grad():
        model.output.bias[2] = 1000
    monkeypatch.setattr(FastWriter, "append", None)  # a second step would need it
    assert generate(model, None, 30, prompts=[[4], [5, 6]]) == [[], []]


def test_prompts_as_a_tensor_may_be_padded_on_any_side():
    model = random_model()
    prompts = [[5], [6, 7], [8, 9, 4]]
    expected = generate(model, None, 5, prompts=prompts)
    for padded in ([[0, 0, 5], [0, 6, 7], [8, 9, 4]], [[5, 0, 0], [6, 7, 0], [8, 9, 4]]):
        assert generate(model, None, 5, prompts=torch.tensor(padded)) == expected


def test_positions_are_counted_for_each_row_without_its_padding():
    """A long source with a short prompt fits, and so does the reverse: also in one batch."""
    model = random_model(max_length=12)
    source = torch.tensor([[3, 4, 5, 6, 7, 8], [0, 0, 0, 0, 0, 3]])
    prompts = [[4], [4, 5, 6, 7, 8, 9]]
    together = generate(model, source, 5, prompts=prompts, end=None)
    assert together[0] == generate(model, source[:1], 5, prompts=prompts[:1], end=None)[0]
    with pytest.raises(ValueError, match="ask for at most 5 new tokens"):
        generate(model, source, 6, prompts=prompts)
