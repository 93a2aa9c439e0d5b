"""Models and generative models: what goes into torch, what is refused, and what is learnt."""

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

import reference.generative
import reference.models
import reference.training
import scratch.training
from parity_tests import train as command
from parity_tests.engine.runs import check_run
from scratch import generative, models
from scratch._params import prefixed, under
from scratch.models import init_params, mlp_init, mlp_shapes


def drawn(layout: dict[str, Any], *, seed: int = 0, dtype: str = "float64") -> dict[str, Any]:
    return init_params(layout, rng=np.random.default_rng(seed), dtype=dtype)


def coders(D: int, Z: int, *, codes: int) -> dict[str, Any]:
    encoder, decoder = mlp_shapes((D, 6, codes * Z)), mlp_shapes((Z, 6, D))
    return drawn(prefixed("encoder.", encoder) | prefixed("decoder.", decoder))


CONVNET = models.convnet_shapes((2, 7, 6), (3, 4), (5, 3))
RESIDUAL = models.residual_network_shapes(2, (3, 4), (1, 2), 5)
CLASSIFIER = models.sequence_classifier_shapes(6, 3, 4, 2, num_layers=2, bidirectional=True)
CHARACTERS = models.character_model_shapes(6, 3, 4, num_layers=2)

# ---- parameters ----


@pytest.mark.parametrize(
    ("layout", "module"),
    [
        (mlp_shapes((4, 3, 2)), reference.models.mlp_module),
        (CONVNET, reference.models.convnet_module),
        (RESIDUAL, partial(reference.models.ResNet, activation="relu")),
        (CLASSIFIER, partial(reference.models.SequenceClassifier, padding_idx=None)),
        (CHARACTERS, reference.models.CharacterModule),
    ],
)
def test_layouts_are_those_of_torch_down_to_their_order(layout: Any, module: Callable[..., Any]) -> None:
    tensors = {key: torch.from_numpy(param) for key, param in drawn(layout).items()}
    state = module(tensors).state_dict()
    assert list(state) == list(layout)
    assert {key: tuple(tensor.shape) for key, tensor in state.items()} == layout


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("features.0", partial(torch.nn.Conv2d, 8, 64, 3)),
        ("lstm", partial(torch.nn.LSTM, 9, 16)),
        ("embedding", partial(torch.nn.Embedding, 30, 20)),
        ("bn1", partial(torch.nn.BatchNorm2d, 7)),
        ("fc", partial(torch.nn.Linear, 40, 64)),
    ],
)
def test_init_params_draws_as_torch_does(name: str, module: Callable[[], torch.nn.Module]) -> None:
    torch.manual_seed(0)
    theirs = prefixed(f"{name}.", {key: value.numpy() for key, value in module().state_dict().items()})
    ours = drawn({key: value.shape for key, value in theirs.items()}, dtype="float32")
    for key, value in theirs.items():
        assert (ours[key].shape, ours[key].dtype) == (value.shape, value.dtype)
        assert np.isclose(np.abs(ours[key]).mean(), np.abs(value).mean(), rtol=0.4)
        assert np.abs(ours[key]).max() <= 1.3 * np.abs(value).max()


@pytest.mark.parametrize(
    ("model", "layout", "change", "words"),
    [
        (models.convnet, CONVNET, {"features.3.bias": None}, "convnet: .* features.3.bias is missing"),
        (models.convnet, CONVNET, {"features.1.weight": (2,)}, "features.1.weight is unexpected"),
        (
            models.convnet,
            CONVNET,
            {"classifier.0.weight": (5, 9)},
            r"must be \(out, 4\) to take the 4 features",
        ),
        (models.convnet, CONVNET, {"features.3.weight": (4, 2, 3, 3)}, "conv2d: .*3.* 2|conv2d: .*2.* 3"),
        (models.residual_network, RESIDUAL, {"layer2.1.bn2.running_var": None}, "running_var is missing"),
        (models.residual_network, RESIDUAL, {"layer3.0.bn1.bias": (4,)}, "layer3.0.bn1.bias is unexpected"),
        (
            models.residual_network,
            RESIDUAL,
            {"fc.bias": (4,)},
            r"fc.bias has shape \(4,\), but must be \(5,\)",
        ),
    ],
)
def test_models_of_images_refuse_parameters_that_do_not_fit(
    model: Callable[..., Any], layout: dict[str, Any], change: dict[str, Any], words: str
) -> None:
    options = {"training": True} if model is models.residual_network else {}
    with pytest.raises(ValueError, match=words):
        model(np.ones((2, 2, 7, 6)), changed(layout, change), **options)


