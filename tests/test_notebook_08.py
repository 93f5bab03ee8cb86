"""Notebook 08's own cells on planted rows: verdicts, tests and predictions come out one way and the other."""

import math
import random
from types import SimpleNamespace
from unittest.mock import MagicMock

import numpy as np
import pytest

from destructure.exercises.catalogue import find
from destructure.show.facts import FactError
from destructure.statistics import predictions, sign_flip_p_value
from destructure.structure import Structure
from destructure.studies import plans
from notebook_cells import code_cells, run_cells

BY_STORED_NUMBERS = (
    "worth = ",
    'fact("at this budget',
    "kappas = ",
)  # lines that only the real tables can fill
CELLS = [
    "\n".join(line for line in source.splitlines() if not line.startswith(BY_STORED_NUMBERS))
    for source in code_cells("08")
]
DRAWN = ("structure_tuning", "tried.replace", "best rates", "ranked = at")
STORED_NUMBERS = ("three = [", "mine = statistics.interval_of", "over = ends_90")
OTHERS = (
    "show.cite",
    "t5_architectures",
    "worst = t5",
    "ours = {",
    "live.live_run",
    "live_points",
    "try_corner",
)
SLOW = ("around = {", "words = pd.Series", "looks = dict.fromkeys(arms", "without = [")

NOTHING = dict.fromkeys(Structure.SWITCHES, (1.0, 0.0))
"""switch → κ at 10^10 FLOPs and its slope: here removing anything is free."""

S1, S2, S3, S4 = Structure.SWITCHES
MIXED = {S1: (1.0, 0.0), S2: (2.2, -0.7), S3: (0.3, 0.0), S4: (1.5, 0.6)}
"""S1 is free, S2 helps first and hinders later, S3 never helps, S4 helps more and more."""

CODES = {each.code: each for each in Structure.all()}


def effective(structure, compute, planted):
    """The compute that is as good for the whole encoder-decoder: structures that are missing cost their κ."""
    for switch in Structure.SWITCHES:
        if not getattr(structure, switch):
            start, slope = planted[switch]
            # κ is defined at the compute of the arm *with* it; solve C_without = κ(C_with) · C_with for C_with.
            compute = (compute / (start * 1e10**-slope)) ** (1 / (1 + slope))
    return compute


def planted_rows(rows, planted, noise=0.02, deep=1.0):
    """The stored rows with scores of our own: the loss falls as compute^-0.8; `deep` slows twice the layers."""

    def made(row):
        shared = random.Random(f"{row.seed}").gauss(0, 0.05)  # what a seed does to all arms
        own = random.Random(f"{row.arm}{row.structure}{row.width}{row.seed}").gauss(0, noise)
        good = effective(CODES[row.structure], row.budget, planted) / 1e10
        good /= deep if row.arm == "twice the layers" else 1.0
        loss = 1.5 * math.exp(-0.8 * math.log(good) + shared + own)
        take_off, watched = 4 * row.budget / good * math.exp(own + shared), 0.89 * row.budget
        return loss, min(1.0, max(0.0, 1.2 - loss)), take_off if take_off <= watched else math.nan, watched

    scores = np.array([made(row) for row in rows.itertuples()])
    names = ("loss", "exact_match", "take_off_flops", "watched_flops")
    return rows.assign(**dict(zip(names, scores.T, strict=True)))


STORED = {
    name: plans.stored_rows(name)
    for name in ("structure_corners", "scarce_corners", "noise_floor", "structure_tuning")
}


def run(planted=None, without=SLOW, change_rows=None, cells=CELLS, fact=None, **options):
    """Run the notebook on planted rows; return its names and what it printed."""
    tables = STORED if planted is None else {
        name: planted_rows(rows, planted, **options) for name, rows in STORED.items()
    }  # fmt: skip
    tables = (
        tables if change_rows is None else {name: change_rows(name, rows) for name, rows in tables.items()}
    )
    fake = SimpleNamespace(removal=plans.removal, stored_rows=lambda name: tables[name].copy())

    def change(names):
        names |= {"plans": fake, "show": MagicMock()}
        names |= {} if fact == "real" else {"fact": lambda text, condition: None}

    names = {}
    return names, run_cells(cells, names, (*DRAWN, *STORED_NUMBERS, *OTHERS, *without), change)


@pytest.fixture(scope="module")
def mixed():
    return run(MIXED, without=())


# --- verdicts on planted effects -------------------------------------------------------------------------------


def words(names):
    return {name: each.verdict for name, each in names["verdicts"].items()}


