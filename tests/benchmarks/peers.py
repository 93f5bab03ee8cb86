"""The models that ours are measured beside, and ours, all as a step of learning from the same batch.

Every side has the same width, layers, heads, feed-forward width, vocabulary and one table for input and output,
fp32, no dropout, the same clipping and the same fused AdamW. A peer gets its batches made beforehand, in the form
it wants.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.turns import missing
from destructure import Structure, Transformer, TransformerConfig
from destructure.config import PADDING
from destructure.train.batches import Batch
from destructure.train.evaluate import target_loss
from destructure.train.fast import fast_target_loss

NOT_SCORED = -100
STRUCTURES = {"decoder-only": Structure.DECODER_ONLY, "encoder-decoder": Structure.ENCODER_DECODER}


@dataclass(frozen=True)
class Sizes:
    """Of a model and of a dense batch; `layers` of each stack."""

    width: int
    batch: int
    source: int
    target: int
    heads: int
    layers: int = 3
    vocabulary: int = 129

    @property
    def length(self) -> int:
        """Positions that a model needs."""
        return self.source + self.target + 2

    @property
    def tokens(self) -> int:
        """Tokens of a dense batch."""
        return self.batch * (self.source + self.target)

    def config(self, family: str) -> TransformerConfig:
        """Our model of these sizes."""
        sizes = {"vocabulary": self.vocabulary, "width": self.width, "layers": self.layers}
        return TransformerConfig(
            **sizes, heads=self.heads, structure=STRUCTURES[family], max_length=self.length
        )


@dataclass(frozen=True)
class Collated:
    """A batch, and what peers want of it; masks are None where nothing is padding.

    Attributes:
        ours: the batch itself.
        ids, mask, labels: input and target as one sequence without a gap; input tokens are not scored.
        source_mask, expected: for two stacks; padding is not scored.
        whole: `[BOS]`, target and `[EOS]` in one, for a peer that shifts by itself.
        useful: real target tokens.
    """

    ours: Batch
    ids: Tensor
    mask: Tensor | None
    labels: Tensor
    source_mask: Tensor | None
    expected: Tensor
    whole: Tensor
    useful: int


def collate(batch: Batch) -> Collated:
    """Put a batch into every form, before anything is timed."""
    source, target, expected = batch.source, batch.target, batch.expected
    scored = expected.masked_fill(expected == PADDING, NOT_SCORED)
    ids = torch.cat([source, target], dim=1)
    labels = torch.cat([torch.full_like(source, NOT_SCORED), scored], dim=1)
    real = ids != PADDING
    order = (~real).byte().argsort(dim=1, stable=True)[:, : int(real.sum(dim=1).max())]
    ids, labels, real = (each.gather(1, order) for each in (ids, labels, real))
    mask, source_mask = (None if each.all() else each for each in (real, source != PADDING))
    whole = torch.cat([target[:, :1], scored], dim=1)
    return Collated(batch, ids, mask, labels, source_mask, scored, whole, int((scored != NOT_SCORED).sum()))


def dense(sizes: Sizes) -> Collated:
    """One batch of random ids, all of the same length."""
    draw = torch.Generator().manual_seed(0)
    shapes = [(sizes.batch, length) for length in (sizes.source, sizes.target, sizes.target)]
    parts = [torch.randint(4, sizes.vocabulary, shape, generator=draw) for shape in shapes]
    return collate(Batch(*parts, examples=None, tokens=sizes.tokens))


Loss = Callable[[Collated], Tensor]


def learner(model: nn.Module, loss: Loss, rate: float = 1e-3) -> Callable[[Collated], float]:
    """One step of learning: forward, backward, clipping and AdamW; returns the loss."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, fused=True)
    model.train()

    def step(batch: Collated) -> float:
        optimizer.zero_grad()
        value = loss(batch)
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return value.item()

    return step


def ours(sizes: Sizes, family: str, fast: bool = True) -> tuple[Transformer, Loss]:
    """The course's own model, by the fast path or the plain one."""
    model, loss = Transformer(sizes.config(family), seed=0), fast_target_loss if fast else target_loss
    return model, lambda batch: loss(model, batch.ours)


