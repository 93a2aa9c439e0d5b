"""Generative models: codes, what is made of them, and whole trainings with the same noise.

The trainings are those of smooth networks over fewer than 100 steps, and their batches do not divide the
examples.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from parity_tests.catalogue._entry import Operation, Run, chapter
from parity_tests.catalogue.losses import labels_or_probabilities
from parity_tests.catalogue.models import BAD_ACTIVATIONS, mlp_params, off_or_saturated, params_of
from parity_tests.catalogue.training import SMOOTH, optimizer_options, permutations
from parity_tests.engine.cases import Array, Case, Draw
from scratch._params import prefixed
from scratch.generative import GENERATOR_LOSSES, LIKELIHOODS, TEXT, characters
from scratch.models import ACTIVATIONS, character_model_shapes, mlp_shapes

Layout = Mapping[str, tuple[int, ...]]


def networks(d: Draw, **sizes: tuple[int, ...]) -> Layout:
    """The shapes of several networks of these sizes, the input first, each with a hidden layer or without.

    What comes back through all four layers may be little: no case to demand tight bounds of.
    """
    layout: dict[str, tuple[int, ...]] = {}
    for name, (first, *last) in sizes.items():
        hidden = d.shape(f"{name}_hidden", ndim=(0, 1), side=(2, 6))
        layout |= prefixed(f"{name}.", mlp_shapes((first, *hidden, *last)))
    d.benign = d.benign and len(layout) < 8
    return layout


# ---- autoencoders ----


def batch(d: Draw) -> tuple[int, ...]:
    return d.shape("batch", ndim=(0, 2), side=(1, 4))


def autoencoder(d: Draw) -> Case:
    D, Z, activation = d.integer("D", 1, 6), d.integer("Z", 1, 3), d.choice("activation", *ACTIVATIONS)
    layout = networks(d, encoder=(D, Z), decoder=(Z, D))
    regime = d.regime("large", "tiny")
    allow_zero = off_or_saturated(d, activation, layout, regime)
    x = d.array("x", (*batch(d), D), regime)
    options = {"activation": activation}
    return d.case({"x": x, "params": params_of(d, layout)}, options, allow_zero=allow_zero)


def reparametrize(d: Draw) -> Case:
    shape, regime = d.shape(ndim=(0, 3), side=(1, 6)), d.regime("large", "tiny", "wide")
    return d.case(
        {
            "mu": d.array("mu", shape, regime),
            "log_var": log_var(d, shape),
            "noise": d.array("noise", shape, regime),
        }
    )


def log_var(d: Draw, shape: tuple[int, ...]) -> Array:
    """Variances from e^−40 to e^40."""
    return np.clip(d.array("log_var", shape, d.answers["regime"]), -40, 40)


def variational_autoencoder(d: Draw) -> Case:
    """Where x is large the encoder's variances would overflow."""
    D, Z, activation = d.integer("D", 1, 6), d.integer("Z", 1, 3), d.choice("activation", *ACTIVATIONS)
    layout = networks(d, encoder=(D, 2 * Z), decoder=(Z, D))
    regime = d.regime("tiny")
    allow_zero = off_or_saturated(d, activation, layout, regime, "noise")
    shape = batch(d)
    arrays = {
        "x": d.array("x", (*shape, D), regime),
        "noise": d.array("noise", (*shape, Z)),
        "params": params_of(d, layout),
    }
    return d.case(arrays, {"activation": activation}, allow_zero=allow_zero)


def kl_divergence_gaussian(d: Draw) -> Case:
    shape, regime = (*batch(d), d.integer("Z", 1, 5)), d.regime("large")
    return d.case({"mu": d.array("mu", shape, regime), "log_var": log_var(d, shape)})


