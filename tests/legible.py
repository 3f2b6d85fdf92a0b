"""Whether a picture can be read: labels apart from each other and inside the picture."""

import itertools

from matplotlib.backends.backend_agg import FigureCanvasAgg


def boxes(figure, texts):
    return [text.get_window_extent(figure.canvas.get_renderer()) for text in texts if text.get_text()]


def assert_legible(figure):
    """No two tick labels of an axis overlap, every axis has a label, and nothing sticks out of the picture."""
    FigureCanvasAgg(figure).draw()
    for axes in figure.axes:
        assert_ticks_legible(figure, axes)
        titles = boxes(figure, [axes.title, axes.xaxis.label, axes.yaxis.label])
        assert titles
        for box in titles:
            assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 + 1


def assert_ticks_legible(figure, axes):
    """No two tick labels of an axis overlap, and none sticks out of the picture. The figure has been drawn."""
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
        labels = [label for tick in ticks for label in (tick.label1, tick.label2) if label.get_visible()]
        found = boxes(figure, labels)
        for first, second in itertools.pairwise(found):
            assert not first.overlaps(second)
        for box in found:
            assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 + 1
            assert figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1 + 1


def assert_all_legible(figure):
    """Ticks, labels, legends and titles lie inside the picture, and none upon another of its kind."""
    FigureCanvasAgg(figure).draw()
    for axes in figure.axes:
        assert_ticks_legible(figure, axes)
    renderer = figure.canvas.get_renderer()
    texts = [text for axes in figure.axes for text in (axes.title, axes.xaxis.label, axes.yaxis.label)]
    for part in [*figure.legends, *(text for text in texts if text.get_text())]:
        box = part.get_window_extent(renderer)
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 + 1
        assert figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1 + 1
    titles = [axes.title.get_window_extent(renderer) for axes in figure.axes if axes.title.get_text()]
    for number, first in enumerate(titles):
        assert not any(first.overlaps(second) for second in titles[number + 1 :])
