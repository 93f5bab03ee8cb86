"""The code exercises of notebook 03: an embedding without indexing, and one look back.

torch is imported inside the functions, so that exercises can be listed and shown without it.
"""

from collections.abc import Callable

from destructure.exercises.catalogue import Exercise
from destructure.exercises.kinds import Code, Flaw, Property

_GIVEN = {"torch": "torch", "functional": "torch.nn.functional", "math": "math"}

# --- embedding -----------------------------------------------------------------------------------------------


def _embed_with(mistake: str = "none") -> Callable:
    """Build `embed(ids, table)`; every mistake but "none" is one."""

    def embed(ids, table):
        import torch

        if mistake == "off by one":
            ids = (ids - 1) % len(table)
        one_hot = torch.eye(len(table))[ids]
        if mistake == "one-hot":
            return one_hot
        vectors = one_hot @ table
        return {
            "summed": lambda: vectors.sum(dim=1),
            "averaged": lambda: vectors.mean(dim=1),
            "slide": lambda: vectors.transpose(1, 2),
            "positions": lambda: table[: ids.shape[1]].expand(len(ids), -1, -1),
            "scaled": lambda: vectors * table.shape[1] ** 0.5,
        }.get(mistake, lambda: vectors)()

    return embed


def _embed_cases() -> list[tuple]:
    import torch

    generator = torch.Generator().manual_seed(3)
    sizes = ((2, 4, 9, 5), (1, 3, 6, 8), (3, 5, 12, 4))
    return [
        (
            torch.randint(0, vocabulary, (batch, length), generator=generator),
            torch.randn(vocabulary, width, generator=generator),
        )
        for batch, length, vocabulary, width in sizes
    ]


def _equal_ids_have_equal_vectors(function: Callable, case: tuple) -> bool:
    """The same id everywhere gives the same vector everywhere."""
    ids, table = case
    same = function(ids * 0, table)
    return bool((same == same[:1, :1]).all())


def _linear_in_the_table(function: Callable, case: tuple) -> bool:
    """Doubling the table doubles every vector."""
    import torch

    ids, table = case
    return bool(torch.allclose(function(ids, 2 * table), 2 * function(ids, table), atol=1e-4))


_ONE_HOT = '''def embed(ids, table):
    """One row of the table for each id, as a product of a one-hot matrix and the table."""
    one_hot = torch.eye(table.shape[0])[ids]
    return one_hot @ table
'''

