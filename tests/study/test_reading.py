"""study.yaml: what is made of it, and the line that tells what is wrong with it."""

import builtins
import hashlib
import json
import re

import pandas as pd
import pytest
from file_server import FileServer
from study_files import LINES, TISSUES, write_study

from spex.commands import study as study_command
from spex.compare.inputs import Protocol
from spex.errors import InputError
from spex.resources import portals
from spex.study import reading
from spex.study.plan import StudyFit, StudyMap
from spex.study.reading import read_study
from spex.study.schema import STUDY
from spex.study.template import TEMPLATE
from spex.study.yaml_file import read_marked


@pytest.fixture
def write(world, tmp_path):
    """Called with lines to add, or with all lines: a study file over the small world."""

    def write_file(more="", **options):
        return write_study(tmp_path / "lab", world, more, **options)

    return write_file


def error_of(path, **options):
    with pytest.raises(InputError) as caught:
        read_study(path, **options)
    message = str(caught.value)
    assert message.isprintable()
    return message


def test_a_short_file_gets_every_default(write):
    path = write()
    study = read_study(path)
    lab = path.parent
    assert (study.path, study.out) == (path, lab / "study")
    assert (study.genes, study.genome, study.weights) == (lab / "genes.csv", lab / "genome.fa", lab / "narrow.pth")
    assert study.expression == (lab / "expression.csv",)
    assert study.tissues == ((1, TISSUES[0]), (2, TISSUES[1]), (3, TISSUES[2]))
    options = {"contact_rule": "corrected", "hic_resolution": 1000}
    assert study.maps == (StudyMap("first", (lab / "map0.mcool",), options),)
    assert study.fits == (StudyFit("ridge", {"model": "ridge"}),)
    assert (study.gene_options, study.expression_options, study.comparison, study.shards) == ({}, {}, {}, 1)
    assert study.resources == reading.RESOURCES
    assert not study.out.exists()


def test_everything_that_may_be_said(write, world):
    path = write(
        f"""\
    resolution: 2000
    min_count: 3
    distance_edges: 0.5
    contact_weight: log
    value_column: count
    cell_type: liver
    experiment: ChIA-PET
    factor: CTCF
  - {{name: both, files: [map0.mcool, {world.maps[1]}], rule: published, max_dist: 1.1}}
out: /tmp/elsewhere
gene_type: pc
exclude_chroms: chrX
tissues: ["*cort*", 3]
fits:
  - {{name: trees, model: gbtree, params: fast.json, repeats: 2, seed: 5, validation_chroms: chr9}}
  - {{name: all, model: ridge, cv: chromosomes, cv_groups: 3, neighbour_penalties: [1, none]}}
comparison: {{show_published: true, whole_chromosome_fallback: false, thin_to: shallowest, rotations: 5}}
shards: 4
resources:
  tensors: {{gpus: 1, minutes: 30}}
"""
    )
    (path.parent / "fast.json").write_text('{"num_boost_round": 6}')
    study = read_study(path)
    first, both = study.maps
    assert first.options == {
        "contact_rule": "corrected",
        "hic_resolution": 2000,
        "min_count": 3,
        "distance_edges": [0.5],
        "contact_weight": "log",
        "value_column": "count",
    }
    assert (first.cell_type, first.experiment, first.factor) == ("liver", "ChIA-PET", "CTCF")
    assert both.files == (path.parent / "map0.mcool", world.maps[1])
    assert both.options == {"contact_rule": "published", "hic_resolution": 1000, "max_dist": 1.1}
    assert str(study.out) == "/tmp/elsewhere"
    assert study.gene_options == {"gene_type": "pc", "exclude_chroms": ["chrX"]}
    assert study.tissues == ((1, TISSUES[0]), (3, TISSUES[2]))
    trees = {"model": "gbtree", "repeats": 2, "seed": 5, "params": path.parent / "fast.json"}
    ridge = {"model": "ridge", "cv": "chromosomes", "cv_groups": 3, "neighbour_penalties": [1, "none"]}
    assert study.fits == (
        StudyFit("trees", trees | {"validation_chroms": ["chr9"]}),
        StudyFit("all", ridge),
    )
    assert study.comparison == {"show_published": True, "thin_to": "shallowest", "rotations": 5}
    assert study.shards == 4
    assert study.resources["tensors"] == {"threads": 4, "memory_mb": 8000, "minutes": 30, "gpus": 1}
    assert study.resources["report"] == reading.RESOURCES["report"]


