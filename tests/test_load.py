"""Loading: formats, depth, transparency, orientation, pages, and everything that is not a picture."""

import io
import struct
import sys
import zlib

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from zipread.errors import InputError
from zipread.load import load_pages
from zipread.load.headers import read_header, sniff
from zipread.records import Page, PageError

MAX_PIXELS = 1_000_000


def encode(pixels, format, pages=(), **options):
    target = io.BytesIO()
    image = Image.fromarray(pixels)
    if format == "HEIC":
        pillow_heif.from_pillow(image).save(target, **options)
        return target.getvalue()
    if pages:
        options |= {"save_all": True, "append_images": [Image.fromarray(page) for page in pages]}
    image.save(target, format, **options)
    return target.getvalue()


def load_one(source, max_pixels=MAX_PIXELS):
    (page,) = load_pages(source, max_pixels)
    assert isinstance(page, Page)
    assert page.gray.dtype == np.uint8
    assert page.gray.flags.c_contiguous
    return page.gray


def message_of(source, max_pixels=MAX_PIXELS):
    with pytest.raises(InputError) as caught:
        list(load_pages(source, max_pixels))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def ramp(height=40, width=60):
    return np.linspace(0, 255, height * width).astype(np.uint8).reshape(height, width)


def corner(dtype=np.uint8, white=255):
    """White with a black block in the upper left: tells every orientation from every other."""
    pixels = np.full((40, 60), white, dtype)
    pixels[:10, :20] = 0
    return pixels


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "GIF", "JPEG2000"])
def test_lossless_formats_give_the_pixels(format):
    np.testing.assert_array_equal(load_one(encode(ramp(), format)), ramp())


@pytest.mark.parametrize("format", ["JPEG", "WEBP"])
def test_lossy_formats_give_nearly_the_pixels(format):
    assert np.abs(load_one(encode(ramp(), format, quality=95)).astype(int) - ramp()).max() < 12


@pytest.mark.parametrize("compression", ["raw", "group4", "group3", "tiff_lzw", "packbits", "tiff_adobe_deflate"])
def test_bilevel_tiff_is_black_on_white(compression):
    gray = load_one(encode(corner() > 0, "TIFF", compression=compression))
    np.testing.assert_array_equal(gray, corner())


@pytest.mark.parametrize("big", [False, True])
def test_both_kinds_of_tiff(big):
    np.testing.assert_array_equal(load_one(encode(ramp(), "TIFF", big_tiff=big)), ramp())


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled(format):
    pixels = np.array([[0, 65535, 32768]], np.uint16)
    np.testing.assert_array_equal(load_one(encode(pixels, format)), [[0, 255, 128]])


def test_a_codestream_of_jpeg_2000_is_read_without_its_file_and_with_sixteen_bits():
    file = encode(ramp(), "JPEG2000")
    start = file.index(b"jp2c") + 4
    np.testing.assert_array_equal(load_one(file[start:]), ramp())
    longer = file[: start - 8] + struct.pack(">I4sQ", 1, b"jp2c", len(file) - start + 16) + file[start:]
    np.testing.assert_array_equal(load_one(longer), ramp())
    pixels = np.array([[0, 65535, 32768] * 8] * 8, np.uint16)
    np.testing.assert_array_equal(load_one(encode(pixels, "JPEG2000"))[0, :3], [0, 255, 128])


def test_a_jpeg_2000_of_twelve_bits_is_scaled_and_one_of_fewer_than_eight_says_what_to_do():
    data = encode(ramp().astype(np.uint16) * 16, "JPEG2000")
    depth = data.index(b"\xff\x4f\xff\x51") + 42
    assert data[depth] == 15
    assert read_header(data[:depth] + b"\x0b" + data[depth + 1 :], "JPEG 2000").bits == 12
    bilevel = data[:depth] + b"\0" + data[depth + 1 :]
    assert message_of(bilevel) == (
        "the picture: a JPEG 2000 picture of 1 bits a sample; save it with 8, or as TIFF or PNG"
    )


def test_twelve_bits_in_sixteen_are_scaled_to_white():
    pixels = np.array([[0, 4095, 2048]], np.uint16)
    np.testing.assert_array_equal(load_one(encode(pixels, "PNG")), [[0, 255, 128]])


