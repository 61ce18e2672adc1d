"""The evaluation as one HTML page that needs nothing beside it: tables, plots, the worst mistakes as pictures."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape

from zipread.evaluate.charts import reject_chart, reliability_chart
from zipread.evaluate.metrics import Count, Rate
from zipread.evaluate.outcomes import Evidence, Outcome
from zipread.evaluate.summary import INTERVAL_NAME, Evaluation

STYLE = """
:root { color-scheme: light dark; --ink: #1c2126; --soft: #66707a; --rule: #d9dee3; --paper: #fff; --mark: #1f6feb;
  --bad: #c4320a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --soft: #98a2ad; --rule: #353c44; --paper: #14181c;
  --mark: #6ea8ff; --bad: #ff8a65; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin-top: 2.2rem; } .soft { color: var(--soft); }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .8rem .25rem 0; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap; }
th { color: var(--soft); font-weight: 500; } th:first-child, td:first-child { text-align: left; }
.confusion td, .confusion th { padding: .2rem .45rem; text-align: center; }
.confusion .off { color: var(--bad); font-weight: 600; }
.plots { display: flex; flex-wrap: wrap; gap: 1.5rem; } figure { margin: 0; flex: 1 1 24rem; }
figcaption { color: var(--soft); } svg { width: 100%; height: auto; } svg text { fill: var(--soft); font-size: 12px; }
.grid { stroke: var(--rule); } .ideal { stroke: var(--soft); stroke-dasharray: 4 4; fill: none; }
.curve { stroke: var(--mark); stroke-width: 2; fill: none; } .whisker { stroke: var(--mark); stroke-opacity: .5; }
.dot { fill: var(--mark); }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); gap: 1.2rem; }
.mistake { border-top: 2px solid var(--rule); padding-top: .5rem; overflow-wrap: anywhere; }
.mistake > img { max-width: 100%; max-height: 9rem; } .mistake b { color: var(--bad); }
.digits { display: flex; flex-wrap: wrap; gap: .5rem; } .digits figure { flex: 0 0 auto; font-size: .72rem; }
.digits img { width: 56px; height: 56px; image-rendering: pixelated; display: block; }
"""

VERDICT_COLUMNS = (
    "",
    "n",
    "right",
    "exact rate",
    "95% interval",
    "wrong",
    "nothing",
    "failed",
    "accepted",
    "and wrong",
)


def html_page(shown: Evaluation) -> str:
    """Return the whole page."""
    parts = [
        "<!doctype html>",
        f'<html lang="en"><meta charset="utf-8"><title>zipread: {escape(shown.source)}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{STYLE}</style>",
        f"<h1>{share(shown.coded.exact)} of codes read right</h1>",
        f'<p class="soft">{escape(shown.source)}: {shown.coded.right} of {shown.coded.n} codes, '
        f"{INTERVAL_NAME} interval {between(shown.coded.exact)}</p>",
        *(f'<p class="soft">{escape(note)}</p>' for note in shown.notes),
        *_verdicts(shown),
        *_reject(shown),
        *_plots(shown),
        *_digits(shown),
        *_mistakes(shown),
        "</html>",
    ]
    return "\n".join(parts) + "\n"


def share(rate: Rate) -> str:
    """A rate as a percentage, or a dash of nothing."""
    return f"{100 * rate.value:.2f}%" if rate.n else "–"


def between(rate: Rate) -> str:
    """The interval of a rate as percentages."""
    low, high = rate.interval
    return f"{100 * low:.2f}–{100 * high:.2f}%" if rate.n else "–"


def verdict_rows(shown: Evaluation) -> list[tuple[str, ...]]:
    """The table of verdicts: all codes, every group, and what has no code; see VERDICT_COLUMNS."""
    rows = [_verdict_row("all codes", shown.coded)]
    for column, values in shown.groups.items():
        rows += [_verdict_row(f"{column}: {value}", tally) for value, tally in values.items()]
    if shown.uncoded.n:
        rows.append(_verdict_row("nothing to read", shown.uncoded))
    return rows


def _verdict_row(name: str, tally: Count) -> tuple[str, ...]:
    numbers = (tally.wrong, tally.nothing, tally.failed, tally.accepted, tally.accepted_wrong)
    head = (name, str(tally.n), str(tally.right), share(tally.exact), between(tally.exact))
    return (*head, *map(str, numbers))


REJECT_COLUMNS = ("error at most", "read rate", "accepted", "wrong", "threshold", "error, 95% bound")


def reject_rows(shown: Evaluation) -> list[tuple[str, ...]]:
    """The reject table, and this run's threshold below it; see REJECT_COLUMNS."""
    rows: list[tuple[str, ...]] = []
    for name, point in [*((f"{100 * error:g}%", point) for error, point in shown.reject), ("this run", shown.chosen)]:
        if point is None:
            rows.append((name, "0.0%", "0", "0", "–", "–"))
            continue
        numbers = (f"{100 * point.read_rate:.1f}%", str(point.accepted), str(point.wrong), f"{point.accept:.4f}")
        rows.append((name, *numbers, f"{100 * point.error_bound:.2f}%"))
    return rows


