"""Slow, obvious answers to compare the program with: one window, one base, one pixel at a time.

Written from the definition of the published program alone and sharing no code with this one. Positions are 1-based
where a parameter says so; sequences are indexed from 0. The number of chromatin features is whatever the predictor
gives, so that small predictors serve as well as the full network.

A predictor is a plain function, or a torch module, from windows (n, 4, 1, 2000) float32 to predictions (n, features).
"""

import math

import numpy as np
import torch

CHANNELS = "AGCT"
WINDOW = 2000
STEP = 200
SHIFTS = list(range(-20000, 20000, STEP))
DECAY_RATES = [0.01, 0.02, 0.05, 0.1, 0.2]
NEAREST_CONTACT = 20000


def beluga(state, windows):
    """The network's predictions, layer by layer as the publication lists them.

    state: state dict with the published names, of any sizes that fit together. windows: (n, 4, 1, w) float32 tensor.

    Returns: (n, features) float32 tensor.
    """

    def layer(function, name, x):
        return function(x, state[f"{name}.weight"], state[f"{name}.bias"])

    x = torch.relu(layer(torch.conv2d, "model.0.0", windows))
    x = torch.relu(layer(torch.conv2d, "model.0.2", x))
    x = torch.max_pool2d(x, (1, 4))
    x = torch.relu(layer(torch.conv2d, "model.0.6", x))
    x = torch.relu(layer(torch.conv2d, "model.0.8", x))
    x = torch.max_pool2d(x, (1, 4))
    x = torch.relu(layer(torch.conv2d, "model.0.12", x))
    x = torch.relu(layer(torch.conv2d, "model.0.14", x))
    x = torch.flatten(x, start_dim=1)
    x = torch.relu(layer(torch.nn.functional.linear, "model.1.2.1", x))
    return torch.sigmoid(layer(torch.nn.functional.linear, "model.1.4.1", x))


def encode_window(sequence, centre):
    """The 2000 bp around a position.

    sequence: letters of the whole chromosome, any case. centre: 1-based position p; the window is [p - 1000, p + 1000)
    0-based, and what lies outside the chromosome is N.

    Returns: (4, 2000) float32, channels A, G, C, T; zeros for any other letter.
    """
    start = centre - WINDOW // 2
    inside = sequence[max(start, 0) : max(start + WINDOW, 0)].upper()
    letters = ("N" * max(-start, 0) + inside)[:WINDOW].ljust(WINDOW, "N")
    return (np.array(list(letters)) == np.array(list(CHANNELS))[:, None]).astype(np.float32)


def predict_window(predict, sequence, centre):
    """The prediction for the window centred on a 1-based position: (features,) float64."""
    windows = encode_window(sequence, centre).reshape(1, 4, 1, WINDOW)
    if isinstance(predict, torch.nn.Module):
        with torch.no_grad():
            predictions = predict(torch.from_numpy(windows)).numpy()
    else:
        predictions = predict(windows)
    return np.asarray(predictions, dtype=np.float64)[0]


def window_predictor(checkpoint):
    """A function of a chromosome's letters and of a window's start, 0-based: its prediction by the layers of a
    checkpoint, (features,) float64. What was predicted is kept by its letters."""
    state, known = torch.load(checkpoint, weights_only=True), {}

    def predict(letters, start):
        key = letters[max(start, 0) : start + WINDOW], min(start, 0)
        if key not in known:
            known[key] = predict_window(
                lambda windows: beluga(state, torch.from_numpy(windows)).numpy(), letters, start + WINDOW // 2
            )
        return known[key]

    return predict


def predict_gene_windows(predict, sequence, tss, strand):
    """The predictions of a gene's own windows: dict from shift (bp along the gene) to (features,) float64."""
    predictions = {}
    for shift in SHIFTS:
        centre = tss + shift if strand == "+" else tss - shift
        predictions[shift] = predict_window(predict, sequence, centre)
    return predictions


