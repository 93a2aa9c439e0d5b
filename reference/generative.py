"""torch's generative models: modules of `torch.nn`, trained by one `torch.optim` object for each network."""

from typing import Any, NamedTuple
from unittest import mock

import torch
from torch import nn
from torch.distributions import Bernoulli, Normal, kl_divergence
from torch.func import functional_call

from reference._running import Running
from reference._torch import operation, to_numpy, to_torch, tree_map
from reference.models import ACTIVATIONS, character_module, loaded, mlp_layers, weights_under
from reference.training import Step

# ---- autoencoders ----


class Coders(nn.Module):
    def __init__(self, params, activation):
        super().__init__()
        self.encoder = mlp_layers(weights_under("encoder.", params), activation)
        self.decoder = mlp_layers(weights_under("decoder.", params), activation)


class Autoencoder(Coders):
    def forward(self, x):
        return self.decoder(self.encoder(x))


def autoencoder_module(params, *, activation="tanh"):
    return loaded(Autoencoder(params, activation), params)


@operation
def autoencoder(x, params, *, activation="tanh"):
    return functional_call(autoencoder_module(params, activation=activation), params, (x,), strict=True)


def _code(mu, log_var):
    return Normal(mu, torch.exp(0.5 * log_var))


def _draw(mu, log_var, noise):
    """A draw from the code, for which torch gets this noise and draws none."""
    with mock.patch("torch.distributions.normal._standard_normal", return_value=noise):
        return _code(mu, log_var).rsample()


@operation
def reparametrize(mu, log_var, noise):
    return _draw(mu, log_var, noise)


class VariationalAutoencoder(NamedTuple):
    reconstruction: Any
    mu: Any
    log_var: Any


class VAE(Coders):
    def forward(self, x, noise):
        mu, log_var = self.encoder(x).chunk(2, -1)
        return VariationalAutoencoder(self.decoder(_draw(mu, log_var, noise)), mu, log_var)


@operation
def variational_autoencoder(x, noise, params, *, activation="tanh"):
    return functional_call(loaded(VAE(params, activation), params), params, (x, noise), strict=True)


def _kl_divergence(mu, log_var):
    return kl_divergence(_code(mu, log_var), Normal(torch.zeros_like(mu), torch.ones_like(mu))).sum(-1)


@operation
def kl_divergence_gaussian(mu, log_var):
    return _kl_divergence(mu, log_var)


def _elbo_loss(input, target, mu, log_var, likelihood, beta):
    bernoulli = Bernoulli(logits=input, validate_args=False)  # else it wants targets of 0 and 1
    x_given_z = bernoulli if likelihood == "bernoulli" else Normal(input, torch.ones_like(input))
    log_p = x_given_z.log_prob(target).flatten(1).sum(1)
    return (beta * _kl_divergence(mu, log_var) - log_p).mean()


@operation
def elbo_loss(input, target, mu, log_var, *, likelihood="bernoulli", beta=1.0):
    return _elbo_loss(input, target, mu, log_var, likelihood, beta)


# ---- generative adversarial networks ----


def _generator(layers, activation, output_activation):
    return mlp_layers(layers, activation).append(ACTIVATIONS[output_activation]())


@operation
def generator(noise, params, *, activation="relu", output_activation="tanh"):
    module = loaded(_generator(weights_under("", params), activation, output_activation), params)
    return functional_call(module, params, (noise,), strict=True)


@operation
def discriminator(x, params, *, activation="leaky_relu"):
    module = loaded(mlp_layers(weights_under("", params), activation), params)
    return functional_call(module, params, (x,), strict=True).squeeze(-1)


def _discriminator_loss(real, fake):
    log_sigmoid = nn.LogSigmoid()
    return -log_sigmoid(real).mean() - log_sigmoid(-fake).mean()


def _generator_loss(fake, form):
    log_sigmoid = nn.LogSigmoid()
    return log_sigmoid(-fake).mean() if form == "minimax" else -log_sigmoid(fake).mean()


