"""Beam search: several beginnings side by side, the best few kept at every step."""

from dataclasses import dataclass

import torch
from torch import Tensor

from destructure.config import PADDING
from destructure.generate.methods import Beam
from destructure.generate.request import Request, read_source, rows_of_source
from destructure.generate.writers import make_writer


@dataclass(frozen=True)
class Hypothesis:
    """One text that beam search kept: new ids without the end token, log-probability with it, in nats."""

    ids: list[int]
    log_probability: float
    score: float  # log_probability / length ** length_penalty: what texts are compared by
    ended: bool  # otherwise it was cut off


@torch.inference_mode()
def beam_search(
    model, request: Request, how: Beam, cache: bool = True, fast: bool = True
) -> list[list[Hypothesis]]:
    """Search for the most probable text of each row of a request (`make_requests`), and return all that were kept.

    At every step each of the `width` texts is extended by every token, texts that have ended compete unchanged, and
    the `width` with the best score stay. The search ends when all kept texts have ended. It can miss the best text,
    because a beginning that looks poor is given up for good; with width 1 it is greedy writing.

    Returns:
        For each row up to `width` texts, the best first.
    """
    batch, width = len(request.rows), how.width
    # `width` rows for each row asked for; the source is read once.
    source, wide = read_source(model, request.source), torch.arange(batch).repeat_interleave(width)
    prompts = request.prompts.repeat_interleave(width, dim=0)
    writer = make_writer(model, rows_of_source(source, wide), prompts, request.longest, cache, fast)
    texts = _Texts.start(batch, width)
    for step in range(request.longest):
        logits = request.only_tokens(writer.logits())
        ids, rows = texts.extend(logits, request.ends, how.length_penalty)
        if bool(texts.ended.all()):
            break
        if step + 1 < request.longest:
            writer.reorder(rows.to(logits.device))
            writer.append(ids.to(logits.device))
    return texts.sorted(request.ends, how.length_penalty)


@dataclass
class _Texts:
    """The texts in the beam: (batch, width) of each; free places count as ended, with probability 0."""

    ids: Tensor  # (batch, width, length); padding after the end
    total: Tensor  # log-probabilities
    length: Tensor  # tokens, the end token included
    ended: Tensor

    @classmethod
    def start(cls, batch: int, width: int) -> "_Texts":
        """One empty text a row; the other places of the beam are free."""
        total = torch.full((batch, width), -torch.inf, dtype=torch.float64)
        total[:, 0] = 0
        ids = torch.zeros(batch, width, 0, dtype=torch.long)
        return cls(ids, total, torch.zeros(batch, width, dtype=torch.long), total < 0)

    def extend(self, logits: Tensor, ends: frozenset[int], length_penalty: float) -> tuple[Tensor, Tensor]:
        """Extend every text by every token and keep the best: their last ids and the rows that they go on from."""
        batch, width = self.total.shape
        vocabulary = logits.shape[-1]
        step = logits.cpu().double().log_softmax(dim=-1).view(batch, width, vocabulary)
        # A text that has ended can only stay as it is: by padding, which costs nothing and adds no length.
        step = step.masked_fill(self.ended.unsqueeze(-1), -torch.inf)
        step[..., PADDING] = step[..., PADDING].masked_fill(self.ended, 0)
        totals = self.total.unsqueeze(-1) + step
        lengths = (self.length + ~self.ended).unsqueeze(-1)
        scores = totals / _divisor(lengths, length_penalty)
        chosen = scores.flatten(1).topk(width, dim=1).indices
        place, ids = chosen // vocabulary, chosen % vocabulary

        self.total = totals.flatten(1).gather(1, chosen)
        was_ended = self.ended.gather(1, place)
        self.length = self.length.gather(1, place) + ~was_ended
        free = self.total == -torch.inf
        self.ended = was_ended | free | torch.isin(ids, torch.tensor(sorted(ends), dtype=torch.long))
        kept = self.ids.gather(1, place.unsqueeze(-1).expand(-1, -1, self.ids.shape[-1]))
        self.ids = torch.cat([kept, ids.unsqueeze(-1)], dim=-1)
        rows = place + width * torch.arange(batch).unsqueeze(1)
        return ids.flatten(), rows.flatten()

    def sorted(self, ends: frozenset[int], length_penalty: float) -> list[list[Hypothesis]]:
        """The texts of each row, the best first."""
        scores = self.total / _divisor(self.length, length_penalty)
        found = []
        for row, order in enumerate(scores.argsort(dim=1, descending=True, stable=True).tolist()):
            taken = [place for place in order if float(self.total[row, place]) > -torch.inf]
            found.append([self._hypothesis(row, place, float(scores[row, place]), ends) for place in taken])
        return found

    def _hypothesis(self, row: int, place: int, score: float, ends: frozenset[int]) -> Hypothesis:
        ids = self.ids[row, place, : int(self.length[row, place])].tolist()
        ended = ids[-1] in ends
        return Hypothesis(ids[:-1] if ended else ids, float(self.total[row, place]), score, ended)


def _divisor(lengths: Tensor, length_penalty: float) -> Tensor:
    # Doubles: a power of whole numbers would be single precision.
    return lengths.clamp(min=1).double() ** length_penalty
