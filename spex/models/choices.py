"""How models are fitted: what a user can choose. Loads no library."""

from dataclasses import dataclass

from spex.errors import InputError, parameter
from spex.models.registry import MODELS
from spex.options import NUMBER, PATH, SEED, Options, either, one_of, option, several, text, whole, word

PSEUDOCOUNT = 0.0001
"""Added to the expression before the natural logarithm, by ExPecto and by the published program."""

BOOTSTRAPS = ("genes", "blocks")

CHROMOSOMES = several(text("a chromosome's name"), "chromosomes by name, one or a list")


@dataclass(frozen=True)
class Fitting(Options):
    """Which model is fitted, how often, and on which chromosomes it is tested.

    Raises:
        InputError: a value that an option cannot have, or options that contradict each other.
    """

    model: str = option("gbtree", one_of(MODELS), "gbtree: published; gblinear: ExPecto's; ridge")
    parameters: str | None = option(
        None,
        PATH,
        "parameters that replace the model's own of the same name",
        metavar="FILE.json",
        example="parameters.json",
    )
    neighbour_penalties: tuple | None = option(
        None,
        several(either(NUMBER, word("none")), "numbers above 0 or none, one or a list"),
        'ridge: penalties of the contact columns apart from the others\', numbers or "none" (columns left out); chosen '
        "together with the penalty (default: one penalty for all columns)",
        metavar="PENALTY",
        example="[0.1, 1, 10, none]",
        rare=True,
    )
    seed: int = option(1410, SEED, "seed of the trees' column sampling")
    repeats: int = option(1, whole(1), "fits per target, with seed, seed + 1, ...")
    test_chroms: tuple[str, ...] | None = option(
        None, CHROMOSOMES, "held-out chromosomes (default: chr8)", metavar="CHROM", example="chr8"
    )
    validation_chroms: tuple[str, ...] | None = option(
        None,
        CHROMOSOMES,
        "set aside from training, to stop early or choose a penalty on; without it the test chromosomes serve for "
        "that, as published; chr9 gives an unbiased score (Beluga has seen neither chr8 nor chr9)",
        metavar="CHROM",
        example="chr9",
    )
    cv: str | None = option(
        None,
        one_of(["chromosomes"]),
        "every autosome in turn as test, the next one for validation",
        example="chromosomes",
    )
    cv_groups: int | None = option(
        None, whole(3), "with --cv: this many groups of chromosomes take turns", example="5", rare=True
    )
    bootstrap: str | None = option(
        None,
        one_of(BOOTSTRAPS),
        "what intervals of scores resample: single genes, or blocks of neighbouring ones, which resemble each other "
        "(default: blocks with --cv, else genes, as published)",
        example="blocks",
        rare=True,
    )

    def __post_init__(self):
        super().__post_init__()
        model = MODELS[self.model]
        if self.cv is None and self.cv_groups is not None:
            raise InputError(
                "says how a cross-validation divides the chromosomes, but none is asked for",
                argument="cv_groups",
                subject=self.cv_groups,
                hint=f"give {parameter('cv')} chromosomes too, or leave it out",
            )
        for name in ("test_chroms", "validation_chroms"):
            if self.cv is not None and getattr(self, name):
                raise InputError(
                    "a cross-validation tests on every chromosome in turn", argument=name, hint="leave it out"
                )
        if self.neighbour_penalties is not None and "neighbour_penalties" not in model.optional:
            able = " or ".join(name for name, other in MODELS.items() if "neighbour_penalties" in other.optional)
            raise InputError(
                f"{self.model} has no such penalties",
                argument="neighbour_penalties",
                hint=f"{parameter('model')} {able} has",
            )
        if self.repeats > 1 and not model.seeded:
            raise InputError(
                f"{self.model} has no random part, every repeat would be the same",
                argument="repeats",
                subject=self.repeats,
                expected="1",
            )

    def read_parameters(self):
        """The model's parameters, from the file and from the options that are parameters too.

        Raises:
            InputError: the file cannot be read, or the model cannot use what is in it.
        """
        model, name = MODELS[self.model], "neighbour_penalties"
        if self.neighbour_penalties is None:
            return model.read_parameters(self.parameters)
        given = model.read_parameters(self.parameters, given=[name])
        return model.parameters(given | {name: list(self.neighbour_penalties)}, argument=name)