def elbo_loss(d: Draw) -> Case:
    N, Z, regime = d.integer("N", 1, 5), d.integer("Z", 1, 3), d.regime("large")
    likelihood = d.choice("likelihood", *LIKELIHOODS)
    shape = (N, *d.shape("example", ndim=(1, 3), side=(1, 5)))
    arrays = {
        "input": d.array("input", shape, regime),
        "target": labels_or_probabilities(d, shape)
        if likelihood == "bernoulli"
        else d.array("target", shape),
        "mu": d.array("mu", (N, Z), regime),
        "log_var": log_var(d, (N, Z)),
    }
    return d.case(arrays, {"likelihood": likelihood, "beta": d.real("beta", 0.1, 4.0)})


# ---- generative adversarial networks ----


def generator(d: Draw) -> Case:
    sizes = (d.integer("Z", 1, 4), *d.shape("hidden", ndim=(0, 1), side=(2, 6)), d.integer("D", 1, 5))
    activation, regime = d.choice("activation", *ACTIVATIONS), d.regime("tiny")
    allow_zero = off_or_saturated(d, activation, mlp_shapes(sizes), regime, "noise")
    arrays = {"noise": d.array("noise", (*batch(d), sizes[0]), regime), "params": mlp_params(d, sizes)}
    options = {
        "activation": activation,
        "output_activation": d.choice("output_activation", "tanh", "sigmoid", "identity"),
    }
    return d.case(arrays, options, allow_zero=allow_zero)


def discriminator(d: Draw) -> Case:
    sizes = (d.integer("D", 1, 5), *d.shape("hidden", ndim=(0, 1), side=(2, 6)), 1)
    activation, regime = d.choice("activation", *ACTIVATIONS), d.regime("large", "tiny")
    allow_zero = off_or_saturated(d, activation, mlp_shapes(sizes), regime)
    arrays = {"x": d.array("x", (*batch(d), sizes[0]), regime), "params": mlp_params(d, sizes)}
    return d.case(arrays, {"activation": activation}, allow_zero=allow_zero)


def logits(d: Draw, options: dict[str, str], *names: str) -> Case:
    """None below −80: there σ = 1 / (1 + e^−x) is 0 in float32, where torch has a subnormal number left."""
    regime = d.regime("large", "tiny", "wide")
    drawn = {name: d.array(name, (d.integer(f"of_{name}", 1, 6),), regime) for name in names}
    arrays = {name: np.maximum(array, -80) for name, array in drawn.items()}
    sure = {f"grad {name}": "a discriminator that is sure leaves nothing to learn" for name in names}
    return d.case(arrays, options, allow_zero=sure if regime == "wide" else {})


def gan_discriminator_loss(d: Draw) -> Case:
    return logits(d, {}, "real", "fake")


def gan_generator_loss(d: Draw) -> Case:
    return logits(d, {"form": d.choice("form", *GENERATOR_LOSSES)}, "fake")


# ---- training ----


def training(d: Draw) -> dict[str, Any]:
    """An optimizer, and options off their defaults."""
    optimizer = d.choice("optimizer", "sgd", "adam", "adamw")
    return {
        "activation": d.choice("activation", *SMOOTH),
        "optimizer": optimizer,
        **optimizer_options(d, optimizer),
    }


def train_variational_autoencoder(d: Draw) -> Case:
    N, epochs, D, Z = (
        d.integer("N", 7, 13),
        d.integer("epochs", 3, 8),
        d.integer("D", 2, 5),
        d.integer("Z", 1, 3),
    )
    likelihood = d.choice("likelihood", *LIKELIHOODS)
    arrays = {
        "x": d.array("x", (N, D), "unit" if likelihood == "bernoulli" else "normal"),
        "noise": d.array("noise", (epochs, N, Z)),
        "params": params_of(d, networks(d, encoder=(D, 2 * Z), decoder=(Z, D))),
        "permutations": permutations(d, N, epochs),
    }
    options = {
        "likelihood": likelihood,
        "beta": d.real("beta", 0.1, 2.0),
        "lr": d.real("lr", 0.01, 0.05),
        "batch_size": d.choice("batch", None, 3, 5),
        **training(d),
    }
    return d.case(arrays, options)


