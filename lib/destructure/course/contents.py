"""The notebooks of the course: what there is, where it lies, what each takes; the pages that say so."""

import json
import math
import re
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml
from jinja2 import Environment, PackageLoader

from destructure.exercises.catalogue import find
from destructure.files import course_folder, data_folder, notebooks_folder

TIMES_FILE = "notebook_times.csv"
WORDS, LINES, PICTURES = 150, 20, 2
"""Read per minute, by somebody whose first language is another: words, lines of code, pictures."""
PAGES = {"README.md": "notebooks/", "site/index.md": "../notebooks/", "notebooks/hosted.md": ""}
"""Pages with parts that are written here: file → how its links to notebooks begin."""
PARTS = ("notebooks", "paths", "addresses", "hosted", "install", "kernels", "hub")


@dataclass(frozen=True)
class Lesson:
    """One notebook of the course.

    Attributes:
        number: "00" to "12"; "90" for the extra one.
        title: as in the notebook's first heading.
        carries: what it is about, in a few words.
        talk: the part of the lecture it covers.
    """

    number: str
    title: str
    carries: str
    talk: str

    @property
    def file(self) -> Path | None:
        """The notebook's file, or `None` if it is not written yet."""
        found = sorted(notebooks_folder().glob(f"{self.number}_*.ipynb"))
        return found[0] if found else None


_LESSONS = Path(__file__).with_name("lessons.yaml").read_text(encoding="utf-8")
LESSONS = tuple(Lesson(*row) for row in yaml.safe_load(_LESSONS))

EXTRA = Lesson("90", "Where to begin", "a check of three minutes, and a refresher behind it", "")
"""Beside the course: linked from its first notebook, counted nowhere."""


def lesson(number: str) -> Lesson:
    """Find a lesson by its number.

    Raises:
        ValueError: if there is none, or its notebook is not written yet.
    """
    found = next((each for each in (*LESSONS, EXTRA) if each.number == str(number)), None)
    if found is None or found.file is None:
        written = [each.number for each in written_lessons()]
        raise ValueError(f"There is no notebook {number!r}; the course has {', '.join(written)}.")
    return found


def written_lessons(extra: bool = False) -> list[Lesson]:
    """The lessons whose notebooks exist, in order; perhaps with the one beside the course."""
    return [each for each in (*LESSONS, *[EXTRA] * extra) if each.file is not None]


def measured() -> pd.DataFrame:
    """By number: `seconds` of the processor, `training_seconds` (short training), `gigabytes` (kernel's peak)."""
    return pd.read_csv(data_folder() / TIMES_FILE, dtype={"notebook": str}).set_index("notebook")


def record(number: str, **values: float | None) -> None:
    """Keep what a notebook took, for the pages and `doctor`; a value that is `None` stays as it was."""
    table, values = measured(), {name: value for name, value in values.items() if value is not None}
    table.loc[number, list(values)] = list(values.values())
    path = data_folder() / TIMES_FILE
    table.sort_index().to_csv(path, lineterminator="\n", float_format="%.3g")


def minutes(lesson: Lesson, headings: Collection[str] = (), kind: str = "all") -> tuple[float, int, float]:
    """Minutes to read a notebook's texts, code and pictures, for its exercises, and until its cells have run.

    Args:
        lesson: whose notebook; all its cells run in any case.
        headings: of the parts that are read; all by default.
        kind: of the exercises that are done, such as "prediction".

    Raises:
        ValueError: if there is no such heading.
    """
    heading, found, reading, exercises = "", set(), 0.0, 0
    for cell in json.loads(lesson.file.read_text(encoding="utf-8"))["cells"]:
        text, is_text = "".join(cell["source"]), cell["cell_type"] == "markdown"
        if is_text and (line := re.search("^## (.+)$", text, re.MULTILINE)):
            heading = line[1]
            found.add(heading)
        if headings and heading not in headings:
            continue
        if is_text:
            reading += len(re.findall(r"\w[\w'’-]*", re.sub(r"\]\([^)]*\)", "]", text))) / WORDS
        elif id := cell["metadata"].get("destructure", {}).get("exercise"):  # its text is in its own minutes
            exercises += find(id).minutes if kind in ("all", find(id).kind.name) else 0
        else:
            reading += sum("image/png" in output.get("data", {}) for output in cell["outputs"]) / PICTURES
            reading += len(re.findall(r"^.*\S", text, re.MULTILINE)) / LINES
    if missing := set(headings) - found:
        raise ValueError(f"{lesson.file.name} has no heading {' or '.join(sorted(missing))}.")
    return reading, exercises, float(measured().seconds.get(lesson.number, 0)) / 60


def time_line(lesson: Lesson) -> str:
    """What a notebook's first text says about its minutes."""
    reading, exercises, runs = minutes(lesson)
    reading, seconds = _fives(reading), 10 * math.ceil(6 * runs)
    work = f"about {reading} minutes to read, {exercises} for the exercises"
    return f"**Time**: {work}; the cells run in about {seconds} seconds."


def part(name: str, folder: str = "notebooks/", address: str | None = None) -> str:
    """One of `PARTS` of a page as Markdown: the template `parts.md.jinja`, filled.

    Args:
        name: which.
        folder: how the page's links to notebooks begin.
        address: the course's public address; by default the one in pyproject.toml.
    """
    address = address or public_address()
    names = {"name": name, "folder": folder, "address": address, "unset": "//unset.invalid/" in address}
    return _TEMPLATES.get_template("parts.md.jinja").render(globals() | names).strip()


def _paths() -> Iterator[dict]:
    """The reading paths, each with `takes`: minutes to read, for exercises, for runs and in all."""
    for path in yaml.safe_load((notebooks_folder() / "paths.yaml").read_text(encoding="utf-8")):
        each = [
            minutes(lesson(number), parts, path["exercises"]) for number, parts in path["notebooks"].items()
        ]
        takes = [sum(column) for column in zip(*each, strict=True)]
        yield path | {"takes": [*takes, sum(takes)]}


def _fives(minutes: float) -> int:
    return 5 * math.ceil(minutes / 5)


def _span(minutes: float) -> str:
    if minutes >= 90:
        return f"{round(minutes / 30) / 2:g}\N{NO-BREAK SPACE}h"
    return f"{_fives(minutes) if minutes > 10 else math.ceil(minutes)}\N{NO-BREAK SPACE}min"


_TEMPLATES = Environment(
    loader=PackageLoader("destructure.course", "."), trim_blocks=True, lstrip_blocks=True
)
_TEMPLATES.filters["span"] = _span


def public_address() -> str:
    """The course's public address, from the one place that names it; at `unset.invalid` until there is one."""
    project = tomllib.loads((course_folder() / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["urls"]["Repository"]


def filled(text: str, folder: str) -> str:
    """A page with its parts anew, each of which stands between a line `<!-- NAME: begin -->` and one with `end`.

    Raises:
        ValueError: if the line at a part's end is missing.
    """
    for name in PARTS:
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        if begin in text:
            head, rest = text.split(begin, 1)
            if end not in rest:
                raise ValueError(
                    f"There is a line {begin!r} and none {end!r}; put it where the {name} should end."
                )
            text = f"{head}{begin}\n{part(name, folder)}\n{end}{rest.split(end, 1)[1]}"
    return text


def update_pages() -> list[str]:
    """Write the tables and addresses into the pages that show them; return the names of those that it changed."""
    changed = []
    for name, folder in PAGES.items():
        path = course_folder() / name
        before = path.read_text(encoding="utf-8")
        if (after := filled(before, folder)) != before:
            path.write_text(after, encoding="utf-8")
            changed.append(name)
    return changed
