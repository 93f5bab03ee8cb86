"""Wrong answers to the exercises of notebook 03.

The code was written as learners write it, not with the imitations that the checks use to recognise mistakes.
"""

from destructure.exercises.catalogue import Exercise
from destructure.exercises.wrong_answers import Wrong, WrongAnswers


def _shapes(exercise: Exercise) -> dict[str, Wrong]:
    batch, length, vocabulary, width = exercise.parameters.values()
    right = exercise.reference
    return {
        "one sentence": Wrong(right | {"ids": [length]}, "all of the batch"),
        "ids are vectors": Wrong(right | {"ids": [batch, length, width]}, "not yet a vector"),
        "one-hot sentence": Wrong(right | {"one_hot": [batch, vocabulary]}, "of its own"),
        "one-hot of the width": Wrong(
            right | {"one_hot": [batch, length, width]}, "as long as the vocabulary"
        ),
        "table transposed": Wrong(right | {"table": [width, vocabulary]}, "rows and columns are swapped"),
        "table a sentence": Wrong(right | {"table": [length, vocabulary]}, "knows no sentence"),
        "the slide's order": Wrong(right | {"vectors": [batch, width, length]}, "order of the slide"),
        "tokens summed": Wrong(right | {"vectors": [batch, width]}, "nothing is summed"),
        "scores keep the width": Wrong(right | {"scores": [batch, length, width]}, "the width is gone"),
        "compared with one": Wrong(right | {"scores": [batch, length]}, "every token is compared"),
        "one state for all": Wrong(right | {"states": [batch, width]}, "would be a bottleneck"),
        "weights come out": Wrong(right | {"states": [batch, length, length]}, "would be the weights"),
        "one left out": Wrong({key: right[key] for key in right if key != "scores"}, "still empty"),
    }


