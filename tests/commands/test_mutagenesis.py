"""spex mutagenesis: every SNV and deletion of intervals, as a table, arrays, sums and pictures; and the module."""

import itertools
import pickle
import shutil
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import expect_narrow, tensors_argv_in, write_fasta
from made_fits import save_made_fit
from made_network import describe, export
from PIL import Image
from refusals import files_in, refuse

import spex
from spex.commands import mutagenesis, tensors
from spex.effects import mutagenesis as effects
from spex.effects.inputs import Sources, open_inputs
from spex.effects.motifs import HITS, MARGIN, STRETCH
from spex.effects.variant_tables import COLUMNS
from spex.inputs import regions
from spex.runs.folder import DataFolder

BIN = 28_000
"""0-based start of a bin of chr1 that G0, G1 and G3 contact, far from any TSS."""


def read(path):
    return pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[""])


def runs_of(letters, start, end):
    """Runs of equal known bases that have a base within an interval, whole: list of (first, end), 0-based half-open."""
    found = []
    for place in range(start, end):
        first, last = place, place + 1
        while first and letters[first - 1] == letters[place]:
            first -= 1
        while letters[last] == letters[place]:
            last += 1
        if letters[place] in "ACGT" and (first, last) not in found:
            found.append((first, last))
    return found


@pytest.fixture
def odd_place(world):
    """Where 10 bases near a TSS begin, the first in the middle of a run, with N among them. 0-based."""
    letters = world.sequences["chr1"].upper()
    known = (each for each in range(59_900, 60_300) if letters[each] in "ACGT" and letters[each - 1] == letters[each])
    return next(each for each in known if not set(letters[each : each + 10]) <= set("ACGT"))


@pytest.fixture(scope="module")
def made(world, tmp_path_factory):
    """A data folder with contacts and two made fits, arguments of commands that use it, and EffectInputs."""
    folder = tmp_path_factory.mktemp("mutagenesis")
    with pytest.MonkeyPatch.context() as patch:
        expect_narrow(patch)
        assert tensors.main(tensors_argv_in(folder, world, "--contact_rule", "corrected", maps=(0,))) == 0
        for seed in (1, 2):
            save_made_fit(DataFolder(folder / "data"), seed)
        argv = [folder / "data", "--genome_filename", world.genome, "--beluga_model_filename", world.checkpoint]
        argv += ["--pred_cache_folder", folder / "cache", "--compute_platform", "CPU"]
        sources = Sources(world.genome, world.checkpoint, folder / "cache", ["cpu"])
        yield SimpleNamespace(
            data=folder / "data",
            argv=[*map(str, argv)],
            inputs=open_inputs(folder / "data", sources, linear=True),
            files={"genome": world.genome, "network": world.checkpoint},
        )


@pytest.fixture
def mutate(made, tmp_path, capsys):
    """Called with a name of the output folder and arguments: the table; `log` has what was logged."""

    def run(out, *given):
        region = [word for word in given[:1] if ":" in str(word)]
        words = [*region, *made.argv, *given[len(region) :], "--out", tmp_path / out]
        assert mutagenesis.main([*map(str, words)]) == 0
        run.log = capsys.readouterr().err
        return read(min((tmp_path / out).glob("mutagenesis.tsv*")))

    run.folder = tmp_path
    return run


def check_sums(sums, table, known):
    """Sums of one interval against the table. known: places of its known bases, 0-based."""
    for row in sums.itertuples():
        mine = table[(table["gene_id"] == row.gene_id) & (table["model"] == row.model) & (table["ref"].str.len() == 1)]
        means = mine.groupby("pos")["effect"].sum() / 3
        largest = mine.loc[mine["effect"].abs().idxmax()]
        numbers = (means.sum(), means.abs().sum(), mine["effect"].sum() / 3 / len(known), largest["effect"])
        assert (row.sum, row.sum_abs, row.mean, row.largest) == pytest.approx(numbers, rel=1e-6)
        assert (row.largest_pos, row.largest_alt) == (largest["pos"], largest["alt"])
        assert row.chrom == "chr1" and row.start <= known[0] < known[-1] < row.end and row.bases == len(known)


