"""The code exercises of notebook 04: attention, heads, the decoder's mask, the shifted target."""

from destructure.exercises.catalogue import Exercise
from destructure.exercises.definitions import attention_code as known
from destructure.exercises.kinds import Code, Flaw, Property

_GIVEN = {"torch": "torch", "functional": "torch.nn.functional", "math": "math"}

_ATTENTION = '''def attention(queries, keys, values, mask):
    """Average the values with weights that say how well each key answers each query."""
    scores = queries @ keys.transpose(-2, -1) / queries.shape[-1] ** 0.5
    weights = scores.masked_fill(~mask, float("-inf")).softmax(dim=-1)
    return weights @ values
'''

ATTENTION = Exercise(
    id="04.code.attention",
    title="Attention",
    question=(
        "Write `attention(queries, keys, values, mask)`, scaled dot-product attention with one head.\n\n"
        "- `queries` is (batch, target, width); `keys` and `values` are (batch, source, width).\n"
        "- `mask` is (batch, target, source), boolean; **True means visible**.\n"
        "- Return the averaged values, (batch, target, width)."
    ),
    talk="15:19",
    objective="write attention from memory, with scale and mask in the right places",
    difficulty=2,
    minutes=8,
    hints=(
        "Three lines: scores, weights, average. Which product compares every query with every key?",
        "Divide the scores by √width. Hidden scores become −∞ before the softmax, so that their weight is 0.",
        (
            "`weights = scores.masked_fill(~mask, float('-inf')).softmax(dim=-1)`: over the keys, which are"
            " the last axis."
        ),
    ),
    solution=f"```python\n{_ATTENTION}```",
    kind=Code(
        function="attention",
        starter="def attention(queries, keys, values, mask):\n    ...  # your code here\n",
        expected=known.attention_with(),
        cases=known.attention_cases,
        flaws=(
            Flaw(
                "no scale",
                "The scale is missing: divide the scores by √width, or large dot products make the softmax"
                " pick one key only.",
                known.attention_with(scale="none"),
                0.7,
            ),
            Flaw(
                "wrong scale",
                "The scale is wrong: you divide by the width; divide by its square root.",
                known.attention_with(scale="width"),
                0.7,
            ),
            Flaw(
                "wrong scale",
                "The scale is wrong: you use the number of keys; the spread of a dot product grows with the"
                " width.",
                known.attention_with(scale="root of the number of keys"),
                0.7,
            ),
            Flaw(
                "wrong scale",
                "The scale is upside down: you multiply by √width; divide by it.",
                known.attention_with(scale="multiplied"),
                0.7,
            ),
            Flaw(
                "softmax over the wrong axis",
                "Your softmax runs over the queries: each query's weights must add to 1, so it runs over the"
                " keys.",
                known.attention_with(axis=-2),
                0.5,
            ),
            Flaw(
                "mask inverted",
                "Your mask is inverted: it hides what may be seen. True means visible, so fill where it is"
                " not True.",
                known.attention_with(masking="inverted"),
                0.5,
            ),
            Flaw(
                "boolean against additive mask",
                "You add the boolean mask to the scores: that adds 1 where it is True and hides nothing. Fill"
                " hidden scores with −∞.",
                known.attention_with(masking="added"),
                0.4,
            ),
            Flaw(
                "mask multiplied",
                "You multiply the scores by the mask: a hidden score becomes 0, and e⁰ = 1 is still a weight."
                " Fill with −∞.",
                known.attention_with(masking="multiplied"),
                0.4,
            ),
            Flaw(
                "mask after the softmax",
                "You mask after the softmax: the weights that are left no longer add to 1. Mask the scores"
                " before it.",
                known.attention_with(masking="after the softmax"),
                0.6,
            ),
            Flaw(
                "future leak",
                "The mask is not used: every query reads keys that should be hidden from it.",
                known.attention_with(masking="ignored"),
                0.3,
            ),
        ),
        properties=(
            Property(
                "hidden keys are read",
                "A query's result changes when a key that is hidden from it changes: something leaks past the"
                " mask.",
                known.hidden_keys_are_not_read,
            ),
            Property(
                "weights do not add to one",
                "The weights of a query do not add to 1: with all values 1, every average should be 1.",
                known.weights_add_to_one,
            ),
            Property(
                "order of keys matters",
                "The result depends on the order of the keys; a weighted average does not.",
                known.order_of_keys_does_not_matter,
            ),
        ),
        given=_GIVEN,
    ),
    reference=_ATTENTION,
    also_right={
        "torch's own function": (
            "def attention(queries, keys, values, mask):\n"
            "    return functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)\n"
        ),
        "by loops, and with the weights": (
            "def attention(queries, keys, values, mask):\n"
            "    scores = torch.einsum('bqw,bkw->bqk', queries, keys) * queries.shape[-1] ** -0.5\n"
            "    powers = scores.exp() * mask\n"
            "    weights = powers / powers.sum(-1, keepdim=True)\n"
            "    return torch.einsum('bqk,bkw->bqw', weights, values), weights\n"
        ),
    },
)

