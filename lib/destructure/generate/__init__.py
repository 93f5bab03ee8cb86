"""Let a model write: one token at a time, each from what was written before.

    generate(model, source, 20)                                          # the most probable token each time
    generate(model, source, 20, how=Sampling(temperature=0.8, seed=1))   # drawn at random
    generate(model, source, 20, how=Beam(width=4))                       # several beginnings side by side

Names are loaded on first use: what needs no torch (`Sampling`) imports without it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "beam": ["Hypothesis", "beam_search"],
        "fast": ["FastWriter"],
        "loop": ["draw", "generate", "greedy", "next_token_probabilities"],
        "methods": ["Beam", "Greedy", "Sampling"],
        "writers": ["PlainWriter", "RecurrentWriter"],
    },
)
