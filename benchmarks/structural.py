"""Effects of structural variants and of haplotypes against tensors of the mutated genome.

    python -m benchmarks.structural [--cases 30]

Each case is written as a FASTA file of the whole mutated chromosome; `spex.gene_features` makes the tensors of its
genes there, and the network reads contacted bins window by window where they came to lie. Where that is follows from
labels: of every base of the mutated chromosome, which base of the reference it is, and on which strand. A third each
are deletions, tandem duplications and inversions of 2 to 30 kb; then as many haplotypes of 2 to 6 alleles of all kinds,
some within a few bases of each other. Full-size network with stand-in weights, six genes, a linear model of each of two
tissues.
"""

import argparse
import tempfile
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

import spex
from benchmarks.gpu.synthetic import make_contacts, make_network, save_network
from benchmarks.measure import publish
from benchmarks.variants import made_fits
from expecto.gene_features import OWN_SUMS
from expecto.network import BELUGA
from spex.contacts.rules import Corrected
from spex.effects.alleles import AlleleScorer
from spex.effects.changes import Change, together
from spex.effects.inputs import ContactIndex, LinearModels
from spex.features.devices import open_computer
from spex.inputs.alleles import Allele
from spex.inputs.genome import Genome

CHROM, LENGTH = "chr1", 300_000
GENES, BINS_PER_GENE, RESOLUTION = 6, 20, 1000
LONG = 2000
"""Deletions of more bases lose the bins that they contain."""

OTHER = str.maketrans("ACGTacgt", "TGCAtgca")
SYMBOLIC = ("<DEL>", "<DUP>", "<INV>")


@dataclass(frozen=True)
class Edit:
    """An allele as it is in a file: 1-based pos, ref, alt, and end of a symbolic one."""

    pos: int
    ref: str
    alt: str
    end: int = 0

    def change(self, genome, chrom):
        return Change.of_allele(Allele(0, ".", chrom, self.pos, self.ref, self.alt, chrom, "ok", self.end), genome)


def plain_edit(letters, edit, least=0):
    """Start, end and new letters, upper case, of an allele, as far to the left as it can lie without passing a place;
    and what it is."""
    letters = letters.upper()
    if edit.alt in SYMBOLIC:
        start, end, kind = edit.pos, edit.end, edit.alt
        while kind != "<INV>" and start > least and letters[start - 1] == letters[end - 1]:
            start, end = start - 1, end - 1
        inside = letters[start:end]
        if kind == "<DUP>" and end - start <= LONG:
            return start, start, inside, ""
        put = {"<DEL>": "", "<DUP>": 2 * inside, "<INV>": inside.translate(OTHER)[::-1]}[kind]
        return start, end, put, kind if end - start > LONG else ""
    start, ref, alt = edit.pos - 1, edit.ref.upper(), edit.alt.upper()
    while ref and alt and ref[0] == alt[0]:
        start, ref, alt = start + 1, ref[1:], alt[1:]
    while ref and alt and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while bool(ref) != bool(alt) and start > least and letters[start - 1] == (ref or alt)[-1]:
        ref, alt = (each and each[-1] + each[:-1] for each in (ref, alt))
        start -= 1
    return start, start + len(ref), alt, ""


def plain_edits(letters, edits):
    """The same of several, by place: none passes the one before."""
    found = []
    for edit in sorted(edits, key=lambda each: written(letters, each)):
        found.append(plain_edit(letters, edit, found[-1][1] if found else 0))
    return found


def written(letters, edit):
    """Start and end of an allele where it is written."""
    return plain_edit(letters, edit, len(letters))[:2]


