"""Trouble that people had with programs like this one: the right numbers, or one true line.

What is right comes from the tables that a test writes itself. Command lines that end well print the scores of the same
data in their plain form; all others end with status 2, one line, and nothing written.
"""

import errno
import json
import os
import re
from pathlib import Path
from types import SimpleNamespace

import cooler
import h5py
import numpy as np
import pandas as pd
import pytest
import train_inputs
from conftest import tensor_bytes, without_zeros, write_fasta, write_hic, write_mcool
from processes import TRAIN, run
from refusals import files_in, refuse

from spex.commands import tensors, train
from spex.commands.running import BUGS, run_script
from spex.files.hashes import file_sha256
from spex.inputs.choices import GeneChoice
from spex.inputs.genes import choose_genes
from spex.inputs.maps.cool import CoolMap
from spex.runs.folder import DataFolder
from spex.runs.settings import RunSettings, claim_run

pytestmark = pytest.mark.usefixtures("narrow")


@pytest.fixture
def options(tmp_path, sketches):
    return train_inputs.write_narrow_inputs(tmp_path) | {"--params": str(tmp_path / "fast.json")}


@pytest.fixture
def quick(tmp_path, sketches):
    """For tests of tables: a model whose scores depend on every gene's row as much, in a third of the time."""
    return train_inputs.write_narrow_inputs(tmp_path) | {"--model": "ridge"}


def scores(capsys, options, *more):
    """The line that train.py prints, and what it logs."""
    assert train.main(train_inputs.argv(options, *more)) == 0
    captured = capsys.readouterr()
    return captured.out, captured.err


def refuse_training(capsys, options, message, *more):
    before = files_in(DataFolder(options["--data_folder"]).root)
    refuse(capsys, train.main, train_inputs.argv(options, *more), message)
    assert files_in(DataFolder(options["--data_folder"]).root) == before


# --- rows tied to the wrong gene ---


def test_what_is_in_front_of_the_tissues_ties_rows_to_genes(quick, tmp_path, capsys):
    plain, _ = scores(capsys, quick)
    table, genes = pd.read_csv(quick["--gene_expression_filename"], index_col=0), train_inputs.gene_table()
    shuffled = np.random.default_rng(0).permutation(len(table))
    ids, versions = table.set_axis(genes["id"].to_numpy()), table.set_axis((genes["id"] + ".3").to_numpy())
    behind = ["id", "Unnamed: 0", *table.columns]
    again = table.reset_index(names="Unnamed: 0")  # read without index_col, and saved again
    for name, written, message in (
        ("pandas", ids.iloc[shuffled].to_csv(), "by the gene ids in front"),
        ("versions", versions.iloc[shuffled].to_csv(index_label="Unnamed: 0"), "by the gene ids in front"),
        ("fewer", ids[(genes["seqnames"] != "chrX").to_numpy()].to_csv(), "by the gene ids in front"),
        ("R", table.set_axis(range(1, 61)).to_csv(), "by its row numbers"),
        ("floats", table.set_axis(table.index.astype(float)).to_csv(), "by its row numbers"),
        ("twice", again.set_axis(again["Unnamed: 0"].to_numpy()).to_csv(), "by its row numbers"),
        ("id", ids.iloc[shuffled].reset_index(names="gene_id").reset_index(names="id").to_csv(index=False), "gene ids"),
        ("behind", ids.reset_index(names="id").assign(**{"Unnamed: 0": 5})[behind].to_csv(index=False), "gene ids"),
        ("excel", ids.to_csv() + ",,,,\n" * 3, "by the gene ids in front"),
        ("excel's", table.to_csv() + ",,,,\n" * 3, "by its row numbers"),
    ):
        (tmp_path / f"{name}.csv").write_text(written)
        out, log = scores(capsys, quick | {"--gene_expression_filename": str(tmp_path / f"{name}.csv")})
        assert out == plain, name
        assert message in log, name


