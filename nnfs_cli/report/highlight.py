"""YAML with colors."""

import re

from nnfs_cli.report.html import Html, text

TOKENS = re.compile(
    r"""(?P<comment>(?:^|(?<=\s))\#[^\n]*)
      | (?P<string>"(?:\\.|[^"\\])*"|'(?:''|[^'])*')
      | (?P<key>[^\s,\[\]{}:"'\#][^,\[\]{}:\n"'\#]*(?=:(?:\s|$)))
      | (?P<number>(?<![\w.+-])[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?![\w.-]))
      | (?P<word>(?<![\w.-])(?:true|false|null)(?![\w.-]))""",
    re.VERBOSE | re.MULTILINE,
)


def highlight(yaml: str) -> Html:
    """YAML as HTML: keys, strings, numbers, words and comments are spans of these classes."""
    parts, end = [], 0
    for match in TOKENS.finditer(yaml):
        parts.append(text(yaml[end : match.start()]))
        parts.append(f'<span class="y-{match.lastgroup}">{text(match[0])}</span>')
        end = match.end()
    return Html("".join(parts) + text(yaml[end:]))
