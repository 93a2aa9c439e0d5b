"""Starters in the handbook's dialect, which is that of the deeplearning.ai exercises."""

from __future__ import annotations

from parity_tests.catalogue import Algorithm
from parity_tests.starters import Starter, table, written

STARTERS = table("""
gradient_descent
    update_parameters_with_gd(parameters, grads, learning_rate)
        {formula}

        parameters -- W1, b1, …, WL, bL; a weight is (n_out, n_in), a bias (n_out, 1)
        grads -- dW1, db1, …, dWL, dbL
        Returns parameters.

momentum_ema
    initialize_velocity(parameters)
        v: zeros of each parameter's shape, called dW1, db1, …
    update_parameters_with_momentum(parameters, grads, v, beta, learning_rate)
        {formula}

        parameters -- W1, b1, …, WL, bL; a weight is (n_out, n_in), a bias (n_out, 1)
        grads -- dW1, db1, …, dWL, dbL
        v -- the velocity, with the names of grads
        Returns parameters, v.

rmsprop
    update_parameters_with_rmsprop(parameters, grads, s, learning_rate, beta, epsilon)
        s = β s + (1 − β) g²,  θ = θ − η g / (√s + ε).

        parameters -- W1, b1, …, WL, bL; a weight is (n_out, n_in), a bias (n_out, 1)
        grads -- dW1, db1, …, dWL, dbL
        s -- moving averages of the squared gradients, with the names of grads; zeros at first
        Returns parameters, s.

adam
    initialize_adam(parameters)
        v, s: zeros of each parameter's shape, called dW1, db1, …
    update_parameters_with_adam(parameters, grads, v, s, t, learning_rate=0.01,
                                beta1=0.9, beta2=0.999, epsilon=1e-8)
        {formula}

        parameters -- W1, b1, …, WL, bL; a weight is (n_out, n_in), a bias (n_out, 1)
        grads -- dW1, db1, …, dWL, dbL
        v, s -- moving averages of the gradients and of their squares, with the names of grads
        t -- the number of this step; the first is 1
        Returns parameters, v, s.

adamw
    initialize_adamw(parameters)
        v, s: zeros of each parameter's shape, called dW1, db1, …; w: a copy of W1, …
    update_parameters_with_adamw(parameters, grads, v, s, w, t, learning_rate=0.01,
                                 beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.01)
        {formula}

        parameters -- W1, b1, …, WL, bL; a weight is (n_out, n_in), a bias (n_out, 1)
        grads -- dW1, db1, …, dWL, dbL
        v, s -- moving averages of the gradients and of their squares, with the names of grads
        w -- the weights that decay
        t -- the number of this step; the first is 1
        Returns parameters, v, s, w.

time_based_decay
    update_lr(learning_rate0, epoch_num, decay_rate)
        {formula}

clip_grad_value
    clip(gradients, maxValue)
        {formula}

        gradients -- a dictionary; all elements are cut to [-maxValue, maxValue]
        Returns gradients.

sigmoid
    sigmoid(Z)
        {formula}

        Z of any shape -> A of the same shape.

relu
    relu(Z)
        {formula}

        Z of any shape -> A of the same shape.

tanh
    tanh(Z)
        {formula}

        Z of any shape -> A of the same shape.

leaky_relu
    leaky_relu(Z, alpha=0.01)
        {formula}

        Z of any shape -> A of the same shape.

linear
    linear_forward(A, W, b)
        Z = W A + b

        A (n_in, m), W (n_out, n_in), b (n_out, 1) -> Z (n_out, m).  Returns Z, cache.
    linear_backward(dZ, cache)
        dW = dZ A^T / m, db is the mean of dZ over the m examples, dA_prev = W^T dZ.

        Returns dA_prev, dW, db.

mlp
    L_model_forward(X, parameters)
        Layers of relu, and a last one of sigmoid.

        X (features, m), parameters W1, b1, …, WL, bL -> AL (1, m).  Returns AL, caches.
    L_model_backward(AL, Y, caches)
        The gradients of the mean cross-entropy.

        Returns grads: dW1, db1, …, dWL, dbL.

binary_cross_entropy
    compute_cost(AL, Y)
        The mean cross-entropy of m examples.

        AL and Y (1, m) -> a number.

l2_penalty
    compute_cost_with_regularization(A3, Y, parameters, lambd)
        The mean cross-entropy, and lambd / 2m times the sum of the squares of W1, W2 and W3.

        A3 and Y (1, m) -> a number.

logistic_regression
    propagate(w, b, X, Y)
        Logistic regression: the mean cross-entropy of sigmoid(w^T X + b), and its gradients.

        w (features, 1), b a number, X (features, m), Y (1, m).  Returns {"dw": dw, "db": db}, cost.

mini_batches
    random_mini_batches(X, Y, mini_batch_size=64, seed=0)
        X (features, m) and Y (1, m), shuffled together, as a list of (mini_batch_X, mini_batch_Y).

        The last one has what is left.

conv2d
    conv_forward(A_prev, W, b, hparameters)
        A convolution, channels last.

        A_prev (m, n_H_prev, n_W_prev, n_C_prev), W (f, f, n_C_prev, n_C), b (1, 1, 1, n_C),
        hparameters {"stride": …, "pad": …} -> Z (m, n_H, n_W, n_C).  Returns Z, cache.
    conv_backward(dZ, cache)
        Returns dA_prev, dW, db.

max_pool2d avg_pool2d
    pool_forward(A_prev, hparameters, mode="max")
        The maximum of every window, channels last, or with mode "average" its mean.

        A_prev (m, n_H_prev, n_W_prev, n_C), hparameters {"f": …, "stride": …}.  Returns A, cache.
    pool_backward(dA, cache, mode="max")
        Returns dA_prev.

rnn_with_output
    rnn_cell_forward(xt, a_prev, parameters)
        a_next = tanh(Waa a_prev + Wax xt + ba), yt_pred = softmax(Wya a_next + by)

        xt (n_x, m), a_prev (n_a, m), parameters Wax, Waa, Wya, ba, by.
        Returns a_next, yt_pred, cache.
    rnn_forward(x, a0, parameters)
        The same for every timestep.

        x (n_x, m, T_x), a0 (n_a, m).  Returns a (n_a, m, T_x), y_pred (n_y, m, T_x), caches.

lstm_cell
    lstm_cell_forward(xt, a_prev, c_prev, parameters)
        {formula}

        Of a_prev above xt, with parameters Wf, bf, Wi, bi, Wc, bc, Wo, bo, Wy, by; the W of a gate is
        (n_a, n_a + n_x).  Returns a_next, c_next, yt_pred, cache.
    lstm_cell_backward(da_next, dc_next, cache)
        Returns a dictionary: dxt, da_prev, dc_prev, dWf, dbf, dWi, dbi, dWc, dbc, dWo, dbo.

lstm
    lstm_cell_forward(xt, a_prev, c_prev, parameters)
        One timestep.  Returns a_next, c_next, yt_pred, cache.
    lstm_forward(x, a0, parameters)
        An LSTM over all timesteps, from a cell state of zeros.

        x (n_x, m, T_x), a0 (n_a, m), parameters Wf, bf, Wi, bi, Wc, bc, Wo, bo, Wy, by.
        Returns a, y, c, caches.
""")


def find(entry: Algorithm) -> Starter | None:
    """What to begin with in this dialect, if it has the algorithm."""
    return written(entry, STARTERS)