def test_planted_effects_give_their_verdicts(mixed):
    names, told = mixed
    verdicts = dict(
        zip(("S1", "S2", "S3", "S4"), ("equivalent", "supported", *["contradicted"] * 2), strict=True)
    )
    assert words(names) == verdicts
    for name, word in verdicts.items():
        assert f"{name}: {word} (8 seeds)" in told
    assert "S2 removed in eight surroundings: 8 supported" in told
    assert "S2: supported; without each seed in turn: 8 supported" in told


def test_the_planted_compute_factors_are_found(mixed):
    for name, switch in (("S1", S1), ("S2", S2)):
        start, slope = MIXED[switch]
        for each in mixed[0]["found"][name].factors:
            wanted = start * (each.compute / 1e10) ** slope
            assert each.interval.estimate == pytest.approx(wanted, rel=0.08), (name, each.compute)


def test_where_nothing_is_planted_every_removal_is_free():
    names, told = run(NOTHING)
    assert set(words(names).values()) == {"equivalent"}
    assert "whole ladder: equivalent" in told


def test_a_structure_that_helps_less_and_less_is_weakly_supported():
    assert words(run(NOTHING | {S2: (2.5, -0.2)})[0])["S2"] == "weakly supported"


def test_effects_have_the_planted_sign(mixed):
    effects = mixed[0]["on_loss"].set_index(["where", "effect"])
    assert effects.loc[("width 16, 2e10", "S3"), "low"] > 1  # present: higher loss
    assert effects.loc[("width 16, 2e10", "S1"), "estimate"] == pytest.approx(1, abs=0.06)
    later = mixed[0]["on_take_off"].set_index(["where", "effect"])
    assert later.loc[("width 16", "S3"), "low"] > 1


@pytest.mark.slow
def test_no_verdict_hangs_on_a_random_number(monkeypatch):
    before = words(run()[0])
    assert before == dict(
        zip(before, ("contradicted", "inconclusive", "contradicted", "inconclusive"), strict=True)
    )
    monkeypatch.setattr(np.random, "default_rng", None)  # whoever draws now, fails
    tests = ("sign_flip_p",)  # scipy asks for a generator even where it tries every flip
    assert words(run(without=(*SLOW, *tests))[0]) == before


def test_a_diverged_run_counts_as_a_failure_and_is_not_dropped(mixed):
    code = Structure.PREFIX_LM.code

    def lose(name, rows):
        lost = (rows.structure == code) & (rows.seed == 200) & (rows.width == 64) & (rows.arm == "corner")
        rows = rows.assign(status=rows.status.where(~lost, "diverged"), loss=rows.loss.where(~lost))
        return rows.assign(
            exact_match=rows.exact_match.where(~lost), take_off_flops=rows.take_off_flops.where(~lost)
        )

    names, told = run(MIXED, change_rows=lose)
    assert "416 of 416 registered runs present, 1 diverged" in told  # four rows of one run
    own = names["arms"][code]
    assert len(own) == len(mixed[0]["arms"][code])
    assert own[(own.seed == 200) & (own.width == 64)].loss.tolist() == [pytest.approx(math.log(65))] * 4
    assert f"{code} is not trained within the range" in told


@pytest.mark.slow
def test_arms_that_are_not_trained_are_named(mixed):
    assert "not trained within the range" not in run(NOTHING)[1]
    spoilt = Structure.ladder()[1].code

    def spoil(name, rows):
        return rows.assign(exact_match=rows.exact_match.where(rows.structure != spoilt, 0.8999))

    assert f"{spoilt} is not trained within the range: 89.99% right" in run(NOTHING, change_rows=spoil)[1]


# --- tests, rises, the learner's functions ----------------------------------------------------------------------


def test_eight_tests_are_corrected_together(mixed):
    names, told = mixed
    assert len(names["p_values"]) == 8
    assert names["smallest_corrected"](8) == pytest.approx(8 * sign_flip_p_value([1.0] * 8)) == 0.0625
    assert names["smallest_corrected"](9) < 0.05
    assert "S3: exact sign flips, not corrected: 0.008" in told


@pytest.mark.slow
@pytest.mark.parametrize("switch", Structure.SWITCHES)
def test_rises_are_counted_and_told_by_structure(switch):
    def rise(name, rows):
        up = (rows.budget == rows.budget.max()) & rows[switch]
        return rows.assign(loss=rows.loss.where(~up, rows.loss * 9)) if name == "scarce_corners" else rows

    told = run(NOTHING, change_rows=rise)[1]
    assert "scarce data: loss higher at 8e10 than at 4e10 FLOPs: 0 of 128 runs" in told
    assert "scarce data: loss higher at 1.6e11 than at 8e10 FLOPs: 64 of 128 runs" in told
    assert f"S{Structure.SWITCHES.index(switch) + 1} present 100%, removed 0%" in told


