"""The experiments' own tasks: one right answer each, splits without a leak, dials that refuse what cannot be."""

import doctest
import pickle
import random
import subprocess
import sys
from collections import Counter

import pytest

from destructure.config import END, PADDING
from destructure.tasks import copying, hops, instruction, turns
from destructure.tasks.base import SPLITS, Task, check_no_leak
from destructure.tasks.copying import CopyExample, Copying, KeyValueRecall, RecallExample
from destructure.tasks.drawn import MOST_TOKENS
from destructure.tasks.hops import HopExample, PointerHops
from destructure.tasks.instruction import ListExample, ListInstruction, Thing
from destructure.tasks.turns import OPERATIONS, Conversation, Turns

FEW = {"train_examples": 300, "validation_examples": 60, "test_examples": 60}
TASKS = {
    "instruction last": ListInstruction(**FEW),
    "instruction first, twice": ListInstruction(instruction_position="first", input_twice=True, **FEW),
    "two things": ListInstruction(things=2, actions=["sort"], **FEW),
    "ten things twice": ListInstruction(things=10, input_twice=True, **FEW),
    "four turns": Turns(**FEW),
    "one turn": Turns(turns=1, **FEW),
    "sixteen turns": Turns(turns=16, digits=5, **FEW),
    "many conversations from few states": Turns(turns=3, digits=2, **FEW),
    "two hops": PointerHops(**FEW),
    "up to six hops, path": PointerHops(hops=6, fewest_hops=1, answer="path", **FEW),
    "26 places": PointerHops(places=26, hops=9, **FEW),
    "copying": Copying(**FEW),
    "long to short": Copying(read=99, write=2, **FEW),
    "short to long": Copying(read=4, write=100, **FEW),
    "recall": KeyValueRecall(**FEW),
    "long recall": KeyValueRecall(entries=26, value_digits=2, **FEW),
    "many questions": KeyValueRecall(entries=3, value_digits=4, questions=25, **FEW),
}
GOLDEN = ["d 9 i 6 v 7 b 1 a 4 y 5 m 4 q 3 here i", "u d d j j r r y x k z x k u y z 2 x"]
each_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)


def one_sentence(error):
    text = str(error.value)
    assert text.endswith(".")
    assert "\n" not in text


# --- what every task keeps -----------------------------------------------------------------------------------


@pytest.mark.parametrize("module", [instruction, turns, hops, copying], ids=lambda module: module.__name__)
def test_worked_examples_of_the_docstrings(module):
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


@each_task
def test_splits_share_neither_content_nor_source(task):
    check_no_leak(task)
    wanted = {"train": 300, "validation": 60, "test": 60}
    for split in SPLITS:
        assert len(task.examples(split)) == len(set(task.examples(split))) == wanted[split]
        assert {task.split_of(content) for content in task.items(split)} == {split}


@each_task
def test_examples_are_short_and_round_trips_hold(task):
    assert isinstance(task, Task)
    assert len(task.vocabulary) <= 100
    for split in SPLITS:
        for example in task.examples(split)[:40]:
            pair, target = task.pair(example), task.target_text(example)
            assert 0 < len(pair.source) <= MOST_TOKENS
            assert 0 < len(pair.target) <= MOST_TOKENS
            assert not {PADDING, END} & set(pair.source + pair.target)
            assert task.encode_source(task.source_text(example)) == pair.source
            assert task.encode_target(target) == pair.target
            assert task.decode_target([*pair.target, END, 5, PADDING]) == target
            assert len(pair.source) + len(pair.target) + 1 <= task.max_length
    assert task.name


@each_task
def test_a_source_has_one_answer(task):
    answers = {}
    for split in SPLITS:
        for pair in task.pairs(split):
            assert answers.setdefault(pair.source, pair.target) == pair.target


