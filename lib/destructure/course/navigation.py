"""Links that every notebook carries: to its neighbours, to the contents, and to moments of the talk.

They are written when a notebook is made, so nobody types them; `tests/test_course.py` asks for them.
"""

import re

import nbformat

from destructure.course.contents import EXTRA, Lesson, filled, time_line, written_lessons

_MOMENT = "https://www.youtube.com/watch?v=orDKvo8h71o&t={}s"
_TALK_ENDS = 36 * 60 + 30  # seconds
# A link or code, which stay as they are; or a time such as 7:31 or 7:31–9:06.
_LINK_OR_TIME = re.compile(
    r"\[[^\]]*\]\([^)]*\)|`[^`]*`|(?<![\w:.])(\d{1,2}):([0-5]\d)(?:–\d{1,2}:[0-5]\d)?(?![\w:])"
)
_ROW = "**Course**: "
_TIME = re.compile(r"\*\*Time\*\*: [^.]*\.")


def add_links(notebook: nbformat.NotebookNode, lesson: Lesson) -> None:
    """Link time stamps to the video; say what it takes, and where previous, contents and next are.

    The notebook is changed in place; what is linked already stays as it is.
    """
    texts = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    for cell in texts:
        cell.source = _LINK_OR_TIME.sub(_linked, filled(cell.source, ""))
    for cell in texts[:1]:
        cell.source = _TIME.sub(lambda _: time_line(lesson), cell.source)
    for cell in texts[:1] + texts[-1:]:
        kept = [line for line in cell.source.splitlines() if not line.startswith(_ROW)]
        cell.source = "\n".join(kept).rstrip() + f"\n\n{_ROW}{_neighbours(lesson)}"


def _linked(found: re.Match) -> str:
    if found[1] is None or (second := 60 * int(found[1]) + int(found[2])) > _TALK_ENDS:
        return found[0]
    return f"[{found[0]}]({_MOMENT.format(second)})"


def _neighbours(lesson: Lesson) -> str:
    first, *_ = written = written_lessons()
    place = written.index(lesson) if lesson in written else 0
    before = [f"[← {each.number} · {each.title}]({each.file.name})" for each in written[:place][-1:]]
    if lesson == first and EXTRA.file:
        before = [f"[← {EXTRA.title}]({EXTRA.file.name})"]
    following = written[place + 1 :][:1] if lesson != EXTRA else [first]
    after = [f"[{each.number} · {each.title} →]({each.file.name})" for each in following]
    return " · ".join([*before, f"[contents]({first.file.name}#The-road-ahead)", *after])
