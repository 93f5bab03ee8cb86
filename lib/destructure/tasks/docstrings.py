"""Real text that every learner has: the docstrings of the Python standard library, a token per character.

The source files are read as text and parsed; nothing is imported or downloaded. Each Python version has its own
text, so whoever reports a number on it says which: `python_version` and `sha256` name it.
"""

import ast
import hashlib
import inspect
import platform
import sysconfig
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from destructure.tasks.base import Pair, Split, Task, Vocabulary, require_split, require_whole
from destructure.tasks.repeats import NearRepeats

CHARACTERS = ("\n", *map(chr, range(ord(" "), ord("~") + 1)))
UNKNOWN = "\ufffd"
"""Stands for every character outside ASCII: too rare here for tokens of their own."""

LEFT_OUT = frozenset(
    {"__pycache__", "ensurepip", "idlelib", "lib2to3", "site-packages", "test", "tests", "turtledemo"}
)
"""Folders that are tests, copies, or missing from many installations."""

FEWEST_CHARACTERS = 100_000  # less is no standard library, but what a stripped installation left of it
_EVERY = 10  # of ten modules in a row, one is for validation and one for testing


class Document(NamedTuple):
    """The docstrings of one source file.

    Attributes:
        name: path below the library's folder, such as "json/decoder.py".
        docstrings: in the order in which they stand; none occurs in an earlier document.
    """

    name: str
    docstrings: tuple[str, ...]

    @property
    def text(self) -> str:
        """All docstrings, a blank line between them."""
        return "\n\n".join(self.docstrings) + "\n"


class DocstringText(Task):
    """Character-level language modelling: no input, and the target is a piece of text.

    A document is a source file. Whole documents go to a split, and a docstring that stands in several files counts
    for the first one only, so no split holds text of another. Documents are cut into pieces of equal length.

    Args:
        piece: characters in one example.
        folder: where the source files are; by default the standard library of the Python that runs this.

    Raises:
        ValueError: if `piece` is below 2, or the folder holds too little text (some systems install Python
            without its source files).

    Example:
        >>> task = DocstringText()                                     # doctest: +SKIP
        >>> task.decode_target(task.pairs("train")[0].target)          # doctest: +SKIP
        'Record of phased-in incompatible language changes. ...'
    """

    vocabulary = Vocabulary([*CHARACTERS, UNKNOWN])
    joint = ""

    def __init__(self, piece: int = 128, folder: str | Path | None = None):
        self.piece = require_whole("piece", piece, 2)
        self.folder = Path(folder or sysconfig.get_path("stdlib"))
        self.documents = tuple(read_documents(self.folder))
        found = sum(len(document.text) for document in self.documents)
        if found < FEWEST_CHARACTERS:
            raise ValueError(
                f"Only {found:,} characters of docstrings were found in the Python library's folder; its source "
                "files seem to be missing: install Python with its standard library (on Debian: python3 and "
                "libpython3-stdlib; or from python.org), or give `folder`."
            )

    def __repr__(self) -> str:
        return f"DocstringText(piece={self.piece}, sha256={self.sha256[:12]!r})"

    @property
    def python_version(self) -> str:
        """Version of the Python whose library this is, if no other folder was given."""
        return platform.python_version()

    @cached_property
    def sha256(self) -> str:
        """Fingerprint of the text with its file names."""
        digest = hashlib.sha256()
        for document in self.documents:
            digest.update(f"{document.name}\0{document.text}\0".encode())
        return digest.hexdigest()

    def split_documents(self, split: Split) -> list[Document]:
        """The documents of one split: by their place in the alphabet, so that every package is in every split."""
        places = {"validation": {4}, "test": {9}}.get(require_split(split), set(range(_EVERY)) - {4, 9})
        return [each for place, each in enumerate(self.documents) if place % _EVERY in places]

    def items(self, split: Split) -> list[str]:
        """The docstrings of a split: what no two splits may share."""
        return [docstring for document in self.split_documents(split) for docstring in document.docstrings]

    def text(self, split: Split) -> str:
        """A split's documents, one after the other."""
        return "".join(document.text for document in self.split_documents(split))

    def _make_pairs(self, split: Split) -> Iterator[Pair]:
        for document in self.split_documents(split):
            ids = self.encode_target(document.text)
            for start in range(0, len(ids) - self.piece + 1, self.piece):
                yield Pair((), ids[start : start + self.piece])

    def encode_source(self, text: str) -> tuple[int, ...]:
        """No input: only the empty text has ids."""
        if text:
            raise ValueError(f"This task has no input, but {text[:40]!r} was given; give the empty text.")
        return ()

    def encode_target(self, text: str) -> tuple[int, ...]:
        """Text as ids, one per character; what is not ASCII becomes the one token for unknown characters."""
        return tuple(self.vocabulary.encode([one if one in _KNOWN else UNKNOWN for one in text]))


class DocstringContinuation(DocstringText):
    """Going on with a text: some characters of a file's docstrings are read, the next ones are written.

    Modules copy docstrings from each other with small changes. So what nearly repeats a docstring of an earlier split
    is left out of the validation and test documents, see `NearRepeats`.

    Args:
        read: characters of the input. write: characters of the target.
        folder: as in `DocstringText`.
    """

    is_text = True

    def __init__(self, read: int = 64, write: int = 64, folder: str | Path | None = None):
        self.read, self.write = require_whole("read", read, 1), require_whole("write", write, 1)
        super().__init__(read + write, folder)

    def __repr__(self) -> str:
        return f"DocstringContinuation({self.read}, {self.write}, sha256={self.sha256[:12]!r})"

    @cached_property
    def _splits(self) -> dict[str, list[Document]]:
        documents = {"train": super().split_documents("train")}
        repeats = NearRepeats(text for each in documents["train"] for text in each.docstrings)
        for split in ("validation", "test"):
            new = [
                Document(each.name, tuple(text for text in each.docstrings if text not in repeats))
                for each in super().split_documents(split)
            ]
            documents[split] = [each for each in new if each.docstrings]
            repeats.update(text for each in documents[split] for text in each.docstrings)
        return documents

    def split_documents(self, split: Split) -> list[Document]:
        """The documents of one split, without what nearly repeats an earlier one."""
        return self._splits[require_split(split)]

    def _make_pairs(self, split: Split) -> Iterator[Pair]:
        for whole in super()._make_pairs(split):
            yield Pair(whole.target[: self.read], whole.target[self.read :])

    encode_source = DocstringText.encode_target


_KNOWN = frozenset(CHARACTERS)


def read_documents(folder: Path) -> Iterator[Document]:
    """Read the docstrings of all source files below a folder, in alphabetical order; nothing is executed.

    Files that cannot be parsed are left out (some are broken on purpose, for tests).
    """
    seen: set[str] = set()
    for path in sorted(folder.rglob("*.py"), key=lambda path: path.relative_to(folder).as_posix()):
        place = path.relative_to(folder)
        if LEFT_OUT & set(place.parts[:-1]):
            continue
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, ValueError, OSError):
            continue
        found = [text for text in _docstrings(tree) if not (text in seen or seen.add(text))]
        if found:
            yield Document(place.as_posix(), tuple(found))


def _docstrings(tree: ast.Module) -> Iterator[str]:
    """Docstrings of the module and of all its classes and functions, as they stand in the file."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    for node in sorted(nodes, key=lambda node: getattr(node, "lineno", 0)):
        text = ast.get_docstring(node, clean=False)
        if text and inspect.cleandoc(text):
            yield inspect.cleandoc(text)
