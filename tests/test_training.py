"""`python -m nn`: training, resumption, its files and pictures, bad input."""

import json
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F
from autograd.errors import ArgumentError, CheckpointError, ShapeError
from nn.training import (
    Data,
    NonFiniteLossError,
    Settings,
    evaluate,
    fit,
    fitting,
    load_data,
    load_run,
    new_run,
    pictures,
    progress,
    save_run,
)
from nn.training.augmentation import shifted
from nn.training.cli import main

ROOT = Path(__file__).parent.parent
SMALL = Settings(model="two_layer", epochs=4, batch_size=32, shift=0, seed=3)


def stripes(count, seed, size=8):
    """Images with a bright row, whose number is the class."""
    generator = np.random.default_rng(seed)
    y = generator.integers(0, size, count)
    x = generator.normal(0, 0.5, (count, 1, size, size)).astype(np.float32)
    x[np.arange(count), 0, y] += 2
    return x, y


@pytest.fixture
def data():
    x, y = stripes(200, 0)
    x_test, y_test = stripes(60, 1)
    return Data("stripes", x, x_test, y, y_test)


def with_dropout():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.3), nn.Linear(64, 8),
    )  # fmt: skip


def write_idx(path, array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(struct.pack(">I", n) for n in array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())
    return path


def write_mnist(directory, test=True):
    for part, count, seed in [("train", 60, 0), ("t10k", 20, 1)][: 1 + test]:
        x, y = stripes(count, seed, size=16)
        pixels = np.clip(60 * x[:, 0] + 60, 0, 255)
        write_idx(directory / f"{part}-images-idx3-ubyte", pixels)
        write_idx(directory / f"{part}-labels-idx1-ubyte", y)
    return directory


def same_state(a, b):
    assert list(a) == list(b)
    return all(np.array_equal(a[name].data, b[name].data) for name in a)


# ---------------------------------------------------------------------------- the training loop


def test_a_small_network_learns(data):
    run = new_run(SMALL, data)
    before = evaluate(run.net, data.x_test, data.y_test)
    fit(run, data)
    after = evaluate(run.net, data.x_test, data.y_test)
    assert after.accuracy > 0.9 > before.accuracy
    assert after.loss < before.loss
    assert [record["epoch"] for record in run.history] == [1, 2, 3, 4]
    assert run.history[-1]["test_accuracy"] == after.accuracy
    assert run.history[0]["train_loss"] > run.history[-1]["train_loss"]
    assert run.history[1]["lr"] == pytest.approx(0.87 * run.history[0]["lr"])
    assert run.optimizer.steps == 4 * 7


def test_evaluation_is_plain_and_leaves_the_network_as_it_was(data):
    ag.manual_seed(0)
    net = with_dropout()
    net[1].eval()  # a frozen batch normalisation in a network in training
    before = {name: value.data.copy() for name, value in net.state_dict().items()}
    found = evaluate(net, data.x_test, data.y_test)
    modes = [module.training for module in net.modules()]
    assert modes == [True, True, False, True, True, True, True, True]
    net.eval()
    with ag.no_grad():
        scores = net(ag.tensor(data.x_test))
    assert found.loss == pytest.approx(F.cross_entropy(scores, data.y_test).item(), rel=1e-5)
    assert found.accuracy == (scores.numpy().argmax(1) == data.y_test).mean()
    np.testing.assert_allclose(found.probabilities, F.softmax(scores, axis=1).data, rtol=1e-5)
    assert all(np.array_equal(before[n], v.data) for n, v in net.state_dict().items())


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "rmsprop", "adagrad"])
@pytest.mark.parametrize("schedule", ["constant", "decay", "cosine", "one-cycle"])
def test_every_optimizer_and_schedule_learns(data, optimizer, schedule):
    settings = Settings(
        model="linear",
        optimizer=optimizer,
        schedule=schedule,
        epochs=3,
        weight_decay=1e-4,
        clip=5,
        shift=0,
    )
    run = new_run(settings, data)
    fit(run, data)
    assert run.history[-1]["train_loss"] < run.history[0]["train_loss"]


def test_equal_settings_give_equal_runs_and_other_seeds_others(data):
    states = []
    for seed in (5, 5, 6):
        run = new_run(Settings(model="two_layer", epochs=1, shift=0, seed=seed), data)
        fit(run, data)
        states.append(run.net.state_dict())
    assert same_state(states[0], states[1])
    assert not same_state(states[0], states[2])


