"""English spelling to sounds, by the recurrent encoder-decoder inside the package g2p-en (2014 style).

One layer of gated recurrent units reads the letters; its last state is all that a second layer gets for writing
phonemes. No attention. The weights are those of "g2pE: A Simple Python Module for English Grapheme To Phoneme
Conversion" (Kyubyong Park and Jongseok Kim, 2019; package licence Apache-2.0), trained on the CMU Pronouncing
Dictionary. Phonemes are written in its alphabet: "AO1" is a vowel with main stress, 2 is side stress, 0 is none.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from destructure.config import END, SPECIAL_TOKENS
from destructure.generate import greedy
from destructure.pretrained.packages import weight_file
from destructure.pretrained.reading import damaged, fill, read_arrays
from destructure.recurrent import RecurrentConfig, RecurrentModel

UNKNOWN = "[UNK]"
LETTERS = (SPECIAL_TOKENS[0], UNKNOWN, SPECIAL_TOKENS[2], *"abcdefghijklmnopqrstuvwxyz")
_STRESSED = ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
_PHONEMES = (
    *(f"{vowel}{stress}" for vowel in _STRESSED for stress in (0, 1, 2)),
    *("B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG"),
    *("P", "R", "S", "SH", "T", "TH", "UW", "V", "W", "Y", "Z", "ZH"),
)
PHONEMES = (*SPECIAL_TOKENS, UNKNOWN, *sorted(_PHONEMES))
_THEIR_ORDER = [0, 2, 3, 1, *range(4, len(PHONEMES))]  # theirs begins padding, unknown, begin, end
LONGEST = 20  # phonemes; what the package itself allows
_PARTS = {"weight_ih_l0": "w_ih", "weight_hh_l0": "w_hh", "bias_ih_l0": "b_ih", "bias_hh_l0": "b_hh"}


@dataclass(frozen=True, eq=False)
class SpellingToSound:
    """A recurrent model that reads letters and writes phonemes.

    Attributes:
        model: takes letters' ids (batch, letters + 1), ending in `[EOS]`, and phonemes' ids beginning with `[BOS]`.
        letters, phonemes: what the ids stand for.
    """

    model: RecurrentModel
    letters, phonemes = LETTERS, PHONEMES

    def encode(self, word: str) -> Tensor:
        """The ids of a word's letters and of `[EOS]`: (1, letters + 1); ValueError for other letters than a to z."""
        letters = word.lower() if isinstance(word, str) else ""
        if not letters or not set(letters) <= set(self.letters[3:]):
            raise ValueError(
                f"{word!r} cannot be spelled out: give one word of the letters a to z, without spaces, digits or "
                "accents."
            )
        return torch.tensor([[*map(self.letters.index, letters), END]])

    def speak(self, word: str) -> list[str]:
        """Say how a word sounds: at most 20 phonemes, each the most probable next one; ValueError as `encode`."""
        return [self.phonemes[index] for index in greedy(self.model, self.encode(word), longest=LONGEST)[0]]


@cache
def spelling_to_sound() -> SpellingToSound:
    """Load the model of the package g2p-en: 834,890 weights, once in a session; raises as `weight_file`."""
    return read_spelling_to_sound(weight_file("spelling_to_sound", "checkpoint20.npz"))


def read_spelling_to_sound(path: Path) -> SpellingToSound:
    """Read the model from a file of the package; FileNotFoundError or ValueError if that cannot be.

    Our ids are those of every vocabulary here (padding 0, begin 1, end 2), so the rows for phonemes change places.
    """
    arrays = read_arrays(path)
    try:
        weights = {"source_embedding.weight": arrays.pop("enc_emb")}
        for ours, theirs in (
            ("embedding.weight", "dec_emb"),
            ("output.weight", "fc_w"),
            ("output.bias", "fc_b"),
        ):
            weights[ours] = arrays.pop(theirs)[_THEIR_ORDER]
        for ours, theirs in (("encoder.0", "enc"), ("decoder.0", "dec")):
            weights |= {f"{ours}.{part}": arrays.pop(f"{theirs}_{name}") for part, name in _PARTS.items()}
        config = RecurrentConfig(
            vocabulary=len(PHONEMES),
            width=weights["embedding.weight"].shape[-1],
            reads_source=True,
            source_vocabulary=len(LETTERS),
            tied_output=False,
            output_bias=True,
            scale_embedding=False,
        )
    except (KeyError, IndexError, ValueError) as error:
        raise damaged(path, "the weights of g2p-en") from error
    return SpellingToSound(fill(lambda: RecurrentModel(config), weights | arrays, path.name))
