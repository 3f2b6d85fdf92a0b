"""What a network is to the rest of the program: what it reads, and how many features it predicts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Network:
    """A sequence model, as far as anything but its layers depends on it. The checkpoint fixes all of it.

    name: for records. window: length in bp of the sequence that one prediction sees. features: chromatin features
    predicted for each window. bases: order of the input channels; base codes are positions in this string.
    """

    name: str
    window: int
    features: int
    bases: str

    @property
    def unknown(self):
        """Base code of N, of IUPAC letters and of what lies past a chromosome's end: zeros in every channel."""
        return len(self.bases)


BELUGA = Network(name="beluga", window=2000, features=2002, bases="AGCT")
"""Zhou et al. (2018)."""

PUBLISHED = BELUGA
"""The network of the published program."""

BASES, UNKNOWN = PUBLISHED.bases, PUBLISHED.unknown
"""What base codes stand for in the whole program: the letters that codes from 0 are positions of, and the code of
anything else. A network with another order of channels puts them in order itself."""
