"""Small pictures: upright, without what the camera wrote, and never a reason to fail."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from chalicelib.cases.thumbnails import MOST_PIXELS, SIZE, thumbnail
from tests.chalicelib.cases.test_papers import picture


def opened(small: bytes | None) -> Image.Image:
    assert small is not None
    return Image.open(io.BytesIO(small))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_becomes_a_small_jpeg_of_the_same_shape(kind: str) -> None:
    small = opened(thumbnail(picture(1600, 800, kind), f"image/{kind.lower()}"))
    assert (small.format, small.size) == ("JPEG", (SIZE[0], SIZE[1] // 2))


def test_what_the_camera_wrote_is_left_out_but_its_turn_is_kept() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # The camera was turned: what is wide in the file is tall.
    exif[0x010F] = "Maker of cameras"
    exif.get_ifd(0x8825)[1] = "N"  # GPSLatitudeRef
    photo = picture(800, 400, "JPEG", exif=exif)
    assert b"Maker of cameras" in photo
    small = thumbnail(photo, "image/jpeg")
    assert small is not None and b"Maker" not in small
    assert opened(small).size[0] < opened(small).size[1]
    assert dict(opened(small).getexif()) == {}


def test_a_see_through_picture_is_drawn_on_white() -> None:
    clear = io.BytesIO()
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(clear, "PNG")
    assert opened(thumbnail(clear.getvalue(), "image/png")).getpixel((5, 5)) == (255, 255, 255)


def test_of_a_pdf_and_of_a_picture_that_claims_to_be_huge_there_is_none() -> None:
    assert thumbnail(b"%PDF-1.7", "application/pdf") is None
    side = int(MOST_PIXELS**0.5) + 10
    huge = bytearray(picture(10, 10))
    huge[16:24] = side.to_bytes(4) + side.to_bytes(4)
    assert thumbnail(bytes(huge), "image/png") is None


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 400), noise=st.binary(max_size=40), place=st.integers(0, 400))
def test_no_damage_makes_it_fail(cut: int, noise: bytes, place: int) -> None:
    whole = picture(40, 40, "JPEG")
    damaged = whole[:place] + noise + whole[place : len(whole) - cut]
    small = thumbnail(damaged, "image/jpeg")
    assert small is None or opened(small).format == "JPEG"