class Mutated:
    """A chromosome's letters with some edits, and a label for each: which base of the reference it was, -1 for none.

    labels of bases that are read from the other strand are in `turned` instead.
    """

    def __init__(self, letters, edits):
        self.size, self.new = len(letters), []
        forward, turned, done = [], [], 0
        self.spans = plain_edits(letters, edits)
        for start, end, put, kind in self.spans:
            kept, nothing, inside = np.arange(done, start), np.full(start - done, -1), np.arange(start, end)
            self.new += [letters[done:start], put]
            labels = np.full(len(put), -1)
            labels[: end - start] = inside[: len(put)]
            if kind == "<DUP>":
                labels = np.concatenate([inside, inside])
            none = np.full(len(put), -1)
            forward += [kept, none if kind == "<INV>" else labels]
            turned += [nothing, inside[::-1] if kind == "<INV>" else none]
            done = end
        self.letters = "".join([*self.new, letters[done:]])
        self.forward = np.concatenate([*forward, np.arange(done, self.size)])
        self.turned = np.concatenate([*turned, np.full(self.size - done, -1)])

    def start(self, place):
        """Where a window goes by the base that it starts with: the last copy, or right after what is put in its place;
        in a stretch that is turned it stays."""
        if place < 0:
            return place
        if place >= self.size:
            return place + len(self.letters) - self.size
        found = np.flatnonzero(self.forward == place)
        if len(found):
            return int(found[-1])
        start, _, put, kind = next(each for each in self.spans if each[0] <= place < each[1])
        before = self.start(start - 1) + 1 if start else 0
        return before + (place - start if kind == "<INV>" else len(put))

    def bin(self, first, end, start, window):
        """Starts of the copies of one window of a bin: list."""
        end = min(end, self.size)
        heads, tails = np.flatnonzero(self.forward == first), np.flatnonzero(self.turned == end - 1)
        times = np.bincount(self.forward[self.forward >= 0], minlength=self.size)[first:end]
        if (times == 2).all():
            return [int(head) + start - first for head in heads]
        if np.isin(np.arange(first, end), self.turned).all():
            return [int(tails[0]) + end - (start + window)]
        for begin, stop, put, _ in self.spans:
            if not times.any() and stop - begin > LONG and begin + len(put) <= first and end <= stop:
                return []
        return [self.start(start)]

    def tss(self, place):
        """1-based TSS of a gene that had it there, and whether the gene is turned; None where it is lost or doubled."""
        heads, tails = (np.flatnonzero(each == place - 1) for each in (self.forward, self.turned))
        if len(heads) == 1 or len(tails):
            return int((*heads, *tails)[0]) + 1, len(tails) > 0
        long = len(heads) == 2 or any(a <= place - 1 < b and b - a > LONG for a, b, *_ in self.spans)
        return None if long else (self.start(place - 1) + 1, False)


