"""What decides the numbers of one run: a frozen configuration, and the name that follows from it."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any, Literal, get_args

from destructure.config import TransformerConfig
from destructure.structure import Structure
from destructure.train.fast import require_fast
from destructure.train.recipe import Recipe

Options = tuple[tuple[str, Any], ...]
"""Open-ended settings, frozen: names and values, sorted by name. `dict(options)` thaws them."""

Purpose = Literal["tuning", "pilot", "reporting"]
Numerics = Literal["plain", "fast", "two threads"]
"""What decides the last bits: the loss as `Transformer` reads, by `train.fast`, or plainly on two threads."""

TRAINING = {
    "warmup": 0.1,
    "cooldown": 0.1,
    "tokens_per_batch": 1500,
    "weight_decay": 0.01,
    "betas": (0.9, 0.98),
    "clip": 1.0,
    "averaging": 0.99,
}
"""Settings of `Recipe` where a configuration gives none. They are written into it, so a changed default of the
training loop cannot change what an old configuration means."""

MEASURING = {
    "examples": 1000,
    "watch_every": 25,
    "watch_examples": 200,
    "take_off_metric": "exact_match",
    "take_off_threshold": 0.5,
}
"""How a run is measured where a configuration does not say, see `RunConfiguration`."""

_VERSION = 1  # of the canonical text: a new one gives every run a new name
_NAME_LENGTH = 16  # hexadecimal digits: two of a million runs share a name with a chance of 1 in 40 million
_OPEN = ("dials", "model", "training", "measuring")
_WHOLE = ("width", "layers", "heads", "seed")
_GIVEN_ELSEWHERE = ("vocabulary", "width", "layers", "heads", "structure")


@dataclass(frozen=True, kw_only=True)
class RunConfiguration:
    """Everything that decides the numbers of one run, as plain data.

    Two configurations are the same run exactly if their `text` is the same; `run` is the name made from it.

    Attributes:
        purpose: "tuning" and "pilot" runs are measured on validation examples, "reporting" runs on test examples.
        arm: what the plan calls this kind of run, such as "decoder-only, same parameters".
        task: name of a class in `destructure.tasks`.
        dials: the task's arguments, by name; a mapping is taken and frozen.
        structure: which of the sixteen architectures.
        width, layers, heads: sizes of the model (layers of *each* stack).
        model: further fields of `TransformerConfig`, by name.
        loss_on_inputs: also learn to predict the input tokens (causal input only).
        learning_rate: the constant rate.
        training: further fields of `Recipe`, by name; `TRAINING` fills what is not given.
        measuring: how it is measured; `MEASURING` fills what is not given. `examples` are scored at each budget.
            Every `watch_every` steps (None: never) `watch_examples` validation examples are scored; the run takes
            off when their `take_off_metric` ("exact_match" or "loss") reaches `take_off_threshold`.
        seed: decides the weights and the order of the examples.
        budgets: training FLOPs, rising; each is measured after a cooldown of its own that branches off.
        numerics: "plain" stands in no name and no cell, so that runs from before there was another path keep theirs.

    Raises:
        ValueError: in one sentence, if anything is not allowed.
    """

    purpose: Purpose
    task: str
    structure: Structure
    width: int
    layers: int
    heads: int
    learning_rate: float
    seed: int
    budgets: tuple[float, ...]
    arm: str = ""
    dials: Mapping[str, Any] | Options = ()
    model: Mapping[str, Any] | Options = ()
    loss_on_inputs: bool = False
    training: Mapping[str, Any] | Options = ()
    measuring: Mapping[str, Any] | Options = ()
    numerics: Numerics = "plain"

    def __post_init__(self):
        budgets = self.budgets if isinstance(self.budgets, (tuple, list)) else (self.budgets,)
        # In the one form that equal configurations share: numbers as Python's, settings filled in and sorted.
        normal = {
            "dials": freeze("dials", self.dials),
            "model": freeze("model", self.model),
            "training": _filled("training", self.training, TRAINING),
            "measuring": _filled("measuring", self.measuring, MEASURING),
            **{name: whole_number(name, getattr(self, name)) for name in _WHOLE},
            "learning_rate": positive_number("learning_rate", self.learning_rate),
            "budgets": tuple(positive_number("a budget", budget) for budget in budgets),
        }
        for name, value in normal.items():
            object.__setattr__(self, name, value)  # the usual way to fill in a frozen dataclass
        _require_choices(self)
        config = self.model_config(vocabulary=1)
        if self.numerics == "fast":
            require_fast(config)
            _require(not self.loss_on_inputs, "numerics", "fast", "with loss_on_inputs it must be plain")
        _ = self.recipe  # made now, so that what cannot work is refused before anything has run

    @cached_property
    def text(self) -> str:
        """The canonical JSON text, the same for equal configurations on every machine."""
        return canonical_json({"version": _VERSION, **self._fields(), **self._settings()})

    @cached_property
    def run(self) -> str:
        """The run's name: the beginning of the SHA-256 of `text`."""
        return hashlib.sha256(self.text.encode("ascii")).hexdigest()[:_NAME_LENGTH]

    def _fields(self) -> dict[str, Any]:
        """Every field as plain data, the numerics only where they are not plain."""
        data = asdict(self)
        if self.numerics == "plain":
            del data["numerics"]
        return data

    def _settings(self) -> dict[str, dict[str, Any]]:
        return {name: dict(getattr(self, name)) for name in _OPEN}

    @property
    def recipe(self) -> Recipe:
        """How it is trained."""
        return Recipe(
            flops=self.budgets,
            learning_rate=self.learning_rate,
            loss_on_inputs=self.loss_on_inputs,
            evaluate_every=dict(self.measuring)["watch_every"],
            **dict(self.training),
        )

    @property
    def split(self) -> Literal["validation", "test"]:
        """Which examples it is measured on at its budgets: only a reporting run ever sees the test's."""
        return "test" if self.purpose == "reporting" else "validation"

    def model_config(self, vocabulary: int, max_length: int | None = None) -> TransformerConfig:
        """The model's configuration.

        Args:
            vocabulary: how many token ids the task has.
            max_length: positions that the task needs, unless `model` gives a number.
        """
        known = {field.name for field in fields(TransformerConfig)} - set(_GIVEN_ELSEWHERE)
        unknown = [name for name, _ in self.model if name not in known]
        if unknown:
            where = "has a field of its own" if unknown[0] in _GIVEN_ELSEWHERE else "is no field of a model"
            raise ValueError(f"model[{unknown[0]!r}] {where}; model may set {', '.join(sorted(known))}.")
        settings = ({} if max_length is None else {"max_length": max_length}) | dict(self.model)
        sizes = {"width": self.width, "layers": self.layers, "heads": self.heads}
        return TransformerConfig(vocabulary=vocabulary, structure=self.structure, **sizes, **settings)

    # --- as cells of a table ---------------------------------------------------------------------------------

    def cells(self) -> dict[str, Any]:
        """The configuration as cells of a row: one column a field and switch, open-ended settings as JSON text."""
        as_text = {name: canonical_json(each) for name, each in self._settings().items()}
        as_text |= {
            "budgets": canonical_json(self.budgets),
            "structure": self.structure.code,
            "run": self.run,
        }
        return self._fields() | as_text | asdict(self.structure)