def gene_features(predict, sequence, tss, strand):
    """The gene's own features.

    tss: 1-based. strand: "+" or "-".

    Returns: (10 * features,) float64: five decay rates upstream, then five downstream, the TSS window in both.
    """
    predictions = predict_gene_windows(predict, sequence, tss, strand)
    rows = []
    for side in ("upstream", "downstream"):
        for rate in DECAY_RATES:
            total = 0
            for shift in SHIFTS:
                if (side == "upstream" and shift <= 0) or (side == "downstream" and shift >= 0):
                    total = total + math.exp(-rate * abs(shift) / STEP) * predictions[shift]
            rows.append(total)
    return np.concatenate(rows)


def round_half_to_even(numerator, denominator):
    """The whole number nearest to a fraction of two positive whole numbers; of two as near, the even one."""
    below, rest = divmod(numerator, denominator)
    if 2 * rest < denominator:
        return below
    if 2 * rest > denominator:
        return below + 1
    return below if below % 2 == 0 else below + 1


def tss_bin(tss, resolution, rule):
    """The bin of a 1-based TSS: the nearest bin edge ("published") or the bin that holds it ("corrected")."""
    if rule == "published":
        return round_half_to_even(tss, resolution)
    return (tss - 1) // resolution


def contacts_of_bin(maps, viewpoint):
    """What touches a bin: dict from the other bin to the sum of the counts of all maps.

    maps: one list per map of (bin1, bin2, count), bins numbered from the chromosome's start. viewpoint: bin.
    """
    counts = {}
    for pixels in maps:
        for bin1, bin2, count in pixels:
            if viewpoint == bin1:
                counts[bin2] = counts.get(bin2, 0) + count
            elif viewpoint == bin2:
                counts[bin1] = counts.get(bin1, 0) + count
    return counts


def kept_contacts(maps, tss, *, rule, resolution=1000, max_dist=1.15, min_count=2, distance_edges=()):
    """The contacted bins that count: list of (bin, count) in the order of the bins; None for a TSS without a pixel.

    max_dist: for the published rule, 1/sqrt(count) must be below it. min_count: for the corrected rule. distance_edges:
    none that is as far as the last of them.
    """
    viewpoint = tss_bin(tss, resolution, rule)
    counts = contacts_of_bin(maps, viewpoint)
    if not counts:
        return None
    kept = []
    for contacted in sorted(counts):
        count = counts[contacted]
        near_enough = count > 0 and 1 / math.sqrt(count) < max_dist
        strong = near_enough if rule == "published" else count >= min_count
        near_enough = not distance_edges or (count > 0 and 1 / math.sqrt(count) < distance_edges[-1])
        if strong and near_enough and abs(contacted - viewpoint) * resolution >= NEAREST_CONTACT:
            kept.append((contacted, count))
    return kept


def is_downstream(contacted, viewpoint, strand):
    """Whether a contacted bin lies downstream of the gene."""
    return contacted >= viewpoint if strand == "+" else contacted < viewpoint