_MULTI_HEAD = '''def multi_head_attention(states, memory, mask, weights, heads):
    """Let every head look with its own share of the width, then mix what the heads found."""
    batch, target, width = states.shape

    def split(vectors):
        return vectors.reshape(batch, -1, heads, width // heads).transpose(1, 2)

    queries = split(states @ weights["query"])
    keys, values = split(memory @ weights["key"]), split(memory @ weights["value"])
    scores = queries @ keys.transpose(-2, -1) / (width // heads) ** 0.5
    shares = scores.masked_fill(~mask.unsqueeze(1), float("-inf")).softmax(dim=-1)
    joined = (shares @ values).transpose(1, 2).reshape(batch, target, width)
    return joined @ weights["output"]
'''

_MIXED = (
    "Heads are mixed: a bare view or reshape cuts across positions. {} (batch, length, heads, head"
    " width), {}."
)

MULTI_HEAD = Exercise(
    id="04.code.multi_head",
    title="Cross-attention with several heads",
    question=(
        "Write `multi_head_attention(states, memory, mask, weights, heads)`.\n\n- `states` (batch, target,"
        " width) ask; `memory` (batch, source, width) is looked at.\n- `mask` is (batch, target, source),"
        " boolean; **True means visible**; padding is already False.\n- `weights` holds four (width, width)"
        ' matrices: `states @ weights["query"]`, and `"key"`, `"value"`, `"output"`.\n- Return (batch,'
        " target, width)."
    ),
    talk="17:29",
    objective="split the width into heads and join it again without mixing positions",
    difficulty=3,
    minutes=12,
    hints=(
        (
            "Project first, split then: reshape to (batch, length, heads, head width), and move the heads"
            " before the length."
        ),
        (
            "The scale is the root of *one head's* width. The mask needs an axis for the heads:"
            " `mask.unsqueeze(1)`."
        ),
        'Join by `transpose(1, 2).reshape(batch, target, width)`, then multiply by `weights["output"]`.',
    ),
    solution=f"```python\n{_MULTI_HEAD}```",
    kind=Code(
        function="multi_head_attention",
        starter=(
            "def multi_head_attention(states, memory, mask, weights, heads):\n    ...  # your code here\n"
        ),
        expected=known.multi_head_with(),
        cases=known.multi_head_cases,
        flaws=(
            Flaw(
                "heads mixed by a bare view",
                _MIXED.format("Split to", "then transpose"),
                known.multi_head_with(split="bare view"),
            ),
            Flaw(
                "heads mixed by a bare view",
                _MIXED.format("Before you join, transpose back to", "then reshape"),
                known.multi_head_with(merge="bare view"),
            ),
            Flaw(
                "heads mixed by a bare view",
                _MIXED.format("Split to", "then transpose, and transpose back before you join"),
                known.multi_head_with(split="bare view", merge="bare view"),
            ),
            Flaw(
                "missing output projection",
                'The output projection is missing: multiply the joined heads by weights["output"], which lets'
                " them mix.",
                known.multi_head_with(output=False),
                0.6,
            ),
            Flaw(
                "wrong scale",
                "The scale is wrong: use the root of one head's width, not of the whole width.",
                known.multi_head_with(full_width=True),
                0.7,
            ),
            Flaw(
                "no scale",
                "The scale is missing: divide the scores by the root of one head's width.",
                known.multi_head_with(scale="none"),
                0.7,
            ),
            Flaw(
                "one head only",
                "You attend once over the whole width; split it into heads first.",
                known.multi_head_with(split="not at all", merge="by head"),
                0.3,
            ),
            Flaw(
                "softmax over the wrong axis",
                "Your softmax runs over the queries; each query's weights must add to 1, so it runs over the"
                " keys.",
                known.multi_head_with(axis=-2),
                0.5,
            ),
            Flaw(
                "mask inverted",
                "Your mask is inverted: it hides what may be seen. True means visible.",
                known.multi_head_with(masking="inverted"),
                0.5,
            ),
            Flaw(
                "boolean against additive mask",
                "You add the boolean mask to the scores, which hides nothing; fill hidden scores with −∞.",
                known.multi_head_with(masking="added"),
            ),
            Flaw(
                "padding attended",
                "The mask is not used: padding and later tokens are read.",
                known.multi_head_with(masking="ignored"),
                0.3,
            ),
        ),
        properties=(
            Property(
                "hidden memory is read",
                "A result changes when a memory state that is hidden from it changes.",
                known.hidden_memory_is_not_read,
            ),
            Property(
                "output matrix unused",
                'Doubling weights["output"] does not double the result: is it the last step?',
                known.output_matrix_is_used,
            ),
            Property(
                "heads depend on each other",
                "Without the output projection, one head's values change another head's result: heads are"
                " mixed.",
                known.heads_are_independent,
            ),
        ),
        given=_GIVEN,
        tolerance=1e-3,
    ),
    reference=_MULTI_HEAD,
    also_right={
        "head by head": (
            "def multi_head_attention(states, memory, mask, weights, heads):\n    size, found ="
            " states.shape[-1] // heads, []\n    for head in range(heads):\n        own = slice(head * size,"
            " (head + 1) * size)\n        q, k, v = states @ weights['query'][:, own], memory @"
            " weights['key'][:, own], memory @ weights['value'][:, own]\n        scores = (q @ k.mT /"
            " math.sqrt(size)).masked_fill(~mask, -math.inf)\n        found.append(torch.softmax(scores, -1)"
            " @ v)\n    return torch.cat(found, -1) @ weights['output']\n"
        ),
    },
)

