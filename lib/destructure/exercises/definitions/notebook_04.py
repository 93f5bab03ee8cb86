"""Exercises of notebook 04, "Encoder-decoder" (CS25 V4, 17:29 to 20:23)."""

from itertools import combinations, product

from destructure.exercises.catalogue import Exercise
from destructure.exercises.definitions.attention_exercises import CODE_EXERCISES
from destructure.exercises.kinds import (
    Choice,
    Mask,
    Number,
    Option,
    Order,
    Prediction,
    Rule,
    Shapes,
    Stage,
    Switchboard,
    WrongMask,
    WrongValue,
    causal_mistakes,
    causal_rows,
)
from destructure.exercises.variants import Draw, varied
from destructure.structure import Structure

TITLE = "Encoder-decoder"

_TARGET = ("[BOS]", "Das", "ist", "gut")

DECODER_MASK = Exercise(
    id="04.mask.decoder",
    title="The decoder's mask",
    question=(
        "The decoder reads `[BOS] Das ist gut` and must predict `Das ist gut [EOS]`. Paint what each position"
        " may see in the decoder's **self-attention**."
    ),
    talk="17:29",
    objective="derive the causal mask from what is known when a token is generated",
    difficulty=1,
    minutes=2,
    hints=(
        "When the model generates, which tokens exist already?",
        "“Das” exists when “ist” is to be predicted, so the row of “Das” may use it.",
        "Row t sees columns 1 to t: a filled lower triangle, the diagonal included.",
    ),
    solution=(
        "A position sees itself and everything before it: the lower triangle with its diagonal. What comes"
        " later does not exist yet at generation time, so the model must not get used to it in training."
    ),
    kind=Mask(_TARGET, _TARGET, causal_rows(4), causal_mistakes(4)),
    reference=[[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]],
    also_right={
        "as text": "1000\n1100\n1110\n1111",
        "as truth values": [[key <= query for key in range(4)] for query in range(4)],
    },
)

_SOURCE = ("That", "is", "good", "[PAD]", "[PAD]")


def _rows(*row: int) -> tuple[tuple[int, ...], ...]:
    return (row,) * len(_TARGET)


CROSS_MASK = Exercise(
    id="04.mask.cross",
    title="The cross-attention's mask",
    question=(
        "In a batch, `That is good` was padded to five tokens. Paint what each **target** position may see of"
        " the **input** in cross-attention."
    ),
    talk="17:29",
    objective="tell what is known about the input from what is known about the target",
    difficulty=2,
    minutes=2,
    hints=(
        "Is any part of the input still unknown when the first target token is generated?",
        (
            "The whole input was encoded before the decoder starts; but two of its five tokens are no tokens"
            " at all."
        ),
        "Every row is the same: the three words visible, the two [PAD] hidden.",
    ),
    solution=(
        "The input is complete before the first target token is generated, so every target position sees all"
        " of it. Padding only fills the batch's rectangle and is hidden from everyone."
    ),
    kind=Mask(
        _TARGET,
        _SOURCE,
        _rows(1, 1, 1, 0, 0),
        (
            WrongMask(
                "padding attended",
                _rows(1, 1, 1, 1, 1),
                "[PAD] is painted too: the decoder would mix in states that stand for nothing.",
            ),
            WrongMask(
                "causal cross-attention",
                tuple(tuple(int(key <= query and key < 3) for key in range(5)) for query in range(4)),
                "This is causal, but the input has no future: it was encoded as a whole before the target"
                " starts.",
            ),
            WrongMask(
                "word by word",
                tuple(tuple(int(key == max(query - 1, 0)) for key in range(5)) for query in range(4)),
                "This ties each target word to one input word. Which input words matter is learned, not"
                " masked.",
            ),
        ),
    ),
    reference=[[1, 1, 1, 0, 0]] * 4,
    also_right={"as text": "\n".join(["1 1 1 0 0"] * 4)},
)

_WHY = {
    "separate_cross_attention": "Look inside the target's layers in the goal: is “cross” a block of its own?",
    "separate_parameters": "Compare the two stacks in the goal: do they name the same weights?",
    "final_layer_memory": (
        "Follow the arrows in the goal: do they all start at the last input layer, or at each layer?"
    ),
    "bidirectional_input": "Look at the small masks in the goal's input layers: full squares, or triangles?",
}