def test_every_allele_is_scored_once_and_the_arrays_have_the_same_numbers(made, mutate, world, odd_place):
    letters, end = world.sequences["chr1"].upper(), odd_place + 10
    table = mutate("out", f"chr1:{odd_place + 1}-{end}", "--deletions")
    assert list(table.columns) == list(COLUMNS) and (table["status"] == "ok").all()
    known = [place for place in range(odd_place, end) if letters[place] in "ACGT"]
    expected = {(place + 1, letters[place], alt) for place in known for alt in "ACGT" if alt != letters[place]}
    runs = runs_of(letters, odd_place, end)
    changed = {letters[:first] + letters[first + 1 :] for first, _ in runs}
    alleles = table[["pos", "ref", "alt"]].drop_duplicates()
    snvs = alleles[alleles["ref"].str.len() == 1]
    lost = alleles[alleles["ref"].str.len() == 2]
    assert len(snvs) + len(lost) == len(alleles)
    assert set(snvs.itertuples(index=False, name=None)) == expected
    without = {letters[: pos - 1] + alt + letters[pos + 1 :]: (pos, ref, alt) for pos, ref, alt in lost.to_numpy()}
    assert without.keys() == changed and len(lost) == len(runs)
    assert all(letters[pos - 1 : pos + 1] == ref for pos, ref, _ in lost.itertuples(index=False))
    assert (table.groupby(["pos", "ref", "alt", "gene_id"]).size() == 2).all() and set(table["gene_id"]) >= {"G0", "G1"}
    unknown = f"{10 - len(known)} base{'s' if len(known) < 9 else ''} of the genome unknown (N), without an allele"
    assert unknown in mutate.log
    assert f"{3 * len(known)} SNVs of {len(known)} bases" in mutate.log
    assert f"{len(runs)} deletions: some 00:0" in mutate.log

    alleles = pd.concat([snvs, lost[:2]])
    given = spex.variant_effects(alleles.assign(chrom="chr1"), made.data, device="cpu", **made.files)
    keys = ["pos", "ref", "alt", "gene_id", "model"]
    both = table.merge(given, on=keys, suffixes=("", "_given"))
    assert len(both) == len(given) >= 4 * len(alleles)
    np.testing.assert_allclose(both["effect"], both["effect_given"], rtol=1e-8, atol=1e-9)

    with np.load(mutate.folder / f"out/arrays/chr1_{odd_place + 1}-{end}.npz") as arrays:
        found = {name: arrays[name] for name in arrays.files}
    assert (found["chrom"], int(found["start"]), int(found["end"])) == ("chr1", odd_place, end)
    bases, genes, models = (found[name].tolist() for name in ("bases", "gene_ids", "models"))
    assert bases == list("ACGT") and found["reference"].tolist() == [*letters[odd_place:end].translate(ONLY_KNOWN)]
    assert set(genes) == set(table["gene_id"]) and found["snvs"].shape == (10, 4, len(genes), 2)
    by_allele = table.set_index(["pos", "ref", "alt", "gene_id", "model"])["effect"].to_dict()
    for place, (g, gene), (m, model) in itertools.product(range(odd_place, end), enumerate(genes), enumerate(models)):
        base, at = letters[place], place - odd_place
        if base not in "ACGT":
            assert np.isnan(found["snvs"][at, :, g, m]).all() and np.isnan(found["deletions"][at, g, m])
            continue
        for number, alt in enumerate("ACGT"):
            expected = by_allele.get((place + 1, base, alt, gene, model), 0.0)
            assert found["snvs"][at, number, g, m] == pytest.approx(expected, rel=1e-8, abs=1e-9)
        allele = without[letters[:place] + letters[place + 1 :]]
        expected = by_allele.get((*allele, gene, model), 0.0)
        assert found["deletions"][at, g, m] == pytest.approx(expected, rel=1e-8, abs=1e-9)
    check_sums(read(mutate.folder / "out/sums.tsv"), table, known)
    assert len(read(mutate.folder / "out/sums.tsv")) == 2 * len(genes)
    with Image.open(mutate.folder / f"out/pictures/chr1_{odd_place + 1}-{end}_1-made_ridge.png") as picture:
        assert picture.width > 1000 and len(picture.convert("RGB").getcolors(1 << 24)) > 20


ONLY_KNOWN = {ord(letter): "N" for letter in "RYN"}


