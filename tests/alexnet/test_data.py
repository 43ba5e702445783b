"""The one loading function: digits, official CIFAR-10 through torchvision, and how data travel between processes."""

from __future__ import annotations

import hashlib
import pickle
import socket
import tarfile
import threading
import warnings
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.datasets import CIFAR10

from alexnet import data
from results.errors import UserError


@pytest.fixture(scope="module")
def digits() -> data.Data:
    return data.load("digits")


# -- digits --------------------------------------------------------------------------------------------------------


def test_digits_are_complete_and_always_the_same(digits: data.Data) -> None:
    assert (digits.name, digits.class_names) == ("digits", tuple("0123456789"))
    assert tuple(digits.train_images.shape) == (1437, 3, 32, 32) and tuple(digits.test_images.shape) == (360, 3, 32, 32)
    assert digits.train_images.dtype == torch.uint8 and digits.train_labels.dtype == torch.int64
    # Written down: records carry it, and a study made elsewhere is only comparable if it is the same there.
    assert digits.fingerprint == "7084e30698f3f5e0ab04470cdc9b7d5c4306abeda51303cf78511846baa08bd9"
    assert data.load("digits", name="other").fingerprint == digits.fingerprint
    assert data.load("digits", name="other").name == "other"


def test_digits_split_keeps_the_shares_of_the_classes_and_overlaps_nowhere(digits: data.Data) -> None:
    shares = [labels.bincount() / len(labels) for labels in (digits.train_labels, digits.test_labels)]
    assert (shares[0] - shares[1]).abs().max() < 0.005
    train = {image.numpy().tobytes() for image in digits.train_images}
    assert not any(image.numpy().tobytes() in train for image in digits.test_images)


def test_digits_are_the_originals_enlarged(digits: data.Data) -> None:
    from sklearn.datasets import load_digits

    small = torch.from_numpy(load_digits().images)  # (n, 8, 8) in 0..16
    images = torch.cat([digits.train_images, digits.test_images]).double()
    assert torch.equal(images[:, 0], images[:, 1]) and torch.equal(images[:, 0], images[:, 2])
    reduced = torch.nn.functional.avg_pool2d(images[:, :1], 4).flatten(1) * 16 / 255
    distance = torch.cdist(reduced, small.flatten(1)).min(dim=1)
    assert distance.indices.unique().numel() > 0.99 * len(small)  # each original once (a few are near twins)
    labels = torch.cat([digits.train_labels, digits.test_labels])
    assert np.array_equal(load_digits().target[distance.indices.numpy()], labels.numpy())


# -- CIFAR-10 ------------------------------------------------------------------------------------------------------


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A little archive in the official layout, on a server, with torchvision's checksums set to match."""
    source = tmp_path / "server" / CIFAR10.base_folder
    source.mkdir(parents=True)
    random = np.random.default_rng(0)

    def member(name: str, content: object) -> str:
        (source / name).write_bytes(pickle.dumps(content))
        return hashlib.md5((source / name).read_bytes()).hexdigest()

    def batch(name: str, n: int) -> list[str]:
        labels = [i % 10 for i in range(n)]
        return [name, member(name, {"data": random.integers(0, 256, (n, 3072), np.uint8), "labels": labels})]

    monkeypatch.setattr(CIFAR10, "train_list", [batch(f"data_batch_{i}", 20) for i in range(1, 6)])
    monkeypatch.setattr(CIFAR10, "test_list", [batch("test_batch", 30)])
    names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    meta = {"filename": "batches.meta", "key": "label_names", "md5": member("batches.meta", {"label_names": names})}
    monkeypatch.setattr(CIFAR10, "meta", meta)
    path = tmp_path / "server" / CIFAR10.filename
    with tarfile.open(path, "w:gz") as tar:
        tar.add(source, CIFAR10.base_folder)
    monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5(path.read_bytes()).hexdigest())
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    handler = partial(SimpleHTTPRequestHandler, directory=str(path.parent))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(CIFAR10, "url", f"http://127.0.0.1:{server.server_port}/{path.name}")
    yield path
    server.shutdown()
    server.server_close()


