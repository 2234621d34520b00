"""A report as one HTML file that needs nothing beside it: no script, no network."""

from __future__ import annotations

from html import escape

from ground_station.out.book import Language
from ground_station.out.report import Figure, Report, Table
from ground_station.out.wording import word

_STYLE = """
body { font: 15px/1.5 "Noto Sans SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif;
  color: #1a1a1a; background: #ffffff; max-width: 60rem; margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 1.8rem; }
.mark { border: 2px solid #a40b0b; color: #a40b0b; padding: .1rem .5rem; margin-right: .5rem; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; font-weight: 600; }
th, td { border: 1px solid #999; padding: .25rem .5rem; text-align: left; vertical-align: top; }
th { background: #eef1f4; } svg { max-width: 100%; height: auto; }
@media print { body { margin: 0; max-width: none; } h2, figure { break-inside: avoid; } }
"""


def to_html(report: Report) -> str:
    """The whole page; every text is escaped."""
    language = "zh-CN" if report.language is Language.ZH else "en"
    marks = "".join(f'<span class="mark">{escape(mark)}</span>' for mark in report.marks)
    parts = "\n".join(_part(part) for part in report.parts)
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(report.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(report.title)}</h1>\n<p>{marks}</p>\n{_facts(report)}\n{parts}\n"
        f"<p>{escape(report.note)}</p>\n"
        f"<p>{escape(word('made', report.language))} {escape(report.made)} · GridPatrol 格巡</p>\n"
        "</body>\n</html>\n"
    )


def _facts(report: Report) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
        for name, value in report.facts
    )
    return f"<h2>{escape(word('facts', report.language))}</h2>\n<table>{rows}</table>"


def _part(part: Table | Figure) -> str:
    if isinstance(part, Figure):
        return f"<h2>{escape(part.title)}</h2>\n<figure>{part.svg}</figure>"
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in part.headers)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in part.rows
    )
    return (
        f"<h2>{escape(part.title)}</h2>\n<table><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
