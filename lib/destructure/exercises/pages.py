"""An exercise as HTML: live, unanswered in the course's notebooks, and at rest in a learner's that is reopened."""

from collections.abc import Sequence

from destructure.exercises.catalogue import task
from destructure.exercises.definition import Exercise
from destructure.exercises.markup import escape, front_file, inline, markdown
from destructure.exercises.plain import Plain

MARKS = {
    "locked": "✓ Locked",
    "right": "✓ Right",
    "partly": "◐ Partly right",
    "wrong": "✗ Not right yet",
    "unanswered": "○ Not answered",
}
"""What is said of an answer, by the verdict's state."""
_FRAME = (
    "border: 1px solid #767676; border-left-width: 5px; border-radius: 4px; padding: 0.4em 1em; margin:"
    " 0.5em 0"
)


def live_page(exercise: Exercise) -> str:
    """For the front end, which fills the empty places and listens to the buttons."""
    kind, title = exercise.kind, escape(exercise.title)
    parts = {"facts": _facts(exercise), "question": markdown(exercise.question), "call": _call(exercise)}
    parts |= {"control": kind.control(live=True), "action": escape(kind.action)}
    return front_file("exercise.html").format(title=title, **parts)


def static_page(exercise: Exercise) -> str:
    """The unanswered exercise, for readers without a kernel."""
    how = "Run the notebook to answer here, with hints and a check, or answer by text:"
    return _framed(exercise, f"<p><small>{how}</small></p><pre>{_call(exercise)}</pre>")


def resting_page(
    exercise: Exercise, answer: Plain, said: str, hints: Sequence[str] = (), solution: str = ""
) -> str:
    """The exercise with its last answer, what was said of it, and one line how to go on.

    Args:
        answer: in any form; `None` if there is none.
        said: the verdict in words, "" if the answer is not checked.
        hints, solution: HTML of what was opened.
    """
    is_there = answer not in (None, "", [], {})  # 0 and False are answers
    found = f"<b>Your last answer:</b> {shown(exercise, answer)}" if is_there else "No answer yet."
    parts = [f"<div>{found}</div>", f"<p>{escape(said or 'Not checked yet.')}</p>" if is_there else ""]
    parts += [f"<div><b>Hint {number}.</b> {hint}</div>" for number, hint in enumerate(hints, start=1)]
    parts.append(f"<div><b>Solution.</b> {solution}</div>" if solution else "")
    return _framed(exercise, "".join(parts) + run_again("answer again"))


def run_again(purpose: str) -> str:
    """One line how to go on."""
    return f"<p><b>Run → Run All Cells to {purpose}.</b></p>"


def _framed(exercise: Exercise, below: str) -> str:
    return (
        f'<div style="{_FRAME}">'
        f"<p><b>Exercise: {escape(exercise.title)}</b><br><small>{_facts(exercise)}</small></p>"
        f"{markdown(exercise.question)}{exercise.kind.control(live=False)}{below}</div>"
    )


def shown(exercise: Exercise, answer: Plain) -> str:
    """An answer as HTML, escaped: options and partners by their texts, a mask in squares, a program as it is."""
    kind = exercise.kind
    if isinstance(answer, dict):
        rows = (f"<li>{escape(str(name))}: {shown(exercise, one)}</li>" for name, one in answer.items())
        return f"<ul>{''.join(rows)}</ul>"
    if isinstance(answer, list) and any(isinstance(one, list) for one in answer):
        rows = (" ".join("■" if cell in (1, "1", True) else "□" for cell in row) for row in answer)
        return f"<pre>{chr(10).join(rows)}</pre>"
    if isinstance(answer, list):
        return ", ".join(shown(exercise, one) for one in answer)
    texts = {one.key: one.text for one in getattr(kind, "options", ())}
    texts |= {key: one.text for key, one in getattr(kind, "right", {}).items()}
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    if isinstance(answer, str) and answer in texts:
        return inline(texts[answer])
    return f"<pre>{escape(answer)}</pre>" if "\n" in str(answer) else escape(str(answer))


def _facts(exercise: Exercise) -> str:
    minutes = f"{exercise.minutes} minute{'s' if exercise.minutes > 1 else ''}"
    at = f'<a href="{escape(exercise.talk_address)}" target="_blank" rel="noopener">talk at {exercise.talk}</a>'
    homework, step = task(exercise.notebook), ""
    if homework and exercise.id in homework.steps:
        number, title = homework.steps.index(exercise.id) + 1, escape(homework.title)
        step = f"Task “{title}”, step {number} of {len(homework.steps)} · "
    return f"{step}Difficulty {exercise.difficulty} of 3 · {minutes} · {at} · <code>{exercise.id}</code>"


def _call(exercise: Exercise) -> str:
    """What answers the exercise by text, as it can be pasted into any cell."""
    call = f'answer("{exercise.id}", {exercise.kind.example()})'
    return escape(f"from destructure.exercises import answer\n{call}")
