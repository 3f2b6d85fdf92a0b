"""From the sequence of a locus to the expression of a gene, as one module of torch, for what explains such modules."""

import numpy as np
import torch
from torch import nn

from expecto.network import BASES

WINDOWS_AT_ONCE = 32
"""Of the reference."""


class EffectModule(nn.Module):
    """What a locus's sequence does to a gene's ln(expression), less what the reference does.

    model: from `open_model`. codes: (m,) uint8 base codes of the stretch that all windows cover, from its first base
    on. locus: slice of it, of n bases. starts: (w,) of windows within it. weights: float64 (w, features, t), change of
    ln(expression) per unit of each prediction. bases: order of the channels of what it is called with. tissues: names.

    reference: float32 (1, 4, n), the locus as the genome has it.
    """

    def __init__(self, model, codes, locus, starts, weights, bases, tissues):
        super().__init__()
        self.layers, self.window, self.bases, self.tissues = model.layers(), model.network.window, bases, list(tissues)
        self._starts, self._length = [*map(int, starts)], locus.stop - locus.start
        self._order = [bases.index(base) for base in model.network.bases]
        mine = np.eye(len(BASES) + 1, dtype=np.float32)[:, [BASES.index(base) for base in bases]]  # of N, zeros
        one_hot = torch.from_numpy(mine[codes].T.copy())[None]
        for name, part in {
            "before": one_hot[:, :, : locus.start],
            "reference": one_hot[:, :, locus],
            "behind": one_hot[:, :, locus.stop :],
        }.items():
            self.register_buffer(name, part.contiguous())
        self.register_buffer("weights", torch.from_numpy(weights))
        with torch.no_grad():
            parts = self._windows(self.reference)[0].split(WINDOWS_AT_ONCE)
            self.register_buffer("predicted", torch.cat([self.layers(part) for part in parts]).double())
        self.eval()

    def _windows(self, sequences):
        """(n, w, 4, window), channels in the network's order."""
        parts = [self.before, sequences, self.behind]
        whole = torch.cat([part.expand(len(sequences), -1, -1) for part in parts], dim=2)[:, self._order]
        return torch.stack([whole[:, :, start : start + self.window] for start in self._starts], dim=1)

    def forward(self, sequences):
        """Change of ln(expression). sequences: (n, 4, length) one-hot. Returns: (n, t), of the same dtype.

        Raises:
            ValueError: sequences of another shape.
        """
        if sequences.ndim != 3 or sequences.shape[1:] != self.reference.shape[1:]:
            expected = f"(n, 4, {self._length})"
            raise ValueError(f"sequences of shape {tuple(sequences.shape)}; expected {expected}, one-hot {self.bases}")
        predicted = self.layers(self._windows(sequences).flatten(0, 1)).unflatten(0, (len(sequences), -1))
        differences = predicted.double() - self.predicted
        return torch.einsum("nwf,wft->nt", differences, self.weights).to(sequences.dtype)