def test_a_loss_that_is_no_number_stops_before_the_weights_follow(data):
    run = new_run(SMALL, data, build=lambda: nn.models.two_layer(64, 8, 8))
    run.net[1].weight.data[0, 0] = np.inf
    before = {name: value.data.copy() for name, value in run.net.state_dict().items()}
    with pytest.raises(NonFiniteLossError, match="epoch 1, at step 1"):
        fit(run, data)
    assert all(np.array_equal(before[n], v.data) for n, v in run.net.state_dict().items())
    assert run.history == []


def test_shifted_moves_each_image_and_repeats_its_edge():
    x = np.random.default_rng(0).normal(size=(40, 2, 5, 6)).astype(np.float32)
    moved = shifted(x, 2, np.random.default_rng(7))
    assert moved.shape == x.shape
    assert moved.dtype == np.float32
    rows, columns = np.random.default_rng(7).integers(0, 5, (2, 40)) - 2
    assert len(set(zip(rows, columns, strict=True))) > 15
    for image, original, down, right in zip(moved, x, rows, columns, strict=True):
        i = np.clip(np.arange(5) + down, 0, 4)
        j = np.clip(np.arange(6) + right, 0, 5)
        assert np.array_equal(image, original[:, i][:, :, j])
    assert shifted(x, 0, np.random.default_rng(0)) is x
    with pytest.raises(ArgumentError, match=r"got shape \(5, 6\)"):
        shifted(x[0, 0], 1, np.random.default_rng(0))


# ------------------------------------------------------------------------------------ resumption