@pytest.mark.parametrize(
    ("model", "layout", "change", "words"),
    [
        (models.sequence_classifier, CLASSIFIER, {"output.bias": None}, "output.bias is missing"),
        (models.sequence_classifier, CLASSIFIER, {"embedding.weight": None}, "embedding.weight is missing"),
        (
            models.sequence_classifier,
            CLASSIFIER,
            {"lstm.weight_ih_l1_reverse": None},
            "lstm.weight_ih_l1_reverse is missing",
        ),
        (
            models.character_model,
            CHARACTERS,
            {"gru.weight_hh_l1": (12, 3)},
            r"\(12, 3\), but must be \(12, 4\)",
        ),
        (models.character_model, CHARACTERS, {"output.weight": (6, 5)}, r"\(6, 5\), but must be \(6, 4\)"),
    ],
)
def test_models_of_sequences_refuse_parameters_that_do_not_fit(
    model: Callable[..., Any], layout: dict[str, Any], change: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        model(np.zeros((2, 3), int), changed(layout, change))
    with pytest.raises(ValueError, match=r"must lie in 0 … 5, got 6"):
        model(np.full((2, 3), 6), drawn(layout))


def changed(layout: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    params = drawn(layout)
    for key, shape in change.items():
        params.pop(key, None)
        if shape is not None:
            params[key] = np.ones(shape)
    return params


def test_buffers_of_a_residual_network_go_from_one_batch_to_the_next() -> None:
    """Two batches in training and one at test time, against a torch module that keeps its own."""
    params = drawn(RESIDUAL)
    tensors = {key: torch.from_numpy(param.copy()) for key, param in params.items()}
    module = reference.models.loaded(reference.models.ResNet(tensors, "tanh"), tensors)
    for seed, training in enumerate((True, True, False)):
        x = np.random.default_rng(seed).standard_normal((3, 2, 7, 6))
        (y, buffers), _ = models.residual_network(x, params, training=training, activation="tanh")
        params |= buffers
        assert np.allclose(y, module.train(training)(torch.from_numpy(x)).detach(), rtol=1e-10)
    assert params["layer2.1.bn2.num_batches_tracked"] == 2


# ---- training ----


@pytest.mark.parametrize(
    ("name", "x", "params"),
    [
        ("convnet", (9, 2, 7, 6), drawn(CONVNET)),
        ("autoencoder", (9, 5), coders(5, 2, codes=1)),
    ],
)
def test_models_are_trained_like_any_other(name: str, x: tuple[int, ...], params: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal(x)
    target = inputs if name == "autoencoder" else rng.integers(0, 3, len(inputs))
    loss = "mse_loss" if name == "autoencoder" else "cross_entropy"
    arrays = (inputs, target, params, np.stack([rng.permutation(9) for _ in range(5)]))
    how: dict[str, Any] = {"loss": loss, "optimizer": "adam", "lr": 0.02, "batch_size": 4}
    chapter = "models" if name == "convnet" else "generative"
    ours = getattr(getattr(scratch, chapter), name)
    theirs = getattr(getattr(reference, chapter), f"{name}_module")
    tally = check_run(
        scratch.training.train(*arrays, **how, model=ours),
        reference.training.train(*arrays, **how, model=theirs),
    )
    assert tally.result(name, "run", "f64").status == "passed"
    losses = scratch.training.history(scratch.training.train(*arrays, **how, model=ours)).losses
    assert losses[-3:].mean() < losses[:3].mean()


def test_parity_train_with_a_convnet(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    small = ["--model", "convnet", "--channels", "3", "--hidden", "5", "--epochs", "1"]
    assert command.run(parser.parse_args(small)) == 0
    assert "convnet 1×8×8-3-5-10, tanh" in capsys.readouterr().out
    assert command.run(parser.parse_args([*small, "--dtype", "float32"])) == 2
    assert "the kinks of max-pooling: take float64" in capsys.readouterr().out
    with pytest.raises(ValueError, match="no images in diabetes"):
        command.run(parser.parse_args([*small, "--data", "diabetes"]))
    with pytest.raises(ValueError, match="must be larger to be pooled 4 times"):
        command.run(parser.parse_args(["--model", "convnet", "--channels", "2,2,2,2"]))


# ---- generative models ----


def test_the_negative_elbo_is_minus_log_p_where_the_posterior_is_right_and_more_elsewhere() -> None:
    """x | z ~ N(w z, 1) with z ~ N(0, 1) has x ~ N(0, 1 + w wᵀ); Gauss and Hermite know the mean over z."""
    x, w = np.array([0.7, -1.2, 0.4]), np.array([1.5, -0.5, 0.8])
    nodes, weights = np.polynomial.hermite_e.hermegauss(5)
    exact = 0.5 * (
        x @ np.linalg.solve(np.eye(3) + np.outer(w, w), x) + np.log(1 + w @ w) + 3 * np.log(2 * np.pi)
    )

    def mean_loss(mu: float, var: float) -> float:
        mus, log_vars = np.full((1, 1), mu), np.full((1, 1), np.log(var))
        total = 0.0
        for node, weight in zip(nodes, weights / weights.sum(), strict=True):
            z, _ = generative.reparametrize(mus, log_vars, np.full((1, 1), node))
            loss, _ = generative.elbo_loss(z * w, x[None], mus, log_vars, likelihood="gaussian")
            total += weight * loss
        return total

    var = 1 / (1 + w @ w)
    assert np.isclose(mean_loss(var * (w @ x), var), exact, rtol=1e-12)
    assert mean_loss(var * (w @ x) + 0.1, var) > exact + 1e-3
    assert mean_loss(var * (w @ x), 1.2 * var) > exact + 1e-3


def test_the_minimax_gradient_vanishes_where_the_discriminator_is_sure() -> None:
    sure = np.full(4, -20.0)
    grads = {}
    for form in generative.GENERATOR_LOSSES:
        _, backward = generative.gan_generator_loss(sure, form=form)
        grads[form] = backward(np.ones(()))["fake"]
    assert np.abs(grads["minimax"]).max() < 1e-8
    assert np.allclose(grads["non_saturating"], -1 / 4)


def test_a_variational_autoencoder_learns() -> None:
    rng = np.random.default_rng(0)
    x = np.tanh(rng.standard_normal((40, 1)) * [1.0, -2.0, 0.5] + 0.1 * rng.standard_normal((40, 3)))
    noise, orders = rng.standard_normal((30, 40, 1)), np.stack([rng.permutation(40) for _ in range(30)])
    how: dict[str, Any] = {"likelihood": "gaussian", "lr": 0.02, "batch_size": 10}
    steps = generative.train_variational_autoencoder(x, noise, coders(3, 1, codes=2), orders, **how)
    losses = scratch.training.history(steps).losses
    assert losses[-20:].mean() < losses[:4].mean() - 0.1


def test_a_generator_learns_where_the_examples_are() -> None:
    rng = np.random.default_rng(0)
    x, N, epochs = 2 + 0.3 * rng.standard_normal((32, 1)), 32, 150
    layers = prefixed("generator.", mlp_shapes((1, 6, 1))) | prefixed("discriminator.", mlp_shapes((1, 6, 1)))
    noise, orders = rng.standard_normal((epochs, 2, N, 1)), np.stack([rng.permutation(N)] * epochs)
    how: dict[str, Any] = {"output_activation": "identity", "generator_lr": 0.01, "discriminator_lr": 0.01}
    *_, last = generative.train_gan(x, noise, drawn(layers), orders, betas=(0.5, 0.9), **how)
    made, _ = generative.generator(
        noise[0, 0], under("generator.", last.params), activation="leaky_relu", output_activation="identity"
    )
    assert abs(made.mean() - 2) < 0.5


def test_a_character_model_learns_its_text() -> None:
    text = generative.characters(generative.TEXT)
    assert "".join(text.alphabet[token] for token in text.tokens) == generative.TEXT
    params = drawn(models.character_model_shapes(len(text.alphabet), 8, 24))
    steps = generative.train_character_model(text.tokens[None], params, epochs=30, lr=0.02, max_norm=1.0)
    losses = scratch.training.history(steps).losses
    assert losses[0] > 0.9 * np.log(len(text.alphabet))
    assert losses[-10:].mean() < 1.5


def test_trainings_of_generative_models_refuse_what_they_do_not_know() -> None:
    x, orders, noise = np.ones((4, 3)), np.arange(4)[None], np.ones((1, 4, 2))
    vae, gan = coders(3, 2, codes=2), mlp_init((2, 3), rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"optimizer must be one of .*adamw.*, got 'adm'"):
        generative.train_variational_autoencoder(x, noise, vae, orders, optimizer="adm")
    with pytest.raises(ValueError, match=r"noise has shape \(1, 4, 2\), but must be \(E, 2, N, Z\)"):
        generative.train_gan(x, noise, prefixed("generator.", gan), orders)
    with pytest.raises(ValueError, match="params must be those of generator and discriminator, got G"):
        generative.train_gan(x, np.ones((1, 2, 4, 2)), prefixed("G.", gan), orders)
    with pytest.raises(ValueError, match="the encoder makes 4 numbers, but must make 2"):
        generative.variational_autoencoder(x, np.ones((4, 1)), vae)
    with pytest.raises(ValueError, match="must have 1 unit, got 3"):
        generative.discriminator(np.ones((4, 2)), gan)
    characters = drawn(CHARACTERS)
    with pytest.raises(ValueError, match="length must be at least 1, got 0"):
        generative.train_character_model(np.zeros((1, 5), int), characters, length=0)
    with pytest.raises(ValueError, match=r"2 characters or more, got \(3, 1\)"):
        generative.train_character_model(np.zeros((3, 1), int), characters)
