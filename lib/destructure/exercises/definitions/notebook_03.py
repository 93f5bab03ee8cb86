"""Exercises of notebook 03, "Sequence models" (CS25 V4, 15:19 to 17:32)."""

from itertools import product

from destructure.exercises.catalogue import Exercise
from destructure.exercises.definitions.looking_code import LOOK_BACK, ONE_HOT
from destructure.exercises.definitions.weight_drawings import softmax_rows, weight_maps
from destructure.exercises.kinds import (
    Choice,
    Item,
    Match,
    Number,
    Option,
    Prediction,
    Shapes,
    Stage,
    WrongValue,
)
from destructure.exercises.variants import Draw, varied

TITLE = "Sequence models"

_SENTENCE = "Unicode characters like emojis may be split."

LENGTHS = Exercise(
    id="03.number.lengths",
    title="Three lengths, one of them right",
    question=(
        f"Slides 18 to 21 take the sentence *{_SENTENCE}* through the pipeline. The tokeniser of GPT-3"
        " cuts it like this (a hook stands for a space):\n\n`Un` `ic` `ode` `␣characters` `␣like` `␣em`"
        " `oj` `is` `␣may` `␣be` `␣split` `.`\n\nBeside it the slides print **13** ids, and below it a"
        " picture of vectors with **10** columns. Text, ids and vectors are all labelled with one and"
        " the same `length`. How large is `length` for *this* sentence?"
    ),
    talk="15:19",
    objective="keep the length fixed from tokens to ids to vectors",
    difficulty=1,
    minutes=2,
    hints=(
        "There is one id for each token, and one vector for each id.",
        "So it is enough to count the pieces of this very sentence.",
        "Three for “Unicode”, three for “ emojis”, one for each other word, one for the full stop.",
    ),
    solution=(
        "**12**: twelve pieces, so twelve ids and twelve columns. The 13 ids belong to another sentence"
        " (in that vocabulary they read “Many words don't map to one token: indivisible.”), and the"
        " picture with 10 columns is only a sketch. A program would have stopped."
    ),
    kind=Number(
        answer=12,
        wrong_values=(
            WrongValue(
                "another sentence's ids",
                13,
                (
                    "13 is the number of ids on the slide; but they belong to another sentence. Count the"
                    " pieces."
                ),
                0.3,
            ),
            WrongValue(
                "columns of the sketch",
                10,
                "10 columns were drawn; but one column a token is needed. Count the pieces.",
                0.3,
            ),
            WrongValue(
                "words",
                7,
                (
                    "The sentence has 7 words; but a token may be a part of a word, and the full stop is"
                    " one too."
                ),
                0.2,
            ),
            WrongValue(
                "words and full stop", 8, "Words and full stop; but “Unicode” and “emojis” are cut up.", 0.3
            ),
            WrongValue(
                "characters",
                len(_SENTENCE),
                "These are the characters; here a token is a piece of several characters.",
                0.2,
            ),
        ),
        near=(),
        lowest=1,
        steps=1,
    ),
    reference=12,
    also_right={"as text": "12", "as a float": 12.0},
)


