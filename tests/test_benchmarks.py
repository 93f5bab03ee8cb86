"""The benchmarks run, at sizes that measure nothing; a slow-down is seen, and what is missing or broken is said."""

import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from benchmarks import peers, turns
from benchmarks.__main__ import WORKS, main
from benchmarks.growth import Job
from benchmarks.training import over_widths

MARKS = dict.fromkeys(("training", "real_tasks", "growth"), pytest.mark.slow)
ROOT = Path(__file__).parents[1]
SIZES = peers.Sizes(16, 3, 4, 4, heads=2, layers=1)


@pytest.mark.parametrize(
    "work", [pytest.param(each, marks=MARKS.get(each, ())) for each in WORKS if each != "waiting"]
)
def test_every_benchmark_runs(work, capsys):
    assert main([work, "--smallest", "--threads", "1"]) in (0, 1)
    assert "nan" not in (said := capsys.readouterr().out)
    assert f"\n{work}: " in f"\n{said}"


@pytest.mark.long
@pytest.mark.browser
def test_the_benchmark_of_waiting_runs():
    """In a process of its own, since tests that drive a browser leave a loop of events behind."""
    command = [sys.executable, "tests/benchmarks", "waiting", "--smallest", "--threads", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    assert "\nwaiting: " in f"\n{done.stdout}"


@pytest.mark.slow
def test_a_process_of_its_own_tells_its_time_and_memory():
    found = Job(replace(SIZES, width=256), threads=1).apart()
    assert found["seconds"] > 0
    assert 2e6 < found["bytes"] < 2e8  # 0.8 million parameters of 16 bytes


@pytest.fixture
def planted(monkeypatch, tmp_path):
    """A benchmark of two sides on a clock of its own; `seconds` says how long ours takes."""
    clock, seconds = [0.0], {"ours": 1.0, "theirs": 2.0}

    def works():
        return {side: lambda side=side: clock.append(clock[-1] + seconds[side]) for side in seconds}

    def figures():
        yield from turns.compare("planted", "waiting", turns.take_turns(works(), 3), promised={"theirs": 1.5})

    now = SimpleNamespace(perf_counter=lambda: clock[-1], process_time=lambda: clock[-1])
    monkeypatch.setattr(turns, "time", now)
    monkeypatch.setitem(sys.modules, "benchmarks.planted", SimpleNamespace(figures=figures, SMALLEST={}))
    return lambda *options: main(["planted", f"--file={tmp_path / 'benchmarks.csv'}", *options]), seconds


def test_a_slow_down_is_seen(planted, capsys):
    bench, seconds = planted
    assert bench("--check") == 2
    assert "store some first, with make bench OPTIONS=--store" in capsys.readouterr().err
    assert bench("--store") == bench("--check") == 0
    seconds["ours"] = 1.1
    assert bench("--check") == 1
    fallen, count = capsys.readouterr().out.splitlines()[-2:]
    assert fallen.startswith("planted: waiting, beside theirs: 1.818 now, 2.000 on 20")
    assert fallen.endswith("it fell by 0.182, and the stored spread is 0.020.")
    assert count == "1 of 1 ratios fell."
    assert bench() == 0
    seconds["ours"] = 1.5
    assert bench() == 1
    assert "promised 1.50: BROKEN" in capsys.readouterr().out
    assert bench("--smallest", "--store") == 2


def test_a_peer_that_is_not_installed_is_left_out_and_said(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: find_spec(name) if name == "torch" else None)
    assert [each.split("(")[1] for each in peers.said_missing()] == [
        "pip install -e '.[test]').",
        "pip install -e '.[benchmarks]').",
    ]
    assert list(peers.peers("decoder-only")) == [peers.PLAIN_LOOP]
    assert list(peers.peers("encoder-decoder")) == ["torch.nn"]


@pytest.mark.parametrize("family", peers.STRUCTURES)
def test_no_side_scores_padding_or_looks_at_it(family):
    batch = peers.dense(SIZES).ours
    wider = {
        name: torch.nn.functional.pad(getattr(batch, name), (0, 2))
        for name in ("source", "target", "expected")
    }
    even, padded = (peers.collate(each) for each in (batch, replace(batch, **wider)))
    assert even.useful == padded.useful == 3 * 4
    for build in (lambda sizes: peers.ours(sizes, family), *peers.peers(family).values()):
        model, loss = build(replace(SIZES, source=6, target=6))
        model.eval()
        torch.testing.assert_close(loss(even), loss(padded))


def test_the_promise_over_widths_is_that_of_the_second_best():
    def beside(*ratios):
        sides = ("our plain path", peers.PLAIN_LOOP, "one library", "another")
        return [
            turns.Figure("training", "a width", side, ratio, ratio, ratio, 1)
            for side, ratio in zip(sides, ratios, strict=True)
        ]

    widths = [beside(0.5, 0.5, 1.3, 1.2), beside(2, 2, 1.1, 3), beside(2, 2, 4, 1.16)]
    assert over_widths("decoder-only", widths).ratio == 1.16
    assert not over_widths("decoder-only", widths).broken
