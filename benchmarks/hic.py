"""Reading a large .hic file: the pixels that touch a TSS, streamed.

    python -m benchmarks.hic [--pixels 100000000] [--format hic]

Makes the synthetic map of benchmarks/contacts.py as an .mcool and as a .hic of the same pixels, in the given folder;
the same command again reads one of them as tensors.py does.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import cooler

from benchmarks.contacts import RESOLUTION, genes_on, make_map
from benchmarks.measure import peak_memory_gb, publish
from spex.contacts.collect import collect_contacts
from spex.contacts.rules import Published
from spex.inputs.maps.formats import open_maps

CHUNK = 2_000_000


def make_hic(mcool, path):
    """The pixels of an .mcool as a .hic."""
    import hictkpy  # noqa: PLC0415 (it keeps a core busy from here on)

    map_ = cooler.Cooler(f"{mcool}::/resolutions/{RESOLUTION}")
    sizes = {name: int(length) for name, length in map_.chromsizes.items()}
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        writer = hictkpy.hic.FileWriter(path, sizes, RESOLUTION, tmpdir=folder, compression_lvl=6)
        for start in range(0, map_.info["nnz"], CHUNK):
            pixels = map_.pixels()[start : start + CHUNK]
            columns = {name: pixels[name].tolist() for name in ("bin1_id", "bin2_id", "count")}
            writer.add_pixels_from_dict(columns, validate=False)
        writer.finalize()


def children_peak_gb():
    """Largest resident size of any process that this one started and that has ended, in GB; 0 where there was none."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e9


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pixels", type=int, default=100_000_000)
    parser.add_argument("--format", choices=("hic", "mcool"), default="hic", help="that is read")
    parser.add_argument("--folder", default="data/demo", help="where the synthetic maps are kept")
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    mcool = Path(args.folder) / f"synthetic_{args.pixels}.mcool"
    hic = mcool.with_suffix(".hic")
    if not hic.exists():
        mcool.parent.mkdir(parents=True, exist_ok=True)
        start = time.perf_counter()
        make_map(mcool, args.pixels)
        make_hic(mcool, hic.with_suffix(".part"))
        hic.with_suffix(".part").rename(hic)
        print(f"made {hic} in {time.perf_counter() - start:.0f} s; run the same command again to read it")
        return
    path = hic if args.format == "hic" else mcool
    (map_,) = open_maps([path], RESOLUTION)
    genes = genes_on(map_.chromsizes, None)
    read, before = [], peak_memory_gb()
    start = time.perf_counter()
    contacts = collect_contacts([map_], genes, Published(), RESOLUTION, read.append)
    seconds = time.perf_counter() - start
    row = {
        "format": args.format,
        "pixels": sum(read),
        "genes": len(genes),
        "contacts kept": len(contacts.bins),
        "file GB": path.stat().st_size / 1e9,
        "seconds": seconds,
        "M pixels/s": sum(read) / seconds / 1e6,
        "peak GB": peak_memory_gb(),
        "peak GB before": before,
        "peak GB of the reading process": children_peak_gb(),
    }
    publish("hic", [row], args.json, command=f"python -m benchmarks.hic --pixels {args.pixels} --format {args.format}")


if __name__ == "__main__":
    main()
