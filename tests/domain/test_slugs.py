"""Slugs: names of programs in public addresses."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.details import key_detail
from app.domain.programs.slug import free_slug, slug_error, slug_of_name


@pytest.mark.parametrize("slug", ["abc", "the-teapot", "24-7", "a" * 40, "---"])
def test_slug_takes_3_to_40_lower_case_letters_digits_and_dashes(slug: str) -> None:
    assert slug_error(slug) is None


@pytest.mark.parametrize(
    "slug", ["", "ab", "a" * 41, "Teapot", "tea pot", "tea_pot", "café", "tea/pot", "abc\n", "１２３"]
)
def test_any_other_slug_has_a_problem(slug: str) -> None:
    assert slug_error(slug) == key_detail(40, least=3)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("The Teapot", "the-teapot"),
        ("Café Größe", "cafe-groesse"),
        ("Bärbel's  Bäckerei & Söhne", "baerbels-baeckerei-soehne"),
        ("茶壺", "program"),
        ("茶壺 Taipei", "taipei"),
        ("A1", "program"),
        ("x" * 200, "x" * 40),
    ],
)
def test_slug_resembles_the_name(name: str, slug: str) -> None:
    assert slug_of_name(name) == slug


@given(st.text(max_size=200))
def test_slug_of_any_name_is_valid(name: str) -> None:
    assert slug_error(slug_of_name(name)) is None


@given(st.from_regex(re.compile(r"[a-z0-9-]{3,40}"), fullmatch=True), st.integers(0, 12))
def test_taken_slug_gets_the_next_number(slug: str, programs: int) -> None:
    taken: list[str] = []
    for _ in range(programs):
        taken.append(free_slug(slug, taken_slugs=taken))
    assert len(set(taken)) == programs
    assert all(slug_error(chosen) is None for chosen in taken)
    assert taken[:2] == [slug, f"{slug[:38]}-2"][:programs]