@varied("04.switchboard.memory")
def memory(draw: Draw) -> Exercise:
    """Match a drawing: which input layer each target layer reads, and one more difference."""
    start, goal = (Structure.named(code) for code in draw.pick("start and goal", _MEMORY_PAIRS))
    return Exercise(
        id="04.switchboard.memory",
        title="Which memory does each target layer read?",
        question=(
            "Flip the switches until your model is the one drawn as **goal**. Two switches need to change;"
            " one of them says which input layer every target layer reads."
        ),
        talk="17:29",
        objective="read the memory connections of an encoder-decoder off its drawing",
        difficulty=2,
        minutes=3,
        hints=(
            "Compare the two drawings part by part: arrows, small masks, colours, blocks.",
            "The arrows between the stacks belong to S3.",
            f"The goal is: {goal.code} (-- stands for off).",
        ),
        solution=(
            "S3 decides where the arrows start: at the final input layer (the design feature to remember,"
            f" 20:00), or layer by layer. The goal is **{goal.code}**."
        ),
        kind=Switchboard(start=start, wanted=(goal,), goal=goal, why=_WHY),
        reference=goal.code,
        also_right={"switch by switch": {switch: getattr(goal, switch) for switch in Structure.SWITCHES}},
        parameters={"start": start.code, "goal": goal.code},
        effort={"flips": 2},
    )


def _flipped(structure: Structure, *switches: str) -> Structure:
    return Structure(**{name: getattr(structure, name) ^ (name in switches) for name in Structure.SWITCHES})


_MEMORY_PAIRS = [("S1 S2 -- --", "S1 S2 S3 S4")] + [
    (start.code, _flipped(start, "final_layer_memory", other).code)
    for start, other in product(Structure.all(), Structure.SWITCHES)
    if other != "final_layer_memory"
]

GREEDY = Exercise(
    id="04.order.greedy",
    title="Greedy decoding, step by step",
    question="Bring the steps of translating one sentence with a trained encoder-decoder into order.",
    talk="17:29",
    objective="generate a translation token by token",
    difficulty=1,
    minutes=3,
    hints=(
        "What does the decoder need before its first step?",
        "It needs the encoded input and a target that starts with [BOS].",
        "ids → encode → [BOS] → run the decoder → take the best token → append → … → words.",
    ),
    solution=(
        "Tokenise, encode **once**, start with `[BOS]`; then run the decoder, take the most probable next"
        " token, append it and repeat until `[EOS]`; last, turn the ids into words. (`[BOS]` may be written"
        " down earlier, too.)"
    ),
    kind=Order(
        steps={
            "append": "Append it to the target; unless it was `[EOS]`, run the decoder again.",
            "encode": "Run the encoder once over the whole input.",
            "choose": "Take the most probable token at the last position.",
            "words": "Turn the target's ids into words.",
            "ids": "Turn the input sentence into token ids.",
            "begin": "Start the target with `[BOS]`.",
            "decode": "Run the decoder over the target so far; every layer reads the encoder's final states.",
        },
        rules=(
            Rule("ids", "encode", "The encoder works on ids, so the sentence must be tokenised first."),
            Rule("encode", "decode", "Every decoder layer reads the encoder's final states: encode first."),
            Rule("begin", "decode", "The decoder needs at least one target token to run on: [BOS]."),
            Rule("decode", "choose", "There are no probabilities to choose from before the decoder has run."),
            Rule("choose", "append", "A token must be chosen before it can be appended."),
            Rule("append", "words", "Words come last, when [EOS] has ended the loop."),
        ),
    ),
    reference=["ids", "encode", "begin", "decode", "choose", "append", "words"],
    also_right={
        "[BOS] first": ["begin", "ids", "encode", "decode", "choose", "append", "words"],
        "by number": [5, 2, 6, 7, 3, 1, 4],
    },
)