@varied("03.shapes.pipeline")
def pipeline_shapes(draw: Draw) -> Exercise:
    """The shapes from ids to the output of a sequence model."""
    batch, length, vocabulary, width = draw.pick("sizes", _SIZES)
    shapes = {
        "ids": (batch, length),
        "one_hot": (batch, length, vocabulary),
        "table": (vocabulary, width),
        "vectors": (batch, length, width),
        "scores": (batch, length, length),
        "states": (batch, length, width),
    }
    slide = "this is the order of the slide; in this course (and in every library) the width comes last."
    flat = "every token keeps a vector of its own; nothing is summed over the length."
    wrong_shapes = {
        "ids": {
            (length,): "that is one sentence; all of the batch go through together.",
            (batch, length, width): "an id is one whole number, not yet a vector.",
        },
        "one_hot": {
            (batch, vocabulary): "every token has a row of zeros with a single 1 of its own.",
            (
                batch,
                length,
                width,
            ): "that comes after the product with the table; a one-hot row is as long as the vocabulary.",
        },
        "table": {
            (
                length,
                vocabulary,
            ): "the table knows no sentence; it has one row for each entry of the vocabulary.",
            (
                width,
                vocabulary,
            ): "rows and columns are swapped: a row for each entry, so that one-hot @ table fits.",
        },
        "vectors": {
            (batch, width, length): slide,
            (batch, width): flat,
            (batch, length, vocabulary): "the product with the table has left only the table's width.",
        },
        "scores": {
            (batch, length, width): "a dot product of two vectors is one number: the width is gone.",
            (batch, length): "every token is compared with every token, not with one.",
            (batch, width, width): "compare tokens with tokens, not numbers of the vectors with each other.",
        },
        "states": {
            (batch, width, length): "as before, the width comes last.",
            (batch, width): "one state a token comes out; a single vector for all would be a bottleneck.",
            (batch, length, length): "these would be the weights; the output is their averages of vectors.",
        },
    }
    texts = {
        "ids": "Ids: one whole number a token",
        "one_hot": "The same ids as one-hot rows",
        "table": "Embedding table (the same for all sentences)",
        "vectors": "Vectors: one-hot rows times table",
        "scores": "Dot product of every vector of a sentence with every other and itself",
        "states": "Output of a sequence model: one state a token",
    }
    stages = (Stage(key, texts[key], shapes[key], wrong_shapes=wrong_shapes[key]) for key in shapes)
    return Exercise(
        id="03.shapes.pipeline",
        title="Shapes through the pipeline",
        question=(
            f"A batch of {batch} sentences, {length} tokens each; a vocabulary of {vocabulary} entries;"
            f" vectors of width {width}. Fill in the shapes, the batch first and the width last."
        ),
        talk="15:19",
        objective="follow every axis from ids to the output of a sequence model",
        difficulty=2,
        minutes=4,
        hints=(
            "Which of the four sizes belong to the data, and which to the model's table?",
            (
                "A one-hot row is as long as the vocabulary; a product with the table replaces that axis"
                " by the width."
            ),
            (
                f"Vectors are {shapes['vectors']}; scores have one number for each pair of tokens:"
                f" {shapes['scores']}."
            ),
        ),
        solution=(
            "; ".join(f"{key} {shape}" for key, shape in shapes.items())
            + ". A sequence model keeps the shape: one vector a token goes in, one comes out."
        ),
        kind=Shapes(tuple(stages)),
        reference={key: list(shape) for key, shape in shapes.items()},
        also_right={
            "as text": {key: str(shape) for key, shape in shapes.items()},
            "with crosses": {key: " x ".join(map(str, shape)) for key, shape in shapes.items()},
        },
        parameters={"batch": batch, "length": length, "vocabulary": vocabulary, "width": width},
        effort={"shapes": len(shapes), "sizes": sum(map(len, shapes.values()))},
    )


# All four sizes differ, so that every swapped axis shows.
_SIZES = [(2, 12, 50, 8), *product((3, 4, 5), (7, 9, 11, 12), (30, 40, 60, 90), (6, 8, 16, 24))]

