"""Reads a `.hic` file in a process of its own: what was asked for goes to stdout.

    python hic_process.py head FILE                                        resolutions and chromosomes, JSON
    python hic_process.py others FILE RESOLUTION CHROM OTHER ...           counts between CHROM and the others, JSON
    python hic_process.py bands FILE RESOLUTION CHROM LENGTH ROWS PIXELS   pixels, in bands of about PIXELS

A band is its number of pixels n, int64, and three arrays (n,): both bins, int64, and the counts, float64, all in the
machine's byte order. Rows of bins are taken as many at a time as have PIXELS, at first ROWS.

hictkpy 1.4.0 keeps a core busy from its import to the end of the process, so the process that imports it ends soon. It
is started by `spex.inputs.maps.hic` as a script, needs nothing else of this package, and reports a damaged file in one
line on stderr, with status `DAMAGED`.
"""

import json
import os
import sys

import numpy as np

DAMAGED = 3


def head(library, path):
    resolutions = sorted(int(each) for each in library.MultiResFile(path).resolutions())
    chroms = library.File(path, resolutions[0]).chromosomes() if resolutions else {}
    return {"resolutions": resolutions, "chromsizes": {name: int(length) for name, length in chroms.items()}}


def others(library, path, resolution, chrom, *names):
    file = library.File(path, int(resolution))
    return float(sum(file.fetch(chrom, other, count_type="float64").sum() for other in names))


def bands(library, path, resolution, chrom, length, rows, pixels):
    """Yield the bins and counts of each band."""
    file = library.File(path, int(resolution))
    first, resolution, length, rows = 0, int(resolution), int(length), int(rows)
    while first * resolution < length:
        start, end = (bins * resolution for bins in (first, first + rows))
        band = file.fetch(
            f"{chrom}\t{start}\t{min(end, length)}",
            f"{chrom}\t{start}\t{length}",
            count_type="float64",
            query_type="BED",
        ).to_coo()
        yield band.row.astype(np.int64) + first, band.col.astype(np.int64) + first, band.data
        first += rows
        rows = int(np.clip(rows * int(pixels) / max(band.nnz, 1), 1, 2 * rows))


def main(words):
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)  # whatever the library prints stays out of the way
        import hictkpy  # noqa: PLC0415

        question, *words = words
        try:
            if question == "bands":
                for band in bands(hictkpy, *words):
                    for part in (np.array([len(band[0])], np.int64), *band):
                        out.write(part.tobytes())
                    out.flush()
            else:
                out.write(json.dumps({"head": head, "others": others}[question](hictkpy, *words)).encode())
        except BrokenPipeError:
            raise
        except Exception as error:  # the library raises whatever its C++ does, std::bad_alloc too
            print((str(error) or type(error).__name__).replace("\n", " "), file=sys.stderr)
            return DAMAGED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