def _filled(name: str, given: Mapping[str, Any] | Options, usual: dict[str, Any]) -> Options:
    given = dict(freeze(name, given))
    unknown = [key for key in given if key not in usual]
    if unknown:
        raise ValueError(f"{name}[{unknown[0]!r}] is not known; {name} may set {', '.join(usual)}.")
    settings = usual | given
    for key, value in settings.items():  # 1 and 1.0 are the same setting, so they get the same text
        if isinstance(usual[key], float) and isinstance(value, int) and not isinstance(value, bool):
            settings[key] = float(value)
    return freeze(name, settings)


def _require_choices(run: RunConfiguration) -> None:
    measuring = dict(run.measuring)
    for name, choices in (("purpose", get_args(Purpose)), ("numerics", get_args(Numerics))):
        given = getattr(run, name)
        _require(given in choices, name, given, f"it must be one of {', '.join(choices)}")
    for name in ("task", "arm"):
        text = getattr(run, name)
        fine = isinstance(text, str) and text.isprintable() and text == text.strip()
        _require(fine, name, text, "give a text on one line, without spaces around it")
    _require(
        isinstance(run.loss_on_inputs, bool), "loss_on_inputs", run.loss_on_inputs, "it must be True or False"
    )
    if run.loss_on_inputs and isinstance(run.structure, Structure) and run.structure.bidirectional_input:
        raise ValueError(
            f"loss_on_inputs needs causal input, but {run.structure} reads its input in both directions; "
            "use a structure without bidirectional_input."
        )
    for name in ("examples", "watch_examples", "watch_every"):
        if measuring[name] is not None or name != "watch_every":
            count = whole_number(f"measuring[{name!r}]", measuring[name])
            _require(count >= 1, f"measuring[{name!r}]", count, "it must be 1 or more")
    metric = measuring["take_off_metric"]
    known = metric in ("exact_match", "loss")
    _require(known, "measuring['take_off_metric']", metric, "it must be exact_match or loss")
    positive_number("measuring['take_off_threshold']", measuring["take_off_threshold"])


