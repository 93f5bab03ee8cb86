"""Exercises of notebook 06, "Decoder-only" (CS25 V4, 22:21 to 23:32)."""

from itertools import product

from destructure.exercises.catalogue import Exercise
from destructure.exercises.definitions import sequence_code as code
from destructure.exercises.definitions.black_box_exercises import BOXES, INTERFACE
from destructure.exercises.kinds import (
    Code,
    Flaw,
    Mask,
    Number,
    Prediction,
    Property,
    WrongMask,
    WrongValue,
    causal_mistakes,
    causal_rows,
)
from destructure.exercises.variants import Draw, varied

TITLE = "Decoder-only"

# --- masks ---------------------------------------------------------------------------------------------------

_TOKENS = ("That", "is", "good", "[BOS]", "Das", "ist")
_INPUT = 3

Rows = tuple[tuple[int, ...], ...]


def _pattern(
    input_sees_input: str, target_sees_input: bool = True, target_sees_target: str = "causal"
) -> Rows:
    """Who sees whom over input and target; "all", "causal" or "nothing" inside each of them."""

    def sees(how: str, query: int, key: int) -> bool:
        return how == "all" or (how == "causal" and key <= query)

    def cell(query: int, key: int) -> int:
        if query < _INPUT:
            return int(key < _INPUT and sees(input_sees_input, query, key))
        return int(target_sees_input if key < _INPUT else sees(target_sees_target, query, key))

    places = range(len(_TOKENS))
    return tuple(tuple(cell(query, key) for key in places) for query in places)


_CAUSAL, _PREFIX = causal_rows(len(_TOKENS)), _pattern("all")
_APART = _pattern("causal", target_sees_input=False)

JOINT_MASK = Exercise(
    id="06.mask.joint",
    title="One mask for input and target",
    question=(
        "A decoder-only model reads the input `That is good` and has written `Das ist`. Everything stands"
        " in one"
        " sequence, and one attention does all the looking. Paint what each token may see."
    ),
    talk="22:21",
    objective="write self-attention and cross-attention as one causal mask",
    difficulty=1,
    minutes=2,
    hints=(
        "There is one rule for all tokens, whichever part they belong to.",
        "The rows of the target need the whole input: that is the part which cross-attention played before.",
        "Row t sees columns 1 to t: one lower triangle over all six tokens.",
    ),
    solution=(
        "One lower triangle. Its lower left block, where the target looks at the input, does what"
        " cross-attention"
        " did; the triangle at the lower right is the decoder's self-attention. No cell needs a rule of its"
        " own."
    ),
    kind=Mask(
        _TOKENS,
        _TOKENS,
        _CAUSAL,
        (
            *causal_mistakes(len(_TOKENS)),
            WrongMask(
                "input both ways",
                _PREFIX,
                "Here the input is read in both directions: that is the prefix LM, drawn next. Decoder-only"
                " has one"
                " rule, and the input is causal, too.",
            ),
            WrongMask(
                "input and target apart",
                _APART,
                "The target does not see the input at all, so it cannot translate it. What does the job of"
                " cross-attention here?",
            ),
            WrongMask(
                "cross-attention alone",
                _pattern("causal", target_sees_target="nothing"),
                "The target sees the input and nothing of itself; one attention has both jobs.",
            ),
        ),
    ),
    reference=[list(row) for row in _CAUSAL],
    also_right={
        "as text": "100000\n110000\n111000\n111100\n111110\n111111",
        "as truth values": [[key <= query for key in range(6)] for query in range(6)],
    },
)