def train_gan(d: Draw) -> Case:
    N, epochs, D, Z = (
        d.integer("N", 7, 13),
        d.integer("epochs", 3, 8),
        d.integer("D", 1, 4),
        d.integer("Z", 1, 3),
    )
    arrays = {
        "x": d.array("x", (N, D)),
        "noise": d.array("noise", (epochs, 2, N, Z)),
        "params": params_of(d, networks(d, generator=(Z, D), discriminator=(D, 1))),
        "permutations": permutations(d, N, epochs),
    }
    options = {
        "output_activation": d.choice("output_activation", "tanh", "identity"),
        "form": d.choice("form", *GENERATOR_LOSSES),
        "generator_lr": d.real("generator_lr", 0.01, 0.05),
        "discriminator_lr": d.real("discriminator_lr", 0.01, 0.05),
        "batch_size": d.choice("batch", None, 3, 5),
        **training(d),
    }
    return d.case(arrays, options)


def train_character_model(d: Draw) -> Case:
    """The text, in pieces that are read side by side."""
    N, num_layers = d.integer("N", 1, 4), d.integer("num_layers", 1, 2)
    E, H = d.integer("E", 2, 5), d.integer("H", 2, 6)
    text = characters(TEXT)
    L = len(text.tokens) // N
    layout = character_model_shapes(len(text.alphabet), E, H, num_layers=num_layers)
    arrays = {"tokens": text.tokens[: N * L].reshape(N, L), "params": params_of(d, layout)}
    options = {
        "epochs": d.integer("epochs", 1, 2),
        "length": d.integer("length", 7, 17),
        "lr": d.real("lr", 0.01, 0.05),
        "max_norm": d.choice("max_norm", None, 0.5),
        **training(d),
    }
    del options["activation"]
    return d.case(arrays, options)


PLAIN: dict[str, Any] = {"regime": "normal", "batch": (4,)}
AUTOENCODERS: tuple[Mapping[str, Any], ...] = (
    {**PLAIN, "D": 5, "Z": 2, "encoder_hidden": (4,), "decoder_hidden": (3,), "activation": "tanh"},
    {**PLAIN, "D": 4, "Z": 3, "encoder_hidden": (), "decoder_hidden": (), "batch": ()},
    {**PLAIN, "D": 3, "Z": 1, "encoder_hidden": (5,), "decoder_hidden": (4,), "activation": "relu"},
    {"regime": "tiny", "D": 6, "Z": 2, "batch": (2, 3), "activation": "sigmoid"},
)
NETWORKS: tuple[Mapping[str, Any], ...] = (
    {**PLAIN, "Z": 3, "D": 4, "hidden": (5,), "activation": "tanh"},
    {**PLAIN, "Z": 2, "D": 1, "hidden": (4,), "activation": "relu", "batch": (2, 3)},
    {**PLAIN, "Z": 1, "D": 5, "hidden": (), "activation": "leaky_relu", "batch": ()},
)
LOGITS: tuple[Mapping[str, Any], ...] = (
    {"regime": "normal", "of_real": 5, "of_fake": 3},
    {"regime": "large", "of_real": 4, "of_fake": 6},
)
MOMENTUM: dict[str, Any] = {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "batch": None}
ADAM: dict[str, Any] = {"optimizer": "adam", "betas": (0.8, 0.95), "eps": 1e-3, "batch": 5, "N": 13}
ADAMW: dict[str, Any] = {"optimizer": "adamw", "decay": 0.1, "batch": 3, "N": 11}