def test_tables_that_were_sorted_together(quick, tmp_path, capsys):
    plain, _ = scores(capsys, quick)
    folder = DataFolder(quick["--data_folder"])
    table, genes = pd.read_csv(quick["--gene_expression_filename"], index_col=0), train_inputs.gene_table()
    order = genes.sort_values("symbol").index
    for name, kept in (("labelled", True), ("bare", False)):
        genes.loc[order].to_csv(tmp_path / f"{name}.csv", index=kept)
        table.loc[order].to_csv(tmp_path / "numbered.csv")
        table.loc[order].reset_index(drop=True).to_csv(tmp_path / "anew.csv")
        given = quick | {"--genes_filename": str(tmp_path / f"{name}.csv")}
        folder.run_json.unlink()
        genes_sha256 = file_sha256(tmp_path / f"{name}.csv")
        claim_run(folder, RunSettings(**train_inputs.NARROW_SETTINGS, genes_sha256=genes_sha256))
        right, unknown = ("numbered", "anew") if kept else ("anew", "numbered")
        scores(capsys, given | {"--gene_expression_filename": str(tmp_path / f"{right}.csv")})
        newest = max(folder.results.glob("*/predictions.csv"), key=lambda path: path.stat().st_mtime_ns)
        observed = pd.read_csv(newest).set_index("id")["observed"]
        truth = np.log(table.iloc[:, 0] + 0.0001).set_axis(genes["id"])
        np.testing.assert_allclose(observed, truth[observed.index], rtol=1e-8)
        message = "its row numbers are in another order than those of the genes table"
        other = given | {"--gene_expression_filename": str(tmp_path / f"{unknown}.csv")}
        refuse_training(capsys, other, message)
    assert plain


def test_quotes_in_tab_separated_files_are_letters(quick, tmp_path, capsys):
    plain, _ = scores(capsys, quick)
    table, genes = pd.read_csv(quick["--gene_expression_filename"], index_col=0), train_inputs.gene_table()
    described = pd.Series("x", index=table.index)
    described[[7, 8]] = ['"novel transcript', '"antisense RNA']
    table.insert(0, "description", described)
    table.insert(0, "id", '"' + genes["id"] + '"')
    table.to_csv(tmp_path / "e.tsv", sep="\t", index=False, quoting=3)
    out, _ = scores(capsys, quick | {"--gene_expression_filename": str(tmp_path / "e.tsv")})
    assert out == plain
    comma = table.to_csv(index=False, quoting=3, quotechar="'").replace('"ENSG', "ENSG").replace('",', ",")
    (tmp_path / "e.csv").write_text(comma)
    message = "a field in quotes that begins on line 9 continues after its end|not a readable table"
    refuse_training(capsys, quick | {"--gene_expression_filename": str(tmp_path / "e.csv")}, message)


# --- values that are not what they are taken for ---


def test_other_objectives_and_second_names_have_their_effect(options, tmp_path, capsys):
    def printed(**parameters):
        (tmp_path / "p.json").write_text(json.dumps(train_inputs.FAST | parameters))
        return scores(capsys, options | {"--params": str(tmp_path / "p.json")})[0]

    plain = printed()
    for objective in ("reg:absoluteerror", "reg:pseudohubererror"):
        assert printed(objective=objective) != plain
    assert printed(learning_rate=0.4) == printed(eta=0.4) != plain


# --- old results used as new ---

WITH_MAP = train_inputs.RUN_SETTINGS | {
    "maps_sha256": ["3" * 64],
    "contact_rule": "published",
    "hic_resolution": 1000,
    "max_dist": 1.15,
}


@pytest.fixture
def with_map(tmp_path, sketches):
    (tmp_path / "with").mkdir()
    inputs = train_inputs.write_inputs(tmp_path / "with", width=24024, run_settings=WITH_MAP)
    return inputs | {"--params": str(tmp_path / "with" / "fast.json")}


