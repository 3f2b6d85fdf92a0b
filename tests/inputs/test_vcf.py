"""Lines of VCF: the header, and the field that is put into a row."""

import pytest

from spex.inputs import vcf as v

HEADER = [
    b"##fileformat=VCFv4.3",
    b'##INFO=<ID=DP,Number=1,Type=Integer,Description="ID=SPEX,">',
    b"##contig=<ID=chr1,length=100>",
    b"##contig=<assembly=x,ID=2>",
    b'##INFO=<ID=SPEX,Number=1,Type=Float,Description="old">',
    b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\xe9",
]


def test_chromosomes_of_a_header():
    assert v.contigs_of(HEADER) == {"chr1": 100, "2": None}


def test_a_header_declares_the_field_once_and_new_chromosomes():
    lines = v.annotated_header(HEADER, {"chr3": 300, "4": None, "no name": 5, "": 6})
    assert lines[:4] == HEADER[:4] and lines[-1] == HEADER[-1]
    assert lines[4:6] == [b"##contig=<ID=chr3,length=300>", b"##contig=<ID=4>"]
    assert lines[6].startswith(b"##INFO=<ID=SPEX,Number=.,Type=String,Description=")
    assert b"Allele|gene_id|gene_name|tissue|path|effect|quantile" in lines[6] and len(lines) == 8
    assert v.annotated_header(lines, {}) == [*HEADER[:4], *lines[4:]]


@pytest.mark.parametrize(
    "info, entries, expected",
    [
        (b".", ["C|g"], b"SPEX=C|g"),
        (b"", ["C|g"], b"SPEX=C|g"),
        (b"DP=3", ["C|g", "T|h"], b"DP=3;SPEX=C|g,T|h"),
        (b"SPEX=x,y;DP=3;SPEXX=1;XSPEX", ["C|g"], b"DP=3;SPEXX=1;XSPEX;SPEX=C|g"),
        (b"SPEX;DB", [], b"DB"),
        (b"SPEX=x", [], b"."),
        (b"DP=\xe9", [], b"DP=\xe9"),
        (b".", ["C|a b,c;d=e%2C\tf"], b"SPEX=C|a%20b%2Cc%3Bd%3De%2C%09f"),
    ],
)
@pytest.mark.parametrize("samples", [b"", b"\tGT\t0/1\t1/1"])
def test_the_field_of_a_row(info, entries, expected, samples):
    row = b"chr1\t5\t.\tA\tC,T\t0.10\tPASS\t%b" + samples
    assert v.annotated_row(row % info, entries) == row % expected


def test_an_entry_is_encoded_as_vcf_says():
    assert v.info_entry("C", "g|1", "100%", "Brain, left (x=1; y)", 0.5) == (
        "C|g%7C1|100%25|Brain%2C%20left%20(x%3D1%3B%20y)|0.5"
    )
    assert v.info_entry("", "é\n\u00a0") == "|é%0A%C2%A0"
