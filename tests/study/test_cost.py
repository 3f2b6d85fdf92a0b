"""What there is to do in a study, against a run that does it; and what it takes, against sums by hand."""

import json
import re
import shutil
from dataclasses import asdict, replace

import numpy as np
import pytest
from study_files import write_study

from spex.commands import tensors
from spex.errors import InputError
from spex.study.cost import MEASURED, Step, cost_text, estimate, measured
from spex.study.reading import read_study
from spex.study.work import FitWork, FolderWork, Work, count_work

MAPS = """\
  - {name: second, files: map1.mcool}
  - {name: wide, files: map0.mcool, resolution: 2000, distance_edges: [0.4, 1]}
  - {name: both, files: [map0.mcool, map1.mcool], min_count: 5}
"""


@pytest.fixture
def path(world, tmp_path):
    """A study of four maps over the small world."""
    return write_study(tmp_path / "lab", world, MAPS)


@pytest.fixture
def study(path):
    return read_study(path)


def make(study, folder, map_=None, *more):
    """Make tensors of a study's folder as its engine would."""
    options = {} if map_ is None else {"mcool_filename": map_.files, **map_.options}
    options |= {"genes_filename": study.genes, "genome_filename": study.genome, "pred_cache_folder": study.cache}
    options |= {"beluga_model_filename": study.weights, "data_folder": folder, "compute_platform": "CPU"}
    words = []
    for name, value in options.items():
        words += [f"--{name}", *map(str, value if isinstance(value, list | tuple) else [value])]
    assert tensors.main([*words, *more]) == 0


def computed(capsys):
    """Windows that tensors.py tells to have computed."""
    return int(re.search(r"(\d+) windows computed", capsys.readouterr().err)[1])


def test_the_windows_are_those_that_a_run_computes(study, narrow, capsys):
    before = count_work(study)
    assert [each.name for each in before.folders] == ["sequence alone", "first", "second", "wide", "both"]
    assert not study.out.exists()
    found = []
    make(study, study.base_folder)
    found.append(computed(capsys))
    for map_ in study.maps:
        make(study, study.map_folder(map_.name), map_)
        found.append(computed(capsys))
    assert [each.to_compute for each in before.folders] == found
    assert found[0] == 9 * 200 and all(found[:3])
    after = count_work(study)
    assert after.fits == before.fits and (after.genes, after.tissues) == (9, 3)
    for now, then in zip(after.folders, before.folders, strict=True):
        assert now == replace(then, to_compute=0, missing=0)
        assert then.missing == then.tensors == 9


def test_the_work_of_another_network_is_counted_by_its_own_windows(world, padded, tmp_path, capsys):
    maps = "  - {name: second, files: map1.mcool, distance_edges: [0.4, 1]}\n"
    study = replace(read_study(write_study(tmp_path / "lab", world, maps)), weights=padded)
    before = count_work(study)
    assert before.network.features == 7 and [each.width for each in before.folders] == [70, 84, 98]
    cost = estimate(study, before)
    seconds = 0.1 * sum(each.to_compute for each in before.folders)
    assert cost.steps["tensors"].cpu_hours == pytest.approx(seconds / 3600)
    assert cost.disk["cache"] == 4 * 7 * (9 * 11 + sum(each.to_compute for each in before.folders[1:]))
    make(study, study.base_folder)
    found = [computed(capsys)]
    for map_ in study.maps:
        make(study, study.map_folder(map_.name), map_)
        found.append(computed(capsys))
    assert [each.to_compute for each in before.folders] == found
    assert measured(study, MEASURED).window[0] < 0.1


def test_what_is_left_of_a_study_that_was_stopped(study, narrow, capsys):
    make(study, study.base_folder, None, "--divisor", "2", "--reminder", "0")
    make(study, study.map_folder("first"), study.maps[0], "--test_only")
    left = count_work(study)
    assert [each.missing for each in left.folders] == [4, 6, 9, 9, 9]
    assert left.folders[0].to_compute < 4 * 200  # two genes of chr8 among them were done for the map
    capsys.readouterr()
    make(study, study.base_folder)
    assert left.folders[0].to_compute == computed(capsys)
    make(study, study.map_folder("first"), study.maps[0])
    assert left.folders[1].to_compute == computed(capsys)


def test_the_cache_of_other_weights_or_of_a_gpu_counts_for_nothing(study, narrow, capsys):
    before = count_work(study)
    make(study, study.base_folder)
    resources = study.resources | {"tensors": study.resources["tensors"] | {"gpus": 1}}
    shutil.rmtree(study.base_folder / "tensors")
    assert count_work(study).folders[0].to_compute == 0
    assert count_work(replace(study, resources=resources)).folders == before.folders