@pytest.mark.parametrize(
    "given, message",
    [
        (["--max_dist", "0.5"], "--max_dist 0.5: the tensors in .* were made with max_dist 1.15, says .*run.json"),
        (["--hic_resolution", "5000"], "--hic_resolution 5000: the tensors in .* were made with hic_resolution 1000"),
        (["--genome_filename", "/nonexistent.fa"], "--genome_filename /nonexistent.fa: no such file"),
        (
            ["--genome_filename", "train.py"],
            "--genome_filename train.py: .* were made with another file .genome_sha256",
        ),
        (["--beluga_model_filename", "train.py"], "--beluga_model_filename train.py: .* made with another file"),
        (["--mcool_filename", "train.py"], "--mcool_filename train.py: .* were made with 1 other contact maps"),
    ],
)
def test_options_that_contradict_the_tensors_are_refused(with_map, capsys, given, message):
    refuse_training(capsys, with_map, message, *given)


def test_options_that_agree_with_the_tensors_are_taken(with_map, options, capsys):
    scores(capsys, with_map, "--max_dist", "1.15", "--hic_resolution", "1000")
    scores(capsys, options, "--max_dist", "1.15", "--hic_resolution", "1000")
    refuse(capsys, train.main, train_inputs.argv(options, "--max_dist", "0.5"), "were made with sequence alone")


def test_another_genes_table_than_that_of_the_tensors_is_refused(options, tmp_path, capsys):
    scores(capsys, options)
    fit = next(DataFolder(options["--data_folder"]).results.glob("*/"))
    table = train_inputs.gene_table()
    for column, value in (("seqnames", "chr8"), ("CAGE_representative_TSS", 77.0), ("strand", "-")):
        table.assign(**{column: table[column].where(table.index != 6, value)}).to_csv(
            tmp_path / "other.csv", index=False
        )
        given = options | {"--genes_filename": str(tmp_path / "other.csv")}
        for more in ([], ["--predict", str(fit)]):
            refuse_training(capsys, given, "other.csv: the tensors in .* were made with another file .*run.json", *more)


@pytest.mark.parametrize(
    "damage, message",
    [
        (lambda counts: np.where(counts > 1, -1, counts), "found a count of -1"),
        (lambda counts: counts * 0.3, "looks like a balanced"),
        (lambda counts: np.full(len(counts), np.nan), "found a count of nan"),
        (lambda counts: counts[:-1], "damaged or cut short"),
        (None, "no pixels/count in resolutions/1000"),
    ],
)
def test_a_map_that_was_refused_leaves_the_folder_free(tensors_argv, world, tmp_path, capsys, damage, message):
    path = tmp_path / "map.mcool"
    path.write_bytes(world.maps[0].read_bytes())
    with h5py.File(path, "a") as file:
        counts = file["resolutions/1000/pixels/count"][:]
        del file["resolutions/1000/pixels/count"]
        if damage:
            file["resolutions/1000/pixels/count"] = damage(counts)
    argv = tensors_argv("--mcool_filename", path)
    refuse(capsys, tensors.main, argv, message)
    assert set(files_in(tmp_path)) == {path}
    path.write_bytes(world.maps[0].read_bytes())
    assert tensors.main(argv) == 0


def test_other_names_of_features_are_not_those_of_an_old_fit(options, tmp_path, capsys):
    def groups(assay):
        names = pd.DataFrame({"cell type": "K562", "assay": assay, "treatment": "None"}, index=range(200))
        names.to_csv(tmp_path / "f.tsv", sep="\t", index=False)
        scores(capsys, options, "--features_filename", str(tmp_path / "f.tsv"))
        (fit,) = DataFolder(options["--data_folder"]).results.glob("*/")
        table = pd.read_csv(fit / "importance_groups.csv")
        return set(table[table["group"] == "assay"]["name"])

    plain, _ = scores(capsys, options)
    assert groups("DNase") == {"DNase"}
    assert groups("CTCF") == {"CTCF"}
    out, log = scores(capsys, options)
    assert out == plain and "finished before" in log