def test_names_say_once_what_maps_share(write):
    path = write("""\
    <<: &usual {resolution: 2000, experiment: Hi-C}
  - {<<: *usual, name: second, files: map1.mcool, experiment: HiChIP}
""")
    first, second = read_study(path).maps
    assert first.options == second.options == {"contact_rule": "corrected", "hic_resolution": 2000}
    assert (first.experiment, second.experiment) == ("Hi-C", "HiChIP")


def test_paths_are_whole_wherever_one_stands(write, monkeypatch):
    path = write()
    monkeypatch.chdir(path.parent.parent)
    assert read_study("lab/study.yaml") == read_study(path)
    assert error_of("lab/nothing.yaml").startswith("lab/nothing.yaml: no such file")


def test_the_same_files_serve_two_maps_with_other_options(write):
    study = read_study(write("  - {name: wide, files: map0.mcool, resolution: 2000}\n"))
    assert [each.options["hic_resolution"] for each in study.maps] == [1000, 2000]


def test_several_files_of_samples_are_one_expression(write, world):
    path = write(lines=LINES.replace("expression.csv", "[liver.tsv, lung.tsv]"), more="value: FPKM\n")
    for name in ("liver", "lung"):
        rows = (path.parent / "expression.csv").read_text().splitlines()
        ids = [row.split(",")[0] for row in rows[1:]]
        table = "".join(f"{gene}\t1\t2\n" for gene in ids)
        (path.parent / f"{name}.tsv").write_text(f"gene_id\tTPM\tFPKM\n{table}")
    study = read_study(path)
    assert [name for _, name in study.tissues] == ["liver", "lung"]
    assert study.expression_options == {"value": "FPKM"}


def test_a_date_and_a_number_in_quotes_are_text(write):
    first = read_study(write('    experiment: 2016-05-01\n    factor: "12"\n')).maps[0]
    assert (first.experiment, first.factor) == ("2016-05-01", "12")


