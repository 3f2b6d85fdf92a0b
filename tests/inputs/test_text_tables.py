"""What the readers of text tables have in common."""

import gzip
import re

import pytest
from refusals import files_in

from spex.errors import InputError
from spex.inputs.chromatin import read_chromatin_features
from spex.inputs.genes import read_gene_table

TEXT = ("cell type\tassay\ttreatment\t" + "Leber ü\t" * 999 + "\n") * 2003


@pytest.mark.parametrize("reader", ["genes", "expression", "features"])
@pytest.mark.parametrize(
    "content, message",
    [
        (TEXT.encode("utf-16"), "not UTF-8 text .UTF-16, as Excel's Unicode text is.; .*; save it as text in UTF-8"),
        (gzip.compress(gzip.compress(TEXT.encode())), "not UTF-8 text .byte 0x8b in it.; .*; save it as text in UTF-8"),
        (TEXT.encode("latin-1"), "not UTF-8 text .byte 0xfc in it.; .*; save it as text in UTF-8"),
        (b"PK\x03\x04" + bytes(range(256)) * 99, "a zip archive, as .xlsx and .zip files are"),
        (TEXT.replace("Leber", "\x1b[2J\0").encode(), "a zero byte on line 1|no column id|byte"),
        ((TEXT[:-20] + '"').encode(), "fields on line|no column id|neither an id column|rows of"),
    ],
    ids=["UTF-16", "gzip", "latin-1", "zip", "control", "quote"],
)
def test_messages_never_hold_the_bytes_of_a_file(lab, tmp_path, reader, content, message):
    read = {"genes": read_gene_table, "expression": lab.read, "features": read_chromatin_features}[reader]
    path = tmp_path / "given.tsv"
    path.write_bytes(content)
    before = files_in(tmp_path)
    with pytest.raises(InputError) as refused:
        read(path)
    told = str(refused.value)
    assert re.search(message, told) and len(told) < 1500 and told.isprintable(), told
    assert files_in(tmp_path) == before