@pytest.mark.parametrize(
    "settings",
    [
        Settings(epochs=4, optimizer="sgd", shift=1, seed=1),
        Settings(epochs=4, optimizer="adam", schedule="cosine", clip=1.0),
        Settings(epochs=4, optimizer="rmsprop", schedule="one-cycle", batch_size=17),
    ],
    ids=lambda settings: settings.optimizer,
)
def test_a_resumed_run_is_the_same_bit_for_bit(data, tmp_path, settings):
    """Dropout, batch statistics, shifts, order and optimiser state all go on."""
    straight = new_run(settings, data, build=with_dropout)
    fit(straight, data)

    halted = new_run(settings, data, build=with_dropout)

    def stop(record):
        save_run(halted, data, tmp_path)
        if record["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(halted, data, after_epoch=stop)
    ag.manual_seed(999)
    ag.rand(5)
    resumed = load_run(tmp_path, data, build=with_dropout)
    assert len(resumed.history) == 2
    fit(resumed, data)
    assert same_state(resumed.net.state_dict(), straight.net.state_dict())
    for kept, other in zip(
        resumed.optimizer.state.values(), straight.optimizer.state.values(), strict=True
    ):
        assert all(np.array_equal(kept[name], other[name]) for name in other)
    without_time = [
        [{k: v for k, v in record.items() if k != "seconds"} for record in run.history]
        for run in (resumed, straight)
    ]
    assert without_time[0] == without_time[1]


def test_what_cannot_be_resumed(data, tmp_path):
    with pytest.raises(CheckpointError, match="there is no checkpoint .* to resume"):
        load_run(tmp_path, data)
    run = new_run(SMALL, data)
    fit(run, data)
    save_run(run, data, tmp_path)
    path = tmp_path / "checkpoint.safetensors"
    content = path.read_bytes()
    with pytest.raises(CheckpointError, match="--epochs must be at least 4, .*, got 3"):
        load_run(tmp_path, data, epochs=3)
    other = Data("stripes", data.x_train + 1, data.x_test, data.y_train, data.y_test)
    with pytest.raises(CheckpointError, match="was trained on other data"):
        load_run(tmp_path, other)
    with pytest.raises(CheckpointError, match="cannot take this over"):
        load_run(tmp_path, data, build=lambda: nn.models.linear_classifier(64, 8))
    path.write_bytes(content[:-40])
    with pytest.raises(CheckpointError, match="no whole safetensors file"):
        load_run(tmp_path, data)
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(CheckpointError, match="damaged"):
        load_run(tmp_path, data)
    nn.save(run.net, path)
    with pytest.raises(CheckpointError, match="is no checkpoint of a training run"):
        load_run(tmp_path, data)


# ------------------------------------------------------------------------------ the command line


def command(*arguments, out):
    return main([*map(str, arguments), "--out", str(out)])


LINEAR = ("--model", "linear", "--batch-size", 8, "--shift", 0)


@pytest.fixture
def small(tmp_path):
    """Options of a run that takes no time: a linear classifier, 60 images in 8 steps."""
    (tmp_path / "data").mkdir()
    return (*LINEAR, "--data", write_mnist(tmp_path / "data"))


def test_the_files_and_lines_of_a_run(small, tmp_path, capsys):
    out = tmp_path / "new" / "run"
    assert command(*small, "--epochs", 2, out=out) == 0
    text = capsys.readouterr().out
    accuracy = float(re.search(r"^test accuracy: ([01]\.\d{4})$", text, re.MULTILINE)[1])
    wrong, total = map(int, re.search(r"^misread: (\d+) of (\d+) ", text, re.MULTILINE).groups())
    assert accuracy == round(1 - wrong / total, 4)
    assert re.search(r"^step rate: [\d.]+ steps/s", text, re.MULTILINE)
    assert (
        "linear (4,112 parameters) on train-images-idx3-ubyte: 60 images to train on, 20 held out"
        in text
    )
    names = {path.name for path in out.iterdir()}
    assert names == {
        "checkpoint.safetensors",
        "model.safetensors",
        "history.json",
        "curves.png",
        "misread.png",
        "report.html",
    }
    assert all(name in text for name in names)
    for picture in ("curves.png", "misread.png"):
        content = (out / picture).read_bytes()
        assert content.startswith(b"\x89PNG")
        assert len(content) > 10_000
    history = json.loads((out / "history.json").read_text())
    assert round(history["test_accuracy"], 4) == accuracy
    assert len(history["epochs"]) == 2
    data = load_data(Settings(data=str(tmp_path / "data")))
    net = nn.models.build("linear", image=data.image, classes=data.classes)
    net.load_state_dict(nn.load(out / "model.safetensors"))
    assert round(evaluate(net, data.x_test, data.y_test).accuracy, 4) == accuracy


def test_two_and_two_epochs_are_four(small, tmp_path, capsys):
    assert command(*small, "--epochs", 4, "--seed", 2, out=tmp_path / "straight") == 0
    assert command(*small, "--epochs", 2, "--seed", 2, out=tmp_path / "halved") == 0
    assert command("--resume", "--epochs", 4, out=tmp_path / "halved") == 0
    assert "resumed after epoch 2 of 4" in capsys.readouterr().out
    weights = [nn.load(tmp_path / name / "model.safetensors") for name in ("straight", "halved")]
    assert same_state(*weights)
    assert command("--resume", out=tmp_path / "halved") == 0  # nothing left: the results again
    assert same_state(weights[0], nn.load(tmp_path / "halved" / "model.safetensors"))


def test_an_interrupted_run_says_how_to_go_on(small, tmp_path, capsys, monkeypatch):
    steps = []
    told = progress.Progress.after_step

    def after_step(self, loss):
        steps.append(loss)
        told(self, loss)
        if len(steps) == 20:  # in the third epoch of 8 steps
            raise KeyboardInterrupt

    assert command(*small, "--epochs", 4, out=tmp_path / "straight") == 0
    monkeypatch.setattr(progress.Progress, "after_step", after_step)
    assert command(*small, "--epochs", 4, out=tmp_path / "halted") == 130
    message = capsys.readouterr().err
    assert f"python -m nn --resume --out {tmp_path / 'halted'}" in message
    assert [path.name for path in (tmp_path / "halted").iterdir()] == ["checkpoint.safetensors"]
    monkeypatch.undo()
    assert command("--resume", out=tmp_path / "halted") == 0
    weights = [nn.load(tmp_path / name / "model.safetensors") for name in ("straight", "halted")]
    assert same_state(*weights)


def test_a_loss_that_is_no_number_leaves_the_checkpoint(small, tmp_path, capsys, monkeypatch):
    assert command(*small, "--epochs", 1, out=tmp_path) == 0
    before = (tmp_path / "checkpoint.safetensors").read_bytes()
    broken = F.cross_entropy
    monkeypatch.setattr(fitting.F, "cross_entropy", lambda s, y: broken(s, y) * float("nan"))
    assert command("--resume", "--epochs", 2, out=tmp_path) == 1
    message = capsys.readouterr().err
    assert "stopped: the loss became nan in epoch 2, at step 9" in message
    assert "smaller --lr" in message
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before


def test_a_new_run_keeps_the_one_that_was_there(small, tmp_path, capsys):
    assert command(*small, "--epochs", 1, out=tmp_path) == 0
    before = (tmp_path / "checkpoint.safetensors").read_bytes()
    assert command(*small, "--epochs", 1, "--seed", 9, out=tmp_path) == 0
    assert "is kept as previous-checkpoint.safetensors" in capsys.readouterr().out
    assert (tmp_path / "previous-checkpoint.safetensors").read_bytes() == before


def test_lenet_as_a_program(tmp_path):
    line = [sys.executable, "-m", "nn", "--epochs", "8", "--out", str(tmp_path)]
    result = subprocess.run(line, capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 0, result.stderr
    assert (
        "lenet (61,706 parameters) on digits: 1,438 images to train on, 359 held out"
        in result.stdout
    )
    accuracy = float(re.search(r"^test accuracy: (\S+)$", result.stdout, re.MULTILINE)[1])
    assert accuracy > 0.95


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "alexnet"], "--model must be one of linear, two_layer"),
        (["--optimizer", "lion"], "--optimizer must be one of adam, adamw, sgd"),
        (["--schedule", "x"], "--schedule must be one of decay, constant, cosine"),
        (["--data", "digts"], "no data set and no directory 'digts'; choose 'digits'"),
        (["--data", "{tmp}"], "has neither train-images-idx3-ubyte and"),
        (["--images", "{tmp}/none", "--labels", "{tmp}/none"], "--images: there is no file"),
        (["--images", "{tmp}/none"], "--labels is missing; images and labels come in pairs"),
        (["--labels", "{tmp}/none"], "--images is missing"),
        (["--epochs", "0"], "--epochs must be at least 1, got 0"),
        (["--batch-size", "-1"], "--batch-size must be at least 1, got -1"),
        (["--shift", "-1"], "--shift must be at least 0, got -1"),
        (["--seed", "-1"], "--seed must be at least 0, got -1"),
        (["--clip", "0"], "--clip must be a norm above 0, got 0.0"),
        (["--model", "lenett"], "did you mean 'lenet'?"),
        (["--optimizer", "Adam"], "did you mean 'adam'?"),
        (["--schedule", "cosin"], "did you mean 'cosine'?"),
        (["--data", "digit"], "did you mean 'digits'?"),
        (["--images", ""], "--labels is missing"),
        (["--images", "", "--labels", ""], "--images: there is no file"),
        (["--test-images", "{tmp}/a"], "--test-labels is missing"),
        (["--test-labels", "{tmp}/a"], "--test-images is missing"),
        (
            ["--test-images", "{tmp}/a", "--test-labels", "{tmp}/b"],
            "--test-images must be given with --images",
        ),
        (
            ["--data", "digits", "--images", "{tmp}/a", "--labels", "{tmp}/b"],
            "--images must not be given beside --data",
        ),
        (
            ["--data", "{tmp}", "--test-images", "{tmp}/a"],
            "--test-images must not be given beside --data",
        ),
        (["--lr", "nan"], "--lr must be a finite number, got nan"),
        (["--weight-decay", "inf"], "--weight-decay must be a finite number, got inf"),
        (["--clip", "nan"], "--clip must be a norm above 0, got nan"),
        (["--lr", "-0.1"], "lr must be a number of at least 0, got -0.1"),
        (["--weight-decay", "-1"], "weight_decay must be a number of at least 0, got -1.0"),
        (["--resume"], "there is no checkpoint"),
    ],
)
def test_bad_input_on_the_command_line(arguments, message, tmp_path, capsys):
    arguments = [argument.format(tmp=tmp_path) for argument in arguments]
    assert command(*arguments, out=tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.parametrize("arguments", [["--epochs", "many"], ["--speed", "9"], ["--mod", "lenet"]])
def test_options_that_do_not_exist(arguments, tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        command(*arguments, out=tmp_path)
    assert caught.value.code == 2
    assert "usage: python -m nn" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "meant"),
    [("--epoch", "--epochs"), ("--batchsize=3", "--batch-size"), ("--lt", "--lr")],
)
def test_a_misspelt_option_names_the_nearest(word, meant, tmp_path, capsys):
    with pytest.raises(SystemExit):
        command(word, "3", out=tmp_path)
    assert f"there is no option {word}; did you mean '{meant}'?" in capsys.readouterr().err


