"""The registered study behind notebook 05: naming a language by an encoder, by a decoder that spells it, by counting.

The plan, with its date, its pilots and what would contradict the expectation, is in data/results/README.md.
`python -m destructure.studies.language_study` runs what is missing and appends one row a run to
data/results/language_identification.csv.
"""

import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy import stats
from torch import nn

from destructure import cost
from destructure.config import TransformerConfig
from destructure.counting import NaiveBayes
from destructure.files import data_folder
from destructure.structure import Structure
from destructure.studies.encoders import Classifier
from destructure.study.storage import ResultsFile
from destructure.tasks.languages import LanguageIdentification
from destructure.tasks.message_catalogues import Message, django_version
from destructure.train.batches import Batches
from destructure.train.evaluate import greedy
from destructure.train.loop import Run, train
from destructure.train.recipe import Recipe
from destructure.transformer import Transformer

COUNTING = "counting"
LAYERS = {"encoder-only": 1, "decoder-only": 2}
"""The trained methods. A decoder needs two layers: where it writes, the first sees single characters only."""
ENCODER, DECODER = LAYERS

MESSAGES = (12, 47, 187, 748)
"""How many English originals are learned from, in up to 26 languages each; the last is all."""
REPORTING_SEEDS = tuple(range(200, 205))
LESSON_SEED = 0
SHORTEST = 15
"""Characters a text must have to count in the main measure: the language of "Ja" cannot be known."""
BUDGET = 1.2e12
"""Training FLOPs of each trained run, whatever its method and data."""
COPIES = 4
LONGEST_NGRAM = 4
AT_ONCE = 100
MARGIN = 0.04
"""How far outside the stored seeds another seed on another machine may land, as a share of answers."""
GROUPS = {
    "Scandinavian": ("da", "nb", "sv"),
    "Czech and Slovak": ("cs", "sk"),
    "Iberian": ("ca", "es", "pt"),
}
"""Languages so close that a short text is easily taken for the other."""
COLUMNS = (
    "method",
    "messages",
    "texts",
    "seed",
    "status",
    "accuracy",
    "accuracy_all",
    "answer_flops",
    "steps",
    "flops",
    "cpu_seconds",
    "django",
    "torch",
    "machine",
)
_ROW_KEY = ("method", "messages", "seed")


@dataclass(frozen=True)
class Job:
    """One run: everything that decides its numbers.

    Attributes:
        method: a key of `LAYERS`, or `COUNTING`.
        messages: English originals to learn from.
        seed: decides the weights and the order of the texts.
    """

    method: str
    messages: int
    seed: int


@cache
def make_task(method: str = ENCODER, messages: int | None = None) -> LanguageIdentification:
    """The task in the form a method answers it: as a class, or spelled as a code of two letters."""
    answer = "code" if method == DECODER else "class"
    copies = 1 if method == COUNTING else COPIES
    return LanguageIdentification(answer, messages=messages, copies=copies)


def make_config(method: str) -> TransformerConfig:
    """The blocks of the trained models: the same in all but their number, and the decoder's causal mask."""
    task = make_task(method)
    return TransformerConfig(
        vocabulary=len(task.vocabulary),
        width=64,
        layers=LAYERS[method],
        heads=8,
        structure=Structure.DECODER_ONLY,  # plays no part in an encoder-only model
        activation="swiglu",
        positions="rotary",
        rotary_base=10.0,  # texts are short and neighbours matter most
        scale_embedding=True,
        max_length=task.max_length + 1,
    )


def make_recipe() -> Recipe:
    """How every method is trained."""
    return Recipe(flops=BUDGET, learning_rate=3e-3, tokens_per_batch=2000, cooldown=0.7, averaging=0.995)


def make_model(method: str, seed: int) -> nn.Module:
    """The untrained model of a method."""
    config = make_config(method)
    if method == DECODER:
        return Transformer(config, seed=seed)
    return Classifier(config, make_task(method), seed=seed)


