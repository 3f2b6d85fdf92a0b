"""A file in the place of another input is called what it is, with the option that takes it."""

import gzip
import re
import zipfile

import h5py
import pytest
import torch

from spex.commands.parsers import PARSERS
from spex.errors import InputError
from spex.features.devices import open_model
from spex.inputs.expression import open_expression
from spex.inputs.genes import read_gene_table
from spex.inputs.genome import Genome
from spex.inputs.maps.formats import open_maps
from spex.inputs.swapped import ANNOTATION
from spex.inputs.variant_files import VariantFile

OPENED = {
    "genes": read_gene_table,
    "genome": lambda path: Genome(path, path.with_name("spare.fai")),
    "network": open_model,
    "maps": lambda path: open_maps([path], 1000),
    "expression": lambda path: open_expression([path]),
    "variants": lambda path: VariantFile(path, {"chr1": 1000}),
}
"""Argument -> what opens its file."""

GENES = "id,symbol,seqnames,strand,TSS,CAGE_representative_TSS,type\nA,A,chr1,+,5,5,protein_coding\n"
TEXTS = {
    "genome.fa": ("genome", "a FASTA file of sequence", b">chr1\nACGT\n"),
    "genes.csv": ("genes", "a table of genes", GENES.encode()),
    "places.tsv": ("genes", "a table of genes", b"gene_id\tchr\tstrand\ttss\nA\tchr1\t+\t5\n"),
    "genes.gtf": (
        "genes",
        "a GFF or GTF file of genes",
        b'#!remark\n\nchr1\tH\tgene\t1\t9\t.\t+\t.\tgene_id "A";\n',
    ),
    "calls.vcf": ("variants", "a VCF of variants", b"##fileformat=VCFv4.2\n"),
    "map.hic": ("maps", "a contact map", b"HIC\x00\x08\x00\x00\x00"),
    "old.pth": ("network", "a checkpoint of PyTorch", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02"),
}


@pytest.fixture(scope="module")
def files(world, tmp_path_factory):
    """Name -> argument that takes it, what it is called, path."""
    folder = tmp_path_factory.mktemp("swapped")
    found = {"map.mcool": ("maps", "a contact map", world.maps[0])}
    for name, (argument, called, content) in TEXTS.items():
        (folder / name).write_bytes(content)
        found[name] = argument, called, folder / name
    (folder / "calls.vcf.gz").write_bytes(gzip.compress(TEXTS["calls.vcf"][2]))
    found["calls.vcf.gz"] = "variants", "a VCF of variants", folder / "calls.vcf.gz"
    torch.save({"weight": torch.zeros(1)}, folder / "new.pth")
    found["new.pth"] = "network", "a checkpoint of PyTorch", folder / "new.pth"
    with h5py.File(folder / "cells.h5ad", "w") as file:
        file.create_group("obs")
        file.create_group("var")
    found["cells.h5ad"] = "expression", "expression as AnnData", folder / "cells.h5ad"
    return found


@pytest.mark.parametrize("name", ["map.mcool", *TEXTS, "calls.vcf.gz", "new.pth", "cells.h5ad"])
@pytest.mark.parametrize("argument", OPENED)
def test_each_in_the_place_of_each(files, argument, name):
    owner, called, path = files[name]
    if argument == owner:
        return
    with pytest.raises(InputError) as refused:
        OPENED[argument](path)
    taker = "spex variants" if owner == "variants" else owner
    assert re.fullmatch(
        f"{argument} {re.escape(str(path))}: {called}; expected .*; {called} goes to {taker}", str(refused.value)
    )


def test_the_published_table_of_expression_as_genes(tmp_path):
    (tmp_path / "x.csv").write_text(",Liver,Lung\n0,1.5,2\n1,0,3\n")
    with pytest.raises(
        InputError, match=r"a table that may be expression; .*; expression goes to expression$"
    ) as error:
        read_gene_table(tmp_path / "x.csv")
    seen = error.value.line(PARSERS["tensors"]([], "spex tensors").spell)
    assert seen.endswith("; expression goes to --gene_expression_filename")


def test_a_long_line_takes_no_time_to_look_at():
    assert ANNOTATION.match(b"a\tb\t" + b"A" * (1 << 20)) is None  # which backtracking would take hours for


def test_what_only_looks_like_another_input_is_read(tmp_path):
    (tmp_path / "loops.bedpe").write_text("1\t100\t200\t1\t300\t400\t.\t5\t+\t-\n" * 3)  # columns 4, 5, 7 as in GTF
    with pytest.raises(InputError, match="count"):
        open_maps([tmp_path / "loops.bedpe"], 1000)
    (tmp_path / "with_tissues.csv").write_text("id,strand,tss,Liver\nA,+,5,2.5\n")
    assert "Liver" in open_expression([tmp_path / "with_tissues.csv"]).tissues
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("table.csv", "id,Liver\n")
    with pytest.raises(InputError, match="a zip archive, as"):
        Genome(tmp_path / "x.zip", tmp_path / "x.fai")
