"""Which language is it? Real messages in 26 languages, a token per character; and the same messages with gaps."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Literal, get_args

from destructure.tasks.base import (
    SPLITS,
    Pair,
    Split,
    Task,
    Vocabulary,
    require_choice,
    require_split,
    require_whole,
)
from destructure.tasks.message_catalogues import LANGUAGES, Message, place_of, read_messages

Answer = Literal["class", "code", "name"]

UNKNOWN, FIRST, HIDDEN = "\ufffd", "[CLS]", "[MASK]"
"""A character that no training message has; what stands before the text; what stands for a hidden character."""

_DIALS = ("answer", "share", "messages", "copies", "longest")  # what a task is known by

_SHORTEST_PIECE = 10  # characters; a shorter piece says too little about its language

_ENDS: dict[Split, tuple[float, float]] = {"train": (0, 0.85), "validation": (0.85, 0.9), "test": (0.9, 1)}


class _Messages(Task):
    """What the two tasks share: the messages, their splits and their tokens."""

    joint = ""

    def __init__(self, messages: int | None, copies: int, longest: int, folder: str | Path | None):
        self.copies, self.longest = require_whole("copies", copies, 1), require_whole("longest", longest, 2)
        self._folder = Path(folder) if folder is not None else None
        self.messages = None if messages is None else require_whole("messages", messages, 1)
        available = len({message.english for message in self._share["train"]})
        if messages is not None and messages > available:
            raise ValueError(f"messages is {messages}, but only {available} may be learned from; take fewer.")

    def __repr__(self) -> str:
        dials = {name: value for name, value in vars(self).items() if name in _DIALS}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in dials.items())})"

    def split_messages(self, split: Split) -> list[Message]:
        """The messages of one split, cut to `longest` characters, each language in turn.

        A split has whole messages, that is, all translations of some English originals. Different originals now and
        then have the same translation; validation and test are without the texts that stand in an earlier split.
        """
        return self._chosen[require_split(split)]

    def items(self, split: Split) -> Sequence[str]:
        """The English originals: what no two splits may share."""
        return list(dict.fromkeys(message.english for message in self.split_messages(split)))

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Characters of the training messages (of all of them, however many are used), and the special tokens."""
        ascii_letters = map(chr, range(ord(" "), ord("~") + 1))
        seen = {character for message in self._share["train"] for character in message.text}
        labels = (f"[{code}]" for code in LANGUAGES)
        return Vocabulary([*sorted(seen.union(ascii_letters)), UNKNOWN, FIRST, HIDDEN, *labels])

    def encode_source(self, text: str) -> tuple[int, ...]:
        """Text as ids, one per character, cut to `longest`; unknown ones share an id. ValueError if it is empty."""
        text = " ".join(text.split())[: self.longest]
        if not text:
            raise ValueError("There is no text to read; give at least one character.")
        return tuple(self.vocabulary.encode(one if one in self._known else UNKNOWN for one in text))

    def read_pair(self, text: str) -> Pair:
        """Any text as something to read, with nothing to write."""
        return Pair(self.encode_source(text), ())

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(token for token in self.vocabulary.tokens if len(token) == 1)

    @cached_property
    def _share(self) -> dict[Split, list[Message]]:
        """All messages of each split."""
        every = read_messages(self._folder)
        return {
            split: [message for message in every if low <= place_of(message.english) < high]
            for split, (low, high) in _ENDS.items()
        }

    @cached_property
    def _chosen(self) -> dict[Split, list[Message]]:
        originals = sorted({message.english for message in self._share["train"]}, key=place_of)
        wanted = set(originals[: self.messages])
        chosen: dict[Split, list[Message]] = {}
        known = {message.text[: self.longest] for message in self._share["train"]}
        for split in SPLITS:
            cut = [message._replace(text=message.text[: self.longest]) for message in self._share[split]]
            if split == "train":
                chosen[split] = [message for message in cut if message.english in wanted]
            else:
                chosen[split] = [message for message in cut if message.text not in known]
                known |= {message.text for message in cut}
        return chosen


