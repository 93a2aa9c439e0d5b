"""Mistakes in recurrent networks and attention."""

from __future__ import annotations

from parity_tests.mistakes.mistake import Edit, Mistake, mistake

SPLIT = "Z_i, Z_f, Z_g, Z_o = np.split(Z, 4, -1)"
GATES = "dZ = np.concatenate([dZ_i, dZ_f, dZ_g, dZ_o], -1)"
DC = "dc = dc_next + dh_next * o * (1 - tanh_c**2)"
GRU_H = "h_next = (1 - z) * n + z * h"
THROUGH = "through_step[t](dh + d_output[t], *dc)"
D_HH = "d_weight_hh = dZ.T @ np.concatenate(h_before)"
SCALE = "scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale"
TRIANGLE = "np.tri(*scores.shape[-2:], dtype=bool)"
PAIRS = "a, b = (x[..., 0::2], x[..., 1::2]) if interleaved else (x[..., :half], x[..., half:])"
PUT_BACK = "return np.stack(rotated, -1).reshape(x.shape) if interleaved else np.concatenate(rotated, -1)"
SOFTMAX_DS = "weights * (dweights - (dweights * weights).sum(-1, keepdims=True))"

RECURRENT: tuple[Mistake, ...] = (
    mistake(
        "gru-gates-swapped",
        "z and 1 - z are swapped: z weighs the candidate; the formula has h' = (1 - z) * n + z * h",
        *("gru_step", GRU_H, "h_next = z * n + (1 - z) * h"),
        *("dh_next * (1 - z) * (1 - n**2)", "dh_next * z * (1 - n**2)"),
        *("dh_next * (h - n) * z * (1 - z)", "dh_next * (n - h) * z * (1 - z)"),
        *("d_from_h @ weight_hh + dh_next * z", "d_from_h @ weight_hh + dh_next * (1 - z)"),
    ),
    mistake(
        *("gru-gate-order", "the rows of z come first; the layout has those of r first, then z, then n"),
        *("gru_step", "x_r, x_z, x_n = ", "x_z, x_r, x_n = ", "u_r, u_z, u_n = ", "u_z, u_r, u_n = "),
        *("d_from_x = np.concatenate([dZ_r, dZ_z,", "d_from_x = np.concatenate([dZ_z, dZ_r,"),
        *("d_from_h = np.concatenate([dZ_r, dZ_z,", "d_from_h = np.concatenate([dZ_z, dZ_r,"),
    ),
    mistake(
        "gru-reset-before-matmul",
        "r multiplies h before the matmul, as in the paper; here, as in torch, it multiplies W_hn h + b_hn",
        *("gru_step", "n = np.tanh(x_n + r * u_n)"),
        "H = h.shape[-1]\n"
        "    u_n = (r * h) @ weight_hh[2 * H :].T + bias_hh[2 * H :]\n"
        "    n = np.tanh(x_n + u_n)",
        "dZ_r = dZ_n * u_n * r * (1 - r)",
        "d_rh = dZ_n @ weight_hh[2 * H :]\n        dZ_r = d_rh * h * r * (1 - r)",
        "(d_from_h @ weight_hh + dh_next * z,)",
        "(d_from_h[:, : 2 * H] @ weight_hh[: 2 * H] + d_rh * r + dh_next * z,)",
    ),
    *(
        mistake(
            "lstm-gate-order",
            f"the gates are read in the order {order.replace('Z_', '')}; torch's layout, which is asked for, "
            "is i, f, g, o",
            *("lstm_step", SPLIT, f"{order} = np.split(Z, 4, -1)"),
            *(GATES, f"dZ = np.concatenate([{order.replace('Z_', 'dZ_')}], -1)"),
        )
        for order in (
            *("Z_i, Z_f, Z_o, Z_g", "Z_i, Z_o, Z_f, Z_g", "Z_f, Z_i, Z_g, Z_o", "Z_f, Z_i, Z_o, Z_g"),
            *("Z_i, Z_g, Z_f, Z_o", "Z_g, Z_i, Z_f, Z_o", "Z_o, Z_f, Z_g, Z_i"),
        )
    ),
    mistake(
        "lstm-input-and-forget-swapped",
        "i and f are swapped in c' = f * c + i * g, as if the update gate kept the old state",
        *("lstm_step", "c_next = f * c + i * g", "c_next = i * c + f * g"),
        *("dZ_i = dc * g *", "dZ_i = dc * c *", "dZ_f = dc * c *", "dZ_f = dc * g *"),
        *("dZ_g = dc * i *", "dZ_g = dc * f *", "(dZ @ weight_hh, dc * f)", "(dZ @ weight_hh, dc * i)"),
    ),
    mistake(
        "lstm-input-and-forget-swapped",
        "i and f are swapped in c' = f * c + i * g, the gradient is that of the formula",
        *("lstm_step", "c_next = f * c + i * g", "c_next = i * c + f * g"),
    ),
    mistake(
        "dc-without-future",
        "dc holds what comes from h_t alone; the cell state reaches the next timestep, too, "
        "from where dc_next comes",
        *("lstm_step", DC, "dc = dh_next * o * (1 - tanh_c**2)"),
    ),
    mistake(
        *(
            "dc-without-h",
            "dc holds what comes from the timestep after alone; c' is in h' = o * tanh(c'), too",
        ),
        *("lstm_step", DC, "dc = dc_next"),
    ),
    mistake(
        *("tanh-missing", "h' = o * c'; the formula has h' = o * tanh(c')", "lstm_step"),
        *("tanh_c = np.tanh(c_next)", "tanh_c = c_next", " * (1 - tanh_c**2)", ""),
    ),
    mistake(
        *("tanh-missing", "h' = o * c'; the formula has h' = o * tanh(c')", "lstm_step"),
        *("tanh_c = np.tanh(c_next)", "tanh_c = c_next"),
    ),
    mistake(
        *("tanh-missing", "the new state is the sum as it is; the formula applies the nonlinearity to it"),
        *("rnn_step", "h_next, through_f = f(Z)", "h_next = Z"),
        *('through_f(dh_next)["x"]', "dh_next"),
    ),
    mistake(
        *(
            "tanh-gradient-missing",
            "the gradient passes the nonlinearity unchanged; it takes 1 - h'**2 of it",
        ),
        *("rnn_step", 'through_f(dh_next)["x"]', "dh_next"),
    ),
    mistake(
        "bptt-index-shifted",
        "the gradient of W_hh takes the state after each step; the state that W_hh multiplies "
        "is that of before",
        *("scan", D_HH, "d_weight_hh = dZ.T @ np.concatenate(h_after)"),
    ),
    mistake(
        "bptt-first-state-dropped",
        "the first step adds nothing to the gradient of W_hh; the first state h_0 is multiplied by it, too",
        *("scan", D_HH, "h_before[order[0]] = np.zeros_like(h_before[order[0]])\n        " + D_HH),
    ),
    mistake(
        "dh-replaced",
        "dh is the gradient of this timestep's output alone; what comes back from the "
        "timestep after adds to it",
        *("scan", THROUGH, "through_step[t](d_output[t], *dc)"),
    ),
    mistake(
        "dh-replaced",
        "dh is what comes back from the timestep after alone; the gradient of this timestep's "
        "output adds to it",
        *("scan", THROUGH, "through_step[t](dh, *dc)"),
    ),
    mistake(
        "dh-replaced",
        "dh of the timestep after replaces that of this output, but for the last; the two are added",
        *("scan", THROUGH, "through_step[t](dh + d_output[t] if t == order[-1] else dh, *dc)"),
    ),
    mistake(
        "dw-last-step",
        "the gradients of the weights are those of one step, the first in time, which "
        "overwrote the others; they add up",
        "scan",
        "grads = through_input(np.concatenate(d_from_x))\n        dZ = np.concatenate(d_from_h)",
        'dx = through_input(np.concatenate(d_from_x))["input"]\n'
        "        chosen = [np.zeros_like(d) for d in d_from_x]\n"
        "        chosen[order[0]] = d_from_x[order[0]]\n"
        '        grads = {**through_input(np.concatenate(chosen)), "input": dx}\n'
        "        d_from_h = [d * (t == order[0]) for t, d in enumerate(d_from_h)]\n"
        "        dZ = np.concatenate(d_from_h)",
    ),
    mistake(
        "dw-last-step",
        "the gradients of the weights are those of the last step alone; those of all steps add up",
        "scan",
        "grads = through_input(np.concatenate(d_from_x))\n        dZ = np.concatenate(d_from_h)",
        'dx = through_input(np.concatenate(d_from_x))["input"]\n'
        "        chosen = [np.zeros_like(d) for d in d_from_x]\n"
        "        chosen[order[-1]] = d_from_x[order[-1]]\n"
        '        grads = {**through_input(np.concatenate(chosen)), "input": dx}\n'
        "        d_from_h = [d * (t == order[-1]) for t, d in enumerate(d_from_h)]\n"
        "        dZ = np.concatenate(d_from_h)",
    ),
    mistake(
        *(
            "dw-last-step",
            "the gradient of W_hh is that of one step, the first in time; those of all steps add up",
        ),
        *("scan", D_HH, "d_weight_hh = d_from_h[order[0]].T @ h_before[order[0]]"),
    ),
    mistake(
        *("dw-last-step", "the gradient of W_hh is that of the last step alone; those of all steps add up"),
        *("scan", D_HH, "d_weight_hh = d_from_h[order[-1]].T @ h_before[order[-1]]"),
    ),
    mistake(
        *(
            "truncated-to-one-step",
            "no gradient goes back to the timestep before; it does, through the state",
        ),
        *(
            "scan",
            "dh, *dc = d_state\n",
            "dh, *dc = d_state if t == order[-1] else [0 * d for d in d_state]\n",
        ),
    ),
)