def peers(family: str) -> dict[str, Callable[[Sizes], tuple[nn.Module, Loss]]]:
    """Name → what builds it, of the peers that are installed; `said_missing` says which are not."""
    return {name: build for name, (package, build) in PEERS[family].items() if not missing(package, "", "")}


def said_missing() -> list[str]:
    """A sentence for each peer that is left out."""
    asked = (("transformers", "test"), ("x_transformers", "benchmarks"))
    return [text for each in asked if (text := missing(*each, "A peer is left out"))]


def _scored(logits: Tensor, labels: Tensor) -> Tensor:
    return functional.cross_entropy(logits.flatten(0, 1), labels.flatten())


# --- decoder-only ----------------------------------------------------------------------------------------------


def _transformers():
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers


def gpt2(sizes: Sizes):
    """GPT-2 of the transformers library."""
    transformers = _transformers()

    off = dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
    off |= dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"))
    shape = {"n_embd": sizes.width, "n_layer": sizes.layers, "n_head": sizes.heads}
    config = transformers.GPT2Config(vocab_size=sizes.vocabulary, n_positions=sizes.length, **shape, **off)
    model = transformers.GPT2LMHeadModel(config)
    return model, lambda batch: _scored(model(batch.ids, attention_mask=batch.mask).logits, batch.labels)


def x_decoder(sizes: Sizes):
    """A decoder of x-transformers, with its flash attention and RMSNorm."""
    import x_transformers

    layers = x_transformers.Decoder(
        dim=sizes.width,
        depth=sizes.layers,
        heads=sizes.heads,
        attn_dim_head=sizes.width // sizes.heads,
        attn_flash=True,
        use_rmsnorm=True,
    )
    model = x_transformers.TransformerWrapper(
        num_tokens=sizes.vocabulary, max_seq_len=sizes.length, attn_layers=layers, tie_embedding=True
    )
    return model, lambda batch: _scored(model(batch.ids, mask=batch.mask), batch.labels)


