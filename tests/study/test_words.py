"""The commands that a study is made of are understood by those who run them."""

from study_files import write_study

from spex.commands.main import parser_of
from spex.study import words
from spex.study.reading import read_study

MORE = """\
    distance_edges: [0.4, 1]
    cell_type: Liver
  - {name: second, files: [map0.mcool, map1.mcool], contact_weight: log}
gene_type: pc
exclude_chroms: [chrX, chr9]
tissues: [1, 3]
fits: [{name: a, model: ridge, cv: chromosomes, neighbour_penalties: [1, none]}]
comparison: {whole_chromosome_fallback: true, rotations: 5}
shards: 3
"""


def test_commands_take_the_words_of_a_study(world, tmp_path):
    study = read_study(write_study(tmp_path / "lab", world, MORE))
    base, first, second = words.folders(study)
    assert words.folders(study)[base] is None

    args = parser_of("tensors").parse_args(words.tensors_words(study, first, 2)[1:])
    assert (args.data_folder, args.divisor, args.remainder) == ("maps/first", 3, 2)
    assert (args.distance_edges, args.rule, args.gene_type) == ([0.4, 1], "corrected", "pc")
    assert args.exclude_chroms == ["chrX", "chr9"]
    args = parser_of("tensors").parse_args(words.tensors_words(study, base, 0)[1:])
    assert args.maps == [] and "rule" not in args.given

    for folder, penalties in ((base, None), (second, [1, "none"])):
        args = parser_of("train").parse_args(words.train_words(study, folder, study.fits[0])[1:])
        assert (args.data_folder, args.cv, args.neighbour_penalties) == (folder, "chromosomes", penalties)
        assert args.target_index == ["1", "3"]

    args = parser_of("compare").parse_args(words.compare_words(study)[1:])
    assert (args.base_folder, args.map_folders) == (base, [first, second])
    assert args.cell_type == ["maps/first=Liver"] and args.whole_chromosome_fallback and args.rotations == 5

    args = parser_of("map").parse_args(words.sheet_words(study, study.maps[1], "sheet.json")[1:])
    assert args.maps == [str(path) for path in study.maps[1].files] and args.json == "sheet.json"