# --- left out or kept without a word ---


def test_every_row_that_is_left_out_is_reported(tensors_argv, options, tmp_path, capsys, world):
    assert tensors.main(tensors_argv("--test_only", data="other")) == 0
    message = "12 rows: 9 genes used; left out: 1 with an empty cell, 1 on chrX, 1 rRNA"
    assert message in capsys.readouterr().err
    _, log = scores(capsys, options)
    assert "60 rows: 47 genes used; left out: 12 on chrX, 1 with an empty cell" in log
    assert "expression.csv: 47 rows used; left out: 13 of genes that are not used; tied to the genes table by" in log


def test_lncrna_is_what_lincrna_was(tensors_argv, world, tmp_path, capsys):
    renamed = pd.read_csv(world.genes)
    renamed.loc[renamed["id"] == "G1", "type"] = "lncRNA"
    renamed.to_csv(tmp_path / "genes.csv", index=False)
    _, genes = choose_genes(tmp_path / "genes.csv", GeneChoice("lincRNA"))
    assert sorted(genes["id"]) == ["G1", "G6"]
    argv = tensors_argv("--genes_filename", tmp_path / "genes.csv", "--gene_type", "lincRNA")
    assert tensors.main(argv) == 0
    assert "2 genes used; left out: " in (message := capsys.readouterr().err)
    assert "; 1 lncRNA among those used" in message


def test_chromosomes_of_unknown_names_are_reported(tensors_argv, world, tmp_path, capsys):
    write_fasta(tmp_path / "genome.fa", {**world.sequences, "linkage7": world.sequences["chr9"]})
    table = pd.read_csv(world.genes)
    table.loc[table["seqnames"] == "chr9", "seqnames"] = "linkage7"
    table.to_csv(tmp_path / "genes.csv", index=False)
    argv = tensors_argv("--genes_filename", tmp_path / "genes.csv", "--genome_filename", tmp_path / "genome.fa")
    assert tensors.main(argv) == 0
    assert "2 genes lie on chromosomes whose names are not those of human autosomes" in capsys.readouterr().err


def test_a_file_that_changed_within_its_time_stamp_is_read_again(options, capsys):
    plain, _ = scores(capsys, options)
    path = Path(options["--gene_expression_filename"])
    stat, content = path.stat(), path.read_text()
    path.write_text(content.replace("1.", "7.").replace("0.", "1."))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert path.stat().st_size == stat.st_size
    assert scores(capsys, options)[0] != plain


def test_no_gene_left_is_reported(options, capsys):
    refuse_training(capsys, options, "none of the 47 genes is left by them", "--divisor", "1000", "--reminder", "999")


def test_test_only_without_a_gene_on_the_test_chromosome(tensors_argv, world, tmp_path, capsys):
    table = pd.read_csv(world.genes)
    table[table["seqnames"] != "chr8"].to_csv(tmp_path / "genes.csv", index=False)
    argv = tensors_argv("--genes_filename", tmp_path / "genes.csv", "--test_only")
    refuse(capsys, tensors.main, argv, "--test_only: no gene lies on chr8; the genes table has chr")


# --- untrue messages ---


@pytest.fixture
def whole_map(world):
    """Bins and pixels of a map of the small world."""
    map_ = cooler.Cooler(f"{world.maps[0]}::/resolutions/1000")
    return SimpleNamespace(bins=map_.bins()[:][["chrom", "start", "end"]], pixels=map_.pixels()[:])


def test_maps_of_other_layouts_that_hold_the_same(tensors_argv, world, whole_map, tmp_path):
    cooler.create_cooler(str(tmp_path / "single.cool"), whole_map.bins, whole_map.pixels, ordered=True)
    (tmp_path / "of_2016.mcool").write_bytes(world.maps[0].read_bytes())
    with h5py.File(tmp_path / "of_2016.mcool", "a") as file:
        del file["resolutions/1000"].attrs["format"]
    assert tensors.main(tensors_argv(maps=[0])) == 0
    for name in ("single.cool", "of_2016.mcool"):
        assert tensors.main(tensors_argv("--mcool_filename", tmp_path / name, data=name[:6])) == 0
        assert tensor_bytes(tmp_path / name[:6]) == tensor_bytes(tmp_path / "data")


