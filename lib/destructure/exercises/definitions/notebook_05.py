"""Exercises of notebook 05, "Encoder-only" (CS25 V4, 20:23 to 22:21)."""

from itertools import product

from destructure.exercises.catalogue import Exercise
from destructure.exercises.definitions import encoder_code as known
from destructure.exercises.definitions.head_drawings import HEADS, head_drawing
from destructure.exercises.kinds import (
    Choice,
    Code,
    Flaw,
    Item,
    Mask,
    Match,
    Number,
    Option,
    Prediction,
    Property,
    WrongMask,
    WrongValue,
    causal_rows,
)
from destructure.exercises.variants import Draw, varied

TITLE = "Encoder-only"

# --- the mask ------------------------------------------------------------------------------------------------

_QUERIES = ("[CLS]", "That", "is", "good")
_KEYS = (*_QUERIES, "[PAD]", "[PAD]")
_HEIGHT, _WIDTH = len(_QUERIES), len(_KEYS)
_VISIBLE = ((1, 1, 1, 1, 0, 0),) * _HEIGHT

ENCODER_MASK = Exercise(
    id="05.mask.encoder",
    title="The encoder's mask",
    question=(
        "An encoder-only model reads `[CLS] That is good`; in its batch it was padded to six tokens. Paint"
        " what each of the four real tokens may see."
    ),
    talk="20:23",
    objective="tell a bidirectional mask from a causal one, and padding from text",
    difficulty=1,
    minutes=2,
    hints=(
        "The model writes nothing. Is there a token that must not be known yet?",
        "No: the whole text is there from the start, for every token. But two columns are no text at all.",
        "Every row is the same: the four real tokens visible, the two [PAD] hidden.",
    ),
    solution=(
        "Nothing is predicted from left to right, so nothing has to be hidden for the sake of the future:"
        " every token sees all real tokens, on both sides. Padding only fills the batch's rectangle."
    ),
    kind=Mask(
        _QUERIES,
        _KEYS,
        _VISIBLE,
        (
            WrongMask(
                "causal",
                tuple((*row, 0, 0) for row in causal_rows(_HEIGHT)),
                "This is the causal mask: “That” could not see “good”. An encoder does not generate, so no"
                " token is still unknown.",
            ),
            WrongMask(
                "padding attended",
                ((1,) * _WIDTH,) * _HEIGHT,
                "[PAD] is painted too: then the answer would depend on how long the other texts of the"
                " batch are.",
            ),
            WrongMask(
                "only the first token sees all",
                (
                    (1, 1, 1, 1, 0, 0),
                    *(tuple(int(key == query) for key in range(_WIDTH)) for query in range(1, _HEIGHT)),
                ),
                "Only [CLS] sees the text here. The answer is read off there, but the words must see each"
                " other, too, or “good” in “not good” stays “good”.",
            ),
        ),
    ),
    reference=[list(row) for row in _VISIBLE],
    also_right={"as text": "\n".join(["111100"] * 4)},
)

# --- predictions -----------------------------------------------------------------------------------------------

NGRAMS = Exercise(
    id="05.prediction.ngrams",
    title="Predict: how good is counting?",
    question=(
        "Your encoder has trained for about a minute. Now a method from before neural networks reads the"
        " same training texts **once** and counts runs of one to four neighbouring characters: a second's"
        " work. Of **100 unseen messages** with 15 characters or more, in 26 languages, how many will it"
        " name right?"
    ),
    talk="20:23",
    objective="commit to an expectation before the comparison",
    difficulty=1,
    minutes=1,
    hints=(
        "Guessing would be right 4 times in 100.",
        "Which letters would tell you that a text is Polish? Which pairs of letters that it is Dutch?",
        "A text of 30 characters has more than 100 such runs, and each is a small piece of evidence.",
    ),
    solution=(
        "The result comes a few cells further down. Compare it with your interval, and then ask why a method"
        " that knows so much less comes out where it does: what does it assume that the Transformer has to"
        " find out?"
    ),
    kind=Prediction("messages named right, of 100", lowest=0, highest=100),
    reference={"guess": 85, "low": 70, "high": 96},
    also_right={
        "as a list": [60, 40, 80],
        "a guess that will turn out wrong": {"guess": 10, "low": 4, "high": 20},
    },
)

# --- the price of an answer --------------------------------------------------------------------------------------


