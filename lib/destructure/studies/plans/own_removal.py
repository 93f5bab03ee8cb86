"""A removal of the learner's own: registered in a small dated file, then run on a budget (notebook 12)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from destructure.files import data_folder, decoded, work_folder, write_atomically
from destructure.structure import Structure
from destructure.studies.plans.registry import register
from destructure.studies.plans.removal import corner
from destructure.study.columns import read_results, stored_interval
from destructure.study.configuration import RunConfiguration, canonical_json
from destructure.study.one_run import run_configuration
from destructure.study.plan import Plan

VERDICTS = ("free", "hurts", "pays", "undecided")
"""What can be said of a removal."""

SMALL = {
    "task": "NumberTranslation",
    "dials": {"high": 999},
    "structure": Structure.ENCODER_DECODER,
    "layers": 2,
    "width": 16,
    "learning_rate": 8e-3,
    "budgets": (1.25e9, 2.5e9, 5e9),
    "training": {"tokens_per_batch": 500, "averaging": 0.98, "warmup": 0.2},
    "measuring": {"watch_every": None},
}
USUAL_MODEL = {"query_key_norm": True, "segments": 2}
_MAY_SET = {each.name for each in fields(RunConfiguration)} - {"purpose", "arm", "seed", "numerics"}
_HASHED = ("question", "prediction", "odds", "seeds", "arms")


@dataclass(frozen=True, kw_only=True)
class Removal:
    """One structure in place, and taken out, with everything else equal: two arms, seed by seed.

    Attributes:
        question: one line, for the report.
        kept, removed: fields of `RunConfiguration` in which the arms differ, such as
            {"structure": Structure.DECODER_ONLY} and {"model": {"positions": "none"}}.
        everywhere: fields that both arms share; what stands nowhere is as in `SMALL` and `USUAL_MODEL`.
        prediction: one of `VERDICTS`.
        odds: how sure, above 0 and below 1.
        seeds: 6 to 10 of them, all reported.

    Raises:
        ValueError: in one sentence, if something is not allowed or the arms are the same.
    """

    question: str
    kept: Mapping[str, Any]
    removed: Mapping[str, Any]
    prediction: str
    odds: float
    everywhere: Mapping[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = tuple(range(400, 408))

    def __post_init__(self):
        seeds = tuple(self.seeds) if isinstance(self.seeds, tuple | list | range) else ()
        object.__setattr__(self, "seeds", seeds)
        if not isinstance(self.question, str) or not self.question.strip():
            raise ValueError("question is empty; say in one line what the removal should tell you.")
        if self.prediction not in VERDICTS:
            raise ValueError(f"prediction is {self.prediction!r}; it must be one of {', '.join(VERDICTS)}.")
        if not isinstance(self.odds, int | float) or not 0 < self.odds < 1:
            raise ValueError(f"odds is {self.odds!r}; give a chance above 0 and below 1, such as 0.7.")
        if not 6 <= len(set(seeds)) == len(seeds) <= 10:  # fewer give no interval of 95%
            raise ValueError(f"seeds is {seeds}; give 6 to 10 different ones.")
        for name in ("kept", "removed", "everywhere"):
            given, allowed = getattr(self, name), ", ".join(sorted(_MAY_SET))
            if not isinstance(given, Mapping) or not set(given) <= _MAY_SET:
                raise ValueError(f"{name} is {given!r}; give fields by name, of {allowed}.")
        try:
            differences = self.differences()
        except TypeError as problem:
            raise ValueError(f"A field has another form ({problem}); see RunConfiguration.") from None
        if not differences:
            raise ValueError("kept and removed are the same model; let one field differ.")
        if "budgets" in differences:
            raise ValueError("kept and removed have other budgets; compare them at equal training FLOPs.")

    @property
    def arms(self) -> dict[str, RunConfiguration]:
        """ "kept" and "removed", for the first seed; with the fast numerics if both arms allow them."""
        both = {"kept": self.kept, "removed": self.removed}
        try:
            return {name: self._arm(name, own, "fast") for name, own in both.items()}
        except ValueError:  # one of the two is not made of the usual blocks, or is not possible at all
            return {name: self._arm(name, own, "plain") for name, own in both.items()}

    def _arm(self, name: str, own: Mapping[str, Any], numerics: str) -> RunConfiguration:
        models = [dict(each.get("model", ())) for each in (self.everywhere, own)]
        settings = SMALL | dict(self.everywhere) | dict(own)
        settings |= {"model": USUAL_MODEL | models[0] | models[1], "arm": name, "numerics": numerics}
        return corner(**settings, seed=self.seeds[0])

    def differences(self) -> dict[str, tuple[Any, Any]]:
        """What the arms differ in: a column of the table → its cells (kept, removed)."""
        kept, removed = (replace(arm, arm="").cells() for arm in self.arms.values())
        both = ((name, (kept[name], removed[name])) for name in kept if name != "run")
        return {name: cells for name, cells in both if cells[0] != cells[1]}

    def plan(self) -> Plan:
        """Its runs, seed by seed, so that an early end leaves whole pairs."""
        runs = [replace(arm, seed=seed) for seed in self.seeds for arm in self.arms.values()]
        return Plan("own_removal", tuple(runs))

    @property
    def content(self) -> dict[str, Any]:
        """What is registered, as plain data; without the date."""
        plain = {
            "seeds": list(self.seeds),
            "arms": {name: json.loads(arm.text) for name, arm in self.arms.items()},
        }
        return {name: plain.get(name) or getattr(self, name) for name in _HASHED}

    @property
    def file(self) -> Path:
        """Where it is registered, in the work folder, named by its content: another plan is another file."""
        return work_folder() / "removals" / f"{_hash(self.content)[:12]}.json"

    def register(self) -> dict[str, Any]:
        """Write the plan down with the date, once: a plan that is there already keeps its date.

        Returns:
            The content, its SHA-256, `registered`: the date (UTC), and `known`: of how many of its runs rows were
            there already, so that the result may have been seen.

        Raises:
            ValueError: if it cannot run, or its file was changed.
            OSError: if the work folder cannot be written.
        """
        plan = self.plan()
        plan.check()
        if not self.file.exists():
            known = len(plan.runs) - len(plan.missing(self._rows_file()))
            about = {"registered": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", "known": known}
            data = about | {"sha256": _hash(self.content)} | self.content
            write_atomically(self.file, (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode())
        return _read(self.file)

    def run(self, minutes: float = 2, progress: bool = True) -> pd.DataFrame:
        """Register the plan, then run what is missing until the time is up; once more goes on from there.

        Rows that the course has stored, or that an earlier plan has made, are not made again.

        Returns:
            The rows, a row per run and budget, of those seeds whose two runs are complete.
        """
        self.register()
        self.plan().run(minutes=minutes, device="cpu", file=self._rows_file(), progress=progress)
        return self.rows(read_results(self._rows_file()))

    def rows(self, table: pd.DataFrame) -> pd.DataFrame:
        """Its own rows of a table, of those seeds whose two runs are complete."""
        own = table[table["run"].isin([each.run for each in self.plan().runs])]
        whole = own.groupby("seed")["run"].nunique() == 2
        return own[own["seed"].isin(whole.index[whole])].reset_index(drop=True)

    def one_more(self, rows: pd.DataFrame, seed: int = 0) -> Iterator[tuple[float, float, tuple]]:
        """Train one more seed without the structure; yield each budget, its loss, and where that should land."""
        stored = rows[rows["arm"] == "removed"].groupby("budget").first()
        for row in run_configuration(replace(self.arms["removed"], seed=seed), device="cpu"):
            alike = stored.loc[row["budget"]].to_dict() | {"budget": row["budget"]}
            yield row["budget"], row["loss"], stored_interval(rows, alike)

    def _rows_file(self) -> Path:
        """The rows of all own removals; at first, those of the examples."""
        file = self.file.with_name("rows.csv")
        file.parent.mkdir(parents=True, exist_ok=True)
        shipped = data_folder() / "results" / "removal_examples.csv"
        if not file.exists() and shipped.exists():
            write_atomically(file, shipped.read_bytes())
        return file


def _hash(content: Mapping[str, Any]) -> str:
    return sha256(canonical_json(content).encode()).hexdigest()


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(decoded(path.read_bytes())[0])
        sound = data["sha256"] == _hash({name: data[name] for name in _HASHED}) and data["registered"]
    except (ValueError, LookupError, TypeError):
        sound = False
    if not sound:
        raise ValueError(f"{path.name} was changed after it was registered; delete it and register anew.")
    return data


_QUESTIONS = {
    "positions": ("Can decoder-only do without numbered positions?", "hurts", 0.95),
    "biases": ("Can decoder-only do without biases, given enough training?", "free", 0.75),
    "segments": ("Does decoder-only need to be told where its input ends?", "undecided", 0.6),
}
_KEPT = {"biases": {"bias": True}}
_REMOVED = {"positions": {"positions": "none"}, "segments": {"segments": 0}}
EXAMPLES = {
    name: Removal(
        question=question,
        kept={"structure": Structure.DECODER_ONLY, "model": _KEPT.get(name, {})},
        removed={"structure": Structure.DECODER_ONLY, "model": _REMOVED.get(name, {})},
        everywhere={"budgets": (1e10, 2e10)} if name == "biases" else {},
        prediction=prediction,
        odds=odds,
    )
    for name, (question, prediction, odds) in _QUESTIONS.items()
}
"""Registered in data/registration.md, part G; their rows come with the course."""


@register
def removal_examples() -> list[RunConfiguration]:
    """The runs of the three examples, eight seeds each."""
    return [run for example in EXAMPLES.values() for run in example.plan().runs]