_DECODER_MASK = '''def decoder_mask(target):
    """True where a target position may look: at itself and earlier positions, never at padding."""
    length = target.shape[1]
    earlier = torch.ones(length, length, dtype=torch.bool).tril()
    return earlier & (target != 0).unsqueeze(1)
'''

DECODER_MASK_CODE = Exercise(
    id="04.code.decoder_mask",
    title="The decoder's mask, in code",
    question=(
        "Write `decoder_mask(target)`. `target` is (batch, target) token ids, and **id 0 is padding**, which"
        " may stand behind a sentence or in front of it. Return a boolean mask (batch, target, target), True"
        " where the query (row) may see the key (column): itself and earlier tokens, never padding. (What the"
        " rows of padding hold does not matter.)"
    ),
    talk="17:29",
    objective="combine causality and padding in one mask",
    difficulty=2,
    minutes=6,
    hints=(
        "Two masks, joined by “and”: one is the same for the whole batch, one depends on the ids.",
        "`torch.ones(length, length, dtype=torch.bool).tril()` is causal.",
        (
            "`(target != 0).unsqueeze(1)` has shape (batch, 1, target): it hides padded *columns* from every"
            " row."
        ),
    ),
    solution=f"```python\n{_DECODER_MASK}```",
    kind=Code(
        function="decoder_mask",
        starter="def decoder_mask(target):\n    ...  # your code here\n",
        expected=known.decoder_mask_with(),
        cases=known.target_cases,
        flaws=(
            Flaw(
                "padding attended",
                "Padding is visible: hide the columns where target is 0.",
                known.decoder_mask_with(padding="ignored"),
                0.6,
            ),
            Flaw(
                "mask off by one",
                "Off by one: no position sees itself, and the first one sees nothing. Keep the diagonal.",
                known.decoder_mask_with(shift=-1),
                0.5,
            ),
            Flaw(
                "future leak",
                "One step too many: each position sees the next token, which it must predict.",
                known.decoder_mask_with(shift=1),
                0.5,
            ),
            Flaw(
                "future leak",
                "Every position sees all later tokens: only the padding is hidden. Make it causal.",
                known.decoder_mask_with(causal="all"),
                0.3,
            ),
            Flaw(
                "mask inverted",
                "Inverted: True stands where nothing may be seen. In this course True means visible.",
                known.decoder_mask_with(inverted=True),
                0.5,
            ),
            Flaw(
                "boolean against additive mask",
                "This is an additive mask (0 and −∞); the question asks for a boolean one, True where"
                " visible.",
                known.decoder_mask_with(additive=True),
                0.7,
            ),
            Flaw(
                "rows and columns swapped",
                "Positions see what comes later: use the lower triangle, not the upper one.",
                known.decoder_mask_with(causal="later"),
                0.3,
            ),
        ),
        given=_GIVEN,
        tidy=known.blank_padding_rows,
    ),
    reference=_DECODER_MASK,
    also_right={
        "each sees itself, even padding": (
            "def decoder_mask(target):\n"
            "    places = torch.arange(target.shape[1])\n"
            "    causal = places[:, None] >= places[None, :]\n"
            "    return (causal & (target != 0)[:, None, :]) | torch.eye(target.shape[1], dtype=torch.bool)\n"
        ),
        "as zeros and ones": (
            "def decoder_mask(target):\n"
            "    return torch.tril((target != 0).int().unsqueeze(1).repeat(1, target.shape[1], 1))\n"
        ),
    },
)