BEHIND = {
    "a key misspelt": ("shrads: 2", "line 8: no such key, shrads; did you mean shards?"),
    "a key of nowhere": ("    qqq: 2", "line 8: no such key, qqq; expected one of name, files, resolution"),
    "a key of a step": ("resources: {train: {gpu: 1}}", "line 8: no such key, gpu; did you mean gpus?"),
    "a tab": ("fits:\n\t- name: a", "line 9: a tab; expected blanks; YAML indents with blanks alone"),
    "a key twice": ("genes: other.csv", "line 8: genes for the second time; the first is in line 1"),
    "a cycle of names": ("fits: &all\n  - *all", "line 8: a cycle of names: what begins here contains itself"),
    "a pattern that is a name": ("tissues: *rain", "line 8: no YAML: found undefined alias 'rain'; put a pattern that"),
    "a map twice by name": ("  - {name: first, files: map1.mcool}", "line 8: map first: the name is there already"),
    "one folder where case does not count": (
        "  - name: First\n    files: map1.mcool",
        "line 8: map First: the name and first are one folder where case does not count",
    ),
    "a map twice by its files": (
        "  - name: other\n    files: ./map0.mcool",
        "line 9: map other: the same files as map first; expected each map once",
    ),
    "a file twice in a map": (
        "  - name: other\n    files:\n      - map1.mcool\n      - ../lab/map1.mcool",
        "line 11: map other: .*/map1.mcool for the second time",
    ),
    "a file that is not there": (
        "  - name: other\n    files: map7.mcool",
        "line 9: files .*/map7.mcool: no such file; check the path; it counts from the file's folder",
    ),
    "a resolution that one map lacks": (
        "  - name: other\n    files: map1.mcool\n    resolution: 5000",
        r"line 9: files .*/map1.mcool: no resolution 5000 \(it has 1000, 2000\); choose resolution among them",
    ),
    "a resolution that windows cannot tile": ("    resolution: 1500", "line 8: resolution 1500: expected a multiple"),
    "a resolution that is no number": ("    resolution: 1 kb", "line 8: resolution: found '1 kb'; expected a whole"),
    "a threshold of the other rule": ("    max_dist: 1", "line 8: max_dist 1: belongs to rule published, but the rule"),
    "edges that do not rise": (
        "    distance_edges: [2, 1]",
        "line 8: distance_edges: found 2 1; expected numbers that",
    ),
    "a rule that decides nothing": (
        "    rule: published",
        "line 8: map first: nothing can be decided by the published",
    ),
    "a count column of a cooler": ("    count_column: 7", "line 8: count_column 7: none of the contact maps is of a"),
    "an unknown tissue": ("tissues: [Liver, Livre]", "line 8: tissues 'Livre': no such tissue in .*; nearest: Liver;"),
    "an index past the end": ("tissues:\n  - 1\n  - 4", r"line 10: tissues 4: .* has 1 to 3 \(1 Brain"),
    "an unknown cell type": ("    cell_type: Heart", "line 8: cell_type 'Heart': no such tissue in"),
    "a cell type that is not asked for": (
        "    cell_type: Liver\ntissues: Brain*",
        "line 8: cell_type Liver: none of the study's tissues; expected one of Brain - Cortex",
    ),
    "no name": ("  - files: map1.mcool", "line 8: maps, number 2: name is missing; expected a map"),
    "a name that is no folder's": ("fits: [{name: a/b, model: ridge}]", "line 8: name: found 'a/b'; expected letters"),
    "an unknown model": ("fits: [{name: a, model: lasso}]", "line 8: model: found 'lasso'; expected one of gbtree"),
    "a model misspelt": (
        "fits: [{name: a, model: rigde}]",
        "line 8: model: found 'rigde'; expected one of gbtree, gblinear, ridge; did you mean ridge",
    ),
    "a fit twice": (
        "fits:\n- {name: a, model: ridge}\n- {name: a, model: gbtree}",
        "line 10: fit a: the name is there",
    ),
    "repeats of the same": (
        "fits: [{name: a, model: ridge, repeats: 2}]",
        "line 8: repeats 2: ridge has no random",
    ),
    "penalties of trees": (
        "fits: [{name: a, model: gbtree, neighbour_penalties: 1}]",
        "line 8: neighbour_penalties: gbtree has no such penalties; model ridge has",
    ),
    "groups of no folds": (
        "fits: [{name: a, model: ridge, cv_groups: 3}]",
        "line 8: cv_groups 3: says how a cross-validation",
    ),
    "held out of all folds": (
        "fits:\n- name: a\n  model: ridge\n  cv: chromosomes\n  test_chroms: [chr8]",
        "line 12: test_chroms: a cross-validation tests on every chromosome in turn; leave it out",
    ),
    "parameters that are not there": (
        "fits: [{name: a, model: ridge, params: no.json}]",
        "line 8: params .*/no.json: no such file",
    ),
    "parameters of another model": (
        "fits: [{name: a, model: ridge, params: narrow.pth}]",
        "line 8: params .*/narrow.pth: ",
    ),
    "a list for a number": ("shards: [1]", "line 8: shards: found a list; expected a whole number from 1 up"),
    "nothing for a number": ("shards:", "line 8: shards: found nothing; expected a whole number from 1 up"),
    "a number past all": (
        "comparison: {least_gain: .inf}",
        r"line 8: least_gain: found \.inf; expected a number above 0",
    ),
    "a number too small": ("shards: -1", "line 8: shards: found -1; expected a whole number from 1 up$"),
    "half a job": ("shards: 1.5", "line 8: shards: found 1.5; expected a whole number from 1 up$"),
    "yes for a number": ("comparison: {seed: yes}", "line 8: seed: found 'yes'; expected a whole number from 0 to"),
    "nothing for a text": (
        "    factor: ~",
        "line 8: factor: found '~'; expected text; put it in quotes if it is a na",
    ),
    "null for a path": ("out: null", "line 8: out: found 'null'; expected a path; put it in quotes if it is a name"),
    "null as a key": ("null: 1", "line 8: null as a key; expected a name"),
    "one fit where case does not count": (
        "fits: [{name: a, model: ridge}, {name: A, model: gbtree}]",
        "line 8: fit A: the name and a are one folder where case does not count; expected a name for each fit",
    ),
    "half of a letter": (
        'out: "\\ud83d"',
        r"line 8: the character '\\ud83d', which is no text by itself; write the character itself in place of",
    ),
    "an escape past all letters": ('out: "\\U00110000"', "line 8: an escape that is no character; write the character"),
    "an escape far past all letters": ('out: "\\UFFFFFFFF"', "line 8: an escape that is no character"),
    "a zero byte": ('out: "a\\0b"', r"line 8: the character '\\x00', which is no text by itself"),
    "a word for a truth": (
        "comparison: {whole_chromosome_fallback: maybe}",
        "line 8: whole_chromosome_fallback: found 'maybe'; expected true or false",
    ),
    "none beside others": ("exclude_chroms: [none, chr2]", "line 8: exclude_chroms: none beside chr2; expected either"),
    "a file for a folder": ("out: genes.csv", "line 8: out .*/genes.csv: .* is no folder"),
    "a tag": ("shards: !!python/name:os.system 1", "line 8: the tag tag:yaml.org,2002:python/name:os.system"),
    "a number as a key": ("1: a", "line 8: no such key, 1; expected one of out, genes"),
    "a list as a key": ("? [a]\n: b", "line 8: a list or keys as a key; expected a name"),
    "two documents": ("---\ngenes: a", "line 8: no YAML: expected a single document in the stream"),
    "a quotation without an end": ("out: 'study", "line 9: no YAML: while scanning a quoted scalar begun in line 8"),
    "a bracket without an end": ("fits: [", "line 9: no YAML: while parsing a flow"),
    "a colon in a text": ("out: a: b", "line 8: no YAML: mapping values are not allowed here; one key a line"),
}