def test_sixteen_bits_counted_from_white():
    data = bytearray(encode(corner(np.uint16, 65535), "TIFF"))
    (start,) = struct.unpack_from("<I", data, 4)
    for entry in range(start + 2, start + 2 + 12 * struct.unpack_from("<H", data, start)[0], 12):
        if struct.unpack_from("<H", data, entry)[0] == 262:  # photometric interpretation
            struct.pack_into("<H", data, entry + 8, 0)  # white is zero
    np.testing.assert_array_equal(load_one(bytes(data)), 255 - corner())


@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP"])
def test_transparency_is_laid_on_white(format):
    pixels = np.zeros((2, 3, 4), np.uint8)
    pixels[0, :, 3] = 255
    options = {"lossless": True, "exact": True} if format == "WEBP" else {}
    np.testing.assert_array_equal(load_one(encode(pixels, format, **options)), [[0, 0, 0], [255, 255, 255]])


def test_colours_become_luma():
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    np.testing.assert_allclose(load_one(encode(colours, "PNG")), [[76, 150, 29]], atol=1)
    np.testing.assert_array_equal(load_one(colours), [[76, 150, 29]])


ORIENTATIONS = {
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.T,
    6: np.rot90,
    7: lambda upright: upright[::-1, ::-1].T,
    8: lambda upright: np.rot90(upright, -1),
}
"""How a camera stores an upright scene under each EXIF orientation."""


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize(("format", "alpha"), [("JPEG", False), ("PNG", False), ("PNG", True), ("WEBP", True)])
def test_exif_orientation_is_undone(orientation, format, alpha):
    stored = np.ascontiguousarray(ORIENTATIONS[orientation](corner()))
    if alpha:
        opacity = np.full_like(stored, 255)
        opacity[0, 0] = 254
        stored = np.dstack([stored] * 3 + [opacity])
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if format == "WEBP" else {}
    gray = load_one(encode(stored, format, exif=exif, **options))
    assert gray.shape == (40, 60)
    np.testing.assert_array_equal(gray < 128, corner() < 128)


def test_pages_of_a_tiff_in_order():
    levels = [10, 20, 30]
    first, *others = [np.full((8 + level, 9), level, np.uint8) for level in levels]
    pages = list(load_pages(encode(first, "TIFF", others), MAX_PIXELS))
    assert [page.number for page in pages] == [1, 2, 3]
    assert [int(page.gray.mean()) for page in pages] == levels
    assert pages[2].gray.shape == (38, 9)


def test_a_damaged_page_of_a_tiff_costs_only_itself():
    noise = np.random.default_rng(1).integers(0, 255, (64, 64), np.uint8)
    data = bytearray(encode(noise, "TIFF", [noise, noise], compression="tiff_lzw"))
    directories = []
    (offset,) = struct.unpack_from("<I", data, 4)
    while offset:
        directories.append(offset)
        (entries,) = struct.unpack_from("<H", data, offset)
        (offset,) = struct.unpack_from("<I", data, offset + 2 + 12 * entries)
    for entry in range(directories[1] + 2, len(data), 12):
        if struct.unpack_from("<H", data, entry)[0] == 273:  # strip offsets
            struct.pack_into("<I", data, entry + 8, len(data) - 4)
            break
    first, second, third = load_pages(bytes(data), MAX_PIXELS)
    assert isinstance(first, Page)
    assert second == PageError(2, "the file is cut short: part of the page is missing")
    assert isinstance(third, Page)
    np.testing.assert_array_equal(third.gray, noise)