_SHIFT = '''def shift_right(target, begin):
    """What the decoder reads when it must predict `target`: everything one place later, `[BOS]` first."""
    first = torch.full_like(target[:, :1], begin)
    return torch.cat([first, target[:, :-1]], dim=1)
'''

SHIFT = Exercise(
    id="04.code.shift",
    title="Teacher forcing, in code",
    question=(
        "The decoder must predict `target`, (batch, target) ids that end in `[EOS]`. Write"
        " `shift_right(target, begin)`: what the decoder reads meanwhile, of the same shape, with the id"
        " `begin` (`[BOS]`) in front."
    ),
    talk="17:29",
    objective="line up what the decoder reads with what it must predict",
    difficulty=1,
    minutes=4,
    hints=(
        "To predict `Das ist gut [EOS]`, the decoder reads `[BOS] Das ist gut`.",
        "Every token moves one place to the right; the last one falls out.",
        "Concatenate a column of `begin` with `target[:, :-1]` along dimension 1.",
    ),
    solution=f"```python\n{_SHIFT}```",
    kind=Code(
        function="shift_right",
        starter="def shift_right(target, begin):\n    ...  # your code here\n",
        expected=known.shift_with(),
        cases=known.shift_cases,
        flaws=(
            Flaw(
                "future leak",
                "Nothing is shifted: every position reads the very token that it must predict.",
                known.shift_with("not at all"),
                0.2,
            ),
            Flaw(
                "shifted the wrong way",
                "Shifted left: every position reads the token after the one it must predict.",
                known.shift_with("left"),
                0.2,
            ),
            Flaw(
                "last token wrapped around",
                "The last token came round to the front (`roll` does that); [BOS] belongs there.",
                known.shift_with("around"),
                0.6,
            ),
            Flaw(
                "one token too long",
                "One token too long: [BOS] comes in front, so the last token must go.",
                known.shift_with("longer"),
                0.7,
            ),
            Flaw(
                "first token overwritten",
                "[BOS] replaced the first token and the rest stayed: every later position reads what it must"
                " predict.",
                known.shift_with("overwriting"),
                0.3,
            ),
        ),
        given=_GIVEN,
    ),
    reference=_SHIFT,
    also_right={
        "roll, then overwrite": (
            "def shift_right(target, begin):\n"
            "    shifted = target.roll(1, dims=1)\n    shifted[:, 0] = begin\n    return shifted\n"
        ),
    },
)

CODE_EXERCISES = (SHIFT, DECODER_MASK_CODE, ATTENTION, MULTI_HEAD)
