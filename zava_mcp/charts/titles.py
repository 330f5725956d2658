"""Titles of charts."""

from zava_mcp.charts.choice import Axes, ChartRequest
from zava_mcp.charts.columns import ChartColumn
from zava_mcp.charts.labels import plain

_TITLE_CHARACTERS = 200


def chart_title(request: ChartRequest, title: str) -> str:
    """The requested title, or else a default one."""
    return plain(request.title, _TITLE_CHARACTERS) or plain(title[:1].upper() + title[1:], _TITLE_CHARACTERS)


def default_title(axes: Axes, ys: list[ChartColumn]) -> str:
    """The measures, the x axis and the series of a chart."""
    series = f" and {axes.series.title}" if axes.series is not None and axes.series.indexes else ""
    return f"{join_titles(ys)} by {axes.x.title}{series}" + (f" ({axes.constant})" if axes.constant else "")


def join_titles(measures: list[ChartColumn]) -> str:
    """The titles of measures as a list in a sentence."""
    titles = [column.title for column in measures]
    return " and ".join([", ".join(titles[:-1]), titles[-1]] if titles[1:] else titles)
