"""The bytes of a file -> a picture: any common format, upright, on white, of bounded size."""

import io

import numpy as np
from pi_heif import register_heif_opener
from PIL import Image

register_heif_opener()  # HEIC, what phones save
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "PPM", "HEIF")
MAX_BYTES = 20_000_000
MAX_PIXELS = 50_000_000  # 200 MB decoded; more is refused from the header
DEEP_PIXELS = 20_000_000  # the limit with alpha or more than 8 bits, which take several times as much
MAX_SIDE = 1024  # more than twice the side that find_ink works at
MIN_SIDE = 8

UPRIGHT = {  # EXIF orientation -> the transpose that undoes it
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class PictureError(ValueError):
    """A picture that cannot be read; the message is one line and says what to do."""


def read_picture(data: bytes) -> np.ndarray:
    """Decode the bytes of a picture file to (rows, columns, 3) uint8, its longer side below 2 MAX_SIDE.

    Turned upright by EXIF; transparent pictures on white, or on black if their ink is light; the first frame of
    an animation; 16-bit and CMYK as 8-bit RGB. The header is checked before anything is decoded.

    Raises:
        PictureError: not a picture, damaged, or too many bytes, too many or too few pixels.
    """
    if not data:
        raise PictureError("The file is empty. Choose a picture, such as a PNG or a JPEG.")
    if len(data) > MAX_BYTES:
        raise PictureError(f"The file is larger than {MAX_BYTES // 10**6} MB. Shrink the picture first.")
    image = open_checked(data)
    try:
        return decode(image)
    except Exception as error:  # damaged files make the decoders raise almost anything
        raise PictureError("The picture is damaged or incomplete. Save or upload it again.") from error


def open_checked(data: bytes) -> Image.Image:
    """Open a picture and check its size by the header; nothing is decoded yet."""
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise too_large(MAX_PIXELS) from error
    except Exception as error:
        raise PictureError(unreadable(data)) from error
    flat = image.mode in ("1", "L", "P", "RGB", "YCbCr", "CMYK") and "transparency" not in image.info
    if image.width * image.height > (MAX_PIXELS if flat else DEEP_PIXELS):
        raise too_large(MAX_PIXELS if flat else DEEP_PIXELS)
    if min(image.size) < MIN_SIDE:
        raise PictureError(
            f"The picture is only {image.width} x {image.height} pixels."
            f" Use one with at least {MIN_SIDE} pixels on each side."
        )
    return image


def too_large(limit: int) -> PictureError:
    return PictureError(f"The picture has more than {limit // 10**6} million pixels. Shrink it first.")


def unreadable(data: bytes) -> str:
    """The message for bytes that no decoder accepts."""
    if data[4:8] == b"ftyp":
        return "This is a video or a damaged HEIC picture. Save a picture as JPEG or PNG first."
    if data[:2] == b"PK":
        return "This is a zip, not a picture. Unpack it and choose the pictures inside."
    return "This is not a picture in a known format. Use PNG, JPEG, HEIC, WebP, GIF, BMP or TIFF."


def decode(image: Image.Image) -> np.ndarray:
    """An opened picture as (rows, columns, 3) uint8."""
    turn = orientation(image)
    image.draft("RGB", (MAX_SIDE, MAX_SIDE))  # JPEG decodes at reduced size, much faster
    image = to_eight_bit(image)
    factor = max(image.size) // MAX_SIDE
    if factor > 1:
        image = image.reduce(factor)
    if turn in UPRIGHT:
        image = image.transpose(UPRIGHT[turn])
    if image.mode == "RGBA":
        return lay_on_paper(np.asarray(image))
    return np.asarray(image.convert("RGB"))


def orientation(image: Image.Image) -> int:
    """The EXIF orientation; 1 if missing or damaged."""
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # a damaged tag must not cost the picture
        return 1


def to_eight_bit(image: Image.Image) -> Image.Image:
    """The decoded first frame in mode L, RGB, RGBA or CMYK."""
    if image.mode.startswith(("I", "F")):
        values = np.nan_to_num(np.asarray(image, dtype=np.float32))
        top = float(np.max(values))
        scale = 255 / 65535 if top > 255 else 255 if top <= 1 else 1
        return Image.fromarray(np.clip(values * scale, 0, 255).astype(np.uint8))
    if image.mode in ("PA", "LA", "La", "RGBa") or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode in ("L", "RGB", "RGBA", "CMYK"):
        image.load()
        return image
    return image.convert("RGB")


def lay_on_paper(rgba: np.ndarray) -> np.ndarray:
    """A picture with transparency (rows, columns, 4) on white paper, or on black if its ink is light."""
    colour, alpha = rgba[..., :3].astype(np.float32), rgba[..., 3:].astype(np.float32) / 255
    weight = alpha.sum()
    ink = (colour * alpha).sum((0, 1)).mean() / max(weight, 1.0)
    paper = 0.0 if ink > 200 and weight < 0.6 * alpha.size else 255.0
    return np.round(colour * alpha + paper * (1 - alpha)).astype(np.uint8)
