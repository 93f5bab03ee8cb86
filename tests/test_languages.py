"""Messages in 26 languages: what is read, how it is split, and what a damaged catalogue says."""

import struct

import pytest

from destructure.config import END
from destructure.tasks import (
    LANGUAGES,
    HiddenCharacters,
    LanguageIdentification,
    check_no_leak,
    message_catalogues,
)
from destructure.tasks.languages import FIRST, HIDDEN, UNKNOWN, piece_of
from destructure.tasks.message_catalogues import django_version, read_messages


def compiled(messages):
    """A .mo file: the header's magic number, two tables of (length, place), and the texts."""
    messages = {"": _HEADER} | messages
    pairs = sorted(messages, key=str.encode)
    texts = [one.encode() for key in pairs for one in (key, messages[key])]
    start = 28 + 16 * len(pairs)
    tables, places = {0: [], 1: []}, start
    for number, text in enumerate(texts):
        tables[number % 2].append((len(text), places))
        places += len(text) + 1
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, start)
    rows = b"".join(struct.pack("<2I", *row) for table in tables.values() for row in table)
    return head + rows + b"".join(text + b"\0" for text in texts)


_HEADER = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"


def messages_in(code, how_many=60):
    return {f"message number {n}": f"{code} text of message {n} {'é' * (n % 3)}" for n in range(how_many)}


def write(folder, code, messages, app="conf"):
    path = folder / app / "locale" / code / "LC_MESSAGES" / "django.mo"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(compiled(messages))
    return path


@pytest.fixture
def django(tmp_path, monkeypatch):
    """A small made-up Django."""
    monkeypatch.setattr(message_catalogues, "FEWEST_MESSAGES", 20)
    for code in LANGUAGES:
        write(tmp_path, code, messages_in(code))
    return tmp_path


# ------------------------------------------------------------------ the real catalogues


@pytest.mark.skipif(django_version() != "5.2.19", reason="other versions of Django have other messages")
def test_the_tested_django_has_the_texts_the_lesson_names():
    messages = read_messages()
    of_each = [sum(message.language == code for message in messages) for code in LANGUAGES]
    assert len(LANGUAGES) == 26
    assert (min(of_each), max(of_each), len(messages)) == (548, 769, 18_557)
    assert len({(message.english, message.language) for message in messages}) == len(messages)


def test_the_real_task_leaks_nothing_and_knows_close_languages():
    task = LanguageIdentification()
    check_no_leak(task)
    sizes = {split: len(task.items(split)) for split in ("train", "validation", "test")}
    assert 0.8 < sizes["train"] / sum(sizes.values()) < 0.9
    assert all(len({m.language for m in task.split_messages(split)}) == 26 for split in sizes)
    danish = [message.text for message in task.split_messages("train") if message.language == "da"]
    assert any("ø" in text for text in danish)


# ------------------------------------------------------------------ reading


def test_what_is_read_and_what_is_left_out(django):
    extra = {
        "Same": "Same",
        "M": "L",
        "ctx\x04May": "Maj",
        "%d day\0%d days": "%d dag\0%d dage",
        "two\nlines": "to\nlinjer",
    }
    write(django, "da", messages_in("da") | extra)
    write(django, "da", {"message number 0": "a second translation"}, app="contrib/admin")
    danish = {message.english: message.text for message in read_messages(django) if message.language == "da"}
    assert "Same" not in danish
    assert "M" not in danish
    assert danish["May"] == "Maj"
    assert danish["%d day"] == "%d dag"
    assert danish["two\nlines"] == "to linjer"
    assert danish["message number 0"].startswith("da text")  # the first catalogue's
    assert "" not in danish


@pytest.mark.parametrize(
    "damage",
    [b"", b"this is no catalogue at all", struct.pack("<7I", 0x950412DE, 0, 9, 28, 100, 0, 200)],
    ids=["empty", "other", "cut"],
)
def test_a_damaged_catalogue_says_which_and_what_to_do(django, damage):
    path = write(django, "sv", messages_in("sv"))
    path.write_bytes(damage)
    with pytest.raises(ValueError, match=r"conf/locale/sv/.* is damaged .*pip install") as error:
        read_messages(django)
    assert str(error.value).count(". ") <= 1
    assert str(django) not in str(error.value)
    path.unlink()
    with pytest.raises(ValueError, match="Only 0 messages in Swedish"):
        read_messages(django)


def test_a_missing_django_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(message_catalogues.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"not installed.*pip install 'django"):
        message_catalogues.django_folder()


# ------------------------------------------------------------------ the tasks


def test_a_message_is_on_one_side_in_all_languages(django):
    task = LanguageIdentification(folder=django)
    sides = [set(task.items(split)) for split in ("train", "validation", "test")]
    assert not sides[0] & sides[1]
    assert not (sides[0] | sides[1]) & sides[2]
    assert sum(map(len, sides)) == 60
    check_no_leak(task)


