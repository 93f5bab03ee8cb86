"""The instructor's guide: its minutes hold what they are for, and what it points at is there."""

import re
from collections import Counter

import nbformat
import pytest

from destructure.course.contents import measured, written_lessons
from destructure.exercises.catalogue import every
from destructure.files import notebooks_folder

WORDS_PER_MINUTE = 130  # speaker notes, read aloud
EXERCISES, GUIDE = notebooks_folder() / "exercises", notebooks_folder() / "guide"
LESSONS = {lesson.number: lesson for lesson in written_lessons()}


def read(path):
    return path.read_text(encoding="utf-8")


def lines(pattern, text):
    return re.findall(pattern, text, re.MULTILINE)


@pytest.mark.parametrize("number", LESSONS)
def test_the_minutes_hold_notes_exercises_and_cells(number):
    """In both plans, row by row; and they add up."""
    least = Counter({exercise.id: exercise.minutes for exercise in every(number)})
    least["*Cells run*"], heading = measured().seconds[number] / 60, ""
    for cell in nbformat.read(LESSONS[number].file, 4).cells:
        heading = (
            (lines(r"^##? (.+)$", cell.source) or [heading])[-1] if cell.cell_type == "markdown" else heading
        )
        least[heading] += (
            len(cell.metadata.get("destructure", {}).get("notes", "").split()) / WORDS_PER_MINUTE
        )
    rows = lines(r"^\| (?:\[`?)?(.+?)(?:`?\]\(.+?\))? \| (\d+|–) \| (\d+|–) \|", read(GUIDE / f"{number}.md"))
    for whole, place in ((50, 1), (80, 2)):
        minutes = {row[0]: int(row[place]) for row in rows if row[place] != "–"}
        assert [name for name, given in minutes.items() if given < least[name]] == []
        assert sum(minutes.values()) == whole
        assert "*Cells run*" in minutes


@pytest.mark.parametrize("number", LESSONS)
def test_what_a_page_points_at_is_there(number):
    """Headings, mistakes by the exercise's own name, and the line that the demo changes."""
    text, cells = read(GUIDE / f"{number}.md"), nbformat.read(LESSONS[number].file, 4).cells
    headings = lines("^#+ (.+)$", "\n".join(cell.source for cell in cells if cell.cell_type == "markdown"))
    linked = lines(r"\]\(\.\./\d\d_\w+\.ipynb#(.+?)\)(?=[ ,:.])", text)
    assert set(linked) <= {heading.replace(" ", "-") for heading in headings}
    named = lines(r"(?:^- |, )`([^`]+)` \(\[`[^`]+`\]\(\.\./exercises/(.+?)\)", text)
    assert [(name, sheet) for name, sheet in named if f"`{name}`" not in read(EXERCISES / sheet)] == []
    assert min(len(linked), len(named)) >= 4
    (changed,) = lines("^-(.+)$", text.split("```diff\n")[1].split("```")[0])
    assert any(changed in cell.source.split("\n") for cell in cells if cell.cell_type == "code")


def test_every_link_leads_somewhere_and_no_rubric_is_forgotten():
    pages = sorted(GUIDE.glob("*.md"))
    assert [page.stem for page in pages] == [*LESSONS, "README"]
    linked = {(page.parent / name).resolve() for page in pages for name in lines(r"\]\(([^)#]+)", read(page))}
    assert [path for path in linked if not path.exists()] == []
    assert {path for path in EXERCISES.rglob("*.md") if "\n## Rubric" in read(path)} <= linked


def test_the_day_has_room_for_its_plans():
    day = lines(
        r"^\| (\d+):(\d+) \| (\d+):(\d+) \| \[\d\d\].*?(\d\d)(?:-minute plan)? \|$", read(GUIDE / "README.md")
    )
    clock = [60 * int(row[place]) + int(row[place + 1]) for row in day for place in (0, 2)]
    assert (len(day), clock) == (7, sorted(clock))
    assert [end - start for start, end in zip(clock[::2], clock[1::2], strict=True)] == [
        int(row[4]) for row in day
    ]
