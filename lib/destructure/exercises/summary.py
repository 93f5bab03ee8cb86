"""One page to print or to keep: what a learner has answered, predicted and written."""

from datetime import date

from jinja2 import Environment, PackageLoader

from destructure.exercises.catalogue import every, notebooks, task, title_of
from destructure.exercises.homework import own_record
from destructure.exercises.pages import shown
from destructure.exercises.progress import progress, progress_table, retired_answers
from destructure.exercises.store import Answers, AnswerStore, Record
from destructure.exercises.workplace import current_student, work_folder
from destructure.files import write_atomically

FILE = "my_course.html"
_TEMPLATES = Environment(
    loader=PackageLoader("destructure.exercises", "front"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


def summary_page(answers: Answers) -> str:
    """The page as HTML without scripts, whatever a learner typed; "" while nothing is answered."""
    student, parts = current_student(), []
    for number in notebooks():
        own = [
            (one, own_record(one, answers.records.get(one.id, Record())))
            for one in every(number, student.id, student.course)
        ]
        if answered := [each for each in own if each[1].is_answered]:
            parts.append((number, title_of(number), task(number), answered))
    committed = [each for *_, own in parts for each in own if each[0].kind.locks and each[1].score == 1]
    predictions = [each for each in committed if each[0].kind.name == "prediction"]
    scored = [one for _, one in predictions if one.outcome is not None and not one.result_shown]
    inside = [one for one in scored if one.checked["low"] <= one.outcome <= one.checked["high"]]
    table = progress_table(progress(answers.records), no_longer_asked := retired_answers(answers.records))
    names = {"student": student, "today": date.today().isoformat(), "notice": answers.notice, "shown": shown}
    names |= {"parts": parts, "predictions": predictions, "scored": scored, "inside": inside, "table": table}
    names["texts"] = [each for each in committed if each not in predictions]
    page = _TEMPLATES.get_template("summary.html").render(names)
    return page if parts or no_longer_asked else ""


def write_summary() -> str:
    """Write the page into the work folder, in the place of an older one; return a sentence on it.

    Raises:
        ValueError: if the work folder cannot be written.
    """
    answers, folder = AnswerStore().read(), work_folder()
    if not (page := summary_page(answers)):
        return f"Nothing is answered yet, so there is no page. Check one exercise first. {answers.notice}".strip()
    try:
        write_atomically(folder / FILE, page.encode("utf-8", "replace"))
    except OSError as problem:
        raise ValueError(
            f"{FILE} cannot be written to {folder} ({problem.strerror or problem}). Make room there or allow "
            "writing, or set DESTRUCTURE_WORK to another folder; your answers are as they were."
        ) from None
    return f"Your page is {FILE}, in your work folder: open it in a browser, print it, or keep it."