def test_an_out_that_cannot_be_written(small, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        assert command(*small, out=out) == 2
        assert "error: --out: cannot write into" in capsys.readouterr().err


def test_an_empty_out_is_not_this_directory(small, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert command(*small, out="") == 2
    assert "--out must be a directory" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.safetensors"))


def test_a_diverged_run_leaves_its_history_as_json(tmp_path, capsys):
    (tmp_path / "history.json").write_text("of another run")
    arguments = ["--data", write_mnist(tmp_path), "--model", "linear", "--lr", "1e300"]
    assert command(*arguments, "--epochs", 2, out=tmp_path) == 1
    message = capsys.readouterr().err
    assert re.search(r"stopped: the loss .*became (nan|inf) .*at step \d+ with lr 1e\+300", message)

    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    history = json.loads((tmp_path / "history.json").read_text(), parse_constant=refuse)
    assert "became" in history["stopped"] and history["epochs"] == []
    assert history["settings"]["lr"] == 1e300


def test_weights_that_diverge_in_the_last_step_are_noticed(data, monkeypatch):
    run = new_run(SMALL, data)
    monkeypatch.setattr(fitting.F, "softmax", lambda *_, **__: np.zeros((60, 8)))

    def spoil(loss):
        if run.optimizer.steps == 7:
            for parameter in run.net.parameters():
                parameter.data[...] = np.nan

    with pytest.raises(NonFiniteLossError, match="held-out images became nan after epoch 1, at s"):
        fit(run, data, after_step=spoil)
    assert run.history == []


def test_the_checkpoint_of_the_run_before_is_there_at_every_moment(small, tmp_path, monkeypatch):
    assert command(*small, "--epochs", 1, out=tmp_path) == 0
    before = (tmp_path / "checkpoint.safetensors").read_bytes()

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("nn.training.cli.save_run", interrupted)
        assert command(*small, "--epochs", 1, out=tmp_path) == 130
    for name in ("checkpoint.safetensors", "previous-checkpoint.safetensors"):
        assert (tmp_path / name).read_bytes() == before


def test_a_run_is_saved_by_str_and_path_into_a_new_directory(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = new_run(SMALL, data)
    fit(run, data)
    for directory in ("runs/a", Path("runs", "b"), tmp_path / "c"):
        save_run(run, data, directory)
        assert same_state(load_run(directory, data).net.state_dict(), run.net.state_dict())
    own = new_run(SMALL, data, with_dropout)
    save_run(own, data, "runs/own")
    restored = load_run("runs/own", data, build=with_dropout)
    assert same_state(restored.net.state_dict(), own.net.state_dict())
    for call, words in (
        (lambda: save_run(data, run, "runs"), "run must be a Run, got Data"),
        (lambda: save_run(run, data, 3), "directory must be a str or Path, got int"),
        (lambda: save_run(run, data, ""), "directory must be a name"),
        (lambda: load_run("runs/own", data), "give the same build"),
        (lambda: load_run(None, data), "directory must be a str or Path, got NoneType"),
    ):
        with pytest.raises(ag.GlassgradError, match=words):
            call()


def test_a_resumed_run_keeps_its_settings(small, tmp_path, capsys):
    assert command(*small, "--epochs", 1, out=tmp_path) == 0
    assert command("--resume", "--batch-size", 64, out=tmp_path) == 2
    assert "--batch-size must be as in the run" in capsys.readouterr().err
    assert command("--resume", "--batch-size", 8, "--epochs", 2, out=tmp_path) == 0


# ------------------------------------------------------------------------------ data and pictures


def test_mnist_files_by_directory_and_by_name(tmp_path, capsys):
    mnist = write_mnist(tmp_path)
    by_directory = load_data(Settings(data=str(mnist)))
    assert by_directory.image == (1, 16, 16)
    assert (len(by_directory.x_train), len(by_directory.x_test)) == (60, 20)
    assert by_directory.classes == 16
    names = [
        f"{part}-{kind}" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")
    ]
    paths = [str(mnist / f"{name}-ubyte") for name in names]
    by_name = load_data(Settings("lenet", "digits", *paths))
    assert by_name.fingerprint == by_directory.fingerprint
    halves = load_data(Settings(images=paths[0], labels=paths[1]))
    assert (len(halves.x_train), len(halves.x_test)) == (48, 12)
    arguments = ("--model", "linear", "--epochs", 1)
    assert command(*arguments, "--data", mnist, out=tmp_path / "a") == 0
    flags = ("--images", "--labels", "--test-images", "--test-labels")
    options = [part for pair in zip(flags, paths, strict=True) for part in pair]
    assert command(*arguments, *options, out=tmp_path / "b") == 0
    assert "on train-images-idx3-ubyte: 60 images to train on, 20 held out" in (
        capsys.readouterr().out
    )


def test_cifar_files_by_directory(tmp_path):
    generator = np.random.default_rng(0)
    for name in ("data_batch_1.bin", "data_batch_2.bin", "test_batch.bin"):
        records = generator.integers(0, 256, (30, 3073), dtype=np.uint8)
        records[:, 0] = np.arange(30) % 10
        (tmp_path / name).write_bytes(records.tobytes())
    data = load_data(Settings(data=str(tmp_path)))
    assert (data.image, len(data.x_train), len(data.x_test)) == ((3, 32, 32), 60, 30)
    (tmp_path / "test_batch.bin").unlink()
    assert len(load_data(Settings(data=str(tmp_path))).x_test) == 12
    assert command("--data", tmp_path, "--model", "linear", "--epochs", 1, out=tmp_path / "o") == 0


def test_training_and_test_images_of_two_sizes(tmp_path):
    write_mnist(tmp_path)
    write_idx(tmp_path / "t10k-images-idx3-ubyte", np.zeros((20, 8, 8)))
    with pytest.raises(ShapeError, match=r"\(1, 16, 16\) .* \(1, 8, 8\)"):
        load_data(Settings(data=str(tmp_path)))


@pytest.mark.parametrize("wrong", [0, 1, 100])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_picture_of_misread_images(wrong, channels):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(120, channels, 8, 8)).astype(np.float32)
    y = generator.integers(0, 10, 120)
    probabilities = np.full((120, 10), 0.01)
    probabilities[np.arange(120), (y + (np.arange(120) < wrong)) % 10] = 0.91
    figure = pictures.misread(x, y, probabilities)
    shown = sum(bool(axes.images) for axes in figure.axes)
    assert shown == (min(wrong, 40) or 8)  # none: those that were nearly misread
    assert f"{wrong} of 120 held-out images misread" in figure.get_suptitle()
    assert ("least sure" in figure.get_suptitle()) == (wrong == 0)
    assert ("surest 40" in figure.get_suptitle()) == (wrong == 100)
    if wrong:
        assert figure.axes[0].get_title() == f"{y[0]}, read as {(y[0] + 1) % 10}\n(91% sure)"


def test_a_picture_that_fails_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "curves.png"
    path.write_bytes(b"old")
    record = dict.fromkeys(("train_loss", "test_loss", "train_accuracy", "test_accuracy"), 0.5)
    figure = pictures.curves([record | {"epoch": 1}], "a title")

    def fail(target, **settings):
        target.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(figure, "savefig", fail)
    with pytest.raises(OSError, match="disk full"):
        pictures.save_picture(figure, path)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("curves.png", b"old")]


def test_without_tqdm_and_matplotlib_there_are_plain_lines(small, tmp_path, capsys, monkeypatch):
    for package in ("tqdm", "matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert command(*small, "--epochs", 1, out=tmp_path) == 0
    output = capsys.readouterr()
    assert "epoch 1/1: loss" in output.out
    assert "no pictures" in output.err
    assert "glassgrad[demo]" in output.err
    assert "curves.png" not in output.out


def test_a_bar_on_a_terminal(data, capsys):
    run = new_run(SMALL, data)
    with progress.Progress(run, bar=True) as shown:
        fit(run, data, shown.after_step, shown.after_epoch)
        assert (shown.bar.n, shown.bar.total) == (28, 28)
    output = capsys.readouterr()
    assert output.out.count("test accuracy") == 4
    assert "step" in output.err
