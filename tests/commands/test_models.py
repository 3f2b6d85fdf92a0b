"""spex models: ExPecto's published models in, fits out and in again; and effects from files of chromatin effects."""

import hashlib
import json
import re
import shutil

import h5py
import numpy as np
import oracles
import pandas as pd
import pytest
import train_inputs
from published_models import write_effects, write_model, write_models
from refusals import Touch, files_in, refuse

from spex.commands import draw, elements, models, tensors, train, variants
from spex.effects.alleles import AlleleScorer
from spex.effects.inputs import LinearModels
from spex.errors import InputError
from spex.example import WEIGHTS, lay_out
from spex.files.sealed import load_array, load_sealed_json, save_sealed_json
from spex.inputs.genes import cached_genes_text, keep_genes, read_gene_table
from spex.models.ridge import RidgeFit
from spex.reports.pages import render
from spex.reports.published import PROTOCOL, read_fits
from spex.runs import records
from spex.runs.folder import DataFolder
from spex.runs.predict import named_fits

TISSUES = ("Liver", "Whole_Blood")
HEADER = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


def read_table(path):
    return pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[""])


def write_vcf(path, rows):
    """rows: chrom, pos, ref, alt."""
    lines = [f"{c}\t{p}\tv{n}\t{r}\t{a}\t.\t.\t.\n" for n, (c, p, r, a) in enumerate(rows)]
    path.write_text(f"##fileformat=VCFv4.2\n{HEADER}{''.join(lines)}")
    return path


def change_of(letters, pos):
    """REF and another base at the first position from a 1-based one on that is no N."""
    while letters[pos - 1].upper() not in "ACGT":
        pos += 1
    ref = letters[pos - 1].upper()
    return pos, ref, "ACGT"[("ACGT".index(ref) + 1) % 4]


def run(main, *argv):
    assert main([str(word) for word in argv]) == 0


# published models


@pytest.fixture
def imported(filled, tmp_path, capsys):
    """A data folder with contacts, and two published models in it."""
    made = filled("--contact_rule", "corrected")
    made.rows = write_models(tmp_path / "ExPecto/models", TISSUES)
    run(models.main, "import", tmp_path / "ExPecto", "--data_folder", made.folder.root)
    printed = capsys.readouterr()
    made.expecto = [made.folder.root / "results" / line for line in printed.out.split()]
    made.log = printed.err
    return made


def test_published_models_become_fits_and_say_whose_they_are(imported):
    assert [place.is_dir() for place in imported.expecto] == [True, True]
    assert [place.name.rpartition("_")[0] for place in imported.expecto] == ["expecto_Liver", "expecto_Whole_Blood"]
    assert "Princeton's academic licence: non-commercial, not to be passed on" in imported.log
    assert "2 published ExPecto models: only the gene's local windows count, contact columns count zero" in imported.log
    record = load_sealed_json(imported.expecto[0] / "metrics.json")
    (file,) = (imported.folder.root.parent / "ExPecto/models").glob("*Liver*")
    assert record["imported"]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert record["imported"]["file"] == file.name and "licence" in record["imported"]
    assert {"Liver", "Whole_Blood"} <= set(pd.read_csv(imported.folder.results / "results.csv")["target"])


def test_a_published_model_scores_the_variants_of_the_example_as_numpy_does(narrow, world, tmp_path, monkeypatch):
    """And bins that it knows nothing of count zero."""
    shutil.copy(world.checkpoint, tmp_path / WEIGHTS)
    lay_out(tmp_path)
    rows, cache = write_models(tmp_path / "models", TISSUES), ["--cache", tmp_path / "cache"]
    given = ["--genome", tmp_path / "genome.fa", "--network", tmp_path / WEIGHTS, *cache]
    words = ["--genes", tmp_path / "genes.csv", "--maps", tmp_path / "contacts.mcool", "--rule", "corrected"]
    run(tensors.main, "--data_folder", tmp_path / "data", *words, *given)
    run(models.main, "import", tmp_path / "models", "--data_folder", tmp_path / "data")
    effects, seen = LinearModels.effects, []
    monkeypatch.setattr(LinearModels, "effects", lambda self, changes: seen.append(changes) or effects(self, changes))
    words = [tmp_path / "variants.vcf", tmp_path / "data", "--model", "expecto", *given]
    run(variants.main, *words, "--out", tmp_path / "out")
    table = read_table(tmp_path / "out/effects.tsv")
    own, contact = np.concatenate(seen[::2]), np.concatenate(seen[1::2])  # of the pairs, in the order of the alleles
    assert np.abs(contact[:, 20_020:]).max() > 0.01 and not own[:, 20_020:].any()
    for tissue, weights in rows.items():
        mine = table[table["tissue"] == tissue]
        expected = own[:, :20_020] @ weights.reshape(-1).astype(np.float64)
        np.testing.assert_allclose(mine["effect"], expected, rtol=0, atol=1e-5 * np.abs(expected).max())
        np.testing.assert_array_equal(mine["effect_contact"], 0)
        assert np.abs(expected).max() > 0.01 and (mine["status"] == "ok").all()