def test_cifar10_is_downloaded_once_and_found_again(archive: Path, tmp_path: Path) -> None:
    first = data.load("cifar10", tmp_path / "kept", progress=False)
    archive.unlink()  # the server is gone
    second = data.load("cifar10", tmp_path / "kept", progress=False)
    assert first.fingerprint == second.fingerprint and first.name == "cifar10"
    assert first.class_names[0] == "airplane" and len(first.class_names) == 10
    assert tuple(first.train_images.shape) == (100, 3, 32, 32) and tuple(first.test_images.shape) == (30, 3, 32, 32)
    with open(tmp_path / "kept" / CIFAR10.base_folder / "test_batch", "rb") as file:
        raw = pickle.load(file)
    assert np.array_equal(first.test_images.numpy().reshape(30, -1), raw["data"])  # planes of red, green, blue
    assert first.test_labels.tolist() == raw["labels"]


def test_cifar10_archive_put_there_by_hand(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kept").mkdir()
    archive.rename(tmp_path / "kept" / CIFAR10.filename)
    monkeypatch.setenv("STUDY_DATA_DIR", str(tmp_path / "kept"))
    assert len(data.load("cifar10", progress=False).train_labels) == 100


@pytest.mark.parametrize("what", ["missing", "damaged", "offline", "broken off"])
def test_cifar10_out_of_reach_names_the_three_ways_on(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    kept = tmp_path / "kept"
    if what == "damaged":
        kept.mkdir()
        (kept / CIFAR10.filename).write_bytes(archive.read_bytes()[:-100])
    if what == "offline":

        def unreachable(*args: object, **kwargs: object) -> None:
            raise socket.gaierror(-3, "Temporary failure in name resolution")

        monkeypatch.setattr(socket, "getaddrinfo", unreachable)
        monkeypatch.setattr(CIFAR10, "url", "https://example.invalid/cifar-10-python.tar.gz")
    if what == "broken off":
        archive.write_bytes(archive.read_bytes()[:-100])
    else:
        archive.unlink()
    with pytest.raises(UserError) as caught:
        data.load("cifar10", kept, progress=False)
    assert kept.exists() == (what == "damaged")  # what a person put there stays, what was half done goes
    message = str(caught.value)
    assert "\n" not in message
    for way in (f"put the official archive {CIFAR10.filename} into '{kept}'", "--dataset PATH", "--dataset digits"):
        assert way in message
    assert ("is damaged" in message) == (what == "damaged")


def test_cifar10_into_an_unwritable_place(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file where a folder should be")
    with pytest.raises(UserError, match="name another --data-dir"):
        data.load("cifar10", tmp_path / "kept" / "deeper", progress=False)


def test_unknown_names() -> None:
    with pytest.raises(UserError, match="did you mean 'cifar10'"):
        data.load("cifar-10")
    with pytest.raises(UserError, match="no such folder"):
        data.load("some/where/else")


# -- between processes ---------------------------------------------------------------------------------------------


def test_travels_without_copies(digits: data.Data) -> None:
    buffers: list[pickle.PickleBuffer] = []
    message = pickle.dumps(digits, protocol=5, buffer_callback=buffers.append)
    assert len(message) < 2000 and len(buffers) == 4  # the four tensors are beside the message, not in it
    back = pickle.loads(message, buffers=buffers)
    assert back.train_images.data_ptr() == digits.train_images.data_ptr()
    assert back.test_labels.data_ptr() == digits.test_labels.data_ptr()
    assert (back.name, back.fingerprint, back.class_names) == (digits.name, digits.fingerprint, digits.class_names)


def test_read_only_buffers_are_used_as_they_are_and_without_a_warning(digits: data.Data) -> None:
    buffers: list[pickle.PickleBuffer] = []
    message = pickle.dumps(digits, protocol=5, buffer_callback=buffers.append)
    shared = [bytes(buffer.raw()) for buffer in buffers]  # as an object store hands them out
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        back = pickle.loads(message, buffers=shared)
    assert torch.equal(back.train_images, digits.train_images) and torch.equal(back.test_labels, digits.test_labels)
    assert back.train_images.data_ptr() == np.frombuffer(shared[0], np.uint8).__array_interface__["data"][0]


def test_plain_pickle_works_too(digits: data.Data) -> None:
    back = pickle.loads(pickle.dumps(digits))
    assert torch.equal(back.train_images, digits.train_images) and back.fingerprint == digits.fingerprint


def test_fingerprint_tells_apart() -> None:
    a = np.arange(6, dtype=np.uint8)
    prints = {
        data.fingerprint(("x", "y"), (a,)),
        data.fingerprint(("x", "z"), (a,)),
        data.fingerprint(("x", "y"), (a[::-1],)),
        data.fingerprint(("x", "y"), (a.reshape(2, 3),)),
        data.fingerprint(("x", "y"), (a.astype(np.int64),)),
        data.fingerprint(("x", "y"), (a[:3], a[3:])),
    }
    assert len(prints) == 6