def test_windows_and_contacts_counted_one_by_one(study):
    from spex.contacts.collect import read_maps  # noqa: PLC0415
    from spex.inputs.genes import keep_genes, read_gene_table  # noqa: PLC0415
    from spex.inputs.maps.formats import open_maps  # noqa: PLC0415

    genes, seen = keep_genes(read_gene_table(study.genes)), set()
    for map_, counted in zip(study.maps, count_work(study).folders[1:], strict=True):
        resolution = map_.options["hic_resolution"]
        pairs = read_maps(open_maps([*map_.files], resolution), genes, map_.rule, resolution).pairs()
        windows = {(row.chrom, row.start + resolution // 2) for row in pairs.itertuples()}  # one to each bin
        assert counted.windows == len(windows)
        assert counted.to_compute == len(windows - seen)
        seen |= windows
        assert (counted.contacts, counted.without_contact) == (len(pairs), 9 - pairs["id"].nunique())
        assert counted.width == 20_020 + 4_004 * (2 if resolution == 2000 else 1)


def test_fits_by_folds_tissues_and_seeds(world, tmp_path):
    more = """\
tissues: [1, 3]
fits:
  - {name: one, model: ridge, neighbour_penalties: [1, none]}
  - {name: folds, model: ridge, cv: chromosomes}
  - {name: trees, model: gbtree, repeats: 5, params: fast.json}
"""
    path = write_study(tmp_path / "lab", world, more)
    genes = (tmp_path / "lab/genes.csv").read_text()
    (tmp_path / "lab/genes.csv").unlink()  # chr9 has too few for a fold of its own
    (tmp_path / "lab/genes.csv").write_text(re.sub("chr1(.*60500)", r"chr9\1", genes))
    (tmp_path / "lab/fast.json").write_text('{"num_boost_round": 6}')
    fits = count_work(read_study(path)).fits
    told = [(each.name, each.folder, each.splits, each.fits) for each in fits]
    folders = ("sequence alone", "first")
    expected = [("one", 1, 2), ("folds", 3, 6), ("trees", 1, 10)]
    assert told == [(name, folder, splits, count) for name, splits, count in expected for folder in folders]
    assert [each.rounds for each in fits] == [None] * 4 + [6] * 2


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("    value_column: nix\n", "map first, .*/map0.mcool: no column nix in the pixels of"),
        ("  - {name: other, files: copy.mcool}\n", "map other: its files are copies of those of map first"),
        ("  - {name: other, files: [map0.mcool, copy.mcool]}\n", "map other, .*copy.mcool: the same map as .*map0"),
        (
            "fits: [{name: a, model: ridge, cv: chromosomes, cv_groups: 4}]\n",
            "fit a, chromosomes: 4 groups of the 3 chromosomes",
        ),
        ("fits: [{name: a, model: ridge, test_chroms: chr7}]\n", "fit a, chr7: no test genes"),
    ],
)
def test_what_does_not_fit_together(world, tmp_path, more, message):
    path = write_study(tmp_path / "lab", world, more)
    shutil.copy(world.maps[0], tmp_path / "lab/copy.mcool")
    with pytest.raises(InputError, match=f"{path}, {message}"):
        count_work(read_study(path))


# what it takes


def made_work(model="ridge", **options):
    """Work at the size of what was measured: all genes, all tissues, one map."""
    folders = [
        FolderWork("sequence alone", 22_826, 22_826, 20_020, 22_826 * 200, 22_826 * 200),
        FolderWork("map", 22_826, 22_826, 24_024, 120_000, 100_000, 300_000, 12),
    ]
    given = {"splits": 1, "fits": 218, "rounds": None, "pooled": False} | options
    fits = [FitWork("fit", model, each.name, each.width, **given) for each in folders[1:]]
    return Work(22_826, 218, folders, fits)


def test_features_take_what_was_measured(study):
    steps = estimate(study, made_work()).steps
    # benchmarks/RESULTS.md: 10.6 h of both cores, with 100,000 bins that lie alone
    np.testing.assert_allclose(steps["tensors"].cpu_hours, 2 * 10.6, rtol=0.05)
    assert steps["tensors"].gpu_hours == 0
    np.testing.assert_allclose(steps["tensors"].longest_minutes, 9.3 * 60 * 2 / 4, rtol=0.05)
    shards = estimate(replace(study, shards=8), made_work()).steps
    np.testing.assert_allclose(shards["tensors"].longest_minutes * 8, steps["tensors"].longest_minutes)
    on_gpu = study.resources | {"tensors": study.resources["tensors"] | {"gpus": 1}}
    step = estimate(replace(study, resources=on_gpu), made_work()).steps["tensors"]
    np.testing.assert_allclose(step.gpu_hours * 3600, 44.8 + 5, rtol=0.25)
    assert step.cpu_hours == 0


