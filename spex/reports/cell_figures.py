"""Pictures of coloured cells: maps and tissues, maps against maps, and the gain by number and distance of contacts."""

import math

import numpy as np

from spex.reports import figures
from spex.reports.comparison_text import ordered, pairs_in_words
from spex.reports.figures import INK, LINE_HEIGHT, LOSS_TO_GAIN, ON_CELLS, handle, label, line_count
from spex.reports.numbers import level, signed
from spex.reports.row_figures import FINDINGS

TISSUES_AT_ONCE = 55
"""Tissues of one picture, so that it fits a sheet of paper; more take several pictures."""

CELL_WIDTH, CELL_HEIGHT = 0.3, 0.17
PAIR_SIDE, WRITTEN_MAPS = 0.62, 12
"""Inches of a cell of two maps, and the number of maps up to which the difference is written in it."""

GROUP_HEIGHT = 0.58
VIEWS = {
    "contacts": ("by number of contacts", "fewer to more contacts"),
    "distance": ("by distance of contacts", "near to far"),
}
"""Views of the groups -> their title and the order of their groups."""

LIKENESS = {"scc": "stratum-adjusted correlation", "jaccard": "contacts of genes in common (Jaccard)"}
"""Column of maps against maps -> its title."""

CENTRED = {"ha": "center", "va": "center", "color": ON_CELLS}
"""How text stands in a cell."""

NO_CONTACTS = "none"
"""Group of the genes without contacts."""

STEPS = len(LOSS_TO_GAIN) // 2
ROUND = (1, 2, 2.5, 5)


def step_of(values):
    """Difference that a step of the colours stands for: the least round number that all values fit into.

    values: array. Returns: float; 1e-4 where nothing differs from 0.
    """
    largest = np.nanmax(np.abs(values), initial=0.0, where=np.isfinite(values))
    if largest == 0:
        return 1e-4
    least = largest / (STEPS + 0.5)
    power = 10.0 ** math.floor(math.log10(least))
    return next(number * power for number in (*ROUND, 10) if number * power >= least * (1 - 1e-9))


