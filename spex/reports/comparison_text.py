"""A comparison of maps in sentences: what each map's verdict rests on, and the paragraph for a paper's methods.

Thresholds, counts and names of what was done come from `spex.compare`, so that the text says what was applied.
"""

from dataclasses import asdict

from spex.compare.arms import DRAWS, UNSEEN
from spex.compare.inputs import Protocol
from spex.compare.statistics import LEVEL, NO_CORRECTION
from spex.compare.tables import LEAST_CHROMOSOMES, LEAST_GENES, stand_alone
from spex.compare.verdict import ALPHA, SHOWN_ONLY, level
from spex.contacts.controls import ELSEWHERE, FARTHER, NUMBER_COLUMNS
from spex.models.splits import TEST_CHROM, UNSEEN_CHROM
from spex.reports.numbers import count, interval, missing, percent, probability, signed

TOGETHER = "tissues found together are one finding"
MANY_ELSEWHERE = 0.1
"""Share of matched bins elsewhere from which a region's effect may look like that of the contacted bins: with 19 % it
did in five of six synthetic studies in which any bin of the region carried the same signal, with 9 % in two of six."""

INTERVAL = f"{percent(LEVEL)} interval"
_TESTED, _STOPPED = (chrom.removeprefix("chr") for chrom in (TEST_CHROM, UNSEEN_CHROM))
UNSEEN_NAMES = " and ".join(chrom.removeprefix("chr") for chrom in UNSEEN)

EXPLAINED = (
    "Gains are differences in Spearman correlation on held-out chromosomes, means over tissues where there are "
    "several. Gain: the map against own sequence. Contact number: the number of contacts against own sequence. Matched "
    "bins: distance-matched bins against number. Contacted bins: the map against those. The parts need not add up, "
    "because number has its best penalty where it stands alone."
)

CORRECTIONS = {
    "bh": "adjusted after Benjamini and Hochberg (1995)",
    "by": "adjusted after Benjamini and Yekutieli (2001)",
    NO_CORRECTION: "not adjusted",
}


def ordered(maps):
    """The maps by gain, the largest first; those without one at the end."""
    return maps.sort_values("gain", ascending=False, kind="stable", na_position="last", ignore_index=True)


def sentence(row):
    """The verdict on a map. row: of `maps`."""
    return f"{row.map}: {row.words}"


def account(row, settings):
    """What follows a map's sentence: gain, its parts, where it was found, and what makes that less sure.

    row: of `maps`. settings: of the comparison.
    """
    texts = (parts(row), found(row), far_draws(settings, row.map))
    return ". ".join(f"{text[0].upper()}{text[1:]}" for text in texts if text) + "."


def parts(row):
    """Gain of a map (a row of `maps` or `results`) and what it is made of, as one text.

    A part's share of the gain is given only where the interval of the gain lies above 0.
    """
    tissues = getattr(row, "tissues", 1)
    mean = f" (mean of {tissues} tissues)" if tissues > 1 else ""
    ends = interval(row.gain_low, row.gain_high)
    return (
        f"gain over own sequence {signed(row.gain)}{mean}{f', {INTERVAL} {ends}' if ends else ''}; explained by the "
        f"number of contacts {_part(row, row.number)}, by distance-matched bins {_part(row, row.any_bins)}; remaining "
        f"for the contacted bins {_part(row, row.touched, interval(row.touched_low, row.touched_high))}"
    )


def _part(row, value, within=""):
    """A part of the gain, in brackets its share and its interval as far as they are to be given."""
    share = f"{signed(100 * value / row.gain, 0).removeprefix('+')} %" if row.gain_low > 0 else ""
    brackets = "; ".join(text for text in (share, within) if text and not missing(value))
    return signed(value) + (f" ({brackets})" if brackets else "")