ONE_HOT = Exercise(
    id="03.code.one_hot",
    title="An embedding is a matrix product",
    question=(
        "Write `embed(ids, table)` as a product of two matrices: turn each id into a row of zeros with a"
        " single 1 (*one-hot*), and multiply by the table.\n\n- `ids` is (batch, length), whole"
        " numbers.\n- `table` is (vocabulary, width).\n- Return (batch, length, width).\n\nThe check compares"
        " results: a plain look-up, `table[ids]`, gives the same ones and is accepted. Try the product first."
    ),
    talk="15:19",
    objective="say what an embedding computes, and write it as a matrix product",
    difficulty=2,
    minutes=5,
    hints=(
        "For one id: which row times the table gives exactly row number id?",
        (
            "`functional.one_hot(ids, table.shape[0])` has shape (batch, length, vocabulary); a product"
            " needs floats."
        ),
        "`functional.one_hot(ids, table.shape[0]).float() @ table`.",
    ),
    solution=(
        f"```python\n{_ONE_HOT}```\nThe product multiplies almost everything by 0. That is why libraries"
        " look the row"
        " up instead, and why only the rows that were used get a gradient."
    ),
    kind=Code(
        function="embed",
        starter="def embed(ids, table):\n    ...  # your code here\n",
        expected=_embed_with(),
        cases=_embed_cases,
        flaws=(
            Flaw("off by one", "Off by one: id 0 is row 0 of the table.", _embed_with("off by one"), 0.5),
            Flaw(
                "summed over the tokens",
                "You add the tokens' vectors up; each token keeps a vector of its own.",
                _embed_with("summed"),
                0.5,
            ),
            Flaw(
                "averaged over the tokens",
                "You average over the tokens; each token keeps a vector of its own.",
                _embed_with("averaged"),
                0.5,
            ),
            Flaw(
                "the slide's order of axes",
                (
                    "Right, in the order of the slide's drawing. Here (as in every library) the width"
                    " comes last."
                ),
                _embed_with("slide"),
                0.8,
            ),
            Flaw(
                "not multiplied by the table",
                "This is the one-hot matrix itself; multiply it by the table.",
                _embed_with("one-hot"),
                0.4,
            ),
            Flaw(
                "rows by position",
                (
                    "You take the first rows of the table, whatever the ids are: that would be a table of"
                    " positions."
                ),
                _embed_with("positions"),
            ),
            Flaw(
                "scaled",
                "The vectors are right but for a factor √width; nothing was to be scaled here.",
                _embed_with("scaled"),
                0.7,
            ),
        ),
        properties=(
            Property(
                "equal ids, unequal vectors",
                "The same id gets different vectors at different places; a table knows no places.",
                _equal_ids_have_equal_vectors,
            ),
            Property(
                "not a product with the table",
                "Doubling the table does not double the vectors, so this is no product with the table.",
                _linear_in_the_table,
            ),
        ),
        given=_GIVEN,
    ),
    reference=_ONE_HOT,
    also_right={
        "by one_hot": (
            "def embed(ids, table):\n    return functional.one_hot(ids, table.shape[0]).to(table.dtype) @"
            " table\n"
        ),
        "by comparing": (
            "def embed(ids, table):\n    known = torch.arange(table.shape[0])\n"
            "    return torch.einsum('blv,vw->blw', (ids.unsqueeze(-1) == known).float(), table)\n"
        ),
        "looked up": "def embed(ids, table):\n    return table[ids]\n",
    },
)

# --- one look back -------------------------------------------------------------------------------------------


def _look_with(mistake: str = "none") -> Callable:
    """Build `look_back(state, memory)`; every mistake but "none" is one."""

    def look_back(state, memory):
        import torch

        scores = memory @ state
        if mistake == "scaled":
            scores = scores / len(state) ** 0.5
        weights = {
            "no softmax": lambda: scores,
            "only divided": lambda: scores / scores.sum(),
            "fixed average": lambda: torch.full_like(scores, 1 / len(scores)),
            "best only": lambda: (scores == scores.max()).float(),
            "last only": lambda: torch.eye(len(scores))[-1],
            "least similar": lambda: (-scores).softmax(dim=0),
        }.get(mistake, lambda: scores.softmax(dim=0))()
        if mistake == "weights":
            return weights
        if mistake == "every width alone":
            return ((memory * state).softmax(dim=0) * memory).sum(dim=0)
        return weights @ memory

    return look_back


def _look_cases() -> list[tuple]:
    import torch

    generator = torch.Generator().manual_seed(13)
    return [
        (torch.randn(width, generator=generator), torch.randn(source, width, generator=generator))
        for source, width in ((4, 6), (7, 5), (3, 9), (6, 3))
    ]


def _averages_stay_inside(function: Callable, case: tuple) -> bool:
    """If all memory states are the same, so is their average."""
    import torch

    state, memory = case
    same = memory[:1].expand_as(memory).clone()
    return bool(torch.allclose(function(state, same), memory[0], atol=1e-4))


def _order_does_not_matter(function: Callable, case: tuple) -> bool:
    """Reversing the memory changes nothing."""
    import torch

    state, memory = case
    return bool(torch.allclose(function(state, memory), function(state, memory.flip(0)), atol=1e-4))


def _state_matters(function: Callable, case: tuple) -> bool:
    """Another state finds something else."""
    import torch

    state, memory = case
    return not torch.allclose(function(state, memory), function(-state, memory), atol=1e-4)


_LOOK_BACK = '''def look_back(state, memory):
    """Average the memory with weights that say how well each of its states fits the asking one."""
    weights = torch.softmax(memory @ state, dim=0)
    return weights @ memory
'''