def draw_tissues(comparison):
    """Gain of each map in each tissue, and where what was found. Returns: list of pictures, empty for one tissue."""
    results = comparison.results
    if results["target_index"].nunique() < 2:
        return []
    maps = list(ordered(comparison.maps)["map"])
    tissues = results.drop_duplicates("target_index")["target_index"].to_list()
    parts = np.array_split(tissues, -(-len(tissues) // TISSUES_AT_ONCE))
    step = step_of(results["gain"].to_numpy())
    return [
        _draw_tissues(results, maps, part, step, f"tissues_{number}" if len(parts) > 1 else "tissues")
        for number, part in enumerate(parts, start=1)
    ]


def _draw_tissues(results, maps, tissues, step, name):
    shown = results[results["target_index"].isin(tissues)]
    place = shown.assign(
        row=shown["target_index"].map({tissue: row for row, tissue in enumerate(tissues)}),
        column=shown["map"].map({name: column for column, name in enumerate(maps)}),
    )
    names = shown.drop_duplicates("target_index").set_index("target_index")["target"].reindex(tissues)
    map_labels = [label(name, lines=2) for name in maps]
    across = max(CELL_WIDTH, LINE_HEIGHT * line_count(map_labels) + 0.1)
    height = 1.8 + len(tissues) * CELL_HEIGHT + _room_above(map_labels)
    with figures.figure(max(6.4, 4.2 + len(maps) * across), height) as (figure, (axes,)):
        _draw_cells(axes, place["row"], place["column"], place["gain"], step)
        _draw_scale(figure, [axes], step, "gain over sequence alone (Spearman)")
        handles = [*_mark_found(axes, place), *_outline_own_cell_types(axes, place)]
        _name_cells(axes, map_labels, [label(text, 44, 1) for text in names])
        axes.xaxis.tick_top()
        if handles:
            figure.legend(handles=handles, loc="outside lower left", ncols=1, alignment="left")
        return figures.save(figure, name, _tissues_in_words(shown, maps, len(tissues)))


def draw_likeness(likeness):
    """Maps against maps: stratum-adjusted correlation and shared contacts, a matrix of each. Returns: Picture.

    likeness: DataFrame of `compare_profiles`, in which names are short.
    """
    names = list(dict.fromkeys([*likeness["one"], *likeness["other"]]))
    place = {name: number for number, name in enumerate(names)}
    one, other = (likeness[side].map(place).to_numpy() for side in ("one", "other"))
    labels = [label(name, lines=2) for name in names]
    size = max(0.45, LINE_HEIGHT * line_count(labels) + 0.1) * len(names)
    with figures.figure(6.4 + 2 * size, 2.2 + size + _room_above(labels), 2) as (figure, panels):
        for axes, (column, title) in zip(panels, LIKENESS.items(), strict=True):
            values = np.concatenate([likeness[column], likeness[column]])
            rows, columns = np.concatenate([other, one]), np.concatenate([one, other])
            _draw_cells(axes, rows, columns, values, 1 / STEPS)
            for row, at, value in zip(rows, columns, values, strict=True):
                axes.text(at, row, level(value, 2), fontsize=7, **CENTRED)
            _name_cells(axes, labels, labels)
            axes.set_title(title)
        pairs = "; ".join(
            f"{row.one} and {row.other}: {level(row.scc)}, {level(row.jaccard)}" for row in likeness.itertuples()
        )
        return figures.save(figure, "likeness", f"Maps against maps, correlation and shared contacts. {pairs}")


def draw_exchanges(exchanges):
    """What each map takes away of the squared error in each cell, each cell's own map outlined.

    exchanges: DataFrame of `CellComparison`.
    """
    maps = list(dict.fromkeys(exchanges["map"]))
    place = {name: number for number, name in enumerate(maps)}
    cells = exchanges.assign(row=exchanges["cell"].map(place), column=exchanges["map"].map(place))
    cells["percent"] = 100 * cells["removed"]
    step = step_of(cells["percent"].to_numpy())
    labels = [label(name, lines=2) for name in maps]
    tissues = cells[cells["own"]].sort_values("row")["target"]
    size = max(GROUP_HEIGHT, LINE_HEIGHT * line_count(labels) + 0.1)
    height = 2.2 + len(maps) * size + _room_above(labels)
    with figures.figure(max(6.4, 4.6 + len(maps) * size), height) as (figure, (axes,)):
        _draw_cells(axes, cells["row"], cells["column"], cells["percent"], step)
        _draw_scale(figure, [axes], step, "% of the squared error\nleft by sequence and number")
        for cell in cells.itertuples():
            axes.text(cell.column, cell.row, signed(cell.percent, max(1, _decimals(step))), fontsize=8, **CENTRED)
        handles = _outline_own_cell_types(axes, cells.rename(columns={"own": "own_cell_type"}))
        _name_cells(axes, labels, [label(text, 44, 1) for text in tissues])
        axes.xaxis.tick_top()
        figure.legend(handles=handles, loc="outside lower left", ncols=1, alignment="left")
        alt = "; ".join(f"{cell.map} for {cell.target}: {signed(cell.percent, 2)} %" for cell in cells.itertuples())
        return figures.save(figure, "exchanges", f"Squared error removed by each map in each cell. {alt}")


def _tissues_in_words(shown, maps, count):
    found = shown[shown["verdict"].isin(FINDINGS[0].verdicts)].groupby("map").size()
    each = "; ".join(f"{name}: {found.get(name, 0)}" for name in maps)
    return f"Gains of {len(maps)} maps in {count} tissues. Tissues with sequence information found: {each}"


def _mark_found(axes, place):
    """A mark on the cells where something was found. Returns: what the legend needs."""
    handles = []
    for finding in (each for each in FINDINGS if each.cell_marker):
        mine = place[place["verdict"].isin(finding.verdicts)]
        if len(mine):
            look = {"markersize": 4.5, "markerfacecolor": ON_CELLS if finding.cell_filled else "none"}
            axes.plot(mine["column"], mine["row"], finding.cell_marker, color=ON_CELLS, **look)
            handles.append(handle(INK, finding.cell_marker, finding.text, not finding.cell_filled))
    return handles


def _outline_own_cell_types(axes, place):
    """A frame around the cells of a map's own cell type. Returns: what the legend needs."""
    from matplotlib.patches import Patch  # noqa: PLC0415

    if "own_cell_type" not in place or not place["own_cell_type"].any():
        return []
    own = place[place["own_cell_type"].astype(bool)]
    _patch(axes, _boxes(own["row"], own["column"], 0.46), facecolor="none", edgecolor=ON_CELLS, linewidth=1.6)
    return [Patch(facecolor="none", edgecolor=INK, linewidth=1.6, label="the map's own cell type")]


def _draw_cells(axes, rows, columns, values, step):
    """Cells of a grid, coloured by their values. rows, columns, values: (n,); cells without a value stay empty."""
    level = np.clip(np.rint(np.asarray(values, float) / step), -STEPS, STEPS) + STEPS
    for number, colour in enumerate(LOSS_TO_GAIN):
        mine = level == number
        if mine.any():
            path = _boxes(np.asarray(rows)[mine], np.asarray(columns)[mine], 0.5)
            _patch(axes, path, facecolor=colour, edgecolor=colour, linewidth=0.2)
    axes.grid(visible=False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _room_above(labels):
    """Inches that upright names of columns take."""
    return 0.085 * max(map(len, labels)) / line_count(labels)


def _name_cells(axes, columns, rows):
    """Names of a grid's columns and rows, and the room of its cells."""
    axes.set_xticks(range(len(columns)), labels=columns, rotation=90, fontsize=8)
    axes.set_yticks(range(len(rows)), labels=rows, fontsize=8)
    axes.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5))


def _draw_scale(figure, panels, step, what):
    """What the colours mean. what: text beside the scale."""
    from matplotlib.cm import ScalarMappable  # noqa: PLC0415
    from matplotlib.colors import BoundaryNorm, ListedColormap  # noqa: PLC0415

    edges = (np.arange(len(LOSS_TO_GAIN) + 1) - STEPS - 0.5) * step
    scale = ScalarMappable(BoundaryNorm(edges, len(LOSS_TO_GAIN)), ListedColormap(LOSS_TO_GAIN))
    ticks = np.arange(1 - STEPS, STEPS, 2) * step
    shrink = min(1, 2.6 / figure.get_figheight())
    bar = figure.colorbar(scale, ax=list(panels), label=what, ticks=ticks, shrink=shrink, pad=0.02, aspect=14)
    bar.ax.set_yticklabels([signed(tick, _decimals(step)) if tick else "0" for tick in ticks], fontsize=8)
    bar.ax.tick_params(length=0)
    bar.outline.set_visible(False)


def _decimals(step):
    """Decimals that show multiples of a step as different numbers."""
    return next(digits for digits in range(20) if math.isclose(round(step, digits), step, rel_tol=1e-6))


def _boxes(rows, columns, half):
    """Squares of 2 * half around cells as one path: thousands of cells stay one element of an SVG."""
    from matplotlib.path import Path  # noqa: PLC0415

    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half], [-half, -half]])
    centres = np.stack([np.asarray(columns, float), np.asarray(rows, float)], axis=1)
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(centres)
    return Path((centres[:, None] + corners).reshape(-1, 2), codes)


