"""spex map, and what it says and draws."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from conftest import CHROMSIZES, without_zeros, write_hic, write_mcool
from legible import assert_ticks_legible
from matplotlib.backends.backend_agg import FigureCanvasAgg
from numpy.testing import assert_allclose
from read_page import assert_needs_nothing_else, assert_readable
from refusals import files_in, refuse

import spex
from spex.commands import map as map_command
from spex.contacts.likeness import Profiler, compare_profiles, from_arrays
from spex.files.sealed import load_arrays
from spex.inputs.maps.formats import open_maps
from spex.inputs.maps.matching import read_sheet
from spex.reports import figures
from spex.reports.map_sheets import draw_sheets, likeness_text, sheet_text


def profile_of(path, genes):
    (map_,) = open_maps([path], 1000)
    profiler = Profiler(map_.path, 1000, genes)
    read_sheet(map_, genes, 1000, profiler)
    return profiler.finish()


def test_what_maps_are_compared_by_is_written_for_a_study(world, tmp_path):
    files = ["--genes_filename", world.genes, "--profile", tmp_path / "new" / "map.npz"]
    assert map_command.main([*map(str, (world.maps[0], *files))]) == 0
    (found,) = from_arrays(load_arrays(tmp_path / "new" / "map.npz"))
    expected = profile_of(world.maps[0], spex.read_genes(world.genes))
    assert found.name == str(world.maps[0]) and found.contacts.tolist() == expected.contacts.tolist()
    assert found.contacts.any() and found.bands.keys() == expected.bands.keys()


def test_it_prints_and_writes_the_sheets(world, tmp_path, capsys):
    out, numbers = tmp_path / "out", tmp_path / "a" / "sheets.json"
    files = ["--genes_filename", world.genes, "--json", numbers, "--out", out]
    assert map_command.main([*map(str, (*world.maps, *files))]) == 0
    printed = capsys.readouterr().out
    genes = spex.read_genes(world.genes)
    sheets = [spex.map_sheet(path, genes) for path in world.maps]
    profiles = [profile_of(path, genes) for path in world.maps]
    likeness = compare_profiles(profiles)
    assert printed == "".join(f"{sheet_text(sheet)}\n" for sheet in sheets) + likeness_text(likeness) + "\n"
    assert f"contacts in common    {likeness['jaccard'][0]:.3f} (" in printed and 0 < likeness["jaccard"][0] < 1
    written = pd.read_csv(out / "likeness.csv")
    assert list(written[["one", "other"]].iloc[0]) == [str(path) for path in world.maps]
    assert_allclose(written.iloc[0, 2:].astype(float), likeness.iloc[0, 2:].astype(float), rtol=1e-8)
    assert re.search(r"genes without a pixel *1; \d without one at 20 kb or more\n", printed)
    assert json.loads(numbers.read_text()) == [sheet.summary() for sheet in sheets]
    assert (out / "map_sheet.json").read_bytes() == numbers.read_bytes()
    names = ("by_distance", "contacts_per_gene", "coverage", "likeness")
    files_there = {
        "map_sheet.html",
        "map_sheet.json",
        "spex_maps_mqc.json",
        "likeness.csv",
        *(f"{n}.png" for n in names),
    }
    assert {path.name for path in out.iterdir()} == files_there
    page = (out / "map_sheet.html").read_text()
    assert_needs_nothing_else(page)
    assert_readable(page)
    assert page.count("<svg") == 4
    before = {path: path.read_bytes() for path in out.iterdir()}
    assert map_command.main([*map(str, (*world.maps, *files))]) == 0
    assert before == {path: path.read_bytes() for path in out.iterdir()}


def test_without_genes_nothing_is_told_of_them(world, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert map_command.main([str(world.maps[0]), "--resolution", "2000", "--out", "out"]) == 0
    printed = capsys.readouterr().out
    assert "gene" not in printed and "2,000 bp (it has 1,000, 2,000)" in printed
    assert "pixels                0 within chromosomes, between them 0\n" in printed
    assert "<svg" not in (tmp_path / "out/map_sheet.html").read_text()  # there is nothing to draw
    assert map_command.main([str(world.maps[0]), "--out", "out"]) == 0
    assert (tmp_path / "out/map_sheet.html").read_text().count("<svg") == 1


def test_a_hic_tells_the_same_but_for_pixels_between_chromosomes(world, genes, tmp_path):
    pixels = without_zeros(world.pixels[0])
    bare = {chrom.removeprefix("chr"): length for chrom, length in CHROMSIZES.items()}
    write_mcool(tmp_path / "map.mcool", pixels)
    write_hic(
        tmp_path / "map.hic", {chrom.removeprefix("chr"): rows for chrom, rows in pixels.items()}, chromsizes=bare
    )
    cool, hic = (
        read_sheet(*open_maps([tmp_path / name], 1000), genes, 1000).summary() for name in ("map.mcool", "map.hic")
    )
    assert (hic["pixels"].pop("trans"), cool["pixels"].pop("trans")) == (None, 0)
    (of_hic,), (of_cool,) = hic.pop("accounts"), cool.pop("accounts")
    assert of_hic["used"] == of_cool["used"] == sum(map(len, pixels.values()))
    assert hic | {"map": ""} == cool | {"map": ""}


def test_tables_and_models_have_sheets_too(genes, tmp_path):
    (tmp_path / "triplets.txt").write_text("1\t0\t60000\t3\n1\t60000\t90000\t4\nX\t0\t0\t9\n")
    table = read_sheet(*open_maps([tmp_path / "triplets.txt"], 1000), genes, 1000)
    assert (table.cis_pixels, table.cis_counts, table.depth, table.chromosomes) == (3, 16.0, 7.0, 2)
    assert table.genes.set_index("id").loc["G0", ["coverage", "20 to 100 kb"]].tolist() == [7, 2]
    assert "within chromosomes, between them not given by this format" in sheet_text(table)
    beads = "".join(f"chr1 {1000 * bin_} {bin_} 0 0\n" for bin_ in range(4))
    (tmp_path / "model.txt").write_text(beads)
    model = spex.map_sheet(tmp_path / "model.txt", contact_radius=1.5)
    assert (model.cis_pixels, model.cis_counts, model.by_distance()["pixels"].tolist()[:3]) == (3, 3.0, [0, 3, 0])


@pytest.mark.parametrize(
    "words, message",
    [
        ("none.mcool", "FILE none.mcool: no such file"),
        (
            "{map} --resolution 5000",
            r"FILE .*map0.mcool: no resolution 5000 \(it has 1000, 2000\); choose --res",
        ),
        ("{map} --hic_resolution 300", "--resolution 300: expected a multiple of 200"),
        ("{map} --value_column KR", "FILE .*: no column KR in the pixels of .*; expected --value_column among count"),
        ("{map} --genes_filename none.csv", "--genes none.csv: no such file"),
        ("{map} --genes_filename {other}", "FILE .*map0.mcool: none of the genes lies on a chromosome of it"),
        ("{map} --out {map}", "--out .*map0.mcool: .* is no folder"),
        ("{map} --count_column 7", "--count_column 7: none of the contact maps is of a format that it is for"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(world, tmp_path, capsys, words, message):
    other = tmp_path / "other.csv"
    other.write_text(re.sub("chr[189]", "chr2", world.genes.read_text()))
    before = files_in(tmp_path)
    argv = words.format(map=world.maps[0], other=other).split()
    assert map_command.main(argv) == 2
    printed, told = capsys.readouterr()
    assert printed == "" and re.fullmatch(f"spex map: error: {message}.*\n", told), told
    assert files_in(tmp_path) == before


@pytest.mark.parametrize("count", [1, 9])
def test_pictures_are_legible(world, genes, monkeypatch, count):
    drawn = []

    def keep(figure, name, alt):
        FigureCanvasAgg(figure).draw()
        for axes in figure.axes:
            assert_ticks_legible(figure, axes)
        drawn.append((name, alt))

    monkeypatch.setattr(figures, "save", keep)
    draw_sheets([read_sheet(*open_maps([world.maps[0]], 1000), genes, 1000)] * count)
    assert [name for name, _ in drawn] == ["by_distance", "contacts_per_gene", "coverage"]


def test_a_map_that_ends_before_a_tss_is_of_another_build(tmp_path, capsys):
    write_mcool(tmp_path / "map.mcool", {"1": [(60, 90, 5.0)]}, chromsizes={"1": 100_000, "chr8": 9000})
    genes = "id\tchrom\tstrand\ttss\nG1\tchr1\t+\t60500\nG2\tchr1\t+\t990500\nG3\tchr8\t-\t9000\nG4\tchr8\t-\t9001\n"
    (tmp_path / "genes.tsv").write_text(genes)
    assert map_command.main([str(tmp_path / "map.mcool"), "--genes_filename", str(tmp_path / "genes.tsv")]) == 2
    printed, told = capsys.readouterr()
    assert printed == "" and told.endswith(
        "map.mcool: 2 of 4 genes lie past the end of their chromosome in it, such as G2: its TSS is 990,500, and chr1 "
        "is 100,000 bp long there; expected a map and genes of the same genome build\n"
    )


@pytest.mark.parametrize(("size", "same"), [(CHROMSIZES["chr1"], True), (121_000, True), (110_400, False)])
def test_maps_of_two_builds_are_not_compared(world, tmp_path, capsys, size, same):
    """A length that is rounded up to whole bins is the same."""
    write_mcool(tmp_path / "other.mcool", {"chr1": [(3, 9, 2)]}, chromsizes=CHROMSIZES | {"chr1": size})
    argv = [str(world.maps[0]), str(tmp_path / "other.mcool"), "--resolution", "1000"]
    found = f"other.mcool: chr1 is {size:,} bp long there and 120,400 bp in {world.maps[0]}; expected the same lengths"
    if same:
        assert map_command.main(argv) == 0
    else:
        refuse(capsys, map_command.main, argv, found)


def test_a_sheet_has_the_account_of_its_file(world, genes, tmp_path, caplog):
    (tmp_path / "loops").write_text(
        "chrom1\tstart1\tend1\tchrom2\tstart2\tend2\tcount\n"
        "1\t0\t1000\tchr1\t60000\t61000\t3\nchr1\t60000\t61000\t1\t0\t1000\t3\n1\t0\t1000\tX\t0\t1000\t9\n"
    )
    with caplog.at_level("INFO", logger="spex"):
        sheet = spex.map_sheet(tmp_path / "loops", genes[genes["chrom"] == "chr1"])
    (account,) = sheet.accounts
    assert (account["used"], sheet.cis_counts, sheet.genes_elsewhere) == (1, 3, 0)
    assert list(account["left_out"].values()) == [1, 1] and "1 is also called chr1" in account["notes"]
    assert sheet.summary()["accounts"] == sheet.accounts
    assert len([message for message in caplog.messages if "rows used" in message]) == 1


def test_predicted_values_get_the_counts_of_a_map_and_are_written_as_one(world, tmp_path, capsys):
    random = np.random.default_rng(0).normal(size=(40, 40))
    np.save(tmp_path / "locus.npy", random + random.T)
    (tmp_path / "loci.tsv").write_text("chr1\t30000\t70000\tlocus.npy\nchrUn\t0\t40000\tlocus.npy\n")
    out = tmp_path / "new/counts.cool"
    command = [str(tmp_path / "loci.tsv"), "--genes", str(world.genes), "--values", str(world.maps[0])]
    assert map_command.main([*command, "--write", str(out)]) == 0
    output = capsys.readouterr()
    (map_,) = open_maps([out], 1000)
    assert output.out == f"{sheet_text(read_sheet(map_, spex.read_genes(world.genes), 1000))}\n"
    assert "loci.tsv: 1 loci used; left out: 1 on chromosomes that the reference lacks" in output.err
    written = out.read_bytes()
    for argv in (command, [str(world.maps[1]), *command, "--write", str(out)]):
        refuse(capsys, map_command.main, argv, "error: --values gives one map of values the counts of")
    refuse(capsys, map_command.main, [str(out), "--write", str(out)], "error: --values gives one map of values")
    (tmp_path / "loci.tsv").write_text("chr1\t30000\t71000\tlocus.npy\n")
    refuse(capsys, map_command.main, [*command, "--write", str(out)], r"expected numbers of shape \(41, 41\)")
    assert out.read_bytes() == written and [path.name for path in out.parent.iterdir()] == ["counts.cool"]