class PlainBlock(nn.Module):
    """Pre-norm block with one product for queries, keys and values, and the kernel's own causal mask."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.attention_norm, self.norm = (nn.LayerNorm(width, bias=False) for _ in range(2))
        self.joint, self.output = (nn.Linear(width, size, bias=False) for size in (3 * width, width))
        self.expand = nn.Linear(width, 4 * width, bias=False)
        self.contract = nn.Linear(4 * width, width, bias=False)

    def forward(self, states: Tensor) -> Tensor:
        parts = self.joint(self.attention_norm(states)).chunk(3, dim=2)
        heads = (part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in parts)
        mixed = functional.scaled_dot_product_attention(*heads, is_causal=True)
        states = states + self.output(mixed.transpose(1, 2).flatten(2))
        return states + self.contract(functional.gelu(self.expand(self.norm(states))))


class PlainLoop(nn.Module):
    """The shortest fast decoder: no library, no padding mask (causal attention never looks at what stands behind)."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.tokens = nn.Embedding(sizes.vocabulary, sizes.width)
        self.positions = nn.Embedding(sizes.length, sizes.width)
        self.blocks = nn.ModuleList(PlainBlock(sizes.width, sizes.heads) for _ in range(sizes.layers))
        self.norm = nn.LayerNorm(sizes.width, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        states = self.tokens(ids) + self.positions(torch.arange(ids.shape[1]))
        for block in self.blocks:
            states = block(states)
        return functional.linear(self.norm(states), self.tokens.weight)


def plain_loop(sizes: Sizes):
    """A plain loop over fused blocks, written by hand."""
    model = PlainLoop(sizes)
    return model, lambda batch: _scored(model(batch.ids), batch.labels)


# --- encoder-decoder -------------------------------------------------------------------------------------------


class TorchTransformer(nn.Module):
    """`torch.nn.Transformer` with tables for tokens and positions."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.tokens = nn.Embedding(sizes.vocabulary, sizes.width)
        self.positions = nn.Embedding(sizes.length, sizes.width)
        layers = (sizes.heads, sizes.layers, sizes.layers, 4 * sizes.width)
        usual = {"dropout": 0.0, "activation": "gelu", "batch_first": True, "norm_first": True, "bias": False}
        with warnings.catch_warnings(action="ignore"):  # about nested tensors, which only evaluation has
            self.stacks = nn.Transformer(sizes.width, *layers, **usual)

    def forward(self, batch: Collated) -> Tensor:
        source, target = batch.ours.source, batch.ours.target
        padding = None if batch.source_mask is None else ~batch.source_mask
        states = self.stacks(
            *(self.tokens(ids) + self.positions(torch.arange(ids.shape[1])) for ids in (source, target)),
            tgt_mask=torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).triu(1),
            tgt_is_causal=True,
            src_key_padding_mask=padding,
            memory_key_padding_mask=padding,
        )
        return functional.linear(states, self.tokens.weight)


def torch_nn(sizes: Sizes):
    """The Transformer that comes with torch."""
    model = TorchTransformer(sizes)
    return model, lambda batch: _scored(model(batch), batch.expected)


def t5(sizes: Sizes):
    """T5 of the transformers library."""
    transformers = _transformers()

    shape = {"d_model": sizes.width, "d_kv": sizes.width // sizes.heads, "d_ff": 4 * sizes.width}
    shape |= {"num_layers": sizes.layers, "num_heads": sizes.heads}
    config = transformers.T5Config(
        vocab_size=sizes.vocabulary, **shape, dropout_rate=0.0, decoder_start_token_id=1, pad_token_id=PADDING
    )
    return _two_stacks(transformers.T5ForConditionalGeneration(config))


def bart(sizes: Sizes):
    """BART of the transformers library."""
    transformers = _transformers()

    shape = {}
    for stack in ("encoder", "decoder"):
        shape |= {f"{stack}_layers": sizes.layers, f"{stack}_attention_heads": sizes.heads}
        shape |= {f"{stack}_ffn_dim": 4 * sizes.width}
    config = transformers.BartConfig(
        vocab_size=sizes.vocabulary,
        d_model=sizes.width,
        max_position_embeddings=sizes.length + 2,
        dropout=0.0,
        attention_dropout=0.0,
        **shape,
    )
    return _two_stacks(transformers.BartForConditionalGeneration(config))


def _two_stacks(model):
    def loss(batch: Collated) -> Tensor:
        read = {"input_ids": batch.ours.source, "attention_mask": batch.source_mask}
        return _scored(model(**read, decoder_input_ids=batch.ours.target).logits, batch.expected)

    return model, loss


def x_two_stacks(sizes: Sizes):
    """Encoder and decoder of x-transformers, with flash attention."""
    import x_transformers

    shape = {}
    for stack, length in (("enc", sizes.source), ("dec", sizes.target)):
        shape |= {f"{stack}_num_tokens": sizes.vocabulary, f"{stack}_max_seq_len": length + 2}
        shape |= {f"{stack}_depth": sizes.layers, f"{stack}_heads": sizes.heads, f"{stack}_attn_flash": True}
        shape |= {f"{stack}_attn_dim_head": sizes.width // sizes.heads}
    model = x_transformers.XTransformer(dim=sizes.width, tie_token_emb=True, **shape)
    return model, lambda batch: model(batch.ours.source, batch.whole, mask=batch.source_mask)


PLAIN_LOOP = "a plain fused loop"
PEERS = {  # family → name → the package it needs, what builds it
    "decoder-only": {
        "GPT-2 (transformers)": ("transformers", gpt2),
        "x-transformers": ("x_transformers", x_decoder),
        PLAIN_LOOP: ("torch", plain_loop),
    },
    "encoder-decoder": {
        "torch.nn": ("torch", torch_nn),
        "T5 (transformers)": ("transformers", t5),
        "BART (transformers)": ("transformers", bart),
        "x-transformers": ("x_transformers", x_two_stacks),
    },
}
