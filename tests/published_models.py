"""Files in the forms that ExPecto publishes, models and chromatin effects, of numbers made here."""

import struct

import h5py
import numpy as np

FEATURES, SUMS = 2002, 10


def header(*, magic=b"binf", base_score=2.0, numbers=20_031):
    """What XGBoost wrote before the weights of a gblinear with the objective reg:linear: 318 bytes."""
    learner = struct.pack("<fIiii", base_score, 20_030, 0, 0, 0) + bytes(116)
    names = b"".join(struct.pack("<Q", len(name)) + name for name in (b"reg:linear", b"gblinear"))
    booster = struct.pack("<Ii", 20_030, 1) + bytes(128)
    return magic + learner + names + booster + struct.pack("<Q", numbers)


def write_model(path, rows, bias=0.25):
    """A published model. rows: (10, 2002) weights."""
    weights = np.zeros((SUMS, 1 + FEATURES), "<f4")
    weights[:, 1:] = rows
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header() + weights.tobytes() + np.float32(bias).tobytes())
    return path


def write_models(folder, tissues, seed=3):
    """A model a tissue, under the published names. Returns: tissue -> (10, 2002) float32, as written."""
    generator, written = np.random.default_rng(seed), {}
    for tissue in tissues:
        written[tissue] = generator.normal(scale=0.1, size=(SUMS, FEATURES)).astype(np.float32)
        write_model(folder / f"expecto.{tissue}.pseudocount0.0001.lambda100.round100.basescore2.save", written[tissue])
    return written


def write_effects(folder, changes, name="shift_{}.diff.h5"):
    """Files of chromatin effects. changes: shift -> (n, 2002) float; both strands differ from it by as much.

    Returns: list of paths.
    """
    generator, paths = np.random.default_rng(8), []
    folder.mkdir(parents=True, exist_ok=True)
    for shift, rows in changes.items():
        paths.append(folder / name.format(shift))
        off = generator.normal(size=rows.shape)
        with h5py.File(paths[-1], "w") as file:
            file["pred"] = np.concatenate([rows + off, rows - off])
    return paths
