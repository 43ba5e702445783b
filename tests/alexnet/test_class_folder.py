"""Class folders: what is read, what is refused and how it is said, and that decoding happens once."""

from __future__ import annotations

import errno
import io
import os
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from alexnet import class_folder, data, decode
from results.errors import UserError


def picture(seed: int = 0, size: tuple[int, int] = (32, 32)) -> Image.Image:
    """A smooth RGB picture of ``size`` (width, height), another for each seed."""
    random = np.random.default_rng(seed)
    small = Image.fromarray(random.integers(0, 256, (4, 4, 3), dtype=np.uint8))
    return small.resize(size, Image.Resampling.BICUBIC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes, three training and two test images of each, as PNG."""
    root = tmp_path / "pets"
    for split, count in (("train", 3), ("test", 2)):
        for label, name in enumerate(("cat", "dog")):
            (root / split / name).mkdir(parents=True)
            for i in range(count):
                picture(100 * label + 10 * count + i).save(root / split / name / f"{i}.png")
    return root


def load(folder: Path) -> data.Data:
    return data.load(str(folder), folder.parent / "kept", progress=False)


def refusal(folder: Path) -> str:
    """The one line with which ``folder`` is refused; nothing may have been kept."""
    with pytest.raises(UserError) as caught:
        load(folder)
    assert not list((folder.parent / "kept").rglob("*.npz*"))
    assert "\n" not in str(caught.value)
    return str(caught.value)


# -- what is read --------------------------------------------------------------------------------------------------


def test_pixels_labels_and_names(folder: Path) -> None:
    loaded = load(folder)
    assert (loaded.name, loaded.class_names) == ("pets", ("cat", "dog"))
    assert loaded.train_labels.tolist() == [0, 0, 0, 1, 1, 1] and loaded.test_labels.tolist() == [0, 0, 1, 1]
    assert tuple(loaded.train_images.shape) == (6, 3, 32, 32) and tuple(loaded.test_images.shape) == (4, 3, 32, 32)
    expected = np.asarray(Image.open(folder / "test" / "dog" / "1.png")).transpose(2, 0, 1)
    assert np.array_equal(loaded.test_images[3].numpy(), expected)  # 32x32 is not resampled


def test_name_given(folder: Path) -> None:
    assert data.load(str(folder), folder.parent / "kept", name="cifar10-jpeg", progress=False).name == "cifar10-jpeg"


def test_hidden_files_are_left_out(folder: Path) -> None:
    before = load(folder).fingerprint
    for path in (
        ".DS_Store",
        "train/.DS_Store",
        "train/cat/.hidden.png",
        "test/dog/Thumbs.db",
        "train/dog/desktop.ini",
    ):
        (folder / path).write_bytes(b"nothing")
    (folder / "train" / ".ipynb_checkpoints").mkdir()
    (folder / "train" / "README.txt").write_text("beside the classes")
    assert load(folder).fingerprint == before


@pytest.mark.parametrize("size", [(1, 1), (32, 32), (33, 32), (7, 300), (640, 480)])
def test_any_size(folder: Path, size: tuple[int, int]) -> None:
    picture(5, size).save(folder / "train" / "cat" / "0.png")
    picture(5, size).save(folder / "train" / "cat" / "1.jpg")
    assert tuple(load(folder).train_images.shape)[1:] == (3, 32, 32)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "JPEG2000"])
def test_formats_agree_with_pillow(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "image"  # the content says the format, not the name
    picture(1).save(path, kind)
    assert np.array_equal(np.asarray(decode.read_image(str(path))), np.asarray(Image.open(path).convert("RGB")))


def saved(tmp_path: Path, image: Image.Image, suffix: str = ".png", **options: object) -> np.ndarray:
    path = tmp_path / f"image{suffix}"
    image.save(path, **options)
    return np.asarray(decode.read_image(str(path))).astype(int)


def test_modes(tmp_path: Path) -> None:
    rgb = picture(2)
    red = Image.new("RGB", (32, 32), (200, 10, 30))
    grey = rgb.convert("L")
    as_rgb = np.asarray(grey.convert("RGB"))
    assert np.array_equal(saved(tmp_path, grey), as_rgb)
    assert np.array_equal(saved(tmp_path, red.convert("P", palette=Image.Palette.ADAPTIVE)), np.asarray(red))
    assert set(np.unique(saved(tmp_path, rgb.convert("1")))) == {0, 255}
    assert abs(saved(tmp_path, red.convert("CMYK"), ".tif") - np.asarray(red)).max() <= 2
    assert abs(saved(tmp_path, red.convert("CMYK"), ".jpg", quality=95) - np.asarray(red)).max() <= 6
    sixteen = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    assert np.array_equal(saved(tmp_path, sixteen), as_rgb)  # not clipped at 255
    assert np.array_equal(saved(tmp_path, sixteen, ".tif"), as_rgb)


def test_transparent_pixels_are_white_whatever_colour_they_hide(tmp_path: Path) -> None:
    pixels = np.zeros((32, 32, 4), np.uint8)
    pixels[:16] = (200, 10, 30, 255)
    pixels[16:] = (0, 255, 0, 0)
    out = saved(tmp_path, Image.fromarray(pixels))
    assert (out[:16] == (200, 10, 30)).all() and (out[16:] == 255).all()
    palette = Image.new("P", (32, 32), 0)
    palette.putpalette([9, 9, 9, 200, 10, 30])
    palette.paste(1, (0, 0, 32, 16))
    out = saved(tmp_path, palette, ".gif", transparency=0)
    assert (out[:16] == (200, 10, 30)).all() and (out[16:] == 255).all()
    half = Image.fromarray(np.full((32, 32, 2), (0, 128), np.uint8), "LA")
    assert abs(saved(tmp_path, half) - 127).max() <= 1


def test_a_photo_is_turned_as_its_camera_says(tmp_path: Path) -> None:
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:, :16] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to view: what is stored left is shown at the top
    out = saved(tmp_path, Image.fromarray(pixels), exif=exif)
    assert (out[:16] == 255).all() and (out[16:] == 0).all()


def test_large_jpegs_look_as_if_decoded_in_full(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    picture(3, (1500, 1000)).save(path, quality=95)
    fast = np.asarray(decode.read_image(str(path))).astype(int)
    full = np.asarray(Image.open(path).resize((32, 32), Image.Resampling.BICUBIC)).astype(int)
    assert abs(fast - full).max() <= 4


# -- decoded once --------------------------------------------------------------------------------------------------


def test_second_load_decodes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load(folder)
    monkeypatch.setattr(class_folder, "decode", lambda *args: pytest.fail("decoded again"))
    second = load(folder)
    assert second.fingerprint == first.fingerprint and second.class_names == first.class_names
    assert np.array_equal(second.test_images.numpy(), first.test_images.numpy())


def test_a_changed_file_is_seen(folder: Path) -> None:
    first = load(folder)
    time.sleep(0.01)
    picture(77).save(folder / "train" / "dog" / "2.png")
    second = load(folder)
    assert second.fingerprint != first.fingerprint
    assert len(list((folder.parent / "kept").rglob("*.npz"))) == 1  # the old state is replaced, not hoarded


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text"])
def test_a_damaged_copy_is_made_anew(folder: Path, damage: str) -> None:
    first = load(folder)
    (kept,) = (folder.parent / "kept").rglob("*.npz")
    content = kept.read_bytes()
    middle = content.index(b"train_images") + 2000  # inside the pixels
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    kept.write_bytes({"cut": content[:-500], "flipped": flipped, "empty": b"", "text": b"not a zip"}[damage])
    assert load(folder).fingerprint == first.fingerprint


def test_the_fingerprint_is_of_the_content(folder: Path, tmp_path: Path) -> None:
    first = load(folder).fingerprint
    for path in folder.rglob("*.png"):  # another format, other times, another place: the same images
        Image.open(path).save(path.with_suffix(".bmp"))
        path.unlink()
    moved = folder.rename(tmp_path / "elsewhere")
    assert load(moved).fingerprint == first
    for split in ("train", "test"):
        (moved / split / "cat").rename(moved / split / "bird")
    assert load(moved).fingerprint != first  # the names of classes belong to it


def test_many_threads_keep_the_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "SMALL", 0)
    monkeypatch.setattr(decode, "CHUNK", 3)
    monkeypatch.setattr(decode, "_cores", lambda: 8)
    paths = []
    for i in range(64):
        Image.new("RGB", (32, 32), (i, 255 - i, 0)).save(tmp_path / f"{i}.png")
        paths.append(str(tmp_path / f"{i}.png"))
    told: list[int] = []
    images = decode.decode(paths, told.append)
    assert images[:, 0, 0, 0].tolist() == list(range(64)) and sum(told) == 64


# -- what is refused -----------------------------------------------------------------------------------------------


def test_missing_and_empty_folders(folder: Path, tmp_path: Path) -> None:
    assert "give cifar10, digits, or a folder that holds" in refusal(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    assert "is a file" in refusal(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    assert "is empty: it needs train/<class>/*" in refusal(tmp_path / "empty")
    (tmp_path / "half" / "train").mkdir(parents=True)
    assert "has no folder 'test'" in refusal(tmp_path / "half")
    (tmp_path / "half" / "test").mkdir()
    assert "train' is empty" in refusal(tmp_path / "half")
    (folder / "test" / "cat" / "0.png").unlink()
    (folder / "test" / "cat" / "1.png").unlink()
    message = refusal(folder)
    assert "test/cat' is empty" in message


def test_classes_that_differ(folder: Path) -> None:
    (folder / "test" / "dog").rename(folder / "test" / "dgo")
    message = refusal(folder)
    assert "class 'dgo'" in message and "not in train" in message and "did you mean 'dog'?" in message
    (folder / "test" / "dgo").rename(folder.parent / "aside")
    assert "class 'dog'" in refusal(folder) and "not in test" in refusal(folder)


def test_one_class_is_too_few(folder: Path) -> None:
    for split in ("train", "test"):
        (folder / split / "dog").rename(folder.parent / f"aside-{split}")
    assert "has 1 class ('cat'): it needs at least 2" in refusal(folder)


def test_folder_within_a_class(folder: Path) -> None:
    (folder / "train" / "cat" / "deeper").mkdir()
    assert "train/cat/deeper' is a folder" in refusal(folder)


@pytest.mark.parametrize("content", [b"", b"no image at all", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"])
def test_no_image_is_named(folder: Path, content: bytes) -> None:
    (folder / "test" / "dog" / "notes.txt").write_bytes(content)
    message = refusal(folder)
    assert "test/dog/notes.txt'" in message and "no image" in message


def test_the_first_bad_file_is_named_and_the_others_counted(folder: Path) -> None:
    for name in ("train/cat/1.png", "train/dog/0.png", "train/dog/2.png"):
        (folder / name).write_bytes(b"broken")
    message = refusal(folder)
    assert "train/cat/1.png'" in message and "2 other files" in message


@pytest.mark.parametrize(
    "kind", ["JPEG", "progressive", "thumbnail", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "JPEG2000"]
)
def test_every_cut_is_noticed(tmp_path: Path, kind: str) -> None:
    buffer = io.BytesIO()
    options: dict[str, object] = {"progressive": True} if kind == "progressive" else {}
    if kind == "thumbnail":  # a JPEG within the JPEG, with an end marker of its own
        thumbnail = io.BytesIO()
        picture(9).save(thumbnail, "JPEG")
        options["exif"] = b"Exif\0\0" + thumbnail.getvalue()
    picture(8, (48, 40)).save(buffer, "JPEG" if kind in ("progressive", "thumbnail") else kind, **options)
    whole = buffer.getvalue()
    path = tmp_path / "image"
    path.write_bytes(whole + b"\0 something appended")
    complete = np.asarray(decode.read_image(str(path)))
    harmless = 3 if kind in ("GIF", "BMP") else 0  # bytes after the last pixel
    for cut in [*range(1, 40), *range(40, len(whole), max(1, len(whole) // 60))]:
        path.write_bytes(whole[:-cut])
        try:
            got = np.asarray(decode.read_image(str(path)))
        except UserError as error:
            assert str(path) in str(error) and "\n" not in str(error)
        else:
            assert cut <= harmless and np.array_equal(got, complete), f"{cut} missing bytes go unnoticed"


def test_pixels_without_a_range_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="floating-point"):
        saved(tmp_path, Image.fromarray(np.ones((8, 8), np.float32)), ".tif")


def test_unwritable_place_is_refused_before_decoding(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_folder, "decode", lambda *args: pytest.fail("decoded in vain"))
    (folder.parent / "kept").write_text("a file where a folder should be")
    with pytest.raises(UserError, match="--data-dir"):
        load(folder)


def test_unreadable_folder_and_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As root nothing is unreadable, so the system's refusal is played.
    def refuse(path: object, *args: object, **kwargs: object) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr("alexnet.decode.open", refuse, raising=False)
        assert "cannot read '" in refusal(folder) and "Permission denied" in refusal(folder)
    monkeypatch.setattr(class_folder.os, "scandir", refuse)
    assert "cannot read folder '" in refusal(folder)


def test_a_full_disk_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: io.BytesIO, **arrays: object) -> None:
        file.write(b"a beginning")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    assert "No space left on device" in refusal(folder)
    assert not [path for path in (folder.parent / "kept").rglob("*") if path.is_file()]


def test_a_log_file_gets_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data.load(str(folder), folder.parent / "kept", progress=True)
    assert capsys.readouterr() == ("", f"decoding the 10 images of '{folder}', once\n")
    data.load(str(folder), folder.parent / "kept", progress=True)
    assert capsys.readouterr() == ("", "")


# -- the real thing ------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_real_cifar_jpegs(tmp_path: Path) -> None:
    """60,000 real images: right counts, the known channel statistics, and a second load that decodes none again."""
    where = os.environ.get("STUDY_CIFAR10_JPEG")
    if not where:
        message = "STUDY_CIFAR10_JPEG does not name the folder of CIFAR-10 as JPEG class folders"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    start = time.perf_counter()
    first = data.load(where, tmp_path, name="cifar10-jpeg", progress=False)
    decoding = time.perf_counter() - start
    assert (first.class_names[0], first.class_names[9], len(first.class_names)) == ("airplane", "truck", 10)
    assert (
        first.train_labels.bincount().tolist() == [5000] * 10 and first.test_labels.bincount().tolist() == [1000] * 10
    )
    pixels = first.train_images.numpy() / np.float32(255)
    np.testing.assert_allclose(pixels.mean(axis=(0, 2, 3)), (0.491, 0.482, 0.447), atol=0.003)
    np.testing.assert_allclose(pixels.std(axis=(0, 2, 3)), (0.247, 0.243, 0.262), atol=0.003)
    seconds = []
    for _ in range(3):  # the quickest of three: a busy machine says nothing about the work
        start = time.perf_counter()
        second = data.load(where, tmp_path, name="cifar10-jpeg", progress=False)
        seconds.append(time.perf_counter() - start)
        assert second.fingerprint == first.fingerprint
    assert min(seconds) < decoding / 4