def test_ridge_trees_and_the_comparison_take_what_was_measured(study):
    one = estimate(study, made_work()).steps["train"]
    np.testing.assert_allclose(one.cpu_hours * 3600, 893 + 218 * 1.27, rtol=0.1)
    folds = estimate(study, made_work(splits=22, fits=22 * 218, pooled=True)).steps["train"]
    np.testing.assert_allclose(folds.cpu_hours * 3600, 2344 + 22 * 218 * 0.16 + 218 * 12, rtol=0.1)
    trees = estimate(study, made_work("gbtree", rounds=2000, fits=2)).steps["train"]
    np.testing.assert_allclose(trees.cpu_hours * 3600, 2 * (10 + 130 + 2000 * 4.9), rtol=0.02)
    np.testing.assert_allclose(one.longest_minutes, one.cpu_hours * 60 / 4)
    both = estimate(study, made_work()).steps["compare"]
    whitened = 800 + 310  # a second factor, and five more products of genes with columns: counted, not measured
    np.testing.assert_allclose(both.cpu_hours * 3600, 2340 + 1155 + whitened, rtol=0.05)
    between = estimate(replace(study, between=("first", "second")), made_work()).steps["compare"]
    assert between.cpu_hours == pytest.approx((2 + 1 + 2 + 2) / (2 + 1) * both.cpu_hours)
    assert between.longest_minutes == pytest.approx((2 + 2) / (2 + 1) * both.longest_minutes)


def test_a_model_without_a_rate_has_none(study):
    cost = estimate(study, made_work("gblinear"))
    assert cost.steps["train"] == Step(None, None, None)
    assert re.search("train +not known +not known +not known\n", cost_text(cost))


def test_bytes_to_write(study, narrow):
    cost = estimate(study, made_work())
    assert cost.disk["cache"] == 22_826 * 11 * 8008 + 100_000 * 8008
    assert cost.disk["tensors"] == 22_826 * 4 * (20_020 + 24_024)
    assert 218 * 0.6e6 < cost.disk["fits"] < 218 * 1e6
    counted = estimate(study, count_work(study))
    make(study, study.base_folder)
    make(study, study.map_folder("first"), study.maps[0])
    of_tensors = sum(path.stat().st_size for path in study.out.glob("**/tensors/*.npy"))
    of_cache = sum(path.stat().st_size for path in study.cache.glob("**/*.npy"))
    left = estimate(study, count_work(study))
    for name, written in (("tensors", of_tensors), ("cache", of_cache)):
        np.testing.assert_allclose(counted.disk[name] - left.disk[name], written, rtol=0.01)


def test_jobs_without_the_time_and_the_memory_are_warned_of(study):
    assert len(estimate(study, made_work()).warnings) == 1  # nine hours of two cores in four hours of four
    small = {"threads": 1, "memory_mb": 100, "minutes": 1, "gpus": 0}
    cost = estimate(replace(study, resources=dict.fromkeys(study.resources, small)), made_work())
    told = "\n".join(cost.warnings)
    assert re.search("tensors: a job takes about 1,1.. minutes, and has 1; .*, or more shards", told)
    assert re.search("train: a job takes about .. minutes", told) and re.search("compare: a job takes", told)
    assert re.search("compare: it takes about 11,... MB of memory, and has 100$", told, re.MULTILINE)


def test_a_disk_that_is_too_small_is_warned_of(study, monkeypatch):
    usage = shutil.disk_usage(study.path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=2_000_000_000))
    assert "7.0 GB are to be written, and 2.0 GB are free" in estimate(study, made_work()).warnings


def test_the_text_has_a_line_for_each_folder_fit_and_step(study):
    cost = estimate(study, count_work(study))
    text = cost_text(cost)
    assert text.splitlines()[0] == "9 genes (9 with expression), 4 maps, 3 tissues"
    for each in cost.work.folders:
        assert re.search(rf"^{each.name} .* {each.windows:,} +{each.to_compute:,} +{each.missing}$", text, re.MULTILINE)
    assert "fits ridge: 15 of ridge, in 5 folders" in text
    for step in ("tensors", "train", "compare"):
        assert re.search(rf"^{step} +[<\d. ,]+$", text, re.MULTILINE)
    assert MEASURED.cpu in text and "disk: " in text and "warning" not in text
    json.dumps(asdict(cost))


def test_the_network_is_timed_on_this_machine(study, narrow):
    rates = measured(study, MEASURED)
    (on_cpu, on_gpu), usual = rates.window, MEASURED.window
    assert on_cpu > 0 and on_cpu != usual[0] and on_gpu == usual[1]
    assert rates.cpu == "this machine's processor, 1 threads, float32"
    assert replace(rates, cpu=MEASURED.cpu, window=usual) == MEASURED
    on_gpu = study.resources | {"tensors": study.resources["tensors"] | {"gpus": 1}}
    with pytest.raises(InputError, match="no CUDA device"):
        measured(replace(study, resources=on_gpu), MEASURED)
