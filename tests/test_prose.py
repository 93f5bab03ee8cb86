"""Plain English, for readers whose first language is another: figures of every text, within limits that stand here.

`pytest -s tests/test_prose.py` prints the figures. They are textstat's, of prose alone: no code, formulas, tables,
headings or references. The grade is the automated readability index (years at school), for which no dictionary has to
be fetched. Spelling is codespell's, with its settings in pyproject.toml.
"""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import textstat
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[1]
LIMITS = {"grade": 9.0, "words per sentence": 18.0, "longest sentence": 40}  # may only fall
PAGES = ("README.md", "CONTRIBUTING.md", "site/index.md", "notebooks/hosted.md", "notebooks/guide/*.md")
_PARSER = MarkdownIt("commonmark").enable("table")
_NO_PROSE = re.compile(r"\A---\n.*?\n---\n|<!--.*?-->|\$\$.*?\$\$|## References.*", re.DOTALL)
_ENDS = re.compile(r"(?<=[.!?:])[\"”)*]*\s+(?=[\"“(*]*[A-Z0-9])")


def sentences(markdown):
    """The sentences of a text; what stands in backquotes or dollars is one word."""
    found, tables = [], 0
    tokens = _PARSER.parse(re.sub(r"\$[^$\n]+\$", "x", _NO_PROSE.sub("", markdown)))
    for before, token in zip([None, *tokens], tokens, strict=False):
        tables += (token.type == "table_open") - (token.type == "table_close")
        if token.type == "inline" and not tables and before.type != "heading_open":
            words = {
                "text": lambda part: part.content,
                "code_inline": lambda _: "Code",
                "softbreak": lambda _: " ",
            }
            text = "".join(words.get(part.type, lambda _: "")(part) for part in token.children)
            found += [each for each in _ENDS.split(text) if len(words_of(each)) > 2]
    return found


def words_of(text):
    return re.findall(r"[A-Za-z][\w'’-]*", text)


def figures(found):
    """What LIMITS are about, and the longest sentence itself."""
    text = " ".join(each.rstrip(".:;") + "." for each in found)
    longest = max(found, key=lambda each: len(words_of(each)))
    measured = [textstat.automated_readability_index(text), textstat.words_per_sentence(text)]
    values = [*measured, len(words_of(longest))]
    return dict(zip(LIMITS, values, strict=True)), longest


def above(values):
    return {name: value for name, value in values.items() if value > LIMITS[name]}


def texts():
    """Every text of the course: name → Markdown."""
    found = {path.stem: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
    made = {name: nbformat.read(path, 4).cells for name, path in found.items()}
    made = {
        name: "\n\n".join(c.source for c in cells if c.cell_type == "markdown")
        for name, cells in made.items()
    }
    for folder in sorted((ROOT / "notebooks/exercises").glob("??")):
        sheets = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.*.md"))]
        made[f"exercises {folder.name}"] = "\n\n".join(_NO_PROSE.sub("", sheet) for sheet in sheets)
    pages = [path for pattern in PAGES for path in sorted(ROOT.glob(pattern))]
    return made | {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in pages}


TEXTS = texts()


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_plain(name):
    values, longest = figures(sentences(TEXTS[name]))
    print(
        f"\n{name}: " + ", ".join(f"{what} {value:.3g} of {LIMITS[what]:g}" for what, value in values.items())
    )
    assert above(values) == {}, longest


def test_nothing_is_misspelled():
    command = [sys.executable, "-m", "codespell_lib", "--toml", str(ROOT / "pyproject.toml")]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (0, "")


def test_the_checks_can_fail(tmp_path):
    long = "We say " + "and then we say " * 10 + "this."
    hard = "Multidimensional representations demonstrate extraordinary interdependencies. "
    assert "longest sentence" in above(figures(sentences(f"Short. It is. {long}"))[0])
    assert set(above(figures(sentences(hard * 3))[0])) == {"grade"}
    assert "words per sentence" in above(figures(sentences("The cat " + "sat on the mat " * 6 + "."))[0])
    page = "# A title of four words\n\n| a table | of four words |\n|---|---|\n\n```\nno prose in here\n```"
    assert sentences(page) == []
    assert sentences("It is `a`. `b` is not $x = 1$. See.") == ["It is Code.", "Code is not x."]
    (tmp_path / "page.md").write_text("It is teh end.")
    command = [sys.executable, "-m", "codespell_lib", "--toml", str(ROOT / "pyproject.toml"), "page.md"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "teh ==> the" in said.stdout
