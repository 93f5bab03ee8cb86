"""Wrong answers to the exercises of notebook 04, the ten classic mistakes of attention code among them.

The code was written as learners write it, not with the imitations that the checks use to recognise mistakes.
"""

from destructure.exercises.catalogue import Exercise
from destructure.exercises.wrong_answers import Wrong, WrongAnswers
from destructure.structure import Structure


def _memory(exercise: Exercise) -> dict[str, Wrong]:
    start, goal = (Structure.named(exercise.parameters[name]) for name in ("start", "goal"))
    both = [name for name in Structure.SWITCHES if getattr(start, name) != getattr(goal, name)]
    other = next(name for name in both if name != "final_layer_memory")
    switches = {name: getattr(start, name) for name in Structure.SWITCHES}
    opposite = {name: not getattr(goal, name) for name in Structure.SWITCHES}
    parts = {
        "separate_cross_attention": "a block of its own",
        "separate_parameters": "same weights",
        "bidirectional_input": "full squares, or triangles",
    }
    return {
        "nothing flipped": Wrong(start.code, "2 switches are not right yet"),
        "only the memory": Wrong(switches | {"final_layer_memory": goal.final_layer_memory}, parts[other]),
        "only the other": Wrong(
            switches | {other: getattr(goal, other)}, "all start at the last input layer"
        ),
        "all the other way round": Wrong(opposite, "4 switches are not right yet"),
    }


def _shapes(exercise: Exercise) -> dict[str, Wrong]:
    batch, source, target, heads, head_width = exercise.parameters.values()
    width, right = heads * head_width, exercise.reference
    return {
        "queries from the input": Wrong(
            right | {"queries": [batch, heads, source, head_width]}, "come from the target"
        ),
        "keys from the target": Wrong(
            right | {"keys": [batch, heads, target, head_width]}, "come from the input"
        ),
        "heads not split": Wrong(
            right | {"queries": [batch, heads, target, width]}, "its share of the width"
        ),
        "scores transposed": Wrong(
            right | {"scores": [batch, heads, source, target]}, "rows and columns are swapped"
        ),
        "self-attention's scores": Wrong(
            right | {"scores": [batch, heads, target, target]}, "self-attention"
        ),
        "output as long as the input": Wrong(
            right | {"output": [batch, source, width]}, "as long as the target"
        ),
        "heads not joined": Wrong(right | {"output": [batch, heads, target, head_width]}, "joined again"),
        "memory as long as the target": Wrong(right | {"memory": [batch, target, width]}, "each input token"),
        "one left out": Wrong({key: right[key] for key in right if key != "keys"}, "still empty"),
    }


def _share(exercise: Exercise) -> dict[str, Wrong]:
    encoder, decoder = exercise.parameters.values()
    return {
        "share of the rest": Wrong(100 * 4 * decoder / (12 * encoder + 12 * decoder), "with the rest"),
        "decoder only": Wrong(25, "decoder alone"),
        "attention only": Wrong(
            100 * 4 * decoder / (4 * encoder + 8 * decoder), "feed-forward blocks are left out"
        ),
        "fraction": Wrong(4 * decoder / (12 * encoder + 16 * decoder), "as a fraction"),
        "more than all": Wrong(112, "cannot be above"),
    }


_ATTENTION = "def attention(queries, keys, values, mask):\n    "
_SCORES = "scores = torch.einsum('bqd,bkd->bqk', queries, keys)\n    "
_SCALED = _SCORES + "scores = scores / math.sqrt(queries.size(-1))\n    "
_HIDE = "scores[~mask] = -1e9\n    "
_AVERAGE = "return torch.bmm(functional.softmax(scores, dim=2), values)\n"

