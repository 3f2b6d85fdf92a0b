"""Tables told apart by many rows: what is read, and what is refused with a way that leads to the same contacts."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import spex
from spex.errors import InputError
from spex.inputs.maps.formats import LOOPS, MODEL, TRIPLETS, identify

IBED = "bait_chr\tbait_start\tbait_end\tbait_name\totherEnd_chr\totherEnd_start\totherEnd_end\tx\tN_reads\tscore"
PEAKS = "baitChr\tbaitStart\tbaitEnd\tbaitID\tbaitName\toeChr\toeStart\toeEnd\toeID\toeName\tdist\tsample1"
FITHIC = "chr1\tfragmentMid1\tchr2\tfragmentMid2\tcontactCount\tp-value\tq-value\tbias1\tbias2\tExpCC"
INTERACT = (
    "#chrom\tchromStart\tchromEnd\tname\tscore\tvalue\texp\tcolor\tsourceChrom\tsourceStart\tsourceEnd\tsourceName\t"
    "sourceStrand\ttargetChrom\ttargetStart\ttargetEnd\ttargetName\ttargetStrand"
)
CLOOPS = "loopId\tES\tFDR\tdistance\tiva\tivb\tra\trab\trb"
CLOOPS2 = (
    "loopId\tchrX\tstartX\tendX\tchrY\tstartY\tendY\tdistance(bp)\tcenterX\tcenterY\treadsX\treadsY\tcis\tPETs\tES"
)
HOMER = (
    "InteractionID\tPeakID(1)\tchr(1)\tstart(1)\tend(1)\tstrand(1)\tTotal Reads(1)\tPeakID(2)\tchr(2)\tstart(2)\t"
    "end(2)\tstrand(2)\tTotal Reads(2)\tDistance\tInteraction Reads"
)

REORDERED = {
    "CHiCAGO's ibed": (f"{IBED}\nchr1\t5000\t6000\tA\tchr1\t90000\t91000\t.\t12\t8.2\n", None),
    "CHiCAGO's PeakMatrix": (f"{PEAKS}\nchr1\t5000\t6000\t5\tA\tchr1\t90000\t91000\t7\t.\t85000\t12\n", 12),
    "FitHiC2": (f"{FITHIC}\nchr1\t5500\tchr1\t90500\t12\t1e-5\t1e-3\t1.0\t1.0\t2.2\n", None),
    "FitHiC2's input": ("1\t5500\t1\t90500\t12\n", None),
    "UCSC interact": (
        f"track type=interact name=x\n{INTERACT}\n"
        "chr1\t5000\t91000\ta\t100\t12\tx\t0\tchr1\t5000\t6000\t.\t.\tchr1\t90000\t91000\t.\t.\n",
        6,
    ),
    "cLoops": (f"{CLOOPS}\nchr1-chr1-1\t3.2\t1e-5\t85000\tchr1:5000-6000\tchr1:90000-91000\t40\t12\t30\n", None),
    "cLoops2": (
        f"{CLOOPS2}\nl1\tchr1\t5000\t6000\tchr1\t90000\t91000\t85000\t5500\t90500\t3\t4\t5\t12\t2.1\n",
        None,
    ),
    "HOMER": (
        f"{HOMER}\ni1\tp1\tchr1\t5000\t6000\t+\t99\tp2\tchr1\t90000\t91000\t+\t88\t85000\t12\n",
        None,
    ),
    "longrange": ("chr1\t5000\t6000\tchr1:90000-91000,12\nchr1\t90000\t91000\tchr1:5000-6000,12\n", None),
    "longrange of six columns": ("chr1\t5000\t6000\tchr1:90000-91000,12\t1\t.\n", None),
    "WashU's pairs": ("chr1:5000-6000\tchr1:90000-91000\t12\n", None),
    "WashU's pairs with commas": ("chr1,5000,6000\tchr1,90000,91000\t12\n", None),
    "blanks": ("l1 chr1 5000 6000 chr1 90000 91000 12\n", 8),
    "names of rows": (
        "chrom1\tstart1\tend1\tchrom2\tstart2\tend2\tcount\n1\tchr1\t5000\t6000\tchr1\t90000\t91000\t12\n",
        None,
    ),
}


@pytest.mark.parametrize("form", REORDERED)
@pytest.mark.parametrize("given", [None, 7])
def test_the_command_in_the_message_gives_the_contacts(tmp_path, genes, form, given):
    content, count = REORDERED[form]
    path = tmp_path / "a table"
    path.write_text(content)
    with pytest.raises(InputError, match=r"a table: .*no BEDPE.*; expected loops as BEDPE .*count_column 7") as told:
        spex.read_contacts([path], genes, count_column=given)
    command = re.search(r"gzip .*? > loops\.bedpe", str(told.value))[0]
    assert ("$N" in command) == (count is not None)
    subprocess.run(["bash", "-c", command.replace("$N", f"${count}")], cwd=tmp_path, check=True)
    sheet = spex.map_sheet(tmp_path / "loops.bedpe", count_column=7)
    table = sheet.of_distance[sheet.of_distance["pixels"] > 0]
    assert table[["pixels", "counts"]].to_numpy().tolist() == [[1, 12]] and table.index.tolist() == [85]
    assert sheet.coverage[[5, 90]].tolist() == [12, 12]


READS = {
    ".pairs": "## pairs format v1.0\n#columns: readID chr1 pos1 chr2 pos2\nr1\tchr1\t5500\tchr1\t90100\t+\t-\n",
    ".pairs without its header": ".\t1\t5500\t1\t90100\t+\t-\n",
    "allValidPairs": "r1\tchr1\t5500\t+\tchr1\t90100\t-\t300\tf1\tf2\t42\t42\n",
    "Juicer's short form": "0 1 5500 0 16 1 90100 1\n",
    "Juicer's medium form": "r1\t0\tchr1\t5500\t0\t16\tchr1\t90100\t1\t30\t30\n",
    "merged_nodups": "0 chr1 5500 0 16 chr1 90100 1 30 50M ACGT 30 50M ACGT r1 r1\n",
}


@pytest.mark.parametrize("form", READS)
def test_pairs_of_reads_are_to_be_counted_in_bins(tmp_path, form):
    (tmp_path / "reads").write_text(READS[form])
    with pytest.raises(InputError, match=r"reads: (a 4DN|pairs of reads).*cooler cload pairs .*SIZES:5000 ") as told:
        identify(tmp_path / "reads", 5000)
    fields = READS[form].splitlines()[-1].split()
    columns = [int(number) for number in re.findall(r"-[cp][12] (\d+)", str(told.value))]
    assert [fields[number - 1].removeprefix("chr") for number in columns] == ["1", "5500", "1", "90100"]


def test_the_command_that_counts_pairs_works(tmp_path):
    (tmp_path / "reads").write_text("0 chr1 5500 0 16 chr1 90100 1\n" * 3)
    (tmp_path / "CHROM.SIZES").write_text("chr1\t120400\n")
    with pytest.raises(InputError, match="count its pairs in bins: ") as told:
        identify(tmp_path / "reads")
    command = str(told.value).split("count its pairs in bins: ")[1]
    # As in an activated environment: the tests may be started by the path of its Python alone.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(["bash", "-c", command], cwd=tmp_path, env={**os.environ, "PATH": path}, check=True)
    assert spex.map_sheet(tmp_path / "map.cool").of_distance["counts"][85] == 3


@pytest.mark.parametrize("content", ["5000\t90000\t12\n", "5000 90000 12.0\n0 0 1\n", "5000\t90000\t12\n" * 2000])
def test_starts_of_bins_without_a_chromosome_get_one(tmp_path, content):
    """What juicer_tools dump writes: numbers of bins would need a table of bins."""
    (tmp_path / "dump").write_text(content)
    with pytest.raises(InputError, match=r"dump: starts of two bins and a count, .*; put the chromosome") as told:
        identify(tmp_path / "dump")
    command = re.search(r"gzip .*? > triplets\.tsv", str(told.value))[0]
    subprocess.run(["bash", "-c", command], cwd=tmp_path, check=True)
    sheet = spex.map_sheet(tmp_path / "triplets.tsv")
    assert sheet.of_distance["counts"][85] == 12 * content.count("5000")


def made_track(count, width=1000, gap=0, first=0):
    starts = [first + number * (width + gap) for number in range(count)]
    return "".join(f"chr1\t{start}\t{start + width}\t{start % 7}\n" for start in starts)


def made_matrix():
    counts = np.random.default_rng(1).poisson(3, (40, 40))
    return "".join("\t".join(map(str, row)) + "\n" for row in counts + counts.T)


OTHERS = {
    "bins of a track": (made_track(150), "a bedGraph track, no pairs of bins"),
    "two bins of a track": (made_track(2), "a bedGraph track"),
    "bins in any order": ("".join(sorted(made_track(50, 5000).splitlines(True), reverse=True)), "a bedGraph track"),
    "narrow bins": (made_track(50, 25), "a bedGraph track"),
    "bins with gaps": (made_track(50, 200, 3000), "a bedGraph track"),
    "a track line": ("track type=bedGraph\nchr1\t0\t30000\t1\n", "a bedGraph track"),
    "segments": ("".join(f"chr1\t{n * n * 100}\t{(n + 1) ** 2 * 100}\t0.5\n" for n in range(40)), "a bedGraph track"),
    "wiggle": ("track type=wiggle_0\nfixedStep chrom=chr1 start=1 step=1000\n1\n2\n", "a wiggle track"),
    "BED": ("chr1\t5000\t6000\n", "a BED file"),
    "BED with names": ("chr1\t5000\t6000\tpeak1\nchr1\t9000\t9400\tpeak2\n", "a BED file"),
    "narrowPeak": ("chr1\t5000\t6000\tpeak1\t100\t.\t4.2\t5\t6\t300\n", "a BED file"),
    "BED12": ("chr1\t5000\t91000\tloop,3\t100\t.\t5000\t91000\t0\t2\t1000,1000\t0,85000\n", "a BED file"),
    "VCF": ("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\nchr1\t5\t.\tA\tC\t1\n", "a VCF of variants"),
    "GTF": ('chr1\tHAVANA\tgene\t11869\t14409\t.\t+\t.\tgene_id "G";\n', "a GFF or GTF file"),
    "GFF3": ("##gff-version 3\nchr1\t.\tgene\t11869\t14409\t.\t+\t.\tID=G\n", "a GFF or GTF file"),
    "SAM": ("@HD\tVN:1.6\n@SQ\tSN:chr1\tLN:99\n", "aligned reads"),
    "SAM without its header": ("r1\t99\tchr1\t100\t60\t50M\t=\t300\t250\tACGT\tFFFF\n", "aligned reads"),
    "FASTA": (">chr1 of a genome\nACGT\n", "a FASTA file"),
    "expression": (
        "gene\tliver\tlung\tskin\nTP53\t3\t5\t10\nMYC\t2\t1\t0\nKRAS\t1\t1\t7\n",
        "a table of numbers by name",
    ),
    "HiC-Pro's matrix": (
        "1\t1\t12\n1\t2\t4\n1\t30\t2\n2\t31\t1\n",
        "a matrix as numbers of two bins and a count.*cooler load --one-based -f coo BINS.bed",
    ),
    "numbers past all bounds": ("1e999\t5000\t12\n", "a matrix as numbers of two bins"),
    "a dense matrix": (made_matrix(), "a matrix of numbers, a row a bin"),
    "Matrix Market": ("%%MatrixMarket matrix coordinate integer general\n3 3 1\n1 2 4\n", "a sparse matrix"),
    "commas": ("chr1,0,1000,chr1,5000,6000,3\n", "columns between commas; .*tabs"),
    "quotes": ('"1"\t"chr1"\t5000\t6000\t"chr1"\t90000\t91000\t12\n', "fields in quotes; .*quote = FALSE"),
    "another fourth column": ("chr1\t0\t1000\t5000\t6000\t3\n", "no BEDPE, whose fourth column .* 4 5000"),
    "thousands": ("chr1\t5,000\t6,000\tchr1\t90,000\t91,000\t3\n", "no BEDPE, whose columns 2, 3, 5 and 6 are starts"),
    "text": ("hello world\n", "a table of 2 columns"),
    "triplets with more": (
        "".join(f"chr1\t{n // 9}000\t{n % 9 + 30}000\t3\t0.5\n" for n in range(90)),
        "no 3D model",
    ),
}


@pytest.mark.parametrize("form", OTHERS)
def test_what_is_no_table_of_contacts_is_named(tmp_path, genes, form):
    content, message = OTHERS[form]
    (tmp_path / "table").write_text(content)
    with pytest.raises(InputError, match=rf"^maps .*table: {message}") as told:
        spex.read_contacts([tmp_path / "table"], genes, count_column=4)
    assert "\n" not in str(told.value)


def rows(count, line):
    return "".join(line.format(n=n, a=n * 1000, b=n * 1000 + 1000, c=n * 7000 % 90_000) for n in range(count))


READ = {
    "one wrong row of two": ("chr1\t0\t1000\tchr1\t5000\t6000\t3\nx\ty\n", LOOPS),
    "numbers for chromosomes": ("1\t0\t1000\t2\t5000\t6000\t3\n", LOOPS),
    "names of no known kind": ("LG1\t0\t1000\tLG1\t5000\t6000\t3\n" * 3 + "LG1\t0\t1000\tLG2\t5000\t6000\t3\n", LOOPS),
    "anchors that are not known": (".\t-1\t-1\t.\t-1\t-1\t3\n", LOOPS),
    "two spellings": ("1\t0\t1000\tchr1 \t5000\t6000\t3\n", LOOPS),
    "points": ("chr1\t500\t500\tchr1\t5000\t5000\t3\n", LOOPS),
    "a browser's line above": ("track name=loops\nchr1\t0\t1000\tchr1\t5000\t6000\t3\n", LOOPS),
    "a header alone": ("chrom1\tstart1\tend1\tchrom2\tstart2\tend2\tcount\n", LOOPS),
    "pairs of bins of all distances": (rows(60, "chr1\t{a}\t{c}\t3\n"), TRIPLETS),
    "loops one after the other": (
        "".join(f"chr{n % 9 + 1}\t{n}00000\t{n}5{n % 3}000\t3\n" for n in range(1, 60)),
        TRIPLETS,
    ),
    "pairs of neighbours and others": (rows(5, "chr1\t{a}\t{b}\t3\n") + rows(5, "chr1\t{a}\t9{b}\t3\n"), TRIPLETS),
    "one distance on each of many chromosomes": (
        "".join(f"chr{n}\t3000\t45000\t2\n" for n in range(1, 23)),
        TRIPLETS,
    ),
    "pairs at one distance": (rows(60, "chr1\t{a}\t5{a:05}\t3\n"), TRIPLETS),
    "the diagonal": (rows(60, "chr1\t{a}\t{a}\t3\n"), TRIPLETS),
    "a model on a lattice": (rows(60, "1\t{a}\t{n}\t1\t1\n"), MODEL),
    "a model with its bins as x": (rows(60, "chr1\t{a}\t{a}\t0\t0\n"), MODEL),
}


@pytest.mark.parametrize("form", READ)
def test_what_is_read_is_not_taken_for_anything_else(tmp_path, form):
    content, kind = READ[form]
    (tmp_path / "table").write_text(content)
    assert identify(tmp_path / "table").name == kind


def test_the_first_thousand_rows_are_looked_at(tmp_path):
    (tmp_path / "table").write_text("# comment\n" * 5000 + made_track(300) + rows(310, "chr1\t{c}\t9{b}\t3\n"))
    assert identify(tmp_path / "table").name == TRIPLETS  # of which most are no stretches of a track
    (tmp_path / "table").write_text("# comment\n" * 5000 + made_track(1000) + rows(300, "chr1\t{c}\t9{b}\t3\n"))
    with pytest.raises(InputError, match="a bedGraph track"):
        identify(tmp_path / "table")
