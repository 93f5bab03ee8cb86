"""Read other people's files safely: tensors, numbers and text only, and one clear sentence if a file is damaged.

A pickle is a program. Nothing here runs one: tensors are read with `weights_only=True`, and a pickled vocabulary by a
reader that knows no classes and no functions.

Where another library reads the file, every exception counts as damage: after one flipped byte it may stumble anywhere
and raise anything. The exception is kept as the cause.
"""

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

RESTORE = (
    "Put a fresh copy in its place (if it belongs to a package: uninstall the package with pip, then run "
    "python -m destructure weights)"
)


def read_arrays(path: Path) -> dict[str, Tensor]:
    """Read the arrays of a NumPy archive (.npz); arrays of Python objects are refused.

    Raises:
        FileNotFoundError, ValueError: if the file is missing or damaged.
    """
    require_file(path)
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: torch.from_numpy(archive[name]) for name in archive.files}
    except Exception as error:
        raise damaged(path, "an archive of NumPy arrays (.npz)") from error


def read_torch(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a PyTorch file; whatever is not a tensor in it is refused, not run.

    Raises:
        FileNotFoundError, ValueError: if the file is missing, damaged or holds more than named tensors.
    """
    require_file(path)
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise damaged(path, "a PyTorch file of plain tensors") from error
    if not isinstance(tensors, dict) or not all(
        isinstance(name, str) and isinstance(each, Tensor) for name, each in tensors.items()
    ):
        raise damaged(path, "a PyTorch file of named tensors and nothing else")
    return dict(tensors)


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file.

    Raises:
        FileNotFoundError, ValueError: if the file is missing or damaged.
    """
    from safetensors.torch import load_file

    require_file(path)
    try:
        return load_file(path)
    except Exception as error:
        raise damaged(path, "a safetensors file") from error


def read_json(path: Path) -> dict:
    """Read a JSON file that holds one object.

    Raises:
        FileNotFoundError, ValueError: if the file is missing or damaged.
    """
    require_file(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(path, "a JSON file") from error
    if not isinstance(content, dict):
        raise damaged(path, "a JSON file with one object")
    return content


def read_plain_pickle(path: Path):
    """Read a pickle of dictionaries, lists, text and numbers; anything that names a class or function is refused.

    Raises:
        FileNotFoundError, ValueError: if the file is missing, damaged or holds anything else.
    """
    require_file(path)
    try:
        with path.open("rb") as file:
            return _PlainUnpickler(file).load()
    except _NotPlainError as error:
        raise ValueError(
            f"The file {path.name} asks for {error}, but only dictionaries, lists, text and numbers are read from a "
            f"pickle, because anything else could run a program; nothing was run. {RESTORE}."
        ) from None
    except Exception as error:
        raise damaged(path, "a pickle of dictionaries, lists, text and numbers") from error


class _NotPlainError(Exception):
    """A pickle wants more than plain data."""


class _PlainUnpickler(pickle.Unpickler):
    # A pickle can only call what it has looked up first, and here every look-up is refused.
    def find_class(self, module, name):
        raise _NotPlainError(f"{module}.{name}")

    def persistent_load(self, identity):
        raise _NotPlainError("an object stored elsewhere")


def require_file(path: Path) -> None:
    """Raise FileNotFoundError with one sentence if there is no such file."""
    if not path.is_file():
        raise FileNotFoundError(
            f"The file {path.name} was not found in the folder {path.parent.name}. {RESTORE}."
        )


def damaged(path: Path, expected: str) -> ValueError:
    """The error for a file that is not what it should be."""
    return ValueError(
        f"The file {path.name} cannot be read as {expected}; it may be damaged or cut off. {RESTORE}."
    )


def fill(build: Callable[[], nn.Module], weights: dict[str, Tensor], file: str) -> nn.Module:
    """Build a model with these weights instead of random ones, set to evaluation.

    Args:
        build: builds any of the course's models; called without drawing numbers or taking memory for them.
        weights: under the model's own names; tied tables need to be given once. They become the model's, uncopied.
        file: what they were read from, for the error's sentence.

    Raises:
        ValueError: if one is missing, left over, or of another shape: nothing is filled in silently.
    """
    with torch.device("meta"):
        model = build()
    parameters = dict(model.named_parameters())  # a tied table is listed once, under its first name
    _require_same_names(parameters.keys(), weights.keys(), file)
    for name, parameter in parameters.items():
        given = weights[name]
        if given.shape != parameter.shape or not given.is_floating_point():
            raise ValueError(
                f"The weights of {file} do not fit the model: {name} has shape {tuple(given.shape)} and type "
                f"{given.dtype}, but needs {tuple(parameter.shape)} real numbers; use the file that belongs to these "
                "sizes."
            )
    filled = {id(old): nn.Parameter(weights[name].float().contiguous()) for name, old in parameters.items()}
    for module in model.modules():
        for name, old in list(module.named_parameters(recurse=False, remove_duplicate=False)):
            setattr(module, name, filled[id(old)])
    return model.eval()


def _require_same_names(wanted, given, file: str) -> None:
    missing, unknown = sorted(wanted - given), sorted(given - wanted)
    if not missing and not unknown:
        return
    what = f"lacks {missing[0]}" if missing else f"has {unknown[0]}, which the model has not"
    more = len(missing) + len(unknown) - 1
    others = f" (and {more} more differences)" if more else ""
    raise ValueError(
        f"The weights of {file} do not fit the model: the file {what}{others}; "
        "use the file that belongs to these sizes."
    )
