"""Names of all planned runs, in order, what is missing of each plan and study, and the columns of every table."""

import hashlib
import importlib

import pandas as pd
import stored

STUDIES_BEFORE = [
    "number_study",
    "structure_results",
    "recurrence_results",
    "concatenation_study",
    "language_study",
    "closer_than_twice",
    "bottleneck_probe",
]


def _first_of(*names):
    """The first module that there is: the library has moved since the record was made."""
    for name in names:
        try:
            return importlib.import_module(f"destructure.{name}")
        except ModuleNotFoundError as problem:
            if not problem.name.startswith("destructure"):
                raise
    raise ModuleNotFoundError(f"none of {names}")


def _plans():
    """Plan → names of its runs, and of those that its table lacks."""
    plans = _first_of("studies.plans", "experiment.plans")
    found = {}
    for name in plans.plan_names():
        plan = plans.make_plan(name)
        runs = [configuration.run for configuration in plan.runs]
        done = set(pd.read_csv(plan.file)["run"].astype(str)) if plan.file.exists() else set()
        found[name] = {"runs": runs, "missing": [run for run in runs if run not in done]}
    return found


def _studies(known):
    """File of a study → how many runs it lacks."""
    try:
        studies = importlib.import_module("destructure.studies").STUDIES
    except (ModuleNotFoundError, AttributeError):
        modules = [_first_of(f"studies.{name}", f"experiment.{name}") for name in STUDIES_BEFORE]
        return {module.results_file().name: module.run_missing() for module in modules}
    studies = studies.values() if isinstance(studies, dict) else studies
    return {study.file.name: len(study.missing()) for study in studies if study.file.name in known}


def record(old):
    """All of it; tables by the hash of their text."""
    tables = sorted((stored.COURSE / "data/results").glob("*.csv"))
    return {
        "plans": _plans(),
        "studies": _studies(old["studies"] if old else ()),
        "tables": {table.name: hashlib.sha256(table.read_bytes()).hexdigest() for table in tables},
        "columns": {table.name: list(pd.read_csv(table, nrows=1)) for table in tables},
    }


if __name__ == "__main__":
    stored.run("runs.json", record)