def test_intervals_of_a_file_through_contacts_and_a_run_that_goes_on(made, mutate, world, monkeypatch):
    """Overlapping intervals share alleles; a bin that genes contact reaches them; one gene alone when it is named."""
    monkeypatch.setattr(mutagenesis, "MOST_PICTURES", 1)  # each takes half a second
    rows = [(BIN + 100, BIN + 106, "first"), (BIN + 104, BIN + 110, ""), (BIN + 100, BIN + 106, "again")]
    bed = mutate.folder / "elements.bed"
    text = "track name=x\n" + "".join(f"1\t{start}\t{end}\t{name}\n" for start, end, name in rows)
    bed.write_text(text + "chrUn\t1\t2\tx\n")
    table = mutate("out", "--elements", bed, "--block_size", 4)
    assert (
        "elements.bed: 2 intervals used; left out: 1 there already, 1 on chromosomes that the genome lacks"
        in mutate.log
    )
    reached = made.inputs.genes["id"][made.inputs.index().genes[made.inputs.index().touching("chr1", BIN, BIN + 200)]]
    assert set(table["gene_id"]) == set(reached) > {"G0", "G1", "G3"} and set(table["path"]) == {"contact"}
    assert not table.duplicated(["pos", "alt", "gene_id", "model"]).any()
    known = [place for place in range(BIN + 100, BIN + 110) if world.sequences["chr1"][place].upper() in "ACGT"]
    assert len(table[["pos", "alt"]].drop_duplicates()) == 3 * len(known)
    sums = read(mutate.folder / "out/sums.tsv")
    assert sums[["start", "name"]].drop_duplicates().to_numpy().tolist() == [
        [BIN + 100, "first"],
        [BIN + 104, f"chr1:{BIN + 105}-{BIN + 110}"],
    ]
    assert len(list((mutate.folder / "out/pictures").iterdir())) == 1
    assert "the first 1 pictures are drawn" in mutate.log

    whole = {path: content for path, content in files_in(mutate.folder / "out").items() if path.suffix != ".json"}
    parts = sorted((mutate.folder / "out/parts").iterdir())
    assert len(parts) == 3
    parts[1].unlink()
    parts[2].write_bytes(parts[2].read_bytes()[:-9])
    shutil.rmtree(mutate.folder / "out/arrays")
    mutate("out", "--elements", bed, "--block_size", 4)
    assert "3 blocks of alleles, 1 done before" in mutate.log
    assert {path: path.read_bytes() for path in whole} == whole

    of_one = mutate("one", "--elements", bed, "--gene", "symbol_G1", "--deletions", "--tabix")
    assert (mutate.folder / "one/mutagenesis.tsv.gz.tbi").exists() and of_one["pos"].is_monotonic_increasing
    of_one = of_one[of_one["ref"].str.len() == 1].reset_index(drop=True)
    expected = table[table["gene_id"] == "G1"].reset_index(drop=True)
    pd.testing.assert_frame_equal(of_one, expected, rtol=1e-8)
    with np.load(mutate.folder / f"one/arrays/chr1_{BIN + 101}-{BIN + 106}.npz") as arrays:
        assert arrays["gene_ids"].tolist() == ["G1"] and arrays["deletions"].shape == (6, 1, 2)
    with np.load(mutate.folder / f"out/arrays/chr1_{BIN + 101}-{BIN + 106}.npz") as arrays:
        assert "deletions" not in arrays


def test_a_gene_stands_for_the_stretch_around_its_start(made, mutate, world, monkeypatch):
    monkeypatch.setattr(effects, "REACH", 5)
    table = mutate("out", "--gene", "G4", "--target", "Tissue 2", "--format", "tsv")
    (mine,) = made.inputs.genes.query("id == 'G4'").itertuples()
    places = range(mine.tss - 1 - 5, mine.tss - 1 + 5)
    known = {place + 1 for place in places if world.sequences["chr8"][place].upper() in "ACGT"}
    assert set(table["pos"]) == known and set(table["gene_id"]) == {"G4"} and set(table["tissue"]) == {"Tissue 2"}
    assert read(mutate.folder / "out/sums.tsv")["name"].tolist() == ["symbol_G4"]


