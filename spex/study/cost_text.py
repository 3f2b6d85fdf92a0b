"""What a study will cost, in words."""


def cost_text(cost):
    """What there is to do in a study and what it takes. cost: Cost. Returns: lines of text, without the last end."""
    return "\n".join([*_work_lines(cost.work), "", *_cost_lines(cost)])


def _work_lines(work):
    genes = f"{work.folders[0].tensors:,} genes ({work.genes:,} with expression)"
    yield f"{genes}, {_number(len(work.folders) - 1, 'map')}, {_number(work.tissues, 'tissue')}"
    yield ""
    rows = [["", "contacts", "genes without", "windows", "to compute", "tensors to make"]]
    for each in work.folders:
        counts = [each.contacts, each.without_contact, each.windows, each.to_compute, each.missing]
        rows.append([each.name, *("" if count is None else f"{count:,}" for count in counts)])
    yield from _aligned(rows)
    yield ""
    for name in dict.fromkeys(each.name for each in work.fits):
        mine = [each for each in work.fits if each.name == name]
        count = sum(each.fits for each in mine)
        yield f"fits {name}: {count:,} of {mine[0].model}, in {_number(len(mine), 'folder')}"


def _cost_lines(cost):
    rows = [["", "CPU hours", "GPU hours", "longest job"]]
    for name, step in cost.steps.items():
        figures = [step.cpu_hours, step.gpu_hours, step.longest_minutes]
        told = ["not known" if figure is None else _figure(figure) for figure in figures]
        rows.append([name, *told[:2], told[2] if step.longest_minutes is None else f"{told[2]} min"])
    yield from _aligned(rows)
    yield f"hours of one core ({cost.rates.cpu}) and of one GPU ({cost.rates.gpu})"
    models = {each.model for each in cost.work.fits}
    if "gbtree" in models:
        yield "trees are counted with all their rounds; early stopping ends most of them sooner"
    if cost.steps["train"].cpu_hours is None:
        yield "of one of the models no rate has been measured"
    parts = ", ".join(f"{name} {_size(size)}" for name, size in cost.disk.items())
    yield f"disk: {_size(sum(cost.disk.values()))} to write ({parts}), {_size(cost.free)} free"
    yield f"memory: {_size(cost.memory)} for the comparison"
    yield from (f"warning: {text}" for text in cost.warnings)


def _aligned(rows):
    """Rows of texts as lines, the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
        yield "  ".join([f"{first:<{widths[0]}}", *cells])


def _figure(value):
    """A number with two digits at the least."""
    if 0 < value < 0.01:
        return "< 0.01"
    return f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:.2g}"


def _size(count):
    """Bytes, in words."""
    unit, name = (1e9, "GB") if count >= 1e9 else (1e6, "MB")
    return f"{_figure(count / unit)} {name}"


def _number(count, what):
    return f"{count:,} {what}{'s' if count != 1 else ''}"
