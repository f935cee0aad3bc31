"""Uploads: what can be read is read exactly, and everything else is refused with a sentence that says what to do."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL import ImageCms

from precompute import photo
from precompute.errors import Rejected
from precompute.jpeg import writer
from tests import pictures

PICTURE = pictures.texture(120, 80)
JPEG = pictures.jpeg(PICTURE)
FRAME = JPEG.index(b"\xff\xc0")


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_header(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))


def animated(form: str) -> bytes:
    out = io.BytesIO()
    frames = [Image.fromarray(pictures.texture(32, 32, seed)) for seed in (1, 2)]
    frames[0].save(out, form, save_all=True, append_images=frames[1:], duration=50)
    return out.getvalue()


def see_through() -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.dstack([pictures.texture(16, 16), np.full((16, 16), 90, np.uint8)])).save(out, "PNG")
    return out.getvalue()


def resized(width: int, height: int) -> bytes:
    return JPEG[: FRAME + 5] + struct.pack(">HH", height, width) + JPEG[FRAME + 9 :]


BOMB = png_header(1, 1) + struct.pack(">I4s", 0x3FFFFFFF, b"IDAT")

REFUSED = [
    pytest.param(b"", "empty", id="empty"),
    pytest.param(b"just text, no picture at all", "not a JPEG", id="not-an-image"),
    pytest.param(b"%PDF-1.7\n" + bytes(200), "not a JPEG", id="pdf"),
    pytest.param(JPEG[: len(JPEG) // 2], "truncated", id="truncated-scan"),
    pytest.param(JPEG[:-2], "truncated", id="no-end-marker"),
    pytest.param(JPEG[: FRAME + 6], "truncated", id="truncated-header"),
    pytest.param(JPEG[:2] + b"\xff\xd9", "no picture", id="jpeg-without-frame"),
    pytest.param(JPEG[: FRAME] + JPEG[FRAME : FRAME + 19] + JPEG[FRAME:], "two frames", id="two-frames"),
    pytest.param(resized(65_500, 65_500), "more than", id="jpeg-65500x65500"),
    pytest.param(resized(0, 10), "size is zero", id="jpeg-of-no-width"),
    pytest.param(BOMB.ljust(79, b"\0"), "claims more bytes", id="79-byte-bomb"),
    pytest.param(png_header(100_000, 100_000) + chunk(b"IEND", b""), "more than", id="png-1e5x1e5"),
    pytest.param(pictures.saved(PICTURE, "PNG")[:-40], "truncated", id="truncated-png"),
    pytest.param(pictures.saved(PICTURE, "WEBP")[:-40], "truncated", id="truncated-webp"),
    pytest.param(pictures.saved(PICTURE, "GIF")[:-4], "truncated", id="truncated-gif"),
    pytest.param(pictures.saved(PICTURE, "AVIF")[:-40], "truncated", id="truncated-avif"),
    pytest.param(animated("GIF"), "--first-frame", id="animated-gif"),
    pytest.param(animated("WEBP"), "--first-frame", id="animated-webp"),
    pytest.param(animated("PNG"), "--first-frame", id="animated-png"),
    pytest.param(see_through(), "--flatten", id="alpha"),
    pytest.param(b"\0\0\0\x18ftypheic" + bytes(12), "HEI", id="heic"),
]


@pytest.mark.parametrize(("data", "says"), REFUSED)
def test_refused(data: bytes, says: str) -> None:
    """Bad uploads end in ``Rejected`` with the reason, never in another exception."""
    with pytest.raises(Rejected, match=says):
        photo.read(data, photo.Limits())


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param(photo.Limits(max_upload_bytes=1000), id="bytes"),
        pytest.param(photo.Limits(max_pixels=9000), id="pixels"),
    ],
)
def test_limits_come_from_config(limits: photo.Limits) -> None:
    """What is too large is refused before it is decoded, and the sentence names the key."""
    with pytest.raises(Rejected, match=r"\[precompute.upload\]"):
        photo.read(JPEG, limits)


CONVERTED = [
    pytest.param(pictures.saved(PICTURE, "PNG"), {}, id="png"),
    pytest.param(pictures.saved(PICTURE, "PNG", mode="L"), {}, id="gray-png"),
    pytest.param(pictures.saved(PICTURE, "PNG", mode="P"), {}, id="palette-png"),
    pytest.param(pictures.saved(PICTURE, "WEBP", lossless=True), {}, id="webp"),
    pytest.param(pictures.saved(PICTURE, "AVIF", quality=95), {}, id="avif"),
    pytest.param(pictures.saved(PICTURE, "GIF"), {}, id="gif"),
    pytest.param(pictures.saved(PICTURE, "JPEG", mode="CMYK", quality=95), {}, id="cmyk-jpeg"),
    pytest.param(pictures.saved(PICTURE, "JPEG", quality=95, keep_rgb=True), {}, id="rgb-jpeg"),
    pytest.param(see_through(), {"flatten": True}, id="flattened"),
    pytest.param(pictures.saved(PICTURE, "PNG", mode="RGBA"), {}, id="opaque-alpha"),
    pytest.param(animated("GIF"), {"first_frame": True}, id="first-frame"),
]


@pytest.mark.parametrize(("data", "switches"), CONVERTED)
def test_converted_once(data: bytes, switches: dict[str, Any]) -> None:
    """What cannot be spliced becomes a JPEG once, close to the upload, and the report says so."""
    read = photo.read(data, photo.Limits(**switches))
    with Image.open(io.BytesIO(data)) as image:
        expected = image.convert("RGBA")
        expected = Image.alpha_composite(Image.new("RGBA", expected.size, "white"), expected).convert("RGB")
    assert read.notes
    assert "converted" in read.notes[0]
    assert read.style.orientation == 1
    difference = np.abs(read.pixels[:, :, ::-1].astype(int) - np.asarray(expected, int))
    assert difference.mean() < 8


def test_missing_scan_data_is_shown_as_viewers_show_it() -> None:
    """Where coded data is missing inside a complete file, what is sealed is the picture that decoders make of it."""
    data = resized(121, 800)
    read = photo.read(data, photo.Limits())
    assert np.array_equal(read.pixels, pictures.by_opencv(data))
    assert np.array_equal(pictures.by_opencv(writer.whole(read.style, read.canvas.blocks)), read.pixels)


def test_gray_stays_gray() -> None:
    """A gray upload keeps one component."""
    read = photo.read(pictures.saved(PICTURE, mode="L"), photo.Limits())
    assert len(read.canvas.frame.components) == 1
    assert (read.pixels == read.pixels[:, :, :1]).all()


def test_nothing_after_the_end_is_kept() -> None:
    """A second picture behind the end marker, as phones write them, does not change what is read."""
    alone, trailed = (photo.read(data, photo.Limits()) for data in (JPEG, JPEG + pictures.jpeg(pictures.texture(50, 50))))
    assert np.array_equal(alone.canvas.blocks, trailed.canvas.blocks)


def test_profile_is_written_anew() -> None:
    """The colours' mapping is kept; the profile's name, copyright, date and private tags are not."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    read = photo.read(pictures.saved(PICTURE, icc_profile=srgb), photo.Limits())
    kept = ImageCms.ImageCmsProfile(io.BytesIO(read.style.icc))
    before = ImageCms.ImageCmsProfile(io.BytesIO(srgb))
    assert kept.profile.red_colorant == before.profile.red_colorant
    assert kept.profile.profile_description == "photo"
    assert not kept.profile.copyright
    assert kept.profile.creation_date.year == 2000


