"""Weights in four or eight bits: how the numbers of a GGUF file become numbers one can multiply with.

Thirty-two weights of a row form a block and share one scale (and one smallest value), so that each weight needs only
a small whole number. That makes a file of 540 MB one of 98 MB, for a little precision.
"""

import numpy as np

BLOCK = 32  # weights that share a scale
FORMATS = {"Q8_0": 2 + 32, "Q4_1": 2 + 2 + 16}  # bytes a block


def eight_bits(rows: np.ndarray) -> np.ndarray:
    """Read "Q8_0": a block is a scale and 32 whole numbers from -128 to 127; a weight is scale times number.

    Args:
        rows: (rows, bytes) of type uint8, as in the file.

    Returns:
        (rows, weights a row), float32.

    Raises:
        ValueError: if the rows are not whole blocks of bytes.
    """
    blocks = _blocks(rows, "Q8_0")
    scale = blocks[..., :2].view(np.float16).astype(np.float32)
    numbers = blocks[..., 2:].view(np.int8)
    return (scale * numbers).reshape(len(rows), -1)


def four_bits(rows: np.ndarray) -> np.ndarray:
    """Read "Q4_1": a block is a scale, a smallest value and 32 numbers from 0 to 15, two in a byte.

    A weight is scale times number plus smallest value. The low halves of the 16 bytes are the block's first 16
    numbers, the high halves the other 16.

    Args, returns and raises: as `eight_bits`.
    """
    blocks = _blocks(rows, "Q4_1")
    scale = blocks[..., 0:2].view(np.float16).astype(np.float32)
    smallest = blocks[..., 2:4].view(np.float16).astype(np.float32)
    pairs = blocks[..., 4:]
    numbers = np.concatenate([pairs & 15, pairs >> 4], axis=-1)
    return (scale * numbers + smallest).reshape(len(rows), -1)


def _blocks(rows: np.ndarray, name: str) -> np.ndarray:
    size = FORMATS[name]
    if rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] % size:
        raise ValueError(
            f"{name} needs rows of bytes (uint8) in blocks of {size}, but {rows.shape} of type {rows.dtype} was "
            "given; take the tensor as it stands in the file."
        )
    return rows.reshape(len(rows), -1, size)
