"""The commands that a study is made of: the words behind `spex`, for whoever starts them in the study's folder.

Inputs have their whole paths. What the study makes is named from its folder, so that no result depends on where it is.
"""

CPU, GPU = "CPU", "CUDA"


def folders(study):
    """The data folders of a study, as the commands name them: sequence alone, then each map's in its order.

    Returns: dict of the name -> StudyMap, or None for sequence alone.
    """
    within = {inside(study, study.base_folder): None}
    return within | {inside(study, study.map_folder(each.name)): each for each in study.maps}


def inside(study, path):
    """A path within the study's folder, as the commands name it."""
    return path.relative_to(study.out).as_posix()


def tensors_words(study, folder, shard):
    """Words of the command that makes a shard of a folder's tensors. folder: of `folders`. shard: from 0."""
    map_ = folders(study)[folder]
    options = {
        "data_folder": folder,
        "genes_filename": study.genes,
        **study.gene_options,
        "genome_filename": study.genome,
        "beluga_model_filename": study.weights,
        "pred_cache_folder": inside(study, study.cache),
        "compute_platform": _platform(study, "tensors"),
        "divisor": study.shards,
        "reminder": shard,
    }
    of_map = {} if map_ is None else {"mcool_filename": map_.files, **map_.options}
    return ["tensors", *_as_words(options | of_map)]


def train_words(study, folder, fit):
    """Words of the command that makes one StudyFit of a folder, for all tissues. folder: of `folders`.

    Sequence alone has no contact columns that could have penalties of their own.
    """
    mine = dict(fit.options)
    if folders(study)[folder] is None:
        mine.pop("neighbour_penalties", None)
    options = {
        "data_folder": folder,
        **_genes_and_expression(study),
        "compute_platform": _platform(study, "train"),
        **mine,
    }
    return ["train", *_as_words(options)]


def compare_words(study):
    """Words of the command that compares the maps."""
    base, *maps = folders(study)
    cells = [f"{inside(study, study.map_folder(each.name))}={each.cell_type}" for each in study.maps if each.cell_type]
    options = {
        "out": inside(study, study.comparison_folder),
        **_genes_and_expression(study),
        "pred_cache_folder": inside(study, study.cache),
        "mcool_filename": [path for each in study.maps for path in each.files],
        "cell_type": cells or None,
    }
    return ["compare", base, *maps, *_as_words(options | study.comparison)]


def sheet_words(study, map_, path):
    """Words of the command that writes a map's data sheet. map_: StudyMap. path: of the sheet, JSON."""
    reading = ("hic_resolution", "value_column", "count_column", "contact_radius")
    options = {
        "genes_filename": study.genes,
        **study.gene_options,
        **{name: map_.options[name] for name in reading if name in map_.options},
        "json": path,
    }
    return ["map", *map(str, map_.files), *_as_words(options)]


def report_words(study):
    """Words of the command that writes the report."""
    return ["study", "report", str(study.path)]


def _genes_and_expression(study):
    return {
        "genes_filename": study.genes,
        **study.gene_options,
        "gene_expression_filename": study.expression,
        **study.expression_options,
        "target_index": [index for index, _ in study.tissues],
    }


def _platform(study, step):
    """Where a step computes. It is said each time, so that no number depends on what a node happens to have."""
    return GPU if study.resources[step]["gpus"] else CPU


def _as_words(options):
    """Options as words. options: name -> value or several; True: the name alone; None and False: not given."""
    words = []
    for name, value in options.items():
        if value is None or value is False:
            continue
        words.append(f"--{name}")
        if value is not True:
            words += map(str, value if isinstance(value, list | tuple) else [value])
    return words