PREFIX_MASK = Exercise(
    id="06.mask.prefix",
    title="The input may be read both ways",
    question=(
        "The lecture's footnote: in one stack, the *input* can be bidirectional, too. This is the **prefix"
        " LM**. Paint"
        " its mask for the same six tokens; the input is `That is good`."
    ),
    talk="23:32",
    objective="tell the prefix LM from decoder-only by its mask",
    difficulty=2,
    minutes=3,
    hints=(
        "What is known of the input before the first token is written? What of the target?",
        "The input is known as a whole, so its tokens may see each other. The target is still written token"
        " by token.",
        "A full square for the input (3 by 3), and below it the rows of the causal mask.",
    ),
    solution=(
        "A full square over the input and the causal rows below it: only three cells differ from"
        " decoder-only. No input"
        " token may see the target, or the input would have to be read again after each written token."
    ),
    kind=Mask(
        _TOKENS,
        _TOKENS,
        _PREFIX,
        (
            WrongMask(
                "still causal",
                _CAUSAL,
                "This is decoder-only: “That” does not see “is” and “good”, though both are known.",
            ),
            WrongMask(
                "target both ways",
                _pattern("all", target_sees_target="all"),
                "“[BOS]” sees “Das”, which is exactly what it must predict. Only the input may be read both"
                " ways.",
            ),
            WrongMask(
                "input and target apart",
                _pattern("all", target_sees_input=False),
                "The target does not see the input at all, so it cannot translate it.",
            ),
        ),
    ),
    reference=[list(row) for row in _PREFIX],
    also_right={"as text": "111000\n111000\n111000\n111100\n111110\n111111"},
)

# --- concatenation in code -----------------------------------------------------------------------------------

_LABELS_ANSWER = """
def labels(source, target, begin, end):
    return torch.cat([torch.zeros_like(source), target, target.new_tensor([end])])
"""

LABELS = Exercise(
    id="06.code.labels",
    title="What each place should predict",
    question=(
        "The model sees `source`, then `begin`, then `target`, as one sequence of ids. Write"
        " `labels(source, target, begin, end)`: for each place of that sequence, the id that should come"
        " **next**, and 0"
        " where the loss must not count because the next token belongs to the input, or is `begin`. `end`"
        " comes after the"
        " target. All are tensors of one dimension, but `begin` and `end` are single ids."
    ),
    talk="22:21",
    objective="turn a supervised pair into one sequence with a loss on the target alone",
    difficulty=2,
    minutes=6,
    hints=(
        "The sequence has len(source) + 1 + len(target) places, and so has the result.",
        "At which place does the model first have to predict a token of the target? At `begin`.",
        "len(source) zeros, then the target, then `end`.",
    ),
    solution=(
        "The places of the input predict nothing that counts: zeros. At `begin` the first target token is"
        " expected, at"
        " each target token the next one, at the last one `end`. `begin` itself is given, so it is never a"
        " label."
    ),
    kind=Code(
        function="labels",
        starter="def labels(source, target, begin, end):\n    ...  # your code here\n",
        expected=code.labels_with(),
        cases=code.label_cases,
        given={"torch": "torch"},
        flaws=(
            Flaw(
                "loss on inputs",
                "This also asks for the input's own tokens: a choice that some make, but here only the"
                " target counts.",
                code.labels_with("loss on inputs"),
                0.6,
            ),
            Flaw(
                "not shifted",
                "Nothing is shifted: each place is asked for the token that it already sees.",
                code.labels_with("not shifted"),
            ),
            Flaw(
                "first target token not learned",
                "The first target token is never asked for: it is predicted at `begin`, so that place"
                " counts.",
                code.labels_with("first target token not learned"),
            ),
            Flaw(
                "learns to begin",
                "The last input token is asked for `begin`. But `begin` is given when the model writes; it"
                " need not be"
                " predicted.",
                code.labels_with("learns to begin"),
            ),
            Flaw(
                "never ends",
                "`end` is missing: a model trained so never learns to stop.",
                code.labels_with("never ends"),
            ),
            Flaw(
                "one too long",
                "One place too many: the first target token is expected *at* `begin`, not after it.",
                code.labels_with("one too long"),
            ),
        ),
        properties=(
            Property(
                "target complete",
                "The labels that count should be the whole target and then `end`, in order.",
                code.every_target_token_is_asked_for,
            ),
            Property(
                "input silent", "The places of the input should hold 0.", code.nothing_is_asked_of_the_input
            ),
        ),
    ),
    reference=_LABELS_ANSWER,
    also_right={
        "filled in": """
def labels(source, target, begin, end):
    result = torch.zeros(len(source) + 1 + len(target), dtype=source.dtype)
    result[len(source):-1] = target
    result[-1] = end
    return result
""",
    },
)

