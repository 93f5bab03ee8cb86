"""Pictures: right content, readable text, alt text, and nothing in the notebook that changes from run to run."""

import base64
import io
import subprocess
import sys
from functools import cache
from itertools import combinations

import nbformat
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from nbclient import NotebookClient
from PIL import Image

from destructure import Structure, Transformer, TransformerConfig, show
from destructure.show.architectures import Panel, block_colour
from destructure.show.arrays import as_array
from destructure.show.masks import mask_parts
from destructure.show.style import CURVES, DOTS_PER_INCH, FONT_SIZE, WIDTH

TIED = tuple(
    Structure(True, *rest, tied_cross_attention=True)
    for rest in ((s2, s3, s4) for s2 in (True, False) for s3 in (True, False) for s4 in (True, False))
)
EVERY = Structure.all() + TIED
CORNERS = pytest.mark.parametrize("structure", EVERY, ids=lambda structure: structure.code)
PNG_START = b"\x89PNG\r\n\x1a\n"
LONG = ["[BOS]", "siebenhundert", "dreiundzwanzig", "tausend", "und", "eins"]


def softmax_weights(*shape, seed=0):
    weights = np.exp(np.random.default_rng(seed).normal(size=shape))
    return weights / weights.sum(axis=-1, keepdims=True)


# --- fact --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("true", [True, np.True_, np.array(True), torch.tensor(True), np.float64(1) < 2])
def test_fact_prints_one_stable_line(true, capsys):
    assert show.fact("  it holds ", true) is None
    captured = capsys.readouterr()
    assert captured.out == "✓ it holds\n"
    assert captured.err == ""


@pytest.mark.parametrize("false", [False, np.False_, np.array(False), torch.tensor(False)])
def test_fact_stops_on_what_is_false(false, capsys):
    with pytest.raises(AssertionError, match=r"false here: it holds$"):
        show.fact("it holds", false)
    assert capsys.readouterr().out == ""


VAGUE = [
    1,
    0,
    "yes",
    None,
    [True],
    np.array([True]),
    np.array([True, False]),
    torch.tensor([True]),
    torch.tensor(1),
]


@pytest.mark.parametrize("vague", VAGUE)
def test_fact_refuses_what_is_no_truth_value(vague, capsys):
    with pytest.raises(ValueError, match="truth value"):
        show.fact("it holds", vague)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("text", ["", "  ", "two\nlines", 3])
def test_fact_is_one_line(text):
    with pytest.raises(ValueError, match="one line"):
        show.fact(text, True)


def test_names_stay_functions_whatever_was_imported_before():
    import destructure.show.facts  # noqa: F401

    for name in show.__all__:
        assert type(getattr(show, name)).__name__ != "module", name


def test_plain_data_needs_no_torch_and_facts_need_no_matplotlib():
    code = (
        "import sys; from destructure import show, Structure; show.fact('x', True);"
        "show.architecture_plan(Structure());"
        "assert 'matplotlib' not in sys.modules, 'matplotlib';"
        "show.mask_picture([[1, 0], [1, 1]], 'ab', 'ab').png(); show.attention_map([[1.0]], 'a', 'b').png();"
        "show.architecture(Structure(), 1).png(); show.structure_mask(Structure()).png();"
        "assert 'torch' not in sys.modules, 'torch'; assert 'matplotlib.pyplot' not in sys.modules, 'pyplot'"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True)


# --- style -------------------------------------------------------------------------------------------------------


def linear(colour):
    values = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ rgb
    x, y, z = np.cbrt(xyz / np.array([0.9505, 1.0, 1.089]))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
NO_RED = np.array([[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]])
NO_GREEN = np.array([[0.3673, 0.8607, -0.2280], [0.2802, 0.6727, 0.0471], [-0.0118, 0.0429, 0.9689]])
MEANINGS = {
    "source": show.SOURCE,
    "target": show.TARGET,
    "shared": show.SHARED,
    "cross": show.CROSS_ATTENTION,
}


@pytest.mark.parametrize("pair", list(combinations(MEANINGS, 2)), ids="-".join)
def test_meaningful_colours_differ_in_grey_and_for_colour_blind_eyes(pair):
    first, second = (linear(MEANINGS[name]) for name in pair)
    assert abs(lab(first)[0] - lab(second)[0]) > 10
    for eye in (np.eye(3), NO_RED, NO_GREEN):
        distance = np.linalg.norm(lab(np.clip(eye @ first, 0, 1)) - lab(np.clip(eye @ second, 0, 1)))
        assert distance > 15


