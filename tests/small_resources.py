"""The published table of files with small files behind it, and how to get them without waiting."""

import dataclasses
import gzip
import hashlib

from stand_ins import LENGTHS

from spex.resources.table import RESOURCES, check_genome, choose, finder, get

TABLE = b"cell type\tassay\ttreatment\n" + b"GM12878\tDNase\tNone\n" * 2002


def served_files(genome, contacts):
    return {"features.tsv": TABLE, "hg38.fa.gz": gzip.compress(genome, mtime=0), "map.mcool": contacts}


def small_table(server):
    """The published table with small files: a pinned one, a packed one without a published hash, one to log in for."""
    changes = {
        "features": {
            "path": "expecto/features.tsv",
            "address": f"{server.address}/some/where/features.tsv?download=1",
            "digest": f"sha256:{hashlib.sha256(TABLE).hexdigest()}",
        },
        "genome": {
            "address": f"{server.address}/hg38.fa.gz",
            "megabytes": 1,
            "check": lambda path, find: check_genome(path, LENGTHS),
        },
        "contacts": {"path": "data/map.mcool", "address": f"{server.address}/map.mcool"},
    }
    return [dataclasses.replace(r, **changes[r.name]) for r in RESOURCES if r.name in changes]


def fetch_into(folder, table, *names, **access):
    get(choose(table, names), finder(table, folder), sleep=lambda seconds: None, **access)
