"""Links that every notebook carries: to its neighbours, to the contents, and to moments of the talk.

They are written when a notebook is made, so nobody types them; `tests/test_course.py` asks for them.
"""

import re

import nbformat

from destructure.course.contents import LESSONS, Lesson

_MOMENT = "https://www.youtube.com/watch?v=orDKvo8h71o&t={}s"
_TALK_ENDS = 36 * 60 + 30  # seconds
# A link or code, which stay as they are; or a time such as 7:31 or 7:31–9:06.
_LINK_OR_TIME = re.compile(
    r"\[[^\]]*\]\([^)]*\)|`[^`]*`|(?<![\w:.])(\d{1,2}):([0-5]\d)(?:–\d{1,2}:[0-5]\d)?(?![\w:])"
)
_ROW = "**Course**: "


def add_links(notebook: nbformat.NotebookNode, lesson: Lesson) -> None:
    """Link each time stamp of the text to the video; end the first and the last text with previous, contents, next.

    The notebook is changed in place; what is linked already stays as it is.
    """
    texts = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    for cell in texts:
        cell.source = _LINK_OR_TIME.sub(_linked, cell.source)
    for cell in texts[:1] + texts[-1:]:
        kept = [line for line in cell.source.splitlines() if not line.startswith(_ROW)]
        cell.source = "\n".join(kept).rstrip() + f"\n\n{_ROW}{_neighbours(lesson)}"


def _linked(found: re.Match) -> str:
    if found[1] is None or (second := 60 * int(found[1]) + int(found[2])) > _TALK_ENDS:
        return found[0]
    return f"[{found[0]}]({_MOMENT.format(second)})"


def _neighbours(lesson: Lesson) -> str:
    written = [each for each in LESSONS if each.file is not None]
    place = written.index(lesson)
    before = [f"[← {each.number} · {each.title}]({each.file.name})" for each in written[:place][-1:]]
    after = [f"[{each.number} · {each.title} →]({each.file.name})" for each in written[place + 1 :][:1]]
    return " · ".join([*before, f"[contents]({written[0].file.name}#The-road-ahead)", *after])
