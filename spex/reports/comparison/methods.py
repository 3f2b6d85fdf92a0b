"""The paragraph for a paper's methods, with the numbers of this comparison, and what a reader should keep in mind."""

CORRECTIONS = {
    "bh": "adjusted after Benjamini and Hochberg (1995)",
    "by": "adjusted after Benjamini and Yekutieli (2001)",
    "none": "not adjusted",
}

REFERENCES = (
    "Benjamini Y, Hochberg Y. Controlling the false discovery rate. J R Stat Soc B 57:289-300 (1995).",
    "Benjamini Y, Yekutieli D. The control of the false discovery rate in multiple testing under dependency. Ann Stat "
    "29:1165-1188 (2001).",
    "Chiliński M et al. Enhanced performance of gene expression predictive models with protein-mediated spatial "
    "chromatin interactions. Sci Rep 13:11693 (2023).",
    "Nadeau C, Bengio Y. Inference for the generalization error. Mach Learn 52:239-281 (2003).",
    "Zhou J et al. Deep learning sequence-based ab initio prediction of variant effects on expression and disease "
    "risk. Nat Genet 50:1171-1179 (2018).",
)

TO_KEEP_IN_MIND = (
    (
        "Number is not cause",
        "A number of contacts can tell what the gene's own sequence would tell a better model, and counts of ChIA-PET "
        "rise with expression itself. That the number predicts does not mean that contacts act.",
    ),
    (
        "Touched bins: a lower bound",
        "Other bins at the same distances lie in the same neighbourhood and resemble the touched ones, so they carry "
        "part of what those tell. In simulations that was about a quarter.",
    ),
    (
        "Strong effects of a region",
        "Where the sequence of the whole region matters, the test for touched sequence errs somewhat more often than "
        "it should (in simulations 6 to 19 % instead of 2.5 %). The local sum shows how much the region alone tells.",
    ),
    (
        "Tissues resemble each other",
        "Their profiles correlate, so findings and errors come in clumps: tissues found together are one finding.",
    ),
    (
        "The best of many tissues",
        "The largest of many gains is too large by chance (winner's curse). What to quote is the mean over tissues.",
    ),
    (
        "Maps resemble each other",
        "A map that shares bins with a good one shares its signal too; it is not an independent finding.",
    ),
    (
        "Genes without contacts",
        "They stand in every arm with zeros and a column that says so. A gain among them does not come from contacts.",
    ),
    (
        "Which genes",
        "Leaving out a few genes moves Spearman's correlation by more than most gains: levels and gains from other "
        "sets of genes cannot be compared with these.",
    ),
    (
        "What the network has seen",
        "Beluga was trained on all chromosomes but 8 and 9. All arms share that, the sequence of contacted bins "
        "included; gains on these two chromosomes stand apart.",
    ),
    (
        "Related genes",
        "Paralogs stand on chromosomes that are left out and on those that are not. They raise every arm alike, "
        "differences hardly.",
    ),
    (
        "Stopping on test genes, more seeds",
        "Choosing anything on the genes that are scored lets useless maps gain. Repeating a training with other seeds "
        "on the same genes tests whether two programs differ there, which they always do; more seeds make it worse. "
        "Here whole chromosomes are left out, everything is chosen on the others, and no seed is a replicate.",
    ),
)
"""Pairs of heading and text."""


def methods(comparison):
    """The methods paragraph, of what this comparison did."""
    return " ".join((*_model(comparison), *_tests(comparison), *_made_with(comparison.settings)))


def _model(comparison):
    results, settings = comparison.results, comparison.settings
    genes, chromosomes = int(results["genes"].max()), int(results["chromosomes"].max())
    tissues, maps = results["target_index"].nunique(), len(comparison.maps)
    penalty = results["penalty"].iloc[0] if "penalty" in results else None
    yield (
        f"Expression{_logarithm(settings)} of {genes:,} genes on {chromosomes} chromosomes in "
        f"{_count(tissues, 'tissue')} was predicted by ridge regression from sequence features and contacts of "
        f"{_count(maps, 'map')}, leaving out one whole chromosome at a time."
    )
    yield (
        "Nested models were compared: B, features of the gene's own sequence (sums of predicted chromatin features "
        "with weights that fall off with distance, Zhou et al. 2018); N, with nine columns for the number of contacts "
        "(bins and counts on either side, raw and log(1 + x), and whether there is none); M, with the summed features "
        "of the contacted bins besides (Chiliński et al. 2023); and D, like M, with each contacted bin replaced by "
        "another, drawn without replacement among bins that other genes contact on the same chromosome, on the same "
        f"side and at a similar distance ({_count(settings.get('draws', 3), 'draw')}{_reach(settings)})."
    )
    yield (
        f"The penalty of own features{_given(penalty)} had the least error over all tissues; penalties of contacts "
        "were chosen by tissue on the chromosomes that were not left out."
    )
    yield (
        "Performance is Spearman's correlation within chromosomes, weighted by their numbers of genes; the gain is "
        "that of M minus that of B."
    )


def _reach(settings):
    return "" if settings.get("whole_chromosome_fallback") else ", looking up to eight times as far where none was left"


def _tests(comparison):
    if not comparison.results["verdict"].any():
        yield "With so few chromosomes, intervals and tests were not made."
        return
    settings = comparison.settings
    yield (
        "Intervals are 95 % t intervals over chromosomes, widened for shared training genes after Nadeau and Bengio "
        "(2003)."
    )
    rotations = len(settings.get("shifts", ())) or settings.get("rotations", 19)
    yield (
        "Whether touched bins tell more than matched ones was tested by rotating the residuals of N along the genome "
        f"({rotations} shifts, the same for all maps and tissues), refitting all models at a fixed penalty, and "
        "comparing the gain of M minus the mean gain of D with its values under rotation (one-sided t, "
        f"{rotations - 1} degrees of freedom); whether any bins tell something, by the gain of M alone; the number of "
        "contacts by a one-sided weighted t test over chromosomes of its gain over B."
    )
    single = len(comparison.results) == 1
    correction = settings.get("correction", "bh")
    if single:
        yield "With one map and one tissue, p < 0.025 counts."
    else:
        yield (
            f"P values were {CORRECTIONS.get(correction, correction)} over all maps and tissues together, each kind "
            "of test by itself (q < 0.05), and for means over tissues over all maps."
        )
    yield f"A gain whose interval ends below {settings.get('least_gain', 0.005):g} counts as nothing."


def _made_with(settings):
    seeds = [f"{name.replace('_', ' ')} {settings[name]}" for name in sorted(settings) if name.endswith("seed")]
    if seeds:
        yield f"Draws and shifts are seeded ({', '.join(seeds)})."
    if versions := settings.get("versions"):
        yield "Made with " + ", ".join(f"{name} {version}" for name, version in sorted(versions.items())) + "."


def _count(number, noun):
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _given(penalty):
    return "" if penalty is None else f" ({penalty:,.6g})" if isinstance(penalty, float) else f" ({penalty})"


def _logarithm(settings):
    return f", ln(x + {settings['pseudocount']:g})," if "pseudocount" in settings else ""
