"""Small pictures of papers, for lists: drawn anew, so that what a camera wrote into the file stays out.

Only ``check_document`` has Pillow. Of a PDF there is none.
"""

import io
from typing import Final

SIZE: Final = (320, 320)
MEDIA_TYPE: Final = "image/jpeg"
# A photograph of 50 megapixels; whatever says that it is larger is not opened.
MOST_PIXELS: Final = 50_000_000
PICTURES: Final = ("image/jpeg", "image/png")


def thumbnail(content: bytes, media_type: str) -> bytes | None:
    """A JPEG of at most 320 by 320 without any metadata; None where there is no picture to be made.

    Turned upright as the camera meant it. A file that no decoder takes, or a picture too large, has none.
    """
    if media_type not in PICTURES:
        return None
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return None
            picture.draft("RGB", SIZE)
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail(SIZE)
            return _jpeg(upright)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def _jpeg(picture: "Image.Image") -> bytes:  # type: ignore[name-defined]  # noqa: F821
    from PIL import Image

    whole = picture.convert("RGBA")
    white = Image.new("RGBA", whole.size, "white")
    drawn = io.BytesIO()
    Image.alpha_composite(white, whole).convert("RGB").save(drawn, "JPEG", quality=75)
    return drawn.getvalue()
