"""Odds, verdicts, and plans that are registered, for the exercises of notebook 12."""

import json
from hashlib import sha256
from math import exp, log
from random import Random

VERDICTS = ("free", "hurts", "pays", "undecided")
MARGIN = log(1.1)


def brier_cases(more: int = 0) -> list[tuple]:
    """Chances and what happened: decided and open ones, sure and unsure, one alone and many."""
    random = Random("12.code.brier")
    cases = [
        ([0.8], [True]),
        ([0.8], [False]),
        ([0.5, 0.9], [None, False]),
        ([0.0, 1.0, 0.3], [False, True, True]),
    ]
    for _ in range(12 + more):
        chances = [round(random.uniform(0.02, 0.98), 2) for _ in range(random.randint(1, 7))]
        happened = [random.choice((True, False, None)) for _ in chances]
        happened[random.randrange(len(happened))] = random.choice((True, False))
        cases.append((chances, happened))
    return cases


def decide_cases(more: int = 0) -> list[tuple]:
    """Narrow and wide intervals of log ratios: inside the margin, at its ends and beside them, on both sides of 0."""
    random = Random("12.code.verdict")
    edges = [(-MARGIN, MARGIN), (-0.03, 0.02), (0.02, 0.09), (-0.09, -0.01), (0.0, 0.5), (-0.5, 0.0)]
    edges += [
        (0.03, 0.098),
        (-0.098, -0.03),
        (-0.2, 0.05),
        (-0.05, 0.2),
        (0.2, 0.9),
        (-0.9, -0.2),
        (-0.6, 0.7),
    ]
    for _ in range(16 + more):
        centre = random.choice((0.0, 0.05, 0.3)) * random.choice((-1, 1))
        edges.append((centre - random.uniform(0.001, 0.4), centre + random.uniform(0.001, 0.4)))
    cases = [((low, high), (low, high)) for low, high in edges[:6]]
    for low, high in edges:
        wider = random.choice((0.004, 0.03, 0.2))
        cases.append(((low, high), (low - wider, high + wider)))
    cases += [((0.02, 0.11), (-0.01, 0.14)), ((-0.11, -0.02), (-0.14, 0.01)), ((-0.09, 0.09), (-0.12, 0.12))]
    return cases


def exactly_one(function, case) -> bool:
    """One word at a time."""
    return sum(map(bool, function(*case))) == 1


def mirrored(function, case) -> bool:
    """Kept and removed change places."""
    turned = [(-high, -low) for low, high in case]
    free, hurts, pays, undecided = map(bool, function(*case))
    return [bool(each) for each in function(*turned)] == [free, pays, hurts, undecided]


# --- the task: a registered removal, and its report ---------------------------------------------------------------

_HASHED = ("question", "prediction", "odds", "seeds", "arms")
EXAMPLE = "Does decoder-only need to be told where its input ends?"
"""The question that stands in the cell."""


def hash_again(record) -> bool:
    """The hash of everything but the date."""
    return record["sha256"] == _hash({name: record[name] for name in _HASHED})


def _hash(content: dict) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return sha256(text.encode()).hexdigest()


def a_forecast(record) -> bool:
    """A verdict and a chance."""
    return record["prediction"] in VERDICTS and 0 < record["odds"] < 1


def _flat(arm: dict) -> dict:
    """An arm's fields, each setting of the model or of another group by itself; the structure is one."""
    groups = {name: arm[name] for name in arm if name not in ("arm", "numerics")}
    flat = {}
    for name, value in groups.items():
        inner = value if isinstance(value, dict) and name != "structure" else {"": value}
        flat |= {f"{name} {key}".strip(): one for key, one in inner.items()}
    return flat


def one_change(record) -> bool | str:
    """Which fields differ."""
    kept, removed = (_flat(record["arms"][name]) for name in ("kept", "removed"))
    differ = sorted(name for name in kept.keys() | removed.keys() if kept.get(name) != removed.get(name))
    return len(differ) == 1 or (f"They differ in {', '.join(differ)}." if differ else "They do not differ.")


def own_question(record) -> bool:
    """Not the example's, and more than a word."""
    return record["question"].strip() != EXAMPLE and len(record["question"].split()) >= 4


def own_plan() -> dict:
    """An example, in the form in which the library registers it, with the fewest fields."""
    kept = {
        "task": "NumberTranslation",
        "dials": {"high": 999},
        "width": 16,
        "model": {"query_key_norm": True},
    }
    content = {
        "question": "Does the same model need normalised queries and keys?",
        "prediction": "free",
        "odds": 0.5,
        "seeds": list(range(400, 408)),
        "arms": {"kept": kept, "removed": kept | {"model": {"query_key_norm": False}}},
    }
    return {"registered": "2026-11-28 20:00 UTC", "known": 0, "sha256": _hash(content), **content}


def six_seeds(record) -> bool:
    """Enough for an interval, and no more than can be listed."""
    effects = record["effects"]
    return 6 <= len(effects) <= 10 and all(abs(float(value)) < 1e6 for value in effects.values())


def _interval(record, level: float):
    from destructure.statistics import interval

    return interval(list(record["effects"].values()), level=level)


def _near(given: float, wanted: float) -> bool:
    return abs(given / wanted - 1) <= 0.005


def ratio_again(record) -> bool | str:
    """exp of the mean of the effects."""
    wanted = exp(sum(record["effects"].values()) / len(record["effects"]))
    return _near(record["ratio"], wanted) or f"Computed again it is {wanted:.4g}."


def interval_again(record) -> bool | str:
    """The ends over all resamples."""
    ends = _interval(record, 0.95).exp()
    fits = _near(record["low"], ends.low) and _near(record["high"], ends.high)
    return fits or f"Computed again they are {ends.low:.4g} and {ends.high:.4g}."


def verdict_again(record) -> bool | str:
    """The rule's word."""
    wide, narrow = _interval(record, 0.95), _interval(record, 0.9)
    free = max(-narrow.low, narrow.high) <= MARGIN
    wanted = "free" if free else "hurts" if wide.low > 0 else "pays" if wide.high < 0 else "undecided"
    return record["verdict"] == wanted or f"By the rule it is {wanted}."


def own_report() -> dict:
    """An example: eight seeds without which nothing would be hurt."""
    effects = {str(300 + place): 0.4 + 0.05 * (place - 3.5) for place in range(8)}
    ends = _interval({"effects": effects}, 0.95).exp()
    ratio = exp(sum(effects.values()) / len(effects))
    return {"effects": effects, "ratio": ratio, "low": ends.low, "high": ends.high, "verdict": "hurts"}
