"""The page: sections, styles, scripts and content in one file."""

import json
from importlib.resources import files
from string import Template

from nnfs_cli.report import sections
from nnfs_cli.report.arrays import Block
from nnfs_cli.report.content import content
from nnfs_cli.report.equations import equations
from nnfs_cli.report.html import text
from nnfs_cli.report.record import RunRecord
from nnfs_cli.version import __version__

SCRIPTS = ("arrays", "network", "paint", "curves", "mistakes", "weights", "inputs", "live", "page")
"""In this order; each uses those before it."""


def render(record: RunRecord) -> str:
    """The report of a run as HTML that needs no other file."""
    block = Block()
    shown = content(record, block.add)
    parts = {
        "title": text(record.config.name or record.id),
        "id": text(record.id),
        "opening": sections.opening(record),
        "scores": sections.scores(record),
        "layers": equations(record),
        "data": sections.data(record),
        "configuration": sections.configuration(record),
        "environment": sections.environment(record),
        "again": sections.again(record),
        "version": text(__version__),
        "style": _asset("vendor/uplot/uPlot.min.css") + _asset("assets/page.css"),
        "library": _asset("vendor/uplot/uPlot.iife.min.js"),
        "script": "\n".join(_asset(f"assets/{name}.js") for name in SCRIPTS),
        "content": script_json(shown),
        "arrays": block.text(),
    }
    return Template(_asset("assets/page.html")).substitute(parts)


def script_json(value: object) -> str:
    """JSON that can stand in a script element: no name in it can close the element or open a comment."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _asset(name: str) -> str:
    return files("nnfs_cli.report").joinpath(name).read_text(encoding="utf-8")