def found(row):
    """In how many of its tissues a map was found to add what; empty where there is one tissue, or no verdict."""
    if row.tissues < 2 or not row.verdict:
        return ""
    counts = {
        "sequence information": row.tissues_sequence,
        "only what other bins at the same distances carry too": row.tissues_region,
        "contact-number information": row.tissues_number,
    }
    named = [f"{what} found in {number} of {row.tissues} tissues" for what, number in counts.items() if number]
    if not named:
        return f"nothing found in any of {row.tissues} tissues"
    return f"{', '.join(named)}; {TOGETHER}"


def draw_shares(settings, name):
    """Where a map's matched bins were found, as shares over all draws: kind of place -> share; empty where unknown."""
    draws = settings.get("maps", {}).get(name, {}).get("draws", {}).values()
    found_in = [draw["found"] for draw in draws]
    return {kind: sum(each[kind] for each in found_in) / len(found_in) for kind in (found_in[0] if found_in else ())}


def far_draws(settings, name):
    """A warning where many matched bins lie far from the distance that they should have; empty otherwise."""
    share = draw_shares(settings, name).get(ELSEWHERE, 0)
    if share < MANY_ELSEWHERE:
        return ""
    return (
        f"{percent(share, '.0f')} of the matched bins lie {ELSEWHERE}, because there were no more at these distances, "
        "so part of what remains for the contacted bins may be the region's"
    )


def scope(comparison):
    """On which genes and tissues a comparison rests, as one sentence."""
    results = comparison.results
    tissues = results["target_index"].nunique()
    where = f"{tissues} tissues" if tissues > 1 else results["target"].iloc[0]
    return f"{results['genes'].max():,} genes on {results['chromosomes'].max()} chromosomes; {where}."


def untested(comparison):
    """Why there are no intervals and tests, as a sentence; empty where there are."""
    if comparison.results["q_seq"].notna().any():
        return ""
    return (
        f"Fewer than {LEAST_CHROMOSOMES} chromosomes have {LEAST_GENES} genes each, so intervals and tests were not "
        "made."
    )


def held_to(comparison, table="results"):
    """How p-values were adjusted and what they had to be below, to follow "p-values were".

    table: "results", of the tests of maps in single tissues; "maps", of means over tissues.
    """
    tests = _decided(getattr(comparison, table))
    correction = _settings(comparison)["correction"]
    single = stand_alone(len(tests), correction)
    bound = f"held to {'p' if single else 'q'} < {level(single):g}"
    if single:
        return f"{CORRECTIONS[NO_CORRECTION]}, and {bound}"
    several = [what for what, name in (("maps", "map"), ("tissues", "target_index")) if _several(tests, name)]
    return f"{CORRECTIONS[correction]} over all {' and '.join(several)}, and {bound}"


def _several(table, column):
    return column in table and table[column].nunique() > 1


def _decided(table):
    """The rows that verdicts were given on: maps by the published rule are in no test."""
    return table[table["words"] != SHOWN_ONLY]


def _settings(comparison):
    """Settings of a comparison, with the defaults in the place of what it does not have."""
    return asdict(Protocol()) | {"draws": len(DRAWS), "shifts": ()} | comparison.settings


def confirmed(rows):
    """What trees found of a map in a tissue, as one sentence. rows: of the confirmation, one a contrast."""
    texts = [
        f"{row.contrast} {signed(row.difference)} ({INTERVAL} {interval(row.low, row.high)}, "
        f"p {probability(row.p)}; Welch p {probability(row.welch_p)})"
        for row in rows.itertuples()
    ]
    genes, seeds = rows["genes"].iloc[0], rows["seeds"].iloc[0]
    enough = "" if rows["seeds_suffice"].all() else ", which leave more uncertain than they should"
    text = f"{'; '.join(texts)}, on {genes:,} test genes with {seeds} seeds{enough}."
    return f"{text[0].upper()}{text[1:]}"


def confirmed_how(confirmation):
    """How trees confirm, as sentences."""
    return (
        f"The published trees on the same arms, trained with chromosomes {_TESTED} and {_STOPPED} left out, stopped on "
        f"chromosome {_STOPPED} and tested on chromosome {_TESTED}. Differences in Spearman correlation of predictions "
        "averaged over seeds; intervals, p and the error over genes by a bootstrap over test genes, paired. Welch p: "
        f"{confirmation['welch_is'].iloc[0]}."
    )


