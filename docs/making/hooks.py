"""What the site adds to the pages: the reference, and mathematics as MathML."""

import html
import re
from typing import Any

from latex2mathml.converter import convert
from mkdocs.structure.files import File, Files
from reference import pages

FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)
OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+(?:nnfs_cli|configs|benchmarks|data|notebooks)\b[^)]*\)")
"""A link from a page to a file of the repository that the site does not have."""


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made from the components and commands."""
    for uri, content in pages().items():
        files.append(File.generated(config, uri, content=content))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Leave the text of links that lead out of the site."""
    return OUTSIDE.sub(r"\1", markdown)


def on_page_content(content: str, **_: Any) -> str:
    """Turn LaTeX into MathML, which browsers show without a script."""
    return FORMULA.sub(_mathml, content)


def _mathml(found: "re.Match[str]") -> str:
    display = "block" if found[1] == "div" else "inline"
    return str(convert(html.unescape(found[2]).strip(), display=display))
