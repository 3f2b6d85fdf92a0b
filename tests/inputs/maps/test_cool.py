"""Contact maps that must be refused."""

import errno
import gzip
import subprocess
import sys
from types import SimpleNamespace

import cooler
import h5py
import numpy as np
import pandas as pd
import pytest
from conftest import CHROMSIZES, example_genes, write_mcool
from refusals import files_in

from spex.contacts.collect import collect_contacts, read_maps
from spex.contacts.rules import Corrected, Published
from spex.errors import InputError
from spex.inputs.choices import Reading
from spex.inputs.genes import keep_genes, read_gene_table
from spex.inputs.maps.cool import CoolMap
from spex.inputs.maps.matching import agree_maps


@pytest.fixture
def one_map(tmp_path):
    def write(pixels, **options):
        write_mcool(tmp_path / "map.mcool", {"chr1": pixels}, **options)
        return tmp_path / "map.mcool"

    return write


def test_a_map_without_the_resolution_lists_those_it_has(world):
    with pytest.raises(InputError, match=r"no resolution 5000 \(it has 1000, 2000\)"):
        CoolMap(world.maps[0], 5000)


def test_what_is_not_an_mcool_is_refused(tmp_path):
    path = tmp_path / "map.mcool"
    path.write_text("chr1\t0\t1000\n")
    with pytest.raises(InputError, match="not an HDF5 file"):
        CoolMap(path, 1000)
    path.unlink()
    h5py.File(path, "w").close()
    with pytest.raises(InputError, match="it has no resolution at all"):
        CoolMap(path, 1000)


def test_a_map_cut_short_is_refused(world, tmp_path):
    path = tmp_path / "map.mcool"
    path.write_bytes(world.maps[0].read_bytes()[:20_000])
    with pytest.raises(InputError, match=r"damaged or cut short|not an HDF5"):
        CoolMap(path, 1000)


@pytest.mark.parametrize("count", [-1.0, float("nan")])
def test_counts_that_are_no_counts_are_refused(one_map, genes, count):
    map_ = CoolMap(one_map([(60, 90, count)]), 1000)
    with pytest.raises(InputError, match="expected raw counts"):
        collect_contacts([map_], genes, Published(), 1000, lambda count: None)


def read(path, genes, rule):
    """Use a map as a run does."""
    map_ = CoolMap(path, 1000)
    return collect_contacts(agree_maps([map_], genes, CHROMSIZES), genes, rule, 1000, lambda count: None)


def set_in_map(name, value):
    def write(path):
        write_mcool(path, {"chr1": [(1, 50, 1.0), (60, 90, 2.0)], "chr8": [(3, 40, 1.0)]})
        with h5py.File(path, "a") as file:
            dataset = file[f"resolutions/1000/{name}"]
            dataset[: len(value)] = value

    return write


def attribute_of_map(name, value):
    def write(path):
        write_mcool(path, {"chr1": [(60, 90, 2.0)]})
        with h5py.File(path, "a") as file:
            file["resolutions/1000"].attrs[name] = value

    return write


def without_in_map(name):
    def write(path):
        write_mcool(path, {"chr1": [(60, 90, 2.0)]})
        with h5py.File(path, "a") as file:
            del file[f"resolutions/1000/{name}"]

    return write


def replace_in_map(name, values):
    def write(path):
        write_mcool(path, {"chr1": [(1, 50, 1.0), (60, 90, 2.0)], "chr8": [(3, 40, 1.0)]})
        with h5py.File(path, "a") as file:
            values_now = values(file[f"resolutions/1000/{name}"][:]) if callable(values) else values
            del file[f"resolutions/1000/{name}"]
            file[f"resolutions/1000/{name}"] = values_now

    return write


def shorten_in_map(name, length):
    return replace_in_map(name, lambda column: column[:length])


def map_cut_short(path):
    write_mcool(path, {"chr1": [(60, 90, 2.0)]})
    path.write_bytes(path.read_bytes()[:9000])