def train_model(method: str, seed: int, messages: int | None = None, progress: bool = True) -> Run:
    """Train an encoder-only or decoder-only model; the seed decides the weights and the order of the texts."""
    return train(
        make_model(method, seed),
        make_task(method, messages),
        make_recipe(),
        seed=seed,
        progress=progress,
        measure=lambda model: {},  # measured once, at the end, by `accuracy`
    )


def train_counting(messages: int | None = None) -> NaiveBayes:
    """Count the n-grams of the same texts, each text once."""
    learned = make_task(COUNTING, messages).split_messages("train")
    model = NaiveBayes(LONGEST_NGRAM)
    model.learn([message.text for message in learned], [message.language for message in learned])
    return model


# --- answers ---------------------------------------------------------------------------------------------------


@torch.no_grad()
def answers(model, texts: Sequence[str]) -> list[str]:
    """The language that a model of any method gives each text: a code, or whatever else it wrote."""
    if isinstance(model, NaiveBayes):
        return model.predict(texts)
    parts = [texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE)]
    if not isinstance(model, Classifier):
        task = make_task(DECODER)
        written = [ids for part in parts for ids in greedy(model, _padded(task, part), longest=3)]
        return [task.decode_target(ids) for ids in written]
    task = make_task(ENCODER)
    return [
        task.languages[label]
        for part in parts
        for label in model.label_logits(_padded(task, part)).argmax(dim=1).tolist()
    ]


def unseen_messages(shortest: int = SHORTEST, split: str = "test") -> list[Message]:
    """Unseen messages of at least so many characters."""
    return [message for message in make_task().split_messages(split) if len(message.text) >= shortest]


def accuracy(model, messages: Sequence[Message]) -> float:
    """Share of texts whose language is named right; a spelled answer must be right to the last letter."""
    given = answers(model, [message.text for message in messages])
    right = sum(answer == message.language for answer, message in zip(given, messages, strict=True))
    return right / len(messages)


def answer_flops(model, characters: int) -> int:
    """FLOPs of one answer about a text of so many characters, by formula.

    The decoder reads the text, `[BOS]` and the letters of the code, and predicts the letters and `[EOS]`; thanks to a
    cache nothing is computed twice. Counting has additions in place of FLOPs.
    """
    if isinstance(model, NaiveBayes):
        return model.answer_operations(characters)
    if isinstance(model, Classifier):
        return model.answer_flops(characters)
    return cost.forward_flops(model.config, characters, len("da") + 1)


def mean_answer_flops(model, messages: Sequence[Message]) -> float:
    """Mean FLOPs (for counting: additions) of an answer about these texts."""
    return float(np.mean([answer_flops(model, len(message.text)) for message in messages]))


def _padded(task: LanguageIdentification, texts: Sequence[str]) -> torch.Tensor:
    pairs = [task.read_pair(text) for text in texts]
    return Batches(pairs, 1, seed=0).of(np.arange(len(pairs))).source


# --- stored rows -----------------------------------------------------------------------------------------------


def results_file() -> Path:
    """Where the rows are."""
    return data_folder() / "results" / "language_identification.csv"


def results() -> pd.DataFrame:
    """All rows, one a run; no rows if nothing has run yet."""
    path = results_file()
    return pd.read_csv(path) if path.exists() else pd.DataFrame(columns=list(COLUMNS))


def jobs() -> list[Job]:
    """Every run, seed by seed, so that whoever stops early has whole seeds.

    Counting has no randomness, so it runs once for each amount of data. The decoder runs with all data.
    """
    sizes = {ENCODER: MESSAGES, DECODER: MESSAGES[-1:]}
    counted = [Job(COUNTING, messages, REPORTING_SEEDS[0]) for messages in MESSAGES]
    return counted + [
        Job(method, messages, seed)
        for seed in REPORTING_SEEDS
        for method in LAYERS
        for messages in sizes[method]
    ]


