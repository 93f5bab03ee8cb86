"""Destructure: the history of the Transformer, told as an experiment.

Names are loaded on first use, so that what needs no torch (structures, costs, exercises) imports without it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["cost", "pretrained", "show", "tables", "tasks", "trends"],
    submod_attrs={
        "attention": [
            "KeyValues",
            "MultiHeadAttention",
            "causal_mask",
            "input_mask",
            "memory_mask",
            "scaled_dot_product_attention",
            "target_mask",
        ],
        "config": ["TransformerConfig"],
        "counting": ["NaiveBayes", "NgramModel"],
        "cost": ["cache_bytes", "forward_flops"],
        "course.contents": ["LESSONS"],
        "encoders": ["GapFiller"],
        "exercises": ["exercise", "reveal"],
        "generate": ["greedy"],
        "recurrent": ["RecurrentConfig", "RecurrentModel"],
        "statistics": ["interval"],
        "structure": ["Structure"],
        "tables": ["load_table"],
        "tasks": ["DocstringText", "HiddenCharacters", "NumberTranslation"],
        "transformer": ["EncoderOnly", "Transformer", "carry_over"],
    },
)
