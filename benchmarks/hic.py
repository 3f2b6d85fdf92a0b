"""Reading a .hic file: the pixels that touch a TSS, streamed.

    python -m benchmarks.hic [--pixels 100000000] [--human] [--format hic] [--sheet]

Makes the synthetic map of benchmarks/contacts.py as an .mcool and as a .hic of the same pixels, in the given folder;
the same command again reads one of them as tensors.py does, or as spex map does with --sheet, and of several maps with
--likeness. With --human the map has chromosomes of human length, and most of its pixels lie near the diagonal.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import cooler
import numpy as np
import pandas as pd

from benchmarks.contacts import RESOLUTION, genes_on, make_map
from benchmarks.measure import peak_memory_gb, publish
from spex.contacts.collect import collect_contacts
from spex.contacts.likeness import Profiler, compare_profiles
from spex.contacts.rules import Published
from spex.contacts.sheet import count_map
from spex.inputs.agree import GRCH38_LENGTHS
from spex.inputs.maps.formats import open_maps

CHUNK = 2_000_000


def make_human(path, pixels):
    """A map of so many pixels on chromosomes of human length: anywhere, as many at each power of a distance."""
    sizes = pd.Series(GRCH38_LENGTHS)
    bins_of = -(-sizes // RESOLUTION)
    generator, tables, first = np.random.default_rng(0), [], 0
    for bins, mine in zip(bins_of, np.diff(pixels * bins_of.cumsum() // bins_of.sum(), prepend=0), strict=True):
        found = np.empty(0, np.int64)
        while len(found) < mine:
            distance = np.exp(generator.uniform(0, np.log(bins), mine)).astype(np.int64) - 1
            pairs = generator.integers(0, bins, mine) * (bins + 1) + distance
            pairs = pairs[pairs // (bins + 1) + distance < bins]
            found = np.unique(np.concatenate([found, pairs]))
        found = np.sort(generator.choice(found, mine, replace=False))
        bin1 = first + found // (bins + 1)
        counts = generator.geometric(0.5, mine)
        tables.append(pd.DataFrame({"bin1_id": bin1, "bin2_id": bin1 + found % (bins + 1), "count": counts}))
        first += bins
    bins = cooler.binnify(sizes, RESOLUTION)
    cooler.create_cooler(f"{path}::/resolutions/{RESOLUTION}", bins, iter(tables), ordered=True, mode="w")


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


def of_children():
    """CPU seconds, and the largest resident size in GB, of the processes that this one started and that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e9


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pixels", type=int, default=100_000_000)
    parser.add_argument("--human", action="store_true", help="chromosomes of human length")
    parser.add_argument("--sheet", action="store_true", help="count the map, as spex map does")
    parser.add_argument("--likeness", action="store_true", help="the same, and compare the map with itself")
    parser.add_argument("--format", choices=("hic", "mcool"), default="hic", help="that is read")
    parser.add_argument("--folder", default="data/demo", help="where the synthetic maps are kept")
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    mcool = Path(args.folder) / f"synthetic_{'human_' * args.human}{args.pixels}.mcool"
    hic = mcool.with_suffix(".hic")
    if not hic.exists():
        mcool.parent.mkdir(parents=True, exist_ok=True)
        start = time.perf_counter()
        (make_human if args.human else make_map)(mcool, args.pixels)
        make_hic(mcool, hic.with_suffix(".part"))
        hic.with_suffix(".part").rename(hic)
        print(f"made {hic} in {time.perf_counter() - start:.0f} s; run the same command again to read it")
        return
    path = hic if args.format == "hic" else mcool
    read, before = [], peak_memory_gb()
    start, start_cpu = time.perf_counter(), time.process_time()
    (map_,) = open_maps([path], RESOLUTION)
    genes = genes_on(map_.chromsizes, None)
    if args.sheet or args.likeness:
        profiler = Profiler(path, RESOLUTION, genes) if args.likeness else None
        found = {"counts": count_map(map_, genes, RESOLUTION, read.append, profiler).depth}
    else:
        found = {"contacts kept": len(collect_contacts([map_], genes, Published(), RESOLUTION, read.append).bins)}
    seconds, own_cpu = time.perf_counter() - start, time.process_time() - start_cpu
    map_.close()
    if args.likeness:
        profile, begun = profiler.finish(), time.process_time()
        (scc,) = compare_profiles([profile, profile])["scc"]
        size = sum(band.nbytes for band in profile.bands.values()) + profile.contacts.nbytes
        found |= {"profile MB": size / 1e6, "CPU s of two maps": time.process_time() - begun, "SCC with itself": scc}
    cpu, peak = of_children()
    row = {
        "format": args.format,
        "pixels": sum(read),
        "genes": len(genes),
        **found,
        "file GB": path.stat().st_size / 1e9,
        "seconds": seconds,
        "M pixels/s": sum(read) / seconds / 1e6,
        "CPU s": own_cpu,
        "CPU s of the reading process": cpu,
        "M pixels per CPU s of it": sum(read) / cpu / 1e6 if cpu else 0.0,
        "peak GB": peak_memory_gb(),
        "peak GB before": before,
        "peak GB of the reading process": peak,
    }
    options = (
        f"{' --human' * args.human} --format {args.format}{' --sheet' * args.sheet}{' --likeness' * args.likeness}"
    )
    publish("hic", [row], args.json, command=f"python -m benchmarks.hic --pixels {args.pixels}{options}")


if __name__ == "__main__":
    main()
