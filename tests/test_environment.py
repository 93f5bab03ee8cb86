"""The places where dependencies are named agree: pyproject, constraints, environment.yml, Makefile and README."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
INSTALL = '-c constraints.txt -e ".[all]"'


def direct_requirements():
    optional = [line for lines in PROJECT["optional-dependencies"].values() for line in lines]
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
    assert len(requirement.specifier) == 2, f"{requirement} needs a lowest and a first forbidden version"


def test_every_pin_is_exact():
    for pin in pins().values():
        assert re.fullmatch(r"==[^*+]+", str(pin.specifier)), f"{pin} is not an exact, public version"


def test_torch_is_the_tested_one():
    assert str(pins()["torch"].specifier) == "==2.13.0"


def test_all_names_every_extra():
    extras = set(PROJECT["optional-dependencies"]) - {"all"}
    (everything,) = PROJECT["optional-dependencies"]["all"]
    assert Requirement(everything).extras == extras


def test_environment_lists_python_pip_and_this_package_only():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, packages = environment["dependencies"]
    assert pip == "pip"
    assert packages == {"pip": ["-c constraints.txt", "-e .[all]"]}
    version = python.removeprefix("python=")
    assert SpecifierSet(PROJECT["requires-python"]).contains(version)


@pytest.mark.parametrize("file", ["Makefile", "README.md"])
def test_other_ways_to_install_use_the_same_two_files(file):
    text = (ROOT / file).read_text()
    assert INSTALL in text
    installs = re.findall(r"pip install .*", text)
    assert all(INSTALL in line for line in installs), installs


def test_ci_runs_what_the_readme_says():
    assert "make test" in (ROOT / ".ci/run").read_text()
    assert "make test" in (ROOT / "README.md").read_text()


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
