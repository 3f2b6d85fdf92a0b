"""Folders that can be compared, genes that all arms have, and what is refused in one line."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from spex.compare.folders import along_genome, find_common_genes, open_base, open_map_folders
from spex.errors import InputError
from spex.files.sealed import save_sealed_json
from spex.runs.folder import DataFolder


@pytest.fixture
def expression(study):
    return pd.read_csv(study.expression, index_col="id")


def copy_of(folder, place, **changes):
    """A data folder with the same files but its tensors, and other settings."""
    place.mkdir()
    for name in ("run.json", "cached_genes.tsv", "contacts.npz"):
        if (folder / name).exists():
            shutil.copy(folder / name, place)
    (place / "tensors").symlink_to(folder / "tensors")
    if changes:
        settings = open_settings(folder) | changes
        save_sealed_json(place / "run.json", {"settings": settings})
    return place


def open_settings(folder):
    from spex.runs.settings import read_run_settings  # noqa: PLC0415

    return dict(vars(read_run_settings(DataFolder(folder))))


def test_maps_are_opened_with_their_contacts(study):
    base = open_base(study.base)
    maps = open_map_folders([study.maps["sequence"], study.maps["nothing"]], base)
    assert [each.name for each in maps] == ["sequence", "nothing"]
    for each in maps:
        assert_array_equal(each.contacts.genes, base.genes["id"])
        assert not each.shown_only
    assert not np.array_equal(maps[0].contacts.bins, maps[1].contacts.bins)


def test_folders_called_the_same_are_told_apart_by_their_paths(study, tmp_path):
    (tmp_path / "other").mkdir()
    twin = copy_of(study.maps["nothing"], tmp_path / "other" / "sequence")
    maps = open_map_folders([study.maps["sequence"], twin], open_base(study.base))
    assert [each.name for each in maps] == [str(study.maps["sequence"]), str(twin)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"genes_sha256": "0" * 64}, r"made with other genes than .*own_sequence \(genes_sha256 0{12}\.\.\. and"),
        ({"genome_sha256": "0" * 64}, "made with another genome"),
        ({"beluga_sha256": "0" * 64}, "made with another network"),
        ({"precision": "bfloat16"}, r"made with another precision .*\(precision bfloat16 and float32\)"),
        ({"maps_sha256": []}, "its tensors are of sequence alone"),
        (
            {"contact_rule": "published", "max_dist": 1.15, "min_count": None},
            "follow the published rule.*rule corrected in another folder",
        ),
        ({"min_count": 3}, "no whole contacts.npz in it"),
        ({"windows_per_bin": None}, "made by an earlier version, which took one window from each bin of 5000 bp"),
    ],
)
def test_folders_that_do_not_fit_are_refused(study, tmp_path, changes, message):
    folder = copy_of(study.maps["sequence"], tmp_path / "changed", **changes)
    with pytest.raises(InputError, match=message) as error:
        open_map_folders([folder], open_base(study.base))
    assert str(error.value).startswith("map_folders ") and "\n" not in str(error.value)


def test_a_map_twice_is_refused_even_under_another_name(study, tmp_path):
    twin = copy_of(study.maps["sequence"], tmp_path / "twin")
    with pytest.raises(InputError, match=f"the same map as {study.maps['sequence']}"):
        open_map_folders([study.maps["sequence"], twin], open_base(study.base))


def test_bases_that_are_none(study, tmp_path):
    with pytest.raises(InputError, match="its tensors contain contacts already"):
        open_base(study.maps["sequence"])
    with pytest.raises(InputError, match="no such folder"):
        open_base(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"no run\.json in it"):
        open_base(tmp_path)


def test_common_genes_along_the_genome(study, expression):
    base = open_base(study.base)
    maps = open_map_folders([study.maps["sequence"]], base)
    found = find_common_genes(base, maps, expression)
    assert len(found.table) == len(expression) and found.left_out == {}
    chroms = found.table["chrom"].tolist()
    there = set(pd.read_csv(study.genes)["seqnames"])
    assert list(dict.fromkeys(chroms)) == [f"chr{number}" for number in range(1, len(there) + 1)] and len(there) > 9
    for _, of in found.table.groupby("chrom"):
        assert of["tss"].is_monotonic_increasing
    assert_array_equal(found.observed, expression.loc[found.table["id"]])


def test_genes_that_an_arm_lacks_are_left_out_and_counted(study, expression, tmp_path):
    base = open_base(study.base)
    (mapped,) = open_map_folders([study.maps["sequence"]], base)
    without = base.genes["id"].tolist()[:3]
    fewer = copy_of(study.maps["sequence"], tmp_path / "fewer")
    (fewer / "tensors").unlink()
    (fewer / "tensors").mkdir()
    for path in (study.maps["sequence"] / "tensors").iterdir():
        if not any(gene in path.name for gene in without[:2]):
            (fewer / "tensors" / path.name).symlink_to(path)
    mapped = replace(mapped, folder=DataFolder(fewer))
    some = expression.drop(without[1:])
    found = find_common_genes(base, [mapped], some.set_axis(some.index + "", axis=0))
    assert found.left_out == {"without expression": 2, f"without a tensor in {fewer}": 1}
    assert not set(without) & set(found.table["id"])
    touching = find_common_genes(base, [mapped], expression, with_contacts=True)
    none = np.diff(mapped.contacts.offsets) == 0
    assert not set(mapped.contacts.genes[none]) & set(touching.table["id"]) and none.any()


def test_no_gene_is_left(study, expression):
    base = open_base(study.base)
    other = expression.set_axis([f"X{number}" for number in range(len(expression))], axis=0)
    with pytest.raises(InputError, match=r"no gene is left: .* are without expression"):
        find_common_genes(base, [], other)


def test_order_by_hand():
    genes = pd.DataFrame(
        [("b", "chr10", 5), ("a", "chr2", 9), ("d", "chr2", 3), ("c", "chr2", 9)], columns=["id", "chrom", "tss"]
    )
    assert genes["id"].iloc[along_genome(genes)].tolist() == ["d", "a", "c", "b"]


def test_versions_of_ids_do_not_count(study):
    base = open_base(study.base)
    ids = [f"ENSG{number:011d}" for number in range(len(base.genes))]
    genes = base.genes.assign(id=[f"{gene}.4" for gene in ids])
    expression = pd.DataFrame({"Liver": 1.0}, index=[f"{gene}.9" for gene in ids])
    with pytest.raises(InputError, match=f"no tensor of the {len(ids)} genes"):  # so all of them have expression
        find_common_genes(replace(base, genes=genes), [], expression)