def test_equal_texts_of_different_messages_are_left_out_of_the_test(django):
    task = LanguageIdentification(folder=django)
    learned, tested = task.items("train")[0], task.items("test")[0]
    write(django, "fr", messages_in("fr") | {learned: "le même texte", tested: "le même texte"})
    read_messages.cache_clear()
    again = LanguageIdentification(folder=django)
    assert "le même texte" in [message.text for message in again.split_messages("train")]
    assert "le même texte" not in [message.text for message in again.split_messages("test")]


def test_less_data_is_part_of_more_and_the_test_stays(django):
    small, large = (LanguageIdentification(messages=n, folder=django) for n in (5, 20))
    assert set(small.pairs("train")) < set(large.pairs("train"))
    assert len(small.pairs("train")) == 5 * 26
    assert small.pairs("test") == large.pairs("test") == LanguageIdentification(folder=django).pairs("test")
    assert small.vocabulary.tokens == large.vocabulary.tokens
    with pytest.raises(ValueError, match=r"only .* may be learned from"):
        LanguageIdentification(messages=1000, folder=django)


def test_copies_are_whole_messages_and_pieces_of_them(django):
    plain, copied = (LanguageIdentification(messages=5, copies=copies, folder=django) for copies in (1, 4))
    assert copied.pairs("test") == plain.pairs("test")
    assert len(copied.pairs("train")) == 4 * len(plain.pairs("train"))
    sources = [pair.source for pair in copied.pairs("train")]
    for place, pair in enumerate(plain.pairs("train")):
        first, piece, third, _ = sources[4 * place : 4 * place + 4]
        assert first == third == pair.source
        assert 10 <= len(piece) <= len(pair.source)
        assert any(pair.source[start:][: len(piece)] == piece for start in range(len(pair.source)))
        assert copied.pairs("train")[4 * place + 1].target == pair.target
    assert {piece_of(tuple(range(10)), seed) for seed in range(20)} == {
        tuple(range(10))
    }  # too short to be cut
    assert len(set(sources)) > 1.5 * len(plain.pairs("train"))  # most pieces are shorter than their message
    assert sources == [
        p.source for p in LanguageIdentification(messages=5, copies=4, folder=django).pairs("train")
    ]


def test_a_piece_that_equals_a_test_text_is_left_out():
    """With Django's own messages it happens: "Serverfout" is part of a longer message."""
    check_no_leak(LanguageIdentification(copies=4))


@pytest.mark.parametrize(("answer", "written"), [("class", "da"), ("code", "da"), ("name", "Danish")])
def test_an_answer_can_be_a_class_or_spelled(django, answer, written):
    task = LanguageIdentification(answer, folder=django)
    ids = task.encode_target("Danish")
    assert ids == task.encode_target("da")
    assert len(ids) == {"class": 1, "code": 2, "name": 6}[answer]
    assert task.decode_target([*ids, END, 5]) == written
    assert len({task.encode_target(code) for code in LANGUAGES}) == 26


def test_text_is_cut_and_unknown_characters_have_one_token(django):
    task = LanguageIdentification(longest=9, folder=django)
    assert len(task.encode_source("more than nine characters")) == 9
    assert task.vocabulary.decode(task.encode_source("a Ж\n b")) == ["a", " ", UNKNOWN, " ", "b"]
    assert max(len(pair.source) for pair in task.pairs("train")) == 9
    tokens = task.vocabulary.tokens
    assert tokens.count(FIRST) == tokens.count(HIDDEN) == tokens.count("[da]") == 1
    assert task.max_length >= 9 + 1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: LanguageIdentification("letter", folder=folder), "answer is 'letter'"),
        (lambda folder: LanguageIdentification(messages=0, folder=folder), "messages is 0"),
        (lambda folder: LanguageIdentification(longest=1, folder=folder), "longest is 1"),
        (lambda folder: LanguageIdentification(folder=folder).encode_source("  "), "no text"),
        (lambda folder: LanguageIdentification(folder=folder).encode_target("Klingon"), "'Klingon'"),
        (lambda folder: LanguageIdentification(copies=0, folder=folder), "copies is 0"),
        (lambda folder: HiddenCharacters(share=1.0, folder=folder), "share is 1.0"),
        (lambda folder: HiddenCharacters(copies=0, folder=folder), "copies is 0"),
    ],
)
def test_bad_dials_are_refused(django, make, words):
    with pytest.raises(ValueError, match=words):
        make(django)


def test_gaps_hide_the_asked_share_and_nothing_else(django):
    task = HiddenCharacters(share=0.25, copies=3, folder=django)
    label = LanguageIdentification(folder=django)
    assert task.vocabulary.tokens == label.vocabulary.tokens
    assert len(task.pairs("train")) == 3 * len(label.pairs("train"))
    assert len(task.pairs("test")) == len(label.pairs("test"))
    for pair in task.pairs("train")[:50]:
        gaps = [place for place, one in enumerate(pair.source) if one == task.hidden_token]
        assert len(gaps) == max(1, round(0.25 * len(pair.target)))
        pairs = enumerate(zip(pair.source, pair.target, strict=True))
        assert all(one == two for place, (one, two) in pairs if place not in gaps)
    assert len({pair.source for pair in task.pairs("train")[:3]}) > 1  # copies differ in their gaps
    assert task.pairs("test") == HiddenCharacters(share=0.25, copies=3, folder=django).pairs("test")