def test_a_published_model_has_null_variants_like_any_other(imported):
    run(variants.main, "null", *imported.argv, "--model", "expecto", "--target", "liver", "--number", "20")
    nulls = [(place / "null_variants.tsv").exists() for place in imported.expecto]
    assert nulls == [True, False]


def test_a_published_model_predicts_and_scores_elements(imported, world, capsys):
    words = ["--data_folder", imported.folder.root, "--genes_filename", world.genes]
    run(train.main, *words, "--predict", imported.expecto[1])
    predictions = pd.read_csv(capsys.readouterr().out.strip())
    tensors = np.stack([load_array(imported.folder.tensor_path(gene)) for gene in predictions["id"]])
    expected = tensors[:, :20_020].astype(np.float64) @ imported.rows["Whole_Blood"].reshape(-1) + 2.25
    np.testing.assert_allclose(predictions["predicted"], expected, rtol=1e-7)
    run(elements.main, *imported.argv, "--model", "expecto", "--target", "Whole_Blood", "--own_windows")
    table = read_table(imported.folder.root / "elements/elements.tsv")
    assert (table.loc[table["class"] == "contact", "Score"] == 0).all()
    sums = table[table["class"] == "own"].groupby("TargetGeneEnsemblID")["Score"].sum()
    np.testing.assert_allclose(sums[predictions["id"]], expected - 2.25, rtol=1e-4, atol=1e-3)


def test_nothing_is_imported_where_one_file_cannot_be_used(tmp_path, capsys):
    write_models(tmp_path / "models", TISSUES)
    path = sorted((tmp_path / "models").iterdir())[1]
    path.write_bytes(path.read_bytes()[:-1])
    data, before = tmp_path / "data", files_in(tmp_path)

    def refused(folder, message):
        refuse(capsys, models.main, ["import", str(folder), "--data_folder", str(data)], message)
        assert files_in(tmp_path) == before and not data.exists()

    refused(tmp_path / "models", f"error: FOLDER {re.escape(str(path))}: cut short: 80,441 of at least 80,442 bytes")
    refused(path, "found a file; expected a folder with ExPecto's models")
    refused(tmp_path / "none", "FOLDER .*none: no such folder")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", r"no models in it; expected a folder with ExPecto's models \(\*.save\), or what spex m")


def test_published_models_are_asked_for_by_name(filled, tmp_path, capsys):
    made = filled()
    path = write_vcf(tmp_path / "one.vcf", [("chr1", 5, "A", "C")])
    argv = [str(path), *made.argv, "--model", "expecto", "--out", str(tmp_path / "out")]
    refuse(capsys, variants.main, argv, "no fit of expecto under .*; import them with: spex models import")
    place = made.places[0]
    argv = ["export", "--data_folder", str(made.folder.root), "--out", str(tmp_path / "out"), "--model", "expcto"]
    refuse(capsys, models.main, argv, "--model .*expcto: no finished and undamaged fit there; .*did you mean expecto")
    assert place.exists() and not (tmp_path / "out").exists()


# files of chromatin effects


