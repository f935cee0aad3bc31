"""The page says what the figures say, loads nothing, and lets no name become markup."""

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from precompute.evaluation import course
from precompute.evaluation import page
from precompute.evaluation import plots
from precompute.evaluation import privacy
from tests.precompute.evaluation import crowd

QUALITY = ("opaque", "opaque_of_wide", "pixels", "seam", "outside", "speed")


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    population = crowd.people(60, 2, crowd.nobody)
    one, _ = privacy.figures(population, crowd.Numbers(), True, None, 1)
    return {
        "recognisers": {"<b>numbers</b>": one}, "drop": course.drop({"numbers": one}),
        "groups": {"gender": {"<i>": {"faces": 3}}}, **course.looks(population, 1),
        "models": {"m": "ab"}, "versions": {"python": "3"}, "configuration": {"tries": 4}, "seed": 1,
        "data": {"evaluated": 120, "people": 60, "left_out": 2},
    }  # fmt: skip


def test_figures(figures: dict[str, Any]) -> None:
    """Shares in per cent, and what was not measured is said to be that."""
    text = page.render(figures)
    assert "120 faces of 60 people, 2 pictures left out" in text
    assert f"{100 * figures['recognisers']['<b>numbers</b>']['identification']['rank1_before']:.2f} %" in text
    assert "not measured" in text
    assert "(held out)" in text


def test_said_in_words(figures: dict[str, Any]) -> None:
    """Figures have their units, and what was configured is spelled as the configuration spells it."""
    text = page.render(figures | {"configuration": {"thresholds_file": None, "detect_long_sides_px": (1600, 640)}})
    assert "yaw apart, degrees" in text
    assert "Opaque fills of wide faces" in text
    assert "<code>null</code>" in text
    assert "<code>[1600, 640]</code>" in text
    assert set(page.NAMES) <= {name for kind in ("kept", *QUALITY) for name in figures[kind]} | {"rank1", "tar"}


def test_nothing_is_loaded(figures: dict[str, Any]) -> None:
    """No address but those of the page's own data, and no script."""
    text = page.render(figures, {"Faces": [(b"one", b"other")]})
    assert "default-src 'none'" in text
    assert "<script" not in text
    assert set(re.findall(r'src="(data:image/jpeg;base64|[^"]*)', text)) == {"data:image/jpeg;base64"}
    assert not re.findall(r"https?://", text)


def test_names_are_text(figures: dict[str, Any]) -> None:
    """Names of recognisers and groups come from outside."""
    text = page.render(figures)
    assert "<b>numbers" not in text
    assert "<i>" not in text
    assert "&lt;b&gt;numbers" in text


def test_pictures(figures: dict[str, Any]) -> None:
    """With pictures it says that it is not for publishing; without, there is none."""
    assert "not for publishing" in page.render(figures, {"Faces": [(b"one", b"other")]})
    plain = page.render(figures)
    assert "<img" not in plain
    assert "not for publishing" not in plain


def test_roc() -> None:
    """The curve's ends are the plot's corners, and it is well-formed."""
    drawn = plots.roc([1e-3, 1e-2, 1e-1, 1.0], {"originals": [0.5, 0.8, 0.9, 1.0], "<fakes>": [0, 0, 0.1, 1.0]})
    tree = ElementTree.fromstring(f"<div>{drawn}</div>")  # noqa: S314  (made here)
    first, second = (line.attrib["points"].split() for line in tree.iter("polyline"))
    left, right = plots.LEFT, plots.WIDTH - plots.RIGHT
    bottom, top = plots.HEIGHT - plots.BOTTOM, plots.TOP
    assert first[0] == f"{left:.1f},{(bottom + top) / 2:.1f}"
    assert first[-1] == second[-1] == f"{right:.1f},{top:.1f}"
    assert second[0] == f"{left:.1f},{bottom:.1f}"


def test_zero() -> None:
    """The mark at 0 has no sign."""
    assert ">-0<" not in plots.histogram([-0.4, 1.0], {"one": [1.0]})
    assert ">0<" in plots.histogram([-0.4, 1.0], {"one": [1.0]})


def test_histogram() -> None:
    """The tallest bin reaches the top; all-empty ones lie flat."""
    drawn = plots.histogram([0.0, 0.5, 1.0], {"one": [0.25, 0.75], "none": [0.0, 0.0]})
    tree = ElementTree.fromstring(f"<div>{drawn}</div>")  # noqa: S314  (made here)
    heights = [[float(point.split(",")[1]) for point in line.attrib["points"].split()] for line in tree.iter("polyline")]
    assert min(heights[0]) == plots.TOP
    assert set(heights[1]) == {plots.HEIGHT - plots.BOTTOM}


@pytest.mark.parametrize(("share", "width"), [(0.0, "0.0"), (0.5, "32.0"), (1.0, "64.0"), (1.2, "64.0"), (-0.1, "0.0")])
def test_bar(share: float, width: str) -> None:
    """As long as the share, within its box."""
    assert f'<rect width="{width}"' in plots.bar(share)