def with_table(profile: bytes, hidden: bytes) -> bytes:
    """The profile with a look-up table tag that holds something else."""
    count = int.from_bytes(profile[128:132], "big")
    grown = 12
    tags = [struct.unpack_from(">4sII", profile, 132 + 12 * i) for i in range(count)]
    table = b"".join(struct.pack(">4sII", name, at + grown, size) for name, at, size in tags)
    table += struct.pack(">4sII", b"A2B0", len(profile) + grown, len(hidden))
    size = struct.pack(">I", len(profile) + grown + len(hidden))
    return size + profile[4:128] + struct.pack(">I", count + 1) + table + profile[132 + 12 * count :] + hidden


def test_profile_carries_nothing() -> None:
    """A picture hidden in a profile's look-up table does not reach what is published."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    hidden = b"mft1" + bytes(4) + pictures.jpeg(pictures.texture(40, 40))
    read = photo.read(pictures.saved(PICTURE, icc_profile=with_table(srgb, hidden)), photo.Limits())
    assert read.style.icc
    assert b"A2B0" not in read.style.icc
    assert not any(hidden[at : at + 16] in read.style.icc for at in range(8, len(hidden) - 16))


@pytest.mark.parametrize("form", ["PNG", "AVIF", "WEBP", "GIF", "JPEG"])
def test_damaged_anywhere(form: str) -> None:
    """Files with bytes changed at random are read or refused, and never end in another exception."""
    rng = np.random.default_rng(17)
    mode = {"mode": "CMYK"} if form == "JPEG" else {}
    good = pictures.saved(pictures.texture(40, 30), form, **mode)
    for _ in range(150):
        bad = bytearray(good)
        for at in rng.integers(0, len(bad), rng.integers(1, 6)):
            bad[at] = rng.integers(0, 256)
        try:
            photo.read(bytes(bad), photo.Limits(max_pixels=1_000_000))
        except Rejected:
            continue


@pytest.mark.parametrize("marker", [0x02, 0xBF, 0xC8, 0xDC, 0xDE, 0xF0, 0xFD])
def test_markers_that_no_picture_needs(marker: int) -> None:
    """A segment that decoders stop hard at is refused before they see it."""
    with pytest.raises(Rejected, match="marker"):
        photo.read(JPEG[:2] + bytes([0xFF, marker, 0, 4, 0, 0]) + JPEG[2:], photo.Limits())


@pytest.mark.parametrize("profile", [b"junk" * 50, b"\xff" * 200, bytes(128)], ids=["junk", "ones", "zeros"])
def test_broken_profile_is_dropped(profile: bytes) -> None:
    """A profile that makes no sense is left out, and the report says so; the pixels stay."""
    read = photo.read(pictures.saved(PICTURE, icc_profile=profile), photo.Limits())
    assert read.style.icc == b""
    assert "profile was left out" in read.notes[0]
    assert photo.read(pictures.saved(PICTURE, "PNG", icc_profile=profile), photo.Limits()).pixels.shape == PICTURE.shape
