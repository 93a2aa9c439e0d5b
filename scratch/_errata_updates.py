"""Errata on optimizers, schedules and clipping."""

from typing import NamedTuple

import numpy as np

from scratch._erratum import erratum
from scratch.clipping import Clipped
from scratch.optimizers import AdamState, RMSpropState, SGDState, sgd

# ---- optimizers (000; 001; 004, chapters 4 and 5) ----


def _moments(grad, state, betas):
    (beta1, beta2), t = betas, state.t + 1
    m = beta1 * state.m + (1 - beta1) * grad
    v = beta2 * state.v + (1 - beta2) * grad**2
    return t, m, v, m / (1 - beta1**t), v / (1 - beta2**t)


@erratum(
    "adam-v-hat-from-m",
    algorithm="adam",
    where="001, Adam",
    printed="v_tnorm = m_t / (1 − β2ᵗ)",
    right="v̂_t = v_t / (1 − β2ᵗ)",
    shows="every step; NaN wherever m < 0",
)
def adam_v_hat_from_m(param, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    t, m, v, m_hat, _ = _moments(grad, state, betas)
    v_hat = m / (1 - betas[1] ** t)
    return param - lr * m_hat / (np.sqrt(v_hat) + eps), AdamState(t, m, v)


@erratum(
    "adam-no-eps",
    algorithm="adam",
    where="001, Adam (the post on RMSProp asks for ε in both)",
    printed="w_t = w_{t−1} − α · m̂ / √v̂",
    right="w_t = w_{t−1} − α · m̂ / (√v̂ + ε)",
    shows="every step, most of all small gradients; NaN (0/0) where all gradients so far are zero",
)
def adam_no_eps(param, grad, state, *, lr=1e-3, betas=(0.9, 0.999)):
    t, m, v, m_hat, v_hat = _moments(grad, state, betas)
    return param - lr * m_hat / np.sqrt(v_hat), AdamState(t, m, v)


@erratum(
    "adam-second-derivative",
    algorithm="adam",
    where="004 ch. 4, Adam",
    printed="the first two moments of the gradients are the first and second derivative of the loss",
    right="they are running means of g and g²; no second derivative is taken",
    shows="every step, unless the curvature happens to be g²",
    in_words=True,
)
def adam_second_derivative(param, grad, state, *, curvature, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    # curvature: the diagonal of the Hessian of the loss at param.
    t, m, _, m_hat, _ = _moments(grad, state, betas)
    v = betas[1] * state.v + (1 - betas[1]) * curvature
    v_hat = v / (1 - betas[1] ** t)
    return param - lr * m_hat / (np.sqrt(v_hat) + eps), AdamState(t, m, v)


ADAM_AS_PRINTED = """\
def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate=0.01,
                                beta1=0.9, beta2=0.999, epsilon=1e-8):
    L = len(parameters) // 2                 # number of layers in the neural networks
    v_corrected = {}                         # Initializing first moment estimate, python dictionary
    s_corrected = {}                         # Initializing second moment estimate, python dictionary

    # Perform Adam update on all parameters
    for l in range(L):
        # Moving average of the gradients.
        v["dW" + str(l+1)] = beta1 * v["dW" + str(l+1)] + (1 - beta1) * grads["dW
"""


@erratum(
    "adam-code-truncated",
    algorithm="adam",
    where="004 ch. 4, Adam code",
    printed='the function ends at v["dW" + str(l+1)] = … + (1 - beta1) * grads["dW',
    right="the rest of the update: the bias's m, both v, the corrections, the step, the return",
    shows="it does not compile (`ADAM_AS_PRINTED`)",
)
def adam_code_truncated(param, grad, state, *, lr=0.01, betas=(0.9, 0.999), eps=1e-8):
    # What is printed cannot run; the attempt raises SyntaxError.
    return compile(ADAM_AS_PRINTED, "004 ch. 4, Adam code", "exec")


class StaleAdamWState(NamedTuple):
    """Adam's state, and the copy w (...) of the parameter as it was before the first step."""

    t: int
    m: np.ndarray
    v: np.ndarray
    w: np.ndarray


@erratum(
    "adamw-stale-weights",
    algorithm="adamw",
    where="004 ch. 4, AdamW code",
    printed='weight_decay * w["W" + str(l+1)], w being the copy taken by initialize_adamw and never renewed',
    right="weight_decay times the current weights (as the words below the code have it)",
    shows="from step 2 on; at step 1 the copy is still current",
)
def adamw_stale_weights(param, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
    w = +param if state.t == 0 else state.w
    t, m, v, m_hat, v_hat = _moments(grad, state, betas)
    return param - lr * (m_hat / (np.sqrt(v_hat) + eps) + weight_decay * w), StaleAdamWState(t, m, v, w)


@erratum(
    "adamw-bias-decays-weights",
    algorithm="adamw",
    where="004 ch. 4, AdamW code, the line of the bias",
    printed='parameters["b" + str(l+1)] -= learning_rate * (… + weight_decay * w["W" + str(l+1)])',
    right="weight_decay times the bias itself, as in torch, or none",
    shows="every step: ValueError on the shapes, and silently wrong for a layer of one input",
)
def adamw_bias_decays_weights(
    param, grad, state, *, weights, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2
):
    # param: the bias, (out, 1) in the handbook; weights: (out, in) of the same layer.
    t, m, v, m_hat, v_hat = _moments(grad, state, betas)
    param = +param
    param -= lr * (m_hat / (np.sqrt(v_hat) + eps) + weight_decay * weights)
    return param, AdamState(t, m, v)


@erratum(
    "momentum-two-definitions",
    algorithm="sgd",
    where="004 ch. 4 (001 has the formula, and calls it an average)",
    printed="formula: v = γ v + η g, θ = θ − v; code: v = β v + (1 − β) g, θ = θ − η v",
    right="torch: v = μ v + g, θ = θ − η v; see sgd, momentum_lr_inside and momentum_ema",
    shows="code: every step is (1 − β) of torch's; formula: from the step at which η changes",
)
def momentum_two_definitions(param, grad, state, *, lr=1e-3, momentum=0.9):
    # The code. The formula is `scratch.optimizers.momentum_lr_inside`.
    v = momentum * state.velocity + (1 - momentum) * grad
    return param - lr * v, SGDState(state.t + 1, v)


@erratum(
    "l2-against-weight-decay",
    algorithm="sgd",
    where="004 ch. 5; for ch. 4 weight_decay is the strength of L2 regularization",
    printed="the penalty is λ Σ w²",
    right="torch's weight_decay λ is the penalty ½ λ Σ w², and adam's is not adamw's",
    shows="every step: twice torch's decay",
    in_words=True,
)
def l2_against_weight_decay(param, grad, state, *, lr=1e-3, momentum=0.0, weight_decay=0.0):
    return sgd(param, grad + 2 * weight_decay * param, state, lr=lr, momentum=momentum)


@erratum(
    "rmsprop-eps-two-places",
    algorithm="rmsprop",
    where="004 ch. 4, the formula (the code has it right)",
    printed="θ = θ − η / √(v + ε) · g",
    right="θ = θ − η / (√v + ε) · g",
    shows="every step with small gradients",
)
def rmsprop_eps_two_places(param, grad, state, *, lr=1e-2, alpha=0.99, eps=1e-8):
    v = alpha * state.v + (1 - alpha) * grad**2
    return param - lr / np.sqrt(v + eps) * grad, RMSpropState(v, +state.g_avg, +state.velocity)


@erratum(
    "rmsprop-hessian",
    algorithm="rmsprop",
    where="004 ch. 4",
    printed="the running average of the squared gradients (the Hessian)",
    right="the uncentred second moment of the gradients",
    shows="every step, unless the curvature happens to be g²; no finite step on a loss without curvature",
    in_words=True,
)
def rmsprop_hessian(param, grad, state, *, curvature, lr=1e-2, alpha=0.99, eps=1e-8):
    # curvature: the diagonal of the Hessian of the loss at param.
    v = alpha * state.v + (1 - alpha) * curvature
    return param - lr * grad / (np.sqrt(v) + eps), RMSpropState(v, +state.g_avg, +state.velocity)


@erratum(
    "rmsprop-average-magnitude",
    algorithm="rmsprop",
    where="001, RMSProp; 004 ch. 4, first sentences",
    printed="divide by a running average of the magnitudes of recent gradients",
    right="divide by the root of a running average of their squares",
    shows="every step",
    in_words=True,
)
def rmsprop_average_magnitude(param, grad, state, *, lr=1e-2, alpha=0.99, eps=1e-8):
    v = alpha * state.v + (1 - alpha) * np.abs(grad)
    return param - lr * grad / (v + eps), RMSpropState(v, +state.g_avg, +state.velocity)


@erratum(
    "gd-convex-any-rate",
    algorithm="gradient_descent",
    where="000",
    printed="batch gradient descent is guaranteed to converge to the global minimum for convex problems",
    right="only at a rate below 2 / L, L being the largest curvature",
    shows="any rate above 2 / L",
    in_words=True,
)
def gd_convex_any_rate(largest_curvature, *, lr):
    # Whether gradient descent converges on a convex quadratic.
    return True


@erratum(
    "time-decay-linear",
    algorithm="time_based_decay",
    where="001, learning rate decay",
    printed="lr_0 / (1 + d·t) decreases linearly over time",
    right="hyperbolically: slower and slower, and never to zero",
    shows="from step 1 on; the second difference is positive, not zero",
    in_words=True,
)
def time_decay_linear(step, *, lr, decay):
    # The line that leaves lr_0 with the slope of the printed formula.
    return lr * (1 - decay * step)


@erratum(
    "clip-eps",
    algorithm="clip_by_norm",
    where="004 ch. 7",
    printed="if ‖g‖ > c: g = c g / ‖g‖",
    right="torch: g · min(1, c / (‖g‖ + 10⁻⁶))",
    shows="every norm of c and above; at c itself torch scales and the handbook does not",
)
def clip_eps(grad, *, max_norm):
    norm = np.sqrt((grad**2).sum())
    return Clipped(np.where(norm > max_norm, max_norm * grad / norm, grad), norm)
