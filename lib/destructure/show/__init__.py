"""Everything drawn: one style, pictures with alt text, curves, attention maps, masks, architectures.

Every drawing function takes plain data (numpy arrays, nested lists, pandas, a `Structure`; torch tensors are
converted) and returns a `Picture`, so that a notebook cell ends with the call. `fact` prints a claim or raises.

Module names are plural or differ from the functions in them, so that `show.fact` is always the function.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "diagram_plans": ["ArchitecturePlan", "Block", "MemoryArrow", "architecture_plan"],
        "alt_text": ["read_pictures_aloud", "with_alt_text"],
        "architectures": ["architecture", "architecture_pair"],
        "attention_maps": ["attention_map"],
        "bottlenecks": ["bottleneck"],
        "citations": ["cite"],
        "curves": ["learning_curve"],
        "facts": ["FactError", "fact"],
        "lengths": ["length_curves"],
        "masks": ["mask_picture"],
        "picture": ["Picture", "show"],
        "pipelines": ["pipeline"],
        "relations": ["relation_maps"],
        "spreads": ["spread"],
        "structure_masks": ["Visibility", "structure_mask", "visibility"],
        "try_it": ["TryTranslator", "try_translator"],
        "style": [
            "CROSS_ATTENTION",
            "CURVES",
            "HIDDEN",
            "INK",
            "QUIET",
            "SHARED",
            "SOURCE",
            "TARGET",
            "figure",
            "use_style",
        ],
    },
)