TOP_P = Exercise(
    id="06.code.top_p",
    title="Top-p, also called nucleus sampling",
    question=(
        "Write `top_p(probabilities, p)`: keep the **fewest** most probable tokens that together have at"
        " least `p`, set"
        " all others to 0, and scale what is left so that it sums to 1. `probabilities` is a tensor"
        " (vocabulary,), and the"
        " result keeps its order."
    ),
    talk="22:21",
    objective="cut the improbable tail of a distribution",
    difficulty=2,
    minutes=8,
    hints=(
        "Sort the probabilities from large to small and add them up as you go (`sort`, `cumsum`).",
        "A token stays if the more probable tokens *before* it have not yet reached p.",
        "kept = cumulative − own < p; put the kept ones back in their places; divide by their sum.",
    ),
    solution=(
        "Sort, add up, keep each token whose predecessors have less than `p` (so the one that crosses the"
        " line stays),"
        " put the probabilities back in their old order, divide by the sum. The number of tokens kept"
        " differs from place"
        " to place: few where the model is sure, many where it is not."
    ),
    kind=Code(
        function="top_p",
        starter="def top_p(probabilities, p):\n    ...  # your code here\n",
        expected=code.top_p_with(),
        cases=code.top_p_cases,
        given={"torch": "torch"},
        flaws=(
            Flaw(
                "stops one too early",
                "The token that crosses the line is missing: the kept ones have less than p. Compare what"
                " came *before*"
                " a token with p.",
                code.top_p_with("stops one too early"),
                0.6,
            ),
            Flaw(
                "a threshold for each token",
                "This compares each token with the most probable one. Top-p adds up: it asks what the kept"
                " tokens have"
                " together.",
                code.top_p_with("a threshold for each token"),
            ),
            Flaw(
                "probability above p",
                "This keeps tokens whose *own* probability is above p; for most distributions that is none.",
                code.top_p_with("probability above p"),
            ),
            Flaw(
                "the improbable ones",
                "This keeps the tail and throws away the probable tokens.",
                code.top_p_with("the improbable ones"),
            ),
            Flaw(
                "not scaled",
                "What is left does not sum to 1: divide by its sum.",
                code.top_p_with("not scaled"),
                0.7,
            ),
            Flaw(
                "in order of probability",
                "The result is sorted: each probability must stand at its own token's place again.",
                code.top_p_with("in order of probability"),
                0.6,
            ),
        ),
        properties=(
            Property("sums to one", "What is left must sum to 1.", code.sums_to_one),
            Property("reaches p", "The kept tokens had less than p together.", code.reaches_p),
            Property("fewest", "Fewer tokens would have reached p already.", code.no_fewer_would_do),
        ),
    ),
    reference="""
def top_p(probabilities, p):
    ranked, order = probabilities.sort(descending=True)
    ranked = ranked * (ranked.cumsum(0) - ranked < p)
    kept = torch.zeros_like(probabilities)
    kept[order] = ranked
    return kept / kept.sum()
""",
    also_right={
        "one by one": """
def top_p(probabilities, p):
    kept, total = torch.zeros_like(probabilities), 0.0
    for place in probabilities.argsort(descending=True).tolist():
        if total >= p:
            break
        kept[place] = probabilities[place]
        total += float(probabilities[place])
    return kept / kept.sum()
""",
    },
)

# --- the prediction ------------------------------------------------------------------------------------------

SAME_FLOPS = Exercise(
    id="06.prediction.same_flops",
    title="Predict: without two stacks",
    question=(
        "With 10¹¹ training FLOPs, the encoder-decoder of notebook 04 writes **39 of 100** unseen numbers"
        " right (mean of"
        " eight seeds). A decoder-only model of three layers has fewer than half of its weights; it learns"
        " from the same"
        " pairs, written one after the other, with the **same FLOPs**. How many of 100 will it write right?"
    ),
    talk="22:21",
    objective="commit to an expectation about a structure before the result",
    difficulty=1,
    minutes=2,
    hints=(
        "Two forces: less room for knowledge, and a little more examples for the same FLOPs.",
        "One more: whatever is learned about attention or words serves input and target at once.",
        "A common belief says that such a model cannot do it at all. A common counter-claim says that"
        " nothing is lost.",
    ),
    solution="The result stands in the figure below, with every seed. Compare it with your interval.",
    kind=Prediction("unseen numbers written right, of 100", lowest=0, highest=100),
    reference={"guess": 40, "low": 20, "high": 70},
    also_right={
        "as a list": [60, 40, 80],
        "a guess that will turn out wrong": {"guess": 5, "low": 0, "high": 10},
    },
)