def test_hidden_and_visible_cells_differ_in_grey():
    for colour in MEANINGS.values():
        assert lab(linear(show.HIDDEN))[0] - lab(linear(colour))[0] > 14


def test_curves_never_differ_by_colour_alone():
    for place in range(3):
        looks = [str(look[place]) for look in CURVES]
        assert len(set(looks)) == len(looks)


def test_style_is_put_back_after_a_block_and_stays_after_a_call():
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcParams["font.size"] = 5
        with show.use_style():
            assert matplotlib.rcParams["font.size"] == FONT_SIZE
        assert matplotlib.rcParams["font.size"] == 5
        show.use_style()
        assert matplotlib.rcParams["font.size"] == FONT_SIZE


# --- pictures in a notebook --------------------------------------------------------------------------------------


def a_picture():
    figure = show.figure(8, 3)
    figure.subplots().plot([1, 2, 4])
    return show.show(figure, alt="A curve that doubles.")


def test_picture_carries_png_and_alt_text_and_no_html():
    from IPython.core.formatters import DisplayFormatter

    data, metadata = DisplayFormatter().format(a_picture())
    assert set(data) == {"text/plain", "image/png"}
    assert data["text/plain"] == "<Figure: A curve that doubles.>"
    assert base64.b64decode(data["image/png"]).startswith(PNG_START)
    assert metadata["image/png"] == {"alt": "A curve that doubles.", "width": 768}


def test_a_learner_can_have_alt_text_in_jupyterlab():
    try:
        show.read_pictures_aloud()
        data, _ = a_picture()._repr_mimebundle_()
    finally:
        show.read_pictures_aloud(False)
    assert 'alt="A curve that doubles."' in data["text/html"]
    assert f"base64,{data['image/png']}" in data["text/html"]
    assert "text/html" not in a_picture()._repr_mimebundle_()[0]


def test_same_figure_gives_same_bytes_and_a_fixed_size():
    pictures = [a_picture().png() for _ in range(2)]
    assert pictures[0] == pictures[1]
    image = Image.open(io.BytesIO(pictures[0]))
    assert image.size == (8 * DOTS_PER_INCH, 3 * DOTS_PER_INCH)
    assert image.info["Description"] == "A curve that doubles."


def test_picture_can_be_saved_and_changed(tmp_path):
    picture = a_picture()
    before = picture.save(tmp_path / "curve.png").read_bytes()
    assert before.startswith(PNG_START)
    picture.figure.axes[0].set_ylabel("more")
    assert picture.png() != before
    with pytest.raises(ValueError, match=r"end its name in \.png"):
        picture.save(tmp_path / "curve.svg")


def test_pyplot_forgets_a_shown_figure():
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, _ = pyplot.subplots()
    show.show(figure, alt="empty axes")
    assert not pyplot.fignum_exists(figure.number)


def test_alt_text_is_required_and_short():
    with pytest.raises(ValueError, match="alt text"):
        show.show(show.figure(), alt=" ")
    with pytest.raises(ValueError, match=r"give axes\.figure"):
        show.show(show.figure().subplots(), alt="axes")
    picture = show.show(show.figure(), alt="word\n" * 200)
    assert len(picture.alt) <= 300
    assert picture.alt.endswith("word…")


