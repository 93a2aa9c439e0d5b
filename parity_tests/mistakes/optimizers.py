"""Mistakes in optimizers."""

from __future__ import annotations

from parity_tests.mistakes.mistake import Edit, Mistake, each, mistake

PENALIZED = "sgd adagrad rmsprop adadelta adam amsgrad adamax nadam radam"
G = "g = _gradient(param, grad, weight_decay, maximize)"
M_HAT, V_HAT = "m_hat = m / (1 - beta1**t)", "v_hat = v / (1 - beta2**t)"
COUNT = "t = betas, state.t + 1"
ROOT = "(np.sqrt(v_hat) + eps)"
DECAYED = "decayed = param * (1 - lr * weight_decay)"
ADAMW = "return adam(decayed, grad, state, lr=lr, betas=betas, eps=eps, maximize=maximize)"
FIRST = "v = +g if first else momentum * state.velocity + (1 - dampening) * g"
STEP = {
    "gradient_descent": "param - lr * grad",
    "momentum_lr_inside": "param - v",
    "momentum_ema": "param - lr * v",
    "adagrad": "param - lr_t * g",
    "adadelta": "param - lr * delta",
    "adam": "param - lr * m_hat",
    "amsgrad": "param - lr * m_hat",
    "adamax": "param - lr * m_hat",
    "nadam": "param - lr * m_hat",
}

UNCORRECTED = (
    "m and v are used as they are; the formula divides them by 1 - beta1**t and 1 - beta2**t, because they "
    "start at zero"
)
STORED = (
    "the corrected moments are stored back as the state; the formula corrects a copy, and goes on from "
    "the uncorrected ones"
)
TIMES_T = "the bias correction has beta * t; the formula has the power beta**t"
EPS_INSIDE = "eps is added under the root; the formula adds it to the root"
EPS_INSIDE_HAT = "eps is added to the root of the uncorrected v; the formula adds it to the root of v_hat"
DECOUPLED = (
    "the weights decay apart from the gradient, as in AdamW; here the formula adds weight_decay * param to "
    "the gradient"
)
LR_IN_DECAY = "lr * weight_decay * param joins the gradient, which lr multiplies once more"
DAMPENED = "the gradient comes into the velocity times 1 - momentum; the formula takes all of it"

