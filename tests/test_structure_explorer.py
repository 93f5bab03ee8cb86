"""The structure explorer: the browser computes what PyTorch computes, and its models are the registered ones."""

import json
import shutil
import subprocess
from functools import cache
from importlib.resources import files

import pytest
import safetensors
import torch

from destructure import Structure, cost
from destructure.config import BEGIN, END
from destructure.generate import greedy
from destructure.show import watch
from destructure.studies.corner_models import (
    corner_runs,
    corner_task,
    stored_corner,
    weights_file,
)
from destructure.studies.plans import stored_rows
from destructure.study.measure import scores

CORNERS = pytest.mark.parametrize("structure", Structure.all(), ids=lambda each: each.code)
NUMBERS = (0, 1, 21, 101, 4_711, 99_999, 999_999)
MORE = (*range(130), *range(900, 1_130), *range(0, 1_000_000, 7_919), 999_999)
SCRIPT = """
const file = openWeights(require("fs").readFileSync(GIVEN.file));
const found = { english: GIVEN.more.map((each) => english(each)), german: GIVEN.more.map((each) => german(each)) };
const forced = (model, { source, target }) => {
  const memory = read(model, source), cache = [[], [], []];
  const steps = target.map((id) => write(model, memory, cache, id));
  const logits = steps.map((step) => Array.from(step.logits));
  return { logits, weights: steps.map((step) => step.weights), reading: memory.weights };
};
for (const code of Object.keys(file.about.corners)) {
  const structure = structureOf(code), model = file.model(structure);
  found[code] = {
    pairs: GIVEN.pairs.map((pair) => forced(model, pair)),
    other: forced({ ...model, structure: { ...structure, S4: !structure.S4 } }, GIVEN.pairs[4]).logits,
    written: GIVEN.pairs.map(({ source }) => translate(model, source).steps.map((step) => step.written)),
    parameters: model.parameters,
    flops: forwardFlops(structure, 5, 7, file.about.tokens.length),
    cache: cacheBytes(5, 7),
  };
}
console.log(JSON.stringify(found));
"""


def node():
    """Node by itself, or the one that comes with playwright."""
    if found := shutil.which("node"):
        return found
    driver = pytest.importorskip(
        "playwright._impl._driver", reason="no node here, and no playwright with its own"
    )
    return driver.compute_driver_executable()[0]


@cache
def pairs():
    return [corner_task().pair(number) for number in NUMBERS]


@cache
def computed():
    """What the explorer's script says, computed once for all tests."""
    given = [{"source": pair.source, "target": (BEGIN, *pair.target)} for pair in pairs()]
    given = json.dumps({"file": str(weights_file()), "pairs": given, "more": MORE})
    script = (files("destructure.show") / "corner_model.js").read_text(encoding="utf-8")
    whole = f"{script}\nconst GIVEN = {given};\n{SCRIPT}"
    ran = subprocess.run([node()], input=whole, capture_output=True, text=True, encoding="utf-8", timeout=120)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout)


def tensors(pair):
    return torch.tensor([pair.source]), torch.tensor([[BEGIN, *pair.target]])


@CORNERS
@torch.no_grad()
def test_the_browser_computes_the_logits_of_pytorch(structure):
    model, found = stored_corner(structure), computed()[structure.code]
    for pair, browser in zip(pairs(), found["pairs"], strict=True):
        logits = model(*tensors(pair))[0]
        assert (logits - torch.tensor(browser["logits"])).abs().max() < 1e-4
    with_other_mask = torch.tensor(
        found["other"]
    )  # planted: weights of one corner under the switch of another
    assert (model(*tensors(pairs()[4]))[0] - with_other_mask).abs().max() > 1e-2


@CORNERS
@torch.no_grad()
def test_the_lines_are_the_attention_of_pytorch(structure):
    model, browser = stored_corner(structure), computed()[structure.code]["pairs"][4]
    maps, length = model.attention_maps(*tensors(pairs()[4])), len(pairs()[4].source)
    for level in range(model.config.layers):
        for token, heads in enumerate(browser["reading"][level]):
            seen = len(heads[0])
            expected = maps.source[level][0, :, token]
            assert torch.allclose(torch.tensor(heads, dtype=torch.float32), expected[:, :seen], atol=1e-4)
            assert not expected[:, seen:].any()
        for token, layers in enumerate(browser["weights"]):
            target = maps.target[level][0, :, token]
            if structure.separate_cross_attention:
                expected = torch.cat([maps.cross[level][0, :, token], target], dim=-1)
            else:
                expected = target
            drawn = torch.tensor(
                [[*head["input"], *head["target"]] for head in layers[level]], dtype=torch.float32
            )
            assert torch.allclose(drawn, expected[:, : length + token + 1], atol=1e-4)


@CORNERS
def test_what_it_writes_and_costs_is_what_the_library_says(structure):
    model, found = stored_corner(structure), computed()[structure.code]
    assert found["parameters"] == cost.parameters(model.config)
    assert found["flops"] == cost.forward_flops(model.config, 5, 7)
    assert found["cache"] == cost.cache_bytes(model.config, 5, 7)
    for pair, written in zip(pairs(), found["written"], strict=True):
        room = model.config.max_length - len(pair.source)
        (greedily,) = greedy(model, torch.tensor([pair.source]), room)
        assert written == [*greedily, END][:room]


def test_the_browser_spells_numbers_as_the_task_does():
    task = corner_task()
    assert computed()["english"] == [list(task.pair(number).source) for number in MORE]
    assert computed()["german"] == [list(task.pair(number).target) for number in MORE]


# --- the models, and the widget ------------------------------------------------------------------------------


@cache
def about():
    with safetensors.safe_open(weights_file(), "pt") as file:
        return json.loads(file.metadata()["about"])


def test_the_models_are_registered_runs_beside_the_stored_seeds():
    rows, runs = stored_rows("structure_corners"), corner_runs()
    assert weights_file().stat().st_size < 3e6
    assert tuple(about()["tokens"]) == corner_task().vocabulary.tokens
    assert list(about()["corners"]) == [each.code for each in Structure.all()] == list(runs)
    for code, told in about()["corners"].items():
        alike = rows.query("arm == 'corner' and width == 32 and structure == @code and budget == 8e10")
        assert (told["run"], told["seeds"]) == (runs[code].run, sorted(alike.exact_match))
        assert (told["run"] in set(alike.run), len(told["seeds"])) == (True, 8)
        assert told["before"] == pytest.approx(told["right"], abs=0.01)  # 16 bits change little


@pytest.mark.parametrize(
    "structure", [Structure.ENCODER_DECODER, Structure(False, False, True, True)], ids=str
)
def test_the_score_it_shows_is_that_of_the_stored_weights(structure):
    measured = scores(stored_corner(structure), corner_task().pairs("test"))["exact_match"]
    assert measured == pytest.approx(about()["corners"][structure.code]["right"], abs=0.003)


def test_without_a_kernel_there_is_a_table_of_what_all_sixteen_write():
    explorer = watch(23)
    saved = explorer.saved()
    assert explorer.resting == saved  # also where its cell was run and it was never seen
    assert saved.count("<tr>") == 16
    assert saved.count("dreiundzwanzig") >= 12
    assert "S1 -- S3 --" in saved
    assert watch(999_999).saved().count("neunhundert") >= 8
    assert "https://" not in watch._esm


@pytest.mark.parametrize("number", [-1, 1_000_000, "23", 2.5])
def test_what_is_no_number_is_refused_in_one_sentence(number):
    with pytest.raises(ValueError, match="give a whole number from 0 to 999,999"):
        watch(number)