@pytest.mark.parametrize("kind", ["u8", "u4", "u2", "i4", "<i2"])
def test_bins_of_any_whole_type(tensors_argv, world, tmp_path, kind):
    path = tmp_path / "map.mcool"
    path.write_bytes(world.maps[0].read_bytes())
    with h5py.File(path, "a") as file:
        for name in ("bin1_id", "bin2_id"):
            bins = file[f"resolutions/1000/pixels/{name}"][:]
            del file[f"resolutions/1000/pixels/{name}"]
            file[f"resolutions/1000/pixels/{name}"] = bins.astype(kind)
    assert tensors.main(tensors_argv(maps=[0])) == 0
    assert tensors.main(tensors_argv("--mcool_filename", path, data="typed")) == 0
    assert tensor_bytes(tmp_path / "typed") == tensor_bytes(tmp_path / "data")


def test_the_same_pixels_in_every_format_give_the_same_tensors(tensors_argv, whole_map, world, tmp_path):
    cooler.create_cooler(str(tmp_path / "map.cool"), whole_map.bins, whole_map.pixels, ordered=True)
    write_hic(tmp_path / "map.hic", without_zeros(world.pixels[0]))
    write_mcool(tmp_path / "map.mcool", without_zeros(world.pixels[0]))
    assert tensors.main(tensors_argv("--mcool_filename", tmp_path / "map.mcool")) == 0
    expected = tensor_bytes(tmp_path / "data")
    for place, form in enumerate(("map.hic", "map.cool::/", "map.mcool::/resolutions/1000")):
        data = f"data{place}"
        assert tensors.main(tensors_argv("--contacts_filename", f"{tmp_path}/{form}", data=data)) == 0
        assert tensor_bytes(tmp_path / data) == expected
        assert (tmp_path / data / "contacts.tsv").read_bytes() == (tmp_path / "data/contacts.tsv").read_bytes()


@pytest.mark.parametrize("script", [tensors, train])
def test_a_cooler_uri_of_another_resolution_is_refused(tensors_argv, options, world, capsys, script):
    given = ("--mcool_filename", f"{world.maps[0]}::/resolutions/2000")
    if script is tensors:
        refuse(
            capsys, tensors.main, tensors_argv(*given), "its bins are 2000 bp, not 1000; choose --hic_resolution 2000"
        )
    else:
        refuse(capsys, train.main, train_inputs.argv(options, *given), "the tensors in .* were made with")


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ENOTCONN])
def test_a_disk_that_fails_is_not_a_damaged_map(tensors_argv, world, capsys, monkeypatch, number):
    map_ = CoolMap(world.maps[0], 1000)

    def fail(path, *given, **options):
        raise OSError(number, "Can't synchronously read data (file read failed)")

    monkeypatch.setattr("h5py.File", fail)
    with pytest.raises(OSError) as raised:
        map_.pixel_count(["chr1"])
    assert raised.value.errno == number and str(world.maps[0]) in str(raised.value)
    refuse(capsys, tensors.main, tensors_argv(maps=[0]), f"map0.mcool: {re.escape(os.strerror(number))}; ")


# --- a triviality at the last step ---

NAMES = ("$\\frac{1}{$2 % _ ^ {} CD4+ T/../x", "\x1b[31mred\x07 x\u2028y 名前 🧬", "a" * 400, "..")


