"""save and load: what goes in comes out, ties included; damage of any kind is noticed."""

import functools
import json
import os
import random
import stat

import numpy as np
import pytest

import autograd as ag
import nn
from autograd.errors import CheckpointError, DTypeError, FileKindError, GlassgradError
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


# -- what a file may claim ----------------------------------------------------------------------


def raw(header: object, data: bytes = b"") -> bytes:
    """A safetensors file, written from the format's description."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(dtype: str, shape: list[object], start: object, end: object) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def test_bfloat16_comes_as_float32_with_the_same_values(path):
    bits = np.arange(1 << 16, dtype="<u2")
    path.write_bytes(raw({"w": entry("BF16", [1 << 16], 0, 2 << 16)}, bits.tobytes()))
    w = nn.load(path, verify=False)["w"]
    assert w.dtype == np.float32
    np.testing.assert_array_equal(w.numpy().view(np.uint32), bits.astype(np.uint32) << 16)


@pytest.mark.parametrize("name", ["F8_E4M3", "F8_E5M2", "F4", "C64", "F128"])
def test_other_dtypes_are_refused_by_name(path, name):
    path.write_bytes(raw({"layer.w": entry(name, [4], 0, 4)}, bytes(4)))
    with pytest.raises(CheckpointError, match=f"'layer.w' has dtype '{name}'.*BF16"):
        nn.load(path, verify=False)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (raw({"w": entry("F32", [2], 0, 4)}, bytes(4)), r"'w' of shape \(2,\).*takes 8.*but 4"),
        (raw({"w": entry("F32", [-1], 0, 4)}, bytes(4)), "shape"),
        (raw({"w": entry("F32", [True], 0, 4)}, bytes(4)), "shape"),
        (raw({"w": entry("F32", [1.0], 0, 4)}, bytes(4)), "shape"),
        (raw(b'{"w":{"dtype":"F32","shape":[NaN],"data_offsets":[0,4]}}', bytes(4)), "shape"),
        (raw({"w": entry("F32", [2**40, 2**40], 0, 4)}, bytes(4)), "takes"),
        (raw({"w": entry("F32", [1] * 65, 0, 4)}, bytes(4)), "takes"),
        (raw({"w": entry("F32", [2**62, 2**62, 0], 0, 0)}), "'w' of shape"),
        (raw({"w": entry("F32", [1], 4, 8)}, bytes(8)), "begins at byte 4, not at 0"),
        (raw({"w": entry("F32", [1], -4, 0)}, bytes(4)), "data_offsets"),
        (raw({"w": entry("F32", [1], 0, 4)}, bytes(5)), "take 4 bytes, there are 5"),
        (raw({"w": entry("F32", [1], 0, 4)}), "take 4 bytes, there are 0"),
        (raw({"a": entry("U8", [2], 0, 2), "b": entry("U8", [2], 1, 3)}, bytes(3)), "at byte 1"),
        (raw({"w": entry("BOOL", [1], 0, 1)}, b"\2"), "neither 0 nor 1"),
        (raw({"w": {**entry("U8", [1], 0, 1), "more": 1}}, b"\2"), "has no dtype, shape"),
        (raw({"w": 3}), "has no dtype, shape"),
        (raw(b'{"w":1,"w":2}'), "a name twice"),
        (raw({"__metadata__": {"a": 1}}), "not strings by name"),
        (raw(b"[1,2]"), "is a list, no object"),
        (raw(b'{"w":'), "its header"),
        (raw(b"\xff\xfe{}"), "its header"),
        (raw(b"[" * 100_000), "recursion|its header"),
        (raw(b'{"w":' + b"9" * 10_000 + b"}"), "its header"),
    ],
)
def test_claims_that_do_not_hold(path, content, words):
    path.write_bytes(content)
    for read in (nn.load, nn.load_metadata):
        with pytest.raises(CheckpointError, match=words) as caught:
            read(path, verify=False)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "structure",
    [
        "[" * 100_000,
        json.dumps(functools.reduce(lambda nest, _: ["list", [nest]], range(101), ["value", 1])),
        '["set", []]',
        '["dict", [[[], ["value", 1]]]]',
        '{"dict": 1}',
        "3",
    ],
)
def test_descriptions_that_make_no_sense(path, structure):
    path.write_bytes(raw({"__metadata__": {"glassgrad.structure": structure}}))
    with pytest.raises(CheckpointError, match="does not fit its content"):
        nn.load(path, verify=False)


@pytest.mark.parametrize("wrap", [lambda x: [x], lambda x: (x,), lambda x: {"key": x}])
def test_a_nest_that_is_saved_is_loaded(path, wrap):
    def nest(levels: int) -> object:
        return functools.reduce(lambda inner, _: wrap(inner), range(levels), 1)

    nn.save(nest(100), path)
    assert nn.load(path) == nest(100)
    for levels in (101, 900, 3000):
        with pytest.raises(CheckpointError, match="more than 100"):
            nn.save(nest(levels), path)
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(CheckpointError, match="contain itself"):
        nn.save(endless, path)
    assert nn.load(path) == nest(100)


def test_metadata_is_checked_like_the_rest(path):
    nn.save({"v": 1}, path, metadata={"epoch": "7"})
    assert nn.load_metadata(path) == {"epoch": "7"}
    path.write_bytes(path.read_bytes().replace(b'"epoch":"7"', b'"epoch":"3"'))
    with pytest.raises(CheckpointError, match="load_metadata: .* is damaged"):
        nn.load_metadata(path)
    assert nn.load_metadata(path, verify=False) == {"epoch": "3"}
    path.write_bytes(raw({"__metadata__": {"from": "elsewhere"}}))
    with pytest.raises(CheckpointError, match="no checksum.*load_metadata.path, verify=False"):
        nn.load_metadata(path)
    assert nn.load_metadata(path, verify=False) == {"from": "elsewhere"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"__metadata__": np.zeros(1)}, "__metadata__"),
        ({"\ud800": np.zeros(1)}, "Unicode"),
        ({"n": 10**5000}, "cannot be described"),
    ],
)
def test_what_the_format_cannot_hold_is_refused(path, content, words):
    with pytest.raises(GlassgradError, match=words):
        nn.save(content, path)
    assert not path.exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX files")
def test_a_fifo_is_not_waited_for(path):
    os.mkfifo(path)
    with pytest.raises(FileKindError, match="FIFO"):
        nn.load(path)
