"""The sixteen trained corners that the structure explorer runs: `data/results/corner_models.safetensors`.

    python -m destructure.studies.corner_models         # makes the file anew: five minutes of one processor core

Each is one registered run of the plan `structure_corners`, width 32, trained again as registered; what is new is that
its weights are kept, 16 bits each. The seed is the plan's first for all sixteen: nothing was chosen by its score.
"""

import json
from functools import cache
from pathlib import Path

import safetensors.torch
from torch import nn
from tqdm.auto import tqdm

from destructure.files import data_folder, write_atomically
from destructure.structure import Structure
from destructure.studies.plans import make_plan, stored_rows
from destructure.studies.plans.removal import PLENTIFUL, SEEDS
from destructure.study import RunConfiguration, build_model, run_configuration
from destructure.study.measure import scores
from destructure.tasks.numbers import NumberTranslation
from destructure.transformer import Transformer

PLAN, WIDTH = "structure_corners", 32


def weights_file() -> Path:
    """Tensors named "S1 -- S3 --/embedding.tokens.weight"; its metadata say of each corner how well it does."""
    return data_folder() / "results" / "corner_models.safetensors"


@cache
def corner_task() -> NumberTranslation:
    """What all of them learned: English numbers up to 99,999 to German ones."""
    return NumberTranslation(**PLENTIFUL)


@cache
def corner_runs() -> dict[str, RunConfiguration]:
    """The registered run of each corner, by the corner's code."""
    alike = "corner", WIDTH, SEEDS[0]
    runs = (run for run in make_plan(PLAN).runs if (run.arm, run.width, run.seed) == alike)
    return {run.structure.code: run for run in runs}


def stored_corner(structure: Structure) -> Transformer:
    """The trained model of one of the sixteen corners, in evaluation mode."""
    run, size = corner_runs()[structure.code], len(corner_task().vocabulary)
    stored = safetensors.torch.load_file(weights_file())
    return _filled(build_model(run, size, corner_task().max_length), stored, f"{structure.code}/").eval()


def _filled(model: nn.Module, stored: dict, start: str = "") -> nn.Module:
    for name, parameter in model.named_parameters():
        parameter.data.copy_(stored[start + name])
    return model


def _train_all() -> None:
    tensors, about, table = {}, {}, stored_rows(PLAN)
    for code, run in tqdm(corner_runs().items(), unit="corner"):
        trained = []
        row = run_configuration(run, device="cpu", then=trained.append)[-1]
        halves = {name: each.detach().half() for name, each in trained[0].named_parameters()}
        tensors |= {f"{code}/{name}": each.contiguous() for name, each in halves.items()}
        pairs = corner_task().pairs("test")[: row["examples"]]
        alike = [table[column] == row[column] for column in ("arm", "width", "structure", "budget")]
        about[code] = {
            "run": run.run,
            "right": scores(_filled(trained[0], halves), pairs)["exact_match"],  # measured as it is stored
            "before": row["exact_match"],
            "seeds": sorted(table.loc[sum(alike) == len(alike), "exact_match"]),
        }
        tqdm.write(f"{code}: {about[code]}")
    told = {"seed": SEEDS[0], "tokens": corner_task().vocabulary.tokens, "corners": about}
    write_atomically(weights_file(), safetensors.torch.save(tensors, {"about": json.dumps(told)}))


if __name__ == "__main__":
    _train_all()
