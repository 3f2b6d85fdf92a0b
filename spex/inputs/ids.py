"""Gene ids, which files write with and without a version."""

import re

ENSEMBL = re.compile(r"ENS[A-Z]*GR?\d+(\.\d+(_\d+)?)?(_PAR_Y)?(_\d+)?")
"""Gene ids of Ensembl and GENCODE: .5 is their version, .5_2 that of a gene that was lifted to another build."""

PAR_Y = re.compile(r"ENSGR\d.*|.*_PAR_Y(_\d+)?")
"""Ids of genes that GENCODE has twice, on X and, under these, on Y."""

TRANSCRIPT = re.compile(r"ENS[A-Z]*T\d+.*")
VERSION = r"^(ENS[A-Z]*GR?\d+)\.\d+(?:_\d+)?(_PAR_Y)?(?:_\d+)?\Z"


def unversioned(ids):
    """Ensembl gene ids without their version: ENSG00000223972.5 and .5_2 -> ENSG00000223972; others as they are.

    ids: Series of text. The copies of genes on Y stay apart: ENSG00000182378.13_PAR_Y -> ENSG00000182378_PAR_Y.
    """
    return ids.astype(object).str.replace(VERSION, r"\1\2", regex=True)