@varied("05.number.tokens")
def tokens(draw: Draw) -> Exercise:
    """How much more a model that spells its answer has to process."""
    text, letters = draw.pick("lengths", _LENGTHS)
    more = 100 * (letters + 1) / text
    return Exercise(
        id="05.number.tokens",
        title="What spelling costs",
        question=(
            f"Both models read a text of **{text}** characters. The encoder-only model averages its states"
            " and answers by one linear layer. The decoder-only model then reads `[BOS]` and spells a name"
            f" of **{letters}** letters, each letter read again to write the next token, the last of which"
            " is `[EOS]`. A cache makes sure that no token is processed twice. How many **more tokens**"
            " does it send through its layers than the encoder, in per cent? (To 0.1.)"
        ),
        talk="22:21",
        objective="count the tokens that an answer takes",
        difficulty=2,
        minutes=3,
        hints=(
            "Count the tokens that go in, not those that come out.",
            f"In go the text, `[BOS]` and the {letters} letters. `[EOS]` only comes out.",
            f"100 · ({letters} + 1) / {text}.",
        ),
        solution=(
            f"The encoder processes {text} tokens, the decoder {text} + 1 + {letters} ="
            f" {text + 1 + letters}. That is {more:.1f}% more: little, for a long text. What counts on a"
            " real machine is another number: the encoder answers in one pass, the decoder in"
            f" {letters + 1}, one after the other."
        ),
        kind=Number(
            answer=more,
            unit="%",
            tolerance=0.1,
            other_units={"percent": 1, "per cent": 1},
            wrong_values=(
                WrongValue(
                    "[BOS] forgotten",
                    100 * letters / text,
                    "Almost: `[BOS]` goes through the layers, too.",
                    0.6,
                ),
                WrongValue(
                    "[EOS] counted",
                    100 * (letters + 2) / text,
                    "`[EOS]` is the last thing that comes out; nobody reads it again.",
                    0.6,
                ),
                WrongValue(
                    "share of the decoder's own",
                    100 * (letters + 1) / (text + letters + 1),
                    "This compares with the decoder's own tokens; the question compares with the encoder's.",
                    0.5,
                ),
                WrongValue(
                    "fraction",
                    (letters + 1) / text,
                    "Right as a fraction of 1; the question asks for per cent.",
                    0.8,
                ),
            ),
            lowest=0,
            steps=3,
        ),
        reference=round(more, 2),
        also_right={"with its unit": f"{more:.1f} %", "as a division": f"{100 * (letters + 1)}/{text}"},
        parameters={"characters": text, "letters": letters},
        effort={"operations": 3, "numbers to read": 2},
    )


# One variant a result, so that a copied answer shows; every mistake is more than the tolerance away.
_LENGTHS_BY_RESULT = {
    round(100 * (letters + 1) / text): (text, letters)
    for text, letters in product(range(20, 64), range(4, 11))
    if 100 * (letters + 1) / text < 60
}
_LENGTHS = [(40, 6), *sorted(set(_LENGTHS_BY_RESULT.values()) - {(40, 6)})]

# --- code --------------------------------------------------------------------------------------------------------

_GIVEN = {"torch": "torch", "functional": "torch.nn.functional"}

_MASKED_LOSS = '''def masked_loss(logits, ids, hidden):
    """Mean cross-entropy of the hidden tokens alone."""
    return functional.cross_entropy(logits[hidden], ids[hidden])
'''

MASKED_LOSS = Exercise(
    id="05.code.masked_loss",
    title="The loss of masked modelling",
    question=(
        "Write `masked_loss(logits, ids, hidden)`: how badly the *hidden* tokens were guessed.\n\n"
        "- `logits` is (batch, length, vocabulary); `ids` the true ids, (batch, length).\n"
        "- `hidden` is boolean, (batch, length): **True where the model saw `[MASK]`**.\n"
        "- Return the mean cross-entropy over all hidden places of the batch, one number."
    ),
    talk="20:23",
    objective="say which places teach a masked model",
    difficulty=2,
    minutes=5,
    hints=(
        "At a shown place the answer stands in the input. What would the model learn from copying it?",
        "A boolean mask picks places: `logits[hidden]` is (hidden places, vocabulary).",
        "`functional.cross_entropy(logits[hidden], ids[hidden])`.",
    ),
    solution=f"```python\n{_MASKED_LOSS}```\nOnly hidden places count: to copy what is shown teaches nothing.",
    kind=Code(
        function="masked_loss",
        starter="def masked_loss(logits, ids, hidden):\n    ...  # your code here\n",
        expected=known.masked_loss_with(),
        cases=known.masked_loss_cases,
        flaws=(
            Flaw(
                "all places",
                "Shown places count, too: there the model only has to copy, and the loss looks better than"
                " it is.",
                known.masked_loss_with(places="all"),
                0.4,
            ),
            Flaw(
                "shown places",
                "The other way round: True marks what was hidden, and you count what was shown.",
                known.masked_loss_with(places="shown"),
                0.4,
            ),
            Flaw(
                "sum",
                "This is the sum; the mean divides by the number of hidden places.",
                known.masked_loss_with(average="not at all"),
                0.6,
            ),
            Flaw(
                "divided by all places",
                "You divide by all places; divide by the number of hidden ones.",
                known.masked_loss_with(average="over all places"),
                0.6,
            ),
            Flaw(
                "mean of means",
                "You average each text first: then a hidden token of a text with few gaps weighs more than"
                " others.",
                known.masked_loss_with(average="over texts"),
                0.7,
            ),
        ),
        properties=(
            Property(
                "shown places matter",
                "The loss changes when the logits of shown places change; only hidden places should count.",
                known.shown_places_do_not_matter,
            ),
        ),
        given=_GIVEN,
    ),
    reference=_MASKED_LOSS,
    also_right={
        "with ignored targets": (
            "def masked_loss(logits, ids, hidden):\n"
            "    wanted = ids.masked_fill(~hidden, -100)\n"
            "    return functional.cross_entropy(logits.flatten(0, 1), wanted.flatten(),"
            " ignore_index=-100)\n"
        ),
        "by hand": (
            "def masked_loss(logits, ids, hidden):\n"
            "    chances = logits.softmax(-1).gather(-1, ids[..., None])[..., 0]\n"
            "    return -(chances.log() * hidden).sum() / hidden.sum()\n"
        ),
    },
)

