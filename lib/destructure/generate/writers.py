"""Writers: a model in the middle of a text. The loop asks one for logits, chooses, and tells it what was chosen.

Every writer has three methods:

    logits()        (rows, vocabulary): how likely each token is to come next
    append(ids)     (rows,): one chosen token for each row
    reorder(rows)   (rows,): continue row `rows[i]`'s text in row i; rows may only swap where they share the source

`PlainWriter` is the one to read. `destructure.generate.fast` does the same sooner.
"""

import torch
from torch import Tensor

from destructure.attention import KeyValues
from destructure.config import PADDING
from destructure.generate.fast import FastWriter
from destructure.generate.request import read_source
from destructure.recurrent import RecurrentCache, RecurrentModel
from destructure.transformer import Transformer


class PlainWriter:
    """A `Transformer` that writes, by its own `read` and `write`.

    With the cache, the input is read once, and keys and values of written tokens are kept; each step computes the new
    token only. That is possible in all sixteen structures: no token sees a later *target* token, so what was computed
    for a written token never changes while the text grows. Without the cache, each step computes everything again.

    Args:
        model: any structure.
        source: (rows, source) ids, or the `Memory` of an input read before.
        prompts: (rows, prompt) ids to go on from, padded on the left.
        cache: whether to keep what was computed.

    Attributes:
        written: (rows, length) all target ids so far, prompts included.
    """

    def __init__(self, model: Transformer, source, prompts: Tensor, cache: bool = True):
        self.model, self.written, self.keep = model, prompts, cache
        self.memory = read_source(model, source)
        self.cache: list[KeyValues] | None = None
        self.done, self._logits = 0, None

    def logits(self) -> Tensor:
        """How likely each token is to come next, (rows, vocabulary)."""
        if not self.keep:
            memory = self.model.read(self.memory.source)
            return self.model.write(memory, self.written)[0][:, -1]
        if self.done < self.written.shape[1]:
            logits, self.cache, _ = self.model.write(self.memory, self.written, self.cache)
            self.done, self._logits = self.written.shape[1], logits[:, -1]
        return self._logits

    def append(self, ids: Tensor) -> None:
        """Go on with these ids: (rows,), one for each row, or (rows, several)."""
        self.written = torch.cat([self.written, ids.view(len(ids), -1)], dim=1)

    def reorder(self, rows: Tensor) -> None:
        """Continue row `rows[i]`'s text in row i; rows may only swap where they share the source."""
        self.written = self.written[rows]
        if self.cache is not None:
            self.cache = [KeyValues(keys[rows], values[rows]) for keys, values in self.cache]
            self._logits = self._logits[rows]


class RecurrentWriter(PlainWriter):
    """A `RecurrentModel` that writes. Its cache is its state, as large after a thousand tokens as after one.

    A state cannot hide padding, as a mask does: so padding must not reach it. Sources are moved to stand before their
    padding, and where prompts differ in length, each row's state waits until its prompt begins.

    Args:
        model, source, prompts, cache: as in `PlainWriter`.
    """

    def __init__(self, model: RecurrentModel, source, prompts: Tensor, cache: bool = True):
        super().__init__(model, source, prompts, cache)
        self.source = source
        self._forget()

    def logits(self) -> Tensor:
        """How likely each token is to come next, (rows, vocabulary)."""
        if not self.keep:
            self.memory = read_source(self.model, self.source)
            self._forget()
        new = self.written[:, self.done :]
        pieces = [new] if bool((new != PADDING).all()) else new.split(1, dim=1)
        for piece in pieces:
            self._go_on(piece)
        return self._logits

    def reorder(self, rows: Tensor) -> None:
        """Continue row `rows[i]`'s text in row i; rows may only swap where they share the source."""
        super().reorder(rows)
        self.states, self._logits = [state[rows] for state in self.states], self._logits[rows]

    def _go_on(self, ids):
        logits, cache, _ = self.model.write(self.memory, ids, RecurrentCache(self.states, 0))
        real = ids[:, :1] != PADDING
        self.states = [
            torch.where(real, new, old) for new, old in zip(cache.states, self.states, strict=True)
        ]
        self._logits = logits[:, -1]
        self.done += ids.shape[1]

    def _forget(self):
        self.states, self.done, self._logits = self.memory.start, 0, None


def make_writer(model, source, prompts: Tensor, longest: int, cache: bool, fast: bool):
    """The writer for a model: its state if it is recurrent, else the fast path with the cache or the plain one.

    Under `torch.autocast` it is the plain one: buffers of one number format cannot hold what autocast makes of it.
    """
    if isinstance(model, RecurrentModel):
        return RecurrentWriter(model, source, prompts, cache)
    mixed = torch.is_autocast_enabled(prompts.device.type)
    if cache and fast and not mixed and isinstance(model, Transformer):
        return FastWriter(model, source, prompts, longest)
    return PlainWriter(model, source, prompts, cache)