@pytest.mark.slow
def test_strict_notebook_comparison_passes_although_the_numbers_differ(tmp_path):
    """The weights and losses are drawn without a seed, so they differ between the saved and the tested run."""
    cells = [
        "import numpy as np, pandas as pd\nfrom destructure import Structure, show\nrandom = np.random.default_rng()",
        "weights = random.random((3, 4))\n"
        "show.attention_map(weights / weights.sum(-1, keepdims=True), list('abc'), list('defg'))",
        "show.curves(pd.DataFrame({'step': range(9), 'loss': random.random(9)}), x='step', y='loss', alt='Noise.')",
        "show.architecture_pair(Structure(), Structure.DECODER_ONLY, layers=1)",
        "show.fact('random numbers are below one', random.random() < 1)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    pictures = [output for cell in notebook.cells for output in cell.outputs if "data" in output]
    assert [picture.metadata["image/png"]["alt"] != "" for picture in pictures] == [True] * 3
    for picture in pictures:
        assert " at 0x" not in picture.data["text/plain"]
    assert "Measured" in pictures[1].metadata["image/png"]["alt"]
    path = tmp_path / "pictures.ipynb"
    nbformat.write(notebook, path)
    options = ["--nbval", "--nbval-current-env", "-q", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *options, path]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 0, result.stdout


# --- every kind of picture: text that can be read ----------------------------------------------------------------

RUNS = pd.DataFrame(
    [(step, 3.0 / step + seed, seed, arm) for step in range(1, 9) for seed in range(3) for arm in "AB"],
    columns=["step", "loss", "seed", "arm"],
)
LOSS = {"x": "step", "y": "loss", "hue": "arm", "alt": "The losses of six runs fall."}
EIGHT, TEN = (
    [*LONG, "hundert", "[EOS]"],
    ["twenty", "three", "thousand", "and", "five", "hundred", *"abc", "[EOS]"],
)
KINDS = {
    "curve": lambda: show.curves(RUNS, **LOSS, title="Two structures, three seeds each"),
    "panels": lambda: show.curves(RUNS, **LOSS, panel="arm", log_y=True, title="A panel each"),
    "map": lambda: show.attention_map(softmax_weights(8, 10), EIGHT, TEN, title="Cross-attention"),
    "joint map": lambda: show.attention_map(softmax_weights(8, 10), EIGHT, TEN, source_length=6),
    "one query": lambda: show.attention_map(softmax_weights(1, 4), ["gut"], TEN[:4]),
    "letters": lambda: show.attention_map(
        softmax_weights(14, 22), "dreihundertfün", "three hundred and five"
    ),
    "mask": lambda: show.mask_picture(
        np.tri(8), EIGHT, EIGHT, title="A causal mask with a rather long title here"
    ),
    "one row": lambda: show.mask_picture(np.ones((1, 9)), ["gut"], TEN[:9]),
    "one cell": lambda: show.mask_picture([[True]], ["gut"], ["good"]),
    "structure mask": lambda: show.structure_mask(Structure.ENCODER_DECODER),
    "tied mask": lambda: show.structure_mask(TIED[2]),
    "joint mask": lambda: show.structure_mask(Structure.named("-- S2 S3 --")),
    "one stack mask": lambda: show.structure_mask(Structure.PREFIX_LM),
    "two stacks": lambda: show.architecture(Structure.ENCODER_DECODER),
    "shared": lambda: show.architecture(Structure.named("-- -- S3 S4"), 2),
    "tied": lambda: show.architecture(TIED[-1], 1),
    "one stack": lambda: show.architecture(Structure.DECODER_ONLY),
    "pair": lambda: show.architecture_pair(Structure.ENCODER_DECODER, Structure.DECODER_ONLY),
    "tied pair": lambda: show.architecture_pair(TIED[0], Structure.PREFIX_LM),
}


@cache
def drawn(kind):
    return KINDS[kind]()


def pixels(picture):
    canvas = FigureCanvasAgg(picture.figure)
    canvas.draw()
    return bytes(canvas.buffer_rgba())


def labels_out_of_view(axes):
    """Matplotlib keeps tick labels beyond the ends of an axis and does not draw them."""
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
            if not low <= tick.get_loc() <= high:
                yield from (tick.label1, tick.label2)


def written(picture):
    """Every visible text with its place on the drawn figure, in pixels."""
    canvas = FigureCanvasAgg(picture.figure)
    with show.use_style():
        canvas.draw()
    renderer = canvas.get_renderer()
    outside = {label for axes in picture.figure.axes for label in labels_out_of_view(axes)}
    texts = [text for text in picture.figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    texts = [text for text in texts if text not in outside]
    return [(text, text.get_window_extent(renderer)) for text in texts]


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_is_cut_covered_or_small(kind):
    picture = drawn(kind)
    width, height = picture.figure.bbox.width, picture.figure.bbox.height
    texts = written(picture)
    assert texts
    for text, box in texts:
        assert box.x0 >= -1, text
        assert box.y0 >= -1, text
        assert box.x1 <= width + 1, text
        assert box.y1 <= height + 1, text
        if "10^" not in text.get_text():  # exponents are smaller than the tick they belong to
            assert text.get_fontsize() >= FONT_SIZE or kind == "mask", text
    straight = [(text, box) for text, box in texts if text.get_rotation() in (0, 90)]
    for (first, its_box), (second, other_box) in combinations(straight, 2):
        overlap = min(its_box.x1, other_box.x1) - max(its_box.x0, other_box.x0)
        rise = min(its_box.y1, other_box.y1) - max(its_box.y0, other_box.y0)
        assert overlap <= 1 or rise <= 5, f"{first} covers {second}"


@pytest.mark.parametrize("kind", KINDS)
def test_every_picture_says_what_it_shows(kind):
    picture = drawn(kind)
    assert 20 < len(picture.alt) <= 300
    assert repr(picture) == f"<Figure: {picture.summary}>"
    assert len(picture.summary) <= 300


def test_usual_drawings_fit_the_standard_width():
    for structure in EVERY:
        room = 0.4 if structure.tied_cross_attention else 0.0
        plan = show.architecture_plan(structure)
        assert Panel(plan, labelled=True).width + 0.2 <= WIDTH + room
        assert Panel(plan, labelled=False).width + 0.2 <= WIDTH / 2 + room
    assert show.architecture(Structure()).figure.get_figwidth() == WIDTH
    assert show.architecture_pair(Structure(), Structure.PREFIX_LM).figure.get_figwidth() == WIDTH


def test_tokens_that_look_like_formulas_or_blanks_are_shown_as_they_are():
    picture = show.mask_picture(np.ones((2, 3)), ["$x$", " "], ["\n", "a_b", "$\\frac$"])
    shown = [text.get_text() for text, _ in written(picture)]
    assert {"$x$", "␣", "⏎", "a_b", "$\\frac$"} <= set(shown)


# --- attention maps ----------------------------------------------------------------------------------------------


def images(picture):
    drawn = [image for axes in picture.figure.axes if axes.yaxis_inverted() for image in axes.get_images()]
    return [np.asarray(image.get_array()) for image in drawn]


def test_rows_are_queries_and_columns_keys_on_a_fixed_scale():
    weights = softmax_weights(3, 4)
    picture = show.attention_map(torch.tensor(weights, requires_grad=True), list("abc"), list("defg"))
    axes = picture.figure.axes[0]
    np.testing.assert_allclose(axes.get_images()[0].get_array(), weights, atol=1e-6)
    assert axes.get_images()[0].get_clim() == (0, 1)
    assert [label.get_text() for label in axes.get_yticklabels()] == list("abc")
    assert [label.get_text() for label in axes.get_xticklabels()] == list("defg")
    assert axes.yaxis_inverted()  # the first query is on top


def test_a_line_parts_input_from_target():
    def positions(**options):
        axes = show.attention_map(softmax_weights(3, 5), "abc", "defgh", **options).figure.axes[0]
        return [line.get_xdata()[0] for line in axes.get_lines()]

    assert positions(source_length=2) == [1.5]
    assert positions() == []


def test_alt_text_names_the_strongest_key_but_the_compared_text_does_not():
    picture = show.attention_map([[0.1, 0.9], [0.8, 0.2]], ["drei", "zwanzig"], ["twenty", "three"])
    assert picture.alt.endswith("Most weight: drei on three, zwanzig on twenty.")
    assert "Most weight" not in repr(picture)


@pytest.mark.parametrize(
    ("weights", "options", "message"),
    [
        ([[0.5, 0.4]], {}, "sum to 0.900, but must sum to 1"),
        ([[2.0, -1.0]], {}, "between 0 and 1"),
        ([[np.nan, 1.0]], {}, "between 0 and 1"),
        ([1.0], {}, r"shape \(1,\)"),
        ([[[1.0, 0.0]]], {}, "one head and one example"),
        ([[0.5, 0.5], [1.0]], {}, "rows have different lengths"),
        ([[0.5, 0.5], [0.5, 0.5]], {}, "1 labels for 2 queries"),
        ([[0.5, 0.25, 0.25]], {}, "2 labels for 3 keys"),
        ([[0.5, 0.5]], {"source_length": 2}, "source_length is 2"),
        ([[0.5, 0.5]], {"source_length": 0}, "source_length is 0"),
        ([["a", "b"]], {}, "give numbers"),
    ],
)
def test_attention_map_refuses(weights, options, message):
    with pytest.raises(ValueError, match=message):
        show.attention_map(weights, ["q"], ["a", "b"], **options)


def test_half_precision_weights_pass():
    weights = torch.softmax(torch.randn(5, 9, generator=torch.Generator().manual_seed(0)), -1)
    assert images(show.attention_map(weights.half(), "abcde", "abcdefghi"))[0].shape == (5, 9)
    assert as_array(weights.bfloat16(), "weights").shape == (5, 9)


# --- masks -------------------------------------------------------------------------------------------------------


def test_cells_and_dots_of_a_mask_are_where_it_is_true():
    mask = np.random.default_rng(3).random((4, 6)) > 0.5
    axes = show.mask_picture(torch.tensor(mask)[None], "abcd", "efghij").figure.axes[0]
    np.testing.assert_array_equal(axes.get_images()[0].get_array(), mask)
    dots = {(round(y), round(x)) for x, y in axes.collections[0].get_offsets()}
    assert dots == {(row, column) for row in range(4) for column in range(6) if mask[row, column]}


def test_mask_in_words():
    assert show.mask_picture(np.ones((2, 3)), "ab", "cde").alt == "2 by 3 mask: every query sees every key."
    assert "causal" in show.mask_picture(np.tri(3), "abc", "abc").alt
    assert "causal" not in show.mask_picture(np.tri(3).T, "abc", "abc").alt
    odd = show.mask_picture([[1, 0, 1], [0, 0, 0]], ["x", "y"], ["k", "l", "m"])
    assert odd.alt == "2 by 3 mask: x sees k, m; y sees nothing."


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        ([[0.5, 1]], "only true and false"),
        ([[0.0, -np.inf]], "only true and false"),
        ([1, 0], "shape"),
        ([[]], "shape"),
    ],
)
def test_mask_refuses(mask, message):
    with pytest.raises(ValueError, match=message):
        show.mask_picture(mask, ["a"], ["b", "c"])