def missing_jobs(rows: pd.DataFrame) -> list[Job]:
    """What has no row yet."""
    done = set(rows[list(_ROW_KEY)].itertuples(index=False, name=None))
    return [job for job in jobs() if (job.method, job.messages, job.seed) not in done]


def run_missing() -> int:
    """Run what has no row yet, writing each run's row as it ends; return how many runs were added."""
    added, file = 0, ResultsFile(results_file(), COLUMNS)
    file.repair()
    for job in missing_jobs(results()):
        added += file.append([run_job(job)], unless=_ROW_KEY)
    return added


def run_job(job: Job) -> dict:
    """Run one job; return its row. A diverged run knows nothing."""
    started = time.process_time()
    if job.method == COUNTING:
        model, status, spent = train_counting(job.messages), "finished", {"step": 1, "flops": 0}
    else:
        run = train_model(job.method, job.seed, job.messages, progress=False)
        if run.status == "interrupted":
            raise KeyboardInterrupt
        model, status, spent = run.model, run.status, run.history.iloc[-1]
    seconds = round(time.process_time() - started, 1)
    failed = status != "finished"
    long = unseen_messages()
    return {
        "method": job.method,
        "messages": job.messages,
        "texts": len(make_task(job.method, job.messages).split_messages("train")),
        "seed": job.seed,
        "status": status,
        "accuracy": 0.0 if failed else round(accuracy(model, long), 4),
        "accuracy_all": 0.0 if failed else round(accuracy(model, unseen_messages(1)), 4),
        "answer_flops": round(mean_answer_flops(model, long)),
        "steps": int(spent["step"]),
        "flops": int(spent["flops"]),
        "cpu_seconds": seconds,
        "django": django_version(),
        "torch": torch.__version__.split("+")[0],
        "machine": f"{platform.system()} {platform.machine()} CPU",
    }


# --- what the rows say -----------------------------------------------------------------------------------------


def runs_of(rows: pd.DataFrame, method: str, messages: int = MESSAGES[-1]) -> pd.DataFrame:
    """The rows of one method that learned from so many originals."""
    return rows[(rows.method == method) & (rows.messages == messages)]


def difference(rows: pd.DataFrame, method: str, other: str) -> tuple[float, float, float]:
    """How much more accurate one trained method is than another with all data: paired by seed.

    Returns:
        The mean difference as a share of answers, and the low and high end of its 95% interval (Student's t).
    """
    first, second = (runs_of(rows, name).set_index("seed").accuracy for name in (method, other))
    differences = (first - second).dropna()
    interval = stats.ttest_1samp(differences, 0.0).confidence_interval(0.95)
    return float(differences.mean()), float(interval.low), float(interval.high)


def gaps(rows: pd.DataFrame) -> pd.DataFrame:
    """How far counting is ahead of the encoder at each amount of data.

    Returns:
        One row an amount, in rising order: messages, texts, gap (mean over seeds, share of answers), and the low and
        high end of the 95% interval over the encoder's seeds.
    """
    found = []
    for messages in sorted(rows[rows.method == ENCODER].messages.unique()):
        counted, trained = (runs_of(rows, method, messages) for method in (COUNTING, ENCODER))
        ahead = counted.accuracy.item() - trained.accuracy
        interval = stats.ttest_1samp(ahead, 0.0).confidence_interval(0.95)
        found.append((messages, trained.texts.iloc[0], ahead.mean(), interval.low, interval.high))
    return pd.DataFrame(found, columns=["messages", "texts", "gap", "low", "high"])


def stored_interval(rows: pd.DataFrame, method: str) -> tuple[float, float]:
    """Where another seed's accuracy with all data should land: between the stored seeds, and a margin more."""
    stored = runs_of(rows, method).accuracy
    return float(stored.min() - MARGIN), min(1.0, float(stored.max() + MARGIN))


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(run_missing(), "runs added")