def test_a_multi_page_tiff_cut_short_keeps_its_first_pages():
    noise = np.random.default_rng(2).integers(0, 255, (64, 64), np.uint8)
    data = encode(noise, "TIFF", [noise, noise])
    first, *others = load_pages(data[: len(data) // 2], MAX_PIXELS)
    assert isinstance(first, Page)
    assert others
    assert all(isinstance(other, PageError) and "cut short" in other.message for other in others)


@pytest.mark.parametrize("where", ["the first page", "its strips"])
def test_a_big_tiff_whose_offsets_are_larger_than_any_file(where):
    data = bytearray(encode(ramp(), "TIFF", big_tiff=True))
    (offset,) = struct.unpack_from("<Q", data, 8)
    (entries,) = struct.unpack_from("<Q", data, offset)
    for entry in range(offset + 8, offset + 8 + 20 * entries, 20):
        if struct.unpack_from("<H", data, entry)[0] == 273 and where == "its strips":
            struct.pack_into("<QQ", data, entry + 4, 9, 2**64 - 1)  # nine of them, far away
    if where == "the first page":
        struct.pack_into("<Q", data, 8, 2**63)
    assert "cut short" in message_of(bytes(data))


def test_a_tiff_whose_pages_run_in_a_circle_ends():
    data = bytearray(encode(ramp(), "TIFF"))
    (offset,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, offset)
    struct.pack_into("<I", data, offset + 2 + 12 * entries, offset)
    assert len(list(load_pages(bytes(data), MAX_PIXELS))) == 1


def test_pages_of_a_pdf_at_300_dpi():
    data = encode(np.full((150, 300), 255, np.uint8), "PDF", [corner()], resolution=150)
    first, second = load_pages(data, MAX_PIXELS)
    assert (first.number, second.number) == (1, 2)
    np.testing.assert_allclose(first.gray.shape, (300, 600), atol=1)
    np.testing.assert_allclose(second.gray.shape, (80, 120), atol=1)
    assert second.gray[5, 5] < 30
    assert second.gray[70, 100] > 225


def test_a_page_of_a_pdf_over_the_limit_costs_only_itself():
    data = encode(np.full((1500, 1500), 255, np.uint8), "PDF", [corner()], resolution=150)
    first, second = load_pages(data, MAX_PIXELS)
    assert isinstance(first, PageError)
    assert "--max-pixels" in first.message
    assert isinstance(second, Page)


ENCRYPTED_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"3 0 obj<</Filter/Standard/V 1/R 2/P -4/O<" + b"41" * 32 + b">/U<" + b"42" * 32 + b">>>endobj\n"
    b"trailer<</Root 1 0 R/Encrypt 3 0 R/ID[<00><00>]>>\n%%EOF\n"
)


def test_an_encrypted_pdf_says_so():
    assert "password" in message_of(ENCRYPTED_PDF)


def test_a_broken_pdf_says_so():
    assert message_of(b"%PDF-1.7\nnothing else") == "the picture: damaged: the PDF cannot be opened"


def png_bomb(side):
    """A well-formed PNG of side x side white pixels in a few hundred kilobytes or less."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    row = b"\0" + b"\xff" * ((side + 7) // 8)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    packer = zlib.compressobj()
    body = b"".join([packer.compress(row) for _ in range(side)] + [packer.flush()])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_a_bomb_is_refused_before_it_is_decoded(monkeypatch):
    data = png_bomb(2_000)
    assert load_one(data, max_pixels=4_000_000).all()
    monkeypatch.setattr(cv2, "imdecode", None)
    assert message_of(data, 3_999_999) == "the picture: 2000x2000 pixels are more than --max-pixels 3999999 allows"


@pytest.mark.parametrize("format", ["PNG", "JPEG", "BMP", "WEBP", "GIF", "JPEG2000"])
def test_headers_give_the_size_without_decoding(format):
    data = encode(ramp(40, 60), format)
    header = read_header(data, sniff(data))
    assert (header.width, header.height) == (60, 40)
    assert header.complete


@pytest.mark.parametrize("lossless", [True, False])
@pytest.mark.parametrize("alpha", [True, False])
def test_every_kind_of_webp_header(lossless, alpha):
    pixels = np.random.default_rng(3).integers(0, 255, (40, 60, 4 if alpha else 3), np.uint8)
    header = read_header(encode(pixels, "WEBP", lossless=lossless), "WebP")
    assert (header.width, header.height, header.alpha) == (60, 40, alpha)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "BMP", "WEBP", "GIF", "TIFF", "JPEG2000"])
@pytest.mark.parametrize("kept", [0.05, 0.3, 0.5, 0.9])
def test_a_picture_cut_short_is_an_error_not_half_a_picture(format, kept):
    noise = np.random.default_rng(4).integers(0, 255, (120, 160), np.uint8)
    data = encode(noise, format)
    assert "cut short" in (message := message_of(data[: int(len(data) * kept)])) or "damaged" in message


@pytest.mark.parametrize("missing", [1, 2, 10])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_without_its_last_bytes_is_an_error(missing, progressive):
    smooth = cv2.GaussianBlur(np.random.default_rng(5).integers(0, 255, (90, 90), np.uint8), (0, 0), 4)
    data = encode(smooth, "JPEG", progressive=progressive)
    load_one(data)
    assert "cut short" in message_of(data[:-missing])


def test_a_jpeg_with_bytes_after_its_end_is_read():
    np.testing.assert_array_equal(load_one(encode(ramp(), "JPEG") + b"\0" * 64), load_one(encode(ramp(), "JPEG")))


@pytest.mark.parametrize("format", ["PNG", "JPEG", "BMP", "WEBP", "GIF", "TIFF", "PDF", "HEIC", "AVIF", "JPEG2000"])
def test_no_cut_and_no_flipped_byte_raises_anything_else(format):
    """Damage gives a page or an InputError, whatever byte it hits."""
    data = encode(ramp(12, 12), format)
    rng = np.random.default_rng(6)
    for _ in range(60):
        broken = bytearray(data[: rng.integers(1, len(data) + 1)])
        broken[rng.integers(len(broken))] = rng.integers(256)
        try:
            list(load_pages(bytes(broken), MAX_PIXELS))
        except InputError:
            continue


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "the file is empty"),
        (
            b"Dear sir or madam",
            "not a picture zipread can read (PNG, JPEG, JPEG 2000, TIFF, BMP, WebP, GIF, HEIC, AVIF or PDF)",
        ),
        (b"\0\0\0\x14ftypmif1\0\0\0\0mif1", "not a picture zipread can read: a HEIF picture; save it as JPEG or PNG"),
        (b"\0\0\0\x14ftypavif\0\0\0\0avif", "damaged: the picture cannot be decoded"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "damaged: the picture cannot be decoded"),
        (b"\x89PNG\r\n\x1a\n", "damaged: the picture cannot be decoded"),
    ],
)
def test_what_is_no_picture_is_named(data, expected):
    assert message_of(data) == f"the picture: {expected}"


def test_messages_name_the_file(tmp_path):
    assert message_of(tmp_path / "none.png") == f"{tmp_path}/none.png: no such file"
    (tmp_path / "link.png").symlink_to(tmp_path / "none.png")
    assert message_of(tmp_path / "link.png") == f"{tmp_path}/link.png: is a link to a file that is gone"
    assert message_of(tmp_path) == f"{tmp_path}: is a folder, not a picture"
    assert message_of("a\0b.png").startswith("a\0b.png: cannot be read")


def test_the_content_decides_not_the_suffix(tmp_path):
    path = tmp_path / "really-a-png.jpg"
    path.write_bytes(encode(ramp(), "PNG"))
    np.testing.assert_array_equal(load_one(path), ramp())
    np.testing.assert_array_equal(load_one(str(path)), ramp())


@pytest.mark.parametrize("format", ["PNG", "JPEG", "BMP", "WEBP", "GIF", "TIFF", "PDF"])
def test_one_pixel(format):
    gray = load_one(encode(np.array([[255]], np.uint8), format))
    assert (gray > 250).all()


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (np.array([[0, 7, 255]], np.uint8), [[0, 7, 255]]),
        (np.array([[[0], [7]]], np.uint8), [[0, 7]]),
        (np.array([[False, True]]), [[0, 255]]),
        (np.array([[0.0, 0.5, 1.0]]), [[0, 128, 255]]),
        (np.array([[[0.0, 0.0], [0.0, 1.0]]], np.float16), [[255, 0]]),
        (np.array([[[0, 0, 0, 0], [0, 0, 0, 255]]], np.uint8), [[255, 0]]),
        (np.array([[0, 65535]], np.uint16), [[0, 255]]),
    ],
)
def test_arrays(pixels, expected):
    np.testing.assert_array_equal(load_one(pixels), expected)


def test_an_array_that_is_not_contiguous_is_read():
    np.testing.assert_array_equal(load_one(ramp()[::2, ::-1]), ramp()[::2, ::-1])


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((0, 5), np.uint8),
        np.zeros(5, np.uint8),
        np.zeros((), np.uint8),
        np.zeros((4, 4, 5), np.uint8),
        np.zeros((4, 4), np.int64),
        np.full((4, 4), np.nan),
        np.full((4, 4), 255.0),
        np.array([["a"]]),
        np.zeros((2000, 2000), np.uint8),
    ],
)
def test_arrays_that_are_no_pictures(pixels):
    message_of(pixels)


def orange_stripe():
    rgb = np.full((20, 30, 3), 240, np.uint8)
    rgb[4:9] = (230, 120, 30)
    return rgb


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "JPEG", "WEBP", "JPEG2000"])
def test_a_picture_in_colour_can_be_had_in_colour(format):
    buffer = io.BytesIO()
    Image.fromarray(orange_stripe()).save(buffer, format, quality=95)
    page = next(iter(load_pages(buffer.getvalue(), 10_000)))
    assert page.gray.shape == (20, 30)
    assert np.abs(page.color()[6, 15].astype(int) - (230, 120, 30)).max() <= 6


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "JPEG", "JPEG2000"])
def test_a_gray_picture_has_no_colour(format):
    buffer = io.BytesIO()
    Image.fromarray(orange_stripe()).convert("L").save(buffer, format)
    page = next(iter(load_pages(buffer.getvalue(), 10_000)))
    assert page.color is None or format == "BMP"  # a gray BMP is one with a palette


def test_colour_is_turned_as_the_gray_is():
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(orange_stripe()).save(buffer, "JPEG", quality=95, exif=exif)
    page = next(iter(load_pages(buffer.getvalue(), 10_000)))
    assert page.color().shape == (30, 20, 3) == (*page.gray.shape, 3)


def test_every_page_of_a_tiff_has_its_own_colour():
    red, blue = np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8, 3), np.uint8)
    red[..., 0], blue[..., 2] = 255, 255
    buffer = io.BytesIO()
    Image.fromarray(red).save(buffer, "TIFF", save_all=True, append_images=[Image.fromarray(blue)])
    first, second = load_pages(buffer.getvalue(), 10_000)
    assert first.color()[3, 3].tolist() == [255, 0, 0]
    assert second.color()[3, 3].tolist() == [0, 0, 255]


def test_an_array_in_colour_keeps_it():
    page = next(iter(load_pages(orange_stripe(), 10_000)))
    assert np.array_equal(page.color(), orange_stripe())


def test_a_page_of_a_pdf_can_be_had_in_colour():
    buffer = io.BytesIO()
    pages = [Image.new("RGB", (100, 60), color) for color in ("white", (230, 120, 30))]
    pages[0].save(buffer, "PDF", resolution=72, save_all=True, append_images=pages[1:])
    _, page = load_pages(buffer.getvalue(), MAX_PIXELS)
    color = page.color()
    assert color.shape == (*page.gray.shape, 3)
    assert np.abs(color[100, 100].astype(int) - (230, 120, 30)).max() <= 8


@pytest.mark.parametrize("format", ["HEIC", "AVIF"])
class TestHeif:
    """What telephones take."""

    def test_it_is_decoded_with_its_colours(self, format):
        picture = np.full((60, 80, 3), 255, np.uint8)
        picture[20:40, 10:30] = (200, 30, 30)

        (page,) = load_pages(encode(picture, format, quality=95), MAX_PIXELS)

        np.testing.assert_allclose(page.gray, cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), atol=12)
        assert np.abs(page.color()[30, 20].astype(int) - (200, 30, 30)).max() < 12

    def test_it_is_turned_upright_once(self, format):
        picture = np.zeros((40, 80), np.uint8)
        picture[:, :20] = 255
        turned = Image.Exif()
        turned[0x0112] = 6  # the camera was held upright
        data = encode(np.dstack([picture] * 3), format, quality=95, exif=turned.tobytes())

        gray = load_one(data)

        assert gray.shape == (80, 40)
        assert gray[:15].min() > 200 and gray[25:].max() < 50

    def test_what_is_transparent_is_paper(self, format):
        picture = np.zeros((60, 80, 4), np.uint8)
        picture[20:40, 10:30, 3] = 255
        (page,) = load_pages(encode(picture, format, quality=95), MAX_PIXELS)
        assert page.gray[5, 5] > 245 and page.gray[30, 20] < 10
        assert page.color is None

    def test_nothing_larger_than_allowed_is_decoded(self, format):
        assert "80x60 pixels are more than" in message_of(encode(np.zeros((60, 80, 3), np.uint8), format), 4_000)

    def test_half_a_file_is_damaged(self, format):
        data = encode(np.random.default_rng(1).integers(0, 255, (60, 80, 3), np.uint8), format)
        for length in (len(data) - 20, len(data) // 2, 40):
            assert message_of(data[:length]) == "the picture: damaged: the picture cannot be decoded"

    def test_without_the_extra_its_row_says_what_to_install(self, format, monkeypatch):
        data = encode(np.zeros((60, 80, 3), np.uint8), format)
        monkeypatch.setitem(sys.modules, "pillow_heif" if format == "HEIC" else "PIL", None)
        expected = f"a picture in {format}, which needs pip install 'zipread[heic]'; or save it as JPEG or PNG"
        assert message_of(data) == f"the picture: {expected}"
