"""Bars are missed where a figure is outside of them or was not measured, unless it is said to be skipped."""

import pytest

from benchmarks import report

BARS = [("detector_recall", "min", 0.9), ("mesh_error", "max", 0.05), ("mesh_gap", "max", 1.0)]


@pytest.mark.parametrize(
    ("found", "skipped", "missed"),
    [
        ({"detector_recall": 0.9, "mesh_error": 0.05, "mesh_gap": 0.0}, (), []),
        ({"detector_recall": 0.89, "mesh_error": 0.06}, (), ["detector_recall", "mesh_error", "mesh_gap"]),
        ({"detector_recall": 0.89}, ("mesh_",), ["detector_recall"]),
        ({}, ("mesh_", "detector_"), []),
    ],
    ids=["met", "missed", "a part skipped", "all skipped"],
)
def test_misses(
    found: report.Figures, skipped: tuple[str, ...], missed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line for each, which begins with its name; the table says the same."""
    monkeypatch.setattr(report, "bars", lambda _: BARS)
    assert [line.split()[0] for line in report.misses("any", found, skipped)] == missed
    said = report.compared("any", {}, found, skipped).splitlines()
    assert [line.split()[0] for line in said if line.endswith("MISSED")] == missed
    assert sum(line.endswith("skipped") for line in said) == sum(name.startswith(skipped) for name, _, _ in BARS)
