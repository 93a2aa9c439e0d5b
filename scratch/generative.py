"""Generative models (handbook, chapters 8 and 9): what learns to make more of what it was shown.

An autoencoder learns a short code for x. A variational one learns it such that codes drawn from N(0, 1) can
be decoded. Of two networks that compete, one learns to make what the other cannot tell from x. A character
model learns what follows a text.

What is random comes in as an array: noise is drawn from N(0, 1). Networks are `mlp`s, and the parameters of
one that is called encoder have the keys "encoder.0.weight", "encoder.0.bias", and so on.
"""

import math
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from scratch import optimizers
from scratch._params import added, under
from scratch._shapes import shapes
from scratch._steps import batches, before_the_first, optimizer_of, step_after
from scratch.losses import binary_cross_entropy_with_logits, cross_entropy, mse_loss
from scratch.models import _activation, character_model, mlp

LIKELIHOODS = ("bernoulli", "gaussian")
GENERATOR_LOSSES = ("non_saturating", "minimax")
TEXT = (
    "the river rose in the night. by morning the water stood at the mill door, and the miller stood in it, "
    "looking at the wheel that would not turn. he waited. the rain went over the hill, the river went down "
    "to the sea, and on the third day the wheel turned again, slowly, as if nothing had happened at all. "
)


def _require(function, option, value, known):
    if value not in known:
        raise ValueError(f"{function}: {option} must be one of {', '.join(known)}, got {value!r}")


def _networks(function, params, *names):
    """The parameters of each of these networks, once there are no others."""
    others = [key for key in params if key.partition(".")[0] not in names]
    if others:
        raise ValueError(f"{function}: params must be those of {' and '.join(names)}, got {others[0]}")
    return [under(f"{name}.", params) for name in names]


def _joined(**networks):
    """What belongs to the parameters of several networks, as that of one."""
    return {f"{name}.{key}": value for name, named in networks.items() for key, value in named.items()}


# ---- autoencoders ----


@shapes(x="... D")
def autoencoder(x, params, *, activation="tanh"):
    """z = encoder(x), a code with fewer numbers than x;  x̂ = decoder(z).

    x (..., D), params {"encoder.0.weight" (H, D), …, "decoder.0.weight" (…, numbers of z), …} -> x̂ (..., D).
    Handbook, ch. 9; Hinton & Salakhutdinov 2006.  Raises ValueError as `mlp` does.
    """
    encoder, decoder = _networks("autoencoder", params, "encoder", "decoder")
    z, through_encoder = mlp(x, encoder, activation=activation)
    y, through_decoder = mlp(z, decoder, activation=activation)

    def backward(dy):
        from_decoder = through_decoder(dy)
        from_encoder = through_encoder(from_decoder["x"])
        dparams = _joined(encoder=from_encoder["params"], decoder=from_decoder["params"])
        return {"x": from_encoder["x"], "params": dparams}

    return y, backward


@shapes(mu="...", log_var="...", noise="...")
def reparametrize(mu, log_var, noise):
    """z = μ + e^(log σ² / 2) · noise, a draw from N(μ, σ²) that gradients go through.

    mu, log_var, noise (...) -> z (...).  Kingma & Welling 2014, sec. 2.4.
    """
    std = np.exp(0.5 * log_var)

    def backward(dz):
        return {"mu": +dz, "log_var": dz * noise * 0.5 * std, "noise": dz * std}

    return mu + std * noise, backward


class VariationalAutoencoder(NamedTuple):
    """The reconstruction x̂ (..., D), and the mean and logarithm of the variance (..., Z) of its code."""

    reconstruction: np.ndarray
    mu: np.ndarray
    log_var: np.ndarray