def _patch(axes, path, **look):
    from matplotlib.patches import PathPatch  # noqa: PLC0415

    return axes.add_patch(PathPatch(path, clip_on=False, **look))


def draw_pairs(comparison):
    """By how much each map (row) gains more than each other (column), and which pairs differ; of two maps or more."""
    pairs = comparison.pairs
    maps = [name for name in ordered(comparison.maps)["map"] if name in {*pairs["map"], *pairs["other"]}]
    place = {name: number for number, name in enumerate(maps)}
    rows, columns = pairs["map"].map(place), pairs["other"].map(place)
    values = pairs["difference"].to_numpy()
    step = step_of(values)
    names = [label(name, lines=2) for name in maps]
    side = max(PAIR_SIDE, LINE_HEIGHT * line_count(names) + 0.1) if len(maps) <= WRITTEN_MAPS else CELL_WIDTH
    height = 1.4 + len(maps) * side + _room_above(names)
    with figures.figure(max(6.4, 4.6 + len(maps) * side), height) as (figure, (axes,)):
        _draw_cells(axes, [*rows, *columns], [*columns, *rows], [*values, *-values], step)
        _draw_scale(figure, [axes], step, "gain of the row's map less\nthat of the column's (Spearman)")
        for row, column, value, differ in zip(rows, columns, values, pairs["differ"], strict=True):
            for here, there, shown in ((row, column, value), (column, row, -value)):
                if len(maps) <= WRITTEN_MAPS:
                    axes.text(
                        there, here - 0.14 * differ, signed(shown, max(3, _decimals(step))), fontsize=7.5, **CENTRED
                    )
                if differ:
                    axes.plot(there, here + 0.24 * (len(maps) <= WRITTEN_MAPS), "o", color=ON_CELLS, markersize=4)
        _name_cells(axes, names, names)
        axes.xaxis.tick_top()
        if pairs["differ"].any():
            figure.legend(handles=[handle(INK, "o", "the two differ")], loc="outside lower left", alignment="left")
        return figures.save(figure, "pairs", f"Maps against each other. {pairs_in_words(comparison)}")


