"""The number-word generator against num2words, an independent implementation."""

import random
import re

import numpy as np
import pytest
from num2words import CONVERTER_CLASSES, num2words

from destructure.tasks.number_words import LARGEST, english, german

GENERATORS = {"en": english, "de": german}
X01_THOUSANDS = {1000 * count + rest for count in range(101, 1000, 100) for rest in range(1000)}


def reference(language):
    """num2words' generator, several times faster: its names of numbers from a million on are taken out."""
    converter = type(CONVERTER_CLASSES[language])()
    for value in [value for value in converter.cards if value > LARGEST]:
        del converter.cards[value]

    def write(number):
        words = converter.to_cardinal(number)
        return re.sub(r",| and\b", "", words) if language == "en" else words

    return write


@pytest.fixture(scope="module")
def sample_above_99_999():
    return sorted(X01_THOUSANDS | set(random.Random(0).sample(range(100_000, LARGEST + 1), 5_000)))


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "de"])
def test_equals_num2words_to_99_999(language):
    write, ours = reference(language), GENERATORS[language]
    for number in random.Random(1).sample(range(LARGEST + 1), 50):  # the faster reference is num2words
        assert write(number) == re.sub(r",| and\b", "", num2words(number, lang=language))
    assert [n for n in range(100_000) if ours(n) != write(n)] == []


def test_english_equals_num2words_above_99_999(sample_above_99_999):
    write = reference("en")
    assert [n for n in sample_above_99_999 if english(n) != write(n)] == []


def test_german_differs_from_num2words_only_by_its_x01_thousand_fault(sample_above_99_999):
    """num2words writes "einhunderteinstausend" for 101,000; "eins" keeps its s only at the very end of a word."""
    write = reference("de")
    different = {n for n in sample_above_99_999 if german(n) != write(n)}
    assert different <= X01_THOUSANDS  # all of them in num2words 0.5.14, none if a later version is right
    assert all(write(n).replace("einstausend", "eintausend") == german(n) for n in different)


@pytest.mark.parametrize(
    ("number", "in_english", "in_german"),
    [
        (0, "zero", "null"),
        (1, "one", "eins"),
        (16, "sixteen", "sechzehn"),
        (21, "twenty-one", "einundzwanzig"),
        (30, "thirty", "dreißig"),
        (77, "seventy-seven", "siebenundsiebzig"),
        (100, "one hundred", "einhundert"),
        (101, "one hundred one", "einhunderteins"),
        (1_000, "one thousand", "eintausend"),
        (1_001, "one thousand one", "eintausendeins"),
        (21_021, "twenty-one thousand twenty-one", "einundzwanzigtausendeinundzwanzig"),
        (101_000, "one hundred one thousand", "einhunderteintausend"),
        (901_101, "nine hundred one thousand one hundred one", "neunhunderteintausendeinhunderteins"),
        (
            999_999,
            "nine hundred ninety-nine thousand nine hundred ninety-nine",
            "neunhundertneunundneunzigtausendneunhundertneunundneunzig",
        ),
    ],
)
def test_known_numbers(number, in_english, in_german):
    assert english(number) == in_english
    assert german(number) == in_german


@pytest.mark.parametrize(("write", "thousand"), [(english, " thousand"), (german, "tausend")])
def test_all_forms_are_distinct(write, thousand, sample_above_99_999):
    """A form is its thousands, the word for thousand and the rest; both parts can be told from each other.

    So it is enough that the parts are distinct and that every form is put together like this.
    """
    rests = ["", *(write(rest) for rest in range(1, 1000))]
    thousands = [write(1000 * count).removesuffix(thousand) for count in range(1, 1000)]
    for parts in (rests, thousands):
        assert len(set(parts)) == len(parts)
        assert not any(thousand in part for part in parts)
    for number in (*range(1000, 20_000), *sample_above_99_999):
        count, rest = divmod(number, 1000)
        joint = " " if rest and write is english else ""
        assert write(number) == thousands[count - 1] + thousand + joint + rests[rest]


@pytest.mark.parametrize("write", [english, german])
@pytest.mark.parametrize("number", [-1, LARGEST + 1, 3.0, "3", None, True, [3], float("nan")])
def test_anything_else_is_refused_in_one_sentence(write, number):
    with pytest.raises(ValueError, match="give a whole number from 0 to 999,999") as caught:
        write(number)
    assert repr(number) in str(caught.value)
    assert write(np.int64(23)) == write(23)
