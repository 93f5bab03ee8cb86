"""The command line: `python -m destructure COMMAND`. The Makefile's targets are thin lines over it."""

import os
import subprocess
import sys
from typing import Annotated

import typer

app = typer.Typer(
    help="Look after the Destructure course.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def lab(
    notebook: Annotated[str, typer.Argument(help="Number of the notebook to open, such as 04.")] = "00",
    options: Annotated[list[str] | None, typer.Argument(help="Passed on to JupyterLab, after --.")] = None,
):
    """Open JupyterLab at a notebook."""
    from destructure.course.contents import lesson
    from destructure.course.notebooks import use_one_thread
    from destructure.places import course_folder

    use_one_thread()
    path = _or_exit(lesson, notebook).file.relative_to(course_folder()).as_posix()
    # Not `jupyterlab PATH`: that would make the notebooks' folder the root, and hide data/ and lib/ from the reader.
    command = [sys.executable, "-m", "jupyterlab", f"--LabApp.default_url=/lab/tree/{path}"]
    command += [f"--ServerApp.root_dir={course_folder()}", *(options or [])]
    raise typer.Exit(subprocess.call(command, cwd=course_folder()))


@app.command()
def doctor():
    """Say whether this machine is fit for the course and how long the notebooks will take."""
    from destructure.course.doctor import report

    for line in report():
        typer.echo(line)


@app.command()
def notebooks(numbers: Annotated[list[str] | None, typer.Argument(help="Which; all by default.")] = None):
    """Execute notebooks in clean kernels and save them with their outputs."""
    from tqdm.auto import tqdm

    from destructure.course import readme
    from destructure.course.contents import lesson, written_lessons
    from destructure.course.notebooks import make

    chosen = [_or_exit(lesson, number) for number in numbers] if numbers else written_lessons()
    for each in tqdm(chosen, unit="notebook"):
        seconds = make(each)
        tqdm.write(f"{each.file.name}: {seconds:.0f} s")
    readme.update()


@app.command()
def results(workers: Annotated[int, typer.Option(help="Runs at a time, where a study allows it.")] = 1):
    """Run what is missing of the course's own experiments; finished runs are left alone."""
    from destructure.experiment import number_study, structure_results

    typer.echo(f"{number_study.run_missing()} runs added to {number_study.results_file().name}")
    typer.echo(
        f"{structure_results.run_missing(workers)} runs added to {structure_results.results_file().name}"
    )


@app.command(name="check-notebooks")
def check_notebooks():
    """Check the stored notebooks against the rules and count the cells that will really be compared."""
    from destructure.course.contents import written_lessons
    from destructure.course.gate import inspect

    reports = [inspect(each.file) for each in written_lessons()]
    for report in reports:
        typer.echo(report)
        for fault in report.faults:
            typer.echo(f"  {fault}")
    typer.echo(f"{sum(report.compared for report in reports)} cells will be compared")
    raise typer.Exit(int(any(report.faults for report in reports)))


@app.command(name="test")
def run_tests(
    arguments: Annotated[list[str] | None, typer.Argument(help="Passed on to pytest, after --.")] = None,
):
    """Run ruff, the unit tests and the strict notebook gate."""
    from destructure.course.testing import run_all
    from destructure.places import course_folder

    os.chdir(course_folder())
    raise typer.Exit(run_all(arguments or []))


def _or_exit(function, *arguments):
    """Call, and turn a ValueError's sentence into the command's answer."""
    try:
        return function(*arguments)
    except ValueError as error:
        typer.echo(error, err=True)
        raise typer.Exit(2) from None
