"""An upload's bytes -> coefficients and pixels: sizes first, then one decoder, once; everything else is refused."""

import io
from dataclasses import dataclass
from dataclasses import replace
from typing import Any

import cv2
import msgspec
import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL import ImageCms
from PIL import ImageOps

from precompute import icc
from precompute import sniff
from precompute.errors import Rejected
from precompute.jpeg import markers
from precompute.jpeg import reader
from precompute.jpeg.writer import Style
from precompute.orientation import upright
from precompute.variants import Canvas

CONVERTED_QUALITY = 95


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an upload may be. Alpha and animation are refused unless their switches say what to do with them."""

    max_upload_bytes: int = 64 << 20
    max_pixels: int = 80_000_000
    flatten: bool = False
    first_frame: bool = False


@dataclass(frozen=True, slots=True)
class Photo:
    """An upload, ready: ``canvas`` as stored, ``pixels`` upright (a view, BGR uint8), and what was done to it in ``notes``.

    ``converted``: it came by way of pixels, so its coefficients are ours and not the upload's.
    """

    canvas: Canvas
    style: Style
    pixels: npt.NDArray[np.uint8]
    upload_bytes: int
    notes: tuple[str, ...]
    converted: bool = False


def read(data: bytes, limits: Limits) -> Photo:
    """Bytes -> ``Photo``; raises ``Rejected`` with a sentence that says what to do."""
    if not data:
        raise Rejected("the file is empty")
    if len(data) > limits.max_upload_bytes:
        raise Rejected(f"the file is larger than {limits.max_upload_bytes} bytes ([precompute.upload] max_upload_bytes)")
    try:
        kind = sniff.kind(data)
        if kind is None:
            raise Rejected("it is not a JPEG, PNG, WebP, GIF, AVIF or HEIC picture")
        return _read_jpeg(data, limits) if kind.name == "JPEG" else _read_other(data, kind, limits)
    except (sniff.Unsound, markers.Malformed) as problem:
        raise Rejected(str(problem)) from None


def converted(data: bytes, limits: Limits, why: str) -> Photo:
    """The same picture by way of pixels: once, to a JPEG of quality 95, 4:4:4, sRGB, upright."""
    kind = sniff.kind(data) or sniff.Kind("JPEG")
    jpeg = _as_jpeg(data, kind, limits)
    header = markers.walk(jpeg)
    photo = _from_jpeg(jpeg, header, len(data), (f"{why}: converted to JPEG quality {CONVERTED_QUALITY}, 4:4:4, sRGB, upright",))
    return replace(photo, converted=True)


def _read_jpeg(data: bytes, limits: Limits) -> Photo:
    header = markers.walk(data)
    _check_pixels(header.width, header.height, limits)
    if header.frame is None:
        return converted(data[: header.length], limits, header.why)
    try:
        return _from_jpeg(data[: header.length], header, len(data), ())
    except reader.Unreadable:
        return converted(data[: header.length], limits, "the JPEG's coefficients cannot be read")


def _from_jpeg(data: bytes, header: markers.Header, upload_bytes: int, notes: tuple[str, ...]) -> Photo:
    if header.frame is None:
        raise Rejected(f"{header.why} cannot be sealed")
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None or pixels.shape[:2] != (header.height, header.width):
        raise Rejected("the JPEG is damaged")
    blocks, tables = reader.read(data, header.frame)
    profile = icc.rebuilt(header.icc, header.colours)
    if header.icc and not profile:
        notes = (*notes, "its colour profile was left out: only profiles of a matrix and tone curves are written anew")
    style = Style(header.frame, tables, header.orientation, profile)
    canvas = Canvas(pixels, blocks, header.frame, tables)
    return Photo(canvas, style, upright(pixels, header.orientation), upload_bytes, notes)


def _read_other(data: bytes, kind: sniff.Kind, limits: Limits) -> Photo:
    _check_pixels(kind.width, kind.height, limits)
    return converted(data, limits, kind.name)


def _check_pixels(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.max_pixels:
        raise Rejected(
            f"the picture is {width} x {height}, more than {limits.max_pixels} pixels ([precompute.upload] max_pixels)"
        )


def _as_jpeg(data: bytes, kind: sniff.Kind, limits: Limits) -> bytes:
    _register_heif(kind)
    out = io.BytesIO()
    try:
        with Image.open(io.BytesIO(data), formats=[kind.name]) as image:
            _check_pixels(*image.size, limits)
            _refuse_what_would_be_lost(image, limits)
            _flat(ImageOps.exif_transpose(image)).save(out, "JPEG", quality=CONVERTED_QUALITY, subsampling=0)
    except Rejected:
        raise
    except Exception:  # hostile files bring decoders and metadata readers to raise nearly anything
        raise Rejected(f"the {kind.name} is damaged, or of a kind that is not read here") from None
    return out.getvalue()


def _register_heif(kind: sniff.Kind) -> None:
    if kind.name != "HEIF":
        return
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        raise Rejected("HEIC needs a decoder: pip install pillow-heif, or upload a JPEG") from None
    register_heif_opener()


def _refuse_what_would_be_lost(image: Image.Image, limits: Limits) -> None:
    if getattr(image, "is_animated", False) and not limits.first_frame:
        raise Rejected("the picture is animated; --first-frame keeps its first frame")
    if image.has_transparency_data and not limits.flatten and np.asarray(image.convert("RGBA"))[:, :, 3].min() < 255:
        raise Rejected("the picture has transparent parts; --flatten puts it on white")


def _flat(image: Image.Image) -> Image.Image:
    """Upright picture of any mode -> L or RGB in sRGB, transparency on white, no metadata attached."""
    profile = image.info.get("icc_profile")
    if image.has_transparency_data:
        over = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", over.size, "white"), over)
    if image.mode.startswith("I") or image.mode == "F":
        image = Image.fromarray((np.asarray(image, np.float64) / 257).clip(0, 255).astype(np.uint8))
    if image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("L" if image.mode in ("1", "LA") else "RGB")
    return _in_srgb(image, profile)


def _in_srgb(image: Image.Image, profile: Any) -> Image.Image:
    if profile and image.mode != "L":
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            moved = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            image = moved or image
        except (ImageCms.PyCMSError, OSError):
            pass  # a broken profile changes no geometry; the picture is shown as if it had none
    plain = image if image.mode in ("L", "RGB") else image.convert("RGB")
    return Image.fromarray(np.asarray(plain))
