"""Scaling: sizes as asked and never larger, whole formats, the colour profile and nothing else of the file."""

import io

import numpy as np
import pytest
from PIL import ExifTags
from PIL import Image
from PIL import ImageCms
from PIL import JpegImagePlugin

from edge.errors import OriginFailed
from edge.render import scaling
from edge.render.request import canonical
from edge.render.scaling import Form
from tests.pictures import jpeg
from tests.pictures import saved
from tests.pictures import texture


@pytest.mark.parametrize(
    ("photo", "query", "scaled", "size"),
    [
        ((400, 300), "w=200", (200, 150), (200, 150)),
        ((400, 300), "h=100", (133, 100), (133, 100)),
        ((400, 300), "w=200&h=200", (200, 150), (200, 150)),
        ((300, 400), "w=200&h=200", (150, 200), (150, 200)),
        ((400, 300), "w=200&h=200&fit=cover", (267, 200), (200, 200)),
        ((300, 400), "w=200&h=200&fit=cover", (200, 267), (200, 200)),
        # never enlarged
        ((400, 300), "w=401", (400, 300), (400, 300)),
        ((400, 300), "h=2000&w=2000", (400, 300), (400, 300)),
        ((400, 300), "w=500&h=200&fit=cover", (400, 300), (400, 200)),
        ((400, 300), "q=50", (400, 300), (400, 300)),
        # never nothing
        ((4_000, 3), "w=10", (10, 1), (10, 1)),
    ],
)
def test_sizes(photo: tuple[int, int], query: str, scaled: tuple[int, int], size: tuple[int, int]) -> None:
    """What a photo becomes for what is asked."""
    assert scaling.sizes(photo, canonical(query)) == (scaled, size)


@pytest.mark.parametrize("kind", ["jpeg", "webp", "avif"])
def test_made(kind: scaling.Format) -> None:
    """The picture is upright, of the right size and content, in the right format, with its profile and without its tags."""
    if not scaling.encodes(kind):
        pytest.skip(f"this Pillow writes no {kind}")
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = 6
    tags[ExifTags.Base.Artist] = "nobody is to know"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = saved(texture(300, 200), quality=95, exif=tags, icc_profile=profile, comment=b"nor this")
    made = scaling.make([data[:100], memoryview(data)[100:]], Form((200, 300), (60, 90), (60, 60), kind, 90))
    with Image.open(io.BytesIO(made)) as image:
        assert (image.format, image.size) == ({"jpeg": "JPEG", "webp": "WEBP", "avif": "AVIF"}[kind], (60, 60))
        assert image.info["icc_profile"] == profile
        assert not image.getexif()
        assert b"nobody" not in made
        assert b"nor this" not in made
        shown = np.asarray(image.convert("RGB"), np.int16)
    with Image.open(io.BytesIO(data)) as image:
        upright = image.transpose(Image.Transpose.ROTATE_270).resize((60, 90), Image.Resampling.BOX)
        expected = np.asarray(upright.crop((0, 15, 60, 75)), np.int16)
    assert np.abs(shown - expected).mean() < 6


def test_what_does_not_decode() -> None:
    """Bytes that are no picture are the store's fault."""
    for data in (b"", b"\xff\xd8\xff", b"not a picture"):
        with pytest.raises(OriginFailed):
            scaling.make([data], Form((8, 8), (4, 4), (4, 4), "jpeg", 80))


def test_tags() -> None:
    """Every form of every picture has a tag of its own."""
    forms = [
        Form((80, 60), (40, 30), (40, 30), "jpeg", 80), Form((80, 60), (40, 30), (40, 30), "webp", 80),
        Form((80, 60), (40, 30), (40, 30), "jpeg", 81), Form((80, 60), (40, 30), (30, 30), "jpeg", 80),
        Form((80, 60), (44, 33), (40, 30), "jpeg", 80),
    ]  # fmt: skip
    tags = {form.tag(source) for form in forms for source in ('"a"', '"b"')}
    assert len(tags) == 2 * len(forms)
    assert forms[0].tag('"a"') == forms[0].tag('"a"')


def test_reduced_decoding_looks_the_same() -> None:
    """Pictures that are decoded at a part of their size are those that are decoded whole, to the eye."""
    data = jpeg(texture(640, 480), "444", 95)
    made = scaling.make([data], Form((640, 480), (80, 60), (80, 60), "jpeg", 95))
    whole = io.BytesIO()
    with Image.open(io.BytesIO(data)) as image:
        image.resize((80, 60), Image.Resampling.BOX).save(whole, "JPEG", quality=95)
    one, two = (np.asarray(Image.open(file), np.int16) for file in (io.BytesIO(made), whole))
    assert np.abs(one - two).mean() < 4


@pytest.mark.parametrize("size", [(640, 481), (480, 640), (64_000, 48_000)])
def test_another_size_than_published(monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
    """A picture that has not the catalog's size is the store's fault, and not a pixel of it is decoded."""
    monkeypatch.setattr(JpegImagePlugin.JpegImageFile, "load", lambda _: pytest.fail("it was decoded"))
    with pytest.raises(OriginFailed):
        scaling.make([jpeg(texture(640, 480), "444", 95)], Form(size, (80, 60), (80, 60), "jpeg", 95))


def test_what_claims_to_be_huge() -> None:
    """A few bytes that say 65,000 x 65,000 px are refused, even where somebody had them published."""
    data = bytearray(saved(texture(16, 16)))
    frame = data.index(b"\xff\xc0") + 5
    data[frame : frame + 4] = (65_000).to_bytes(2, "big") * 2
    with pytest.raises(OriginFailed):
        scaling.make([bytes(data)], Form((65_000, 65_000), (8, 8), (8, 8), "jpeg", 80))


def test_grey() -> None:
    """A picture without colour stays one, in every format that knows such."""
    with io.BytesIO() as file:
        Image.fromarray(texture(64, 48)).convert("L").save(file, "JPEG")
        data = file.getvalue()
    for kind in ("jpeg", "webp"):
        with Image.open(io.BytesIO(scaling.make([data], Form((64, 48), (32, 24), (32, 24), kind, 80)))) as image:
            shown = np.asarray(image.convert("RGB"), np.int16)
            assert np.ptp(shown, axis=2).max() <= 2
            assert image.mode == {"jpeg": "L", "webp": "RGB"}[kind]