def map_of_uneven_bins(path):
    bins = pd.DataFrame({"chrom": "chr1", "start": [0, 700, 900], "end": [700, 900, 120_400]})
    pixels = pd.DataFrame({"bin1_id": [0], "bin2_id": [2], "count": [1]})
    cooler.create_cooler(f"{path}::/resolutions/1000", bins, pixels)


def map_of(chromsizes):
    return lambda path: write_mcool(path, {}, chromsizes=chromsizes)


MAPS = {
    "empty": (lambda path: path.touch(), "not an HDF5 file"),
    "text": (lambda path: path.write_text("chr1\t0\t1000\n"), "not an HDF5 file"),
    "an empty HDF5 file": (lambda path: h5py.File(path, "w").close(), "it has no resolution at all"),
    "cut short": (map_cut_short, "damaged or cut short|not an HDF5 file"),
    "another resolution": (
        lambda path: write_mcool(path, {}, resolution=5000, others=()),
        r"no resolution 1000 \(it has 5000\)",
    ),
    "a square map": (attribute_of_map("storage-mode", "square"), "stored square; expected symmetric-upper"),
    "bins of another width": (attribute_of_map("bin-size", 999), "bins of resolutions/1000 are 999 bp, not 1000"),
    "bins of other starts": (
        replace_in_map("bins/start", lambda starts: starts + (starts % 2000 > 0) * 7),
        "bins of chr[18] do not start at multiples of 1000 bp, though the file says",
    ),
    "bins of many widths": (map_of_uneven_bins, "bins of resolutions/1000 are of no fixed width"),
    "another build": (map_of({**CHROMSIZES, "chr1": 130_000}), "chr1 is 130,000 bp long there and 120,400 bp in the"),
    "another species": (map_of({"chr1": 195_471, "chr2": 182_113}), "chr1 is 195,471 bp"),
    "names of another kind": (
        map_of({"NC_1": 120_400, "NC_8": 90_000, "NC_9": 61_000}),
        "none of the genes lies on a chromosome of it: it has NC_1, NC_8, NC_9, the genes chr",
    ),
    "a negative count": (set_in_map("pixels/count", [1, -1, 1]), "found a count of -1; expected raw counts"),
    "NaN as a count": (set_in_map("pixels/count", [1, np.nan, 1]), "found a count of nan; expected raw counts"),
    "infinity as a count": (set_in_map("pixels/count", [1, np.inf, 1]), "found a count of inf; expected raw counts"),
    "a pixel outside": (set_in_map("pixels/bin1_id", [900]), "damaged .*pixels whose bins its index contradicts"),
    "a pixel upside down": (set_in_map("pixels/bin2_id", [0]), "damaged .*pixels whose bins its index contradicts"),
    "a wrong index of bins": (set_in_map("indexes/chrom_offset", [0, 50]), "damaged .*gives chr[18] [0-9]+ bins"),
    "a wrong index of pixels": (set_in_map("indexes/bin1_offset", [7]), "damaged .*gives chr1 the pixels 7 to"),
    "few bins in the index": (shorten_in_map("indexes/bin1_offset", 51), "damaged .*bin1_offset has 0 int64"),
    "few chromosomes in the index": (shorten_in_map("indexes/chrom_offset", 1), "damaged .*chrom_offset has"),
    "few bins in pixels": (shorten_in_map("pixels/bin2_id", 1), "damaged .*pixels/bin2_id has"),
    "few counts": (shorten_in_map("pixels/count", 1), "damaged .*(pixels/count has|of 1)"),
    "text as counts": (
        replace_in_map("pixels/count", [b"one"] * 3),
        "pixels/count is 1-dimensional object; expected one column",
    ),
    "text as bins": (replace_in_map("pixels/bin1_id", [b"one"] * 3), "pixels/bin1_id is 1-dimensional"),
    "no counts": (without_in_map("pixels/count"), "no pixels/count in resolutions/1000"),
    "no chromosomes": (without_in_map("chroms"), "damaged or cut short|no resolution 1000"),
}


