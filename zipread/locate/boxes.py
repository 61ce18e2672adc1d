"""Rows of printed boxes."""

from __future__ import annotations

from zipread.records import CleanPage, Field, Page


def find_rows(page: Page, clean: CleanPage, digits: int) -> list[Field]:
    return []
