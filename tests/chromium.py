"""Debian's Chromium: where it is, and how it is started without anything of its own to the network."""

import shutil

# fmt: off
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]
# fmt: on
MISSING = "no Chromium is installed here: browser tests are left out (Debian: apt-get install chromium)"


def chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return next((path for path in map(shutil.which, names) if path), None)
