"""What models learn: one small class a task. Imports without torch.

Adding a task is one file here with one subclass of `Task`. `sentence.py` is the shortest example. It sets
`vocabulary` and writes two methods: `_make_pairs(split)` gives the examples of "train", "validation" or "test" as
ids, always in the same order, and `encode_source(text)` turns text into ids, or says in a sentence what it
cannot read.

Decide first what two splits must not share (a number, a message, a document), return it from `items`, and let
`check_no_leak(task)` confirm that they do not. Then add the class to the imports below.
"""

from destructure.config import BEGIN, END, PADDING, SPECIAL_TOKENS
from destructure.tasks.base import SPLITS, Pair, Split, Task, Vocabulary, check_no_leak
from destructure.tasks.copying import Copying
from destructure.tasks.docstrings import DocstringContinuation, DocstringText
from destructure.tasks.instruction import ListInstruction
from destructure.tasks.languages import HiddenCharacters, LanguageIdentification
from destructure.tasks.ledger import Ledger
from destructure.tasks.message_catalogues import LANGUAGES
from destructure.tasks.number_words import english, german
from destructure.tasks.numbers import NumberTranslation
from destructure.tasks.role_swap import RoleSwap
from destructure.tasks.sentence import SentencePair
from destructure.tasks.telephone import TelephoneNumbers
from destructure.tasks.turns import Turns
from destructure.tasks.verses import VerseTranslation
