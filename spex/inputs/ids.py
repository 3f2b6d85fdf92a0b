"""Gene ids, which files write with and without a version."""


def unversioned(ids):
    """Ensembl gene ids without their version: ENSG00000223972.5 -> ENSG00000223972; other ids as they are."""
    return ids.astype(object).str.replace(r"^(ENS[A-Z]*G\d+)\.\d+$", r"\1", regex=True)
