"""An encoder-only model behind the one trainer's interface: `model(source, target)` gives logits.

The trainer teaches models to write a target after a source. An encoder writes nothing, but a classifier can be said
to write one token out of a few, and then must stop, and a masked model to give the text back: what it was shown is
copied, what was hidden it must guess. What is certain costs no loss, so only the label, or only the hidden tokens,
teach anything. But it counts in the mean: a loss is per target token (half the label's loss for a classifier).
"""

import torch
from torch import Tensor, nn

from destructure import cost
from destructure.config import END, PADDING, TransformerConfig
from destructure.tasks.languages import FIRST, HIDDEN, HiddenCharacters, LanguageIdentification
from destructure.transformer import EncoderOnly

_CERTAIN = 1e4  # a logit beyond all doubt, yet finite


class Classifier(nn.Module):
    """An `EncoderOnly` that answers with one of the task's languages.

    Its linear layer gets the mean of all final states, as in most sentence encoders (Reimers 2019); BERT's, and the
    drawing at 20:23, take the state of a first token (`EncoderOnly.classify`).

    Args:
        config: sizes; its vocabulary is the task's.
        task: tells the token of each label.
        seed: decides the random weights.
    """

    def __init__(self, config: TransformerConfig, task: LanguageIdentification, seed: int = 0):
        super().__init__()
        self.config = config
        self.encoder = EncoderOnly(config, labels=len(task.languages), seed=seed)
        self.label_tokens = list(task.label_tokens)

    def label_logits(self, source: Tensor) -> Tensor:
        """Texts (batch, source) to logits (batch, labels)."""
        return self.encoder.classifier(mean_state(self.encoder(source), source))

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Logits (batch, target, vocabulary): first one of the labels, then `[EOS]` for certain."""
        labels = self.label_logits(source)
        logits = labels.new_full((*target.shape, self.config.vocabulary), -_CERTAIN)
        logits[:, 0, self.label_tokens] = labels
        logits[:, 1:, END] = _CERTAIN
        return logits

    def training_flops(self, source: int, target: int) -> int:
        """FLOPs to learn from one text of `source` characters, by formula."""
        return 3 * self.answer_flops(source)

    def answer_flops(self, source: int) -> int:
        """FLOPs of one answer about `source` characters, by formula: one pass."""
        return cost.encoder_flops(self.config, source, labels=len(self.label_tokens))


class GapFiller(nn.Module):
    """An `EncoderOnly` that guesses hidden characters from what stands on both sides; arguments as `Classifier`'s."""

    def __init__(self, config: TransformerConfig, task: HiddenCharacters, seed: int = 0):
        super().__init__()
        self.config = config
        self.encoder = EncoderOnly(config, seed=seed)
        self.first, self.hidden = task.vocabulary.encode([FIRST, HIDDEN])

    def guesses(self, source: Tensor) -> Tensor:
        """Texts with gaps (batch, source) to logits (batch, source, vocabulary)."""
        return self.encoder.masked_logits(with_first(source, self.first))[:, 1:]

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Logits (batch, target, vocabulary): guesses in the gaps; what was shown, and `[EOS]`, for certain."""
        guesses = self.guesses(source)
        shown = torch.where(source == PADDING, END, source)
        shown = nn.functional.pad(shown, (0, 1), value=END)[:, : target.shape[1]]
        guesses = nn.functional.pad(guesses, (0, 0, 0, 1))[:, : target.shape[1]]
        certain = nn.functional.one_hot(shown, self.config.vocabulary) * _CERTAIN
        return torch.where((shown == self.hidden).unsqueeze(-1), guesses, certain)

    def training_flops(self, source: int, target: int) -> int:
        """FLOPs to learn from one text, by formula, logits of all its characters included."""
        logits = 2 * (source + 1) * self.config.width * self.config.vocabulary
        return 3 * (cost.encoder_flops(self.config, source + 1) + logits)


def mean_state(states: Tensor, ids: Tensor) -> Tensor:
    """Average the states (batch, length, width) of real tokens; padding does not count: (batch, width)."""
    real = (ids != PADDING).unsqueeze(-1)
    return (states * real).sum(dim=1) / real.sum(dim=1)


def with_first(source: Tensor, first: int) -> Tensor:
    """Put one token before each text."""
    return nn.functional.pad(source, (1, 0), value=first)