@pytest.fixture
def shifted(tmp_path):
    """A folder with genes and two published models and nothing else, alleles near the genes, and their effects."""
    table = pd.DataFrame(
        [
            ("A", "chr1", "+", 50_000),
            ("B", "chr1", "-", 52_000),
            ("C", "chr2", "-", 30_000),
            ("D", "chr2", "+", 90_000),
        ],
        columns=["id", "chrom", "strand", "tss"],
    )
    table.to_csv(tmp_path / "genes.csv", index=False)
    rows = write_models(tmp_path / "models", TISSUES)
    run(models.main, "import", tmp_path / "models", "--data_folder", tmp_path / "data")
    generator = np.random.default_rng(4)
    places = [("chr1", 50_000), ("chr1", 52_200), ("chr1", 30_000), ("chr1", 29_999), ("2", 31_111), ("chr2", 60_000)]
    alleles = [(chrom, pos, "A", "C") for chrom, pos in places] + [("chr2", 30_000, "A", "<DEL>")]
    alleles += [("chr2", 30_000, "AC", "ACGG"), ("chr9", 100, "A", "C")]
    changes = {shift: generator.normal(size=(len(alleles), 2002)) for shift in (-200, 0, 200, 1000)}
    paths = write_effects(tmp_path / "effects", changes, name="some.vcf.shift_{}.diff.h5")
    vcf = write_vcf(tmp_path / "some.vcf", alleles)
    argv = [vcf, tmp_path / "data", "--genes", tmp_path / "genes.csv", "--model", "expecto", "--out", tmp_path / "out"]
    return argv, paths, table, alleles, changes, rows


def test_effects_of_files_are_those_of_the_formula(shifted, tmp_path, capsys):
    argv, paths, genes, alleles, changes, rows = shifted
    capsys.readouterr()
    run(variants.main, *argv, "--effects", *paths)
    captured = capsys.readouterr()
    table = read_table(tmp_path / "out/effects.tsv")
    reached = {}
    for number, (chrom, pos, _, alt) in enumerate(alleles):
        for gene in genes.itertuples():
            if alt != "<DEL>" and gene.chrom.endswith(chrom) and abs(pos - gene.tss) <= 20_000:
                for tissue in TISSUES:
                    mine = {shift: change[number] for shift, change in changes.items()}
                    expected = oracles.effect_of_shifts(rows[tissue], mine, pos, gene.tss, gene.strand)
                    reached[f"v{number}", gene.id, tissue] = expected
    scored = table[table["status"] == "ok"].set_index(["variant_id", "gene_id", "tissue"])
    assert set(scored.index) == reached.keys() and len(reached) == 14
    largest = max(map(abs, reached.values()))
    np.testing.assert_allclose(scored["effect"], [reached[key] for key in scored.index], rtol=0, atol=1e-7 * largest)
    assert (scored["path"] == "own").all() and scored["quantile"].isna().all()
    assert scored.loc[("v7", "C", "Liver"), "tss_distance"] == -2  # C and GG: the first base that changes is the third
    assert table.loc[table["status"] != "ok", "status"].tolist() == ["symbolic", "unknown_chromosome"]
    assert captured.err.splitlines()[-1].endswith(
        "some.vcf: 5 alleles used; left out: 2 that reach no gene, 1 symbolic, 1 unknown_chromosome; by the local "
        "windows alone; REF is not compared with a genome"
    )
    copy = tmp_path / "copy.vcf"
    run(variants.main, *argv, "--effects", *paths, "--vcf_out", copy)
    assert [line.count("SPEX=") for line in copy.read_text().splitlines()[-9:]] == [1, 1, 1, 0, 1, 0, 0, 1, 0]
    run(
        variants.main,
        *argv,
        "--effects",
        *reversed(paths),
        "--wide",
        "--best_per_variant",
        "--block_size",
        "2",
        "--page",
    )
    assert read_table(tmp_path / "out/effects.tsv")["Liver"].notna().sum() == 5
    assert (tmp_path / "out/effects.html").read_text().count("<tr>") == 1 + 5 * len(TISSUES)