@pytest.mark.parametrize("kind", MAPS)
def test_a_map_that_cannot_be_used_is_refused(tmp_path, kind):
    write, message = MAPS[kind]
    write(tmp_path / "map.mcool")
    table = example_genes()
    table.loc[table["id"] == "G1", "CAGE_representative_TSS"] = 60_000.0
    table.to_csv(tmp_path / "genes.csv", index=False)
    before = files_in(tmp_path)
    with pytest.raises(InputError, match=rf"^maps .*map\.mcool: .*({message})"):
        read(tmp_path / "map.mcool", keep_genes(read_gene_table(tmp_path / "genes.csv")), Published())
    assert files_in(tmp_path) == before


@pytest.mark.parametrize("rule", [Published(), Corrected()])
@pytest.mark.parametrize("factor", [0.0123, 0.37, 1 + 1e-9])
def test_fractional_counts_are_no_counts(world, genes, tmp_path, rule, factor):
    pixels = {chrom: [(a, b, count * factor) for a, b, count in rows] for chrom, rows in world.pixels[0].items()}
    write_mcool(tmp_path / "map.mcool", pixels)
    message = "found a count of .*; expected raw counts, whole numbers .*looks like a balanced"
    with pytest.raises(InputError, match=message):
        read(tmp_path / "map.mcool", genes, rule)


@pytest.fixture
def whole_map(world):
    """Bins and pixels of a map of the small world."""
    map_ = cooler.Cooler(f"{world.maps[0]}::/resolutions/1000")
    return SimpleNamespace(bins=map_.bins()[:][["chrom", "start", "end"]], pixels=map_.pixels()[:])


def zoom_levels(path, world, whole_map):
    with h5py.File(world.maps[0]) as source, h5py.File(path, "w") as target:
        source.copy("resolutions/2000", target, "0")
        source.copy("resolutions/1000", target, "1")


def linked(path, world, whole_map):
    with h5py.File(path, "w") as file:
        file.create_group("resolutions")
        file["resolutions/1000"] = h5py.ExternalLink(str(world.maps[0]), "/resolutions/1000")


def without_masked_bins(path, world, whole_map):
    bins = whole_map.bins.drop(index=[5, 6]).reset_index(drop=True)
    pixels = pd.DataFrame({"bin1_id": [0], "bin2_id": [30], "count": [1]})
    cooler.create_cooler(f"{path}::/resolutions/1000", bins, pixels, ordered=True)
    with h5py.File(path, "a") as file:  # HiCExplorer tells the width all the same
        file["resolutions/1000"].attrs["bin-size"] = 1000


def filtered(path, world, whole_map):
    path.write_bytes(world.maps[0].read_bytes())
    with h5py.File(path, "a") as file:
        counts = file["resolutions/1000/pixels/count"][:]
        del file["resolutions/1000/pixels/count"]
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk((len(counts),))
        plist.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
        space = h5py.h5s.create_simple((len(counts),))
        h5py.h5d.create(file["resolutions/1000/pixels"].id, b"count", h5py.h5t.IEEE_F64LE, space, plist)


def other_resolution(path, world, whole_map):
    chromsizes = pd.Series(CHROMSIZES)
    none = pd.DataFrame({"bin1_id": [], "bin2_id": [], "count": []}, dtype=int)
    cooler.create_cooler(str(path), cooler.binnify(chromsizes, 2000), none)


def changed_copy(change):
    def write(path, world, whole_map):
        path.write_bytes(world.maps[0].read_bytes())
        with h5py.File(path, "a") as file:
            change(file["resolutions/1000"], path, world)

    return write


def replaced(values):
    def change(group, path, world):
        counts = group["pixels/count"][:]
        del group["pixels/count"]
        group["pixels/count"] = values(counts)

    return changed_copy(change)


def link_pixels(group, path, world):
    del group["pixels"]
    group["pixels"] = h5py.ExternalLink(str(world.maps[0]), "/resolutions/1000/pixels")


def make_virtual(group, path, world):
    length = len(group["pixels/count"])
    del group["pixels/count"]
    layout = h5py.VirtualLayout(shape=(length,), dtype="float64")
    layout[:] = h5py.VirtualSource("nowhere.h5", "count", shape=(length,))
    group["pixels"].create_virtual_dataset("count", layout)


