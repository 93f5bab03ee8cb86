"""What a model with final-layer memory (S3) hands from its input stack to its target layers."""

import torch
from torch import Tensor, nn

from destructure.blocks import FeedForward, make_norm
from destructure.config import TransformerConfig


class FinalMemory(nn.Module):
    """The input states that each target layer reads: the final ones, or one of two counter-proposals.

    A viewer of the lecture asked whether "only the last layer" is what matters about S3, and proposed to let the
    target attend to all the encoder's layers, or to put a feed-forward block on top of the encoder (@pierce8308).
    `config.final_memory` chooses:

    - "plain": every target layer reads the final states (Vaswani 2017).
    - "layer_mix": every target layer reads a weighted average of all input layers' states, with weights of its own
      that are learned and begin equal (transparent attention, Bapna 2018, arXiv 1808.07561).
    - "feed_forward": the final states go through one more feed-forward block first.
    """

    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.kind, self.layers = config.final_memory, config.layers
        if self.kind == "layer_mix":
            # Flat, so that it starts at equal numbers like every other vector of weights.
            self.mix = nn.Parameter(torch.ones(config.layers * config.layers))
        elif self.kind == "feed_forward":
            self.norm, self.feed_forward = make_norm(config), FeedForward(config)
            self.last_norm = make_norm(config)

    def forward(self, by_layer: list[Tensor]) -> list[Tensor]:
        """What each target layer reads, from each input layer's normalised states (batch, source, width)."""
        final = by_layer[-1]
        if self.kind == "layer_mix":
            return list(torch.einsum("tl,lbsw->tbsw", self.weights(), torch.stack(by_layer)))
        if self.kind == "feed_forward":
            final = self.last_norm(final + self.feed_forward(self.norm(final)))
        return [final] * self.layers

    def weights(self) -> Tensor:
        """How much each target layer (row) takes of each input layer (column); rows add up to 1."""
        return self.mix.view(self.layers, self.layers).softmax(dim=-1)