class LanguageIdentification(_Messages):
    """Say in which of 26 languages a message is written.

    The messages are those of the Django web framework (`message_catalogues`): 18,557 texts of 5.2.19, half of them
    shorter than 18 characters, with placeholders such as `%(name)s` left in. A few texts are the same in two
    languages, so no method can be right always.

    Args:
        answer: what is written: "class", one token that stands for the language; "code", two characters such as
            "da"; or "name", such as "Danish". The ids of all other tokens are the same in all three.
        messages: how many English originals to learn from, in all languages each; None takes all. A smaller set is
            part of a larger, and validation and test never change.
        copies: how often each training message occurs: the first, third, ... time whole, in between as a random
            piece of at least a third of it and 10 characters (data augmentation; the pieces are always the same).
        longest: characters after which a text is cut off.
        folder: of an unpacked Django; by default the installed one.

    Raises:
        ValueError: if a dial is not allowed, or Django's catalogues are missing or damaged.

    Example:
        >>> task = LanguageIdentification("code")                                   # doctest: +SKIP
        >>> task.decode_target(task.encode_target("Danish"))                        # doctest: +SKIP
        'da'
    """

    def __init__(
        self,
        answer: Answer = "class",
        messages: int | None = None,
        copies: int = 1,
        longest: int = 64,
        folder: str | Path | None = None,
    ):
        self.answer = require_choice("answer", answer, get_args(Answer))
        super().__init__(messages, copies, longest, folder)
        self.languages = tuple(LANGUAGES)  # codes, in the order of their classes

    @cached_property
    def label_tokens(self) -> tuple[int, ...]:
        """The id of each language's one-token answer, in the order of `languages`."""
        return tuple(self.vocabulary.encode(f"[{code}]" for code in LANGUAGES))

    def encode_target(self, text: str) -> tuple[int, ...]:
        """A language, by code or English name, as the answer's ids; ValueError if it is none of the 26."""
        typed = text.strip().casefold()
        for code, name in LANGUAGES.items():
            if typed in (code, name.casefold()):
                return self._answers[code]
        raise ValueError(f"{text!r} is not one of the languages; use one of {', '.join(LANGUAGES)}.")

    def decode_target(self, ids: Sequence[int]) -> str:
        """What a model wrote, as text: a code or name where it wrote one, else whatever it wrote."""
        return super().decode_target(ids).strip("[]")

    @cached_property
    def _answers(self) -> dict[str, tuple[int, ...]]:
        spelled = {
            code: {"class": [f"[{code}]"], "code": code, "name": LANGUAGES[code]} for code in LANGUAGES
        }
        return {code: tuple(self.vocabulary.encode(spelled[code][self.answer])) for code in LANGUAGES}

    def _make_pairs(self, split: Split) -> Iterator[Pair]:
        for message in self.split_messages(split):
            for piece in self._pieces(message, split):
                yield Pair(piece, self._answers[message.language])

    def _pieces(self, message: Message, split: Split) -> list[tuple[int, ...]]:
        """The message as ids; of a training message all its copies."""
        ids = self.encode_source(message.text)
        times = self.copies if split == "train" else 1
        name = f"{message.english} {message.language}"
        pieces = [piece_of(ids, f"{name} {time}") if time % 2 else ids for time in range(times)]
        return [ids if piece in self._kept_back else piece for piece in pieces]

    @cached_property
    def _kept_back(self) -> frozenset[tuple[int, ...]]:
        """What is validated and tested: a piece of a training message may happen to equal such a text."""
        later = self.split_messages("validation") + self.split_messages("test")
        return frozenset(self.encode_source(message.text) for message in later)


class HiddenCharacters(_Messages):
    """Fill the gaps: in each message some characters are hidden, and the whole message is to be given back.

    This is masked modelling (Devlin 2018, section 3.1), a token per character. As in BERT's own data, each training
    message is stored several times with different gaps. BERT also put some wrong tokens in place of masks, since its
    later tasks have no masks; that is left out here.

    Args:
        share: of the characters to hide, above 0 and below 1; at least one per message.
        copies: how often each training message occurs, each time with other gaps.
        messages, longest, folder: as in `LanguageIdentification`, whose vocabulary and splits it shares.
    """

    def __init__(
        self,
        share: float = 0.15,
        copies: int = 4,
        messages: int | None = None,
        longest: int = 64,
        folder: str | Path | None = None,
    ):
        if not isinstance(share, float) or not 0 < share < 1:
            raise ValueError(f"share is {share!r}; give a fraction between 0 and 1, such as 0.15.")
        self.share = share
        super().__init__(messages, copies, longest, folder)

    @cached_property
    def hidden_token(self) -> int:
        """The id that stands for a hidden character."""
        return self.vocabulary.encode([HIDDEN])[0]

    def _make_pairs(self, split: Split) -> Iterator[Pair]:
        """The message with gaps, and the message; the gaps are the same every time."""
        for number, message in enumerate(self.split_messages(split)):
            ids = self.encode_source(message.text)
            for copy in range(self.copies if split == "train" else 1):
                yield Pair(self._hide(ids, f"{split} {number} {copy}"), ids)

    def _hide(self, ids: tuple[int, ...], seed: str) -> tuple[int, ...]:
        """Hide a share of the ids, chosen by the seed; at least one."""
        count = max(1, round(self.share * len(ids)))
        places = set(Random(seed).sample(range(len(ids)), count))
        return tuple(self.hidden_token if place in places else one for place, one in enumerate(ids))


def piece_of(ids: tuple[int, ...], seed: str) -> tuple[int, ...]:
    """A random run of neighbouring ids: at least a third of them and 10; fewer than that are kept whole."""
    random = Random(f"{seed}")
    lowest = max(_SHORTEST_PIECE, len(ids) // 3)
    if lowest >= len(ids):
        return ids
    length = random.randint(lowest, len(ids))
    start = random.randint(0, len(ids) - length)
    return ids[start : start + length]