@varied("04.shapes.cross")
def cross_shapes(draw: Draw) -> Exercise:
    """The shapes through one cross-attention."""
    batch, source, target, heads, head_width = draw.pick("sizes", _SIZES)
    width = heads * head_width

    def states(length: int) -> tuple[int, ...]:
        return (batch, length, width)

    def by_head(rows: int, columns: int) -> tuple[int, ...]:
        return (batch, heads, rows, columns)

    def heads_last(length: int) -> tuple[int, ...]:
        return (batch, length, heads, head_width)

    own_share = "each head has only its share of the width."
    heads_first = "the heads stand right after the batch, so that each works on its own."
    shapes = {
        "memory": states(source),
        "queries": by_head(target, head_width),
        "keys": by_head(source, head_width),
        "scores": by_head(target, source),
        "output": states(target),
    }
    wrong_shapes = {
        "memory": {
            states(target): "these are the decoder's states; the memory has one state for each input token."
        },
        "queries": {
            by_head(source, head_width): "the queries come from the target, not from the input.",
            by_head(target, width): own_share,
            heads_last(target): heads_first,
        },
        "keys": {
            by_head(target, head_width): "the keys come from the input, not from the target.",
            by_head(source, width): own_share,
            heads_last(source): heads_first,
        },
        "scores": {
            by_head(source, target): "rows and columns are swapped: one row a query, one column a key.",
            by_head(target, target): "as in self-attention; in cross-attention the keys are the input's.",
            (batch, target, source): "every head has scores of its own.",
        },
        "output": {
            states(source): "one result for each query: the output is as long as the target.",
            by_head(target, head_width): "the heads are joined again before the output projection.",
        },
    }
    texts = {
        "memory": "Encoder's final states (the memory): batch, source, width",
        "queries": "Queries, split into heads: batch, heads, …",
        "keys": "Keys, split into heads",
        "scores": "Scores: how well each key answers each query",
        "output": "Averaged values, heads joined, output projection",
    }
    given = Stage("decoder", "Decoder states: batch, target, width", states(target), given=True)
    asked = (Stage(key, texts[key], shapes[key], wrong_shapes=wrong_shapes[key]) for key in shapes)
    return Exercise(
        id="04.shapes.cross",
        title="Shapes through cross-attention",
        question=(
            f"A batch of {batch}: inputs of {source} tokens, targets of {target}. The model has width {width}"
            f" and {heads} heads. Fill in the shapes along one cross-attention."
        ),
        talk="17:29",
        objective="follow every axis through queries, keys, scores and output",
        difficulty=2,
        minutes=5,
        hints=(
            "Who asks? The target. Who is looked at? The input.",
            f"{heads} heads share the width {width}: each has {head_width}. Heads come right after the batch.",
            f"Queries are {shapes['queries']}; scores have one row a query and one column a key.",
        ),
        solution=(
            "; ".join(f"{key} {shape}" for key, shape in shapes.items())
            + ". The output is as long as the **target**, whatever the input's length."
        ),
        kind=Shapes((given, *asked)),
        reference={key: list(shape) for key, shape in shapes.items()},
        also_right={
            "as text": {key: str(shape) for key, shape in shapes.items()},
            "with crosses": {key: " x ".join(map(str, shape)) for key, shape in shapes.items()},
        },
        parameters={
            "batch": batch,
            "source": source,
            "target": target,
            "heads": heads,
            "head width": head_width,
        },
        effort={"shapes": len(shapes), "sizes": sum(map(len, shapes.values()))},
    )


# All sizes of one variant differ, so that every swapped axis shows.
_SIZES = [(2, 5, 7, 4, 8)] + [
    sizes
    for sizes in product((2, 3), (5, 6, 9, 11), (7, 10, 12, 13), (4, 8), (14, 15, 16, 18))
    if len({*sizes, sizes[3] * sizes[4]}) == 6
]

TEACHER_FORCING = Exercise(
    id="04.choice.teacher_forcing",
    title="What teacher forcing costs",
    question=(
        "In training, the decoder is fed the *true* previous tokens, not its own (teacher forcing), so all"
        " positions are trained in one pass. What is the price?"
    ),
    talk="17:29",
    objective="name the gap between training and generation",
    difficulty=1,
    minutes=2,
    hints=(
        "Compare what stands to the left of a position in training and in generation.",
        "In generation, what stands there was written by the model, mistakes included.",
        "After its own first mistake, the model is in a place where it was never trained.",
    ),
    solution=(
        "In generation the model continues its own output. After a first mistake it continues a text such as"
        " it never saw in training, so mistakes can pile up. That is why this notebook judges by greedy"
        " decoding, never by teacher-forced accuracy."
    ),
    kind=Choice(
        (
            Option(
                "sequential",
                "Training becomes sequential: one token after the other.",
                "The reverse: because the true tokens are known, all positions are trained at once.",
            ),
            Option(
                "sees_answer",
                "Each position sees the token that it must predict.",
                "No: the target is shifted right, and the causal mask hides what comes later.",
            ),
            Option(
                "own_mistakes",
                "The model never learns to go on after a mistake of its own.",
                "In generation it must continue its own text, mistakes included; it never practised that.",
                is_right=True,
            ),
            Option(
                "parameters",
                "It needs twice as many parameters.",
                "Teacher forcing is about what is fed in; it changes no parameter.",
            ),
        )
    ),
    reference="own_mistakes",
    also_right={"its letter": "c", "its text": "The model never learns to go on after a mistake of its own."},
)


