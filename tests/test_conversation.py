"""Notebook 10's conversations: counts are formulas, a cache changes no reply."""

import pytest
import torch

from destructure import Structure
from destructure.cost import cache_bytes
from destructure.generate import greedy
from notebook_functions import functions_of
from random_models import random_ids, random_model

Conversation = functions_of("10")["Conversation"]
WAYS = ("causal", "by message", "re-encode all")
each_way = pytest.mark.parametrize("way", WAYS)


# --- counts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("tokens", "turns"), [(1, 1), (1, 7), (4, 1), (3, 5), (5, 8)])
def test_tokens_and_pairs_are_the_formulas(tokens, turns):
    m, n = tokens, turns
    wanted = {
        "causal": (m * n, m * n * (m * n + 1) // 2),
        "by message": (m * n, m**2 * n * (n + 1) // 2),
        "re-encode all": (m * n * (n + 1) // 2, m**2 * n * (n + 1) * (2 * n + 1) // 6),
    }
    model = random_model(max_length=64)
    for way, formula in wanted.items():
        chat = Conversation(model, way)
        for turn in range(n):
            chat.hear(random_ids(2, m, seed=turn, shortest=m))
        assert (chat.tokens, chat.pairs) == formula
        assert chat.bytes() == 2 * cache_bytes(model.config, 0, m * n, bytes_per_number=8)  # two rows


def test_turns_with_replies_are_computed_once_or_again():
    model = random_model(max_length=64)
    with torch.no_grad():
        model.output.bias[2] = -1e4  # it never ends
    for way, wanted in (("causal", 4 * 6 - 1), ("re-encode all", 6 * (1 + 2 + 3 + 4) - 4)):
        chat = Conversation(model, way)
        for turn in range(
            4
        ):  # three tokens heard; [BOS] and two tokens said, the last of them read with the next
            chat.hear(random_ids(1, 3, seed=turn))
            assert chat.say(2).shape == (1, 2)
        assert chat.tokens == wanted


# --- replies -----------------------------------------------------------------------------------------------------


def talk(model, way, keep=True, rows=slice(None)):
    chat, replies = Conversation(model, way, keep), []
    for turn, length in enumerate((5, 2, 4)):
        message = random_ids(4, length, seed=turn, shortest=1)[rows]
        chat.hear(message)
        replies.append(chat.say(4))
    return replies


@each_way
@pytest.mark.parametrize("positions", ["learned", "rotary"])
def test_the_cache_changes_no_reply_and_neither_does_a_batch(way, positions):
    model = random_model(positions=positions, max_length=64)
    together = talk(model, way)
    assert all(map(torch.equal, together, talk(model, way, keep=False)))
    assert len({tuple(row.tolist()) for row in torch.cat(together, dim=1)}) > 1
    for row in range(4):
        alone = talk(model, way, rows=[row])
        for ours, theirs in zip(alone, together, strict=True):
            ended = theirs[row, ours.shape[1] :]
            assert ours[0].tolist() == theirs[row, : ours.shape[1]].tolist()
            assert not ended.any()


@pytest.mark.parametrize(
    ("way", "structure"), [("re-encode all", Structure.PREFIX_LM), ("causal", Structure.DECODER_ONLY)]
)
def test_a_reply_is_what_generate_writes(way, structure):
    model, message = random_model(structure), random_ids(3, 5, shortest=1)
    chat = Conversation(model, way)
    chat.hear(message)
    written = [[index for index in row if index] for row in chat.say(6).tolist()]
    assert [row[:-1] if row[-1] == 2 else row for row in written] == greedy(model, message, 6)


def test_only_a_later_message_in_view_changes_what_is_kept():
    model, first, second = random_model(), random_ids(1, 4, shortest=4), random_ids(1, 3, seed=5, shortest=3)
    for way in WAYS:
        chat = Conversation(model, way)
        chat.hear(first)
        before = [keys.clone() for keys, _ in chat.cache]
        chat.hear(second)
        moved = [
            (keys[:, :, :4] - old).abs().max() > 1e-5
            for (keys, _), old in zip(chat.cache, before, strict=True)
        ]
        assert moved == [
            False,
            *[way == "re-encode all"] * (len(moved) - 1),
        ]  # never those of the first layer
