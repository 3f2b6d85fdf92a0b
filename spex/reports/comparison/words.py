"""What the tables say, in plain text: the sentences of each map."""

import math

from spex.contacts.controls import ELSEWHERE

TOGETHER = "tissues found together are one finding"
SEQUENCE, REGION, NUMBER, HARM = (1, 2), (3,), (4,), (5,)
"""Numbers of the verdicts that say: touched sequence, any bins at these distances, number of contacts, harm."""

WITHIN = "within 25 %"
"""Where matched bins should be found, in the settings' words."""

MANY_ELSEWHERE = 0.1
"""Share of matched bins from which a region's effect may look like that of the touched bins: with 19 % it did in five
of six made studies in which any bin of the region told the same, with 9 % in two of six."""

EXPLAINED = (
    "Gains are differences in Spearman correlation on chromosomes that were left out, means over tissues where there "
    "are several. Gain: the map against own sequence. Of it number: the number of contacts against own sequence. Any "
    "bins: other bins at the same distances against number. Touched bins: the map against those. The parts need not "
    "add up, because number has its best penalty where it stands alone."
)

CONFIRMED_HOW = (
    "The published trees on the same arms, trained with chromosomes 8 and 9 left out, stopped on chromosome 9 and "
    "tested on chromosome 8. Differences in Spearman correlation of predictions averaged over seeds; intervals, p and "
    "the error over genes by a bootstrap over test genes, paired. Welch p: between seeds on the same genes; grows "
    "significant with the number of seeds."
)


def ordered(maps):
    """The maps by gain, the largest first; those without one at the end."""
    return maps.sort_values("gain", ascending=False, kind="stable", na_position="last", ignore_index=True)


def signed(value, digits=4):
    """A difference with its sign; a dash where there is none."""
    if not math.isfinite(value):
        return "–"
    text = f"{abs(value):.{digits}f}"
    sign = "+" if value > 0 else "−"
    return sign + text if float(text) else text


def interval(low, high):
    """The ends of an interval; empty where it could not be computed."""
    return f"{signed(low)} to {signed(high)}" if math.isfinite(low) and math.isfinite(high) else ""


def probability(value):
    """A p or q value with two significant digits."""
    if not math.isfinite(value):
        return "–"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def sentence(row):
    """The verdict on a map in the fixed words."""
    return f"{row.map}: {row.words}"


def parts(row):
    """Gain of a map (a row of `maps` or `results`) and what it is made of, as one text.

    A part's share of the gain is given only where the interval of the gain lies above 0.
    """
    within = f", 95 % interval {interval(row.gain_low, row.gain_high)}" if interval(row.gain_low, row.gain_high) else ""
    return (
        f"gain over own sequence {signed(row.gain)}{_mean(row)}{within}; of it number of contacts "
        f"{_part(row, row.number)}, any bins at these distances {_part(row, row.any_bins)}; remaining for the touched "
        f"bins {_part(row, row.touched, interval(row.touched_low, row.touched_high))}"
    )


def scope(comparison):
    """On which genes and tissues a comparison rests, as one sentence."""
    results = comparison.results
    count = results["target_index"].nunique()
    tissues = f"{count} tissues" if count > 1 else results["target"].iloc[0]
    return f"{results['genes'].max():,} genes on {results['chromosomes'].max()} chromosomes; {tissues}."


def _mean(row):
    tissues = getattr(row, "tissues", 1)
    return f" (mean of {tissues} tissues)" if tissues > 1 else ""


def _part(row, value, within=""):
    """A part of the gain, in brackets its share and its interval as far as they are to be given."""
    share = f"{signed(100 * value / row.gain, 0).removeprefix('+')} %" if row.gain_low > 0 else ""
    brackets = "; ".join(text for text in (share, within) if text and math.isfinite(value))
    return signed(value) + (f" ({brackets})" if brackets else "")


def found(row):
    """In how many of its tissues a map was found to add what; empty where there is one tissue, or no verdict."""
    if row.tissues < 2 or not row.verdict:
        return ""
    counts = {
        "sequence information": row.tissues_sequence,
        "what other bins at the same distances tell too": row.tissues_region,
        "what the number of contacts tells": row.tissues_number,
    }
    named = [f"{what} found in {count} of {row.tissues} tissues" for what, count in counts.items() if count]
    if not named:
        return f"nothing found in any of {row.tissues} tissues"
    return f"{', '.join(named)}; {TOGETHER}"


def account(row, settings):
    """What follows a map's sentence: gain, its parts, where it was found, and what makes that less sure.

    row: of `maps`. settings: of the comparison.
    """
    texts = (parts(row), found(row), far_draws(settings, row.map))
    return ". ".join(f"{text[0].upper()}{text[1:]}" for text in texts if text) + "."


def draw_shares(settings, name):
    """Where matched bins were found, as shares over all draws, or an empty dict where that is not told.

    Returns: kind of place -> share.
    """
    draws = settings.get("maps", {}).get(name, {}).get("draws", {}).values()
    found_in = [draw["found"] for draw in draws]
    return {kind: sum(each[kind] for each in found_in) / len(found_in) for kind in (found_in[0] if found_in else ())}


def far_draws(settings, name):
    """A warning where many matched bins lie far from the distance that they should have; empty otherwise."""
    share = draw_shares(settings, name).get(ELSEWHERE, 0)
    if share < MANY_ELSEWHERE:
        return ""
    return (
        f"{share:.0%} of the matched bins lie elsewhere on the chromosome, because there were no more at these "
        "distances, so part of what remains for the touched bins may be the region's"
    ).replace("%", " %", 1)


def confirmed(rows):
    """What trees found of a map in a tissue, as one sentence. rows: of the confirmation, one a contrast."""
    texts = [
        f"{row.contrast} {signed(row.difference)} (95 % interval {interval(row.low, row.high)}, "
        f"p {probability(row.p)}; Welch p {probability(row.welch_p)})"
        for row in rows.itertuples()
    ]
    genes, seeds = rows["genes"].iloc[0], rows["seeds"].iloc[0]
    enough = "" if rows["seeds_suffice"].all() else ", which leave more uncertain than they should"
    text = f"{'; '.join(texts)}, on {genes:,} test genes with {seeds} seeds{enough}."
    return f"{text[0].upper()}{text[1:]}"
