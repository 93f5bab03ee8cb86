"""Load a checkpoint folder of the transformers library into this course's classes."""

import warnings
from pathlib import Path

from torch import Tensor

from destructure.pretrained import layouts
from destructure.pretrained.reading import damaged, fill, read_json, read_safetensors
from destructure.transformer import EncoderOnly, Transformer

LAYOUTS = {"gpt2": layouts.gpt2, "llama": layouts.llama, "bert": layouts.bert}
ONE_FILE, PARTS_FILE = "model.safetensors", "model.safetensors.index.json"


def from_checkpoint(folder: str | Path) -> Transformer | EncoderOnly:
    """Build our model with the weights of a checkpoint: GPT-2, Llama or BERT, saved as safetensors.

    GPT-2 and Llama become a decoder-only `Transformer`, BERT an `EncoderOnly`. What stands above a BERT's stack
    (pooler, masked-token head, classifier) has no counterpart here and is left out; a warning names it, but for the
    pooler. Where the checkpoint does not call id 0 padding, `config.has_padding` is off: give sequences of equal
    length.

    Args:
        folder: holds `config.json` and `model.safetensors` (or its parts and their index).

    Raises:
        FileNotFoundError: if the folder or a file is missing.
        ValueError: for another kind of model, a setting that our classes lack, or a damaged file.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"There is no folder {folder.name!r}; give the folder of a checkpoint, with config.json and {ONE_FILE}."
        )
    settings = layouts.Settings(read_json(folder / "config.json"))
    family = settings.get("model_type")
    if not isinstance(family, str) or family not in LAYOUTS:
        raise ValueError(
            f"The checkpoint in {folder.name!r} is of the kind {family!r}; this course's classes hold "
            f"{', '.join(LAYOUTS)}."
        )
    tensors = _read_weights(folder)
    try:
        config, weights = LAYOUTS[family](settings, tensors)
    except (KeyError, IndexError, RuntimeError, TypeError) as error:
        raise damaged(folder / ONE_FILE, f"the weights of a {family} model") from error
    if family == "bert" and (left_out := layouts.left_out_of_bert(tensors)):
        warnings.warn(f"Not loaded, as EncoderOnly has no such layer: {', '.join(left_out)}.", stacklevel=2)
    build = EncoderOnly if family == "bert" else Transformer
    return fill(lambda: build(config), weights, ONE_FILE)


def _read_weights(folder: Path) -> dict[str, Tensor]:
    if (folder / ONE_FILE).is_file():
        return read_safetensors(folder / ONE_FILE)
    if not (folder / PARTS_FILE).is_file():
        raise FileNotFoundError(
            f"The folder {folder.name!r} has no {ONE_FILE}; save the model with save_pretrained of the transformers "
            "library (other formats, such as pytorch_model.bin, are not read)."
        )
    parts = read_json(folder / PARTS_FILE).get("weight_map")
    if not isinstance(parts, dict) or not parts:
        raise damaged(folder / PARTS_FILE, "the index of a checkpoint's parts")
    if not all(
        isinstance(name, str) and name.endswith(".safetensors") and Path(name).name == name
        for name in parts.values()
    ):
        raise damaged(folder / PARTS_FILE, "an index of safetensors files in the same folder")
    tensors = {}
    for name in sorted(set(parts.values())):
        tensors |= read_safetensors(folder / name)
    return tensors