@operation
def gan_discriminator_loss(real, fake):
    return _discriminator_loss(real, fake)


@operation
def gan_generator_loss(fake, *, form="non_saturating"):
    return _generator_loss(fake, form)


# ---- training ----


def _batches(permutations, batch_size):
    for epoch, permutation in enumerate(torch.from_numpy(permutations)):
        for batch in permutation.split(len(permutation) if batch_size is None else batch_size):
            yield epoch, batch


def _taken(number, lr, J, running, max_norm=None):
    """The step, once the gradients of J have made it."""
    norms = running.update(J, max_norm=max_norm)
    after = tree_map(to_numpy, (J, norms, dict(running.module.state_dict()), running.states))
    return Step(number, lr, *after)


def train_variational_autoencoder(
    x,
    noise,
    params,
    permutations,
    *,
    activation="tanh",
    likelihood="bernoulli",
    beta=1.0,
    optimizer="adam",
    lr=1e-3,
    batch_size=None,
    **options,
):
    x, noise, params = (tree_map(to_torch, tree) for tree in (x, noise, params))
    module = loaded(VAE(params, activation), params)
    running = Running(module, optimizer, lr=lr, **options)

    def steps():
        for number, (epoch, batch) in enumerate(_batches(permutations, batch_size), 1):
            made, mu, log_var = module(x[batch], noise[epoch, batch])
            J = _elbo_loss(made, x[batch], mu, log_var, likelihood, beta)
            yield _taken(number, lr, J, running)

    return steps()


class GANStep(NamedTuple):
    step: int
    discriminator_loss: Any
    generator_loss: Any
    params: dict[str, Any]
    states: dict[str, Any]


def train_gan(
    x,
    noise,
    params,
    permutations,
    *,
    activation="leaky_relu",
    output_activation="tanh",
    form="non_saturating",
    optimizer="adam",
    generator_lr=1e-3,
    discriminator_lr=1e-3,
    batch_size=None,
    **options,
):
    x, noise, params = (tree_map(to_torch, tree) for tree in (x, noise, params))
    G = _generator(weights_under("generator.", params), activation, output_activation)
    D = mlp_layers(weights_under("discriminator.", params), activation)
    both = loaded(nn.ModuleDict({"generator": G, "discriminator": D}), params)
    of_G = Running(G, optimizer, lr=generator_lr, **options)
    of_D = Running(D, optimizer, lr=discriminator_lr, **options)

    def steps():
        for number, (epoch, batch) in enumerate(_batches(permutations, batch_size), 1):
            fake = G(noise[epoch, 0, batch]).detach()
            D_loss = _discriminator_loss(D(x[batch]).squeeze(-1), D(fake).squeeze(-1))
            of_D.update(D_loss)
            G_loss = _generator_loss(D(G(noise[epoch, 1, batch])).squeeze(-1), form)
            of_G.update(G_loss)
            states = {f"generator.{key}": state for key, state in of_G.states.items()}
            states |= {f"discriminator.{key}": state for key, state in of_D.states.items()}
            after = tree_map(to_numpy, (D_loss, G_loss, dict(both.state_dict()), states))
            yield GANStep(number, *after)

    return steps()


def train_character_model(
    tokens, params, *, epochs=1, length=16, optimizer="adam", lr=1e-3, max_norm=None, **options
):
    tokens, params = tree_map(to_torch, tokens), tree_map(to_torch, params)
    module, criterion = character_module(params), nn.CrossEntropyLoss()
    running = Running(module, optimizer, lr=lr, **options)
    pieces = list(zip(tokens[:, :-1].split(length, 1), tokens[:, 1:].split(length, 1), strict=True))

    def steps():
        for epoch in range(epochs):
            state = None
            for number, (piece, following) in enumerate(pieces, 1 + epoch * len(pieces)):
                y, state = module(piece, state)
                state = state.detach()
                J = criterion(y.transpose(1, 2), following)
                yield _taken(number, lr, J, running, max_norm)

    return steps()