_MEAN_STATE = '''def mean_state(states, ids):
    """Average the states of the real tokens."""
    real = (ids != 0).unsqueeze(-1)
    return (states * real).sum(dim=1) / real.sum(dim=1)
'''

MEAN_STATE = Exercise(
    id="05.code.mean_state",
    title="One vector, whatever the length",
    question=(
        "Write `mean_state(states, ids)`: one vector for each text, the mean of its tokens' final"
        " states.\n\n"
        "- `states` is (batch, length, width); `ids` is (batch, length), and **id 0 is padding**.\n"
        "- Return (batch, width). Padding must not count."
    ),
    talk="20:23",
    objective="pool the states of a padded batch",
    difficulty=2,
    minutes=5,
    hints=(
        "`states.mean(dim=1)` is almost right. For which texts of a batch is it wrong?",
        "Set the states of padding to 0 before you sum; then divide by the number of real tokens, not by"
        " the length.",
        "`real = (ids != 0).unsqueeze(-1)` fits the shape of the states.",
    ),
    solution=f"```python\n{_MEAN_STATE}```",
    kind=Code(
        function="mean_state",
        starter="def mean_state(states, ids):\n    ...  # your code here\n",
        expected=known.mean_state_with(),
        cases=known.mean_state_cases,
        flaws=(
            Flaw(
                "padding counted",
                "Padding counts, too: then the same text gets another vector in another batch.",
                known.mean_state_with("padding too"),
                0.3,
            ),
            Flaw(
                "wrong divisor",
                "The sum is right, but you divide by the padded length: short texts get short vectors.",
                known.mean_state_with("divided by the full length"),
                0.6,
            ),
            Flaw(
                "sum",
                "This is the sum; a mean divides by the number of real tokens.",
                known.mean_state_with("sum"),
                0.5,
            ),
            Flaw(
                "first token",
                "This is the state of the first token: BERT's way, but not the mean.",
                known.mean_state_with("first token"),
                0.3,
            ),
            Flaw(
                "largest",
                "This takes the largest value of each number over the tokens; take the mean.",
                known.mean_state_with("largest"),
                0.3,
            ),
        ),
        properties=(
            Property(
                "padding matters",
                "The result changes when the states of padding change.",
                known.padding_does_not_matter,
            ),
        ),
        given=_GIVEN,
    ),
    reference=_MEAN_STATE,
    also_right={
        "text by text": (
            "def mean_state(states, ids):\n"
            "    return torch.stack([own[one != 0].mean(0) for own, one in zip(states, ids)])\n"
        ),
    },
)

_LOG_LIKELIHOOD = '''def log_likelihood(counts, smoothing):
    """log p(n-gram | class), each class's probabilities adding to 1."""
    smoothed = counts + smoothing
    return (smoothed / smoothed.sum(dim=0)).log()
'''