@pytest.mark.parametrize(
    ("task", "dials"),
    [
        (ListInstruction, {"things": 3}),
        (Turns, {"turns": 2}),
        (PointerHops, {"hops": 3}),
        (Copying, {"read": 8}),
        (KeyValueRecall, {"entries": 3}),
    ],
)
def test_the_same_dials_give_the_same_examples(task, dials):
    first, again = task(**dials, **FEW), task(**dials, **FEW)
    other = task(**dials, split_seed=1, **FEW)
    fewer = task(**dials, **FEW | {"train_examples": 100, "test_examples": 7})
    for split in SPLITS:
        assert first.pairs(split) == again.pairs(split)
        assert first.pairs(split) != other.pairs(split)
        few = fewer.examples(split)
        assert first.examples(split)[: len(few)] == few
    assert pickle.loads(pickle.dumps(first)).pairs("test") == first.pairs("test")
    assert first == again
    assert first != other


def test_examples_do_not_change_between_versions():
    seen = [task.source_text(task.examples("test")[0]) for task in (TASKS["recall"], TASKS["two hops"])]
    assert seen == GOLDEN


def test_the_splits_of_different_dials_fit_together():
    """A list trained on with the instruction last is never tested with the instruction first."""
    last, first = TASKS["instruction last"], ListInstruction(instruction_position="first", **FEW)
    assert not set(last.items("train")) & set(first.items("test"))
    assert last.examples("test") == first.examples("test")  # so arms can be compared example by example
    assert Counter(last.split_of(("content", number)) for number in range(10_000))["train"] in range(
        7_800, 8_200
    )


def test_another_order_of_the_same_things_is_the_same_content():
    """Else a model could be tested on a ring, a text or a set of entries that it was trained on."""
    generator = random.Random(0)
    for example in TASKS["26 places"].examples("test"):
        shuffled = tuple(generator.sample(example.arrows, len(example.arrows)))
        again = HopExample(shuffled, 1, (example.arrows[0][0],))
        assert TASKS["26 places"]._content(again) == TASKS["26 places"]._content(example)
    for entries, asked in TASKS["recall"].examples("test"):
        again = RecallExample(tuple(generator.sample(entries, len(entries))), (entries[0][0],))
        assert TASKS["recall"]._content(again) == TASKS["recall"]._content(RecallExample(entries, asked))
    for letters, mark in TASKS["copying"].examples("test"):
        turned = letters[5:] + letters[:5]
        assert TASKS["copying"]._content(CopyExample(turned, 0)) == TASKS["copying"]._content(
            CopyExample(letters, mark)
        )


def test_tasks_need_no_torch():
    code = "import sys, destructure.tasks.copying, destructure.tasks.turns; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("task", "text"), [(TASKS["four turns"], ""), (TASKS["recall"], None), (TASKS["copying"], " ")]
)
def test_empty_text_gets_an_example(task, text):
    with pytest.raises(ValueError, match="write tokens with spaces, such as") as error:
        task.encode_source(text)
    one_sentence(error)
    with pytest.raises(ValueError, match="'zebra' is not one of the"):
        task.encode_source("zebra")
    with pytest.raises(ValueError, match="The split is 'all'"):
        task.pairs("all")


# --- the answers ---------------------------------------------------------------------------------------------

THINGS = (
    Thing("d", "red", "ball", "7"),
    Thing("a", "blue", "ball", "2"),
    Thing("q", "red", "cube", "0"),
)


