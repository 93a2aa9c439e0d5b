"""Starters in the dialect of Stanford's cs231n: ``relu_forward(x) -> out, cache``."""

from __future__ import annotations

from parity_tests.catalogue import Algorithm
from parity_tests.starters import Starter, table, written

STARTERS = table("""
linear
    affine_forward(x, w, b)
        {formula}

        x (N, d_1, …, d_k), w (D, M) with D = d_1 · … · d_k, b (M,).  Returns out (N, M), cache.
    affine_backward(dout, cache)
        Returns dx, dw, db.

relu
    relu_forward(x)
        {formula}

        Returns out, cache.
    relu_backward(dout, cache)
        Returns dx.

leaky_relu
    leaky_relu_forward(x, lrelu_param)
        {formula}

        lrelu_param: alpha, the slope.  Returns out, cache.
    leaky_relu_backward(dout, cache)
        Returns dx.

batch_norm
    batchnorm_forward(x, gamma, beta, bn_param)
        out = γ (x − μ) / √(σ² + ε) + β for every column: in training μ and σ² are those of the batch,
        at test time those that run along.

        x (N, D), gamma and beta (D,).
        bn_param: mode ("train" or "test"), eps, momentum, running_mean, running_var.
        In training, running = momentum * running + (1 - momentum) * that of the batch, whose variance
        divides by N; both are kept in bn_param.
        Returns out, cache.
    batchnorm_backward(dout, cache)
        Returns dx, dgamma, dbeta.

layer_norm
    layernorm_forward(x, gamma, beta, ln_param)
        {formula}

        x (N, D), gamma and beta (D,).  ln_param: eps.  Returns out, cache.
    layernorm_backward(dout, cache)
        Returns dx, dgamma, dbeta.

group_norm
    spatial_groupnorm_forward(x, gamma, beta, G, gn_param)
        out = γ (x − μ) / √(σ² + ε) + β: μ and σ² are those of C / G channels of one example.

        x (N, C, H, W), gamma and beta (1, C, 1, 1), G groups.  gn_param: eps.  Returns out, cache.
    spatial_groupnorm_backward(dout, cache)
        Returns dx, dgamma, dbeta.

dropout
    dropout_forward(x, dropout_param)
        out = x / p where an element is kept, 0 elsewhere; at test time out = x.

        dropout_param: p, the probability to keep an element; mode ("train" or "test"); seed, of np.random.
        Returns out, cache.
    dropout_backward(dout, cache)
        Returns dx.

conv2d
    conv_forward_naive(x, w, b, conv_param)
        {formula}

        x (N, C, H, W), w (F, C, HH, WW), b (F,).  conv_param: stride, pad.  Returns out, cache.
    conv_backward_naive(dout, cache)
        Returns dx, dw, db.

max_pool2d
    max_pool_forward_naive(x, pool_param)
        {formula}

        x (N, C, H, W).  pool_param: pool_height, pool_width, stride.  Returns out, cache.
    max_pool_backward_naive(dout, cache)
        Returns dx.

embedding
    word_embedding_forward(x, W)
        {formula}

        x (N, T) of integers, W (V, D).  Returns out (N, T, D), cache.
    word_embedding_backward(dout, cache)
        Returns dW.

rnn_cell
    rnn_step_forward(x, prev_h, Wx, Wh, b)
        {formula}

        x (N, D), prev_h (N, H), Wx (D, H), Wh (H, H), one bias b (H,).  Returns next_h, cache.
    rnn_step_backward(dnext_h, cache)
        Returns dx, dprev_h, dWx, dWh, db.

rnn
    rnn_forward(x, h0, Wx, Wh, b)
        {formula}

        x (N, T, D), h0 (N, H), Wx (D, H), Wh (H, H), one bias b (H,).  Returns h (N, T, H), cache.
    rnn_backward(dh, cache)
        Returns dx, dh0, dWx, dWh, db.

lstm_cell
    lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b)
        {formula}

        x (N, D), prev_h and prev_c (N, H), Wx (D, 4H), Wh (H, 4H), b (4H,), with the columns of
        i, f, o and g in this order.  Returns next_h, next_c, cache.
    lstm_step_backward(dnext_h, dnext_c, cache)
        Returns dx, dprev_h, dprev_c, dWx, dWh, db.

lstm
    lstm_forward(x, h0, Wx, Wh, b)
        {formula}

        x (N, T, D), h0 (N, H), Wx (D, 4H), Wh (H, 4H), b (4H,), with the columns of i, f, o and g in
        this order; the cell state begins at zero.  Returns h (N, T, H), cache.
    lstm_backward(dh, cache)
        Returns dx, dh0, dWx, dWh, db.

cross_entropy
    softmax_loss(x, y)
        The mean of the cross-entropy of softmax(x).

        x (N, C), y (N,) the right classes.  Returns loss, dx.

multi_margin_loss
    svm_loss(x, y)
        The mean over the examples of Σ_j max(0, x_j - x_y + 1), j ≠ y.

        x (N, C), y (N,) the right classes.  Returns loss, dx.

multinomial_regression
    softmax_loss_vectorized(W, X, y, reg)
        The mean of the cross-entropy of softmax(X W), and reg times the sum of the squares of W.

        W (D, C), X (N, D), y (N,) the right classes.  Returns loss, dW.

gradient_descent
    sgd(w, dw, config=None)
        {formula}

        config: learning_rate.  Returns next_w, config.

momentum_lr_inside
    sgd_momentum(w, dw, config=None)
        v = momentum * v - learning_rate * dw,  w = w + v

        config: learning_rate, momentum, and velocity, which is kept there.  Returns next_w, config.

rmsprop
    rmsprop(w, dw, config=None)
        cache = decay_rate * cache + (1 - decay_rate) * dw²,  w = w - learning_rate * dw / (√cache + epsilon)

        config: learning_rate, decay_rate, epsilon, and cache, the average, which is kept there.
        Returns next_w, config.

adagrad
    adagrad(w, dw, config=None)
        {formula}

        config: learning_rate, epsilon, and cache, the sum, which is kept there.
        Returns next_w, config.

adam
    adam(w, dw, config=None)
        {formula}

        config: learning_rate, beta1, beta2, epsilon, and m, v and t, which are kept there; t is 0 at
        first, and increased before it is used.  Returns next_w, config.
""")


def find(entry: Algorithm) -> Starter | None:
    """What to begin with in this dialect, if it has the algorithm."""
    return written(entry, STARTERS)