ATTENTION: tuple[Mistake, ...] = (
    mistake(
        *(
            "attention-unscaled",
            "the scores are not scaled; the formula divides them by the root of d_k",
            "_attend",
        ),
        *(SCALE, "scale = 1.0 if scale is None else scale"),
    ),
    mistake(
        *("attention-scale", "the scores are divided by d_k; the formula divides by its root", "_attend"),
        *(SCALE, "scale = 1 / query.shape[-1] if scale is None else scale"),
    ),
    mistake(
        "attention-scale",
        "the scores are divided by the root of d_model; the formula has the root of d_k, the "
        "features of one head",
        "multi_head_attention",
        "is_causal=is_causal\n    )",
        "is_causal=is_causal, scale=1 / math.sqrt(E)\n    )",
    ),
    mistake(
        *(
            "attention-scale",
            "the scores are divided by the number of features; the formula has the root of d_k",
        ),
        *("multi_head_attention", "is_causal=is_causal\n    )", "is_causal=is_causal, scale=1 / E\n    )"),
    ),
    mistake(
        *(
            "attention-scale",
            "the scores are multiplied by the root of d_k; the formula divides by it",
            "_attend",
        ),
        *(SCALE, "scale = math.sqrt(query.shape[-1]) if scale is None else scale"),
    ),
    mistake(
        *(
            "attention-scale",
            "the scores are divided by the root of the number of keys, not of d_k",
            "_attend",
        ),
        *(SCALE, "scale = 1 / math.sqrt(key.shape[-2]) if scale is None else scale"),
    ),
    mistake(
        "softmax-over-queries",
        "the softmax runs over the queries; the weights of each query over the keys sum to 1",
        *(
            "masked_softmax",
            "top = scores.max(-1,",
            "top = scores.max(-2,",
            "total = exp.sum(-1,",
            "total = exp.sum(-2,",
        ),
        *(SOFTMAX_DS, SOFTMAX_DS.replace("sum(-1", "sum(-2")),
    ),
    mistake(
        *(
            "diagonal-jacobian",
            "the softmax's Jacobian has its diagonal alone, p * (1 - p); p_i also moves p_j",
        ),
        *("masked_softmax", SOFTMAX_DS, "weights * (1 - weights) * dweights"),
    ),
    mistake(
        "causal-inverted",
        "the causal mask is inverted: a query sees what comes after it; the formula shows keys 0 to i",
        *("_attend", TRIANGLE, f"~{TRIANGLE}"),
    ),
    mistake(
        "causal-inverted",
        "the causal mask is upside down: a query sees itself and what comes after; the "
        "formula shows keys 0 to i",
        *("_attend", TRIANGLE, "np.tri(*scores.shape[:-3:-1], dtype=bool).T"),
    ),
    mistake(
        "causal-without-diagonal",
        "the causal mask hides a query's own position; the formula shows keys 0 to i, i included",
        *("_attend", TRIANGLE, "np.tri(*scores.shape[-2:], -1, dtype=bool)"),
    ),
    mistake(
        *("causal-one-ahead", "the causal mask shows the next position, too; the formula shows keys 0 to i"),
        *("_attend", TRIANGLE, "np.tri(*scores.shape[-2:], 1, dtype=bool)"),
    ),
    mistake(
        *("mask-inverted", "the mask keeps what it should block, and blocks the rest", "_attend"),
        *("np.where(mask, scores, -np.inf) if", "np.where(~mask, scores, -np.inf) if"),
    ),
    mistake(
        "mask-multiplied",
        "masked scores become 0, which still has a weight; the formula makes them minus infinity",
        *("_attend", "np.where(mask, scores, -np.inf) if", "np.where(mask, scores, 0) if"),
    ),
    mistake(
        *(
            "masked-row-uniform",
            "a query that may see nothing sees everything alike, by a large finite number",
        ),
        *("_attend", "np.where(mask, scores, -np.inf) if", "np.where(mask, scores, -1e9) if"),
    ),
    mistake(
        *(
            "masked-row-nan",
            "the output of a query that may see nothing is NaN; here it is 0",
            "masked_softmax",
        ),
        *("np.where(np.isfinite(top), top, 0)", "top", "np.where(total > 0, total, 1)", "total"),
    ),
    Mistake(
        "heads-averaged",
        "the heads are averaged; the formula puts them side by side",
        (
            Edit(
                "_join_heads",
                "return x.swapaxes(1, 2).reshape(N, L, H * features)",
                "return np.concatenate([x.mean(1)] * H, -1)",
            ),
        ),
    ),
    mistake(
        "heads-not-swapped-back",
        "the heads are reshaped without bringing their axis back beside the features, which mixes positions",
        *("_join_heads", "x.swapaxes(1, 2).reshape", "x.reshape"),
    ),
    mistake(
        *(
            "rope-mixed",
            "features 2i and 2i + 1 are taken for pairs and i and i + D/2 for others, the wrong way round",
        ),
        *("_rotate", PAIRS, PAIRS.replace("if interleaved", "if not interleaved")),
        *(PUT_BACK, PUT_BACK.replace("if interleaved", "if not interleaved")),
    ),
    mistake(
        *(
            "rope-mixed",
            "features 2i and 2i + 1 are rotated, but put back as halves; here a pair is i and i + D/2",
        ),
        *("_rotate", PAIRS, "a, b = x[..., 0::2], x[..., 1::2]"),
    ),
    mistake(
        *(
            "rope-mixed",
            "i and i + D/2 are rotated, but put back side by side as interleaved pairs",
            "_rotate",
        ),
        *(
            PAIRS,
            "a, b = x[..., :half], x[..., half:]",
            PUT_BACK,
            "return np.stack(rotated, -1).reshape(x.shape)",
        ),
    ),
    mistake(
        *("rope-always-interleaved", "features 2i and 2i + 1 are the pairs whatever is asked for", "_rotate"),
        *(
            PAIRS,
            PAIRS.replace("if interleaved", "if True"),
            PUT_BACK,
            PUT_BACK.replace("if interleaved", "if True"),
        ),
    ),
    mistake(
        *("rope-never-interleaved", "i and i + D/2 are the pairs whatever is asked for", "_rotate"),
        *(
            PAIRS,
            PAIRS.replace("if interleaved", "if False"),
            PUT_BACK,
            PUT_BACK.replace("if interleaved", "if False"),
        ),
    ),
)

MISTAKES = RECURRENT + ATTENTION
