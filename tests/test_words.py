"""The words for an option's type in messages."""

from typing import Any, Literal

import pytest

from nnfs_cli.config.words import choices, in_words


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (int, "an integer"),
        (int | float, "a number"),
        (float | None, "a number or null"),
        (Literal["a", "b"], "'a' or 'b'"),
        (int | Literal["auto"], "an integer or 'auto'"),
        (Literal["a", "b"] | int | tuple[int, int], "'a', 'b', an integer or a list of two integers"),
        (tuple[float, float, float], "a list of three numbers"),
        (tuple[int, str], "a list of two values"),
        (tuple[str, ...], "a list of texts"),
        (tuple[tuple[int, int], ...], "a list"),
        (tuple[int, ...] | dict[str, int], "a list of integers or a mapping of text"),
        (list[int], "list[int]"),
    ],
)
def test_a_type_is_told_in_words(annotation: Any, words: str) -> None:
    assert in_words(annotation).startswith(words)


def test_the_words_an_option_knows_are_those_of_its_literals() -> None:
    assert choices(Literal["valid", "same"] | int | None) == ["valid", "same"]
    assert choices(str) == []
