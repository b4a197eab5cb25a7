"""Pieces of HTML that a notebook shows."""

from nnfs_cli.core.html import table_html


def test_names_in_a_table_are_letters_not_tags() -> None:
    html = table_html("<b>", ("<i>", "b"), [("<script>", "1 & 2")])
    assert "<script>" not in html
    assert "<b>" not in html
    assert "<i>" not in html
    assert "1 &amp; 2" in html