# --- the cache -----------------------------------------------------------------------------------------------


@varied("06.number.cache_bytes")
def cache_bytes(draw: Draw) -> Exercise:
    """The size of a key-value cache."""
    layers, heads, kv_heads, head_width, tokens = draw.pick("model", _MODELS)
    numbers = 2 * layers * kv_heads * head_width * tokens
    answer = 2 * numbers / 2**20
    return Exercise(
        id="06.number.cache_bytes",
        title="How large is the cache?",
        question=(
            f"A decoder-only model has **{layers}** layers. In each, **{heads}** query heads share"
            f" **{kv_heads}** heads for"
            f" keys and values, and every head is **{head_width}** numbers wide. A number takes 2 bytes."
            f" How many MiB"
            f" (2²⁰ bytes) does the key-value cache take after **{tokens}** tokens?"
        ),
        talk="33:05",
        objective="count what a model must keep while it writes",
        difficulty=2,
        minutes=4,
        hints=(
            "What is kept for one token in one layer? One key and one value for each head that has its own.",
            "Queries are not kept: nobody looks at an old query.",
            f"2 · {layers} · {kv_heads} · {head_width} · {tokens} numbers, 2 bytes each, divided by 2²⁰.",
        ),
        solution=(
            f"One key and one value: 2 · {layers} layers · {kv_heads} heads · {head_width} · {tokens}"
            f" tokens = {numbers:,}"
            f" numbers; times 2 bytes, divided by 2²⁰: **{answer:g} MiB**. It grows with every token and"
            f" with every"
            " conversation served at the same time; so modern models let query heads share keys and values."
        ),
        kind=Number(
            answer=answer,
            unit="MiB",
            tolerance=0.005 * answer,
            other_units={"MB": 1e6 / 2**20, "GiB": 1024.0, "KiB": 1 / 1024, "bytes": 2**-20},
            wrong_values=(
                WrongValue(
                    "keys alone",
                    answer / 2,
                    "Half of it: keys *and* values are kept.",
                    0.5,
                ),
                WrongValue(
                    "every query head",
                    answer * heads / kv_heads,
                    "This counts a key and a value for each *query* head; here several query heads share"
                    " them.",
                    0.5,
                ),
                WrongValue(
                    "one layer",
                    answer / layers,
                    "This is one layer; every layer keeps keys and values of its own.",
                    0.3,
                ),
                WrongValue(
                    "numbers, not bytes",
                    numbers / 2**20,
                    "These are numbers; each takes 2 bytes.",
                    0.6,
                ),
            ),
            lowest=0,
            steps=6,
        ),
        reference=round(answer, 4),
        also_right={"with its unit": f"{answer:.4f} MiB", "in bytes": f"{numbers * 2} bytes"},
        parameters={
            "layers": layers,
            "heads": heads,
            "key-value heads": kv_heads,
            "head width": head_width,
            "tokens": tokens,
        },
        effort={"operations": 6, "numbers to read": 5},
    )


# The first is SmolLM2's shape. No two variants have the same answer, and every mistake shows.
_SIZES_BY_ANSWER = {
    layers * kv_heads * head_width * tokens: (layers, sharing * kv_heads, kv_heads, head_width, tokens)
    for layers, kv_heads, sharing, head_width, tokens in product(
        (12, 20, 28, 36, 44), (3, 5, 7), (3, 5), (64, 80), (1024, 1536, 3072)
    )
}
_MODELS = [(30, 9, 3, 64, 2048), *(_SIZES_BY_ANSWER[key] for key in sorted(_SIZES_BY_ANSWER))]

EXERCISES = (
    JOINT_MASK,
    PREFIX_MASK,
    LABELS,
    SAME_FLOPS,
    TOP_P,
    cache_bytes,
    BOXES,
    INTERFACE,
)