class ByFasta:
    """Differences of tensors. genes: DataFrame. contacts: of them. sequences: chromosome -> letters. network: path of
    the checkpoint. predict: windows (n, 4, 1, 2000) of letters' centres -> features; called with letters and a start.
    """

    def __init__(self, genes, contacts, sequences, network, predict, models, folder):
        self.genes, self.contacts, self.sequences, self.network = genes, contacts, sequences, network
        self.predict, self.models, self.folder = predict, models, folder
        self.before = self.tensors(genes, sequences, None, None)

    def tensors(self, genes, sequences, chrom, mutated):
        """Tensors of some genes, float64 (n, positions, features). mutated: Mutated of the chromosome, or None."""
        path = self.folder / "mutated.fa"
        path.with_name(path.name + ".fai").unlink(missing_ok=True)
        path.write_text("".join(f">{name}\n{letters}\n" for name, letters in sequences.items()))
        handed, rule = None, self.contacts.rule
        if rule.own_windows_stand_in:  # else the sums over contacts below are all that there is
            tss, strands = (
                genes[name].reindex(self.genes.index).fillna(self.genes[name]).to_numpy() for name in ("tss", "strand")
            )
            handed = replace(self.contacts, tss=tss.astype(np.int64), strands=strands.astype(str), chromsizes=None)
        of_file = spex.gene_features(genes, path, self.network, contacts=handed, device="cpu").X
        of_file = of_file.reshape(len(genes), -1, BELUGA.features).astype(np.float64)
        tensors = np.concatenate([of_file[:, :OWN_SUMS], np.zeros((len(genes), 2, BELUGA.features))], axis=1)
        for row, gene in enumerate(genes.index):
            if rule.own_windows_stand_in and not self.contacts.has_pixels[gene]:
                tensors[row, OWN_SUMS:] = of_file[row, OWN_SUMS:]
            for number in range(self.contacts.offsets[gene], self.contacts.offsets[gene + 1]):
                self.add(tensors[row], gene, number, sequences, mutated if genes.at[gene, "chrom"] == chrom else None)
        return tensors

    def add(self, tensor, gene, number, sequences, mutated):
        """Add a contact to its gene's tensor. number: of the contact."""
        contacts, chrom = self.contacts, self.contacts.chroms[gene]
        first = int(contacts.bins[number]) * contacts.resolution
        down = bool(contacts.downstream[number])
        if mutated is not None and (mutated.tss(contacts.tss[gene]) or (0, False))[1]:
            span = next(each for each in mutated.spans if each[0] < contacts.tss[gene] <= each[1])
            down ^= not (span[0] <= first and min(first + contacts.resolution, mutated.size) <= span[1])
        for window in contacts.rule.windows(contacts.bins[number : number + 1], contacts.resolution, BELUGA.window):
            start = int(contacts.rule.centres(window, contacts.resolution, BELUGA.window)) - BELUGA.window // 2
            places = [start]
            if mutated is not None:
                places = mutated.bin(first, first + contacts.resolution, start, BELUGA.window)
            for place in places:
                weight = contacts.rule.weight(contacts.resolution, BELUGA.window)
                tensor[OWN_SUMS + (not down)] += weight * self.predict(sequences[chrom], place)

    def effects(self, chrom, edits):
        """Float64 (genes, tissues), NaN of genes whose TSS is lost or doubled."""
        mutated = Mutated(self.sequences[chrom], edits)
        sequences = {**self.sequences, chrom: mutated.letters}
        genes = self.genes[self.genes["chrom"] == chrom].copy()
        places = [mutated.tss(tss) for tss in genes["tss"]]
        lost = genes.index[[place is None for place in places]]
        genes["strand"] = [
            strand if place is None or not place[1] else "+-"[strand == "+"]
            for place, strand in zip(places, genes["strand"], strict=True)
        ]
        genes["tss"] = [1000 if place is None else place[0] for place in places]
        after = self.before.copy()
        after[genes.index] = self.tensors(genes, sequences, chrom, mutated)
        effects = (after - self.before).reshape(len(after), -1) @ self.models.coefficients.T
        effects[lost] = np.nan
        return effects