MISTAKES: tuple[Mistake, ...] = (
    mistake("no-bias-correction", UNCORRECTED, "adam", M_HAT, "m_hat = m", V_HAT, "v_hat = v"),
    mistake(
        *("no-bias-correction", UNCORRECTED, "amsgrad", M_HAT, "m_hat = m"),
        *("v_hat = v_max / (1 - beta2**t)", "v_hat = v_max"),
    ),
    mistake(
        *("no-bias-correction", UNCORRECTED, "radam", M_HAT, "m_hat = m"),
        *(" / (1 - beta2**t) ** 0.5", ""),
    ),
    mistake(
        *("no-bias-correction", UNCORRECTED, "nadam", "mu_next / (1 - mu_product * mu_next)", "mu_next"),
        *("(1 - mu) / (1 - mu_product)", "(1 - mu)", V_HAT, "v_hat = v"),
    ),
    *each(
        *("adam amsgrad adamax radam", "only-v-corrected"),
        "m is used as it is, without the correction for its start at zero; the formula "
        "divides it by 1 - beta1**t",
        *(M_HAT, "m_hat = m"),
    ),
    *each(
        *("adam nadam", "only-m-corrected"),
        "v is used as it is, without the correction for its start at zero; the formula "
        "divides it by 1 - beta2**t",
        *(V_HAT, "v_hat = v"),
    ),
    mistake("corrected-stored-back", STORED, "adam", "AdamState(t, m, v)", "AdamState(t, m_hat, v_hat)"),
    mistake("corrected-stored-back", STORED, "adam", "AdamState(t, m, v)", "AdamState(t, m_hat, v)"),
    mistake("corrected-stored-back", STORED, "adam", "AdamState(t, m, v)", "AdamState(t, m, v_hat)"),
    mistake(
        "beta-times-t", TIMES_T, "adam", M_HAT, M_HAT.replace("**", " * "), V_HAT, V_HAT.replace("**", " * ")
    ),
    *each(
        *("adam amsgrad nadam adamax", "t-off-by-one"),
        "the first step counts as t = 0; the formula counts from 1, so that its correction is beta**1",
        *(COUNT, "t = betas, state.t"),
        *("State(t, m, ", "State(t + 1, m, "),
    ),
    *each(
        *("adam amsgrad nadam adamax", "t-ahead-by-one"),
        "the first step counts as t = 2; the formula counts from 1",
        *(COUNT, "t = betas, state.t + 2"),
        *("State(t, m, ", "State(t - 1, m, "),
    ),
    *each("adam amsgrad nadam", "eps-inside-sqrt", EPS_INSIDE, ROOT, "np.sqrt(v_hat + eps)"),
    *each(
        *("adagrad", "eps-inside-sqrt", EPS_INSIDE, "(np.sqrt(s) + eps)", "np.sqrt(s + eps)"),
    ),
    *each("rmsprop", "eps-inside-sqrt", EPS_INSIDE, "np.sqrt(variance) + eps", "np.sqrt(variance + eps)"),
    *each(
        *("adadelta", "eps-outside-sqrt", "eps is added to the roots; the formula adds it under them"),
        *("np.sqrt(state.u + eps) / np.sqrt(v + eps)", "(np.sqrt(state.u) + eps) / (np.sqrt(v) + eps)"),
    ),
    *each("adam nadam", "eps-hat", EPS_INSIDE_HAT, ROOT, "((np.sqrt(v) + eps) / (1 - beta2**t) ** 0.5)"),
    *each(
        *("adam amsgrad nadam radam", "v-from-m", "v averages m**2; the formula averages g**2"),
        *("(1 - beta2) * g**2", "(1 - beta2) * m**2"),
    ),
    mistake(
        *("v-from-m", "v averages the square of the average of g; the formula averages g**2", "rmsprop"),
        "v = alpha * state.v + (1 - alpha) * g**2",
        "average = alpha * state.g_avg + (1 - alpha) * g\n    v = alpha * state.v + (1 - alpha) * average**2",
        *("+state.g_avg, +state.velocity", "average, +state.velocity"),
    ),
    mistake(
        *("v-from-sum", "v adds up all g**2; the formula averages them, and forgets old ones", "rmsprop"),
        *("alpha * state.v + (1 - alpha) * g**2", "state.v + g**2"),
    ),
    mistake(
        *("v-from-sum", "the gradients are added up and their sum is squared; the formula adds up g**2"),
        *("adagrad", "s = state.s + g**2", "s = state.s + g", "np.sqrt(s)", "np.abs(s)"),
    ),
    *each(
        *("adagrad adadelta adam amsgrad nadam radam", "v-from-sum"),
        "g**2 is summed over all elements, so that all share one rate; the formula has a rate for each",
        *("g**2", "np.full_like(g, (g**2).sum())"),
    ),
    mistake(
        *("v-not-squared", "the average of |g| stands in place of the root of that of g**2", "adam"),
        *("g**2", "np.abs(g)"),
    ),
    # ---- decay ----
    mistake(
        "decay-coupled",
        "weight_decay * param joins the gradient, as an L2 penalty does; AdamW takes the "
        "decay off the weights "
        "themselves",
        *("adamw", DECAYED, "decayed = param"),
        *("eps=eps, maximize", "eps=eps, weight_decay=weight_decay, maximize"),
    ),
    mistake(
        *("decay-times-lr", f"{LR_IN_DECAY}; AdamW takes lr * weight_decay * param off the weights", "adamw"),
        *(DECAYED, "decayed = param"),
        *("eps=eps, maximize", "eps=eps, weight_decay=lr * weight_decay, maximize"),
    ),
    mistake(
        "decay-after-update",
        "the weights decay after Adam's step, and that step with them; AdamW decays the "
        "weights of before the step",
        "adamw",
        DECAYED,
        "decayed = param",
        ADAMW,
        "after, state = adam(param, grad, state, lr=lr, betas=betas, eps=eps, maximize=maximize)\n"
        "    return after * (1 - lr * weight_decay), state",
    ),
    mistake(
        *(
            "decay-sign",
            "the decay makes the weights larger; the formula takes lr * weight_decay * param off",
        ),
        *("adamw", DECAYED, "decayed = param * (1 + lr * weight_decay)"),
    ),
    mistake(
        *("decay-without-lr", "the weights decay by weight_decay; the formula has lr * weight_decay"),
        *("adamw", DECAYED, "decayed = param * (1 - weight_decay)"),
    ),
    mistake(
        *("decay-sign", "weight_decay * param is taken off the gradient; the formula adds it", "_gradient"),
        *("g + weight_decay * param", "g - weight_decay * param"),
    ),
    *each(
        *(PENALIZED, "decay-decoupled", DECOUPLED, G),
        "g = _gradient(param, grad, 0.0, maximize)\n    param = param * (1 - lr * weight_decay)",
    ),
    *each(
        *(PENALIZED, "decay-decoupled-without-lr", DECOUPLED + ", and lr is missing", G),
        "g = _gradient(param, grad, 0.0, maximize)\n    param = param * (1 - weight_decay)",
    ),
    *each(
        *(PENALIZED, "decay-times-lr", f"{LR_IN_DECAY}; the formula adds weight_decay * param", G),
        "g = _gradient(param, grad, lr * weight_decay, maximize)",
    ),
    *each(
        *(PENALIZED, "decay-ignored", "weight_decay does nothing; the formula adds weight_decay * param", G),
        "g = _gradient(param, grad, 0.0, maximize)",
    ),
    mistake(
        *("decay-ignored", "weight_decay does nothing; the formula takes lr * weight_decay * param off"),
        *("adamw", DECAYED, "decayed = param"),
    ),
    mistake(
        *("maximize-turns-decay", "maximize turns the decay about as well; the formula turns g alone"),
        *(
            "_gradient",
            "return g + weight_decay * param if",
            "return g + (-1) ** maximize * weight_decay * param if",
        ),
    ),
    # ---- momentum ----
    mistake(
        *("momentum-dampened", DAMPENED, "sgd"),
        *(FIRST, "v = momentum * state.velocity + (1 - momentum) * g"),
    ),
    mistake(
        *("momentum-dampened", f"{DAMPENED}, the first one excepted", "sgd"),
        *("(1 - dampening) * g", "(1 - momentum) * g"),
    ),
    mistake(
        "momentum-dampened", DAMPENED, "momentum_lr_inside", "+ lr * grad", "+ lr * (1 - momentum) * grad"
    ),
    mistake(
        *(
            "momentum-undampened",
            "the whole gradient joins the velocity; the formula takes 1 - momentum of it",
        ),
        *("momentum_ema", "(1 - momentum) * grad", "grad"),
    ),
    mistake(
        "dampened-at-first",
        "the first gradient is dampened as well; the first velocity of the formula is the gradient itself",
        *("sgd", FIRST, "v = momentum * state.velocity + (1 - dampening) * g"),
    ),
    mistake(
        "nesterov-old-velocity",
        "the look-ahead takes the velocity of before the step; the formula takes the new one, "
        "g + momentum * v_t",
        *("sgd", "direction = g + momentum * v if", "direction = g + momentum * state.velocity if"),
    ),
    mistake(
        *("nesterov-without-gradient", "the step is momentum * v; the formula steps by g + momentum * v"),
        *("sgd", "direction = g + momentum * v if", "direction = momentum * v if"),
    ),
    mistake(
        *(
            "nesterov-ignored",
            "the step is the velocity as without nesterov; the formula has g + momentum * v",
        ),
        *("sgd", "direction = g + momentum * v if nesterov else v", "direction = v"),
    ),
    *(
        mistake(
            *(
                "velocity-not-kept",
                "the velocity begins anew in every step; the formula carries it on",
                function,
            ),
            *("momentum * state.velocity", "momentum * np.zeros_like(state.velocity)"),
        )
        for function in ("sgd", "momentum_lr_inside", "momentum_ema")
    ),
    *(
        mistake(
            *("ascent", "it steps along the gradient, uphill; the formula steps against it", function),
            *(step, step.replace(" - ", " + ")),
        )
        for function, step in STEP.items()
    ),
    mistake(
        *("ascent", "it steps along the gradient, uphill; the formula steps against it", "rmsprop"),
        *("param - lr * g / root", "param + lr * g / root", "param - lr * velocity", "param + lr * velocity"),
    ),
    mistake(
        *("ascent", "it steps along the gradient, uphill; the formula steps against it", "sgd"),
        *("param - lr * g,", "param + lr * g,", "param - lr * direction", "param + lr * direction"),
    ),
    Mistake(
        "state-not-counted",
        "t stays what it was, so that every step is corrected like the first; the formula counts the steps",
        (Edit("adam", "AdamState(t, m, v)", "AdamState(state.t, m, v)"),),
    ),
)

_ONLY_MATRICES = "parameters of one axis, such as biases, stay as they are; the formula moves all parameters"
_ONLY_WIDE = (
    "parameters with an axis of one, such as biases, stay as they are; the formula moves all parameters"
)
_BODIES = {
    "gradient_descent": '_require("gradient_descent", lr=lr)',
    "momentum_lr_inside": '_require("momentum_lr_inside", lr=lr, momentum=momentum)',
    "momentum_ema": '_require("momentum_ema", lr=lr, momentum=momentum)',
    **dict.fromkeys(PENALIZED.split(), G),
}
MISTAKES += tuple(
    mistake("biases-skipped", text, function, line, f"{line}\n    if {test}:\n        return +param, state")
    for function, line in _BODIES.items()
    for text, test in ((_ONLY_MATRICES, "param.ndim < 2"), (_ONLY_WIDE, "param.ndim < 2 or 1 in param.shape"))
)
