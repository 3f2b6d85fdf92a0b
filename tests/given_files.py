"""Features and bins of a data folder written out as another model's would come."""

import h5py
import numpy as np
import zarr

from spex.inputs.genes import read_cached_genes
from spex.runs.cache import PredictionStore, own_keys
from spex.runs.folder import contacts_of, open_made
from spex.runs.tensors import genes_with_tensor, read_features


def own_arrays(base, cache):
    """Arrays ids, X and local of a folder of sequence alone. cache: prediction cache."""
    folder, settings = open_made(base, "base_folder")
    genes = read_cached_genes(folder.cached_genes)
    genes = genes[genes_with_tensor(folder, genes)]
    store, layout = _store(cache, settings), settings.layout
    local = np.zeros((len(genes), layout.bins), np.float32)
    for chrom in genes["chrom"].unique():
        rows = np.flatnonzero(genes["chrom"] == chrom)
        found, kept = store.get("own", chrom, own_keys(genes.iloc[rows]))
        assert found.all()
        local[rows] = kept[:, -layout.bins :]
    return {"ids": genes["id"].to_numpy(str), "X": read_features(folder, genes["id"], layout.width)[0], "local": local}


def bin_arrays(folder, cache):
    """Arrays chrom, start and X of all bins that genes of a folder contact; the mean where several windows tile one."""
    folder, settings = open_made(folder, "map_folders")
    contacts = contacts_of(folder, settings, {})
    store = _store(cache, settings)
    chroms, starts, rows = [], [], []
    for chrom in np.unique(contacts.chrom):
        bins, first = np.unique(contacts.bins[contacts.chrom == chrom], return_index=True)
        windows = contacts.window_starts[contacts.chrom == chrom][first]
        found, predicted = store.get("windows", chrom, np.unique(windows))
        assert found.all()
        of_bins = predicted[np.searchsorted(np.unique(windows), windows)].astype(np.float64).mean(axis=1)
        chroms += [chrom] * len(bins)
        starts.append(bins.astype(np.int64) * contacts.resolution)
        rows.append(of_bins.astype(np.float32))
    return {"chrom": np.array(chroms, str), "start": np.concatenate(starts), "X": np.concatenate(rows)}


def _store(cache, settings):
    return PredictionStore(cache, settings.store_identity, np.dtype(settings.cache_dtype))


def write_arrays(path, arrays):
    """Write arrays by the ending of a path: .npz, .h5 or .zarr. Returns: the path."""
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    elif path.suffix == ".h5":
        with h5py.File(path, "w") as file:
            for name, values in arrays.items():
                file.create_dataset(name, data=values.tolist() if values.dtype.kind == "U" else values)
    else:
        group = zarr.open_group(path, mode="w")
        for name, values in arrays.items():
            text = values.dtype.kind == "U"
            group.create_array(name, data=values.astype(np.dtypes.StringDType()) if text else values)
    return path
