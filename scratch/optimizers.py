"""Optimizers (handbook, chapter 4; posts 000, 001, 003), as pure functions of one array.

    state = adam_init(param)
    param, state = adam(param, grad, state, lr=0.01)

`step` maps an optimizer over a dict of parameters. Every optimizer has an ``…_init`` that gives the
state before the first step. Options carry torch's names and defaults: with `weight_decay` λ the
penalty ½λ‖θ‖² joins the gradient (erratum l2-against-weight-decay: not so in adamw), and `maximize`
climbs. Symbols are the handbook's: θ param, g grad, η or α lr, t the step, counted from 1.
"""

from typing import NamedTuple

import numpy as np

from scratch._shapes import shapes


def step(optimizer, params, grads, states, **options):
    """One step of `optimizer` for every parameter that has a gradient; the others stay as they are.

    params, grads, states: dicts with the same keys; a gradient that is None or absent is a parameter
    that took no part. A state that is absent begins anew. Returns the next params and states.
    """
    params, states = dict(params), dict(states)
    for name, grad in grads.items():
        if grad is not None:
            state = states[name] if name in states else INITIAL[optimizer](params[name])
            params[name], states[name] = optimizer(params[name], grad, state, **options)
    return params, states


def _gradient(param, grad, weight_decay, maximize):
    """g, turned about to climb, plus λθ."""
    g = -grad if maximize else grad
    return g + weight_decay * param if weight_decay else g


def _require(optimizer, **options):
    """Refuse what no formula means: a negative rate, a decay factor outside [0, 1)."""
    for name, value in options.items():
        if name in ("betas", "alpha", "rho"):
            if not all(0 <= beta < 1 for beta in (value if isinstance(value, tuple | list) else (value,))):
                raise ValueError(f"{optimizer}: {name} must lie in [0, 1), got {value}")
        elif not value >= 0:
            raise ValueError(f"{optimizer}: {name} must not be negative, got {value}")


# ---- gradient descent and momentum ----


def gradient_descent_init(param):
    """Gradient descent has no memory."""
    return ()


@shapes(param="...", grad="...", state="...")
def gradient_descent(param, grad, state=(), *, lr=1e-3):
    """θ_t = θ_{t−1} − η g.  param (...), grad (...).  Handbook, ch. 4; post 000.

    Batch, mini-batch and stochastic gradient descent are this step; they differ in how many examples
    the gradient comes from.
    """
    _require("gradient_descent", lr=lr)
    return param - lr * grad, state


class SGDState(NamedTuple):
    """Steps taken, and the velocity v (...)."""

    t: int
    velocity: np.ndarray


def sgd_init(param):
    """Before the first step."""
    return SGDState(0, np.zeros_like(param))


@shapes(param="...", grad="...", state="...")
def sgd(
    param,
    grad,
    state,
    *,
    lr=1e-3,
    momentum=0.0,
    dampening=0.0,
    nesterov=False,
    weight_decay=0.0,
    maximize=False,
):
    """v_t = μ v_{t−1} + (1 − d) g,  θ_t = θ_{t−1} − η v_t, with v_1 = g; nesterov steps by g + μ v_t.

    param (...), grad (...).  Handbook, ch. 4; Sutskever et al. 2013. This is torch's definition of
    momentum; `momentum_lr_inside` and `momentum_ema` are the handbook's two.  Raises ValueError for
    nesterov without momentum or with dampening.
    """
    _require("sgd", lr=lr, momentum=momentum, weight_decay=weight_decay)
    if nesterov and (momentum == 0 or dampening != 0):
        raise ValueError(
            f"sgd: nesterov needs momentum > 0 and dampening = 0, got {momentum} and {dampening}"
        )
    g = _gradient(param, grad, weight_decay, maximize)
    if momentum == 0:
        return param - lr * g, SGDState(state.t + 1, +state.velocity)
    first = state.t == 0
    v = +g if first else momentum * state.velocity + (1 - dampening) * g
    direction = g + momentum * v if nesterov else v
    return param - lr * direction, SGDState(state.t + 1, v)


class MomentumState(NamedTuple):
    """The velocity v (...)."""

    velocity: np.ndarray


def momentum_lr_inside_init(param):
    """Before the first step."""
    return MomentumState(np.zeros_like(param))