def solved(name):
    code = find(name).solution.split("```")[1].removeprefix("python\n")
    names = {"math": math, "np": np}
    exec(code, names)
    return names[
        name.removeprefix("08.code.").replace("factor", "compute_factor").replace("sign_flip", "sign_flip_p")
    ]


def test_the_learners_own_functions_are_compared_with_the_stored_rows():
    stubs = [
        source for source in CELLS if "def compute_factor" not in source and "def sign_flip_p" not in source
    ]
    last = next(place for place, source in enumerate(stubs) if "sign_flip_p(list" in source)
    given = {"compute_factor": solved("08.code.factor"), "sign_flip_p": solved("08.code.sign_flip")}
    told = run_cells(stubs[: last + 1], dict(given), (*DRAWN, *STORED_NUMBERS, *OTHERS, *SLOW), quiet)
    assert "✓ by hand as in the library: all 9 factors within the range of both curves" in told
    assert "S1: exact sign flips, not corrected: 0.031; by your function: 0.03125" in told
    wrong = given | {"compute_factor": lambda budgets, losses, wanted, compute: 2.0}
    with pytest.raises(FactError, match="by hand as in the library"):
        run_cells(stubs[: last + 1], wrong, (*DRAWN, *STORED_NUMBERS, *OTHERS, *SLOW), quiet)


def quiet(names):
    names["show"] = MagicMock()


def test_a_rate_that_tuning_did_not_choose_stops_the_notebook():
    def spoil(name, rows):
        return rows.assign(learning_rate=0.5) if name == "scarce_corners" else rows

    place = next(place for place, source in enumerate(CELLS) if "best rates" in source)
    tables = {name: spoil(name, rows) for name, rows in STORED.items()}

    def change(names):
        names["plans"] = SimpleNamespace(removal=plans.removal, stored_rows=lambda name: tables[name])

    with pytest.raises(FactError, match="scarce: every reporting run used the rate"):
        run_cells(CELLS[: place + 1], {}, ("axes.plot",), change)


# --- predictions --------------------------------------------------------------------------------------------------


def off_ladder(best):
    """Make one corner the best with scarce data: off the ladder, or on it."""
    code = "S1 S2 -- --" if best == "off" else Structure.DECODER_ONLY.code

    def change(name, rows):
        return rows.assign(exact_match=np.where(rows.structure == code, 0.99, 0.5))

    return change


def spread(more):
    """Spread the exact match of the first two arms of the ladder over seeds."""
    codes = [each.code for each in Structure.ladder()[:2]]
    wide = codes[1] if more else codes[0]

    def change(name, rows):
        value = 0.5 + 0.05 * (rows.seed.astype(float) - 203.5) * (rows.structure == wide)
        return rows.assign(exact_match=rows.exact_match.where(~rows.structure.isin(codes), value))

    return change


@pytest.mark.slow
def test_every_prediction_can_come_true_and_fail(mixed):
    seen = {name: set() for name in predictions("A").index}
    helpful = dict.fromkeys(Structure.SWITCHES, (2.0, 0.1))
    harmful = dict.fromkeys(Structure.SWITCHES, (0.5, -0.05))
    found = [mixed[0]["scored"]]
    for planted, options in (
        (NOTHING, {"deep": 1.5, "change_rows": off_ladder("off")}),
        (helpful, {"deep": 0.7, "change_rows": off_ladder("on")}),
        (harmful, {"change_rows": spread(more=True)}),
        (NOTHING | {S3: (0.2, 0.0)}, {"change_rows": spread(more=False)}),
    ):
        found.append(run(planted, **options)[0]["scored"])
    for scored in found:
        for name, word in scored.came_true.items():
            seen[name].add(word)
    assert {name: words for name, words in seen.items() if words != {"yes", "no"}} == {}


def test_a_bound_of_one_lies_below_one(mixed):
    below = mixed[0]["below_one"]

    def factor(high, censored):
        return SimpleNamespace(interval=SimpleNamespace(high=high), censored=censored)

    assert below(factor(1.0, "below"))
    assert not below(factor(1.0, "no"))
    assert below(factor(0.99, "no"))
    assert not below(factor(1.01, "below"))
