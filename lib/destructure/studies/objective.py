"""Registered for notebook 11: likelihood against reward (the plan: data/registration.md, part F)."""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional

from destructure.config import BEGIN
from destructure.structure import Structure
from destructure.study import Study, grid, names
from destructure.transformer import Transformer, TransformerConfig

LETTERS, LENGTH, FIRST = 8, 6, 3  # the first letter's id is 3
EXAMPLES, JUDGED, UPDATES = 2_000, 100, (0, 10, 25, 50, 100)
ARMS = {"more likelihood": 0, "true rule": 0, "learned reward": 0, "learned reward, held near": 1}
"""What the updates after the first training learn from, and what a nat of divergence costs there."""


def is_right(words: Tensor) -> Tensor:
    """Which words (batch, length) read the same backwards: 512 of 262,144, so there are many right answers."""
    return (words == words.flip(1)).all(dim=1)


def examples(seed: int) -> Tensor:
    """What people wrote: 70 in 100 words are right, in the others one letter slipped."""
    draw = torch.Generator().manual_seed(seed)
    half = torch.randint(LETTERS, (EXAMPLES, LENGTH // 2), generator=draw)
    words, rows = torch.cat([half, half.flip(1)], dim=1), torch.arange(EXAMPLES * 7 // 10, EXAMPLES)
    places = torch.randint(LENGTH, (len(rows),), generator=draw)
    words[rows, places] += torch.randint(1, LETTERS, (len(rows),), generator=draw)
    return FIRST + words % LETTERS


def log_likelihood(writer: Transformer, words: Tensor) -> Tensor:
    """Of each word (batch, length), nats."""
    begun = functional.pad(words[:, :-1], (1, 0), value=BEGIN)
    chances = writer(None, begun)[..., FIRST:].log_softmax(dim=-1)
    return chances.gather(2, words[..., None] - FIRST).sum(dim=(1, 2))


@torch.no_grad()
def write(writer: Transformer, count: int, draw: torch.Generator) -> Tensor:
    """Words (count, length), letter by letter at temperature 1."""
    words = torch.full((count, 1), BEGIN)
    for _ in range(LENGTH):
        chances = writer(None, words)[:, -1, FIRST:].softmax(dim=-1)
        words = torch.cat([words, FIRST + torch.multinomial(chances, 1, generator=draw)], dim=1)
    return words[:, 1:]


def learn(model: nn.Module, updates: Sequence[int], rate: float, loss: Callable[[], Tensor]) -> Iterator[int]:
    """Lower a loss, update by update; hands over after each of the numbers of updates."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01)
    for done in range(max(updates) + 1):
        if done in updates:
            yield done
        optimiser.zero_grad()
        loss().backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()


def train_judge(words: Tensor, seed: int) -> nn.Module:
    """Learn from judged words (batch, length) what is right: a perceptron over concatenated letters."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = nn.Linear(16 * LENGTH, 64), nn.ReLU(), nn.Linear(64, 1), nn.Flatten(0)
        judge = nn.Sequential(nn.Embedding(FIRST + LETTERS, 16), nn.Flatten(), *layers)
    right, loss = is_right(words).float(), functional.binary_cross_entropy_with_logits
    list(learn(judge, (300,), 3e-3, lambda: loss(judge(words), right)))
    return judge


def improve(arm: str, seed: int, updates: Sequence[int] = UPDATES) -> Iterator[dict]:
    """Train a writer by likelihood, then one arm; a row per number of updates, from 2,000 words it writes then."""
    sizes = {"width": 32, "layers": 2, "heads": 2, "max_length": LENGTH, "structure": Structure.DECODER_ONLY}
    writer = Transformer(TransformerConfig(FIRST + LETTERS, **sizes), seed=seed)
    shown, draw, measuring = examples(seed), *(torch.Generator().manual_seed(seed + each) for each in (0, 1))

    def likelihood() -> Tensor:
        return -log_likelihood(writer, shown[torch.randint(EXAMPLES, (128,), generator=draw)]).mean()

    list(learn(writer, (400,), 4e-3, likelihood))
    first, judge = deepcopy(writer), train_judge(write(writer, JUDGED, measuring), seed)
    reward = (lambda words: is_right(words).float()) if arm == "true rule" else judge

    def policy() -> Tensor:  # Williams 1992: a word gets likelier by as much as it earned more than the mean
        words = write(writer, 128, draw)
        likely = log_likelihood(writer, words)
        with torch.no_grad():
            earned = reward(words) - ARMS[arm] * (likely - log_likelihood(first, words))
        return -((earned - earned.mean()) / (earned.std() + 1e-6) * likely).mean()

    for done in learn(writer, updates, 1e-3, likelihood if arm == "more likelihood" else policy):
        with torch.no_grad():
            words = write(writer, 2_000, measuring)
            drift = (log_likelihood(writer, words) - log_likelihood(first, words)).mean().item()
            found = {"judged": judge(words).sigmoid().mean().item(), "drift": drift}
        right = is_right(words)
        found |= {"right": right.float().mean().item(), "distinct": len(words[right].unique(dim=0))}
        yield {"updates": done} | found


STUDY = Study(
    name="likelihood_or_reward",
    columns=names("arm seed updates right judged distinct drift cpu_seconds torch machine"),
    gained=("seconds",),
    runs=grid(seed=range(200, 208), arm=ARMS),
    one_run=lambda run: improve(run["arm"], run["seed"]),
)
