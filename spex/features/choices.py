"""Where and how features are computed: what a user can choose. Loads no library."""

from dataclasses import dataclass
from pathlib import Path

from spex.options import ANYTHING, PATH, PATHS, Options, one_of, option, several, whole

DTYPES = {"float32": "float32", "tf32": "float32", "bfloat16": "bfloat16", "float16": "float16"}
"""Precisions, and the type of number that each computes with."""


@dataclass(frozen=True)
class Computing(Options):
    """What changes speed and memory, and the precision. None: what suits the device."""

    device: str | None = option(None, one_of(["CPU", "CUDA"]), "default: CUDA where there is one, else CPU")
    gpus: tuple[int, ...] | None = option(
        None,
        several(whole(0), "numbers of GPUs, one or a list"),
        "GPUs to use, counted from 0; default: all",
        metavar="NUMBER",
        rare=True,
    )
    precision: str | None = option(
        None, one_of(DTYPES), "of the network; default: float32 on CPU, tf32 on CUDA", rare=True
    )
    batch_size: int | None = option(
        None,
        whole(1),
        "windows that the CNN sees at once; default: 400 of genes and 200 of bins on CPU, less where it is slow; what "
        "fits its memory on CUDA",
        rare=True,
    )
    block_size: int | None = option(None, whole(1), "genes per block; default: 8 on CPU, 256 on CUDA", rare=True)
    cache_dtype: str = option(
        "float32", one_of(["float32", "float16"]), "float16 halves the prediction cache", rare=True
    )


@dataclass(frozen=True)
class GivenChoice(Options):
    """What features of another model are of, and where the numbers of contacted bins come from."""

    source: str = option("", ANYTHING, "what the features are of, such as the model's name and version", metavar="NAME")
    bins: Path | None = option(
        None, PATH, "numbers of the genome's bins: chrom, start and X in .npz, HDF5 or zarr", metavar="FILE"
    )
    tracks: tuple[Path, ...] = option(
        (), PATHS, "or bigWig tracks, of which a bin has the mean signal: measured chromatin", metavar="BIGWIG"
    )
