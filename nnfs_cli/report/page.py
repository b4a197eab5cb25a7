"""The page: sections, styles, scripts and content in one file."""

import json
from collections.abc import Sequence
from importlib.resources import files
from string import Template

from nnfs_cli.report import sections
from nnfs_cli.report.arrays import Block
from nnfs_cli.report.content import content
from nnfs_cli.report.equations import equations
from nnfs_cli.report.html import text
from nnfs_cli.report.record import RunRecord
from nnfs_cli.version import __version__

SCRIPTS = ("arrays", "network", "paint", "frame", "curves", "mistakes", "weights", "inputs", "live", "page")
"""In this order; each uses those before it."""
CREDITS = " Curves by uPlot 1.6.32 (MIT license)."


def render(record: RunRecord) -> str:
    """The report of a run as HTML that needs no other file."""
    block = Block()
    shown = content(record, block.add)
    main = Template(asset("assets/run.html")).substitute(
        opening=sections.opening(record),
        scores=sections.scores(record),
        layers=equations(record),
        data=sections.data(record),
        configuration=sections.configuration(record.yaml),
        environment=sections.environment(record.summary),
        again=sections.again(record),
    )
    parts = {
        "content": script_json(shown),
        "arrays": block.text(),
        "library": asset("vendor/uplot/uPlot.iife.min.js"),
        "script": scripts(SCRIPTS),
    }
    return framed(
        record.config.name or record.id,
        record.id,
        main,
        Template(asset("assets/run_scripts.html")).substitute(parts),
        asset("vendor/uplot/uPlot.min.css"),
        CREDITS,
    )


def framed(title: str, name: str, main: str, script: str, style: str = "", credit: str = "") -> str:
    """A whole page around its sections, which asks for no other file.

    title, name: of the page, and in the bar on top, as plain texts.
    main, script: HTML.   style: CSS before that of all reports.
    """
    parts = {
        "title": text(title),
        "id": text(name),
        "main": main,
        "scripts": script,
        "version": text(__version__),
        "style": style + asset("assets/page.css"),
        "credits": credit,
    }
    return Template(asset("assets/frame.html")).substitute(parts)


def scripts(names: Sequence[str]) -> str:
    """The scripts of assets, one after the other."""
    return "\n".join(asset(f"assets/{name}.js") for name in names)


def script_json(value: object) -> str:
    """JSON that can stand in a script element: no name in it can close the element or open a comment."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def asset(name: str) -> str:
    """The text of a file that comes with the report."""
    return files("nnfs_cli.report").joinpath(name).read_text(encoding="utf-8")
