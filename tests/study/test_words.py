"""The commands that a study is made of are understood by those who run them."""

from study_files import write_study

from spex.commands import compare, tensors, train
from spex.commands import map as map_
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
comparison: {narrow_draw: true, rotations: 5}
shards: 3
"""


def test_commands_take_the_words_of_a_study(world, tmp_path):
    study = read_study(write_study(tmp_path / "lab", world, MORE))
    base, first, second = words.folders(study)
    assert words.folders(study)[base] is None

    args = tensors.create_parser().parse_args(words.tensors_words(study, first, 2)[1:])
    assert (args.data_folder, args.divisor, args.reminder) == ("maps/first", 3, 2)
    assert (args.distance_edges, args.contact_rule, args.gene_type) == ([0.4, 1], "corrected", "pc")
    assert args.exclude_chroms == ["chrX", "chr9"]
    args = tensors.create_parser().parse_args(words.tensors_words(study, base, 0)[1:])
    assert args.mcool_filename == [] and "contact_rule" not in args.given

    for folder, penalties in ((base, None), (second, [1, "none"])):
        args = train.create_parser().parse_args(words.train_words(study, folder, study.fits[0])[1:])
        assert (args.data_folder, args.cv, args.neighbour_penalties) == (folder, "chromosomes", penalties)
        assert args.target_index == ["1", "3"]

    args = compare.create_parser().parse_args(words.compare_words(study)[1:])
    assert (args.base_folder, args.map_folders) == (base, [first, second])
    assert args.cell_type == ["maps/first=Liver"] and args.narrow_draw and args.rotations == 5

    args = map_.create_parser().parse_args(words.sheet_words(study, study.maps[1], "sheet.json")[1:])
    assert args.mcool_filename == [str(path) for path in study.maps[1].files] and args.json == "sheet.json"