@shapes(x="... D", noise="... Z")
def variational_autoencoder(x, noise, params, *, activation="tanh"):
    """μ, log σ² = encoder(x), the first and the second half of its numbers;  z = μ + σ · noise;
    x̂ = decoder(z).

    x (..., D), noise (..., Z), params {"encoder.0.weight" (H, D), …, "decoder.0.weight" (…, Z), …}
    -> VariationalAutoencoder. New x come from the decoder alone, ``mlp(noise, under("decoder.", params))``.

    Handbook, ch. 9; Kingma & Welling 2014.  Raises ValueError for an encoder that does not make 2·Z numbers,
    and as `mlp` does.
    """
    encoder, decoder = _networks("variational_autoencoder", params, "encoder", "decoder")
    h, through_encoder = mlp(x, encoder, activation=activation)
    if h.shape[-1] != 2 * noise.shape[-1]:
        raise ValueError(
            f"variational_autoencoder: the encoder makes {h.shape[-1]} numbers, but must make "
            f"{2 * noise.shape[-1]}, a mean and a variance for each of the noise {noise.shape}"
        )
    mu, log_var = np.split(h, 2, -1)
    z, through_z = reparametrize(mu, log_var, noise)
    reconstruction, through_decoder = mlp(z, decoder, activation=activation)

    def backward(d_reconstruction, d_mu, d_log_var):
        from_decoder = through_decoder(d_reconstruction)
        from_z = through_z(from_decoder["x"])
        dh = np.concatenate([d_mu + from_z["mu"], d_log_var + from_z["log_var"]], -1)
        from_encoder = through_encoder(dh)
        dparams = _joined(encoder=from_encoder["params"], decoder=from_decoder["params"])
        return {"x": from_encoder["x"], "noise": from_z["noise"], "params": dparams}

    return VariationalAutoencoder(reconstruction, mu, log_var), backward


@shapes(mu="... Z", log_var="... Z")
def kl_divergence_gaussian(mu, log_var):
    """KL(N(μ, σ²) ‖ N(0, 1)) = ½ Σ (μ² + σ² − 1 − log σ²), the sum over the last axis.

    mu, log_var (..., Z) -> divergence (...) in nats.  Handbook, ch. 9; Kingma & Welling 2014, appendix B.
    """
    var = np.exp(log_var)

    def backward(dy):
        return {"mu": dy[..., None] * mu, "log_var": dy[..., None] * 0.5 * (var - 1)}

    return 0.5 * (mu**2 + var - 1 - log_var).sum(-1), backward


@shapes(input="N ...", target="N ...", mu="N Z", log_var="N Z")
def elbo_loss(input, target, mu, log_var, *, likelihood="bernoulli", beta=1.0):
    """−ELBO = −log p(x | z) + β · KL(N(μ, σ²) ‖ N(0, 1)), the mean over the examples: with β = 1 and in the
    mean over all z, at least −log p(x).

    input (N, ...) what the decoder made, target (N, ...) the x that it is for, mu and log_var (N, Z)
    -> loss () in nats. The likelihood "bernoulli" has input as logits, −log p(x | z) = the sum of
    `binary_cross_entropy_with_logits`; "gaussian" has it as means with a variance of 1,
    −log p(x | z) = ½ Σ ((x − x̂)² + log 2π).

    Handbook, ch. 9; Kingma & Welling 2014, eq. 3; Higgins et al. 2017 for β.  Raises ValueError for another
    likelihood and for a negative beta.
    """
    _require("elbo_loss", "likelihood", likelihood, LIKELIHOODS)
    if not beta >= 0:
        raise ValueError(f"elbo_loss: beta must not be negative, got {beta}")
    N = len(target)
    if likelihood == "bernoulli":
        minus_log_p, through_likelihood = binary_cross_entropy_with_logits(input, target, reduction="sum")
    else:
        squares, through_squares = mse_loss(input, target, reduction="sum")
        minus_log_p = 0.5 * (squares + target.size * math.log(2 * math.pi))

        def through_likelihood(dy):
            return through_squares(0.5 * dy)

    divergence, through_divergence = kl_divergence_gaussian(mu, log_var)

    def backward(dy):
        d_divergence = np.ones_like(divergence) * (beta * dy / N)
        return {**through_likelihood(dy / N), **through_divergence(d_divergence)}

    return (minus_log_p + beta * divergence.sum()) / N, backward


# ---- generative adversarial networks ----


