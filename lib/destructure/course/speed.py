"""How fast this machine multiplies matrices: the one number that tells how long a notebook will take here."""

import time

ROWS = 512
TRIALS = 7


def gflop_per_second() -> float:
    """Measure fp32 matrix products for a fraction of a second; the median of several trials, in GFLOP/s."""
    import torch  # seconds to import: only when measuring

    left, right = torch.rand(ROWS, ROWS), torch.rand(ROWS, ROWS)
    left @ right  # the first product sets up threads
    rates = []
    for _ in range(TRIALS):
        started = time.perf_counter()
        for _ in range(8):
            left @ right
        rates.append(8 * 2 * ROWS**3 / (time.perf_counter() - started) / 1e9)
    return sorted(rates)[TRIALS // 2]