@shapes(param="...", grad="...", state="...")
def momentum_lr_inside(param, grad, state, *, lr=1e-3, momentum=0.9):
    """v_t = γ v_{t−1} + η g,  θ_t = θ_{t−1} − v_t.  param (...), grad (...).

    Handbook, ch. 4, the formula; post 001. Equal to torch's sgd while η stays as it is; when η
    changes, the past keeps the rate it was taken at.
    """
    _require("momentum_lr_inside", lr=lr, momentum=momentum)
    v = momentum * state.velocity + lr * grad  # erratum momentum-two-definitions
    return param - v, MomentumState(v)


momentum_ema_init = momentum_lr_inside_init


@shapes(param="...", grad="...", state="...")
def momentum_ema(param, grad, state, *, lr=1e-3, momentum=0.9):
    """v_t = β v_{t−1} + (1 − β) g,  θ_t = θ_{t−1} − η v_t.  param (...), grad (...).

    Handbook, ch. 4, the code (update_parameters_with_momentum). v is an average of the gradients, so
    that its step is (1 − β) times that of the formula.
    """
    _require("momentum_ema", lr=lr, momentum=momentum)
    v = momentum * state.velocity + (1 - momentum) * grad
    return param - lr * v, MomentumState(v)


# ---- rates that adapt to the size of the gradients ----


class AdagradState(NamedTuple):
    """Steps taken, and the sum s (...) of squared gradients."""

    t: int
    s: np.ndarray


def adagrad_init(param):
    """Before the first step."""
    return AdagradState(0, np.zeros_like(param))


@shapes(param="...", grad="...", state="...")
def adagrad(param, grad, state, *, lr=1e-2, lr_decay=0.0, weight_decay=0.0, eps=1e-10, maximize=False):
    """s_t = s_{t−1} + g²,  θ_t = θ_{t−1} − η_t g / (√s_t + ε),  η_t = η / (1 + (t − 1) · lr_decay).

    param (...), grad (...).  Post 003; Duchi et al. 2011.
    """
    _require("adagrad", lr=lr, lr_decay=lr_decay, weight_decay=weight_decay, eps=eps)
    t = state.t + 1
    g = _gradient(param, grad, weight_decay, maximize)
    s = state.s + g**2
    lr_t = lr / (1 + (t - 1) * lr_decay)
    return param - lr_t * g / (np.sqrt(s) + eps), AdagradState(t, s)


class RMSpropState(NamedTuple):
    """The averages v (...) of g² and g_avg (...) of g, and the velocity (...)."""

    v: np.ndarray
    g_avg: np.ndarray
    velocity: np.ndarray


def rmsprop_init(param):
    """Before the first step."""
    return RMSpropState(np.zeros_like(param), np.zeros_like(param), np.zeros_like(param))


@shapes(param="...", grad="...", state="...")
def rmsprop(
    param,
    grad,
    state,
    *,
    lr=1e-2,
    alpha=0.99,
    eps=1e-8,
    weight_decay=0.0,
    momentum=0.0,
    centered=False,
    maximize=False,
):
    """v_t = α v_{t−1} + (1 − α) g²,  θ_t = θ_{t−1} − η g / (√v_t + ε).

    centered subtracts the squared average of g from v_t under the root; with momentum μ the quotient
    joins a velocity, b_t = μ b_{t−1} + g / (√v_t + ε), and the step is η b_t.  v estimates the
    uncentred second moment of g (erratum rmsprop-hessian: not the Hessian).
    param (...), grad (...).  Handbook, ch. 4; post 001; Hinton's lecture 6e.
    """
    _require("rmsprop", lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum)
    g = _gradient(param, grad, weight_decay, maximize)
    v = alpha * state.v + (1 - alpha) * g**2
    g_avg, velocity, variance = +state.g_avg, +state.velocity, v
    if centered:
        g_avg = alpha * state.g_avg + (1 - alpha) * g
        variance = v - g_avg**2
    root = np.sqrt(variance) + eps  # erratum rmsprop-eps-two-places
    if momentum > 0:
        velocity = momentum * state.velocity + g / root
        return param - lr * velocity, RMSpropState(v, g_avg, velocity)
    return param - lr * g / root, RMSpropState(v, g_avg, velocity)


class AdadeltaState(NamedTuple):
    """The averages v (...) of g² and u (...) of squared steps."""

    v: np.ndarray
    u: np.ndarray


def adadelta_init(param):
    """Before the first step."""
    return AdadeltaState(np.zeros_like(param), np.zeros_like(param))