REACH = Exercise(
    id="03.prediction.reach",
    title="Predict: how many digits fit into one state?",
    question=(
        "A recurrent network reads a telephone number digit by digit, and then writes it out in German"
        " from its **last state alone**: 64 numbers. It has trained on 30,000 numbers of 4 to 12 digits,"
        " with 2 · 10¹¹ FLOPs (about 15 seconds of one processor core). With attention, the same network"
        " writes 12 digits. Up to how many digits will at least half of the answers be right **without**?"
    ),
    talk="15:19",
    objective="commit to an expectation about a bottleneck before seeing it",
    difficulty=1,
    minutes=1,
    hints=(
        "64 numbers of 32 bits could hold hundreds of digits. Could training find out how to store them?",
        "If the last digit of a short number is stored in one way, where does the network put the next one?",
        (
            "An answer counts only if all of its digits are right: with 95% for each digit, ten are right"
            " in 60 of 100 cases."
        ),
    ),
    solution=(
        "The figure after the training shows it for every seed. Whatever it is: the question is not how"
        " much the state *could* hold, but how much training finds a way to put there with this much"
        " compute."
    ),
    kind=Prediction("digits up to which half of the answers are right", lowest=3, highest=12, unit="digits"),
    reference={"guess": 8, "low": 6, "high": 10},
    also_right={
        "as a list": [6, 4, 8],
        "a guess that will turn out wrong": {"guess": 11.5, "low": 11, "high": 12},
    },
)

_WORDS = ("read", "the", "first", "or", "last", "line")
_LENGTH = len(_WORDS)
_ALIKE = [
    [3.2, 0.6, 0.3, 0.7, 0.3, 0.5],
    [0.6, 3.4, 1.0, 0.5, 1.0, 0.2],
    [0.3, 1.0, 3.0, 0.3, 2.2, 0.2],
    [0.7, 0.5, 0.3, 3.2, 0.3, 0.4],
    [0.3, 1.0, 2.2, 0.3, 3.0, 0.2],
    [0.5, 0.2, 0.2, 0.4, 0.2, 3.2],
]
_FOLLOWING = [
    [0.0, 3.0, 0.8, 0.0, 0.8, 0.6],
    [0.0, 0.0, 2.4, 0.0, 2.4, 1.6],
    [0.0, 0.0, 0.0, 0.4, 0.0, 3.2],
    [0.2, 1.2, 1.6, 0.0, 1.6, 0.4],
    [0.0, 0.0, 0.0, 0.3, 0.0, 3.2],
    [0.3, 0.2, 0.0, 1.4, 0.0, 0.0],
]
_MAPS = {
    "A": softmax_rows(_FOLLOWING),
    "B": [[1 / _LENGTH] * _LENGTH] * _LENGTH,
    "C": softmax_rows(_ALIKE),
    "D": [[1 / (row + 1) if column <= row else 0.0 for column in range(_LENGTH)] for row in range(_LENGTH)],
}