CHAPTER = chapter(
    "generative",
    Operation(
        "autoencoder",
        "torch.nn.Module(Sequential, Sequential)",
        "004 ch. 9",
        autoencoder,
        AUTOENCODERS,
        family="sums",
        seed_row=True,
        bad_options=BAD_ACTIVATIONS,
    ),
    Operation(
        "reparametrize",
        "torch.distributions.Normal.rsample",
        "Kingma & Welling 2014",
        reparametrize,
        ({"regime": "normal", "shape": (4, 3)}, {"regime": "large", "shape": (5,)}),
        gradient_family="pointwise",
    ),
    Operation(
        "variational_autoencoder",
        "torch.nn.Module(Sequential, Sequential)",
        "004 ch. 9",
        variational_autoencoder,
        AUTOENCODERS,
        family="sums",
        seed_row=True,
        bad_options=BAD_ACTIVATIONS,
    ),
    Operation(
        "kl_divergence_gaussian",
        "torch.distributions.kl_divergence",
        "004 ch. 9",
        kl_divergence_gaussian,
        (
            {"regime": "normal", "batch": (4,), "Z": 3},
            {"regime": "normal", "batch": (), "Z": 5},
            {"regime": "large", "batch": (3, 2), "Z": 2},
        ),
        family="sums",
        gradient_family="pointwise",
        seed_row=True,
    ),
    Operation(
        "elbo_loss",
        "torch.distributions.Bernoulli, Normal, kl_divergence",
        "004 ch. 9",
        elbo_loss,
        (
            {"regime": "normal", "likelihood": "bernoulli", "labels": True, "N": 4, "Z": 2, "example": (5,)},
            {"regime": "normal", "likelihood": "gaussian", "N": 3, "Z": 3, "example": (1, 4, 3)},
            {"regime": "normal", "likelihood": "bernoulli", "labels": False, "N": 1, "Z": 1},
            {"regime": "large", "likelihood": "bernoulli", "N": 5},
            {"regime": "large", "likelihood": "gaussian", "N": 2},
        ),
        family="sums",
        seed_row=True,
        bad_options=({"likelihood": "laplace"}, {"beta": -0.1}),
    ),
    Operation(
        "generator",
        "torch.nn.Sequential(Linear, …, Tanh)",
        "004 ch. 9",
        generator,
        NETWORKS,
        family="sums",
        seed_row=True,
        bad_options=(*BAD_ACTIVATIONS, {"output_activation": "softmax"}),
    ),
    Operation(
        "discriminator",
        "torch.nn.Sequential(Linear, …)",
        "004 ch. 9",
        discriminator,
        NETWORKS,
        family="sums",
        seed_row=True,
        bad_options=BAD_ACTIVATIONS,
    ),
    Operation(
        "gan_discriminator_loss",
        "torch.nn.LogSigmoid",
        "004 ch. 9",
        gan_discriminator_loss,
        LOGITS,
        family="sums",
        seed_row=True,
    ),
    Operation(
        "gan_generator_loss",
        "torch.nn.LogSigmoid",
        "004 ch. 9",
        gan_generator_loss,
        tuple({**fixed, "form": form} for fixed in LOGITS for form in GENERATOR_LOSSES),
        family="sums",
        seed_row=True,
        bad_options=({"form": "saturating"},),
    ),
    Run(
        "train_variational_autoencoder",
        "torch.nn.Module + torch.distributions + torch.optim",
        "004 ch. 9",
        train_variational_autoencoder,
        (
            {**MOMENTUM, "likelihood": "gaussian"},
            {**ADAM, "likelihood": "bernoulli"},
            {**ADAMW, "likelihood": "gaussian"},
        ),
        seed_row=True,
    ),
    Run(
        "train_gan",
        "two torch.nn.Sequential + two torch.optim",
        "004 ch. 9",
        train_gan,
        (
            {**MOMENTUM, "form": "minimax"},
            {**ADAM, "form": "non_saturating"},
            {**ADAMW, "form": "minimax", "output_activation": "identity"},
        ),
        seed_row=True,
    ),
    Run(
        "train_character_model",
        "torch.nn.Module(Embedding, GRU, Linear) + torch.optim",
        "004 ch. 7–8",
        train_character_model,
        (
            {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "max_norm": 0.5, "N": 2},
            {"optimizer": "adam", "betas": (0.8, 0.95), "eps": 1e-3, "length": 11, "epochs": 2, "N": 3},
            {"optimizer": "adamw", "decay": 0.1, "num_layers": 2, "max_norm": None, "N": 4},
        ),
    ),
)
