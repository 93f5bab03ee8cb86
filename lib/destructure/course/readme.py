"""The README's table of notebooks, written from the contents and the measured times."""

import re

from destructure.course.contents import LESSONS, measured_times
from destructure.files import course_folder

BEGIN, END = "<!-- notebooks: begin -->", "<!-- notebooks: end -->"


def table() -> str:
    """The table of notebooks as Markdown: those that exist are linked, with their measured run time."""
    times = measured_times()
    lines = ["| | notebook | about | talk | runs in |", "|---|---|---|---|---|"]
    for lesson in LESSONS:
        if lesson.file is None:
            title, runs = lesson.title, "planned"
        else:
            title = f"[{lesson.title}](notebooks/{lesson.file.name})"
            runs = f"{times[lesson.number][0]:.0f} s" if lesson.number in times else "not measured"
        lines.append(f"| {lesson.number} | {title} | {lesson.carries} | {lesson.talk} | {runs} |")
    return "\n".join(lines)


def update() -> bool:
    """Write the table into the README; return whether that changed it.

    Raises:
        ValueError: if the README has lost the two markers.
    """
    path = course_folder() / "README.md"
    before = path.read_text(encoding="utf-8")
    after, found = re.subn(
        f"{BEGIN}.*?{END}", lambda _: f"{BEGIN}\n{table()}\n{END}", before, flags=re.DOTALL
    )
    if not found:
        raise ValueError(
            f"README.md has no line {BEGIN!r}; put it and {END!r} around the table of notebooks."
        )
    path.write_text(after, encoding="utf-8")
    return after != before
