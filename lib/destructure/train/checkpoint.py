"""Training state on disk: numbers in a safetensors file, the rest in JSON, never half-written.

A checkpoint is a folder. `checkpoint.json` names its tensor file and that file's SHA-256; it is replaced, in one
step, only after the tensor file is complete. So whenever the machine stops, the folder holds one whole checkpoint.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from destructure.files import write_atomically

INDEX = "checkpoint.json"
VERSION = 1


def save_checkpoint(folder: Path, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
    """Write a checkpoint; the folder's previous one stays valid until this one is complete.

    Args:
        folder: made if it does not exist.
        tensors: flat, by name.
        state: whatever JSON can hold.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = safetensors.torch.save({name: tensor.contiguous() for name, tensor in tensors.items()})
    digest = hashlib.sha256(content).hexdigest()
    name = f"tensors-{digest[:16]}.safetensors"
    write_atomically(folder / name, content)
    index = {"version": VERSION, "tensors": name, "sha256": digest, "state": state}
    write_atomically(folder / INDEX, json.dumps(index, indent=1).encode())
    for old in folder.glob("tensors-*.safetensors"):
        if old.name != name:
            old.unlink(missing_ok=True)


def load_checkpoint(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a checkpoint.

    Raises:
        ValueError: if it is missing, damaged or of a newer version; one sentence that says which.
    """
    damaged = f"The checkpoint in {folder} is damaged ({{}}); delete it to start anew, or restore a copy."
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        version, name, digest, state = (index[key] for key in ("version", "tensors", "sha256", "state"))
    except FileNotFoundError:
        raise ValueError(f"There is no checkpoint in {folder}; give the folder of an earlier run.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(damaged.format(f"{INDEX} cannot be read: {type(error).__name__}")) from None
    if version != VERSION:
        raise ValueError(
            f"The checkpoint in {folder} has version {version}, but this release reads version {VERSION}; "
            "use the release that wrote it, or train anew."
        )
    try:
        content = (folder / name).read_bytes()
    except OSError:
        raise ValueError(damaged.format(f"{name} is missing")) from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise ValueError(damaged.format(f"{name} is not the file that was written"))
    return safetensors.torch.load(content), state