pixels_in_another_file, virtual_count = changed_copy(link_pixels), changed_copy(make_virtual)


two_dimensions, yes_and_no = replaced(lambda counts: counts[:, None]), replaced(lambda counts: counts > 1)


OTHER_MAPS = {
    "zoom levels": (
        zoom_levels,
        r"an old layout of zoom levels: /0 .2000 bp., /1 .1000 bp.; .*cooler cp .*::/1 map.cool",
    ),
    "links": (linked, "/resolutions/1000 is a link to another file, .*map0.mcool; .*give that file"),
    "single cells": (
        lambda path, world, whole: cooler.create_scool(str(path), whole.bins, {"one": whole.pixels}, ordered=True),
        "maps of 1 single cells .*cooler merge",
    ),
    "a .cool of another resolution": (
        other_resolution,
        "one resolution only, of 2000 bp.; choose resolution 2000",
    ),
    "masked bins": (without_masked_bins, "chr1 has 119 bins of 1000 bp, its length asks for 121: bins were left out"),
    "a filter": (filtered, r"pixels/count is compressed by .*HDF5 filter 32015.*the file is whole.*h5repack"),
    "gzip": (lambda path, *_: path.write_bytes(gzip.compress(b"x" * 999)), "gzipped.*; decompress it"),
    "pixels in another file": (
        pixels_in_another_file,
        "/resolutions/1000/pixels is a link to another file, .*map0.mcool; .*cooler cp",
    ),
    "a virtual column": (virtual_count, "the data of /resolutions/1000/pixels/count lie in another file"),
    "a column of two dimensions": (two_dimensions, "pixels/count is 2-dimensional float64; expected one column"),
    "counts of yes and no": (yes_and_no, "pixels/count is 1-dimensional bool"),
    "a web page": (lambda path, *_: path.write_text("<!DOCTYPE html><html>"), "not an HDF5 file .a web page."),
    "an empty file": (lambda path, *_: path.touch(), "not an HDF5 file .an empty file."),
}


@pytest.mark.parametrize("kind", OTHER_MAPS)
def test_a_whole_file_is_never_called_damaged(world, genes, whole_map, tmp_path, kind):
    write, message = OTHER_MAPS[kind]
    write(tmp_path / "map.mcool", world, whole_map)
    with pytest.raises(InputError, match=rf"^maps .*map\.mcool: (?!.*(damaged|fetch)).*{message}"):
        read(tmp_path / "map.mcool", genes, Published())


def test_a_map_needs_no_lock_but_must_not_be_written_to(world, tmp_path, monkeypatch):
    def no_locks(file, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    assert CoolMap(world.maps[0], 1000).chromsizes == CHROMSIZES
    monkeypatch.undo()
    path = tmp_path / "map.mcool"
    path.write_bytes(world.maps[0].read_bytes())
    holding = "import h5py, sys, time; f = h5py.File(sys.argv[1], 'r+'); print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", holding, path], stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        with pytest.raises(ValueError, match="locked: another program has it open for writing"):
            CoolMap(path, 1000)
        holder.kill()
    assert CoolMap(path, 1000).chromsizes == CHROMSIZES


def add_column(path, name, values):
    """Give every pixel of a map one more number. values: function from the counts."""
    with h5py.File(path, "a") as file:
        pixels = file["resolutions/1000/pixels"]
        pixels[name] = values(pixels["count"][:])


def test_another_column_may_be_the_count(one_map, genes):
    path = one_map([(60, 90, 3.0), (60, 95, 4.0)])
    add_column(path, "halved", lambda counts: counts / 2)
    assert CoolMap(path, 1000, Reading("halved")).pixels_of("chr1", np.array([60]), ignore)[2].tolist() == [1.5, 2]
    assert CoolMap(path, 1000, Reading("halved")).depth(["chr1"], ignore) == 3.5
    add_column(path, "logs", lambda counts: np.log(counts / 4))
    with pytest.raises(
        InputError, match=r"found -0\.287682 in its column logs; expected numbers from 0 up; choose anoth"
    ):
        CoolMap(path, 1000, Reading("logs")).pixels_of("chr1", np.array([60]), ignore)
    with pytest.raises(
        InputError, match=r"no column KR in the pixels of .*1000; expected value_column among count, halv"
    ):
        CoolMap(path, 1000, Reading("KR")).pixel_count(["chr1"])


