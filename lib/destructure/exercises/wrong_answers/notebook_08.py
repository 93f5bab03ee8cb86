"""Wrong answers to the exercises of notebook 08."""

from destructure.exercises.wrong_answers import Wrong, WrongAnswers

_FACTOR = "def compute_factor(budgets, losses, wanted, compute):\n    "
_PLACE = "k = sum(loss > wanted for loss in losses)\n    "
_FLIP = "def sign_flip_p(differences):\n    "
_ALL = (
    "d = np.asarray(differences)\n    "
    "totals = [np.dot(s, d) for s in itertools.product((-1, 1), repeat=len(d))]\n    "
)

WRONG: dict[str, WrongAnswers] = {
    "08.prediction.seeds": {
        "upside down": Wrong({"guess": 20, "low": 50, "high": 10}, "upside down"),
        "outside its own interval": Wrong({"guess": 80, "low": 5, "high": 30}, "outside your own interval"),
        "certain": Wrong({"guess": 10, "low": 10, "high": 10}, "claims certainty"),
        "impossible": Wrong({"guess": 130, "low": 90, "high": 140}, "impossible"),
    },
    "08.prediction.worth": {
        "upside down": Wrong({"guess": 1, "low": 2, "high": 0.5}, "upside down"),
        "outside its own interval": Wrong({"guess": 3, "low": 0.5, "high": 2}, "outside your own interval"),
        "says nothing": Wrong({"guess": 1, "low": 0, "high": 5}, "almost everything"),
    },
    "08.code.factor": {
        "first budget that is good enough": Wrong(
            _FACTOR + _PLACE + "return budgets[k] / compute\n", "the place lies between"
        ),
        "straight between budgets": Wrong(
            _FACTOR + "return np.interp(-wanted, [-each for each in losses], budgets) / compute\n",
            "take the logarithms of both",
        ),
        "logarithm of compute only": Wrong(
            _FACTOR + "return np.exp(np.interp(-wanted, -np.array(losses), np.log(budgets))) / compute\n",
            "the loss is not",
        ),
        "upside down": Wrong(
            _FACTOR
            + "return compute / np.exp(np.interp(-np.log(wanted), -np.log(losses), np.log(budgets)))\n",
            "upside down",
        ),
        "compute itself": Wrong(
            _FACTOR + "return np.exp(np.interp(-np.log(wanted), -np.log(losses), np.log(budgets)))\n",
            "divide it by",
        ),
        "losses compared": Wrong(
            _FACTOR + "return losses[budgets.index(compute)] / wanted\n",
            "at which compute the losses are equal",
        ),
        "unit matters": Wrong(
            _FACTOR + _PLACE + "return (budgets[k] - compute) / 1e10\n", "If all compute is doubled"
        ),
    },
    "08.match.verdicts": {
        "crossing overlooked": Wrong(
            {"A": "weakly supported", "B": "equivalent", "C": "contradicted", "D": "supported"},
            "Curve A goes below 1",
        ),
        "flat means equivalent": Wrong(
            {"A": "supported", "B": "contradicted", "C": "equivalent", "D": "weakly supported"},
            "Curve B stays within",
        ),
        "falling means supported": Wrong(
            {"A": "supported", "B": "equivalent", "C": "weakly supported", "D": "contradicted"},
            "helps nowhere",
        ),
        "half done": Wrong({"A": "supported", "B": "equivalent"}, "Not matched yet: C, D"),
    },
    "08.code.sign_flip": {
        "one-sided": Wrong(
            _FLIP + _ALL + "return sum(t >= d.sum() - 1e-9 for t in totals) / len(totals)\n", "one side only"
        ),
        "strictly further": Wrong(
            _FLIP + _ALL + "return sum(abs(t) > abs(d.sum()) + 1e-9 for t in totals) / len(totals)\n",
            "so p is never 0",
        ),
        "signs only": Wrong(
            _FLIP
            + _ALL.replace("np.asarray(differences)", "np.sign(differences)")
            + "return sum(abs(t) >= abs(d.sum()) - 1e-9 for t in totals) / len(totals)\n",
            "signs alone",
        ),
        "one minus p": Wrong(
            _FLIP + _ALL + "return sum(abs(t) < abs(d.sum()) - 1e-9 for t in totals) / len(totals)\n",
            "one minus the p value",
        ),
    },
    "08.number.corrected": {
        "not corrected": Wrong(0.0078125, "there are eight"),
        "one-sided": Wrong(0.03125, "all plus and all minus"),
        "threshold divided": Wrong(0.00625, "the bar"),
        "in percent": Wrong(6.25, "not percent"),
    },
    "08.number.interaction": {
        "not halved": Wrong(-0.3, "take half"),
        "main effect": Wrong(-0.05, "main effect of A"),
        "sign turned round": Wrong(0.15, "sign is turned round"),
        "only with B": Wrong(-0.2, "compare it with B absent"),
    },
    "08.switchboard.t5": {
        "prefix language model": Wrong("-- -- -- S4", "next variant"),
        "causal language model": Wrong("-- -- -- --", "with all four removed"),
        "cross-attention lost": Wrong("-- -- S3 S4", "keeps its cross-attention"),
        "nothing flipped": Wrong("S1 S2 S3 S4", "that is what S2 is about"),
        "memory lost": Wrong("S1 -- -- S4", "encoder's last layer"),
    },
    "08.choice.gap": {
        "seeds": Wrong("a", "what the gap means"),
        "axis": Wrong("b", "near the same floor"),
        "gap should grow": Wrong("d", "alone does not tell"),
    },
    "08.choice.wrap_up": {
        "too much": Wrong(["a", "b", "c"], "many orders of magnitude"),
        "null taken for free": Wrong(["a", "c", "d"], "too few seeds"),
        "failures dropped": Wrong(["a", "e"], "look better"),
        "one missing": Wrong(["a"], "1 still missing"),
    },
}
