"""What a checkpoint's `config.json` says, refused by name where our classes cannot take it."""

import math


class Settings(dict):
    """The settings of a checkpoint, or of one part of them."""

    def require(self, name: str, default, allowed: tuple):
        """Return a setting, or raise ValueError if our classes cannot reproduce its value."""
        value = self.get(name, default)
        if value not in allowed:
            known = " or ".join(repr(each) for each in allowed)
            raise ValueError(
                f"The checkpoint's config.json says {name} = {value!r}, which this course's model cannot reproduce; "
                f"only {known} is supported."
            )
        return value

    def size(self, name: str, default: int | None) -> int | None:
        """Return a whole number of 1 or more; where the default is `None`, also `None`.

        Raises:
            ValueError: if the setting is anything else.
        """
        value = self.get(name, default)
        if value is None and default is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise _wrong(name, value, "a whole number of 1 or more")
        return value

    def positive(self, name: str, default: float) -> float:
        """Return a number above 0.

        Raises:
            ValueError: if the setting is anything else.
        """
        value = self.get(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < math.inf:
            raise _wrong(name, value, "a number above 0")
        return float(value)

    def part(self, name: str) -> "Settings":
        """Return the settings inside a setting; an absent one, or null, has none.

        Raises:
            ValueError: if the setting is anything else.
        """
        value = self.get(name)
        if value is not None and not isinstance(value, dict):
            raise _wrong(name, value, "an object with settings of its own, or null")
        return Settings(value or {})

    @property
    def has_padding(self) -> bool:
        """Whether id 0 is padding, as everywhere in this course."""
        return self.get("pad_token_id") == 0


def _wrong(name: str, value, allowed: str) -> ValueError:
    return ValueError(
        f"The checkpoint's config.json says {name} = {value!r}, but it must be {allowed}; correct it, or take a "
        "fresh copy of the checkpoint."
    )
