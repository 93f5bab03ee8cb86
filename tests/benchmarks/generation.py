"""What the course promises about speed, measured against another library side by side.

Absolute times depend on the machine and on what else runs there, so they are noise. What is promised is a ratio: both
sides do the same work with the same weights in the same process, taking turns, and their medians are compared.
`make bench` runs this file; `generation.py 5` takes 5 measurements of each side instead of 9.
"""

import importlib.util
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

WIDTH, LAYERS, HEADS, VOCABULARY = 128, 3, 4, 129
PROMPT, NEW_TOKENS = 16, 64
THREADS, REPEATS = 2, 9
TIMES_FASTER = 3.0
SAME_TEXTS = 0.95  # share of rows; two tokens that tie within rounding may fall either way


@dataclass
class Timing:
    """Seconds of each repeat of one side, on the clock and of the processors."""

    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def run(self, work: Callable[[], object]) -> object:
        """Do the work once more and note the time."""
        clock, processor = time.perf_counter(), time.process_time()
        result = work()
        self.clock.append(time.perf_counter() - clock)
        self.processor.append(time.process_time() - processor)
        return result


@dataclass(frozen=True)
class Comparison:
    """Two sides that did the same work in turns.

    Attributes:
        name: what was done.
        tokens: how many new tokens each repeat wrote.
        ours, theirs: their times.
        promised: how many times faster ours must be; `None` for a comparison without a promise.
    """

    name: str
    tokens: int
    ours: Timing
    theirs: Timing
    promised: float | None = None

    @property
    def ratio(self) -> float:
        """How many times faster ours is: the ratio of the medians on the clock."""
        return statistics.median(self.theirs.clock) / statistics.median(self.ours.clock)

    @property
    def processor_ratio(self) -> float:
        """The same in processor seconds, which waiting for other programs does not change."""
        return statistics.median(self.theirs.processor) / statistics.median(self.ours.processor)

    @property
    def spread(self) -> tuple[float, float]:
        """The smallest and the largest ratio of one repeat."""
        ratios = [theirs / ours for ours, theirs in zip(self.ours.clock, self.theirs.clock, strict=True)]
        return min(ratios), max(ratios)

    @property
    def broken(self) -> bool:
        """Whether there is a promise and it is not kept."""
        return self.promised is not None and self.ratio < self.promised

    def __str__(self) -> str:
        low, high = self.spread
        rates = [self.tokens / statistics.median(side.clock) for side in (self.ours, self.theirs)]
        verdict = ""
        if self.promised is not None:
            verdict = f"  promised {self.promised:.1f}: {'BROKEN' if self.broken else 'kept'}"
        return (
            f"{self.name:<34} {self.ratio:5.2f} times (repeats {low:.2f} to {high:.2f}; processor time "
            f"{self.processor_ratio:.2f}); {rates[0]:,.0f} against {rates[1]:,.0f} tokens a second{verdict}"
        )


def take_turns(
    ours: Callable[[], object], theirs: Callable[[], object], repeats: int
) -> tuple[Timing, Timing]:
    """Run both sides in turns, so that what else the machine does falls on both; the first round warms up."""
    ours(), theirs()
    timings = Timing(), Timing()
    for repeat in range(repeats):
        sides = list(zip(timings, (ours, theirs), strict=True))
        for timing, work in sides if repeat % 2 else reversed(sides):
            timing.run(work)
    return timings


def generation(repeats: int = REPEATS) -> Iterator[Comparison]:
    """Greedy writing with a cache, against GPT-2 of the transformers library with the same weights.

    Width 128, 3 layers, batches of 1 and 64, each row a prompt of 16 tokens and 64 new ones. Beside the promised
    comparisons, the plain path with and without a cache, which is what the course teaches, on the same work.

    Raises:
        ValueError: if transformers is not installed, or the two sides write different texts.
    """
    import torch

    from destructure.generate import generate

    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        theirs, ours = same_models()
        for batch in (1, 64):
            prompts = torch.randint(
                1, VOCABULARY, (batch, PROMPT), generator=torch.Generator().manual_seed(batch)
            )

            def write(prompts=prompts, **keywords):
                return generate(ours, None, NEW_TOKENS, prompts=prompts, begin=None, end=None, **keywords)

            def write_theirs(prompts=prompts):
                with torch.inference_mode():
                    keywords = {"max_new_tokens": NEW_TOKENS, "do_sample": False, "use_cache": True}
                    return theirs.generate(prompts, attention_mask=torch.ones_like(prompts), **keywords)

            _require_same_texts(write(), write_theirs()[:, PROMPT:].tolist())
            for name, keywords, promised, turns in (
                ("", {}, TIMES_FASTER, repeats),
                (", plain path", {"fast": False}, None, min(repeats, 3)),
                (", plain path, no cache", {"cache": False}, None, min(repeats, 3)),
            ):
                sides = take_turns(lambda keywords=keywords: write(**keywords), write_theirs, turns)
                yield Comparison(f"writing, batch {batch}{name}", batch * NEW_TOKENS, *sides, promised)
    finally:
        torch.set_num_threads(before)


def same_models():
    """A GPT-2 of the transformers library with random weights, and a `Transformer` with the same ones."""
    if importlib.util.find_spec("transformers") is None:
        raise ValueError(
            "Nothing to compare with: install transformers, with pip install -e '.[test]', and run again."
        )
    import torch
    import transformers

    from destructure.pretrained.checkpoints import from_checkpoint

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    config = transformers.GPT2Config(
        vocab_size=VOCABULARY,
        n_positions=PROMPT + NEW_TOKENS,
        n_embd=WIDTH,
        n_layer=LAYERS,
        n_head=HEADS,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=None,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        theirs = transformers.GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        theirs.transformer.wte.weight *= 10  # logits far enough apart that rounding decides nothing
    with tempfile.TemporaryDirectory() as folder:
        theirs.save_pretrained(folder)
        return theirs, from_checkpoint(folder).eval()


def _require_same_texts(ours: list[list[int]], theirs: list[list[int]]) -> None:
    same = sum(one == other for one, other in zip(ours, theirs, strict=True)) / len(ours)
    if same < SAME_TEXTS:
        raise ValueError(
            f"The two sides wrote the same text in only {same:.0%} of the rows, so their times say nothing."
        )


def main(repeats: int = REPEATS) -> int:
    """Print every comparison; return 1 if a promise is broken, 2 if there is nothing to compare with."""
    print("Ratios of medians over repeats, both sides in turns; absolute times are noise.")
    broken = False
    try:
        for comparison in generation(repeats):
            print(comparison, flush=True)
            broken |= comparison.broken
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 2
    return int(broken)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
