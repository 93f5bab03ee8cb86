"""Read other people's files safely: tensors, numbers and text only, and one clear sentence if a file is damaged.

A pickle is a program. Nothing here runs one: tensors are read with `weights_only=True`, and a pickled vocabulary by a
reader that knows no classes and no functions. All readers raise FileNotFoundError or ValueError.
"""

import json
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
import yaml
from torch import Tensor, nn

NAMES = yaml.safe_load(Path(__file__).with_name("names.yaml").read_text(encoding="utf-8"))
"""Other libraries' names of weights → this course's."""
RESTORE = (
    "Put a fresh copy in its place (if it belongs to a package: uninstall the package with pip, then run "
    "python -m destructure weights)"
)


class OtherContentError(ValueError):
    """The file is whole, but holds something that is not read here; the message says what."""


@contextmanager
def reading(path: Path, expected: str) -> Iterator[None]:
    """Read a file in the block; whatever goes wrong becomes one sentence that says what was expected.

    Where another library reads the file, every exception counts as damage: after one flipped byte it may stumble
    anywhere and raise anything. The exception is kept as the cause.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the block fails.
    """
    if not path.is_file():
        raise FileNotFoundError(f"The file {path.name} is not in the folder {path.parent.name}. {RESTORE}.")
    try:
        yield
    except OtherContentError:
        raise
    except Exception as error:
        raise damaged(path, expected) from error


def damaged(path: Path, expected: str) -> ValueError:
    """The error for a file that is not what it should be."""
    return ValueError(
        f"The file {path.name} cannot be read as {expected}; it may be damaged or cut off. {RESTORE}."
    )


def read_arrays(path: Path) -> dict[str, Tensor]:
    """Read the arrays of a NumPy archive (.npz); arrays of Python objects are refused."""
    with reading(path, "an archive of NumPy arrays (.npz)"), np.load(path, allow_pickle=False) as archive:
        return {name: torch.from_numpy(archive[name]) for name in archive.files}


def read_torch(path: Path) -> dict[str, Tensor]:
    """Read the named tensors of a PyTorch file; whatever is not a tensor in it is refused, not run."""
    with reading(path, "a PyTorch file of plain tensors"):
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(tensors, dict) or not all(
        isinstance(name, str) and isinstance(each, Tensor) for name, each in tensors.items()
    ):
        raise damaged(path, "a PyTorch file of named tensors and nothing else")
    return dict(tensors)


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file."""
    from safetensors.torch import load_file

    with reading(path, "a safetensors file"):
        return load_file(path)


def read_json(path: Path) -> dict:
    """Read a JSON file that holds one object."""
    with reading(path, "a JSON file"):
        content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise damaged(path, "a JSON file with one object")
    return content


def read_plain_pickle(path: Path):
    """Read a pickle of dictionaries, lists, text and numbers; anything that names a class or function is refused."""
    with reading(path, "a pickle of dictionaries, lists, text and numbers"), path.open("rb") as file:
        return _PlainUnpickler(file, path.name).load()


class _PlainUnpickler(pickle.Unpickler):
    # A pickle can only call what it has looked up first, and here every look-up is refused.
    def __init__(self, file, name: str):
        super().__init__(file)
        self.name = name

    def find_class(self, module, name):
        raise OtherContentError(
            f"The file {self.name} asks for {module}.{name}, but only dictionaries, lists, text and numbers are read "
            f"from a pickle, because anything else could run a program; nothing was run. {RESTORE}."
        )

    def persistent_load(self, identity):
        self.find_class("objects", "stored elsewhere")


def layer_name(name: str, theirs: str, ours: str, parts: dict[str, str]) -> str:
    """Our name of a weight of a layer; a name that is not known stays, and `fill` then says that it is left over.

    For example layers.0.mlp.up_proj.weight → input_stack.layers.0.feed_forward.expand.weight.
    """
    layer, _, rest = name.removeprefix(theirs).partition(".")
    part, _, kind = rest.rpartition(".")
    return f"{ours}{layer}.{parts[part]}.{kind}" if name.startswith(theirs) and part in parts else name


def count_layers(weights: dict[str, Tensor], beginning: str) -> int:
    """How many layers have a weight whose name begins like this."""
    return len({name.removeprefix(beginning).split(".")[0] for name in weights if name.startswith(beginning)})


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
    missing, unknown = sorted(parameters.keys() - weights.keys()), sorted(weights.keys() - parameters.keys())
    does_not_fit, use = (
        f"The weights of {file} do not fit the model:",
        "use the file that belongs to these sizes.",
    )
    if missing or unknown:
        what = f"lacks {missing[0]}" if missing else f"has {unknown[0]}, which the model has not"
        more = len(missing) + len(unknown) - 1
        others = f" (and {more} more differences)" if more else ""
        raise ValueError(f"{does_not_fit} the file {what}{others}; {use}")
    for name, parameter in parameters.items():
        given = weights[name]
        if given.shape != parameter.shape or not given.is_floating_point():
            raise ValueError(
                f"{does_not_fit} {name} has shape {tuple(given.shape)} and type {given.dtype}, but needs "
                f"{tuple(parameter.shape)} real numbers; {use}"
            )
    filled = {id(old): nn.Parameter(weights[name].float().contiguous()) for name, old in parameters.items()}
    for module in model.modules():
        for name, old in list(module.named_parameters(recurse=False, remove_duplicate=False)):
            setattr(module, name, filled[id(old)])
    return model.eval()