MAPS = Exercise(
    id="03.match.maps",
    title="Which weights are these?",
    question=(
        "Four ways to give each word of *read the first or last line* an average of all words. A row is"
        " the word that looks, a column the word looked at; the darker, the larger the weight. Match each"
        " map with the way it was made."
    ),
    talk="15:19",
    objective="recognise what decides the weights from a picture of them",
    difficulty=2,
    minutes=3,
    hints=(
        "Two maps do not depend on the words at all. Which?",
        "In a map of similarity each word fits itself best, and “first” and “last” fit each other.",
        "“first” looks at “line” in map A, but “line” does not look back: the two roles of a word differ.",
    ),
    solution=(
        "**B** gives all words the same weight; **D** does so too, but only up to the word itself. In"
        " **C** the diagonal is dark and “first” and “last” find each other: similarity, where each word"
        " has one vector for both roles. In **A** “first” and “last” both look at “line”, and “line” does"
        " not look at them: a query says what a word looks for, a key what it can be found by, and the"
        " two need not be alike."
    ),
    kind=Match(
        left={name: Item(f"Map {name}") for name in _MAPS},
        right={
            "similarity": Item("dot products of the words' own vectors"),
            "fixed": Item("a fixed average of all words"),
            "queries": Item("dot products of queries and keys: each word looks for what may follow it"),
            "causal": Item("a fixed average of the word and all earlier ones"),
        },
        pairs={"A": "queries", "B": "fixed", "C": "similarity", "D": "causal"},
        wrong_pairs={
            ("A", "similarity"): (
                "In map A no word looks much at itself; yet with its own vector each word would fit"
                " itself best."
            ),
            (
                "A",
                "fixed",
            ): "The rows of map A differ from word to word, so the words decide; nothing is fixed.",
            ("A", "causal"): "In map A words look at later words as well.",
            (
                "B",
                "causal",
            ): "In map B the first word looks at later words just as much as the last one does.",
            (
                "B",
                "similarity",
            ): "In map B all weights are equal; similarity would single out the word itself.",
            ("B", "queries"): "In map B all weights are equal, so no query finds anything.",
            ("C", "queries"): (
                "In map C each word looks mostly at itself; looking for what follows, it would look at"
                " another."
            ),
            ("C", "fixed"): "Map C has a dark diagonal: the weights are not all equal.",
            ("C", "causal"): "In map C “first” looks at “last”, which stands later.",
            ("D", "fixed"): "Map D is empty above the diagonal: later words are left out.",
            ("D", "similarity"): "In map D the weights of a row are all equal, whatever the words are.",
            ("D", "queries"): "In map D the weights of a row are all equal; no query decides them.",
        },
        drawing=weight_maps({f"Map {name}": rows for name, rows in _MAPS.items()}, _WORDS),
        description=(
            "Four maps of 6 by 6 cells for the words read, the, first, or, last, line. A: dark cells off"
            " the diagonal; first and last look at line, read at the. B: all cells equal. C: dark"
            " diagonal, first and last also look at each other. D: lower triangle, equal within each row."
        ),
    ),
    reference={"A": "queries", "B": "fixed", "C": "similarity", "D": "causal"},
    also_right={
        "in the order of the maps": ["queries", "fixed", "similarity", "causal"],
        "by their texts": {
            "A": "dot products of queries and keys: each word looks for what may follow it",
            "B": "a fixed average of all words",
            "C": "dot products of the words' own vectors",
            "D": "a fixed average of the word and all earlier ones",
        },
    },
)

SHUFFLE = Exercise(
    id="03.choice.shuffle",
    title="Shuffle the words",
    question=(
        "A sentence is shuffled, and the same shuffle is applied to the outputs of the original sentence."
        " For which models do the two agree, whatever the weights? In other words: which models cannot"
        " know in what order the words stood?"
    ),
    talk="15:19",
    objective="tell which parts of a model know the order of its input",
    difficulty=2,
    minutes=3,
    hints=(
        "Ask of each model: does any number in it say where a token stands?",
        (
            "A mask that hides later tokens says something about places; so does a state handed on from"
            " token to token."
        ),
        "A fixed average, and attention in which all see all without positions, know nothing of places.",
    ),
    solution=(
        "A fixed average and attention without positions treat the words as a bag: shuffle the input, and"
        " the output is shuffled in the same way (*permutation equivariance*). A causal mask, positions"
        " and recurrence each break this, and each is a structure: something about order that is built in."
    ),
    kind=Choice(
        (
            Option(
                "average",
                "a fixed average of all words",
                "An average of all is the same in every order.",
                is_right=True,
            ),
            Option(
                "recurrent",
                "a recurrent network",
                (
                    "A recurrent network reads one token after the other, and each state depends on what"
                    " came before it."
                ),
            ),
            Option(
                "attention",
                "attention with several heads, all words visible, no positions",
                "Queries, keys and values come from the words alone, whatever their number of heads.",
                is_right=True,
            ),
            Option(
                "causal",
                "the same with a causal mask",
                "With a causal mask a word sees those before it only; after a shuffle these are others.",
            ),
            Option(
                "positions",
                "the same (all visible) with a vector for its position added to each word",
                "The positions stay in place while the words move, so the vectors that go in are others.",
            ),
        ),
        several=True,
    ),
    reference=["average", "attention"],
    also_right={"letters": "a, c", "a list of letters": ["c", "a"]},
)