def test_files_of_windows_on_a_genes_grid_give_what_the_network_does(imported, world, tmp_path, monkeypatch):
    """An allele at a multiple of 200 bp from the TSS, and every window that contains it, as the network predicts it."""
    gene = imported.inputs.genes.set_index("id").loc["G1"]
    letters, pos = world.sequences["chr1"], int(gene["tss"]) - 1400
    while letters[pos - 1].upper() not in "ACGT":
        pos -= 200
    path = write_vcf(tmp_path / "one.vcf", [("chr1", *change_of(letters, pos))])
    predict, windows = AlleleScorer._predict, {}
    monkeypatch.setattr(
        AlleleScorer, "_predict", lambda self, *given: windows.update(found := predict(self, *given)) or found
    )

    def effects(name, *given):
        run(variants.main, path, *imported.argv, "--model", "expecto", *given, "--out", tmp_path / name)
        table = read_table(tmp_path / name / "effects.tsv")
        return table[table["gene_id"] == "G1"].set_index("tissue")["effect_own"]

    by_network, changes = effects("network"), {}
    for shift in range(-1000, 1000, 200):
        start = pos + shift - 1000
        without, changed = windows[0, start, start]
        changes[shift] = (changed.astype(np.float64) - without)[None]
    by_files = effects("files", "--effects", *write_effects(tmp_path / "effects", changes))
    assert len(by_files) == 2 and by_network.abs().min() > 0.01
    np.testing.assert_allclose(by_files, by_network, rtol=0, atol=1e-7 * by_network.abs().max())


def spoil(path, change):
    with h5py.File(path, "a") as file:
        rows = file["pred"][:] if "pred" in file else None
        del file["pred"]
        change(file, rows)


SPOILED = [
    (lambda path: path.rename(path.with_name("shift_x.diff.h5")), "its name does not say which shift; expected a name"),
    (lambda path: shutil.copy(path, path.with_name("shift_0.diff.h5")), "the same shift as .*; expected each shift"),
    (lambda path: path.write_bytes(b"text"), "damaged or cut short|not an HDF5 file"),
    (lambda path: path.write_bytes(path.read_bytes()[:50_000]), "damaged or cut short"),
    (lambda path: path.unlink(), "no such file"),
    (lambda path: spoil(path, lambda file, rows: file.update(other=rows)), "no data set pred in it; expected ExPecto"),
    (
        lambda path: spoil(path, lambda file, rows: file.create_group("pred")),
        "no data set pred in it; expected ExPecto",
    ),
    (lambda path: spoil(path, lambda file, rows: file.update(pred=rows[:, :919])), r"pred is .* of shape \(18, 919\)"),
    (lambda path: spoil(path, lambda file, rows: file.update(pred=rows[:-1])), r"pred is .* of shape \(17, 2002\)"),
    (lambda path: spoil(path, lambda file, rows: file.update(pred=rows.astype(int))), "pred is int64 of shape"),
    (lambda path: spoil(path, lambda file, rows: file.update(pred=rows[:-2])), "16 rows, some.vcf.* has 18"),
    (lambda path: spoil(path, lambda file, rows: file.update(pred=rows * np.nan)), "NaN or infinity for alleles 1 to"),
    (
        lambda path: spoil(path, lambda file, rows: file.__setitem__("pred", h5py.ExternalLink("other.h5", "/pred"))),
        "/pred is a link to another file",
    ),
]


@pytest.mark.parametrize("damage, message", SPOILED)
def test_files_of_effects_of_another_form_are_refused(shifted, tmp_path, capsys, damage, message):
    argv, paths, *_ = shifted
    damage(paths[-1])
    given = sorted((tmp_path / "effects").iterdir()) or paths
    given = paths if not paths[-1].exists() and len(given) < len(paths) else given
    refuse(capsys, variants.main, [*map(str, argv), "--effects", *map(str, given)], f"--effects .*: {message}")
    assert not (tmp_path / "out/effects.tsv").exists()


def test_models_of_other_features_do_not_go_with_files_of_effects(shifted, tmp_path, capsys):
    argv, paths, *_ = shifted
    place, other = tmp_path / "data/results/other", {"features": {"width": 20_020, "source": "m", "sha256": "0" * 64}}
    for width, made_of in ((20_020, other), (20_020, {"network": {"name": "n"}}), (300, None)):
        place.mkdir(exist_ok=True)
        RidgeFit(coefficients=np.ones(width), intercept=0.0).save(place)
        made = {"target": "T", "target_index": 1, "model": "ridge", "width": width, "tensors": made_of}
        records.write_record(place, settings=made)
        words = [*map(str, argv), "--effects", *map(str, paths), "--model", str(place)]
        refuse(
            capsys, variants.main, words, "--model .*other: fitted on features of another model than ExPecto's network"
        )
    assert not (tmp_path / "out").exists()