@shapes(param="...", grad="...", state="...")
def adadelta(param, grad, state, *, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0.0, maximize=False):
    """v_t = ρ v_{t−1} + (1 − ρ) g²,  Δ = √(u_{t−1} + ε) / √(v_t + ε) · g,  θ_t = θ_{t−1} − η Δ.

    u_t = ρ u_{t−1} + (1 − ρ) Δ².  param (...), grad (...).  Zeiler 2012, Algorithm 1.
    """
    _require("adadelta", lr=lr, rho=rho, eps=eps, weight_decay=weight_decay)
    g = _gradient(param, grad, weight_decay, maximize)
    v = rho * state.v + (1 - rho) * g**2
    delta = np.sqrt(state.u + eps) / np.sqrt(v + eps) * g
    u = rho * state.u + (1 - rho) * delta**2
    return param - lr * delta, AdadeltaState(v, u)


# ---- the Adam family ----


class AdamState(NamedTuple):
    """Steps taken, and the moments m (...) of g and v (...) of g²."""

    t: int
    m: np.ndarray
    v: np.ndarray


def adam_init(param):
    """Before the first step."""
    return AdamState(0, np.zeros_like(param), np.zeros_like(param))


@shapes(param="...", grad="...", state="...")
def adam(param, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, maximize=False):
    """m_t = β1 m + (1 − β1) g,  v_t = β2 v + (1 − β2) g²,  θ_t = θ_{t−1} − α m̂ / (√v̂ + ε).

    m̂ = m_t / (1 − β1ᵗ) and v̂ = v_t / (1 − β2ᵗ) make up for the start at zero.
    param (...), grad (...).  Handbook, ch. 4; post 001; Kingma & Ba 2015, Algorithm 1.
    """
    _require("adam", lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    (beta1, beta2), t = betas, state.t + 1
    g = _gradient(param, grad, weight_decay, maximize)
    m = beta1 * state.m + (1 - beta1) * g
    v = beta2 * state.v + (1 - beta2) * g**2  # erratum adam-code-truncated
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)  # erratum adam-v-hat-from-m
    return param - lr * m_hat / (np.sqrt(v_hat) + eps), AdamState(t, m, v)  # erratum adam-no-eps


adamw_init = adam_init


@shapes(param="...", grad="...", state="...")
def adamw(param, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, maximize=False):
    """θ ← θ − η λ θ, and then Adam's step: the decay is decoupled from the gradient's moments.

    It is the current parameter that decays, every parameter its own (errata adamw-stale-weights and
    adamw-bias-decays-weights).
    param (...), grad (...).  Handbook, ch. 4; Loshchilov & Hutter 2019, Algorithm 2.
    """
    _require("adamw", weight_decay=weight_decay)
    decayed = param * (1 - lr * weight_decay)  # errata adamw-stale-weights, adamw-bias-decays-weights
    return adam(decayed, grad, state, lr=lr, betas=betas, eps=eps, maximize=maximize)


class AMSGradState(NamedTuple):
    """Steps taken, the moments m (...) and v (...), and the largest v so far."""

    t: int
    m: np.ndarray
    v: np.ndarray
    v_max: np.ndarray


def amsgrad_init(param):
    """Before the first step."""
    return AMSGradState(0, np.zeros_like(param), np.zeros_like(param), np.zeros_like(param))