def _require(fine: bool, name: str, value: Any, wanted: str) -> None:
    if not fine:
        raise ValueError(f"{name} is {value!r}; {wanted}.")


# --- plain data with exactly one text --------------------------------------------------------------------------


def freeze(name: str, given: Mapping[str, Any] | Options) -> Options:
    """Settings as sorted pairs of a name and a plain value; lists become tuples.

    Args:
        name: what the settings are called, for the message.
        given: names to numbers, texts, booleans, None, or lists of those.

    Raises:
        ValueError: if a value is something else, or a number is not finite.
    """
    try:
        settings = dict(given)
    except (TypeError, ValueError):
        wanted = "give settings by name, such as {'high': 9999}, or nothing"
        raise ValueError(f"{name} is {given!r}; {wanted}.") from None
    for key in settings:
        if not isinstance(key, str) or not key:
            raise ValueError(f"{name} has a setting named {key!r}; names are texts, such as 'high'.")
    return tuple((key, _plain(f"{name}[{key!r}]", settings[key])) for key in sorted(settings))


def canonical_json(value: Any) -> str:
    """The one text of plain data: keys sorted, no spaces, ASCII only, every float in its shortest exact form.

    So the same data give the same text on every machine and with every version of Python.

    Raises:
        ValueError: if a number is not finite.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def whole_number(name: str, value: Any) -> int:
    """A whole number from 0 on, else ValueError."""
    value = _of_python(value)
    fine = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    _require(fine, name, value, "give a whole number")
    return value


def positive_number(name: str, value: Any) -> float:
    """A positive, finite number as a float, else ValueError."""
    fine = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < math.inf
    _require(fine, name, value, "give a positive number")
    return float(value)


def _plain(name: str, value: Any) -> Any:
    value = _of_python(value)
    if isinstance(value, (list, tuple)):
        return tuple(_plain(f"{name}[{place}]", each) for place, each in enumerate(value))
    fine = value is None or isinstance(value, (bool, int, str))
    fine = fine or (isinstance(value, float) and math.isfinite(value))
    _require(fine, name, value, "a setting is a finite number, a text, True, False, None, or a list of those")
    return float(value) if isinstance(value, float) else value


def _of_python(value: Any) -> Any:
    """A single number of numpy or torch as Python's; everything else as it is."""
    return value.item() if hasattr(value, "item") and not getattr(value, "shape", ()) else value
