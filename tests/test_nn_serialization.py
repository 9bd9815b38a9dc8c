"""save and load: what goes in comes out, ties included; damage of any kind is noticed."""

import os
import random
import stat

import numpy as np
import pytest

import autograd as ag
import nn
from autograd.errors import CheckpointError, DTypeError
from nn import serialization


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.safetensors"


def same(a, b):
    """Equal nests, with equal types and dtypes."""
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    elif isinstance(a, ag.Tensor):
        same(a.data, b.data)
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype and a.shape == b.shape
        np.testing.assert_array_equal(a, b)
    else:
        assert a == b


def test_module_round_trip(path):
    net, other = nn.models.build("resnet", (3, 8, 8), blocks=1), None
    nn.save(net, path)
    other = nn.models.build("resnet", (3, 8, 8), blocks=1)
    state = nn.load(path)
    assert all(type(value) is ag.Tensor for value in state.values())
    other.load_state_dict(state)
    same(dict(net.state_dict()), dict(other.state_dict()))


def test_other_readers_see_a_plain_safetensors_file(path):
    from safetensors.numpy import load_file, save_file

    net = nn.Linear(3, 2)
    nn.save(net, path)
    arrays = load_file(path)
    assert set(arrays) == {"weight", "bias"}
    np.testing.assert_array_equal(arrays["weight"], net.weight.data)
    save_file({"weight": np.ones((2, 3), np.float32), "bias": np.zeros(2, np.float32)}, path)
    with pytest.raises(CheckpointError, match=r"no checksum: .* verify=False"):
        nn.load(path)
    net.load_state_dict(nn.load(path, verify=False))
    assert (net.weight.data == 1).all()


def test_tied_weights_are_stored_once_and_tied_again(path):
    net = nn.Module()
    net.embed = nn.Embedding(1000, 50)
    net.out = nn.Linear(50, 1000, bias=False)
    net.out.weight = net.embed.weight
    nn.save(net, path)
    assert os.path.getsize(path) < 1.1 * net.embed.weight.nbytes
    state = nn.load(path)
    assert state["embed.weight"] is state["out.weight"]
    net.load_state_dict(state)
    array = np.arange(6.0)
    nn.save([array, array, array[:3], array[::-1], array.reshape(2, 3)], path)
    first, second, part, back, square = nn.load(path)
    assert first is second and part is not first
    same([part, back, square], [array[:3], array[::-1].copy(), array.reshape(2, 3)])


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12.0).reshape(3, 4).T,
        np.arange(12.0)[::-2],
        np.arange(24).reshape(2, 3, 4)[:, ::-1, 1:3],
        np.broadcast_to(np.float32(3), (2, 5)),
        np.array(3.5),
        np.zeros((0, 3), np.float32),
        np.array([True, False]),
        np.arange(3, dtype=np.uint8),
        np.arange(3, dtype=">f4"),
        np.asfortranarray(np.arange(6, dtype=np.float16).reshape(2, 3)),
    ],
    ids=lambda a: f"{a.dtype}{a.shape}",
)
def test_any_layout_and_dtype(path, array):
    nn.save({"x": array}, path)
    loaded = nn.load(path)["x"]
    assert loaded.shape == array.shape and loaded.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(loaded, array)
    assert loaded.flags.writeable and loaded.flags.c_contiguous


def test_nested_checkpoint(path):
    generator = np.random.default_rng(0)
    checkpoint = {
        "model": dict(nn.Linear(2, 2).state_dict()),
        "optimizer": {
            "state": {0: {"step": 3, "exp_avg": np.ones(2)}, 1: {}},
            "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999), "params": [0, 1], "x": None}],
        },
        "random": generator.bit_generator.state,
        "epoch": 7,
        "best": float("inf"),
        "name": "Ω",
        "done": False,
        "history": [],
        "t": ag.tensor([1, 2]),
    }
    nn.save(checkpoint, path)
    same(nn.load(path), checkpoint)