@varied("03.number.pairs")
def pairs(draw: Draw) -> Exercise:
    """How many dot products one causal head makes."""
    length = draw.pick("length", _LENGTHS)
    answer = length * (length + 1) // 2
    return Exercise(
        id="03.number.pairs",
        title="Steps and pairs",
        question=(
            f"A text has **{length}** tokens. A recurrent layer reads it in {length} steps, which must"
            " come one after the other. One attention head compares tokens instead, all at the same"
            " time: with a causal mask, each token with itself and every earlier token. How many dot"
            " products of a query with a key does the head need?"
        ),
        talk="15:19",
        objective="set the price of looking back against the price of waiting",
        difficulty=2,
        minutes=3,
        hints=(
            "Token 1 makes one comparison, token 2 makes two, and so on.",
            "The sum of 1 to n is n · (n + 1) / 2.",
            f"{length} · {length + 1} / 2.",
        ),
        solution=(
            f"1 + 2 + … + {length} = {length} · {length + 1} / 2 = **{answer}**. More than the {length}"
            " steps of recurrence, and the gap grows with the length; but none of them has to wait for"
            " another. Where compute is cheap and waiting is not, that is a good trade, and it gets"
            " better as compute gets cheaper."
        ),
        kind=Number(
            answer=answer,
            wrong_values=(
                WrongValue(
                    "no mask",
                    length**2,
                    "These are all pairs; the causal mask hides the later half of them.",
                    0.5,
                ),
                WrongValue(
                    "not itself",
                    length * (length - 1) // 2,
                    "A token looks at itself too: the diagonal is missing.",
                    0.7,
                ),
                WrongValue(
                    "steps",
                    length,
                    "This is the number of recurrent steps; attention compares pairs of tokens.",
                    0.1,
                ),
                WrongValue(
                    "half of all",
                    length**2 / 2,
                    "Half of all pairs leaves out half of the diagonal; count 1 + 2 + 3 + …",
                    0.7,
                ),
            ),
            near=((0.02, 0.4),),
            lowest=1,
            highest=length**2,
            steps=3,
        ),
        reference=answer,
        also_right={"as a division": f"{length * (length + 1)}/2", "as text": str(answer)},
        parameters={"length": length},
        effort={"operations": 3, "numbers to read": 1},
    )


_LENGTHS = [12, *(length for length in range(20, 61) if length % 10)]

BOTTLENECK = Exercise(
    id="03.choice.bottleneck",
    title="What attention took away",
    question="Which structure, built into the recurrent encoder-decoder of 2014, did attention remove?",
    talk="15:19",
    objective="name the assumption behind a fixed vector",
    difficulty=1,
    minutes=2,
    hints=(
        "Compare the two drawings: which arrows are new?",
        "The reading and the writing side are the same recurrent networks as before.",
        "Everything the writing side knew of the input had to pass through one state.",
    ),
    solution=(
        "That everything about the input must pass through **one state of fixed size**. It was a"
        " reasonable assumption while sentences were short. Attention does not make the state larger: it"
        " makes the state unnecessary as a store, at the price of comparing each written word with each"
        " word read. Recurrence itself went only in 2017."
    ),
    kind=Choice(
        (
            Option(
                "order",
                "That tokens are read one after the other.",
                (
                    "The recurrent networks stay as they are; reading in order went only with the"
                    " Transformer of 2017."
                ),
            ),
            Option(
                "one_state",
                "That everything about the input passes through one state of fixed size.",
                "With attention the writing side may look at the state of every input token.",
                is_right=True,
            ),
            Option(
                "separate",
                "That input and target have weights of their own.",
                "Both sides keep their own weights; that structure is questioned in notebook 07.",
            ),
            Option(
                "compute",
                "That more training compute helps.",
                "More compute helps both; the figure shows the fixed vector after three times as much.",
            ),
        )
    ),
    reference="one_state",
    also_right={"its letter": "b"},
)

EXERCISES = (
    LENGTHS,
    pipeline_shapes,
    ONE_HOT,
    REACH,
    LOOK_BACK,
    MAPS,
    SHUFFLE,
    pairs,
    BOTTLENECK,
)
