"""A comparison of maps in sentences: what each map's verdict rests on, and the paragraph for a paper's methods.

Thresholds, counts and names of what was done come from `spex.compare`, so that the text says what was applied.
"""

from dataclasses import asdict

from spex.compare.arms import DRAWS, UNSEEN
from spex.compare.inputs import Protocol
from spex.compare.pairs import BOUND
from spex.compare.protocol import NO_CORRECTION
from spex.compare.tables import LEAST_CHROMOSOMES, LEAST_GENES, stand_alone
from spex.compare.verdict import SHOWN_ONLY, STRENGTHS, level
from spex.contacts.controls import BEYOND_TWICE, FARTHER, NUMBER_COLUMNS
from spex.models.chromosomes import LEVEL
from spex.models.splits import TEST_CHROM, UNSEEN_CHROM
from spex.reports.numbers import LEFT_OUT, interval, missing, percent, probability, signed
from spex.reports.pages import render

TOGETHER = "tissues found together are one finding"
MANY_FAR = 0.2
"""Share of matched bins beyond twice the contact's distance from which a region's effect may well pass for that of the
contacted bins. It is 8.5 % in a synthetic genome where such an effect seldom does, 34 % in one where it often does."""

NAMED_PAIRS = 10
"""Pairs of maps that are named in a sentence."""

PAIRS_FILE = "pairs.csv"
UNTESTED = f"Fewer than {LEAST_CHROMOSOMES} chromosomes have {LEAST_GENES} genes each, so intervals and tests were not "
UNTESTED += "computed."
INTERVAL = f"{percent(LEVEL)} interval"
UNSEEN_NAMES = " and ".join(chrom.removeprefix("chr") for chrom in UNSEEN)

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
    texts = (parts(row), region(row), no_contradiction(row), found(row), far_draws(settings, row.map))
    return ". ".join(f"{text[0].upper()}{text[1:]}" for text in texts if text) + "."


def parts(row):
    """Gain of a map (a row of `maps` or `results`) and its parts, as one text.

    A part's share of the gain is given only where the interval of the gain lies above 0.
    """
    tissues = getattr(row, "tissues", 1)
    mean = f" (mean of {tissues} tissues)" if tissues > 1 else ""
    ends = interval(row.gain_low, row.gain_high)
    name = "" if ends == LEFT_OUT else f"{INTERVAL} "
    number = LEFT_OUT if row.number_low == row.number_high else ""
    return (
        f"gain over sequence alone {signed(row.gain)}{mean}{f', {name}{ends}' if ends else ''}; explained by the "
        f"number of contacts {_part(row, row.number, number)}, by distance-matched bins "
        f"{_part(row, row.any_bins)}; remaining "
        f"for the contacted bins {_part(row, row.touched, interval(row.touched_low, row.touched_high))}"
    )


def _part(row, value, within=""):
    """A part of the gain, in brackets its share and its interval as far as they are to be given."""
    share = f"{signed(100 * value / row.gain, 0).removeprefix('+')} %" if row.gain_low > 0 else ""
    brackets = "; ".join(text for text in (share, within) if text and not missing(value))
    return signed(value) + (f" ({brackets})" if brackets else "")


def region(row):
    """What evidence of sequence information does not exclude; empty without such evidence."""
    rates = [each.region for each in STRENGTHS if each.name == row.strength]
    if not rates:
        return ""
    return (
        "an effect of the gene's whole region, close to the TSS, is not excluded: in simulations with contacts as near "
        f"as real ones such an effect passed as {row.strength} in {rates[0]:g} % of sets"
    )


def no_contradiction(row):
    """Why evidence and an interval of the gain that contains 0 go together; empty where there are not both."""
    if not row.strength or row.gain_low > 0:
        return ""
    return (
        "that the interval of the gain contains 0 is no contradiction: the test asks whether these bins tell more than "
        "others at the same distances, the gain how much the whole model exceeds sequence alone"
    )


