"""Runs that notebooks make live, with the kernels and threads of this process, beside the bands that they print.

`python tests/benchmarks/live_bands.py 00 04` appends to data/results/live_bands.csv; the plan is in the README
there. Threads: OMP_NUM_THREADS; shorter instructions: `ATEN_CPU_CAPABILITY=avx2 MKL_ENABLE_INSTRUCTIONS=AVX2`;
notebook 00's other seeds: `00 seeds`.
"""

import sys
from pathlib import Path

import pandas as pd
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from destructure.files import data_folder
from notebook_cells import code_cells, run_cells

FILE = data_folder() / "results" / "live_bands.csv"
READ = {  # notebook: the last cell that has to run, and cells that keep what, value, low, high
    "00": ("trained = exact_match", "[('unseen numbers right', trained, low, high, '.0%')]"),
    "02": ("bands[method] = low, high", "[(m, mine[m]['bits'], *bands[m], '.2f') for m in bands]"),
    "03": ("bands = {}", "[(arm, *each, '.1%') for arm, each in bands.items()]"),
    "04": ("apart = 100", "[('unseen', right['unseen'], 0.95, 1, '.0%'), ('points', apart, 0, 100, '.0f')]"),
    "05": ("your encoder lies where", "[('messages named right', accuracy, low, high, '.0%')]"),
    "06": ("bands[result.budget]", "[(f'{key:.0e} FLOPs', *each, '.0%') for key, each in bands.items()]"),
    "07": ("bands = {}", "[(pair, *each, '.3f') for pair, each in bands.items()]"),
}
SEEDS = """[(f'seed {seed}', exact_match(train(Transformer(settings, seed=seed), task, Recipe(steps=250,
    tokens_per_batch=600), seed=seed).model, task.pairs('test')), low, high, '.0%') for seed in range(1, 9)]"""

if __name__ == "__main__":
    asked = [each for each in sys.argv[1:] if each != "seeds"] or list(READ)
    where = torch.backends.cpu.get_cpu_capability(), torch.get_num_threads()
    for number in asked:
        last, read = READ[number]
        cells, here = code_cells(number), {}
        place = next(place for place, source in enumerate(cells) if last in source)
        run_cells(
            cells[: place + 1],
            here,
            ("try_translator(", "TryAttention("),
        )
        rows = [
            (number, what, *where, f"{value:.6g}", f"{low:{form}} to {high:{form}}")
            for what, value, low, high, form in eval(SEEDS if "seeds" in sys.argv else read, here)
        ]
        table = pd.DataFrame(rows, columns=["notebook", "what", "kernels", "threads", "value", "band"])
        table.to_csv(FILE, mode="a", header=not FILE.exists(), index=False)
        print(table.to_string(index=False))
