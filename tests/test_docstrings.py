"""The docstring text: the same every time, split by document, nothing in two splits, nothing imported."""

import sys

import pytest

from destructure.config import END
from destructure.tasks import docstrings
from destructure.tasks.docstrings import DocstringText, read_documents

SPLITS = ("train", "validation", "test")


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A small made-up library: enough for what the real one would take seconds to show."""
    monkeypatch.setattr(docstrings, "FEWEST_CHARACTERS", 1000)
    folder = tmp_path / "lib"
    for number in range(40):
        body = f'"""Module {number}.\n\n    Does thing {number} in {"many " * number}ways.\n"""\n'
        body += "raise RuntimeError('a source file was executed')\n"
        body += f'class Thing{number}:\n    """A thing, number {number}: café."""\n'
        body += '    def run(self):\n        """Return nothing, as everywhere."""\n'
        body += "    async def stop(self):\n        pass\n"
        path = folder / ("pack" if number % 2 else ".") / f"module_{number:02d}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")
    (folder / "broken.py").write_text('"""Not read."""\ndef (:\n')
    (folder / "test").mkdir()
    (folder / "test" / "test_all.py").write_text('"""Left out."""\n')
    return folder


def test_the_same_text_every_time(library):
    first, second = DocstringText(16, library), DocstringText(16, library)
    assert first.sha256 == second.sha256
    assert all(first.pairs(split) == second.pairs(split) for split in SPLITS)
    (library / "module_00.py").write_text('"""Another text, long enough to count."""\n')
    assert DocstringText(16, library).sha256 != first.sha256


def test_what_is_read_and_what_is_not(library):
    documents = list(read_documents(library))
    text = "".join(document.text for document in documents)
    assert len(documents) == 40
    assert "Left out" not in text
    assert "Not read" not in text
    assert documents[0].docstrings[0] == "Module 0.\n\nDoes thing 0 in ways."  # cleaned of its indent
    assert text.count("Return nothing, as everywhere.") == 1  # it stands in forty files, and counts once
    assert "module_00" not in sys.modules


def test_no_split_shares_a_docstring_or_a_document(library):
    task = DocstringText(16, library)
    for earlier, later in (("train", "validation"), ("train", "test"), ("validation", "test")):
        assert not set(task.items(earlier)) & set(task.items(later))
        names = [{document.name for document in task.split_documents(split)} for split in (earlier, later)]
        assert not names[0] & names[1]
    assert sum(len(task.split_documents(split)) for split in SPLITS) == 40
    assert len(task.split_documents("train")) == 32


def test_pieces_are_whole_and_can_be_read_again(library):
    task = DocstringText(16, library)
    assert all(pair.source == () and len(pair.target) == 16 for pair in task.pairs("train"))
    first = task.split_documents("train")[0].text
    written = "".join(task.decode_target(pair.target) for pair in task.pairs("train"))
    assert written.startswith(first[:48].replace("é", "\ufffd"))
    assert task.max_length == 17


def test_a_vocabulary_of_at_most_130_tokens_covers_any_text():
    vocabulary = DocstringText.vocabulary
    assert len(vocabulary) <= 130
    ids = DocstringText.encode_target(DocstringText, "Tab\tcafé 漢 \n~")
    assert vocabulary.decode(ids) == list("Tab\ufffdcaf\ufffd \ufffd \n~")
    assert DocstringText.decode_target(DocstringText, (*ids[:3], END, 5)) == "Tab"


def test_a_missing_library_is_one_clear_sentence(tmp_path):
    with pytest.raises(ValueError, match="source files seem to be missing") as error:
        DocstringText(16, tmp_path)
    assert "\n" not in str(error.value)
    assert str(tmp_path) not in str(error.value)


@pytest.mark.parametrize("piece", [0, 1, 2.5, True, "64"])
def test_a_bad_length_is_one_clear_sentence(piece):
    with pytest.raises(ValueError, match="piece is"):
        DocstringText(piece)


def test_a_source_is_refused(library):
    task = DocstringText(16, library)
    assert task.encode_source("") == ()
    with pytest.raises(ValueError, match="no input"):
        task.encode_source("Hello")


@pytest.mark.slow
def test_the_real_library_is_large_and_split_without_a_leak():
    task = DocstringText(64)
    sizes = {split: len(task.text(split)) for split in SPLITS}
    assert sum(sizes.values()) > 1_000_000
    assert all(0.05 < sizes[split] / sum(sizes.values()) < 0.2 for split in ("validation", "test"))
    for earlier, later in (("train", "validation"), ("train", "test"), ("validation", "test")):
        assert not set(task.items(earlier)) & set(task.items(later))
    assert len(task.sha256) == 64
    assert task.python_version.count(".") == 2
