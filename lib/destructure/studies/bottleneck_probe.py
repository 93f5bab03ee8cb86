"""The registered probe of notebook 09: do the encoder's last states still say which token stands where?

The lecture asks whether it is an information bottleneck that the decoder reads the encoder's *final* layer only (CS25
V4, 31:43). If it is, the last layer should have lost what the first still had. The plan is in data/registration.md,
part B; `read_outs` says what is measured.
"""

from collections.abc import Iterator
from dataclasses import replace

from torch import nn

from destructure.studies.plans import dials
from destructure.studies.plans.removal import SEEDS
from destructure.studies.plans.tuning import tuned_rate
from destructure.studies.read_outs import ReadOut, chance, read_outs
from destructure.study import LATER, RunConfiguration, Study, build_model, build_task, by_budget, grid, names
from destructure.study.measure import scores
from destructure.tasks.base import Task
from destructure.train import train

DEPTHS = (2, 4, 6)
TUNED_AT = {2: 2, 4: 4, 6: 4}
"""Encoder layers → the depth whose learning rate is used."""


def configuration(layers: int, seed: int) -> RunConfiguration:
    """One run of the plan: where part B has the same depth, its very run, by name.

    Raises:
        ValueError: if this depth is not in the plan, or its learning rate has not been tuned yet.
    """
    if layers not in DEPTHS:
        raise ValueError(f"layers is {layers!r}; the plan has {', '.join(map(str, DEPTHS))}.")
    arm, tuned = (
        dials.depth_setting(each).arm(dials.ALL, layers=each) for each in (layers, TUNED_AT[layers])
    )
    return replace(arm, learning_rate=tuned_rate(tuned, dials.tuning_file()), seed=seed)


def probe(chosen: RunConfiguration, progress: bool = False) -> Iterator[dict]:
    """Train one model as part B trains it; read out from it, and from the same model untrained: a row a layer each.

    A run that diverged has rows without an accuracy.

    Raises:
        KeyboardInterrupt: after the current step, if Ctrl-C was pressed.
    """
    task = build_task(chosen.task, chosen.dials)
    models = [build_model(chosen, len(task.vocabulary), task.max_length) for _ in range(2)]
    measured = task.pairs(chosen.split)[: dict(chosen.measuring)["examples"]]
    # Not watched on the way, as the sweep's run is; that changes no weight.
    recipe, how = replace(chosen.recipe, evaluate_every=None), {"seed": chosen.seed, "progress": progress}
    run = train(models[0], task, recipe, measure=lambda model: scores(model, measured), **how)
    *_, after = by_budget(run, chosen.budgets, exact_match=None)
    before = {"status": "finished", "steps": 0, "flops": 0, "examples_seen": 0, "epochs": 0.0}
    before |= {"exact_match": scores(models[1].eval(), measured)["exact_match"]}
    shared = {name: getattr(chosen, name) for name in ("run", "seed", "layers", "learning_rate")}
    shared["chance"] = chance(task)
    for trained, model, spent in ((True, run.model, after), (False, models[1], before)):
        for layer in _layers(model, task, chosen.layers, spent["status"]):
            yield shared | spent | layer._asdict() | {"trained": trained}


def _layers(model: nn.Module, task: Task, layers: int, status: str) -> list[ReadOut]:
    if status == "finished":
        return read_outs(model, task)
    return [ReadOut(layer, None, None) for layer in range(layers + 1)]


STUDY = Study(
    name="bottleneck_probe",
    columns=names(
        "run seed layers trained layer status accuracy accuracy_learned chance exact_match "
        "learning_rate steps flops cpu_seconds torch machine"
    ),
    gained=LATER,
    runs=grid(seed=SEEDS, layers=DEPTHS),
    one_run=lambda run: probe(configuration(run["layers"], run["seed"])),
)
rows = STUDY.rows
