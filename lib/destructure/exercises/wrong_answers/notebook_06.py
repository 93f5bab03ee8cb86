"""Wrong answers to the exercises of notebook 06, written as learners write them."""

from destructure.exercises.catalogue import Exercise
from destructure.exercises.wrong_answers import Wrong, WrongAnswers


def _cache(exercise: Exercise) -> dict[str, Wrong]:
    layers, heads, kv_heads, head_width, tokens = exercise.parameters.values()
    numbers = 2 * layers * kv_heads * head_width * tokens
    right = 2 * numbers / 2**20
    return {
        "keys alone": Wrong(right / 2, "keys *and* values"),
        "every query head": Wrong(right * heads / kv_heads, "for each *query* head"),
        "one layer": Wrong(right / layers, "one layer"),
        "in millions of bytes": Wrong(numbers * 2 / 1e6, "Close, within 5%"),
        "nothing": Wrong(0, "cannot be right"),
    }


_LABELS = "def labels(source, target, begin, end):\n    "
_TOP_P = "def top_p(probabilities, p):\n    "
_SORTED = (
    "ranked, order = torch.sort(probabilities, descending=True)\n    "
    "total = torch.cumsum(ranked, dim=0)\n    "
)
_BACK = (
    "out = torch.zeros_like(probabilities)\n    out[order] = torch.where(keep, ranked, 0.0)\n    "
    "return out / out.sum()\n"
)

WRONG: dict[str, WrongAnswers] = {
    "06.mask.joint": {
        "input read both ways": Wrong("111000\n111000\n111000\n111100\n111110\n111111", "prefix LM"),
        "target does not see the input": Wrong(
            "100000\n110000\n111000\n000100\n000110\n000111", "cannot translate"
        ),
        "cross-attention alone": Wrong("100000\n110000\n111000\n111000\n111000\n111000", "nothing of itself"),
        "off by one": Wrong("000000\n100000\n110000\n111000\n111100\n111110", "Off by one"),
        "future leak": Wrong("110000\n111000\n111100\n111110\n111111\n111111", "One step too many"),
        "rows and columns swapped": Wrong(
            "111111\n011111\n001111\n000111\n000011\n000001", "Rows and columns are swapped"
        ),
        "one cell missing": Wrong("100000\n110000\n111000\n111100\n111010\n111111", "may also see “[BOS]”"),
    },
    "06.mask.prefix": {
        "still causal": Wrong("100000\n110000\n111000\n111100\n111110\n111111", "This is decoder-only"),
        "target both ways": Wrong(
            "111000\n111000\n111000\n111111\n111111\n111111", "exactly what it must predict"
        ),
        "everything visible": Wrong(
            "111111\n111111\n111111\n111111\n111111\n111111", "Everything is visible"
        ),
        "apart": Wrong("111000\n111000\n111000\n000100\n000110\n000111", "cannot translate"),
        "input sees the begin token": Wrong(
            "111100\n111100\n111100\n111100\n111110\n111111", "must not see “[BOS]”"
        ),
    },
    "06.code.labels": {
        "loss on inputs": Wrong(
            _LABELS + "whole = torch.cat([source, torch.tensor([begin]), target, torch.tensor([end])])\n"
            "    return whole[1:]\n",
            "only the target counts",
        ),
        "not shifted": Wrong(
            _LABELS + "return torch.cat([source * 0, torch.tensor([begin]), target])\n", "already sees"
        ),
        "first token masked": Wrong(
            _LABELS + "out = torch.cat([source * 0, target, torch.tensor([end])])\n"
            "    out[len(source)] = 0\n    return out\n",
            "never asked for",
        ),
        "begin asked for": Wrong(
            _LABELS + "whole = torch.cat([source, torch.tensor([begin]), target, torch.tensor([end])])[1:]\n"
            "    whole[: len(source) - 1] = 0\n    return whole\n",
            "need not be predicted",
        ),
        "no end": Wrong(
            _LABELS
            + "return torch.cat([torch.zeros(len(source), dtype=torch.long), target, torch.tensor([0])])\n",
            "never learns to stop",
        ),
        "one place too many": Wrong(
            _LABELS
            + "return torch.cat([torch.zeros(len(source) + 1).long(), target, torch.tensor([end])])\n",
            "One place too many",
        ),
        "the target alone": Wrong(
            _LABELS + "return torch.cat([target, torch.tensor([end])])\n", "it should have"
        ),
        "inputs changed": Wrong(
            _LABELS + "source.zero_()\n    return torch.cat([source, target, torch.tensor([end])])\n",
            "changes the inputs",
        ),
    },
    "06.code.top_p": {
        "stops one too early": Wrong(
            _TOP_P + _SORTED + "keep = total <= p\n    " + _BACK, "crosses the line"
        ),
        "own probability": Wrong(
            _TOP_P + "out = probabilities * (probabilities > p)\n    return out / out.sum()\n",
            "*own* probability",
        ),
        "share of the best": Wrong(
            _TOP_P + "out = torch.where(probabilities >= p * probabilities.max(), probabilities, 0)\n"
            "    return out / out.sum()\n",
            "the most probable one",
        ),
        "the tail": Wrong(_TOP_P + _SORTED + "keep = total > p\n    " + _BACK, "keeps the tail"),
        "not scaled": Wrong(
            _TOP_P + _SORTED + "keep = total - ranked < p\n    " + _BACK.replace(" / out.sum()", ""),
            "does not sum to 1",
        ),
        "sorted": Wrong(
            _TOP_P + _SORTED + "out = ranked * (total - ranked < p)\n    return out / out.sum()\n",
            "is sorted",
        ),
        "nothing cut": Wrong(_TOP_P + "return probabilities\n", "Fewer tokens"),
        "top-k": Wrong(
            _TOP_P + _SORTED + "keep = torch.arange(len(ranked)) < 2\n    " + _BACK, "less than p together"
        ),
    },
    "06.prediction.same_flops": {
        "upside down": Wrong((40, 70, 20), "upside down"),
        "outside its own interval": Wrong((10, 20, 70), "outside your own interval"),
        "certain": Wrong((0, 0, 0), "claims certainty"),
        "says nothing": Wrong((50, 0, 100), "almost everything"),
        "impossible": Wrong((90, 75, 120), "impossible"),
    },
    "06.number.cache_bytes": _cache,
    "06.match.boxes": {
        "A and D swapped": Wrong(
            ["encoder-decoder", "encoder-only", "decoder-only", "prefix LM"], "works without any input"
        ),
        "B taken for the encoder-decoder": Wrong(
            ["prefix LM", "encoder-decoder", "decoder-only", "encoder-only"], "B cannot write"
        ),
        "C taken for the prefix LM": Wrong(
            {"A": "decoder-only", "B": "encoder-only", "C": "prefix LM", "D": "encoder-decoder"},
            "change earlier outputs",
        ),
        "one used twice": Wrong(
            {"A": "prefix LM", "B": "encoder-only", "C": "decoder-only", "D": "encoder-only"}, "used twice"
        ),
        "unfinished": Wrong({"A": "prefix LM", "C": "decoder-only"}, "Not matched yet"),
    },
    "06.choice.interface": {
        "the next token": Wrong("b", "Every model that writes has these"),
        "moving the boundary": Wrong("c", "a causal encoder with weights of its own changes"),
        "many samples": Wrong("d", "which prompt tokens saw which"),
        "the size": Wrong("e", "not one parameter"),
    },
}
