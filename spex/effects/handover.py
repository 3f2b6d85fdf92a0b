"""The effect of a locus's sequence on a gene, handed over as a module of torch."""

import contextlib

import numpy as np

from expecto.gene_features import OWN_SUMS, own_windows, transform_weights
from spex.effects.inputs import LinearModels
from spex.errors import InputError
from spex.features.devices import open_model
from spex.features.effect_module import EffectModule


def effect_module(inputs, interval, row, bases):
    """EffectModule of a gene. inputs: EffectInputs with linear models. interval: Interval of the locus. row: of the
    gene. bases: order of the channels.

    Raises:
        InputError: no window of the gene reads a base of the locus.
    """
    coefficients = LinearModels(inputs.fits).coefficients
    model = open_model(inputs.sources.network)
    window, features = model.network.window, model.network.features
    coefficients = coefficients.reshape(len(coefficients), -1, features)
    sums = _sums(inputs, interval, row, window, coefficients.shape[1])
    if not sums:
        found = f"no local window or contacted bin of {inputs.genes['symbol'].iloc[row]} lies there"
        raise InputError(found, argument="region", subject=interval.place)
    starts = np.array(sorted(sums))
    first, end = min(int(starts[0]), interval.start), max(int(starts[-1]) + window, interval.end)
    weights = np.einsum("wp,tpf->wft", np.stack([sums[start] for start in starts.tolist()]), coefficients)
    with contextlib.closing(inputs.genome()) as genome:
        codes = genome.codes(interval.chrom, first, end)
    locus = slice(interval.start - first, interval.end - first)
    return EffectModule(model, codes, locus, starts - first, weights, bases, [each.tissue for each in inputs.fits])


def _sums(inputs, interval, row, window, positions):
    """How often each window that reads a base of the locus counts in each sum of the gene: start -> (positions,)."""
    gene, sums = inputs.genes.iloc[row], {}

    def add(start, weights):
        if start < interval.end and start + window > interval.start:
            sums.setdefault(int(start), np.zeros(positions))[:] += weights

    index = inputs.index()
    if gene["chrom"] == interval.chrom:
        first, _, within = own_windows(gene["tss"], gene["strand"], window)
        stands_in = index is not None and index.contacts.stand_ins[row]
        for start, weights in zip(first + within, transform_weights().T, strict=True):
            add(start, np.concatenate([weights, np.full(positions - OWN_SUMS, float(stands_in))]))
    for contact in [] if index is None else index.touching(interval.chrom, interval.start, interval.end).tolist():
        if index.genes[contact] == row:
            place = np.arange(positions) == OWN_SUMS + index.columns[contact]
            for start in index.starts[contact]:
                add(start, place * index.weights[contact])
    return sums