_HEADS = "def multi_head_attention(states, memory, mask, weights, heads):\n    "
_PROJECT = (
    "b, t, w = states.shape\n    s = memory.shape[1]\n    h = w // heads\n    "
    "q, k, v = states @ weights['query'], memory @ weights['key'], memory @ weights['value']\n    "
)
_SPLIT = (
    "q = q.view(b, t, heads, h).permute(0, 2, 1, 3)\n    k = k.view(b, s, heads, h).permute(0, 2, 1, 3)\n    "
    "v = v.view(b, s, heads, h).permute(0, 2, 1, 3)\n    "
)
_BARE = "q, k, v = q.view(b, heads, t, h), k.view(b, heads, s, h), v.view(b, heads, s, h)\n    "
_LOOK = "x = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None])\n    "
_JOIN = "x = x.permute(0, 2, 1, 3).contiguous().view(b, t, w)\n    "
_OUT = "return x @ weights['output']\n"

_MASK = "def decoder_mask(target):\n    n = target.shape[1]\n    real = target.ne(0)[:, None, :]\n    "
_SHIFT = "def shift_right(target, begin):\n    "

WRONG: dict[str, WrongAnswers] = {
    "04.mask.decoder": {
        "mask off by one": Wrong("0000\n1000\n1100\n1110", "Off by one"),
        "future leak": Wrong("1100\n1110\n1111\n1111", "One step too many"),
        "mask inverted": Wrong("0111\n0011\n0001\n0000", "Inverted"),
        "rows and columns swapped": Wrong("1111\n0111\n0011\n0001", "Rows and columns are swapped"),
        "everything visible": Wrong("1111\n1111\n1111\n1111", "Everything is visible"),
        "nothing visible": Wrong([[0, 0, 0, 0]] * 4, "Nothing is visible"),
        "only itself": Wrong("1000\n0100\n0010\n0001", "sees only itself"),
        "one cell missing": Wrong("1000\n1100\n0110\n1111", "may also see “[BOS]”"),
        "one cell too many": Wrong("1000\n1101\n1110\n1111", "must not see “gut”"),
    },
    "04.mask.cross": {
        "padding attended": Wrong("11111\n11111\n11111\n11111", "[PAD] is painted too"),
        "causal cross-attention": Wrong("10000\n11000\n11100\n11100", "the input has no future"),
        "word by word": Wrong("10000\n10000\n01000\n00100", "is learned, not masked"),
        "only padding": Wrong("00011\n00011\n00011\n00011", "Inverted"),
        "one padding left": Wrong("11100\n11100\n11100\n11110", "must not see “[PAD]”"),
    },
    "04.switchboard.memory": _memory,
    "04.shapes.cross": _shapes,
    "04.number.cross_share": _share,
    "04.choice.teacher_forcing": {
        "sequential": Wrong("a", "The reverse"),
        "sees the answer": Wrong("b", "shifted right"),
        "more parameters": Wrong("d", "changes no parameter"),
    },
    "04.prediction.unseen": {
        "upside down": Wrong((90, 99, 75), "upside down"),
        "outside its own interval": Wrong((50, 75, 99), "outside your own interval"),
        "certain": Wrong((100, 100, 100), "claims certainty"),
        "says nothing": Wrong((50, 0, 100), "almost everything"),
        "impossible": Wrong((90, 75, 120), "impossible"),
    },
    "04.order.greedy": {
        "decode before encode": Wrong(
            ["ids", "begin", "decode", "encode", "choose", "append", "words"], "encode first"
        ),
        "no [BOS]": Wrong(
            ["ids", "encode", "decode", "begin", "choose", "append", "words"], "at least one target token"
        ),
        "encode before ids": Wrong(
            ["encode", "ids", "begin", "decode", "choose", "append", "words"], "tokenised first"
        ),
        "append before choose": Wrong(
            ["ids", "encode", "begin", "decode", "append", "choose", "words"], "must be chosen"
        ),
        "words too early": Wrong(
            ["ids", "encode", "begin", "decode", "choose", "words", "append"], "Words come last"
        ),
        "choose before decode": Wrong(
            ["ids", "encode", "begin", "choose", "decode", "append", "words"], "no probabilities"
        ),
    },
    "04.code.attention": {
        "no scale": Wrong(_ATTENTION + _SCORES + _HIDE + _AVERAGE, "scale is missing"),
        "wrong scale: by the width": Wrong(
            _ATTENTION + _SCORES + "scores = scores / queries.size(-1)\n    " + _HIDE + _AVERAGE,
            "divide by the width",
        ),
        "wrong scale: number of keys": Wrong(
            _ATTENTION + _SCORES + "scores = scores / keys.size(1) ** 0.5\n    " + _HIDE + _AVERAGE,
            "number of keys",
        ),
        "wrong scale: multiplied": Wrong(
            _ATTENTION + _SCORES + "scores = scores * queries.size(-1) ** 0.5\n    " + _HIDE + _AVERAGE,
            "upside down",
        ),
        "softmax over the wrong axis": Wrong(
            _ATTENTION + _SCALED + "scores = scores.masked_fill(~mask, -torch.inf)\n    "
            "return torch.bmm(functional.softmax(scores, dim=1), values)\n",
            "over the queries",
        ),
        "softmax over the batch": Wrong(
            _ATTENTION + _SCALED + "return torch.bmm(functional.softmax(scores, dim=0) * mask, values)\n",
            "do not add to 1",
        ),
        "mask inverted": Wrong(
            _ATTENTION + _SCALED + "scores = scores.masked_fill(mask, float('-inf'))\n    " + _AVERAGE,
            "inverted",
        ),
        "boolean against additive mask": Wrong(
            _ATTENTION + _SCALED + "scores = scores + mask.float()\n    " + _AVERAGE, "adds 1"
        ),
        "mask multiplied": Wrong(
            _ATTENTION + _SCALED + "scores = torch.where(mask, scores, 0.0)\n    " + _AVERAGE, "e⁰ = 1"
        ),
        "mask after the softmax": Wrong(
            _ATTENTION
            + _SCALED
            + "return torch.bmm(functional.softmax(scores, dim=2).masked_fill(~mask, 0), values)\n",
            "after the softmax",
        ),
        "future leak": Wrong(_ATTENTION + _SCALED + _AVERAGE, "mask is not used"),
        "leak and no scale": Wrong(_ATTENTION + _SCORES + _AVERAGE, "leaks past the mask"),
        "weights returned": Wrong(
            _ATTENTION + _SCALED + "return functional.softmax(scores, dim=2)\n", "it should have (1, 4, 8)"
        ),
        "inputs changed": Wrong(
            _ATTENTION + "values.zero_()\n    " + _SCALED + _HIDE + _AVERAGE, "changes the inputs"
        ),
        "raises an error": Wrong(_ATTENTION + "return queries @ keys\n", "raised RuntimeError"),
    },
    "04.code.multi_head": {
        "heads mixed by a bare view: split": Wrong(
            _HEADS + _PROJECT + _BARE + _LOOK + _JOIN + _OUT, "Split to"
        ),
        "heads mixed by a bare view: join": Wrong(
            _HEADS + _PROJECT + _SPLIT + _LOOK + "x = x.reshape(b, t, w)\n    " + _OUT, "Before you join"
        ),
        "heads mixed by a bare view: both": Wrong(
            _HEADS + _PROJECT + _BARE + _LOOK + "x = x.reshape(b, t, w)\n    " + _OUT,
            "transpose back before you join",
        ),
        "missing output projection": Wrong(
            _HEADS + _PROJECT + _SPLIT + _LOOK + _JOIN + "return x\n", "output projection is missing"
        ),
        "wrong scale": Wrong(
            _HEADS + _PROJECT + _SPLIT + "q = q / heads ** 0.5\n    " + _LOOK + _JOIN + _OUT,
            "not of the whole width",
        ),
        "no scale": Wrong(
            _HEADS + _PROJECT + _SPLIT + "q = q * h ** 0.5\n    " + _LOOK + _JOIN + _OUT, "scale is missing"
        ),
        "one head only": Wrong(
            _HEADS
            + _PROJECT
            + "x = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)\n    "
            + _OUT,
            "once over the whole width",
        ),
        "softmax over the wrong axis": Wrong(
            _HEADS
            + _PROJECT
            + _SPLIT
            + "a = (q @ k.mT / h ** 0.5).masked_fill(~mask[:, None], -1e9)\n    x = a.softmax(2) @ v\n    "
            + _JOIN
            + _OUT,
            "each query's weights",
        ),
        "mask inverted": Wrong(
            _HEADS + _PROJECT + _SPLIT + "mask = ~mask\n    " + _LOOK + _JOIN + _OUT, "inverted"
        ),
        "boolean against additive mask": Wrong(
            _HEADS + _PROJECT + _SPLIT + "mask = mask.float()\n    " + _LOOK + _JOIN + _OUT,
            "boolean mask to the scores",
        ),
        "padding attended": Wrong(
            _HEADS
            + _PROJECT
            + _SPLIT
            + "x = functional.scaled_dot_product_attention(q, k, v)\n    "
            + _JOIN
            + _OUT,
            "padding and later tokens",
        ),
        "padding attended and no scale": Wrong(
            _HEADS + _PROJECT + _SPLIT + "x = (q @ k.mT).softmax(-1) @ v\n    " + _JOIN + _OUT,
            "hidden from it changes",
        ),
        "values from the wrong side": Wrong(
            _HEADS
            + _PROJECT.replace("memory @ weights['value']", "states @ weights['value']")
            + _SPLIT
            + _LOOK
            + _JOIN
            + _OUT,
            "the function raised",
        ),
    },
    "04.code.decoder_mask": {
        "padding attended": Wrong(
            _MASK + "return torch.tril(torch.ones(len(target), n, n)).bool()\n", "Padding is visible"
        ),
        "mask off by one": Wrong(_MASK + "return torch.ones(n, n).tril(-1).bool() & real\n", "Off by one"),
        "future leak by one": Wrong(
            _MASK + "return torch.ones(n, n).tril(1).bool() & real\n", "One step too many"
        ),
        "future leak": Wrong(_MASK + "return real.expand(-1, n, -1)\n", "all later tokens"),
        "mask inverted": Wrong(_MASK + "return ~(torch.ones(n, n).tril().bool() & real)\n", "Inverted"),
        "boolean against additive mask": Wrong(
            _MASK + "keep = torch.ones(n, n).tril().bool() & real\n"
            "    return torch.where(keep, 0.0, float('-inf'))\n",
            "additive mask",
        ),
        "rows and columns swapped": Wrong(
            _MASK + "return torch.ones(n, n).triu().bool() & real\n", "lower triangle"
        ),
        "no axis for the queries": Wrong(_MASK + "return real[:, 0]\n", "it should have"),
    },
    "04.code.shift": {
        "future leak": Wrong(_SHIFT + "return target.clone()\n", "Nothing is shifted"),
        "shifted the wrong way": Wrong(
            _SHIFT + "out = target.roll(-1, 1)\n    out[:, -1] = begin\n    return out\n", "Shifted left"
        ),
        "last token wrapped around": Wrong(
            _SHIFT + "return torch.roll(target, 1, 1)\n", "came round to the front"
        ),
        "one token too long": Wrong(
            _SHIFT + "return functional.pad(target, (1, 0), value=begin)\n", "One token too long"
        ),
        "first token overwritten": Wrong(
            _SHIFT + "out = target.clone()\n    out[:, 0] = begin\n    return out\n", "[BOS] replaced"
        ),
        "inputs changed": Wrong(_SHIFT + "target[:, 0] = begin\n    return target\n", "changes the inputs"),
    },
}