NUMBERS = ["4:00:00", "1:30:00", "03100", "0o17", "0x1F", "1_000", "1e3", "1.0e+3", "+5", ".inf", "-.inf", ".nan", "²"]
"""That are no plain decimals; YAML 1.1 reads most of them as others than they look."""


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_plain_digits(write, number):
    quote = {"1:30:00": "'", "0o17": '"', "1_000": "'"}.get(number, "")
    for more, key, expected in (
        (f"resources: {{train: {{minutes: {quote}{number}{quote}}}}}", "minutes", "minutes, a whole number from 1 up"),
        (f"shards: {quote}{number}{quote}", "shards", "a whole number from 1 up"),
        (f"    max_dist: {quote}{number}{quote}", "max_dist", "a number above 0"),
        (f"comparison: {{thin_to: {quote}{number}{quote}}}", "thin_to", "a whole number from 1 up or shallowest"),
        (
            f"fits: [{{name: a, model: ridge, neighbour_penalties: [{quote}{number}{quote}]}}]",
            "neighbour_penalties",
            "numbers above 0 or none, one or a list",
        ),
    ):
        told = error_of(write(f"{more}\n"), quick=True)
        found = repr(number) if number == "²" else number
        assert f"line 8: {key}: found {found}; expected {expected}" in told
        assert told.endswith("; write it in digits, as 240 or 0.5") or number == "²"


