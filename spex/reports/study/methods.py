"""What a study was made from and how, in words: inputs, methods, versions, hashes. Files by their names alone."""

from pathlib import Path

from spex.files.hashes import file_sha256
from spex.reports.comparison import methods as of_comparison


def words_of_inputs(study, found):
    """Pairs of what and words, about the whole study."""
    yield "study", study.path.name
    yield "genes", _named([study.genes], study.gene_options)
    yield "genome", _name(study.genome)
    yield "network", _name(study.weights)
    yield "expression", _named(study.expression, study.expression_options)
    yield "tissues", f"{found.results['target_index'].nunique():,}"
    yield "maps", f"{len(found.maps):,}"
    yield "fits", "; ".join(_named([fit.name], fit.options) for fit in study.fits) or "none"
    if study.comparison:
        yield "comparison", _options(study.comparison)


def _named(files, options):
    names = ", ".join(_name(file) for file in files)
    return f"{names} ({_options(options)})" if options else names


def _name(file):
    return Path(file).name


def _options(options):
    """Options as text; of values that are paths the names alone."""
    return ", ".join(f"{name} {_value(value)}" for name, value in options.items())


def _value(value):
    if isinstance(value, list | tuple):
        return " ".join(map(_value, value))
    return _name(value) if isinstance(value, Path) or (isinstance(value, str) and "/" in value) else str(value)


def methods(study, found):
    """The paragraph for a paper's methods."""
    fits = "; ".join(_named([fit.name], fit.options) for fit in study.fits)
    scores = (
        f"Besides, {fits} {'was' if len(study.fits) == 1 else 'were'} fitted to sequence alone and to each map's "
        "features on the same genes."
    )
    return " ".join([of_comparison.methods(found), *([scores] if study.fits else [])])


def versions(found):
    """Pairs of program and version."""
    return sorted((found.settings.get("versions") or {}).items())


def hashes(study, found):
    """Rows of what, names of files, SHA-256."""
    base = found.settings.get("base") or {}
    rows = [["study", study.path.name, file_sha256(study.path)]] if study.path.exists() else []
    for what, field, file in (
        ("genes", "genes_sha256", study.genes),
        ("genome", "genome_sha256", study.genome),
        ("network", "beluga_sha256", study.weights),
    ):
        if field in base:
            rows.append([what, _name(file), base[field]])
    if "expression_sha256" in found.settings:
        rows.append(["expression as compared", _named(study.expression, {}), found.settings["expression_sha256"]])
    files = dict(zip(found.about["map"], found.about["files"], strict=True))
    for name, facts in found.settings.get("maps", {}).items():
        made = (facts.get("made_with") or {}).get("maps_sha256") or []
        if name in files:
            rows += [[name, files[name], sha256] for sha256 in made]
    return rows