def test_files_of_effects_go_with_the_whole_file_alone(shifted, tmp_path, capsys):
    argv, paths, _, alleles, *_ = shifted
    words = [*map(str, argv), "--effects", *map(str, paths)]
    refuse(capsys, variants.main, [*words, "--region", "chr1"], "--region: of no use with --effects, whose rows are")
    refuse(capsys, variants.main, [*words, "--divisor", "2", "--remainder", "0"], "--divisor: of no use with --effects")
    write_vcf(argv[0], alleles[:-1])
    refuse(capsys, variants.main, words, "some.vcf: 8 alleles, the files of effects have 9; expected the file that")
    without = [word for word in words if word not in ("--genes", str(tmp_path / "genes.csv"))]
    refuse(capsys, variants.main, without, "DATA_FOLDER .*cached_genes.tsv: no such file")
    assert not (tmp_path / "out").exists()
    write_vcf(argv[0], alleles)
    run(variants.main, *words)
    capsys.readouterr()
    refuse(capsys, variants.main, words[: -len(paths) + 1], "effects differ from those that this folder was made from")


# our own models


@pytest.fixture(scope="module")
def fitted(sketches_of_module, tmp_path_factory):
    """A data folder of sequence alone with a ridge fit and trees of one tissue, and both exported."""
    folder = tmp_path_factory.mktemp("fitted")
    options = train_inputs.write_inputs(folder)
    table = read_gene_table(folder / "genes.csv")
    (folder / "data/cached_genes.tsv").write_text(cached_genes_text(table, keep_genes(table)))
    words = train_inputs.argv(options, "--validation_chroms", "chr9", "--log_note", "s3cret")
    run(train.main, *words, "--model", "ridge", "--params", write_json(folder / "p.json", {"penalties": [1e3, 1e4]}))
    run(train.main, *words, "--params", folder / "fast.json")
    for name in ("ridge", "gbtree"):
        words = ["export", "--data_folder", folder / "data", "--model", name, "--target", "adipose*"]
        run(models.main, *words, "--out", folder / "exported")
    return folder


def write_json(path, value):
    path.write_text(json.dumps(value))
    return path


def exported(folder, model):
    (place,) = (folder / "exported").glob(f"*_{model}_*")
    return place


def test_an_exported_model_can_be_read_without_us(fitted):
    place = exported(fitted, "ridge")
    data = DataFolder(fitted / "data")
    made = load_sealed_json(data.results / place.name / "metrics.json")
    assert {path.name for path in place.iterdir()} == {
        *("README.md", "model.json", "weights.npz", "columns.tsv", "genes.tsv"),
    }
    with np.load(place / "weights.npz", allow_pickle=False) as stored:
        coefficients, intercept = stored["coefficients"], stored["intercept"]
    columns, genes = read_table(place / "columns.tsv"), read_table(place / "genes.tsv")
    predictions = pd.read_csv(data.results / place.name / "predictions.csv")
    features = np.stack([load_array(data.tensor_path(gene)) for gene in predictions["id"]]).astype(np.float64)
    np.testing.assert_allclose(features @ coefficients + intercept, predictions["predicted"], rtol=1e-7)
    assert columns["column"].tolist() == list(range(20_020))
    assert columns.iloc[2001].tolist() == [2001, "upstream, decay 0.01", 2002]
    assert columns.iloc[5 * 2002].tolist() == [10_010, "downstream, decay 0.01", 1]
    assert genes["role"].value_counts().to_dict() == {
        role: made["genes"][role] for role in ("train", "validation", "test")
    }
    assert set(genes.loc[genes["role"] == "test", "id"]) == set(predictions["id"])
    assert set(genes.loc[genes["role"] == "validation", "chrom"]) == {"chr9"}
    kept = json.loads((place / "model.json").read_text())
    for name, digest in kept["files"].items():
        assert hashlib.sha256((place / name).read_bytes()).hexdigest() == digest
    assert kept["files"].keys() == {path.name for path in place.iterdir()} - {"model.json"}
    assert kept["scores"] == made["scores"] and kept["settings"] == made["settings"]
    assert kept["versions"].items() > made["versions"].items()
    assert not [path for path in place.iterdir() if b"s3cret" in path.read_bytes()]
    assert (exported(fitted, "gbtree") / "model.ubj").exists()