def structural_edit(generator, letters, alt, least=2001, most=30_000, near=()):
    """A symbolic allele at a random place; every other one around, or with an end close to, one of some places."""
    size = int(generator.integers(least, most))
    pos = int(generator.integers(1, len(letters) - size))
    if len(near) and generator.random() < 0.5:
        place = int(generator.choice(near)) + int(generator.integers(-3000, 3000))
        pos = min(max(place - int(generator.choice([0, size // 2, size])), 1), len(letters) - size - 1)
    return Edit(pos, "N", alt, pos + size)


def plain_allele(generator, letters, pos):
    """An SNV, insertion or deletion at a place; None where a base is not known."""
    removed, added = ((1, 1), (1, 1), (1, 4), (6, 1), (1, 41), (2600, 1))[int(generator.integers(0, 6))]
    ref = letters[pos - 1 : pos - 1 + removed].upper()
    alt = ref[0] + "".join(generator.choice(list("ACGT"), added - 1)) if (removed, added) != (1, 1) else None
    alt = alt or str(generator.choice(sorted(set("ACGT") - {ref})))
    return Edit(pos, ref, alt) if set(ref) <= set("ACGT") and len(ref) == removed else None


def haplotype(generator, letters, near):
    """Alleles of one chromosome that do not overlap, some of them neighbours, most near some places."""
    edits, taken = [], []
    wanted = int(generator.integers(2, 7))
    while len(edits) < wanted:
        if generator.random() < 0.25:
            alt = str(generator.choice(SYMBOLIC))
            edit = structural_edit(generator, letters, alt, 50 if generator.random() < 0.3 else 2001, 8000, near)
        else:
            pos = int(generator.choice(near)) + int(generator.integers(-20_000, 20_000))
            if taken and generator.random() < 0.4:
                pos = taken[-1][1] + int(generator.integers(1, 5))
            edit = plain_allele(generator, letters, pos) if 100 < pos < len(letters) - 5000 else None
        if edit is None:
            continue
        start, end = written(letters, edit)
        if all(end + 1 <= a or b + 1 <= start for a, b in taken):
            edits.append(edit)
            taken.append((start, max(end, start)))
    return edits


def altered(genome, chrom, edits):
    """What the program makes of a haplotype: Altered."""
    changes = sorted((edit.change(genome, chrom) for edit in edits), key=lambda change: (change.start, change.reach))
    return together(changes, [change.leftmost(genome).start for change in changes])


def largest_difference(scorer, truth, genome, chrom, edits):
    """Largest difference between the program's effects of a haplotype and the truth, and largest effect."""
    expected = truth.effects(chrom, edits)
    found = scorer.effects([altered(genome, chrom, edits)])
    got = np.zeros_like(expected)
    got[found.genes] = found.own + found.contact
    if (np.isnan(got) != np.isnan(expected)).any():
        raise ValueError(f"other genes lose their TSS by {edits}")
    return np.nanmax(np.abs(got - expected), initial=0), np.nanmax(np.abs(expected), initial=0)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=30, help="of each of the two kinds")
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    generator = np.random.default_rng(11)
    letters = "".join(np.array(list("ACGT"))[generator.integers(0, 4, LENGTH)])
    tss = np.sort(generator.integers(30_000, LENGTH - 30_000, GENES))
    ids, strands = [f"G{number}" for number in range(GENES)], ["+", "-"] * (GENES // 2)
    genes = pd.DataFrame({"id": ids, "symbol": ids, "chrom": CHROM, "strand": strands, "tss": tss})
    rule = Corrected()
    contacts = make_contacts(genes, {CHROM: LENGTH}, rule, RESOLUTION, BINS_PER_GENE)
    index, rows = ContactIndex(contacts), []
    with tempfile.TemporaryDirectory() as name:
        folder, network = Path(name), make_network()
        save_network(network, folder / "network.pth")
        (folder / "genome.fa").write_text(f">{CHROM}\n{letters}\n")
        models, known = LinearModels(made_fits((OWN_SUMS + 2) * BELUGA.features)[:2]), {}

        def predict(letters, start):
            window = letters[max(start, 0) : max(start + BELUGA.window, 0)]
            window = ("N" * max(-start, 0) + window).ljust(BELUGA.window, "N")
            if window not in known:
                coded = (np.array(list(window)) == np.array(list("AGCT"))[:, None]).astype(np.float32)
                with torch.no_grad():
                    known[window] = network(torch.from_numpy(coded)[None, :, None]).numpy()[0].astype(np.float64)
            return known[window]

        with closing(Genome(folder / "genome.fa", folder / "genome.fai")) as genome:
            computer = open_computer(
                genome=genome, model=network, device="cpu", precision="float32", store=None, contacts=None
            )
            scorer = AlleleScorer(computer, genes, index, models)
            truth = ByFasta(genes, contacts, {CHROM: letters}, folder / "network.pth", predict, models, folder)
            near = [*tss, *(contacts.start + RESOLUTION // 2)]
            draws = {alt: lambda alt=alt: [structural_edit(generator, letters, alt, near=near)] for alt in SYMBOLIC}
            for kind, draw in {**draws, "haplotypes": lambda: haplotype(generator, letters, near)}.items():
                number = args.cases if kind == "haplotypes" else args.cases // len(SYMBOLIC)
                pairs = [largest_difference(scorer, truth, genome, CHROM, draw()) for _ in range(number)]
                apart, effects = np.array(pairs).T
                row = {"kind": kind, "cases": number, "largest difference of an effect": float(apart.max())}
                rows.append(row | {"median of the largest effects": float(np.median(effects))})
                print(rows[-1], flush=True)
    publish("structural", rows, args.json, command=f"python -m benchmarks.structural --cases {args.cases}")


if __name__ == "__main__":
    main()