def tile_centres(contacted, resolution):
    """Centres of the windows that tile a bin, by the corrected rule: the fewest that cover it, evenly spaced."""
    start, tiles = contacted * resolution, math.ceil(resolution / WINDOW)
    if tiles == 1:
        return [start + resolution // 2]
    first, last = start + WINDOW // 2, start + resolution - WINDOW // 2
    return [round(first + number * (last - first) / (tiles - 1)) for number in range(tiles)]


def count_by_distance(pixels, bins, distance):
    """Mean count of every pair of bins that are so far apart. pixels: as of one map in `contacts_of_bin`."""
    total = pairs = 0
    for bin1 in range(bins):
        for bin2 in range(bin1, bins):
            if bin2 - bin1 == distance:
                pairs += 1
                total += sum(count for one, other, count in pixels if (one, other) == (bin1, bin2))
    return total / pairs


def neighbour_features(predict, sequence, tss, strand, maps, *, rule, resolution=1000, weigh=None, **options):
    """The features of the bins that the gene's start touches.

    tss: 1-based. maps: as in `contacts_of_bin`. rule: "published" or "corrected". weigh: function from the TSS bin, the
    contacted one and their count to what the contact counts as; None leaves it out. options: as of `kept_contacts`.

    Returns: (groups * 2 * features,) float64: of each group of distances downstream bins, then upstream bins.
    """
    edges = list(options.get("distance_edges") or [math.inf])
    kept = kept_contacts(maps, tss, rule=rule, resolution=resolution, **options)
    if kept is None and rule == "published":
        own = sum(predict_gene_windows(predict, sequence, tss, strand).values())
        return np.concatenate([own] * 2 * len(edges))
    sums = [np.zeros_like(predict_window(predict, sequence, tss)) for _ in range(2 * len(edges))]
    viewpoint = tss_bin(tss, resolution, rule)
    for contacted, count in kept or []:
        if rule == "published":
            added = resolution / STEP * predict_window(predict, sequence, contacted * resolution)
        else:
            centres = tile_centres(contacted, resolution)
            added = sum(predict_window(predict, sequence, centre) for centre in centres) / len(centres)
        if weigh is not None:
            weight = weigh(viewpoint, contacted, count)
            if weight is None:
                continue
            added = weight * added
        group = 0
        while 1 / math.sqrt(count) >= edges[group]:
            group += 1
        side = 0 if is_downstream(contacted, viewpoint, strand) else 1
        sums[2 * group + side] = sums[2 * group + side] + added
    return np.concatenate(sums)


def effect_of_shifts(coefficients, changes, pos, tss, strand):
    """The change of ln(expression) that a linear model predicts from changes of the windows around an allele.

    coefficients: (10, features), five decay rates upstream, five downstream. changes: dict of shift in bp along the
    chromosome -> (features,), of the window whose centre is at the allele's position plus the shift. pos, tss: 1-based.
    """
    effect = 0.0
    for shift, change in changes.items():
        along = pos + shift - tss if strand == "+" else tss - pos - shift
        for number, rate in enumerate(DECAY_RATES):
            weight = math.exp(-rate * abs(along) / STEP)
            if along <= 0:
                effect += weight * sum(coefficients[number][k] * change[k] for k in range(len(change)))
            if along >= 0:
                effect += weight * sum(coefficients[5 + number][k] * change[k] for k in range(len(change)))
    return effect


def matched_bins(pool, touched, tss_bin, resolution, turns, chances, shares=(0.25, 0.5, 1, 3, 7)):
    """Distance-matched bins of one gene, found by looking at every bin of the pool for every contact.

    pool: set of bins. touched: the gene's bins. turns: order of the contacts. chances: a number in [0, 1) for each
    contact. shares: of the contact's distance, by which a bin's may differ; one after the other.

    Returns: a bin for each contact, and its level: the number of the share that it lies within, then elsewhere, own.
    """
    drawn, levels = list(touched), [len(shares) + 1] * len(touched)
    for turn in turns:
        distance = abs(touched[turn] - tss_bin)
        usable = [each for each in sorted(pool) if each not in touched and each not in drawn]
        usable = [each for each in usable if abs(each - tss_bin) * resolution >= NEAREST_CONTACT]
        same_side = [each for each in usable if (each > tss_bin) == (touched[turn] > tss_bin)]
        choices = [
            [each for each in same_side if abs(abs(each - tss_bin) - distance) <= share * distance] for share in shares
        ]
        for level, choice in enumerate([*choices, usable]):
            if choice:
                drawn[turn], levels[turn] = choice[int(chances[turn] * len(choice))], level
                break
    return drawn, levels


def chosen_tss(gene, strand, transcripts, rule):
    """The TSS that a rule takes, transcript by transcript. Stretches as `spex.inputs.annotation.Stretch`."""

    def start(each):
        return each.start if strand == "+" else each.end

    def is_upstream(one, other):
        return one < other if strand == "+" else one > other

    best = {}
    for each in transcripts:
        classes = ["any"]
        if "MANE_Select" in each.tags:
            classes.append("mane")
        if "Ensembl_canonical" in each.tags:
            classes.append("canonical")
        if each.type == gene.type:
            classes.append("own")
        for name in classes:
            if name not in best or is_upstream(start(each), best[name]):
                best[name] = start(each)
    ways = {
        "mane": ["mane"],
        "canonical": ["canonical"],
        "5prime": ["own", "any"],
        "auto": ["mane", "canonical", "own", "any"],
    }
    for name in ways[rule]:
        if name in best:
            return best[name]
    return start(gene) if rule in ("5prime", "auto") else None
