"""The four edits as exercises: the first in code, all of them as effects to match (notebook 07)."""

from destructure.exercises.catalogue import Exercise
from destructure.exercises.definitions import joint_attention_code as code
from destructure.exercises.kinds import Code, Flaw, Item, Match, Property

JOINT = Exercise(
    id="07.code.joint",
    title="Edit 1 in code: one softmax",
    question=(
        "Write `joint_attention(queries, keys, values, memory_keys, memory_values)` for one head: target"
        " token t looks at the **whole"
        " input** (`memory_…`) and at target tokens 0 to t, with **one softmax over both**. The first three"
        " tensors are (target,"
        " width), the last two (source, width); scores are divided by √width. Return the averages (target,"
        " width)."
    ),
    talk="24:30",
    objective="merge self-attention and cross-attention into one",
    difficulty=2,
    minutes=8,
    hints=(
        (
            "Two tables of scores: queries with `memory_keys` (target, source), queries with `keys`"
            " (target, target)."
        ),
        "Only the second one needs a mask. Put the two side by side before the softmax.",
        (
            "weights = softmax(cat([scores of the input, masked own scores], dim=-1)); then weights @"
            " cat([memory_values, values])."
        ),
    ),
    solution=(
        "Concatenate the scores along the keys, then one softmax, then the values in the same order. Two"
        " softmaxes would give"
        " input and target a whole share each, whatever the scores say; one softmax lets them compete."
    ),
    kind=Code(
        function="joint_attention",
        starter=(
            "def joint_attention(queries, keys, values, memory_keys, memory_values):\n"
            "    ...  # your code here\n"
        ),
        expected=code.joint_with(),
        cases=code.joint_cases,
        given={"torch": "torch"},
        flaws=(
            Flaw(
                "two softmaxes added",
                (
                    "These are two softmaxes, and their results are added: each row gives out 2 in all. One"
                    " softmax gives out 1."
                ),
                code.joint_with("two softmaxes added"),
                0.3,
            ),
            Flaw(
                "two softmaxes averaged",
                (
                    "Each row sums to 1, but input and target always get one half each. In one softmax they"
                    " compete."
                ),
                code.joint_with("two softmaxes averaged"),
                0.4,
            ),
            Flaw(
                "later target seen",
                (
                    "A target token sees later ones, which are exactly what it must predict: the own scores"
                    " need a causal mask."
                ),
                code.joint_with("later target seen"),
            ),
            Flaw(
                "input causal",
                (
                    "Target token 0 sees only the first input token here. The input is complete before the"
                    " target begins: no mask there."
                ),
                code.joint_with("input causal"),
            ),
            Flaw(
                "input hidden",
                "The input is not looked at: this is self-attention alone.",
                code.joint_with("input hidden"),
            ),
            Flaw(
                "not scaled",
                "The scores are not divided by √width.",
                code.joint_with("not scaled"),
                0.6,
            ),
        ),
        properties=(
            Property(
                "sums to one", "The weights of a row should sum to 1.", code.weights_of_a_row_sum_to_one
            ),
            Property(
                "later hidden",
                "An earlier row changes with a later token.",
                code.later_target_tokens_are_hidden,
            ),
            Property("input seen", "Some row does not see the whole input.", code.the_whole_input_is_seen),
        ),
    ),
    reference="""
def joint_attention(queries, keys, values, memory_keys, memory_values):
    own = queries @ keys.T
    hidden = torch.ones_like(own, dtype=torch.bool).triu(diagonal=1)
    own = own.masked_fill(hidden, -torch.inf)
    scores = torch.cat([queries @ memory_keys.T, own], dim=-1) / queries.shape[-1] ** 0.5
    return scores.softmax(dim=-1) @ torch.cat([memory_values, values])
""",
    also_right={
        "target first": """
def joint_attention(queries, keys, values, memory_keys, memory_values):
    width = queries.shape[-1]
    all_keys, all_values = torch.cat([keys, memory_keys]), torch.cat([values, memory_values])
    target, source = len(keys), len(memory_keys)
    seen = torch.cat([torch.ones(target, target).tril(), torch.ones(target, source)], dim=1).bool()
    scores = (queries @ all_keys.T / width**0.5).masked_fill(~seen, float("-inf"))
    return torch.softmax(scores, dim=-1) @ all_values
""",
    },
)

EDITS = Exercise(
    id="07.match.edits",
    title="Which edit does what?",
    question="Each edit has a trace that no other edit leaves. L layers a stack, width d. Match them.",
    talk="23:32",
    objective="tell the four edits apart by what they change",
    difficulty=2,
    minutes=4,
    hints=(
        "Only two edits remove parameters. Four matrices of d × d a layer are 4 L d².",
        "Of the other two, one is nothing but another mask.",
        "S1: the smaller removal. S2: the larger. S3: which states are read. S4: the mask.",
    ),
    solution=(
        "**S1** takes one attention away: 4 L d² parameters and one softmax. **S2** takes a whole stack: 12"
        " L d², and no FLOP, for both"
        " parts still have to be computed. **S3** takes no parameter, but what the last input layer"
        " computes is read by nobody any"
        " more. **S4** takes neither: a mask hides later tokens, so what was computed for the earlier ones"
        " may be kept."
    ),
    kind=Match(
        left={
            "S1": Item("Edit 1: one attention in both roles"),
            "S2": Item("Edit 2: one stack for both parts"),
            "S3": Item("Edit 3: layer l reads layer l"),
            "S4": Item("Edit 4: causal input"),
        },
        right={
            "whole stack": Item("12 L d² parameters fewer, and the same FLOPs"),
            "keep": Item("same parameters and FLOPs; an input that grows need not be read again"),
            "one attention": Item("4 L d² parameters fewer; input and target compete in one softmax"),
            "unread": Item("same parameters; nobody reads the output of the last input layer any more"),
        },
        pairs={"S1": "one attention", "S2": "whole stack", "S3": "unread", "S4": "keep"},
        wrong_pairs={
            ("S1", "whole stack"): "One attention is four matrices a layer: 4 d², not 12.",
            (
                "S2",
                "one attention",
            ): "A stack has more than its attention: 4 d² there and 8 d² feed-forward, in each layer.",
            (
                "S3",
                "keep",
            ): "Which layer is read does not hide later tokens: with bidirectional input all states still change.",
            ("S4", "unread"): "A mask inside the input does not decide which layer the target reads.",
            ("S3", "whole stack"): "Reading another layer removes no parameter.",
            ("S4", "whole stack"): "A mask removes no parameter.",
        },
    ),
    reference={"S1": "one attention", "S2": "whole stack", "S3": "unread", "S4": "keep"},
    also_right={"in the order of the edits": ["one attention", "whole stack", "unread", "keep"]},
)