def test_pixels_that_stand_twice_are_summed(tmp_path, genes):
    write_mcool(tmp_path / "once", {"chr1": [(60, 90, 7.0), (60, 95, 2.0)]})
    write_mcool(tmp_path / "twice", {"chr1": [(60, 89, 3.0), (60, 90, 4.0), (60, 94, 1.0), (60, 95, 1.0)]})
    with h5py.File(tmp_path / "twice", "a") as file:  # cooler itself refuses to write them today
        file["resolutions/1000/pixels/bin2_id"][:] = [90, 90, 95, 95]
    found, expected = (read(tmp_path / name, genes, Corrected()) for name in ("twice", "once"))
    assert found.table().equals(expected.table()) and found.pairs().equals(expected.pairs())
    assert 7.0 in found.counts.tolist()


def test_all_pixels_are_streamed_in_parts(world, monkeypatch):
    monkeypatch.setattr("spex.inputs.maps.cool.CHUNK_PIXELS", 100)
    map_ = CoolMap(world.maps[0], 1000)
    parts = [*map_.parts("chr1", ignore)]
    found = [pixel for part in parts for pixel in zip(part.bin1, part.bin2, part.counts, strict=True)]
    assert len(parts) > 1 and found == world.pixels[0]["chr1"]
    assert {part.trans_counts for part in parts} == {0.0}


def ignore(count):
    pass


def stored_as(path, kind, change=lambda counts: counts):
    """Give a map's counts another type."""
    with h5py.File(path, "a") as file:
        pixels = file["resolutions/1000/pixels"]
        counts = change(pixels["count"][:])
        del pixels["count"]
        pixels["count"] = counts.astype(kind)


def test_counts_in_32_bits_a_rounding_off_are_whole(world, genes, tmp_path):
    path = tmp_path / "map.mcool"
    path.write_bytes(world.maps[0].read_bytes())
    stored_as(path, np.float32, lambda counts: counts.astype(np.float32) * np.float32(1 - 1e-7))
    with h5py.File(path) as file:
        counts = file["resolutions/1000/pixels/count"][:]
    assert (counts != np.rint(counts)).any()
    found, expected = (read(each, genes, Corrected()) for each in (path, world.maps[0]))
    assert found.pairs().equals(expected.pairs()) and len(found.bins) > 10
    assert CoolMap(path, 1000).depth(["chr1"], ignore) == CoolMap(world.maps[0], 1000).depth(["chr1"], ignore)
    parts = (
        np.concatenate([part.counts for part in CoolMap(each, 1000).parts("chr1", ignore)])
        for each in (path, world.maps[0])
    )
    assert np.array_equal(*parts)


@pytest.mark.parametrize(
    "count, kind, told",
    [
        (4.9995, np.float32, "4.9995; .*: these are nearly whole, as counts are that were normal"),
        (4.9999995, np.float64, "4.9999995; .*: these are nearly whole"),
        (5 + 1e-9, np.float64, "5.000000001; .*: these are nearly whole"),
        (0.37, np.float32, "0.37; .*take the map of raw counts$"),
        (1e300, np.float64, None),
        (-1e-12, np.float32, "-0.000000000001; "),
    ],
)
def test_a_count_that_is_refused_is_shown_in_full(one_map, genes, count, kind, told):
    path = one_map([(60, 90, 2.0)])
    stored_as(path, kind, lambda counts: counts * 0 + count)
    if told is None:
        assert read(path, genes, Corrected()).counts.tolist() == [count] * 2
        return
    with pytest.raises(InputError, match=f"found a count of {told}"):
        read(path, genes, Corrected())


