"""The same people on a second, other photo are given the same fakes, and these are measured like any other."""

import cv2
import numpy as np
import numpy.typing as npt

from precompute import anonymise
from precompute import photo as upload
from precompute.album import Album
from precompute.company import Company
from precompute.donors import Donor
from precompute.faces import Anonymiser
from precompute.people import OFF
from tests import pictures

Pixels = npt.NDArray[np.uint8]


def replaced(anonymiser: Anonymiser, pixels: Pixels, album: Album | None, seed: int) -> anonymise.Replacement:
    photo = upload.read(pictures.jpeg(pixels, quality=92), upload.Limits())
    faces = anonymiser.find(photo.pixels)
    return anonymise.replace(photo, faces, anonymiser, bytes([seed]) * 32, Company(faces, OFF), album)


def donors(replacement: anonymise.Replacement) -> list[Donor | None]:
    return [fake.source for fake in replacement.fakes]


def test_same_donors(anonymiser: Anonymiser, group_photo: Pixels) -> None:
    """Darker, smaller and mirrored, the six people are known again: whoever has a donor of before passes with it."""
    other = np.ascontiguousarray(cv2.resize(group_photo, None, fx=0.9, fy=0.9, interpolation=cv2.INTER_AREA)[:, ::-1] // 5 * 4)
    album = Album({each.name: each.threshold for each in anonymiser.recognisers})
    one = replaced(anonymiser, group_photo, album, 1)
    two, alone = (replaced(anonymiser, other, known, 2) for known in (album, None))
    before, after, without = donors(one), donors(two)[::-1], donors(alone)[::-1]
    again = [a is not None and a is b for a, b in zip(before, after, strict=True)]
    assert sum(again) >= 3
    assert sum(again) > sum(a is not None and a is b for a, b in zip(before, without, strict=True))
    swapped = [measured for fake, measured in zip(two.fakes, two.measured, strict=True) if fake.method != "opaque"]
    assert all(each.passed for measured in swapped for each in measured)