@CORNERS
def test_visibility_by_brute_force(structure):
    seen = show.visibility(structure, 3, 4)
    for query in range(3):
        for key in range(3):
            assert seen[query, key] == (structure.bidirectional_input or key <= query)
    for query in range(4):
        for key in range(7):
            assert seen[3 + query, key] == (key < 3 or key - 3 <= query)
    assert not seen[:3, 3:].any()


@CORNERS
def test_visibility_is_what_the_model_really_looks_at(structure):
    config = TransformerConfig(vocabulary=11, width=8, heads=2, layers=2, structure=structure)
    source, target = torch.tensor([[4, 5, 6]]), torch.tensor([[1, 7, 8, 9]])
    maps = Transformer(config).attention_maps(source, target)
    seen = show.visibility(structure, 3, 4)
    for layer in range(2):
        np.testing.assert_array_equal((maps.source[layer] > 0).all(1)[0], seen[:3, :3])
        of_target = maps.target[layer]
        if structure.separate_cross_attention:
            of_target = torch.cat([maps.cross[layer], of_target], dim=-1)
        np.testing.assert_array_equal((of_target > 0).all(1)[0], seen[3:])


@CORNERS
def test_structure_mask_shows_the_visibility_part_by_part(structure):
    seen = show.visibility(structure, 3, 4)
    parts = images(show.structure_mask(structure))
    if structure.is_single_stack:
        expected = [seen]
    elif structure.separate_cross_attention:
        expected = [seen[:3, :3], seen[3:, :3], seen[3:, 3:]]
    else:
        expected = [seen[:3, :3], seen[3:]]
    for drawn, should in zip(parts, expected, strict=True):
        np.testing.assert_array_equal(drawn, should)