def draw_groups(comparison):
    """Share of the error that each map takes away, by number and by distance of its contacts."""
    maps = list(ordered(comparison.maps)["map"])
    there = [view for view in VIEWS if (comparison.groups["view"] == view).any()]
    views = {view: _grid(comparison.groups, view, maps) for view in there}
    names = [label(name) for name in maps]
    step = step_of(np.concatenate([cells["gain"].to_numpy() for cells in views.values()]))
    ratios = [int(cells["column"].max()) + 1 for cells in views.values()]
    height = 1.7 + len(maps) * max(GROUP_HEIGHT, LINE_HEIGHT * (line_count(names) + 0.7))
    options = {"sharey": True, "gridspec_kw": {"width_ratios": ratios}}
    with figures.figure(3.4 + 0.82 * sum(ratios), height, len(views), **options) as (figure, panels):
        for axes, (view, cells) in zip(panels, views.items(), strict=True):
            _draw_view(axes, cells, step)
            title, direction = VIEWS[view]
            axes.set(title=title, xlabel=direction, xlim=(-0.5, cells["column"].max() + 0.5))
        panels[0].set_yticks(range(len(maps)), labels=names)
        panels[0].set_ylim(len(maps) - 0.5, -0.5)
        _draw_scale(figure, panels, step, "% of the squared error\nleft by sequence and number")
        return figures.save(figure, "groups", _groups_in_words(views, maps))


def _grid(groups, view, maps):
    """The groups of a view as cells: DataFrame with map, group, gain (%), genes, row, column.

    Each map has groups of its own, in their order; those without contacts have the first column to themselves.
    """
    mine = groups[groups["view"] == view]
    cells = mine.groupby(["map", "group"], sort=False).agg(gain=("gain", "mean"), genes=("genes", "max")).reset_index()
    cells["gain"] *= 100
    with_none = (cells["group"] == NO_CONTACTS).any()
    others = cells["group"] != NO_CONTACTS
    cells["column"] = others.groupby(cells["map"]).cumsum().where(others, 0) - (0 if with_none else 1)
    cells["row"] = cells["map"].map({name: row for row, name in enumerate(maps)})
    return cells.sort_values(["row", "column"], ignore_index=True)


def _draw_view(axes, cells, step):
    """One view of the groups. cells: from `_grid`."""
    _draw_cells(axes, cells["row"], cells["column"], cells["gain"], step)
    for cell in cells[cells["gain"].notna()].itertuples():
        axes.text(cell.column, cell.row - 0.22, signed(cell.gain, max(1, _decimals(step))), **CENTRED)
        axes.text(
            cell.column, cell.row + 0.2, f"{label(cell.group, 18, 1)}\n{cell.genes:,} genes", fontsize=6.5, **CENTRED
        )
    none = cells[cells["group"] == NO_CONTACTS]
    if len(none):
        path = _boxes(none["row"], none["column"], 0.46)
        _patch(axes, path, facecolor="none", edgecolor=ON_CELLS, linewidth=1.2)
    axes.set_xticks([])


def _groups_in_words(views, maps):
    parts = []
    for name in maps:
        for view, cells in views.items():
            mine = cells[cells["map"] == name]
            gains = ", ".join(f"{cell.group} {signed(cell.gain, 2)} %" for cell in mine.itertuples())
            parts.append(f"{name}, {VIEWS[view][0]}: {gains}")
    return f"Share of error removed by group of genes. {'; '.join(parts)}"