def test_processes_of_other_devices_get_the_same_alleles(made, odd_place):
    intervals = [
        regions.Interval("chr1", odd_place, odd_place + 10, "a"),
        regions.Interval("chr8", 40_000, 40_009, "b"),
    ]
    mutations = effects.Mutations(made.inputs, intervals, deletions=True)
    blocks = list(mutations.blocks(4))
    assert len(blocks) == 6 and list(pickle.loads(pickle.dumps(mutations)).blocks(4)) == blocks
    assert [each for block in mutations.blocks(512) for each in block] == [each for block in blocks for each in block]


def test_the_stretch_around_a_gene_is_cut_at_the_end_of_the_chromosome(made):
    genes, sizes = made.inputs.genes, made.inputs.chromsizes()
    rows = [genes.index[genes["id"] == name][0] for name in ("G2", "G3", "G4")]
    found = [(each.start, each.end) for each in effects.around_genes(genes, rows, sizes)]
    assert found == [(0, 309 + 20_000), (120_389 - 20_000, 120_400), (45_499 - 20_000, 45_499 + 20_000)]


BAD = [
    (["chr1:120390-120401"], "REGION chr1:120390-120401: chr1:120390-120401 ends past its .* 120,400 bp long"),
    (["chr1:0-10"], "REGION chr1:0-10: no region; expected one like chr8"),
    (["chr77:1-10"], "REGION chr77:1-10: no such chromosome; expected one of chr1"),
    (["chr1:1-10", "--elements", "{bed}"], "REGION: is given beside --elements; give one of them"),
    ([], "REGION: none is given; give one before the data folder, or --gene, or --elements"),
    (["--gene", "MYC"], "--gene: no gene MYC among the 9 of the folder"),
    (["--elements", "{bed}"], "--elements .*: no interval on line 2, .*; expected a BED file"),
    (["--elements", "{none}"], "--elements .*: no such file"),
    (["--elements", "{other}"], "--elements .*: none of its chromosomes is in the genome; it has chr77"),
    (["--elements", "{empty}"], "--elements .*: no interval in it; expected a BED file"),
    (
        ["chr1:1-10", "--motifs", "{bed}"],
        r"--motifs: memelite, .*not installed; get it with: pip install '.*\[motifs\]",
    ),
]


def test_what_cannot_be_used_is_refused_before_anything_is_written(made, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "memelite", None)
    monkeypatch.setitem(sys.modules, "memelite.io", None)
    texts = {"bed": "chr1\t0\t5\nchr1\t5\t5\n", "other": "chr77\t0\t5\n", "empty": "# nothing\n"}
    for name, content in texts.items():
        (tmp_path / f"{name}.bed").write_text(content)
    names = {name: tmp_path / f"{name}.bed" for name in [*texts, "none"]}
    before = files_in(tmp_path)
    for given, message in BAD:
        region = [word for word in given[:1] if not word.startswith("--")]
        words = [*region, *made.argv, *given[len(region) :], "--out", str(tmp_path / "out")]
        refuse(capsys, mutagenesis.main, [word.format(**names) for word in words], message)
    assert files_in(tmp_path) == before and not (tmp_path / "out").exists()