def _pairs(exercise: Exercise) -> dict[str, Wrong]:
    length = exercise.parameters["length"]
    return {
        "no mask": Wrong(length**2, "hides the later half"),
        "not itself": Wrong(length * (length - 1) // 2, "the diagonal is missing"),
        "steps": Wrong(length, "recurrent steps"),
        "half of all": Wrong(length**2 / 2, "half of the diagonal"),
        "more than all": Wrong(length**2 + 1, "cannot be above"),
        "none": Wrong(0, "cannot be below"),
    }


_EMBED = "def embed(ids, table):\n    "
_HOT = "hot = functional.one_hot(ids, num_classes=table.size(0)).float()\n    "
_LOOK = "def look_back(state, memory):\n    "
_SCORES = "scores = torch.einsum('sw,w->s', memory, state)\n    "
_AVERAGE = "return (weights[:, None] * memory).sum(0)\n"

WRONG: dict[str, WrongAnswers] = {
    "03.number.lengths": {
        "another sentence's ids": Wrong(13, "belong to another sentence"),
        "columns of the sketch": Wrong(10, "columns were drawn"),
        "words": Wrong(7, "a part of a word"),
        "words and full stop": Wrong(8, "are cut up"),
        "characters": Wrong(44, "These are the characters"),
        "one piece missed": Wrong(11, "Too small"),
    },
    "03.shapes.pipeline": _shapes,
    "03.code.one_hot": {
        "off by one": Wrong(
            _EMBED + "hot = functional.one_hot(ids - 1 + (ids == 0) * len(table), len(table))\n"
            "    return hot.float() @ table\n",
            "id 0 is row 0",
        ),
        "summed over the tokens": Wrong(_EMBED + _HOT + "return hot.sum(1) @ table\n", "add the tokens"),
        "averaged over the tokens": Wrong(
            _EMBED + _HOT + "return (hot @ table).mean(1)\n", "average over the tokens"
        ),
        "the slide's order": Wrong(
            _EMBED + _HOT + "return (hot @ table).permute(0, 2, 1)\n", "order of the slide"
        ),
        "not multiplied": Wrong(_EMBED + _HOT + "return hot\n", "one-hot matrix itself"),
        "rows by position": Wrong(
            _EMBED + "b, n = ids.shape\n    return table[torch.arange(n)].unsqueeze(0).repeat(b, 1, 1)\n",
            "table of positions",
        ),
        "scaled": Wrong(
            _EMBED + "return table[ids] * math.sqrt(table.size(1))\n", "nothing was to be scaled"
        ),
        "with positions": Wrong(
            _EMBED + "n = ids.shape[1]\n    return table[ids] + torch.arange(n)[None, :, None]\n",
            "a table knows no places",
        ),
        "no product": Wrong(_EMBED + "return table[ids] + 1.0\n", "no product with the table"),
        "whole numbers": Wrong(
            _EMBED + "return functional.one_hot(ids, len(table)) @ table\n",
            "the function raised RuntimeError",
        ),
    },
    "03.prediction.reach": {
        "upside down": Wrong((8, 10, 6), "upside down"),
        "outside its own interval": Wrong((5, 7, 10), "outside your own interval"),
        "certain": Wrong((8, 8, 8), "claims certainty"),
        "says nothing": Wrong((8, 3, 12), "almost everything"),
        "impossible": Wrong((8, 6, 20), "impossible"),
    },
    "03.code.look_back": {
        "no softmax": Wrong(_LOOK + _SCORES + "return scores @ memory\n", "Take a softmax"),
        "divided by their sum": Wrong(
            _LOOK + _SCORES + "weights = scores / torch.sum(scores)\n    " + _AVERAGE,
            "makes them positive first",
        ),
        "fixed average": Wrong(_LOOK + "return torch.mean(memory, dim=0)\n", "score them first"),
        "best only": Wrong(_LOOK + _SCORES + "return memory[torch.argmax(scores)]\n", "share the look out"),
        "last state only": Wrong(_LOOK + "return memory[-1]\n", "that is the fixed vector"),
        "scaled": Wrong(
            _LOOK
            + _SCORES
            + "weights = functional.softmax(scores / math.sqrt(state.numel()), -1)\n    "
            + _AVERAGE,
            "no scaling here",
        ),
        "least similar first": Wrong(
            _LOOK + _SCORES + "weights = (scores * -1).softmax(-1)\n    " + _AVERAGE, "Upside down"
        ),
        "weights returned": Wrong(
            _LOOK + _SCORES + "return functional.softmax(scores, dim=0)\n", "These are the weights"
        ),
        "every width alone": Wrong(
            _LOOK + "weights = torch.softmax(memory * state, 0)\n    return torch.sum(weights * memory, 0)\n",
            "sum the products over the width",
        ),
        "state added": Wrong(
            _LOOK + _SCORES + "weights = scores.softmax(0)\n    return weights @ memory + state\n",
            "that state; yours",
        ),
        "by place": Wrong(
            _LOOK
            + "places = torch.arange(len(memory)).float()\n    weights = (memory @ state + places).softmax(0)\n    "
            + _AVERAGE,
            "order of the memory",
        ),
        "by size": Wrong(
            _LOOK + "weights = memory.square().sum(-1).softmax(0)\n    " + _AVERAGE,
            "does not depend on the asking state",
        ),
        "inputs changed": Wrong(_LOOK + "memory *= 2\n    return memory[0]\n", "changes the inputs"),
    },
    "03.match.maps": {
        "looking for itself": Wrong(
            {"A": "similarity", "B": "fixed", "C": "queries", "D": "causal"}, "no word looks much at itself"
        ),
        "averages swapped": Wrong(
            {"A": "queries", "B": "causal", "C": "similarity", "D": "fixed"}, "just as much as the last one"
        ),
        "fixed is causal": Wrong(
            {"A": "queries", "B": "fixed", "C": "similarity", "D": "fixed"}, "empty above the diagonal"
        ),
        "diagonal is a query": Wrong(
            {"A": "queries", "B": "fixed", "C": "queries", "D": "causal"}, "looks mostly at itself"
        ),
        "half done": Wrong({"B": "fixed"}, "Not matched yet: A, C, D"),
    },
    "03.choice.shuffle": {
        "recurrence forgets": Wrong("a, b, c", "one token after the other"),
        "masks know nothing": Wrong("a, c, d", "With a causal mask a word sees"),
        "positions move along": Wrong("a, c, e", "stay in place while the words move"),
        "average only": Wrong("a", "1 still missing"),
    },
    "03.number.pairs": _pairs,
    "03.choice.bottleneck": {
        "order": Wrong("a", "went only with the Transformer"),
        "separate weights": Wrong("c", "notebook 07"),
        "compute": Wrong("d", "three times as much"),
    },
}