def test_structure_masks_of_all_structures_look_different():
    """What is drawn (parts with place, colour and meaning) and what the cells say."""
    drawings = {(str(mask_parts(one, 3, 4)), show.visibility(one, 3, 4).tobytes()) for one in EVERY}
    assert len(drawings) == len(EVERY)


def test_structure_mask_refuses():
    with pytest.raises(ValueError, match="not a Structure"):
        show.structure_mask("prefix LM")
    with pytest.raises(ValueError, match="source_length is 0"):
        show.visibility(Structure(), 0, 1)


# --- architectures -----------------------------------------------------------------------------------------------


@CORNERS
def test_memory_arrows(structure):
    plan = show.architecture_plan(structure, layers=4)
    if structure.is_single_stack:
        assert plan.arrows == ()
        assert plan.stacks == ("both",)
        return
    assert [arrow.to_layer for arrow in plan.arrows] == [1, 2, 3, 4]
    levels = [4, 4, 4, 4] if structure.final_layer_memory else [0, 1, 2, 3]
    assert [arrow.from_level for arrow in plan.arrows] == levels
    kind = "cross-attention" if structure.separate_cross_attention else "joint attention"
    assert {arrow.to_kind for arrow in plan.arrows} == {kind}


@CORNERS
def test_blocks_share_exactly_the_parameters_that_the_model_shares(structure):
    """Blocks with one name are one module in the model; blocks with different names are different modules."""
    layers = 2
    plan = show.architecture_plan(structure, layers)
    model = Transformer(TransformerConfig(vocabulary=5, width=8, heads=2, layers=layers, structure=structure))

    def module(block):
        stack = model.target_stack if block.stack == "target" else model.input_stack
        layer = stack.layers[block.layer - 1]
        if block.kind == "feed-forward":
            return layer.feed_forward
        return (
            (layer.cross_attention or layer.attention) if block.kind == "cross-attention" else layer.attention
        )

    weights = {}
    for block in plan.blocks:
        key = frozenset(parameter.data_ptr() for parameter in module(block).parameters())
        weights.setdefault(block.parameters, set()).add(key)
    assert all(len(keys) == 1 for keys in weights.values())
    distinct = {next(iter(keys)) for keys in weights.values()}
    assert len(distinct) == len(weights)


