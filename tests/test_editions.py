"""Both editions of every notebook: exercises where they belong, and all of them solved."""

import nbformat
import pytest

from destructure.course.contents import written_lessons
from destructure.course.notebooks import execute
from destructure.exercises.editions import exercise_of, misplaced, solved

lessons = pytest.mark.parametrize("lesson", written_lessons(), ids=lambda lesson: lesson.number)


@lessons
def test_every_exercise_stands_once_in_its_notebook(lesson):
    assert misplaced(nbformat.read(lesson.file, 4), lesson.number) == []


@lessons
@pytest.mark.slow
def test_the_instructors_edition_runs_and_every_check_scores_one(lesson):
    """Each answered cell stops the notebook unless its answer scores 1."""
    edition = solved(nbformat.read(lesson.file, 4))
    execute(edition, lesson.file.parent)
    answered = [cell for cell in edition.cells if exercise_of(cell)]
    assert len(answered) >= 4
    assert all(cell.execution_count for cell in answered)
    assert all("assert solution.score == 1" in cell.source for cell in answered)