@shapes(noise="... Z")
def generator(noise, params, *, activation="relu", output_activation="tanh"):
    """G(z) = f(mlp(z)), where f keeps what is made in the range of what it is to look like.

    noise (..., Z), params as for `mlp` -> x (..., D).  Handbook, ch. 9; Goodfellow et al. 2014; Radford et
    al. 2016 for tanh.  Raises ValueError as `mlp` does.
    """
    f = _activation("generator", output_activation)
    Z, through_mlp = mlp(noise, params, activation=activation)
    y, through_f = f(Z)

    def backward(dy):
        grads = through_mlp(through_f(dy)["x"])
        return {"noise": grads["x"], "params": grads["params"]}

    return y, backward


@shapes(x="... D")
def discriminator(x, params, *, activation="leaky_relu"):
    """D(x) = σ(mlp(x)), how probable it is that x is real and not made; its logit, that is.

    x (..., D), params as for `mlp`, with 1 unit in the last layer -> logit (...).  Handbook, ch. 9;
    Goodfellow et al. 2014.  Raises ValueError for more than one unit, and as `mlp` does.
    """
    y, through_mlp = mlp(x, params, activation=activation)
    if y.shape[-1] != 1:
        raise ValueError(f"discriminator: the last layer must have 1 unit, got {y.shape[-1]}")

    def backward(dy):
        return through_mlp(dy[..., None])

    return y[..., 0], backward


@shapes(real="N", fake="M")
def gan_discriminator_loss(real, fake):
    """−mean of log D(x) − mean of log(1 − D(G(z))), which the discriminator minimises.

    real (N,) the logits of examples, fake (M,) those of what was made -> loss ().
    Goodfellow et al. 2014, eq. 1.
    """
    on_real, through_real = binary_cross_entropy_with_logits(real, np.ones_like(real))
    on_fake, through_fake = binary_cross_entropy_with_logits(fake, np.zeros_like(fake))

    def backward(dy):
        return {"real": through_real(dy)["input"], "fake": through_fake(dy)["input"]}

    return on_real + on_fake, backward


@shapes(fake="M")
def gan_generator_loss(fake, *, form="non_saturating"):
    """What the generator minimises: the mean of log(1 − D(G(z))), "minimax", or of −log D(G(z)),
    "non_saturating", whose gradient does not vanish where the discriminator is sure.

    fake (M,), the logits of what was made -> loss ().  Goodfellow et al. 2014, eq. 1 and sec. 3.
    Raises ValueError for another form.
    """
    _require("gan_generator_loss", "form", form, GENERATOR_LOSSES)
    sign, label = (-1, np.zeros_like(fake)) if form == "minimax" else (1, np.ones_like(fake))
    loss, through_loss = binary_cross_entropy_with_logits(fake, label)

    def backward(dy):
        return {"fake": through_loss(sign * dy)["input"]}

    return sign * loss, backward


# ---- training ----


@shapes(x="N D", noise="E N Z", permutations="int E N")
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
    """Minimise `elbo_loss`, a batch at a time: an iterator with a `Step` for each update.

    x (N, D), noise (E, N, Z) for each example in each of E epochs, params as `variational_autoencoder` takes
    them, permutations (E, N) the order of the examples. optimizer: by name; `options` are its own.
    batch_size: None for all examples.  Handbook, ch. 9; Kingma & Welling 2014, Algorithm 1.
    Raises ValueError for an optimizer of another name.
    """
    update = optimizer_of("train_variational_autoencoder", optimizer)

    def steps(step):
        for epoch, batch, chosen in batches(x, permutations, batch_size):
            (made, mu, log_var), through_model = variational_autoencoder(
                batch, noise[epoch, chosen], step.params, activation=activation
            )
            J, through_loss = elbo_loss(made, batch, mu, log_var, likelihood=likelihood, beta=beta)
            d = through_loss(np.ones_like(J))
            grads = through_model(d["input"], d["mu"], d["log_var"])["params"]
            step = step_after(step, J, grads, update, lr=lr, **options)
            yield step

    return steps(before_the_first(params))


class GANStep(NamedTuple):
    """An update of both networks: its number from 1 on, the loss of each before its own update, all
    parameters, "generator.…" and "discriminator.…", and the states of both optimizers after it."""

    step: int
    discriminator_loss: Any
    generator_loss: Any
    params: dict[str, Any]
    states: dict[str, Any]