def test_more_bases_than_a_run_takes_are_refused(made, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(regions, "MOST_BASES", 99)
    words = ["chr1:1-100", *made.argv, "--out", str(tmp_path / "out")]
    refuse(
        capsys, mutagenesis.main, words, "REGION chr1:1-100: 100 bases; expected at most 99, each with three alleles"
    )


def test_an_interval_without_a_known_base_is_refused(made, world, tmp_path, capsys):
    letters = world.sequences["chr1"].upper()
    place = next(place for place in range(len(letters)) if letters[place] not in "ACGT")
    words = [f"chr1:{place + 1}-{place + 1}", *made.argv, "--out", str(tmp_path / "out")]
    refuse(capsys, mutagenesis.main, words, "the genome has N at all of its bases; expected known bases")


def test_the_loss_of_a_base_between_unknown_ones_is_not_taken_for_no_effect(made, mutate, world, monkeypatch):
    """VCF cannot write it, so it is not scored, and its place in the array has no number."""
    monkeypatch.setattr(mutagenesis, "MOST_PICTURES", 0)
    letters = [letter in "ACGT" for letter in world.sequences["chr1"].upper()]
    place = next(each for each in range(59_000, 61_000) if letters[each - 1 : each + 2] == [False, True, False])
    table = mutate("out", f"chr1:{place}-{place + 2}", "--deletions")
    assert table["status"].value_counts()["not_acgt"] == 1 and "1 not_acgt" in mutate.log
    with np.load(mutate.folder / f"out/arrays/chr1_{place}-{place + 2}.npz") as arrays:
        assert np.isnan(arrays["deletions"]).all() and np.isfinite(arrays["snvs"][1]).all() and arrays["snvs"].any()


def changed_inputs(module, codes, generator, count):
    """One-hot sequences of the locus with one base substituted: (count, 4, n), places, and letters of the new bases."""
    known = np.flatnonzero(codes.sum(axis=0))
    places = generator.choice(known, count)
    inputs, letters = np.repeat(codes[None], count, axis=0), []
    for row, place in enumerate(places):
        channel = generator.choice([each for each in range(4) if not codes[each, place]])
        inputs[row, :, place] = np.eye(4)[channel]
        letters.append(module.bases[channel])
    return torch.from_numpy(inputs), places, letters


@pytest.mark.parametrize(
    ("region", "gene", "bases"), [("chr1:59951-60150", "G0", "ACGT"), (f"chr1:{BIN + 1}-{BIN + 100}", "G3", "TGCA")]
)
def test_the_module_gives_the_effects_of_the_table_and_gradients(made, world, region, gene, bases):
    module = spex.effect_module(region, made.data, gene=gene, bases=bases, **made.files)
    assert module.tissues == ["Tissue 1", "Tissue 2"] and module.bases == bases
    start = int(region.partition(":")[2].split("-")[0])
    inputs, places, letters = changed_inputs(module, module.reference[0].numpy(), np.random.default_rng(2), 12)
    table = pd.DataFrame({"chrom": "chr1", "pos": start + places, "alt": letters})
    table["ref"] = [world.sequences["chr1"][pos - 1] for pos in table["pos"]]
    effects = spex.variant_effects(table, made.data, device="cpu", **made.files)
    effects = effects[effects["gene_id"] == gene]
    expected = {(row.pos, row.alt, row.tissue): row.effect for row in effects.itertuples()}
    found = module(inputs).numpy()
    wanted = [
        [expected[start + place, alt, name] for name in module.tissues]
        for place, alt in zip(places, letters, strict=True)
    ]
    scale = max(1.0, np.abs(wanted).max())  # coefficients of the made fits are 1 on average, so effects are large
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5 * scale * np.sqrt(10))
    assert np.abs(wanted).max() > 0.1 and np.abs(module(module.reference).numpy()).max() < 1e-4

    inputs.requires_grad_()
    module(inputs)[:, 1].sum().backward()
    assert inputs.grad.abs().sum() > 0 and torch.isfinite(inputs.grad).all()
    with pytest.raises(ValueError, match=r"sequences of shape \(12, 4, 9\); expected \(n, 4, "):
        module(inputs[:, :, :9])


def test_a_module_of_a_gene_that_reads_nothing_there_is_refused(made):
    given = {"gene": "G4", **made.files}
    with pytest.raises(spex.InputError, match="no local window or contacted bin of symbol_G4 lies there"):
        spex.effect_module("chr9:1-100", made.data, **given)
    with pytest.raises(spex.InputError, match="found 'ACGU'; expected A, C, G, T in some order"):
        spex.effect_module("chr9:1-100", made.data, bases="ACGU", **given)


MOTIF = "GATTACAGCC"
CASES, FOUND = 20, 18


class Reads(torch.nn.Module):
    """How well a window of 200 bp has the motif on either strand: one feature; the other is the share of G and C."""

    def __init__(self):
        super().__init__()
        letters = torch.stack([torch.eye(4)["ACGT".index(letter)] for letter in MOTIF], 1)
        self.register_buffer("kernel", torch.stack([letters, letters.flip(0, 1)]))

    def forward(self, windows):
        best = torch.nn.functional.conv1d(windows, self.kernel).amax((1, 2))
        share = windows[:, 1:3].mean((1, 2)) * 2
        return torch.stack([torch.sigmoid(3 * (best - 8)), share], 1)