def test_metadata(path):
    nn.save(nn.Linear(1, 1), path, metadata={"epoch": "3"})
    assert nn.load_metadata(path) == {"epoch": "3"}
    for wrong in ({"epoch": 3}, {3: "epoch"}, {"glassgrad.tied": ""}):
        with pytest.raises(DTypeError, match="metadata"):
            nn.save(nn.Linear(1, 1), path, metadata=wrong)


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        ({"opt": {"lr": lambda step: 0.1}}, r"save: opt.lr is of type function"),
        ({"z": np.zeros(2, complex)}, r"save: z has dtype complex128"),
        ({(1, 2): 3}, r"key \(1, 2\) of the dict"),
        ({"a": {1, 2}}, r"save: a is of type set"),
        (object(), r"the object is of type object"),
    ],
)
def test_what_cannot_be_saved_is_named_and_the_old_file_stays(path, obj, message):
    path.write_bytes(b"old")
    with pytest.raises(DTypeError, match=message):
        nn.save(obj, path)
    assert path.read_bytes() == b"old" and os.listdir(path.parent) == [path.name]


def test_two_places_of_one_name(path):
    with pytest.raises(CheckpointError, match=r"two different places are called 'a.b'"):
        nn.save({"a": {"b": np.zeros(1)}, "a.b": np.zeros(1)}, path)


# -- the file ----------------------------------------------------------------------------------


def test_mode_is_that_of_any_file_and_links_stay(path, tmp_path):
    mask = os.umask(0o022)
    try:
        nn.save(nn.Linear(1, 1), path)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    link = tmp_path / "latest"
    link.symlink_to(path.name)
    nn.save(nn.Linear(2, 2), link)
    assert link.is_symlink() and nn.load(path)["weight"].shape == (2, 2)
    assert sorted(os.listdir(tmp_path)) == ["latest", "net.safetensors"]


@pytest.mark.parametrize("stage", ["fsync", "replace"])
def test_an_interrupted_save_leaves_the_old_file(path, monkeypatch, stage):
    nn.save(nn.Linear(1, 1), path)
    old = path.read_bytes()

    def fail(*args):
        raise OSError("no space left")

    monkeypatch.setattr(serialization.os, stage, fail)
    with pytest.raises(OSError, match="no space left"):
        nn.save(nn.Linear(3, 3), path)
    assert path.read_bytes() == old and os.listdir(path.parent) == [path.name]


def test_missing_file_and_directory(tmp_path):
    with pytest.raises(FileNotFoundError):
        nn.load(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        nn.save(nn.Linear(1, 1), tmp_path / "no" / "net")


def test_every_flipped_bit_is_noticed(path):
    net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    net[1].weight = net[0].weight
    nn.save([dict(net.state_dict()), {"lr": 0.1}], path, metadata={"epoch": "3"})
    whole = path.read_bytes()
    flips = random.Random(0).sample(range(8 * len(whole)), 600)
    for bit in [*range(80), *flips]:
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            content = nn.load(path)
        except CheckpointError as error:
            assert str(path) in str(error)
        else:  # a flip in the header's blanks, say, changes nothing
            path.write_bytes(whole)
            same(content, nn.load(path))


def test_every_cut_is_noticed(path):
    nn.save(nn.Linear(2, 2), path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match="no whole safetensors file"):
            nn.load(path)
    path.write_bytes(whole + b"\0")
    with pytest.raises(CheckpointError):
        nn.load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "It is empty"),
        (b"PK\x03\x04" + b"0" * 100, "pickle or a PyTorch checkpoint"),
        (b"\x80\x04\x95" + b"0" * 100, "pickle or a PyTorch checkpoint"),
        (b"\x93NUMPY" + b"0" * 100, "use numpy.load"),
        (b"<!DOCTYPE html>" * 9, "It begins with 3c 21"),
        ((10**6).to_bytes(8, "little") + b'{"a":', "cut short"),
        ((2**63).to_bytes(8, "little") + b"{" * 99, "cut short"),
    ],
)
def test_foreign_files_are_named(path, content, message):
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=message):
        nn.load(path)


def test_metadata_of_ours_that_makes_no_sense(path):
    from safetensors.numpy import save

    for info in ({"glassgrad.tied": '{"a": "b"}'}, {"glassgrad.structure": '["tensor"]'}):
        path.write_bytes(save({"x": np.zeros(1)}, info))
        with pytest.raises(CheckpointError, match="does not fit its content"):
            nn.load(path, verify=False)