@varied("04.number.cross_share")
def cross_share(draw: Draw) -> Exercise:
    """The share of the parameters that cross-attention has."""
    encoder, decoder = draw.pick("layers", _LAYERS)
    whole, cross = 12 * encoder + 16 * decoder, 4 * decoder
    return Exercise(
        id="04.number.cross_share",
        title="The weight of cross-attention",
        question=(
            f"An encoder has **{encoder}** layers, its decoder **{decoder}**. Attention has four matrices of"
            " d × d; the feed-forward block has 8·d² weights (two matrices, 4·d wide inside). Leave out"
            " embeddings, biases and norms. What share of all these weights belongs to **cross-attention**,"
            " in per cent? (To 0.1.)"
        ),
        talk="24:30",
        objective="count the parameters of both stacks",
        difficulty=2,
        minutes=4,
        hints=(
            "Count one encoder layer and one decoder layer, in units of d².",
            (
                "An encoder layer has 4 + 8 = 12, a decoder layer 4 + 4 + 8 = 16, of which 4 are"
                " cross-attention."
            ),
            f"100 · 4·{decoder} / (12·{encoder} + 16·{decoder}).",
        ),
        solution=(
            f"Encoder 12·{encoder}·d², decoder 16·{decoder}·d²: together {whole}·d². Cross-attention has"
            f" 4·{decoder}·d² = {cross}·d², so {100 * cross / whole:.1f}%. (With equally many layers L it is"
            " 4 of 28·L·d², one seventh; without it 24·L·d² are left.)"
        ),
        kind=Number(
            answer=100 * cross / whole,
            unit="%",
            tolerance=0.1,
            other_units={"percent": 1, "per cent": 1},
            wrong_values=(
                WrongValue(
                    "share of the rest",
                    100 * cross / (whole - cross),
                    "This compares cross-attention with the rest; a share compares it with the whole.",
                    0.6,
                ),
                WrongValue(
                    "decoder only",
                    25.0,
                    "This is the share of the decoder alone; the encoder's weights count too.",
                    0.5,
                ),
                WrongValue(
                    "attention only",
                    100 * cross / (4 * encoder + 8 * decoder),
                    "The feed-forward blocks are left out; they hold more weights than attention.",
                    0.4,
                ),
                WrongValue(
                    "fraction",
                    cross / whole,
                    "Right as a fraction of 1; the question asks for per cent.",
                    0.8,
                ),
            ),
            lowest=0,
            highest=100,
            steps=6,
        ),
        reference=round(100 * cross / whole, 2),
        also_right={
            "with its unit": f"{100 * cross / whole:.1f} %",
            "as a division": f"{100 * cross}/{whole}",
        },
        parameters={"encoder layers": encoder, "decoder layers": decoder},
        effort={"operations": 6, "numbers to read": 2},
    )


# Both depths differ (but for the default), no two variants have the same share, and every mistake shows.
_LAYERS_BY_SHARE = {
    round(decoder / (3 * encoder + 4 * decoder), 3): (encoder, decoder)
    for encoder, decoder in combinations(range(2, 13), 2)
}
_LAYERS = [(6, 6), *sorted(_LAYERS_BY_SHARE.values())]

UNSEEN = Exercise(
    id="04.prediction.unseen",
    title="Predict: how well will it translate?",
    question=(
        "The model is about to train for under two minutes on number words. Then it translates **100 numbers"
        " that it never saw**, by greedy decoding. How many will be right, word for word?"
    ),
    talk="17:29",
    objective="commit to an expectation before the result",
    difficulty=1,
    minutes=1,
    hints=(
        "A translation counts only if every single piece of it is right.",
        "Number words follow strict rules, and training shows thousands of examples of them.",
        "If each of 9 pieces is right with 99%, all of them are right in 91 of 100 cases.",
    ),
    solution=(
        "The result stands in the figure after training. Whatever it is: compare it with the interval, not"
        " with the best guess alone."
    ),
    kind=Prediction("numbers translated exactly right, of 100", lowest=0, highest=100),
    reference={"guess": 90, "low": 75, "high": 99},
    also_right={
        "as a list": [60, 40, 80],
        "a guess that will turn out wrong": {"guess": 5, "low": 0, "high": 10},
    },
)

EXERCISES = (
    DECODER_MASK,
    CROSS_MASK,
    memory,
    cross_shapes,
    cross_share,
    TEACHER_FORCING,
    UNSEEN,
    GREEDY,
    *CODE_EXERCISES,
)