def test_bins_of_several_sizes_have_no_resolution_to_choose(tmp_path):
    bins = pd.DataFrame({"chrom": "chr1", "start": [0, 700, 2500], "end": [700, 2500, 10_000]})
    cooler.create_cooler(str(tmp_path / "map.cool"), bins, pd.DataFrame({"bin1_id": [0], "bin2_id": [2], "count": [3]}))
    with pytest.raises(InputError, match=r"are of no fixed width \(restriction fragments.*cooler cload, or") as told:
        CoolMap(tmp_path / "map.cool", 1000)
    assert "None" not in str(told.value) and "zoomify" not in str(told.value)
    with h5py.File(tmp_path / "levels.cool", "w") as file, h5py.File(tmp_path / "map.cool") as source:
        for name in ("chroms", "bins", "pixels", "indexes"):
            source.copy(name, file.require_group("0"))
    with pytest.raises(InputError, match=r"an old layout of zoom levels: /0 \(no fixed width\)"):
        CoolMap(tmp_path / "levels.cool", 1000)


def test_a_width_that_is_written_as_text_counts(one_map):
    path = one_map([(60, 90, 2.0)])
    with h5py.File(path, "a") as file:
        file["resolutions/1000"].attrs["bin-size"] = "1000"
    assert CoolMap(path, 1000).depth(["chr1"], ignore) == 2


@pytest.mark.parametrize(
    "wanted, way",
    [
        (6000, r"or make the map with: cooler zoomify -r 6000 -o map\.mcool .*map\.mcool::resolutions/2000$"),
        (500, "or make it from the pairs of reads with cooler cload: bins of 1000 and 2000 bp do not add up to 500$"),
    ],
)
def test_zoomify_is_named_where_it_can_make_the_resolution(world, tmp_path, wanted, way):
    path = tmp_path / "map.mcool"
    path.write_bytes(world.maps[0].read_bytes())
    with pytest.raises(InputError, match=rf"no resolution {wanted} \(it has 1000, 2000\); .*{way}"):
        CoolMap(path, wanted)
    with h5py.File(path) as source, h5py.File(tmp_path / "one.cool", "w") as target:
        for name in ("chroms", "bins", "pixels", "indexes"):
            source.copy(f"resolutions/2000/{name}", target)
        target.attrs["bin-size"] = 2000
    way = way.replace("1000 and ", "").replace(r"map\.mcool::resolutions/2000", r"one\.cool")
    with pytest.raises(InputError, match=f"no resolution {wanted} .*; choose resolution 2000, {way}"):
        CoolMap(tmp_path / "one.cool", wanted)


def test_a_column_of_another_name_is_named(one_map):
    path = one_map([(60, 90, 3.0)])
    with h5py.File(path, "a") as file:
        file["resolutions/1000/pixels"].move("count", "raw")
    with pytest.raises(InputError, match=r"no column count in the pixels of .*; expected value_column among raw$"):
        CoolMap(path, 1000).depth(["chr1"], ignore)
    assert CoolMap(path, 1000, Reading("raw")).depth(["chr1"], ignore) == 3


def test_the_account_is_of_all_pixels(tmp_path, genes):
    pixels = {"chr1": [(60, 90, 1.0), (60, 130, 9.0), (61, 62, 1.0)], "chr8": [(3, 40, 2.0), (3, 100, 5.0)]}
    write_mcool(tmp_path / "map.mcool", pixels)  # bin 130 of chr1 is one of chr8, bin 100 of chr8 one of chr9
    genes = genes[genes["chrom"] == "chr1"]
    for rule, whole in ((Corrected(), False), (Corrected(contact_weight="expected"), True)):
        map_ = CoolMap(tmp_path / "map.mcool", 1000)
        contacts = read_maps([map_], genes, rule, 1000)
        assert contacts.accounts == [
            {
                "file": str(tmp_path / "map.mcool"),
                "unit": "pixels",
                "used": 2,
                "left_out": {"between chromosomes": 1, "on chromosomes without genes": 2},
                "notes": [],
            }
        ], whole
        assert map_.accounts()[0].line().endswith("2 on chromosomes without genes (chr8, chr9)")
