"""Number words, 0 to 999,999, in English and in German: two grammars small enough to read as a lesson.

Both languages build a number from the same parts and recurse on them. They differ in two places, and these are
what a translator has to learn: German says the units before the tens ("dreiundzwanzig", three-and-twenty) and
writes the whole number as one word.
"""

from operator import index

LARGEST = 999_999

# fmt: off
ENGLISH_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
ENGLISH_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
GERMAN_ONES = (
    "null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf",
    "dreizehn", "vierzehn", "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn",
)
GERMAN_TENS = ("zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig")
# fmt: on


def english(number: int) -> str:
    """Write a whole number from 0 to 999,999 in English words, without commas and without "and"; else ValueError.

    Example:
        >>> english(23_406)
        'twenty-three thousand four hundred six'
    """
    number = require_number(number)
    if number < 20:
        return ENGLISH_ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return ENGLISH_TENS[tens - 2] + (f"-{ENGLISH_ONES[ones]}" if ones else "")
    size, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    count, rest = divmod(number, size)
    return f"{english(count)} {name}" + (f" {english(rest)}" if rest else "")


def german(number: int) -> str:
    """Write a whole number from 0 to 999,999 in German, as one word; else ValueError.

    Example:
        >>> german(23_406)
        'dreiundzwanzigtausendvierhundertsechs'
        >>> german(101_001)  # "eins" keeps its s only at the very end
        'einhunderteintausendeins'
    """
    number = require_number(number)
    if number < 20:
        return GERMAN_ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return (f"{_followed(ones)}und" if ones else "") + GERMAN_TENS[tens - 2]
    size, name = (1000, "tausend") if number >= 1000 else (100, "hundert")
    count, rest = divmod(number, size)
    return f"{_followed(count)}{name}" + (german(rest) if rest else "")


def _followed(number: int) -> str:
    """Write a German number that more follows: its final "eins" loses the s."""
    word = german(number)
    return word.removesuffix("s") if word.endswith("eins") else word


def require_number(number: int, name: str = "The number") -> int:
    """Return a whole number from 0 to 999,999 as a plain int; ValueError for anything else."""
    try:
        plain = index(number)  # also takes NumPy's and torch's whole numbers; refuses 3.0 and "3"
    except TypeError:
        plain = -1
    if isinstance(number, bool) or not 0 <= plain <= LARGEST:
        raise ValueError(f"{name} is {number!r}; give a whole number from 0 to 999,999.")
    return plain
