"""The HTML of an exercise: live (with form fields) and as a static picture of its default state."""

from destructure.exercises.definition import Exercise
from destructure.exercises.markup import escape, markdown

_FRAME = (
    "border: 1px solid #767676; border-left-width: 5px; border-radius: 4px; padding: 0.4em 1em; margin:"
    " 0.5em 0"
)


def live_page(exercise: Exercise) -> str:
    """The whole exercise for the front end, which fills the empty places and listens to the buttons."""
    return f"""
<header class="exercise-header"><h3>{escape(exercise.title)}</h3><p>{_facts(exercise)}</p></header>
<div class="exercise-question">{markdown(exercise.question)}</div>
<div class="exercise-control">{exercise.kind.control(live=True)}</div>
<div class="exercise-actions" role="group" aria-label="Actions">
<button type="button" class="exercise-primary" data-action="check">{escape(exercise.kind.action)}</button>
<button type="button" data-action="hint">Hint</button>
<button type="button" data-action="solution">Show solution</button>
</div>
<div class="exercise-feedback" role="status" aria-live="polite"></div>
<div class="exercise-note" role="status" aria-live="polite"></div>
<div class="exercise-hints" role="status" aria-live="polite"></div>
<div class="exercise-solution" role="status" aria-live="polite"></div>
{_by_text(exercise)}
"""


def static_page(exercise: Exercise) -> str:
    """A readable picture of the unanswered exercise, for places without a kernel; the same in every run."""
    return (
        f'<div style="{_FRAME}">'
        f"<p><b>Exercise: {escape(exercise.title)}</b><br><small>{_facts(exercise)}</small></p>"
        f"{markdown(exercise.question)}{exercise.kind.control(live=False)}"
        "<p><small>Run the notebook to answer here, with hints and a check, or answer by text: "
        f"<code>{_call(exercise)}</code></small></p></div>"
    )


def _facts(exercise: Exercise) -> str:
    minutes = f"{exercise.minutes} minute{'s' if exercise.minutes > 1 else ''}"
    link = (
        f'<a href="{escape(exercise.talk_address)}" target="_blank" rel="noopener">'
        f"talk at {exercise.talk}</a>"
    )
    return f"Difficulty {exercise.difficulty} of 3 · {minutes} · {link} · <code>{exercise.id}</code>"


def _call(exercise: Exercise) -> str:
    return escape(f'answer("{exercise.id}", {exercise.kind.example()})')


def _by_text(exercise: Exercise) -> str:
    return (
        '<details class="exercise-text-path"><summary>Answer by text instead</summary>'
        f"<p>In a code cell: <code>{_call(exercise)}</code></p></details>"
    )
