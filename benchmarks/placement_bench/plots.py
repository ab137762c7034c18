"""The plots of a report; each is a plotly figure, with the same colour for a solver in all of them."""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import cycle
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from placement_bench.judge import excess
from placement_bench.stats import (
    CLOCK,
    CaseName,
    Profile,
    Reference,
    references,
    sign_of,
    time_of,
    time_profile,
    value_profile,
    value_ratio,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from placement_bench.rows import Row

# Told apart with the common kinds of colour blindness too: Okabe, M., Ito, K. (2008). Color universal design.
# Their darkest is lightened here, so that each is seen on a light ground and on a dark one.
PALETTE = ("#2b83ba", "#d55e00", "#009e73", "#c06a9a", "#b8860b", "#4a9fd4", "#8867b8", "#7f7f7f", "#9a7a3a", "#c0504d")
SHOWN_CASES = 12  # cases to pick from in the plot of single runs
DASHES = {"value": "solid", "bound": "dash"}
WIDE = 4.0  # factors beyond which a profile has a logarithmic axis
STEPS = 120  # points of a mean curve

Colours = dict[str, str]


def colours_of(rows: Sequence[Row]) -> Colours:
    """A colour for each solver, in the order in which they first appear."""
    return dict(zip(dict.fromkeys(row.label for row in rows), cycle(PALETTE), strict=False))


def solved_over_time(rows: Sequence[Row], colours: Colours) -> go.Figure | None:
    """How many cases each solver has proven by which time; None when nobody proves any."""
    curves = {}
    for label in _labels(rows):
        times = sorted(max(CLOCK, time_of(row)) for row in rows if row.label == label and row.solved)
        if times:
            curves[label] = times
    if not curves:
        return None
    figure = _figure("seconds", "cases proven", log_x=True)
    end = max([row.asked.seconds for row in rows] + [times[-1] for times in curves.values()])
    for label, times in curves.items():
        x = [CLOCK, *times, end]
        y = [0, *range(1, len(times) + 1), len(times)]
        figure.add_trace(_steps(x, y, label, colours, "%{y} proven by %{x:.2f} s"))
    total = len({(row.asked.case, row.asked.seed) for row in rows})
    figure.add_hline(y=total, line={"color": "#bbb", "dash": "dot", "width": 1})
    figure.add_annotation(
        x=0,
        xref="paper",
        y=total,
        text=f"all {total}",
        showarrow=False,
        yshift=9,
        xanchor="left",
        font={"color": "#777"},
    )
    figure.update_yaxes(range=[0, total * 1.12])
    return figure


def distances(rows: Sequence[Row], colours: Colours) -> go.Figure | None:
    """How far each solver stays from the best value known: a box and every run as a point."""
    known = references(rows)
    found: dict[str, list[tuple[float, str]]] = {}
    for row in rows:
        ratio = value_ratio(row, known) if row.sound else None
        if ratio is not None:
            found.setdefault(row.label, []).append((ratio - 1, row.asked.case))
    return _boxes(found, colours, "distance to the best value known")


def own_gaps(rows: Sequence[Row], colours: Colours) -> go.Figure | None:
    """How wide the gap between value and proven bound is at the end."""
    found: dict[str, list[tuple[float, str]]] = {}
    for row in rows:
        if row.sound and row.gap is not None:
            found.setdefault(row.label, []).append((row.gap, row.asked.case))
    return _boxes(found, colours, "gap to the own bound")


def time_profiles(rows: Sequence[Row], colours: Colours) -> go.Figure | None:
    """Performance profile of the time to a proof."""
    return _profile(time_profile(rows), colours, "times the fastest solver's time")


def value_profiles(rows: Sequence[Row], colours: Colours) -> go.Figure | None:
    """Performance profile of the value reached."""
    return _profile(value_profile(rows), colours, "times the best value known")


def progress(rows: Sequence[Row], colours: Colours) -> go.Figure | None:
    """Mean distance of value (above) and bound (below) to the best value known, over time.

    A curve begins when every case has a value, or a bound; so its mean is over the same cases all along.
    """
    known = references(rows)
    end = max(row.asked.seconds for row in rows)
    first = min((row.trace[0][0] for row in rows if row.trace), default=end)
    times = _grid(max(CLOCK, first), end)
    figure = _figure("seconds", "from the best value known", log_x=True)
    for label in _labels(rows):
        some = [row for row in rows if row.label == label and row.sound and row.trace and _known(row, known)]
        for what, dash in DASHES.items():
            curve = _mean_curve(some, known, times, what)
            if curve:
                x, y = zip(*curve, strict=True)
                hover = f"{what} %{{y:.2%}} at %{{x:.2f}} s"
                figure.add_trace(_steps(x, y, label, colours, hover, dash=dash, show=what == "value"))
    if not figure.data:
        return None
    figure.update_yaxes(tickformat=".3~%", zeroline=True, zerolinecolor="#999")
    return figure


def single_runs(rows: Sequence[Row], colours: Colours) -> go.Figure | None:
    """Value and bound of single runs over time, one case at a time, picked from a menu."""
    cases = _most_telling(rows)
    if not cases:
        return None
    figure = _figure("seconds", rows[0].unit, log_x=True)
    for k, case in enumerate(cases):
        for row in rows:
            if row.asked.case != case or not row.trace:
                continue
            for what, dash in DASHES.items():
                points = [(max(CLOCK, seconds), figures) for seconds, figures in _story(row, what)]
                if points:
                    points.append((max(points[-1][0], row.seconds or 0.0), points[-1][1]))
                    x, y = zip(*points, strict=True)
                    hover = f"{what} %{{y:,.6~f}} at %{{x:.2f}} s"
                    trace = _steps(x, y, row.label, colours, hover, dash=dash, show=what == "value")
                    trace.meta = k  # the page shows one case at a time
                    figure.add_trace(trace)
    figure.update_layout(meta={"choices": cases})
    return figure


def _boxes(found: Mapping[str, Sequence[tuple[float, str]]], colours: Colours, title: str) -> go.Figure | None:
    if not found:
        return None
    figure = _figure(title, "")
    for label, some in reversed(list(found.items())):
        shares, names = zip(*some, strict=True)
        figure.add_trace(
            go.Box(
                x=shares,
                text=names,
                name=label,
                boxpoints="all",
                jitter=0.5,
                pointpos=0,
                line={"width": 1.5},
                marker={"color": colours[label], "size": 5, "opacity": 0.55},
                hovertemplate="%{text}: %{x:.3%}<extra>" + _plain(label) + "</extra>",
                showlegend=False,
            )
        )
    figure.update_xaxes(tickformat=".3~%", rangemode="tozero")
    figure.update_yaxes(ticks="", showgrid=False)
    figure.update_layout(margin={"t": 12})
    return figure


def _profile(profile: Profile, colours: Colours, title: str) -> go.Figure | None:
    drawn = {label: factors for label, factors in profile.factors.items() if factors}
    if len(profile.factors) < 2 or not drawn:
        return None
    end = max(1.01, max(factors[-1] for factors in drawn.values()) * 1.05)
    wide = end > WIDE
    figure = _figure(title, "share of cases", log_x=wide)
    for label, factors in drawn.items():
        count = profile.cases
        steps = [(factor, bisect_right(factors, factor) / count) for factor in dict.fromkeys(factors)]
        x = [1.0, *(factor for factor, _ in steps), end]
        y = [profile.share(label, 1.0), *(share for _, share in steps), len(factors) / count]
        figure.add_trace(_steps(x, y, label, colours, "%{y:.0%} within %{x:.3~f} times"))
    figure.update_yaxes(tickformat=".0%", range=[0, 1.04])
    figure.update_xaxes(range=[0, math.log10(end)] if wide else [1, end])
    return figure


def _mean_curve(
    rows: Sequence[Row], known: Mapping[CaseName, Reference], times: Sequence[float], what: str
) -> list[tuple[float, float]]:
    """Mean over the rows of what the trace holds at each time; from when all of them hold something."""
    if not rows:
        return []
    stories = []
    for row in rows:
        best = known[row.asked.set, row.asked.case].value
        stories.append([(seconds, excess(sign_of(row), one, best)) for seconds, one in _story(row, what)])
    curve = []
    for time in times:
        now = [_latest(story, time) for story in stories]
        told = [one for one in now if one is not None]
        if len(told) == len(now):
            curve.append((time, math.fsum(told) / len(told)))
    return curve


def _story(row: Row, what: str) -> list[tuple[float, float]]:
    """Seconds and value, or bound, from a trace."""
    told = [(event[0], event[1] if what == "value" else event[2]) for event in row.trace]
    return [(seconds, figure) for seconds, figure in told if figure is not None]


def _latest(story: Sequence[tuple[float, float | None]], time: float) -> float | None:
    at = bisect_right(story, time, key=lambda event: event[0])
    return story[at - 1][1] if at else None


def _known(row: Row, known: Mapping[CaseName, Reference]) -> bool:
    """Whether the values of a row can be held against the best one known."""
    reference = known.get((row.asked.set, row.asked.case))
    return reference is not None and reference.value != 0 and row.left_out <= reference.left_out


def _most_telling(rows: Sequence[Row]) -> list[str]:
    """Cases whose runs have the longest stories, for a person to look at one by one."""
    events: dict[str, int] = {}
    for row in rows:
        if len(row.trace) > 1:
            events[row.asked.case] = events.get(row.asked.case, 0) + len(row.trace)
    return sorted(events, key=lambda case: -events[case])[:SHOWN_CASES]


def _grid(first: float, end: float) -> list[float]:
    first, end = min(first, end), max(first, end)
    ratio = (end / first) ** (1 / (STEPS - 1)) if end > first else 1.0
    return [first * ratio**k for k in range(STEPS)]


def _labels(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.label for row in rows))


