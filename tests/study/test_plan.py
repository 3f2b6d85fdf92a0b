"""The commands that a study is made of are understood by those who run them."""

from study_files import write_study

from spex.commands.main import parser_of
from spex.study.reading import read_study

MORE = """\
    distance_edges: [0.4, 1]
    cell_type: Liver
  - {name: second, files: [map0.mcool, map1.mcool], contact_weight: log, min_count: 3, cell_type: "*Cortex"}
between: [second, first]
gene_type: pc
exclude_chroms: [chrX, chr9]
tissues: [1, 3]
fits: [{name: a, model: ridge, cv: chromosomes, neighbour_penalties: [1, none]}]
comparison: {whole_chromosome_fallback: true, rotations: 5}
shards: 3
resources: {tensors: {gpus: 1}}
"""


def test_commands_understand_what_the_study_says(world, tmp_path):
    study = read_study(write_study(tmp_path / "lab", world, MORE))
    base, first, second = study.folders
    assert (base, first, second) == ("sequence_alone", "maps/first", "maps/second")
    assert [*study.folders.values()] == [None, *study.maps]

    command, *argv = study.tensors_command(first, 2)
    args = parser_of("tensors").parse_args(argv)
    assert command == "tensors" and (args.data_folder, args.divisor, args.remainder) == (first, 3, 2)
    assert (args.distance_edges, args.rule, args.gene_type) == ([0.4, 1], "corrected", "pc")
    assert (args.exclude_chroms, args.device) == (["chrX", "chr9"], "CUDA")
    args = parser_of("tensors").parse_args(study.tensors_command(second, 1)[1:])
    assert args.maps == [str(path) for path in study.maps[1].files]
    assert args.rule == study.maps[1].rule.name and args.min_count == study.maps[1].rule.min_count == 3
    assert args.contact_weight == study.maps[1].rule.contact_weight == "log"
    args = parser_of("tensors").parse_args(study.tensors_command(base, 0)[1:])
    assert args.maps == [] and "rule" not in args.given

    for folder, penalties in ((base, None), (second, [1, "none"])):
        command, *argv = study.train_command(folder, study.fits[0])
        args = parser_of("train").parse_args(argv)
        assert command == "train" and (args.data_folder, args.model) == (folder, "ridge")
        assert (args.cv, args.neighbour_penalties) == ("chromosomes", penalties)
        assert (args.target_index, args.device) == (["1", "3"], "CPU")

    command, *argv = study.compare_command()
    args = parser_of("compare").parse_args(argv)
    assert command == "compare" and (args.base_folder, args.map_folders) == (base, [first, second])
    assert (args.out, args.rotations, args.cell_type) == ("comparison", 5, ["maps/first=Liver", "maps/second=*Cortex"])
    assert args.whole_chromosome_fallback
    assert args.maps == [str(path) for each in study.maps for path in each.files]

    assert not args.between
    args = parser_of("compare").parse_args(study.between_command()[1:])
    assert args.between and (args.base_folder, args.map_folders) == (base, [second, first])
    assert (args.out, args.rotations, args.cell_type) == ("between", 5, ["maps/second=*Cortex", "maps/first=Liver"])
    assert args.maps == [str(path) for each in reversed(study.maps) for path in each.files]

    command, *argv = study.sheet_command(study.maps[1], "sheet.json")
    args = parser_of("map").parse_args(argv)
    assert command == "map" and (args.json, args.profile) == ("sheet.json", "sheet.npz")
    assert args.maps == [str(path) for path in study.maps[1].files]