def test_the_card_has_what_a_reader_needs(fitted):
    for model, reads in (("ridge", "weights.npz"), ("gbtree", "model.ubj")):
        place = exported(fitted, model)
        text, kept = (place / "README.md").read_text(), json.loads((place / "model.json").read_text())
        assert text.startswith(f"# Adipose - Subcutaneous: {model}\n") and reads in text
        wanted = [*kept["versions"].values(), kept["settings"]["expression_sha256"], kept["settings"]["genes_sha256"]]
        wanted += [train_inputs.RUN_SETTINGS["beluga_sha256"], f"{kept['scores']['spearman']:.4f}", "chr9", "chr8"]
        wanted += [f"| train | {kept['genes']['train']} |", f"spex models import {place.name}", "upstream, decay 0.01"]
        assert [each for each in wanted if each not in text] == []
        assert "`genes.tsv` lists them" in text and "No test gene was looked at" in text


def test_the_card_names_the_model_whose_features_they_are(fitted):
    kept = json.loads((exported(fitted, "ridge") / "model.json").read_text())
    features = {"source": "Enformer_trunk", "sha256": "9" * 64, "width": 3}
    bins = {"kind": "tracks", "sha256": "8" * 64, "width": 2}
    kept["settings"] |= {"width": 3, "tensors": {"features": features, "bins": bins, "beluga_sha256": ""}}
    listed = {"train": 1, "validation": 2, "test": 3}
    blocks = [(("own",), ("x", "y", "z"))]
    text = render("model_card.md", **kept, weights="weights.npz", blocks=blocks, listed=listed)
    assert (
        "from 3\nfeatures of Enformer_trunk. " in text
        and f"Enformer_trunk, {'9' * 64} |" in text
        and f"tracks, {'8' * 64} |" in text
    )
    assert "network (checkpoint)" not in text and "chromosomes but 8 and 9" not in text
    assert "lists every gene of the data folder; not all of them were used" in text and "- 1 x 3: own" in text


def test_an_exported_fit_is_one_of_its_data_folder(fitted, filled, tmp_path, capsys):
    """With the contacts of that folder, or with its tensors' making unknown."""
    argv = ["export", "--data_folder", str(fitted / "data"), "--out", str(tmp_path / "out"), "--model"]
    place = filled(data="other").places[0]
    refuse(capsys, models.main, [*argv, str(place)], "--model .*: a fit of another data folder; give that one as")
    assert not (tmp_path / "out").exists()
    options = train_inputs.write_inputs(tmp_path, width=24_024, run_settings=None)
    data = tmp_path / "data"
    penalties = write_json(tmp_path / "p.json", {"penalties": [1e3, 1e4]})
    run(train.main, *train_inputs.argv(options, "--model", "ridge", "--params", penalties))
    argv = ["export", "--data_folder", str(data), "--out", str(tmp_path / "out")]
    capsys.readouterr()
    refuse(capsys, models.main, argv, "--data_folder .*cached_genes.tsv: no such file")
    assert not (tmp_path / "out").exists()
    shutil.copy(fitted / "data/cached_genes.tsv", data)
    run(models.main, *argv)
    (place,) = (tmp_path / "out").iterdir()
    assert read_table(place / "columns.tsv").iloc[-1].tolist() == [24_023, "contacts upstream", 2002]
    text = (place / "README.md").read_text()
    assert "- 12 x 2,002: upstream, decay 0.01; " in text and "| network (checkpoint) | not known |" in text
    assert "biased upwards" in text