def methods(comparison):
    """The methods paragraph, of what this comparison did."""
    settings = _settings(comparison)
    return " ".join((*_model(comparison, settings), *_tests(comparison, settings), *_made_with(settings)))


def _model(comparison, settings):
    results = comparison.results
    genes, chromosomes = int(results["genes"].max()), int(results["chromosomes"].max())
    reach = "" if settings["narrow_draw"] else f", looking {list(FARTHER)[-1]} where none was left"
    yield (
        f"Expression, ln(x + {settings['pseudocount']:g}), of {genes:,} genes on {chromosomes} chromosomes in "
        f"{count(results['target_index'].nunique(), 'tissue')} was predicted by ridge regression from sequence "
        f"features and contacts of {count(len(comparison.maps), 'map')}, leaving out one whole chromosome at a time."
    )
    yield (
        "Nested models were compared: B, features of the gene's own sequence (sums of predicted chromatin features "
        f"with weights that fall off with distance, Zhou et al. 2018); N, with {len(NUMBER_COLUMNS)} columns for the "
        "number of contacts (bins and counts on either side, raw and log(1 + x), and whether there is none); M, with "
        "the summed features of the contacted bins besides (Chiliński et al. 2023); and D, like M, with each contacted "
        "bin replaced by another, drawn without replacement among bins that other genes contact on the same "
        "chromosome, on the same side and at a similar distance "
        f"({count(settings['draws'], 'draw')}{reach})."
    )
    yield (
        f"The penalty of own features ({results['penalty'].iloc[0]:,.6g}) had the least error over all tissues; "
        "penalties of contacts were chosen by tissue on the chromosomes that were not left out."
    )
    yield (
        "Performance is Spearman's correlation within chromosomes, weighted by their numbers of genes; the gain is "
        "that of M minus that of B."
    )


def _tests(comparison, settings):
    if reason := untested(comparison):
        yield reason
        return
    rotations = len(settings["shifts"]) or settings["rotations"]
    yield (
        f"Intervals are {percent(LEVEL)} t intervals over chromosomes, widened for shared training genes after Nadeau "
        "and Bengio (2003)."
    )
    yield (
        "Whether contacted bins carry more than matched ones was tested by rotating the residuals of N along the "
        f"genome ({rotations} shifts, the same for all maps and tissues), refitting all models at a fixed penalty, and "
        "comparing the gain of M minus the mean gain of D with its values under rotation (one-sided t, "
        f"{rotations - 1} degrees of freedom); whether any bins add anything, by the gain of M alone; the number of "
        "contacts by a one-sided weighted t test over chromosomes of its gain over B."
    )
    if len(_decided(comparison.maps)):
        yield from _decisions(comparison, settings)
    if len(_decided(comparison.maps)) < len(comparison.maps):
        yield "Maps by the published contact rule are shown without a verdict, and in no test."


def _decisions(comparison, settings):
    """What the p-values of each table were held to: those of one tissue are in both."""
    of_tissues, of_means = held_to(comparison), held_to(comparison, "maps")
    same = _decided(comparison.results)["target_index"].nunique() == 1 or of_tissues == of_means
    means = "" if same else f"; those of means over tissues were {of_means}"
    yield (
        f"P-values of each kind of test were {of_tissues}{means}. A map harms where the lower tail of the test of "
        f"contacted bins, never adjusted, is below {ALPHA:g} and the interval of the gain below 0."
    )
    yield f"A gain whose interval ends below {settings['least_gain']:g} counts as nothing."


def _made_with(settings):
    seeds = [f"{name.replace('_', ' ')} {settings[name]}" for name in sorted(settings) if name.endswith("seed")]
    yield f"Draws and shifts are seeded ({', '.join(seeds)})."
    if versions := settings.get("versions"):
        yield "Made with " + ", ".join(f"{name} {version}" for name, version in sorted(versions.items())) + "."
