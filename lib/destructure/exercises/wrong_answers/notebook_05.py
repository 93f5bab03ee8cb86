"""Wrong answers to the exercises of notebook 05; the code was written as learners write it."""

from destructure.exercises.catalogue import Exercise
from destructure.exercises.wrong_answers import Wrong, WrongAnswers


def _tokens(exercise: Exercise) -> dict[str, Wrong]:
    text, letters = exercise.parameters.values()
    return {
        "[BOS] forgotten": Wrong(100 * letters / text, "goes through the layers"),
        "[EOS] counted": Wrong(100 * (letters + 2) / text, "nobody reads it again"),
        "share of the decoder's own": Wrong(
            100 * (letters + 1) / (text + letters + 1), "decoder's own tokens"
        ),
        "fraction": Wrong((letters + 1) / text, "as a fraction"),
        "negative": Wrong(-5, "cannot be below"),
    }


_LOSS = "def masked_loss(logits, ids, hidden):\n    "
_EACH = "losses = functional.cross_entropy(logits.transpose(1, 2), ids, reduction='none')\n    "
_MEAN = "def mean_state(states, ids):\n    "
_BAYES = "def log_likelihood(counts, smoothing):\n    "

WRONG: dict[str, WrongAnswers] = {
    "05.mask.encoder": {
        "causal": Wrong("100000\n110000\n111000\n111100", "causal mask"),
        "padding attended": Wrong("111111\n111111\n111111\n111111", "[PAD] is painted too"),
        "only [CLS] sees all": Wrong("111100\n010000\n001000\n000100", "Only [CLS] sees the text"),
        "only padding": Wrong("000011\n000011\n000011\n000011", "Inverted"),
        "nothing": Wrong([[0] * 6] * 4, "Nothing is visible"),
        "one padding left": Wrong("111100\n111100\n111110\n111100", "must not see “[PAD]”"),
        "not itself": Wrong("011100\n111100\n111100\n111100", "may also see “[CLS]”"),
    },
    "05.prediction.ngrams": {
        "upside down": Wrong((80, 95, 60), "upside down"),
        "outside its own interval": Wrong((50, 75, 99), "outside your own interval"),
        "certain": Wrong((90, 90, 90), "claims certainty"),
        "says nothing": Wrong((50, 0, 100), "almost everything"),
        "impossible": Wrong((90, 75, 120), "impossible"),
    },
    "05.number.tokens": _tokens,
    "05.code.masked_loss": {
        "all places": Wrong(
            _LOSS + "return functional.cross_entropy(logits.flatten(0, 1), ids.flatten())\n",
            "only has to copy",
        ),
        "shown places": Wrong(
            _LOSS + "return functional.cross_entropy(logits[~hidden], ids[~hidden])\n", "other way round"
        ),
        "sum": Wrong(_LOSS + _EACH + "return losses[hidden].sum()\n", "This is the sum"),
        "divided by all places": Wrong(
            _LOSS + _EACH + "return (losses * hidden).mean()\n", "divide by all places"
        ),
        "mean of means": Wrong(
            _LOSS + _EACH + "return torch.stack([a[h].mean() for a, h in zip(losses, hidden)]).mean()\n",
            "average each text first",
        ),
        "one loss a place": Wrong(_LOSS + _EACH + "return losses * hidden\n", "it should have"),
        "logits in place of a loss": Wrong(
            _LOSS + "return -logits.max(-1).values.sum()\n", "logits of shown places"
        ),
        "raises an error": Wrong(_LOSS + "return functional.cross_entropy(logits, ids)\n", "raised"),
    },
    "05.code.mean_state": {
        "padding counted": Wrong(_MEAN + "return states.mean(1)\n", "Padding counts, too"),
        "wrong divisor": Wrong(
            _MEAN + "states = states * (ids > 0)[:, :, None]\n    return states.sum(1) / states.shape[1]\n",
            "padded length",
        ),
        "sum": Wrong(
            _MEAN + "return torch.einsum('blw,bl->bw', states, (ids != 0).float())\n", "This is the sum"
        ),
        "first token": Wrong(_MEAN + "return states[:, 0, :]\n", "first token"),
        "largest": Wrong(
            _MEAN + "return torch.where((ids != 0)[..., None], states, -torch.inf).max(1).values\n",
            "largest value",
        ),
        "over the width": Wrong(_MEAN + "return states.mean(-1)\n", "it should have"),
        "last token": Wrong(_MEAN + "return states[:, -1]\n", "states of padding"),
    },
    "05.code.naive_bayes": {
        "over the classes": Wrong(
            _BAYES + "counts = counts + smoothing\n    return (counts / counts.sum(1, keepdim=True)).log()\n",
            "Each row adds to 1",
        ),
        "no smoothing": Wrong(
            _BAYES + "return torch.log(counts / counts.sum(dim=0))\n", "smoothing is missing"
        ),
        "smoothing after the division": Wrong(
            _BAYES + "return torch.log(counts / counts.sum(0) + smoothing)\n", "after the division"
        ),
        "no logarithm": Wrong(
            _BAYES + "counts = counts + smoothing\n    return counts / counts.sum(0)\n",
            "take their logarithm",
        ),
        "base 2": Wrong(
            _BAYES
            + "counts = counts + smoothing\n    return torch.log2(counts) - torch.log2(counts.sum(0))\n",
            "has base 2",
        ),
        "base 10": Wrong(
            _BAYES + "counts = counts + smoothing\n    return torch.log10(counts / counts.sum(0))\n",
            "has base 10",
        ),
        "divided by everything": Wrong(
            _BAYES + "counts = counts + smoothing\n    return (counts / counts.sum()).log()\n",
            "must add to 1",
        ),
        "transposed": Wrong(
            _BAYES
            + "counts = counts.T + smoothing\n    return (counts / counts.sum(1, keepdim=True)).log()\n",
            "it should have",
        ),
    },
    "05.match.heads": {
        "before and after swapped": Wrong(
            ["next", "separator", "previous", "itself"], "left of the diagonal"
        ),
        "column taken for a diagonal": Wrong(
            ["previous", "itself", "next", "separator"], "a whole column is dark"
        ),
        "right taken for left": Wrong(["separator", "next", "previous", "itself"], "right of the diagonal"),
        "diagonal taken for a column": Wrong(["previous", "next", "itself", "separator"], "another column"),
        "one left out": Wrong({"A": "previous", "B": "separator", "C": "next"}, "Not matched yet"),
        "one used twice": Wrong(["previous", "separator", "separator", "itself"], "used twice"),
    },
    "05.choice.twenty": {
        "20 in BERT": Wrong("a", "no such difference"),
        "two changes at once": Wrong("b", "mixes two changes"),
        "direction hardly matters": Wrong("d", "stays 3 points below"),
    },
    "05.choice.wrap_up": {
        "beats counting": Wrong(["a", "b", "c", "d"], "The reverse"),
        "a gap filler writes": Wrong(["a", "e"], "nothing on the right"),
        "one missing": Wrong(["a", "b"], "1 still missing"),
    },
}