def found(row):
    """In how many of its tissues a map was found to add what; empty where there is one tissue, or no verdict."""
    if row.tissues < 2 or not row.verdict:
        return ""
    counts = {
        "sequence information": row.tissues_sequence,
        "something, but no more than in other bins at the same distances,": row.tissues_region,
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
    share = sum(draw_shares(settings, name).get(place, 0) for place in BEYOND_TWICE)
    if share < MANY_FAR:
        return ""
    return (
        f"{percent(share, '.0f')} of the matched bins lie more than twice as far away as the contacted ones, because "
        "there were no more at these distances, so part of what remains for the contacted bins may be the region's"
    )


def pairs_in_words(comparison):
    """Which maps differ from each other in their gain, as sentences; empty for one map, or without tests."""
    pairs = comparison.pairs
    if pairs["q"].isna().all():
        return ""
    differ = pairs[pairs["differ"]].sort_values("q", kind="stable")
    texts = [_pair(row) for row in differ.head(NAMED_PAIRS).itertuples()]
    alone = len(pairs) == 1
    several = f"all {len(pairs)}" if len(differ) == len(pairs) else f"{len(differ)} of {len(pairs)}"
    head = f"The gains of {'the two maps' if alone else f'{several} pairs of maps'} "
    head += "were not shown to differ" if alone and differ.empty else "differ"
    adjusted = "" if stand_alone(len(pairs), _settings(comparison)["correction"]) else " adjusted over pairs"
    head += f" (p{adjusted} < {BOUND:.2g})"
    if len(differ) > len(texts):
        texts.append(f"and others in {PAIRS_FILE}")
    ending = "" if len(differ) == len(pairs) else " Maps that were not shown to differ may still do so."
    return f"{head}{': ' if texts else ''}{'; '.join(texts)}.{ending}"


def _pair(row):
    """One pair of maps that differ, the better one first. row: of `pairs`."""
    better, worse, sign = (row.map, row.other, 1) if row.difference > 0 else (row.other, row.map, -1)
    ends = sorted((sign * row.difference_low, sign * row.difference_high))
    return (
        f"{better} gains more than {worse}: {signed(abs(row.difference))} ({INTERVAL} {interval(*ends)}, "
        f"q {probability(row.q)})"
    )


def scope(comparison):
    """On which genes and tissues a comparison rests, and what other features, in one or two sentences."""
    results = comparison.results
    tissues = results["target_index"].nunique()
    where = f"{tissues} tissues" if tissues > 1 else results["target"].iloc[0]
    text = f"{results['genes'].max():,} genes on {results['chromosomes'].max()} chromosomes; {where}."
    of = origin(comparison)
    return f"{text} Sequence stands for {of['own']}, and for {of['bins']} of contacted bins." if of else text


def untested(comparison):
    """Why there are no intervals and tests, as a sentence; empty where there are."""
    return "" if comparison.results["q_seq"].notna().any() else UNTESTED


def held_to(comparison, table="results"):
    """How p-values were adjusted and what they had to be below; it follows "p-values were".

    table: "results", of the tests of maps in single tissues; "maps", of means over tissues.
    """
    tests = _decided(getattr(comparison, table))
    correction = _settings(comparison)["correction"]
    single = stand_alone(len(tests), correction)
    sign = "p" if single else "q"
    levels = [f"{each.name} at {sign} < {each.level(single):g}" for each in reversed(STRENGTHS)]
    bound = f"with {' and '.join(levels)} of the test of contacted bins, significance of the others at {sign} < "
    bound += f"{level(single):g}"
    if single:
        return f"{CORRECTIONS[NO_CORRECTION]}, {bound}"
    several = [what for what, name in (("maps", "map"), ("tissues", "target_index")) if _several(tests, name)]
    return f"{CORRECTIONS[correction]} over all {' and '.join(several)}, {bound}"


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


def origin(comparison):
    """What the features are of: own (of genes) and bins, as text; None for those of the published network."""
    facts = next(iter(comparison.settings.get("maps", {}).values()), {}).get("made_with") or {}
    features, bins, network = (facts.get(name) for name in ("features", "bins", "network"))
    if features:
        own = f"{features['width']:,} given features of genes" + (
            f" ({features['source']})" if features["source"] else ""
        )
        measured = "the mean signal of {:,} tracks" if bins["kind"] == "tracks" else "{:,} given numbers"
        return {"own": own, "bins": measured.format(bins["width"])}
    if network:
        return {"own": f"features of the gene's own sequence by the network {network['name']}", "bins": "its features"}
    return None


def methods(comparison):
    """The methods paragraph, of what this comparison did."""
    results, settings = comparison.results, _settings(comparison)
    of_tissues, of_means = held_to(comparison), held_to(comparison, "maps")
    same = _decided(results)["target_index"].nunique() == 1 or of_tissues == of_means
    text = render(
        "methods.txt",
        **{name: settings[name] for name in ("pseudocount", "whole_chromosome_fallback", "draws", "least_gain")},
        genes=int(results["genes"].max()),
        chromosomes=int(results["chromosomes"].max()),
        tissues=results["target_index"].nunique(),
        maps=len(comparison.maps),
        decided=len(_decided(comparison.maps)),
        pairs_adjusted=not stand_alone(len(comparison.pairs), settings["correction"]),
        number_columns=len(NUMBER_COLUMNS),
        farthest=list(FARTHER)[-1],
        penalty=results["penalty"].iloc[0],
        untested=untested(comparison),
        within=INTERVAL.removesuffix(" interval"),
        rotations=len(settings["shifts"]) or settings["rotations"],
        of_tissues=of_tissues,
        of_means="" if same else of_means,
        whitening=settings.get("whitening"),
        seeds=[f"{name.replace('_', ' ')} {settings[name]}" for name in sorted(settings) if name.endswith("seed")],
        versions=sorted((settings.get("versions") or {}).items()),
        origin=origin(comparison),
    )
    return " ".join(text.split())


def values_of(comparison, tested=None):
    """What every text and page on a comparison asks for, by name.

    tested: the comparison that p-values were corrected in, where it has more maps.
    """
    maps, tested = ordered(comparison.maps), tested or comparison
    return {
        "maps": maps.assign(rank=range(1, len(maps) + 1)),
        "accounts": [(row.map, account(row, comparison.settings)) for row in maps.itertuples()],
        "in_pairs": pairs_in_words(comparison),
        "scope": scope(comparison),
        "untested": untested(comparison),
        "tested_chrom": TEST_CHROM.removeprefix("chr"),
        "stopped_chrom": UNSEEN_CHROM.removeprefix("chr"),
        "interval_name": INTERVAL,
        "held_to": held_to(tested, "maps"),
        "strengths": STRENGTHS,
        "unseen": UNSEEN_NAMES,
        "methods": methods(tested),
        "origin": origin(comparison),
    }


def mark_own(results):
    """Results in which a map's own cell type is marked after the tissue's name."""
    if "own_cell_type" not in results:
        return results
    own = results["own_cell_type"].astype(bool)
    return results.assign(target=results["target"].where(~own, results["target"] + " (the map's own cell type)"))