LOOK_BACK = Exercise(
    id="03.code.look_back",
    title="One look back",
    question=(
        "Write `look_back(state, memory)`: what the writing side finds when it looks back **once**.\n\n-"
        " `state` is (width,), the asking state.\n- `memory` is (source, width), one state for each input"
        " token.\n- Score each memory state by its dot product with `state`, turn the scores into weights"
        " by a softmax, and return the weighted average of the memory, (width,). No scaling here."
    ),
    talk="15:19",
    objective="write attention for one query, from memory",
    difficulty=2,
    minutes=6,
    hints=(
        "Three steps: scores, weights, average. Two of them are one matrix product each.",
        "`memory @ state` gives all scores at once: (source,).",
        "`weights = torch.softmax(memory @ state, dim=0)`, and then `weights @ memory`.",
    ),
    solution=(
        f"```python\n{_LOOK_BACK}```\nWith one row of `state` for each writing step, and queries, keys"
        " and values in place of"
        " the bare states, this is attention as in the Transformer."
    ),
    kind=Code(
        function="look_back",
        starter="def look_back(state, memory):\n    ...  # your code here\n",
        expected=_look_with(),
        cases=_look_cases,
        flaws=(
            Flaw(
                "no softmax",
                (
                    "The scores themselves are no weights: they can be negative and do not add to 1. Take"
                    " a softmax."
                ),
                _look_with("no softmax"),
                0.4,
            ),
            Flaw(
                "divided by their sum",
                (
                    "Dividing scores by their sum lets weights be negative or huge; the softmax makes"
                    " them positive first."
                ),
                _look_with("only divided"),
                0.4,
            ),
            Flaw(
                "fixed average",
                "Every memory state gets the same weight, whatever the asking state is: score them first.",
                _look_with("fixed average"),
                0.3,
            ),
            Flaw(
                "best only",
                (
                    "You return the best memory state alone; the weights share the look out (and have a"
                    " gradient)."
                ),
                _look_with("best only"),
                0.5,
            ),
            Flaw(
                "last state only",
                "You return the last memory state: that is the fixed vector, the very thing to be replaced.",
                _look_with("last only"),
                0.1,
            ),
            Flaw(
                "scaled",
                "Right, but scaled by √width; the question asks for no scaling here.",
                _look_with("scaled"),
                0.8,
            ),
            Flaw(
                "least similar first",
                "Upside down: the memory state that fits worst gets the largest weight.",
                _look_with("least similar"),
                0.5,
            ),
            Flaw(
                "weights returned",
                "These are the weights; average the memory with them.",
                _look_with("weights"),
                0.6,
            ),
            Flaw(
                "every width alone",
                (
                    "Your weights differ from one number of a state to the next: sum the products over"
                    " the width first."
                ),
                _look_with("every width alone"),
                0.4,
            ),
        ),
        properties=(
            Property(
                "not an average",
                "If all memory states are equal, their average is that state; yours is something else.",
                _averages_stay_inside,
            ),
            Property(
                "order matters",
                "The result depends on the order of the memory; a weighted average does not.",
                _order_does_not_matter,
            ),
            Property(
                "state unused",
                "The result does not depend on the asking state.",
                _state_matters,
            ),
        ),
        given=_GIVEN,
    ),
    reference=_LOOK_BACK,
    also_right={
        "step by step": (
            "def look_back(state, memory):\n    scores = (memory * state).sum(-1)\n    powers = (scores -"
            " scores.max()).exp()\n"
            "    return ((powers / powers.sum()).unsqueeze(-1) * memory).sum(0)\n"
        ),
        "with its weights": (
            "def look_back(state, memory):\n    weights = functional.softmax(torch.mv(memory, state),"
            " dim=-1)\n"
            "    return torch.einsum('s,sw->w', weights, memory), weights\n"
        ),
    },
)

CODE_EXERCISES = (ONE_HOT, LOOK_BACK)
