"""The same weights in another structure, and in somebody else's code: what an edit does before any training."""

import torch
from torch import Tensor, nn

from destructure.structure import Structure
from destructure.transformer import Transformer


@torch.no_grad()
def carry_over(model: Transformer, structure: Structure) -> Transformer:
    """Build a model of another structure with the weights of this one.

    A part that both have keeps its weights. A part that is new is filled from the part whose role it takes over:
    cross-attention (and the normalisation before it) from self-attention in the same layer. Where two stacks become
    one, the input's weights stay.

    Args:
        model: not changed.
        structure: of the new model; everything else of its configuration is the same.

    Returns:
        A new model in evaluation mode.
    """
    edited = Transformer(model.config.with_structure(structure))
    weights = model.state_dict()  # a shared stack stands here under both names
    for name, values in edited.named_parameters():
        source = name if name in weights else name.replace("cross_attention", "attention")
        values.copy_(weights[source])
    return edited.eval()


class PlainCausalModel(nn.Module):
    """A causal language model put together from PyTorch's own layers: one sequence, one mask, nothing of this course.

    Args:
        model: a decoder-only `Transformer` with LayerNorm before each sub-layer, biases, ReLU or GELU, and learned
            positions; its weights are copied.

    Raises:
        ValueError: if the model has another structure or other blocks.
    """

    def __init__(self, model: Transformer):
        super().__init__()
        config = model.config
        blocks = (config.norm, config.norm_placement, config.bias, config.positions, config.kv_heads)
        if config.structure != Structure.DECODER_ONLY or blocks != (
            "layer",
            "before",
            True,
            "learned",
            config.heads,
        ):
            raise ValueError(
                "PlainCausalModel copies a decoder-only model with norm='layer', bias=True, learned positions and as "
                "many key-value heads as heads; build the Transformer with these."
            )
        if config.activation not in ("relu", "gelu") or config.query_key_norm or config.segments:
            raise ValueError(
                "PlainCausalModel has ReLU or GELU, no normalised queries and keys, and no segments; build the "
                "Transformer so."
            )
        layer = nn.TransformerEncoderLayer(
            config.width,
            config.heads,
            config.hidden_width,
            dropout=0.0,
            activation=config.activation,
            layer_norm_eps=config.norm_epsilon,
            batch_first=True,
            norm_first=True,
        )
        final = nn.LayerNorm(config.width, eps=config.norm_epsilon)
        self.layers = nn.TransformerEncoder(layer, config.layers, norm=final, enable_nested_tensor=False)
        self.tokens = nn.Embedding(config.vocabulary, config.width)
        self.positions = nn.Embedding(config.max_length, config.width)
        self._copy(model)
        self.eval()

    def forward(self, ids: Tensor) -> Tensor:
        """Ids (batch, length) without padding to logits (batch, length, vocabulary)."""
        length = ids.shape[1]
        hidden = nn.Transformer.generate_square_subsequent_mask(length, device=ids.device)
        states = self.tokens(ids) + self.positions.weight[:length]
        return self.layers(states, mask=hidden) @ self.tokens.weight.T

    @torch.no_grad()
    def _copy(self, model: Transformer) -> None:
        self.tokens.load_state_dict(model.embedding.tokens.state_dict())
        self.positions.load_state_dict(model.embedding.positions.state_dict())
        self.layers.norm.load_state_dict(model.input_stack.final_norm.state_dict())
        for to, layer in zip(self.layers.layers, model.input_stack.layers, strict=True):
            own = layer.attention
            three = (own.query, own.key, own.value)  # PyTorch keeps these three matrices in one
            to.self_attn.in_proj_weight.copy_(torch.cat([each.weight for each in three]))
            to.self_attn.in_proj_bias.copy_(torch.cat([each.bias for each in three]))
            to.self_attn.out_proj.load_state_dict(own.output.state_dict())
            to.norm1.load_state_dict(layer.attention_norm.state_dict())
            to.norm2.load_state_dict(layer.feed_forward_norm.state_dict())
            to.linear1.load_state_dict(layer.feed_forward.expand.state_dict())
            to.linear2.load_state_dict(layer.feed_forward.contract.state_dict())
