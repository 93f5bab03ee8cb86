"""The three token ids that mean the same in every vocabulary."""

PADDING, BEGIN, END = 0, 1, 2
SPECIAL_TOKENS = ("[PAD]", "[BOS]", "[EOS]")