@pytest.mark.parametrize("quote", ["", "'"])
@pytest.mark.parametrize(
    "name", ["NO", "yes", "on", "y", "True", "1.10", "2024_11_30", "0o17", "0x1F", "03100", "1_000", "1e3", "12"]
)
def test_a_name_is_what_was_written(write, name, quote):
    text = f"{quote}{name}{quote}"
    more = f"""\
    factor: {text}
  - {{name: {text}, files: [map0.mcool, map1.mcool], value_column: {text}}}
fits: [{{name: {text}, model: ridge, test_chroms: {text}}}]
exclude_chroms: [{text}, 2:30, ~x]
out: {text}
"""
    path = write(more)
    study = read_study(path, quick=True)
    assert (study.maps[1].name, study.maps[0].factor, study.fits[0].name, study.out.name) == (name,) * 4
    assert study.maps[1].options["value_column"] == name and study.fits[0].options["test_chroms"] == [name]
    assert study.gene_options["exclude_chroms"] == [name, "2:30", "~x"]
    assert read_marked(path).line(("fits", 0, "name")) == 10


@pytest.mark.parametrize("quote", ["", "'"])
def test_numbers_and_truths_in_quotes_are_the_same(write, quote):
    lines = """\
    rule: published
    max_dist: Q1.5Q
    resolution: Q2000Q
shards: Q4Q
comparison: {least_gain: Q.01Q, rotations: Q5Q, whole_chromosome_fallback: QnoQ, show_published: QTrueQ}
resources: {train: {minutes: Q240Q}}
tissues: [Q1Q, QLiverQ]
"""
    study = read_study(write(lines.replace("Q", quote)), quick=True)
    assert study.maps[0].options == {"contact_rule": "published", "max_dist": 1.5, "hic_resolution": 2000}
    assert study.comparison == {"least_gain": 0.01, "rotations": 5, "show_published": True}
    assert (study.shards, study.resources["train"]["minutes"]) == (4, 240)
    assert [index for index, _ in study.tissues] == [1, 3]


@pytest.mark.parametrize("name", ["2024_11_30", "NO", "1.10", "7", "1-2", "1e3"])
def test_a_tissue_of_any_name_goes_before_numbers_of_columns(write, name):
    path = write(f"tissues: {name}\n")
    table = pd.read_csv(path.parent / "expression.csv")
    table.columns = ["gene_id", "Liver", "Lung", name]
    table.to_csv(path.parent / "expression.csv", index=False)
    assert read_study(path, quick=True).tissues == ((3, name),)


WINDOWS = ["con", "CON", "aux.txt", "Prn", "NUL", "com1", "LPT9.x.y", "a.", "a..", "."]


@pytest.mark.parametrize("kind", ["maps", "fits"])
@pytest.mark.parametrize("name", [*WINDOWS, "a ", "a\n", "a\nb", "a/b", "-a", ".a", "é", "a" * 101])
def test_names_that_not_every_system_has_are_refused(write, kind, name):
    written = json.dumps(name)
    entry = {"maps": "  - {name: N, files: map1.mcool}\n", "fits": "fits: [{name: N, model: ridge}]\n"}[kind]
    told = error_of(write(entry.replace("N", written)), quick=True)
    assert "line 8: name: found " in told and "; expected letters, digits, _, . and -, which make the name" in told


@pytest.mark.parametrize("name", ["console", "aux_1", "com", "com10", "a.con", "nul-1", "a.b", "_", "a" * 100])
def test_names_like_those(write, name):
    assert read_study(write(f"  - {{name: {name}, files: map1.mcool}}\n"), quick=True).maps[1].name == name


@pytest.mark.parametrize(("more", "message"), BEHIND.values(), ids=BEHIND)
def test_what_cannot_be_used_is_told_with_its_line(write, more, message):
    path = write(f"{more}\n")
    assert re.match(f"{path}, {message}", told := error_of(path)), told


