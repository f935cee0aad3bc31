"""Portraits that no recipe may see are the same everywhere, and one in ten."""

from pathlib import Path

from precompute.training import kept_back


def test_one_in_ten_by_name_alone() -> None:
    """The folder does not matter, nor which other portraits lie there."""
    names = [f"sfhq_{i:04}.jpg" for i in range(1000)]
    here, there = ([kept_back.is_kept_back(Path(folder, name)) for name in names] for folder in ("a", "b/c"))
    assert here == there
    assert 70 < sum(here) < 130
