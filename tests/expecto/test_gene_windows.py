"""The first linear layer over the windows of genes, in tiles, against the network window by window."""

import pytest
import torch
from narrow_scan import MODEL, SCANNER
from numpy.testing import assert_allclose

from expecto.beluga import block_widths
from expecto.gene_features import SHIFTS, own_windows
from expecto.gene_windows import GeneCells, GeneWindows
from expecto.scan import Scanner

GENES = ((21_100, "+"), (21_100 + 3 * 42_003, "-"), (21_100 + 5 * 42_003, "+"))
LENGTH = 7 * 42_003
CODES = torch.randint(0, 5, (LENGTH,), dtype=torch.uint8, generator=torch.Generator().manual_seed(5))


def starts_of(*genes):
    places = [own_windows(tss, strand, 2000) for tss, strand in genes]
    return torch.stack([torch.from_numpy(first + within) for first, _, within in places])


def test_windows_of_genes_have_the_values_that_they_have_alone():
    starts = starts_of(*GENES)
    found = SCANNER.predict(CODES, starts)
    assert found.shape == (3 * len(SHIFTS), 2002) and found.dtype == torch.float32
    one_hot, exact = torch.eye(5, 4)[CODES.long()].T[:, None], MODEL.double()
    try:
        some = starts.flatten()[::7].tolist()
        expected = [exact(one_hot[None, :, :, start : start + 2000].double())[0] for start in some]
    finally:
        MODEL.float()
    assert_allclose(found[::7], torch.stack(expected), rtol=0, atol=1e-6)
    apart = SCANNER.predict(CODES, starts.flatten())
    assert 0 < (found - apart).abs().max() < 1e-6  # rounded otherwise, as they are computed otherwise


def test_a_genes_windows_have_the_same_bits_whatever_is_predicted_with_them():
    together = SCANNER.predict(CODES, starts_of(*GENES)).unflatten(0, (3, -1))
    for genes in ([0], [2], [1, 2], [2, 0], [0, 1]):
        assert torch.equal(
            SCANNER.predict(CODES, starts_of(*(GENES[gene] for gene in genes))), together[genes].flatten(0, 1)
        )
    backwards = SCANNER.predict(CODES, starts_of(GENES[0]).flip(1))
    assert torch.equal(backwards.flip(0), together[0])


def test_genes_whose_windows_overlap():
    near = (GENES[0], (GENES[0][0] + 64 * 50, "-"))  # 16 windows further: both on one grid
    together = SCANNER.predict(CODES, starts_of(*near)).unflatten(0, (2, -1))
    for gene, found in zip(near, together, strict=True):
        assert torch.equal(SCANNER.predict(CODES, starts_of(gene)), found)


def test_threads_do_not_change_a_bit():
    starts, before, found = starts_of(*GENES), torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(SCANNER.predict(CODES, starts))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(each, found[0]) for each in found)


def test_directly_where_nothing_is_in_tiles():
    direct, starts = Scanner(MODEL), starts_of(GENES[0])
    direct.in_tiles = False
    assert torch.equal(direct.predict(CODES, starts), direct.predict(CODES, starts.flatten()))


@pytest.mark.parametrize("wrong", ["fewer", "apart"])
def test_other_windows_are_no_genes(wrong):
    starts = starts_of(GENES[0])
    starts = starts[:, :-1] if wrong == "fewer" else starts // 200 * 201
    with pytest.raises(ValueError, match="windows of a gene must be 200, 200 bp apart"):
        SCANNER.predict(CODES, starts)


def test_the_layer_against_double_precision():
    """Of random cells, which like a ReLU's are not negative; worked out window by window."""
    generator, cells, channels, hidden = torch.Generator().manual_seed(6), block_widths()[-1], 3, 11
    weight = torch.randn(hidden, cells * channels, generator=generator) / (cells * channels) ** 0.5
    bias, x = torch.randn(hidden, generator=generator), torch.rand(3000, channels, generator=generator)
    taken = GeneCells(1, channels)
    for phase in range(2):
        numbers = torch.arange(phase, len(SHIFTS), 2)
        taken.take(x, 17 * phase + 25 * torch.arange(100), numbers)
    found = GeneWindows(weight, bias)(taken)
    windows = [x[17 * phase + 25 * number :][:cells].flatten() for phase in range(2) for number in range(100)]
    exact = torch.nn.functional.linear(torch.stack(windows).double(), weight.double(), bias.double())
    assert taken.windows.flatten().tolist() == [*range(0, 200, 2), *range(1, 200, 2)]
    assert_allclose(found, exact, rtol=0, atol=1e-5)
