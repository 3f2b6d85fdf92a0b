"""The scan with shared convolutions against the network window by window, and against the machine's matrix product.

    python -m benchmarks.scan [--device cuda] [--precision float32 bfloat16] [--rounds 5]

One gene is 200 windows 200 bp apart over 41,800 bp. "Window by window" is the network in inference mode on ready
one-hot windows, 32 at a time, as the published program calls it, in the precision that it gets: float32 on the CPU,
float32 with TF32 convolutions on CUDA. Where the scan computes in tiles, the same with direct convolutions and products
stands beside it. Operations are those of the direct ones, of which tiles need fewer, so that these may pass the peak;
PyTorch counts them. Genes are predicted as many at a time as the program does, and figures are of one. Random weights:
speed does not depend on them.
"""

import argparse
import statistics
from functools import partial

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.measure import alternate, median_ratio, publish
from expecto.beluga import Beluga
from expecto.gene_windows import GENES_AT_ONCE
from expecto.network import BELUGA
from expecto.scan import Scanner
from spex.features.devices import DTYPES

BATCH = 32
GEMM_SIZE = 3072
LAYOUTS = {
    "one gene: 200 windows, 200 bp apart": [200 * i for i in range(200)],
    "200 adjacent bins, 1000 bp apart": [1000 * i for i in range(200)],
    "200 isolated bins, 5000 bp apart": [5000 * i for i in range(200)],
}


def window_by_window(model, codes, starts, device):
    """A function that predicts the windows 32 at a time; the windows are encoded beforehand."""
    model = model.to(device)
    one_hot = torch.eye(len(BELUGA.bases) + 1, len(BELUGA.bases), device=device)[codes.to(device).long()].T[:, None]

    @torch.inference_mode()
    def predict():
        for first in range(0, len(starts), BATCH):
            windows = torch.stack(
                [one_hot[:, :, start : start + BELUGA.window] for start in starts[first : first + BATCH]]
            )
            model(windows)

    return predict


def timed(way, device, *, convolutions, products):
    """The way with TF32 set on purpose for convolutions and matrix products, and waited for."""

    def run():
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = convolutions, products
        way()
        if device == "cuda":
            torch.cuda.synchronize()

    return run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--precision", nargs="+", choices=tuple(DTYPES), default=["float32"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--genes", type=int, help="genes per pass (the gene layout; 2 without it, more for GPUs)")
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    torch.manual_seed(0)
    model = Beluga()
    rows = [row for name, layout in LAYOUTS.items() for row in measure(model, name, layout, args)]
    command = f"python -m benchmarks.scan --device {args.device} --precision {' '.join(args.precision)}"
    command += f" --rounds {args.rounds}" + (f" --genes {args.genes}" if args.genes else "")
    publish("scan", rows, args.json, command=command)


def measure(model, name, layout, args):
    """One row per precision for windows laid out like this."""
    span = layout[-1] + BELUGA.window
    starts = torch.tensor(layout)
    if "gene" in name:
        starts = torch.stack([gene * span + starts for gene in range(args.genes or GENES_AT_ONCE)])
    rows = len(starts) if starts.dim() > 1 else 1
    codes = torch.randint(0, 4, (int(starts.max()) + BELUGA.window,), dtype=torch.uint8)
    alone = window_by_window(model, codes, starts.flatten().tolist(), args.device)
    ways = {"alone": timed(alone, args.device, convolutions=True, products=False)}
    operations = {}
    for precision in args.precision:
        dtype = getattr(torch, DTYPES[precision])
        scanner, direct = (Scanner(model, args.device, dtype) for _ in range(2))
        direct.in_tiles = False
        scan, directly = (partial(each.predict, codes, starts) for each in (scanner, direct))
        square = torch.randn(GEMM_SIZE, GEMM_SIZE, device=args.device).to(dtype)
        with FlopCounterMode(display=False) as counter:
            directly()
        operations[precision] = counter.get_total_flops() / rows
        tf32 = {"convolutions": precision == "tf32", "products": precision == "tf32"}
        ways[f"scan {precision}"] = timed(scan, args.device, **tf32)
        if scanner.in_tiles:
            ways[f"direct {precision}"] = timed(directly, args.device, **tf32)
        ways[f"gemm {precision}"] = timed(partial(torch.matmul, square, square), args.device, **tf32)
    seconds = alternate(ways, args.rounds)
    seconds = {way: [each / (1 if "gemm" in way else rows) for each in times] for way, times in seconds.items()}
    return [compare(name, precision, seconds, operations[precision]) for precision in args.precision]


def compare(name, precision, seconds, operations):
    """The table's row for one precision."""
    alone, scan, gemm = (seconds[way] for way in ("alone", f"scan {precision}", f"gemm {precision}"))
    peak = [2e-9 * GEMM_SIZE**3 / second for second in gemm]
    reached = [operations * 1e-9 / second for second in scan]
    return {
        "windows": name,
        "precision": precision,
        "window by window s": statistics.median(alone),
        "scan s": statistics.median(scan),
        "times faster": median_ratio(alone, scan),
        "over direct": median_ratio(seconds.get(f"direct {precision}", scan), scan),
        "GFLOP": operations / 1e9,
        "GFLOP/s": statistics.median(reached),
        "GEMM GFLOP/s": statistics.median(peak),
        "share of GEMM": statistics.median(a / b for a, b in zip(reached, peak, strict=True)),
    }


if __name__ == "__main__":
    main()
