"""Notebook 11's own cells: the cap, attention in tiles, counted memory, shares of languages, bytes sent."""

import itertools

import pytest
import torch
from torch.nn import functional

from notebook_functions import functions_of


@pytest.fixture(scope="module")
def cells():
    return functions_of("11")


@pytest.mark.parametrize(("letters", "length"), [(2, 3), (3, 4), (4, 5), (1, 3)])
def test_the_cap_is_the_count_of_bags(cells, letters, length):
    words = list(itertools.product(range(letters), repeat=length))
    bags = {tuple(sorted(word)) for word in words}
    assert cells["cap"](letters, length) == pytest.approx(len(bags) / len(words))
    assert sum(map(cells["orderings"], bags)) == len(words)


SHAPES = [(1, 1, 4, 8), (7, 13, 5, 4), (64, 64, 16, 16), (65, 30, 8, 32)]


@pytest.mark.parametrize(("queries", "keys", "width", "tile"), SHAPES)
def test_tiles_give_torch_s_attention_forward_and_backward(cells, queries, keys, width, tile):
    draw = torch.Generator().manual_seed(queries + keys)
    q, k, v, grad = (torch.randn(n, width, generator=draw) for n in (queries, keys, keys, queries))
    q = 30 * q  # scores far from 0, of both signs
    found = []
    for attend in (
        lambda *each: cells["Tiled"].apply(*each, tile),
        lambda *each: functional.scaled_dot_product_attention(*(one[None, None] for one in each))[0, 0],
    ):
        inputs = [each.clone().requires_grad_() for each in (q, k, v)]
        out = attend(*inputs)
        found.append([out, *torch.autograd.grad(out, inputs, grad)])
    for mine, torchs in zip(*found, strict=True):
        assert torch.allclose(mine, torchs, atol=1e-5 * max(1, torchs.abs().max().item()))


def test_gradients_of_tiles_are_those_of_small_steps(cells):
    inputs = [torch.randn(5, 3, dtype=torch.float64, requires_grad=True) for _ in range(3)]
    assert torch.autograd.gradcheck(lambda *each: cells["Tiled"].apply(*each, 2), inputs)


def test_memory_is_counted_while_it_is_held(cells):
    with cells["Peak"]() as peak:
        first = torch.zeros(1000)
        view = first[10:]
        assert peak.now == 4000
        second = torch.ones(500)
        assert peak.now == 6000
        del first, view
        assert peak.now == 2000
    assert peak.most == 6000
    del second


def test_memory_grows_with_the_length_in_tiles_and_with_its_square_without(cells):
    def most(kernel, length):
        with cells["Peak"]() as peak:
            cells["forward_and_backward"](kernel, length)
        return peak.most

    lengths = (256, 512, 1024)
    for name, low, high in (("tiled", 0.95, 1.05), ("fused", 0.95, 1.05), ("naive", 1.6, 2.1)):
        small, middle, large = (most(cells[name], length) for length in lengths)
        assert low < (large - middle) / (middle - small) / 2 < high, name


@pytest.mark.parametrize("budget", [10, 1_000, 100_000])
def test_capped_languages_spend_the_budget_and_no_language_too_much(cells, budget):
    sizes = {"huge": 50_000, "small": 30, "tiny": 2}
    shares = cells["capped"](sizes, budget, most_epochs=4)
    assert all(shares[name] <= 4 * sizes[name] + 1e-9 for name in sizes)
    assert sum(shares.values()) == pytest.approx(min(budget, 4 * sum(sizes.values())))
    free = [name for name in sizes if shares[name] < 4 * sizes[name] - 1e-9]
    assert len({round(shares[name], 6) for name in free}) <= 1


def test_one_machine_sends_nothing(cells):
    assert set(cells["bytes_sent"](64, 2, 100, machines=1).values()) == {0}