def _steps(
    x: Sequence[float],
    y: Sequence[Any],
    label: str,
    colours: Colours,
    hover: str,
    *,
    dash: str = "solid",
    show: bool = True,
) -> go.Scatter:
    return go.Scatter(
        x=list(x),
        y=list(y),
        name=label,
        legendgroup=label,
        showlegend=show,
        mode="lines",
        line={"shape": "hv", "color": colours[label], "width": 2, "dash": dash},
        hovertemplate=f"{hover}<extra>{_plain(label)}</extra>",
    )


def _plain(label: str) -> str:
    """A label that plotly reads as no markup."""
    return label.replace("&", "&amp;").replace("<", "&lt;")


def _figure(x: str, y: str, *, log_x: bool = False) -> go.Figure:
    figure = go.Figure()
    axis = {"gridcolor": "#ececec", "linecolor": "#bbb", "ticks": "outside", "tickcolor": "#bbb", "automargin": True}
    figure.update_layout(
        template="none",
        height=340,
        margin={"l": 56, "r": 16, "t": 40, "b": 48},
        font={"family": "system-ui, sans-serif", "size": 13, "color": "#333"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "font": {"size": 12}},
        hoverlabel={"font": {"size": 12}},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        xaxis={
            **axis,
            "title": {"text": x, "font": {"size": 12.5}},
            **({"type": "log", "exponentformat": "none"} if log_x else {}),
        },
        yaxis={**axis, "title": {"text": y, "font": {"size": 12.5}}},
    )
    return figure