@pytest.mark.parametrize(
    ("action", "what", "answer"),
    [
        ("select", "red", "d q"),
        ("select", "ball", "d a"),
        ("select", "ring", "none"),
        ("count", "red", "2"),
        ("count", "cone", "0"),
        ("sort", "rising", "q a d"),
        ("sort", "falling", "d a q"),
        ("tell", "name", "d a q"),
        ("tell", "colour", "red blue red"),
        ("tell", "shape", "ball ball cube"),
        ("tell", "size", "7 2 0"),
    ],
)
def test_instructions_by_hand(action, what, answer):
    example = ListExample(THINGS, (action, what))
    for position, twice in ((p, t) for p in ("first", "last") for t in (True, False)):
        task = ListInstruction(things=3, instruction_position=position, input_twice=twice, **FEW)
        assert task.target_text(example) == answer
        words = task.source_text(example).split()
        once = words[: len(words) // (1 + twice)]
        assert words == once * (1 + twice)
        asked = once[:2] if position == "first" else once[-2:]
        assert asked == [action, what]
        assert " ".join(once).count("d red ball 7 a blue ball 2 q red cube 0") == 1


def test_lists_have_distinct_names_and_sizes_and_every_instruction_comes_up():
    examples = TASKS["instruction last"].examples("train")
    for things, _ in examples:
        assert len({thing.name for thing in things}) == len({thing.size for thing in things}) == 6
    shares = Counter(instruction[0] for _, instruction in examples)
    assert all(50 < shares[action] < 100 for action in ("select", "count", "sort", "tell"))
    assert {example.instruction[0] for example in TASKS["two things"].examples("train")} == {"sort"}
    count_ten = ListExample(
        tuple(Thing(n, "red", "ball", s) for n, s in zip("abcdefghij", "0123456789", strict=True)),
        ("count", "red"),
    )
    assert TASKS["ten things twice"].target_text(count_ten) == "10"


def test_operations_by_hand():
    done = {name: "".join(operation(tuple("12390"))) for name, operation in OPERATIONS.items()}
    assert done == {
        "reverse": "09321",
        "left": "23901",
        "right": "01239",
        "ends": "02391",
        "up": "23401",
        "down": "01289",
        "mirror": "87609",
    }
    assert all(operation(("4",)) != () for operation in OPERATIONS.values())
    generator = random.Random(0)
    for operation in OPERATIONS.values():  # each can be undone, so no two states are thrown together
        states = {tuple(generator.choices("0123456789", k=4)) for _ in range(500)}
        assert len({operation(state) for state in states}) == len(states)


def test_each_reply_is_what_the_next_turn_works_on():
    task = Turns(turns=3, digits=4, **FEW)
    assert len(task.pairs("train")) == 900
    assert len(task.pairs_of_turn("test", 3)) == 60
    for place, talk in enumerate(task.examples("test")):
        said = list(talk.start)
        state = talk.start
        for turn, operation in enumerate(talk.operations, start=1):
            state = OPERATIONS[operation](state)
            said.append(operation)
            pair = task.pairs_of_turn("test", turn)[place]
            assert task.vocabulary.decode(pair.source) == said
            assert task.vocabulary.decode(pair.target) == list(state)
            said += state
        assert task.pair(talk) == task.pairs_of_turn("test", 3)[place]
        assert talk.states[-1] == state
    one = Conversation(("1", "2"), ("up", "reverse"))
    assert Turns(
        digits=2, **FEW | {"test_examples": 5, "validation_examples": 3, "train_examples": 50}
    ).turn_texts(one, 2) == (
        "1 2 up 2 3 reverse",
        "3 2",
    )
    with pytest.raises(ValueError, match="turn is 4"):
        task.pairs_of_turn("test", 4)


def test_hops_by_hand():
    example = HopExample((("b", "x"), ("k", "b"), ("x", "k")), 2, ("k",))
    last, path = PointerHops(places=3, **FEW), PointerHops(places=3, answer="path", **FEW)
    assert last.source_text(example) == "b x k b x k 2 k"
    assert (last.target_text(example), path.target_text(example)) == ("x", "b x")
    several = example._replace(starts=("k", "x"))
    assert last.source_text(several) == "b x k b x k 2 k x"
    assert (last.target_text(several), path.target_text(several)) == ("x b", "b x k b")
    for asked in PointerHops(questions=8, **FEW).examples("train"):
        assert set(asked.starts) == set(dict(asked.arrows))


def test_rings_are_whole_and_no_answer_can_be_guessed():
    task = TASKS["up to six hops, path"]
    for example in task.examples("train"):
        to = dict(example.arrows)
        assert set(to) == set(to.values())
        place, seen = example.starts[0], []
        for _ in to:
            place = to[place]
            seen.append(place)
        assert len(set(seen)) == len(to) == 8  # one ring through all places
        assert example.path(example.starts[0]) == tuple(seen[: example.hops])
    assert set(Counter(example.hops for example in task.examples("train"))) == set(range(1, 7))
    # Neither the last arrow listed nor any other fixed place of the list holds the answer more often than chance.
    two = PointerHops(train_examples=2_000)
    for place in range(8):
        hits = sum(
            example.arrows[place][1] == example.path(*example.starts)[-1] for example in two.examples("train")
        )
        assert hits in range(180, 320)  # 2,000 / 8 = 250


def test_copying_by_hand():
    assert Copying(read=4, write=2, **FEW).target_text(CopyExample("kiwi", 3)) == "i k"
    assert Copying(read=4, write=9, **FEW).target_text(CopyExample("kiwi", 0)) == "k i w i k i w i k"
    assert Copying(read=4, write=2, **FEW).source_text(CopyExample("kiwi", 3)) == "k i w here i"
    task = TASKS["copying"]
    assert set(Counter(example.mark for example in task.examples("train"))) == set(range(12))


def test_recall_by_hand():
    example = RecallExample((("k", "41"), ("c", "07"), ("z", "41")), ("c", "k"))
    task = KeyValueRecall(entries=3, value_digits=2, questions=2, **FEW)
    assert task.source_text(example) == "k 4 1 c 0 7 z 4 1 here c k"
    assert task.target_text(example) == "0 7 4 1"
    for entries, asked in TASKS["many questions"].examples("train"):
        assert len(dict(entries)) == 3
        assert max(Counter(asked).values()) - min(Counter(asked).values()) <= 1  # every key, over and over
    for _, asked in KeyValueRecall(questions=8, **FEW).examples("train"):
        assert len(set(asked)) == 8


# --- dials ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "dials", "fragment"),
    [
        (ListInstruction, {"things": 1}, "things is 1; give a whole number from 2 to 10"),
        (ListInstruction, {"things": 11}, "things is 11"),
        (ListInstruction, {"things": True}, "things is True"),
        (ListInstruction, {"instruction_position": "middle"}, "'last', 'first'"),
        (ListInstruction, {"input_twice": "yes"}, "input_twice is 'yes'"),
        (ListInstruction, {"actions": ["delete"]}, "An action is 'delete'"),
        (ListInstruction, {"actions": []}, "at least one"),
        (ListInstruction, {"actions": ["sort", "sort"]}, "each action once"),
        (Turns, {"turns": 0}, "turns is 0"),
        (Turns, {"digits": 13}, "digits is 13"),
        (
            Turns,
            {"turns": 16, "digits": 6},
            "would have 112 tokens, more than 100; use fewer turns or digits",
        ),
        (Turns, {"operations": ["double"]}, "An operation is 'double'"),
        (Turns, {"operations": ()}, "at least one"),
        (PointerHops, {"places": 27}, "places is 27"),
        (PointerHops, {"hops": 8}, "hops is 8; give a whole number from 1 to 7"),
        (PointerHops, {"hops": 3, "fewest_hops": 4}, "fewest_hops is 4; give a whole number from 1 to 3"),
        (PointerHops, {"questions": 9}, "questions is 9; give a whole number from 1 to 8"),
        (PointerHops, {"places": 26, "hops": 9, "questions": 20, "answer": "path"}, "would have 180 tokens"),
        (PointerHops, {"answer": "all"}, "answer is 'all'"),
        (Copying, {"read": 100}, "read is 100"),
        (Copying, {"write": 0}, "write is 0"),
        (Copying, {"letters": 1}, "letters is 1"),
        (KeyValueRecall, {"entries": 27}, "entries is 27"),
        (KeyValueRecall, {"questions": 0}, "questions is 0"),
        (KeyValueRecall, {"entries": 26, "value_digits": 4}, "would have 132 tokens"),
        (KeyValueRecall, {"questions": 50, "value_digits": 3}, "target would have 150 tokens"),
        (Copying, {"train_examples": 0}, "train_examples is 0"),
        (Turns, {"split_seed": -1}, "split_seed is -1"),
    ],
    ids=str,
)
def test_dials_that_cannot_be(task, dials, fragment):
    with pytest.raises(ValueError, match=fragment) as error:
        task(**dials)
    one_sentence(error)


def test_asking_for_more_examples_than_there_are():
    task = Copying(read=1, write=1, letters=3)
    with pytest.raises(
        ValueError, match=r"with these dials only \d different examples for train turned up"
    ) as error:
        task.pairs("train")
    one_sentence(error)