def _verdicts(shown: Evaluation) -> Iterable[str]:
    yield "<h2>What was read</h2>"
    yield _table(VERDICT_COLUMNS, verdict_rows(shown))
    yield (
        '<p class="soft">Wrong: another code was given, or a code where there is none. Nothing: no code was given. '
        "Failed: the picture could not be read. Accepted: as this run's threshold and the reader's doubts decide.</p>"
    )


def _reject(shown: Evaluation) -> Iterable[str]:
    yield "<h2>How much can be accepted</h2>"
    yield _table(REJECT_COLUMNS, reject_rows(shown))
    yield (
        '<p class="soft">Read rate: accepted, of all labels. These thresholds are chosen on the sample they are judged '
        "by: they say what is possible here. <code>zipread calibrate</code> finds one that keeps a promise.</p>"
    )


def _plots(shown: Evaluation) -> Iterable[str]:
    given = sum(part.right.n for part in shown.bins)
    if not given:
        return
    yield "<h2>Whether the confidence keeps its word</h2>"
    yield (
        f'<div class="plots"><figure>{reliability_chart(shown.bins)}<figcaption>Rate of right codes by confidence, '
        f"{given} codes, with 95% intervals. Expected calibration error {100 * shown.calibration_error:.2f}%."
        f"</figcaption></figure><figure>{reject_chart(shown.points, shown.chosen)}<figcaption>Error among accepted "
        f"codes as the threshold falls; the dot is this run.</figcaption></figure></div>"
    )


def _digits(shown: Evaluation) -> Iterable[str]:
    if not shown.digits.n:
        return
    yield "<h2>Digits</h2>"
    yield (
        f"<p>{share(shown.digits)} of {shown.digits.n} digits of the codes that were given are right "
        f"({between(shown.digits)}). Rows: the truth; columns: what was read.</p>"
    )
    rows = [
        f"<tr><th>{true}</th>" + "".join(_cell(int(number), true == read) for read, number in enumerate(row)) + "</tr>"
        for true, row in enumerate(shown.confusion)
    ]
    head = "<tr><th></th>" + "".join(f"<th>{digit}</th>" for digit in range(10)) + "</tr>"
    yield f'<div class="wide"><table class="confusion">{head}{"".join(rows)}</table></div>'
    if shown.plus4.n:
        yield f"<p>{share(shown.plus4)} of {shown.plus4.n} +4 given beside a right code are right.</p>"


def _cell(number: int, same: bool) -> str:
    return f"<td{'' if same or not number else ' class=off'}>{number or '·'}</td>"


def _mistakes(shown: Evaluation) -> Iterable[str]:
    told = [(outcome, outcome.evidence) for outcome in shown.mistakes if outcome.evidence is not None]
    if not told:
        return
    yield f"<h2>The most confident mistakes, {len(told)} of {len(shown.mistakes)}</h2>"
    yield '<div class="mistakes">' + "\n".join(_mistake(*pair) for pair in told) + "</div>"


def _mistake(outcome: Outcome, evidence: Evidence) -> str:
    label, reading = outcome.label, outcome.reading
    place = f"{label.name}, page {label.page}" if label.page > 1 else label.name
    digits = "".join(
        f'<figure><img alt="" src="{_inline("png", picture)}">{escape(told).replace(", ", "<br>")}</figure>'
        for picture, told in evidence.digits
    )
    return (
        f'<div class="mistake"><img alt="the field" src="{_inline("jpeg", evidence.field)}">'
        f"<div><b>{escape(reading.code)}</b> at {reading.confidence:.3f} ({reading.status}), "
        f"truth {escape(label.code) or 'no code'}</div>"
        f'<div class="digits">{digits}</div><div class="soft">{escape(place)}</div></div>'
    )


def _inline(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{b64encode(data).decode()}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'
