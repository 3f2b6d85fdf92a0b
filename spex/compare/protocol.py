"""How maps are compared: what a user can choose. Loads no library."""

from dataclasses import dataclass

from spex.models.choices import PSEUDOCOUNT
from spex.options import NUMBER, SEED, TRUTH, Options, either, one_of, option, whole, word

NO_CORRECTION = "none"
CORRECTIONS = ("bh", "by", NO_CORRECTION)
SHALLOWEST = "shallowest"


@dataclass(frozen=True)
class Protocol(Options):
    """How maps are compared."""

    thin_to: int | str | None = option(
        None,
        either(whole(1), word(SHALLOWEST)),
        "downsample every map to N counts, or to those of the shallowest",
        metavar="N",
        example=SHALLOWEST,
    )
    genes_with_contacts: bool = option(False, TRUTH, "only genes with a contact in every map", rare=True)
    whole_chromosome_fallback: bool = option(
        False,
        TRUTH,
        "take any bin of the chromosome as a distance-matched control once none is left within twice the distance",
        rare=True,
    )
    correction: str = option("bh", one_of(CORRECTIONS), "correction of p-values over maps and tissues")
    least_gain: float = option(0.005, NUMBER, "smallest gain in Spearman's correlation that counts as one")
    rotations: int = option(19, whole(2), "circular shifts of the residuals along the genome", rare=True)
    seed: int = option(1410, SEED, "seed of controls, circular shifts and downsampling")
    pseudocount: float = option(PSEUDOCOUNT, NUMBER, "added to the expression before the logarithm", rare=True)