@shapes(x="N D", noise="E 2 N Z", permutations="int E N")
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
    """In turns, the discriminator learns to tell a batch of examples from as many that the generator makes,
    and the generator learns to make others that this discriminator takes for real.

    x (N, D), noise (E, 2, N, Z), in each of E epochs for each example one to make what the discriminator
    learns from and one for the generator, params of both, "generator.…" and "discriminator.…", permutations
    (E, N) the order of the examples -> an iterator with a `GANStep` for each batch. Each network has an
    optimizer of its own, of one name and with the same `options`, but for the rate.  form: see
    `gan_generator_loss`.  batch_size: None for all examples.

    Handbook, ch. 9; Goodfellow et al. 2014, Algorithm 1 with k = 1.  Raises ValueError for an optimizer of
    another name.
    """
    update = optimizer_of("train_gan", optimizer)
    networks = _networks("train_gan", params, "generator", "discriminator")
    make = partial(generator, activation=activation, output_activation=output_activation)
    judge = partial(discriminator, activation=activation)

    def steps(G, D, G_states, D_states):
        for step, (epoch, real, chosen) in enumerate(batches(x, permutations, batch_size)):
            for_discriminator, for_generator = noise[epoch][:, chosen]

            fake, _ = make(for_discriminator, G)
            on_real, through_real = judge(real, D)
            on_fake, through_fake = judge(fake, D)
            D_loss, through_loss = gan_discriminator_loss(on_real, on_fake)
            d = through_loss(np.ones_like(D_loss))
            grads = added(through_real(d["real"])["params"], through_fake(d["fake"])["params"])
            D, D_states = optimizers.step(update, D, grads, D_states, lr=discriminator_lr, **options)

            fake, through_generator = make(for_generator, G)
            on_fake, through_fake = judge(fake, D)
            G_loss, through_loss = gan_generator_loss(on_fake, form=form)
            d = through_loss(np.ones_like(G_loss))
            grads = through_generator(through_fake(d["fake"])["x"])["params"]
            G, G_states = optimizers.step(update, G, grads, G_states, lr=generator_lr, **options)

            params = _joined(generator=G, discriminator=D)
            states = _joined(generator=G_states, discriminator=D_states)
            yield GANStep(step + 1, D_loss, G_loss, params, states)

    return steps(*networks, {}, {})


class Text(NamedTuple):
    """tokens (L,), the number of each character of a text in its alphabet."""

    tokens: np.ndarray
    alphabet: str


def characters(text):
    """A text as a `Text`, whose alphabet is every character that occurs, in order."""
    alphabet = "".join(sorted(set(text)))
    return Text(np.array([alphabet.index(character) for character in text]), alphabet)


@shapes(tokens="int N L")
def train_character_model(
    tokens, params, *, epochs=1, length=16, optimizer="adam", lr=1e-3, max_norm=None, **options
):
    """Learn what follows each character, `length` at a time: an iterator with a `Step` for each update.

    tokens (N, L), N pieces of a text that are read side by side, params as `character_model` takes them. The
    state goes on from one update to the next, but no gradient goes back beyond the update's own characters:
    truncated backpropagation through time. Every epoch begins again, with a state of zero. max_norm: what the
    norm of all gradients together is clipped to, None for no clipping.

    Handbook, ch. 7 and 8.  Raises ValueError for an optimizer of another name, for a length below 1, and for
    less than two characters.
    """
    update = optimizer_of("train_character_model", optimizer)
    L = tokens.shape[1]
    if not length >= 1:
        raise ValueError(f"train_character_model: length must be at least 1, got {length}")
    if L < 2:
        raise ValueError(f"train_character_model: tokens must have 2 characters or more, got {tokens.shape}")

    def steps(step):
        for _ in range(epochs):
            h = None
            for start in range(0, L - 1, length):
                stop = min(start + length, L - 1)
                (y, h), through_model = character_model(tokens[:, start:stop], step.params, h)
                following = tokens[:, start + 1 : stop + 1]
                J, through_loss = cross_entropy(y.swapaxes(1, 2), following)  # classes are its second axis
                dy = through_loss(np.ones_like(J))["input"].swapaxes(1, 2)
                grads = through_model(dy, np.zeros_like(h))["params"]
                step = step_after(step, J, grads, update, lr=lr, max_norm=max_norm, **options)
                yield step

    return steps(before_the_first(params))