@pytest.mark.parametrize("model, names", [("ridge", NAMES), pytest.param("gbtree", NAMES[:1], marks=pytest.mark.soak)])
def test_whatever_a_tissue_is_called_its_fit_is_kept(tmp_path, capsys, model, names):
    options = train_inputs.write_narrow_inputs(tmp_path)
    table = pd.read_csv(options["--gene_expression_filename"], index_col=0)
    pd.DataFrame({name: table["Liver"] for name in names}).to_csv(options["--gene_expression_filename"])
    more = ["--params", str(tmp_path / "fast.json")] if model == "gbtree" else []
    assert train.main(train_inputs.argv(options | {"--target_index": "all"}, "--model", model, *more)) == 0
    captured = capsys.readouterr()
    assert all(letter.isprintable() or letter == "\n" for letter in captured.out + captured.err)
    results = DataFolder(options["--data_folder"]).results
    assert len(list(results.glob("summary*.png"))) == 1
    for index, name in enumerate(names, start=1):
        (fit,) = results.glob(f"{index}-*/")
        assert json.loads((fit / "metrics.json").read_text())["settings"]["target"] == name
        pictures = list(fit.glob("*.png"))
        assert len(pictures) == 4 and all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)


def test_free_text_of_the_command_line_and_of_chromosomes(options, tmp_path, capsys):
    table = train_inputs.gene_table()
    table["seqnames"] = table["seqnames"].replace({"chr9": "chr9:$x"})
    table.to_csv(tmp_path / "genes.csv", index=False)
    folder = DataFolder(options["--data_folder"])
    folder.run_json.unlink()
    claim_run(folder, RunSettings(**train_inputs.NARROW_SETTINGS, genes_sha256=file_sha256(tmp_path / "genes.csv")))
    notes = ("--biosample", "\udcff\r\n$", "--log_note", "\x1b[2J")
    given = ("--validation_chroms", "chr9:$x", *notes)
    first, _ = scores(capsys, options, *given)
    (fit,) = DataFolder(options["--data_folder"]).results.glob("*/")
    assert first == scores(capsys, options, *given)[0]
    assert json.loads((fit / "metrics.json").read_bytes().decode(errors="surrogateescape"))["notes"]["log_note"]
    (row,) = pd.read_csv(DataFolder(options["--data_folder"]).results / "results.csv").to_dict("records")
    assert row["biosample"] == "\\udcff\\r\\n$" and row["log_note"] == "\\x1b[2J"


def test_a_terminal_that_lacks_the_letters(tmp_path):
    options = train_inputs.write_narrow_inputs(tmp_path)
    table = pd.read_csv(options["--gene_expression_filename"], index_col=0).rename(columns={"Liver": "名前"})
    table.to_csv(options["--gene_expression_filename"])
    done = run([*TRAIN, *train_inputs.argv(options, "--list_targets")], env={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "4\t\\u540d\\u524d")


@pytest.mark.parametrize("number", sorted(set(errno.errorcode) - {errno.EPIPE, errno.EINTR}))
def test_every_error_of_the_system_ends_in_one_line(capsys, number):
    def run(args):
        raise OSError(number, os.strerror(number), "/some/file")

    if number in BUGS:
        with pytest.raises(OSError):
            run_script("train.py", run, None)
        return
    refuse(
        capsys, lambda args: run_script("train.py", run, args), None, f"/some/file: {re.escape(os.strerror(number))}; "
    )


def test_a_want_of_memory_ends_in_one_line(capsys):
    def run(args):
        np.empty(1 << 60, dtype=np.int8)

    refuse(
        capsys, lambda args: run_script("train.py", run, args), None, "out of memory or threads; give it more memory"
    )


def test_a_limit_of_file_sizes_ends_in_one_line_and_loses_nothing(tmp_path):
    options = train_inputs.write_narrow_inputs(tmp_path)
    command = [*TRAIN, *train_inputs.argv(options, "--params", str(tmp_path / "fast.json"))]
    done = run(command, file_size=20 << 10)
    assert done.returncode == 2
    assert re.search(r"train.py: error: .*File too large; raise the limit of file sizes", done.stderr.splitlines()[-1])
    assert "Traceback" not in done.stderr
    assert run(command).returncode == 0