LOG_LIKELIHOOD = Exercise(
    id="05.code.naive_bayes",
    title="Naive Bayes, its one line",
    question=(
        "All that naive Bayes learns is how frequent each n-gram is in each class. Write"
        " `log_likelihood(counts, smoothing)`.\n\n"
        "- `counts` is a tensor (n-grams, classes): how often each n-gram stood in texts of each class.\n"
        "- Add `smoothing` to every count, so that nothing is impossible.\n"
        "- Return log p(n-gram | class), of the same shape, as a **natural logarithm**. In each class the"
        " probabilities add to 1."
    ),
    talk="20:23",
    objective="turn counts into the log-probabilities that a classifier adds up",
    difficulty=2,
    minutes=5,
    hints=(
        "p(n-gram | class): what is given is the class. So what do the probabilities of one *column* add to?",
        "Add the smoothing first, divide each column by its sum, take the logarithm last (`.log()`).",
        "`smoothed / smoothed.sum(dim=0)`.",
    ),
    solution=(
        "```python\n"
        f"{_LOG_LIKELIHOOD}```\n"
        "A text's score for a class is the sum of these over its n-grams, plus the logarithm of how"
        " frequent the class is."
    ),
    kind=Code(
        function="log_likelihood",
        starter="def log_likelihood(counts, smoothing):\n    ...  # your code here\n",
        expected=known.log_likelihood_with(),
        cases=known.log_likelihood_cases,
        flaws=(
            Flaw(
                "over the classes",
                "Each row adds to 1: that is p(class | n-gram). Here each class, a column, must add to 1.",
                known.log_likelihood_with(axis=1),
                0.4,
            ),
            Flaw(
                "no smoothing",
                "The smoothing is missing: one n-gram that a class never had makes it impossible, whatever"
                " else the text says.",
                known.log_likelihood_with(smoothing="none"),
                0.5,
            ),
            Flaw(
                "smoothing after the division",
                "You add the smoothing after the division, so the probabilities add to more than 1. Add it"
                " to the counts.",
                known.log_likelihood_with(smoothing="after"),
                0.5,
            ),
            Flaw(
                "no logarithm",
                "These are the probabilities; take their logarithm, so that a text's evidence can be added"
                " up.",
                known.log_likelihood_with(logarithm="none"),
                0.6,
            ),
            Flaw(
                "base 2",
                "Right in bits: your logarithm has base 2. Take the natural one, `torch.log`.",
                known.log_likelihood_with(logarithm="base 2"),
                0.8,
            ),
            Flaw(
                "base 10",
                "Your logarithm has base 10. Take the natural one, `torch.log`.",
                known.log_likelihood_with(logarithm="base 10"),
                0.8,
            ),
        ),
        properties=(
            Property(
                "does not add to one",
                "In each class the probabilities of all n-grams must add to 1.",
                known.each_class_adds_to_one,
            ),
        ),
        given=_GIVEN,
    ),
    reference=_LOG_LIKELIHOOD,
    also_right={
        "difference of logarithms": (
            "def log_likelihood(counts, smoothing):\n"
            "    counts = counts + smoothing\n"
            "    return torch.log(counts) - torch.log(counts.sum(0, keepdim=True))\n"
        ),
    },
)

# --- heads ---------------------------------------------------------------------------------------------------------

HEAD_MATCH = Exercise(
    id="05.match.heads",
    title="What does this head look at?",
    question=(
        "Four attention heads of an encoder, drawn for `[CLS] the old cat sleeps [SEP]`. Rows look, columns"
        " are looked at, dark is much weight. Match each drawing with what the head does."
    ),
    talk="20:23",
    objective="read an attention map",
    difficulty=2,
    minutes=3,
    hints=(
        "Take one row, “cat”, and ask which column is dark.",
        "A dark diagonal is the token itself. Just left of it stands the token before.",
        "A dark *column* means that every token looks at the same place.",
    ),
    solution=(
        "The diagonal: each token looks at itself. One place to its left: the previous token; one to its"
        " right: the next one, which no causal head could do. A dark last column: all look at `[SEP]`, a"
        " place without meaning of its own, on which many of BERT's heads rest (Clark 2019)."
    ),
    kind=Match(
        left={key: Item(f"head {key}", head_drawing(key), HEADS[key].description) for key in HEADS},
        right={
            "previous": Item("Each token looks at the one before it."),
            "next": Item("Each token looks at the one after it."),
            "itself": Item("Each token looks at itself."),
            "separator": Item("Every token looks at [SEP]."),
        },
        pairs={key: HEADS[key].answer for key in HEADS},
        wrong_pairs={
            (
                "A",
                "next",
            ): "In drawing A the dark cell of a row stands left of the diagonal: what stands there?",
            (
                "B",
                "itself",
            ): "In drawing B a whole column is dark, so all rows look at one and the same token.",
            ("C", "previous"): "In drawing C the dark cell of a row stands right of the diagonal.",
            ("D", "separator"): "In drawing D each row has its dark cell in another column: the diagonal.",
        },
    ),
    reference={key: HEADS[key].answer for key in HEADS},
    also_right={"as a list": [HEADS[key].answer for key in HEADS]},
)

