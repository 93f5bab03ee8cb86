"""Real text in many languages that installs with one package: the messages of the Django web framework.

Django comes with its interface translated by volunteers (BSD licence). A compiled catalogue (a .mo file) maps each
English message to its translation; Python's own `gettext` reads it. Nothing of Django is imported or executed.
"""

import gettext
import hashlib
import importlib.metadata
import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from struct import error as StructError
from typing import NamedTuple

# fmt: off
LANGUAGES = {
    "ca": "Catalan", "cs": "Czech", "cy": "Welsh", "da": "Danish", "de": "German", "es": "Spanish", "et": "Estonian",
    "eu": "Basque", "fi": "Finnish", "fr": "French", "ga": "Irish", "hr": "Croatian", "hu": "Hungarian",
    "is": "Icelandic", "it": "Italian", "lt": "Lithuanian", "lv": "Latvian", "nb": "Norwegian", "nl": "Dutch",
    "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "sk": "Slovak", "sl": "Slovenian", "sv": "Swedish",
    "tr": "Turkish",
}
# fmt: on
"""Code → English name of 26 languages of Europe that are written in the Latin alphabet."""

FEWEST_MESSAGES = 300  # of a language; a complete Django has well over 500
_CONTEXT = "\x04"  # gettext writes "context, this character, message" where a word has several meanings
_INSTALL = "install it again with the course: pip install --force-reinstall 'django>=5.2,<5.3'"


class Message(NamedTuple):
    """One translated message.

    Attributes:
        english: the English original, which names the message in all languages.
        language: code, such as "da".
        text: the translation, white space made single.
    """

    english: str
    language: str
    text: str


def django_folder() -> Path:
    """Where Django is installed; ValueError if it is not."""
    found = importlib.util.find_spec("django")
    if found is None or not found.submodule_search_locations:
        raise ValueError(
            "Django, whose message catalogues are this task's text, is not installed; it comes with the course, or "
            "install it alone: pip install 'django>=5.2,<5.3'."
        )
    return Path(next(iter(found.submodule_search_locations)))


def django_version() -> str:
    """Version of the installed Django, such as "5.2.19"; each version has slightly different messages."""
    try:
        return importlib.metadata.version("django")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


@cache
def read_messages(folder: Path | None = None) -> tuple[Message, ...]:
    """Read the translations of all 26 languages, each language sorted by the English message.

    A message counts once per language, also if several catalogues have it. Of a message with a plural, the first form
    counts. Left out are translations that equal the English original, and those of a single character.

    Args:
        folder: of the package; by default the installed Django.

    Raises:
        ValueError: if a catalogue is missing or damaged, or a language has too few messages.
    """
    folder = folder or django_folder()
    paths = sorted(folder.rglob("LC_MESSAGES/django.mo"))
    messages: list[Message] = []
    for language in LANGUAGES:
        found: dict[str, str] = {}
        for path in (path for path in paths if path.parts[-3] == language):
            for english, text in _translations(path, folder):
                if text != english and len(text) > 1:
                    found.setdefault(english, " ".join(text.split()))
        if len(found) < FEWEST_MESSAGES:
            raise ValueError(
                f"Only {len(found)} messages in {LANGUAGES[language]} were found in the installed Django; its "
                f"message catalogues seem to be missing: {_INSTALL}."
            )
        messages += [Message(english, language, found[english]) for english in sorted(found)]
    return tuple(messages)


def _translations(path: Path, folder: Path) -> Iterator[tuple[str, str]]:
    try:
        with path.open("rb") as file:
            catalogue = gettext.GNUTranslations(file)._catalog  # the only way to list the messages
    except (OSError, UnicodeError, ValueError, StructError, IndexError) as error:
        reason = error.strerror if isinstance(error, OSError) else error  # the former's text has the path
        raise ValueError(
            f"Django's message catalogue {path.relative_to(folder).as_posix()} is damaged and cannot be read "
            f"({reason}); {_INSTALL}."
        ) from None
    for key, text in catalogue.items():
        message, plural_form = key if isinstance(key, tuple) else (key, 0)
        english = message.rpartition(_CONTEXT)[2]
        if english and plural_form == 0:  # the empty message holds the catalogue's own description
            yield english, text


def place_of(english: str) -> float:
    """A message's fixed place between 0 and 1: which split it belongs to, and how early it is learned from.

    It depends on the message alone, so it is the same in all languages, versions and subsets.
    """
    return int.from_bytes(hashlib.sha256(english.encode()).digest()[:6]) / 256**6