def turned(bases):
    return bases.translate(str.maketrans("ACGT", "TGCA"))[::-1]


def planted_motifs(folder, generator):
    """Files of a genome with motifs drawn from a matrix, each at a random place and strand of 300 bases near a TSS.

    Returns: the genome's letters, and where the motifs begin.
    """
    letters, rows, planted, genes = generator.choice(list("ACGT"), 4000 * CASES), [], [], []
    matrix = np.full((len(MOTIF), 4), 0.02)
    matrix[np.arange(len(MOTIF)), ["ACGT".index(letter) for letter in MOTIF]] = 0.94
    for case in range(CASES):
        start = 4000 * case + 2000 + int(generator.integers(0, 300))
        place = start + int(generator.integers(0, 300 - len(MOTIF)))
        drawn = "".join(generator.choice(list("ACGT"), p=each) for each in matrix)
        letters[place : place + len(MOTIF)] = list(generator.choice([drawn, turned(drawn)]))
        rows.append(f"chr1\t{start}\t{start + 300}\tcase{case}\n")
        planted.append(place)
        genes.append((f"G{case}", "chr1", "+", start + int(generator.integers(0, 300))))
    write_fasta(folder / "genome.fa", {"chr1": "".join(letters)})
    pd.DataFrame(genes, columns=["id", "chrom", "strand", "tss"]).to_csv(folder / "genes.csv", index=False)
    (folder / "cases.bed").write_text("".join(rows))
    table = "\n".join(" ".join(map(str, row)) for row in matrix)
    text = f"MEME version 4\n\nALPHABET= ACGT\n\nMOTIF planted\nletter-probability matrix: w= {len(MOTIF)}\n{table}\n"
    other = "\nMOTIF other\nletter-probability matrix: w= 8\n" + "0.9 0.04 0.03 0.03\n" * 8
    (folder / "motifs.meme").write_text(text + other)
    return "".join(letters), planted


def test_a_planted_motif_is_found_by_its_effect(tmp_path, capsys):
    """Every SNV of 300 bases is scored by a network that responds to the motif, and to G and C. The motif must be in
    the stretch that matters most, at its place."""
    pytest.importorskip("memelite")
    genome, planted = planted_motifs(tmp_path, np.random.default_rng(4))
    export(Reads(), tmp_path / "reads.pt2", window=200)
    network = describe(tmp_path / "reads.pt2", window=200, features=2)
    inputs = ["--genome_filename", tmp_path / "genome.fa", "--beluga_model_filename", network]
    inputs = [*map(str, [*inputs, "--pred_cache_folder", tmp_path / "cache"])]
    data = str(tmp_path / "data")
    assert tensors.main(["--data_folder", data, "--genes_filename", str(tmp_path / "genes.csv"), *inputs]) == 0
    save_made_fit(DataFolder(tmp_path / "data"), 1)
    words = [data, *inputs, "--elements", tmp_path / "cases.bed", "--motifs", tmp_path / "motifs.meme"]
    assert mutagenesis.main([*map(str, words), "--out", str(tmp_path / "out")]) == 0
    hits = read(tmp_path / "out/motif_hits.tsv")
    assert list(hits.columns) == list(HITS) and (hits["p_value"] < 1e-4).all()
    found = 0
    for case, place in enumerate(planted):
        mine = hits[(hits["gene_id"] == f"G{case}") & (abs(hits["start"] - place) < 1500)]
        strongest = mine[mine["stretch_sum"] == mine["stretch_sum"].max()]
        found += ((strongest["motif"] == "planted") & (strongest["start"] == place)).any()
    with capsys.disabled():
        print(f" {found} of {CASES} ", end="")
    assert found >= FOUND
    for row in hits.itertuples():
        assert row.start < row.stretch_end and row.end > row.stretch_start
        assert row.stretch_end - row.stretch_start == STRETCH
        assert row.start >= row.stretch_start - MARGIN and row.end <= row.stretch_end + MARGIN
        bases = genome[row.start : row.end] if row.strand == "+" else turned(genome[row.start : row.end])
        if row.motif == "planted":
            assert sum(a == b for a, b in zip(bases, MOTIF, strict=True)) >= 7