@CORNERS
def test_lines_in_the_blocks_say_who_sees_whom(structure):
    plan = show.architecture_plan(structure, 1, source_length=3, target_length=4)
    seen = show.visibility(structure, 3, 4)

    def lines_of(mask):
        return {(int(query), int(key)) for query, key in np.argwhere(mask)}

    by_place = {(block.stack, block.kind): set(block.lines) for block in plan.blocks}
    if structure.is_single_stack:
        assert by_place["both", "self-attention"] == lines_of(seen)
        assert by_place["both", "feed-forward"] == {(token, token) for token in range(7)}
        return
    own = "self-attention" if structure.separate_cross_attention else "joint attention"
    assert by_place["input", "self-attention"] == lines_of(seen[:3, :3])
    assert by_place["target", own] == lines_of(seen[3:, 3:])
    assert by_place["input", "feed-forward"] == {(token, token) for token in range(3)}
    assert ("target", "cross-attention") in by_place or not structure.separate_cross_attention
    assert len(by_place) == (5 if structure.separate_cross_attention else 4)


def test_colours_tell_whose_parameters_a_block_has():
    def colours(structure):
        return {
            (block.stack, block.kind): block_colour(block, structure)
            for block in show.architecture_plan(structure).blocks
        }

    whole = colours(Structure.ENCODER_DECODER)
    assert whole["input", "self-attention"] == whole["input", "feed-forward"] == show.SOURCE
    assert whole["target", "self-attention"] == whole["target", "feed-forward"] == show.TARGET
    assert whole["target", "cross-attention"] == show.CROSS_ATTENTION
    for structure in EVERY:
        found = set(colours(structure).values()) - {show.CROSS_ATTENTION}
        assert found == ({show.SOURCE, show.TARGET} if structure.separate_parameters else {show.SHARED})
    assert show.CROSS_ATTENTION not in colours(TIED[0]).values()


def panel_of(picture):
    """The axes of the drawing itself, and those of what is written around it."""
    axes, *others = picture.figure.axes
    return axes, others