# --- the claim of the lecture --------------------------------------------------------------------------------------

TWENTY = Exercise(
    id="05.choice.twenty",
    title="“Boosted by like 20”",
    question=(
        "The lecture says (33:05) that reading in both directions, the B in BERT, raised the score on"
        " SQuAD, a reading test, by “like 20”. The rows of two published tables are printed above. Which"
        " sentence do they support?"
    ),
    talk="33:05",
    objective="check a spoken number against two tables without overstating either",
    difficulty=2,
    minutes=4,
    hints=(
        "Which two rows of BERT's table differ in direction and in nothing else?",
        "“Without next-sentence prediction” against “left to right”: 87.9 against 77.8. And in T5's table:"
        " prefix against causal language model.",
        "10.1 in one table, 17.8 and 23.1 in the other; and the two tables measure different things (F1,"
        " exact match).",
    ),
    solution=(
        "BERT's own comparison gives 10.1 points of F1. T5's, with another measure (exact match), gives"
        " 17.8 and 23.1. So “like 20” fits the table of T5, next to which the lecturer worked, and is about"
        " double what BERT's own table says. Both say that direction mattered a great deal at that size."
    ),
    kind=Choice(
        (
            Option(
                "berts_20",
                "In BERT's paper, direction alone makes a difference of about 20 points.",
                "BERT's table has no such difference: 87.9 against 77.8 is 10.1 points.",
            ),
            Option(
                "ten_seven",
                "Direction alone makes 10.7 points in BERT's table, so the lecture is simply wrong.",
                "88.5 − 77.8 mixes two changes: direction, and the next-sentence task. And the lecture did"
                " not name a table: T5's is near 20.",
                credit=0.3,
            ),
            Option(
                "between",
                "About 10 in BERT's table (F1) and 18 to 23 in T5's (exact match): “like 20” fits T5, not"
                " BERT.",
                "Both numbers, each with its measure: that is as far as the tables go.",
                is_right=True,
            ),
            Option(
                "small",
                "A recurrent layer on top brings the left-to-right model back to BERT's score, so direction"
                " hardly matters.",
                "It helps (84.9) and stays 3 points below. (The paper's table has four more columns; there it helps"
                " nowhere.)",
            ),
        )
    ),
    reference="between",
    also_right={"its letter": "c"},
)

WRAP_UP = Exercise(
    id="05.choice.wrap_up",
    title="What was given up, and what for?",
    question="Which statements about encoder-only models are true?",
    talk="22:21",
    objective="name what giving up generation buys and costs",
    difficulty=1,
    minutes=3,
    hints=(
        "Four statements; more than one is true.",
        "What does the linear layer at the end know about questions that it was not trained for?",
        "True are the ones about one pass, about both sides, and about a new question.",
    ),
    solution=(
        "An encoder-only model answers in one pass and looks at both sides of every token. Its answer is"
        " one of a fixed set, so a new question needs a new layer and new training. That it learned from"
        " little data better than counting is what the notebook did *not* find."
    ),
    kind=Choice(
        (
            Option(
                "one_pass",
                "It answers in one pass, however long the label's name is.",
                "One pass: the label is a number of a list, not a text.",
                is_right=True,
            ),
            Option(
                "both_sides",
                "To guess a hidden token it uses what stands before *and* after it.",
                "Nothing is generated from left to right, so nothing must be hidden.",
                is_right=True,
            ),
            Option(
                "new_question",
                "A question that its last layer was not made for needs a new layer and new training.",
                "26 outputs are 26 answers, whatever you ask.",
                is_right=True,
            ),
            Option(
                "beats_counting",
                "With little data it beats counting, because attention has to be told nothing about the"
                " task.",
                "The reverse: counting is told that neighbours matter, and with little data that is what"
                " wins.",
            ),
            Option(
                "masked_writes",
                "Trained to fill gaps, it can write a text from left to right as well as a decoder-only"
                " model.",
                "It was trained to use both sides; while writing there is nothing on the right.",
            ),
        ),
        several=True,
    ),
    reference=["one_pass", "both_sides", "new_question"],
    also_right={"letters": ["a", "b", "c"], "as text": "a, b, c"},
)

EXERCISES = (
    ENCODER_MASK,
    MEAN_STATE,
    MASKED_LOSS,
    NGRAMS,
    LOG_LIKELIHOOD,
    tokens,
    HEAD_MATCH,
    TWENTY,
    WRAP_UP,
)
