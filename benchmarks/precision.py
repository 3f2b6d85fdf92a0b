"""How far the lower precisions move a gene's features, and the probabilities that they are sums of.

    python -m benchmarks.precision [--genes 3] [--native]

The golden genes through the full-size network with stand-in weights, window by window, against float32. By default the
precisions are emulated: weights and the inputs of every layer are rounded to the format, products are summed in
float32, as tensor cores do. --native computes bfloat16 and float16 in earnest, on processors that are made for it.
"""

import argparse
import gzip
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import torch

from benchmarks.measure import publish
from expecto.beluga import CHECKPOINT_LAYERS, Beluga
from expecto.gene_features import own_features, own_windows, transform_weights
from expecto.network import BELUGA
from spex.example.weights import standin_state
from spex.inputs.genes import keep_genes, read_gene_table
from spex.inputs.genome import Genome

GOLDEN = Path(__file__).resolve().parents[1] / "tests" / "golden"
BATCH = 50
TF32_KEPT_BITS = 10


def round_to(precision, x):
    """Round float32 numbers to a format and back; ties to even."""
    if precision == "float32":
        return x
    if precision != "tf32":
        return x.to(getattr(torch, precision)).float()
    dropped = 23 - TF32_KEPT_BITS
    bits = x.contiguous().view(torch.int32)
    even = (bits >> dropped) & 1
    return (((bits + (1 << dropped - 1) - 1 + even) >> dropped) << dropped).view(torch.float32)


def rounded_network(state, precision):
    """The network with rounded weights, which rounds what goes into each of its layers."""
    model = Beluga()
    for theirs, ours in CHECKPOINT_LAYERS.items():
        for kind in ("weight", "bias"):
            model.get_parameter(f"{ours}.{kind}").copy_(round_to(precision, state[f"{theirs}.{kind}"]))
    for layer in (*model.convolutions, model.hidden, model.output):
        layer.register_forward_pre_hook(lambda layer, inputs: (round_to(precision, inputs[0]),))
    return model


@torch.inference_mode()
def predictions(model, genome, genes, dtype):
    """Probabilities of each gene's own windows, (genes, 200, 2002) float64."""
    model, result = model.to(dtype), []
    for gene in genes.itertuples():
        first, end, starts = own_windows(gene.tss, gene.strand, BELUGA.window)
        codes = torch.from_numpy(genome.codes(gene.chrom, first, end)).long()
        one_hot = torch.eye(len(BELUGA.bases) + 1, len(BELUGA.bases), dtype=dtype)[codes].T[:, None]
        windows = [one_hot[:, :, start : start + BELUGA.window] for start in starts]
        parts = [model(torch.stack(windows[i : i + BATCH])).double() for i in range(0, len(windows), BATCH)]
        result.append(torch.cat(parts).numpy())
    return np.stack(result)


def compare(moved, reference):
    """Relative differences of features and of probabilities. Yields: what they are of, and three figures."""
    weights = transform_weights()
    for what, sums in (("features", partial(own_features, weights=weights)), ("probabilities", np.asarray)):
        difference = np.abs(sums(moved) - sums(reference)) / sums(reference)
        yield {
            "of": what,
            "median relative": float(np.median(difference)),
            "99 %": float(np.quantile(difference, 0.99)),
            "largest": float(difference.max()),
        }


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genes", type=int, default=3)
    parser.add_argument("--native", action="store_true")
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    state = standin_state()
    genes = keep_genes(read_gene_table(GOLDEN / "genes.csv")).head(args.genes)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "genome.fa")
        path.write_bytes(gzip.decompress((GOLDEN / "genome.fa.gz").read_bytes()))
        genome = Genome(path, path.with_suffix(".fai"))
        reference = predictions(rounded_network(state, "float32"), genome, genes, torch.float32)
        rows = []
        for precision in ("bfloat16", "float16") if args.native else ("tf32", "bfloat16", "float16"):
            model = rounded_network(state, "float32" if args.native else precision)
            moved = predictions(model, genome, genes, getattr(torch, precision) if args.native else torch.float32)
            how = "native" if args.native else "emulated"
            rows += [{"precision": precision, "how": how, **row} for row in compare(moved, reference)]
    publish("precision", rows, args.json, command=f"python -m benchmarks.precision --genes {args.genes}")


if __name__ == "__main__":
    main()