def test_every_block_of_the_plan_is_drawn_and_every_line():
    structure = Structure.ENCODER_DECODER
    plan = show.architecture_plan(structure, 2)
    axes = show.architecture(structure, 2).figure.axes[0]
    names = [text.get_text() for text in axes.texts]
    for kind in ("self-attention", "cross-attention", "feed-forward"):
        assert names.count(kind) == len([block for block in plan.blocks if block.kind == kind])
    thin = [line for line in axes.get_lines() if line.get_zorder() == 3 and line.get_marker() == "None"]
    memory = len(plan.arrows) * 3 * 4  # input tokens, target tokens
    assert len(thin) == sum(len(block.lines) for block in plan.blocks) + memory


def test_arrows_end_at_the_blocks_they_are_meant_for():
    for structure in EVERY:
        plan = show.architecture_plan(structure)
        panel = Panel(plan, labelled=True)
        for arrow in plan.arrows:
            block = plan.block("target", arrow.to_layer, arrow.to_kind)
            assert all(panel.block(block).fully_contains(*port) for port in panel.ports(block))
            assert len(panel.ports(block)) == 3, "a key per input token"
            level = panel.level(arrow.from_level)
            for each in (block for block in plan.blocks if block.stack == "input"):
                area = panel.block(each)
                assert area.y1 < level if each.layer <= arrow.from_level else area.y0 > level


def test_blocks_never_overlap():
    for structure in EVERY:
        plan = show.architecture_plan(structure, 2)
        panel = Panel(plan, labelled=True)
        for first, second in combinations([panel.block(block) for block in plan.blocks], 2):
            assert not first.fully_overlaps(second)


@pytest.mark.parametrize(
    "structure", [Structure(), Structure.named("-- S2 S3 --"), Structure.PREFIX_LM, TIED[0]]
)
def test_block_names_stay_inside_their_block_and_beside_its_lines(structure):
    picture = show.architecture(structure, 1)
    axes = picture.figure.axes[0]
    plan = show.architecture_plan(structure, 1)
    inches = axes.transData.inverted()
    areas = [patch.get_window_extent().transformed(inches) for patch in axes.patches]
    columns = [line.get_xdata() for line in axes.get_lines() if line.get_zorder() == 3]
    kinds = {block.kind for block in plan.blocks}
    names = [(text, box.transformed(inches)) for text, box in written(picture) if text.get_text() in kinds]
    assert len(names) == len(plan.blocks)
    for text, box in names:
        around = [
            a
            for a in areas
            if a.x0 < box.x0 - 0.03 and box.x1 + 0.03 < a.x1 and a.y0 < box.y0 and box.y1 < a.y1
        ]
        assert around, f"{text} sticks out of its block"
        assert not [x for xs in columns for x in xs if box.x0 <= x <= box.x1]


def test_legend_has_one_true_sentence_a_switch():
    for structure in EVERY:
        sentences = show.architecture_plan(structure).sentences
        assert [sentence.switch for sentence in sentences] == list(Structure.SWITCHES)
        assert [sentence.present for sentence in sentences] == [
            getattr(structure, name) for name in Structure.SWITCHES
        ]
    first = {show.architecture_plan(structure).sentences[0].text for structure in EVERY}
    assert len(first) == 3  # of its own, borrowed, removed


def test_all_structures_look_different():
    def lines(picture):
        axes = picture.figure.axes[0]
        return str([(line.get_xydata(), line.get_color()) for line in axes.lines]), *(
            (patch.get_path().vertices.tobytes(), patch.get_facecolor(), patch.get_edgecolor())
            for patch in axes.patches
        )

    assert len({lines(show.architecture(structure, 1)) for structure in EVERY}) == len(EVERY)


def test_a_pair_sets_in_bold_what_differs():
    first = Structure.ENCODER_DECODER
    picture = show.architecture_pair(first, first.without("final_layer_memory"), 1)
    assert picture.alt.startswith("Drawings of encoder-decoder and encoder-decoder without S3 side by side: ")
    bold = [text.get_text() for each in picture.axes for text in each.texts if text.get_weight() == "bold"]
    bold = [text for text in bold if text.startswith("S3")]  # marks and titles are bold, too
    assert bold == ["S3  target reads the final layer", "S3  target reads layer by layer"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("decoder-only",), "not a Structure"),
        ((Structure(), 0), "layers is 0"),
        ((Structure(), 2.0), "layers is 2.0"),
        ((Structure(), True), "layers is True"),
    ],
)
def test_architecture_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        show.architecture(*arguments)
