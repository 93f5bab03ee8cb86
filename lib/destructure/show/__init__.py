"""Everything drawn: one style, pictures with alt text, curves, attention maps, masks, architectures.

Every drawing function takes plain data (numpy arrays, nested lists, pandas, a `Structure`; torch tensors are
converted) and returns a `Picture`, so that a notebook cell ends with the call. For every picture `title` is a line
above, and `alt` replaces the description that is read aloud; it must not contain measured values. `fact` prints a
claim or raises.

Module names are plural or differ from the functions in them, so that `show.fact` is always the function.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "diagram_plans": ["architecture_plan"],
        "architectures": ["architecture", "architecture_pair"],
        "attention_maps": ["attention_map"],
        "charts": ["bars", "curves", "heat"],
        "facts": ["FactError", "cite", "fact"],
        "interval_charts": ["dots", "intervals"],
        "live": ["Live"],
        "masks": ["mask_picture", "structure_mask", "visibility"],
        "picture": ["Picture", "read_pictures_aloud", "show"],
        "structure_explorer": ["StructureExplorer", "watch"],
        "structure_cube": ["corner_cube", "structure_cube"],
        "structure_switches": ["flip_structures"],
        "trend_explorer": ["TrendExplorer", "draw_trend"],
        "try_it": [
            "TryAttention",
            "TryCorner",
            "TrySampling",
            "TryTranslator",
            "live_points",
            "try_corner",
            "try_sampling",
            "try_translator",
        ],
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
