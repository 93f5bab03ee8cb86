"""The experiments' own tasks: one right answer each, splits without a leak, dials that refuse what cannot be."""

import pickle
import random
from collections import Counter

import pytest

from destructure.config import END, PADDING
from destructure.tasks.base import SPLITS, Task, check_no_leak
from destructure.tasks.copying import CopyExample, Copying
from destructure.tasks.drawn import MOST_TOKENS
from destructure.tasks.instruction import ListExample, ListInstruction, Thing
from destructure.tasks.turns import OPERATIONS, Turns
from refusals import refused

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
    "copying": Copying(**FEW),
    "long to short": Copying(read=99, write=2, **FEW),
    "short to long": Copying(read=4, write=100, **FEW),
}
GOLDEN = [
    "h green ball 1 z white ring 5 e white cube 7 r white ring 0 o yellow ball 2 c white cone 4 sort rising",
    "6 9 4 0 2 left 9 4 0 2 6 right 6 9 4 0 2 right 2 6 9 4 0 right",
]
each_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)


# --- what every task keeps -----------------------------------------------------------------------------------


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


@each_task
def test_a_source_has_one_answer(task):
    answers = {}
    for split in SPLITS:
        for pair in task.pairs(split):
            assert answers.setdefault(pair.source, pair.target) == pair.target


@pytest.mark.parametrize(
    ("task", "dials"), [(ListInstruction, {"things": 3}), (Turns, {"turns": 2}), (Copying, {"read": 8})]
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
    seen = [
        task.source_text(task.examples("test")[0])
        for task in (TASKS["instruction last"], TASKS["four turns"])
    ]
    assert seen == GOLDEN


def test_the_splits_of_different_dials_fit_together():
    """A list trained on with the instruction last is never tested with the instruction first."""
    last, first = TASKS["instruction last"], ListInstruction(instruction_position="first", **FEW)
    assert not set(last.items("train")) & set(first.items("test"))
    assert last.examples("test") == first.examples("test")  # so arms can be compared example by example
    assert Counter(last.split_of(("content", number)) for number in range(10_000))["train"] in range(
        7_800, 8_200
    )


def test_another_order_of_the_same_letters_is_the_same_content():
    """Else a model could be tested on a text that it was trained on."""
    for letters, mark in TASKS["copying"].examples("test"):
        turned, content = letters[5:] + letters[:5], TASKS["copying"]._content
        assert content(CopyExample(turned, 0)) == content(CopyExample(letters, mark))


@pytest.mark.parametrize(
    ("task", "text"), [(TASKS["four turns"], ""), (TASKS["two things"], None), (TASKS["copying"], " ")]
)
def test_empty_text_gets_an_example(task, text):
    with refused("write tokens with spaces, such as"):
        task.encode_source(text)
    with pytest.raises(ValueError, match="'zebra' is not one of the"):
        task.encode_source("zebra")
    with pytest.raises(ValueError, match="The split is 'all'"):
        task.pairs("all")


# --- the answers ---------------------------------------------------------------------------------------------

THINGS = (Thing("d", "red", "ball", "7"), Thing("a", "blue", "ball", "2"), Thing("q", "red", "cube", "0"))


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
    for place, talk in enumerate(task.examples("test")):
        said = list(talk.start)
        state = talk.start
        for turn, operation in enumerate(talk.operations, start=1):
            state = OPERATIONS[operation](state)
            said.append(operation)
            pair = task.pairs("test")[3 * place + turn - 1]
            assert task.vocabulary.decode(pair.source) == said
            assert task.vocabulary.decode(pair.target) == list(state)
            said += state
        assert task.pair(talk) == task.pairs("test")[3 * place + 2]
        assert talk.states[-1] == state


def test_copying_by_hand():
    assert Copying(read=4, write=2, **FEW).target_text(CopyExample("kiwi", 3)) == "i k"
    assert Copying(read=4, write=9, **FEW).target_text(CopyExample("kiwi", 0)) == "k i w i k i w i k"
    assert Copying(read=4, write=2, **FEW).source_text(CopyExample("kiwi", 3)) == "k i w here i"
    task = TASKS["copying"]
    assert set(Counter(example.mark for example in task.examples("train"))) == set(range(12))


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
            "has 112 tokens, more than 100; use fewer turns or digits",
        ),
        (Copying, {"read": 100}, "read is 100"),
        (Copying, {"write": 0}, "write is 0"),
        (Copying, {"train_examples": 0}, "train_examples is 0"),
        (Turns, {"split_seed": -1}, "split_seed is -1"),
    ],
    ids=str,
)
def test_dials_that_cannot_be(task, dials, fragment):
    with refused(fragment):
        task(**dials)


def test_asking_for_more_examples_than_there_are():
    task = Copying(read=1, write=1)
    with refused(r"with these dials only \d+ different examples for train turned up"):
        task.pairs("train")