def test_inputs_that_are_not_there(write):
    for name in ("genes.csv", "genome.fa", "narrow.pth", "expression.csv"):
        path = write()
        (path.parent / name).unlink()
        line = LINES.splitlines().index(next(each for each in LINES.splitlines() if name in each)) + 1
        assert re.match(f"{path}, line {line}: \\w+ .*{name}: no such file", error_of(path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ": nothing is in it; expected keys and values"),
        (b"# nothing\n", ": nothing is in it"),
        (b"study\n", ", line 1: found 'study'; expected keys and values"),
        (b"- genes\n", ", line 1: found a list; expected keys and values"),
        (b"out: study\n", ", line 1: genes is missing"),
        (b"out: study\ngenes: \xff\n", ", line 2: no text in UTF-8"),
        (b"out: study\n\n\x01", r", line 3: the character '\\x01'"),
        (b"shards: " + b"9" * 5000, r", line 1: shards: found 9+\.\.\.; expected a whole number from 1 up"),
        (b"a: " + b"[" * 1000, ": lists or keys in each other, too deep to be read"),
        (b"a" * 5_000_000, ", line 1: no text in UTF-8"),
        (
            b"a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
            + b"".join(b"%c: &%c [%s]\n" % (to, to, b", ".join([b"*%c" % (to - 1)] * 10)) for to in b"bcdefgh"),
            ", line 5: names that expand to more than 100,000 values",
        ),
    ],
)
def test_what_is_no_study_at_all(write, content, message):
    path = write()
    path.write_bytes(content)
    assert re.match(f"{path}{message}", error_of(path))


def test_a_quick_look_leaves_maps_unopened(write):
    path = write("    resolution: 5000\n")
    assert "no resolution 5000" in error_of(path)
    assert read_study(path, quick=True).maps[0].options["hic_resolution"] == 5000
    assert "no such file" in error_of(write(lines=LINES.replace("map0", "map7")), quick=True)


@pytest.mark.parametrize("library", ["yaml", "jsonschema"])
def test_a_library_that_is_not_installed(write, library, monkeypatch):
    usual = builtins.__import__

    def without(name, *others):
        if name == library:
            raise ModuleNotFoundError(name=name)
        return usual(name, *others)

    monkeypatch.setattr(builtins, "__import__", without)
    message = error_of(write())
    assert message.startswith(
        f"{library}, which reads studies, is not installed; get it with: pip install 'spex-expression[workflow]'"
    )


# the template


def uncommented(text):
    """The template with every key in place, the lines of prose left out."""
    lines = []
    for line in text.splitlines():
        found = re.fullmatch(r"( *)# ( *(?:- )?[a-z_]+:(?: .*)?)", line)
        lines += [found[1] + found[2]] if found else [] if line.startswith("#") else [line]
    return "\n".join(lines)