@shapes(param="...", grad="...", state="...")
def amsgrad(param, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, maximize=False):
    """Adam with the largest v_t so far in place of v_t; the maximum is over the uncorrected v, as in torch.

    param (...), grad (...).  Reddi et al. 2018, Algorithm 2.
    """
    _require("amsgrad", lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    (beta1, beta2), t = betas, state.t + 1
    g = _gradient(param, grad, weight_decay, maximize)
    m = beta1 * state.m + (1 - beta1) * g
    v = beta2 * state.v + (1 - beta2) * g**2
    v_max = np.maximum(state.v_max, v)
    m_hat = m / (1 - beta1**t)
    v_hat = v_max / (1 - beta2**t)
    return param - lr * m_hat / (np.sqrt(v_hat) + eps), AMSGradState(t, m, v, v_max)


class AdamaxState(NamedTuple):
    """Steps taken, the moment m (...) and the decayed largest |g|, u (...)."""

    t: int
    m: np.ndarray
    u: np.ndarray


def adamax_init(param):
    """Before the first step."""
    return AdamaxState(0, np.zeros_like(param), np.zeros_like(param))


@shapes(param="...", grad="...", state="...")
def adamax(param, grad, state, *, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, maximize=False):
    """m_t = β1 m + (1 − β1) g,  u_t = max(β2 u_{t−1}, |g| + ε),  θ_t = θ_{t−1} − α / (1 − β1ᵗ) · m_t / u_t.

    param (...), grad (...).  Kingma & Ba 2015, Algorithm 2, with torch's ε inside the maximum.
    """
    _require("adamax", lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    (beta1, beta2), t = betas, state.t + 1
    g = _gradient(param, grad, weight_decay, maximize)
    m = beta1 * state.m + (1 - beta1) * g
    u = np.maximum(beta2 * state.u, np.abs(g) + eps)
    m_hat = m / (1 - beta1**t)
    return param - lr * m_hat / u, AdamaxState(t, m, u)


class NAdamState(NamedTuple):
    """Steps taken, the moments m (...) and v (...), and the product of all μ so far."""

    t: int
    m: np.ndarray
    v: np.ndarray
    mu_product: float


def nadam_init(param):
    """Before the first step."""
    return NAdamState(0, np.zeros_like(param), np.zeros_like(param), 1.0)


@shapes(param="...", grad="...", state="...")
def nadam(
    param,
    grad,
    state,
    *,
    lr=2e-3,
    betas=(0.9, 0.999),
    eps=1e-8,
    weight_decay=0.0,
    momentum_decay=4e-3,
    maximize=False,
):
    """Adam that looks ahead: m̂ = μ_{t+1} m_t / (1 − Π_{i≤t+1} μ_i) + (1 − μ_t) g / (1 − Π_{i≤t} μ_i).

    μ_t = β1 (1 − ½ · 0.96^(t · momentum_decay)).  param (...), grad (...).  Dozat 2016.
    """
    _require("nadam", lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, momentum_decay=momentum_decay)
    (beta1, beta2), t = betas, state.t + 1
    g = _gradient(param, grad, weight_decay, maximize)
    mu = beta1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))
    mu_next = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * momentum_decay))
    mu_product = state.mu_product * mu
    m = beta1 * state.m + (1 - beta1) * g
    v = beta2 * state.v + (1 - beta2) * g**2
    m_hat = mu_next / (1 - mu_product * mu_next) * m + (1 - mu) / (1 - mu_product) * g
    v_hat = v / (1 - beta2**t)
    return param - lr * m_hat / (np.sqrt(v_hat) + eps), NAdamState(t, m, v, mu_product)


radam_init = adam_init


@shapes(param="...", grad="...", state="...")
def radam(param, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, maximize=False):
    """Adam's step times r_t once v̂ rests on more than five gradients, and −α m̂ alone until then.

    ρ_∞ = 2 / (1 − β2) − 1,  ρ_t = ρ_∞ − 2 t β2ᵗ / (1 − β2ᵗ) is how many gradients v̂ is worth, and
    r_t = √((ρ_t − 4)(ρ_t − 2) ρ_∞ / ((ρ_∞ − 4)(ρ_∞ − 2) ρ_t)).  ε joins √v before the correction.
    param (...), grad (...).  Liu et al. 2020, Algorithm 2, with torch's threshold of 5.
    """
    _require("radam", lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    (beta1, beta2), t = betas, state.t + 1
    g = _gradient(param, grad, weight_decay, maximize)
    m = beta1 * state.m + (1 - beta1) * g
    v = beta2 * state.v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    rho_inf = 2 / (1 - beta2) - 1
    rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
    if rho > 5:
        r = ((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)) ** 0.5
        root_v_hat = (np.sqrt(v) + eps) / (1 - beta2**t) ** 0.5
        return param - lr * r * m_hat / root_v_hat, AdamState(t, m, v)
    return param - lr * m_hat, AdamState(t, m, v)


# The state of each optimizer before its first step.
INITIAL = {
    gradient_descent: gradient_descent_init,
    sgd: sgd_init,
    momentum_lr_inside: momentum_lr_inside_init,
    momentum_ema: momentum_ema_init,
    adagrad: adagrad_init,
    rmsprop: rmsprop_init,
    adadelta: adadelta_init,
    adam: adam_init,
    adamw: adamw_init,
    amsgrad: amsgrad_init,
    adamax: adamax_init,
    nadam: nadam_init,
    radam: radam_init,
}