@pytest.mark.parametrize("model", ["ridge", "gbtree"])
def test_an_exported_model_comes_back_as_it_was(fitted, tmp_path, capsys, model):
    options = train_inputs.write_inputs(tmp_path)
    words = ["--data_folder", tmp_path / "data", "--genes_filename", options["--genes_filename"]]
    run(models.main, "import", exported(fitted, model), "--data_folder", tmp_path / "data")
    place = capsys.readouterr().out.strip()
    assert place.endswith("_imported")
    before = fitted / "data/results" / exported(fitted, model).name
    predicted = []
    for fit in (before, place):
        run(train.main, *words, "--predict", fit)
        predicted.append(pd.read_csv(capsys.readouterr().out.strip()))
    pd.testing.assert_frame_equal(*predicted)
    argv = ["export", "--data_folder", str(tmp_path / "data"), "--model", place, "--out", str(tmp_path / "again")]
    refuse(capsys, models.main, argv, "it was imported, and is not exported; export it from the folder that it was")
    run(models.main, "import", fitted / "exported", "--data_folder", tmp_path / "data")
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_imported_models_are_no_trainings(tmp_path, capsys):
    """There is nothing to draw, and nothing that reproduces the published figures."""
    write_model(tmp_path / "models/Liver.save", np.ones((10, 2002)))
    folder = DataFolder(tmp_path / "data")
    run(models.main, "import", tmp_path / "models", "--data_folder", folder.root)
    with pytest.raises(InputError, match="no fit of gblinear"):
        named_fits(folder, ["gblinear"])
    run(draw.main, folder.root)
    assert "imported, so there are no predictions here to draw" in capsys.readouterr().err
    (folder.results / "other_imported").mkdir()
    records.write_record(folder.results / "other_imported", settings=PROTOCOL | {"seed": 3}, imported={"file": "other"})
    assert read_fits(folder, [3]) == {}


def test_published_models_are_not_passed_on(tmp_path, capsys):
    write_model(tmp_path / "models/expecto.Liver.save", np.ones((10, 2002)))
    run(models.main, "import", tmp_path / "models", "--data_folder", tmp_path / "data")
    capsys.readouterr()
    argv = ["export", "--data_folder", str(tmp_path / "data"), "--model", "expecto", "--out", str(tmp_path / "out")]
    refuse(capsys, models.main, argv, "it was imported, and is not exported; ExPecto's models are their authors'")
    assert not (tmp_path / "out").exists()


def sealed_again(place):
    """Give an exported model the hashes of what is there now."""
    kept = load_sealed_json(place / "model.json")
    kept["files"] = {name: hashlib.sha256((place / name).read_bytes()).hexdigest() for name in kept["files"]}
    save_sealed_json(place / "model.json", kept)


def save_weights(place, **arrays):
    np.savez(place / "weights.npz", **arrays)
    sealed_again(place)


CHANGED = [
    (lambda place: (place / "weights.npz").write_bytes(b""), "weights.npz: missing or changed since it was exported"),
    (
        lambda place: (place / "README.md").unlink(),
        "README.md: missing or changed since it was exported; copy it again",
    ),
    (lambda place: (place / "model.json").write_text("{}"), "model.json: damaged or edited"),
    (lambda place: save_sealed_json(place / "model.json", {"format": 9}), "model.json: of another form; expected what"),
    (
        lambda place: np.savez_compressed(place / "weights.npz", coefficients=np.zeros(1 << 24)) or sealed_again(place),
        "weights.npz: .* expand to more than 128 MB",
    ),
    (lambda place: save_weights(place, coefficients=np.ones(5), intercept=1.0), "npz: 5 weights for 20,020 columns"),
    (lambda place: save_weights(place, coefficients=np.ones(20_020)), "weights.npz: not readable .*intercept"),
    (
        lambda place: save_weights(place, coefficients=np.array([Touch(place / "made")] * 20_020), intercept=1.0),
        "weights.npz: not readable .*; expected arrays coefficients and intercept, without pickled objects",
    ),
    (lambda place: (place / "weights.npz").write_bytes(b"PK") and sealed_again(place), "weights.npz: not readable"),
]


@pytest.mark.parametrize("damage, message", CHANGED)
def test_what_was_changed_since_is_refused(fitted, tmp_path, capsys, damage, message):
    place = shutil.copytree(exported(fitted, "ridge"), tmp_path / "copy")
    damage(place)
    refuse(capsys, models.main, ["import", str(place), "--data_folder", str(tmp_path / "data")], message)
    assert not (tmp_path / "data").exists() and not (place / "made").exists()