def test_the_template_has_every_key_at_its_default(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(TEMPLATE)
    assert [*read_marked(path).values] == ["genes", "genome", "weights", "expression", "maps"]
    path.write_text(uncommented(TEMPLATE))
    values = read_marked(path).values
    schema = STUDY["properties"]
    assert values.keys() == schema.keys()
    for key in ("maps", "fits"):
        assert values[key][0].keys() == schema[key]["items"]["properties"].keys()
    assert values["comparison"].keys() == schema["comparison"]["properties"].keys()
    assert values["resources"] == reading.RESOURCES
    assert {name: value for name, value in values["comparison"].items() if name != "thin_to" and value} == {
        name: getattr(Protocol(), name) for name in ("correction", "least_gain", "rotations", "seed")
    }
    assert (values["out"], values["shards"], values["tissues"]) == (reading.OUT, 1, "all")
    first = values["maps"][0]
    assert (first["rule"], first["resolution"]) == (reading.RULE, reading.RESOLUTION)


@pytest.fixture
def fetched(write, world, monkeypatch):
    """Called with changes of the portal's answer: a study whose map is an accession, and a server in the portal's
    place."""
    with FileServer({}) as server:
        monkeypatch.setattr(portals, "PORTALS", dict.fromkeys(portals.PORTALS, f"{server.address}/{{}}?format=json"))

        def write_file(more="", **changes):
            about = {"biosource_name": "liver", "experiment_type": "ChIA-PET", "assay_info": "CTCF"} | changes
            href = "/files-processed/x/@@download/4DNFIARR7LP4.mcool"
            answer = {"accession": "4DNFIARR7LP4", "href": href, "track_and_facet_info": about}
            content = world.maps[0].read_bytes()
            answer["md5sum"] = hashlib.md5(content).hexdigest()
            server.files |= {"4DNFIARR7LP4": json.dumps(answer).encode(), "4DNFIARR7LP4.mcool": content}
            return write(more, lines=LINES.replace("map0.mcool", "4DNFIARR7LP4"))

        yield write_file


def test_an_accession_is_fetched_and_fills_what_the_file_does_not_say(fetched, capsys):
    path = fetched()
    said = "line 7: files 4DNFIARR7LP4: not fetched yet; spex study fetch gets the files of accessions"
    assert error_of(path) == f"{path}, {said}"
    assert study_command.main(["fetch", str(path)]) == 0
    there = path.parent / "data/4DNFIARR7LP4.mcool"
    assert capsys.readouterr().out == f"{there}\n"
    (map_,) = read_study(path).maps
    assert (map_.files, map_.cell_type, map_.experiment, map_.factor) == ((there,), "Liver", "ChIA-PET", "CTCF")
    path = fetched("    cell_type: Brain*\n    factor: mine\n")
    (map_,) = read_study(path, quick=True).maps
    assert (map_.cell_type, map_.experiment, map_.factor) == ("Brain*", "ChIA-PET", "mine")
    there.unlink()
    assert "not fetched yet" in error_of(path)


@pytest.mark.parametrize("name, said", [("GM12878", "no tissue of the study"), ("Brain", "the name of 2 tissues")])
def test_a_portal_s_cell_type_that_is_no_tissue_is_left_out(fetched, capsys, name, said):
    path = fetched(biosource_name=name)
    assert study_command.main(["fetch", str(path), "--quiet"]) == 0
    (map_,) = read_study(path).maps
    assert map_.cell_type is None and map_.experiment == "ChIA-PET"
    assert f"map first: its portal's cell type {name} is {said}" in capsys.readouterr().err


def test_files_of_other_experiments_fill_nothing(fetched, world):
    path = fetched()
    assert study_command.main(["fetch", str(path)]) == 0
    path.write_text(path.read_text().replace("files: 4DNFIARR7LP4", "files: [4DNFIARR7LP4, map1.mcool]"))
    (map_,) = read_study(path).maps
    assert len(map_.files) == 2 and (map_.cell_type, map_.experiment, map_.factor) == (None, None, None)


TWO = """\
    cell_type: Liver
  - {name: second, files: map1.mcool, cell_type: "*Cortex"}
  - {name: third, files: [map0.mcool, map1.mcool], cell_type: "Brain*"}
  - {name: fourth, files: map0.mcool, min_count: 3, cell_type: liv*}
  - {name: fifth, files: map1.mcool, min_count: 3}
"""


def test_maps_that_are_compared_between_cells(write):
    assert read_study(write(TWO), quick=True).between == ()
    assert read_study(write(f"{TWO}between: [second, first]\n"), quick=True).between == ("second", "first")


@pytest.mark.parametrize(
    ("between", "found"),
    [
        ("[first, sixth]", "sixth: no such map; expected one of first, second"),
        ("[first, third]", "map third: its cell_type is 2 of the study's tissues; expected for each map one tissue"),
        ("[first, fourth]", "map fourth: its cell_type is that of map first"),
        ("[first, fifth]", "map fifth: its cell_type is 0 of the study's tissues"),
        ("first", "one map, first; expected maps of two cells or more"),
    ],
)
def test_maps_without_a_tissue_of_their_own_are_not_compared_between_cells(write, between, found):
    assert f", line 13: {found}" in error_of(write(f"{TWO}between: {between}\n"), quick=True)
