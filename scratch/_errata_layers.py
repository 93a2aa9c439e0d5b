"""Errata on activations, losses, layers, initialization, regularization, data and models."""

import math

import numpy as np

from scratch._erratum import erratum
from scratch.activations import relu, sigmoid, softmax
from scratch.initialization import fan_in_and_fan_out, normal
from scratch.linear import linear
from scratch.models import mlp
from scratch.preprocessing import _each

# ---- activations (004, chapters 2 and 3) ----


@erratum(
    "sigmoid-sign",
    algorithm="sigmoid",
    where="004 ch. 3, backward pass",
    printed="σ(Z) = 1 / (1 − e^Z)",
    right="σ(Z) = 1 / (1 + e^−Z)",
    shows="every input; infinite at 0",
)
def sigmoid_sign(x):
    y = 1 / (1 - np.exp(x))

    def backward(dy):
        return {"x": dy * y * (1 - y)}

    return y, backward


@erratum(
    "sigmoid-derivative",
    algorithm="sigmoid",
    where="004 ch. 3, backward pass, third line of the derivation of σ′",
    printed="σ′(Z) = −(−1) / (1 − e^Z)² · (−1) · e^Z",
    right="σ′(Z) = e^−Z / (1 + e^−Z)² = A (1 − A)",
    shows="gradient of every input: negative where σ rises; infinite at 0",
)
def sigmoid_derivative(x):
    y, _ = sigmoid(x)
    slope = 1 / (1 - np.exp(x)) ** 2 * -1 * np.exp(x)

    def backward(dy):
        return {"x": dy * slope}

    return y, backward


@erratum(
    "chain-rule-dz",
    algorithm="sigmoid",
    where="004 ch. 3, backward pass",
    printed="dJ/dA = dA/dZ; dZ/dJ = dJ/dZ = dJ/dA · dA/dZ, with dA/dZ = σ′(Z)",
    right="dZ = dJ/dZ = dA · σ′(Z), with dA = dJ/dA",
    shows="gradient of every input, unless dA happens to be σ′(Z)",
)
def chain_rule_dz(x):
    y, _ = sigmoid(x)

    def backward(dy):
        dA = y * (1 - y)
        return {"x": dA * y * (1 - y)}

    return y, backward


@erratum(
    "softmax-hidden",
    algorithm="softmax",
    where="004 ch. 2, twice",
    printed="the default activation for hidden layers is ReLU or softmax",
    right="an output activation: its n outputs sum to 1, so that n hidden units carry n − 1 numbers",
    shows="rank of the Jacobian at every input: n − 1, and n for ReLU where its units are active",
    in_words=True,
)
def softmax_hidden(x):
    return softmax(x, axis=-1)


# ---- losses (004, chapter 3) ----


def _cost(A, Y):
    """The printed J for every example, and the printed dA."""
    J = -(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    dA = -Y / A + (1 - Y) / (1 - A)
    return J, dA


@erratum(
    "cost-not-averaged",
    algorithm="binary_cross_entropy",
    where="004 ch. 3, computing the loss function",
    printed="J = −(Y log A + (1 − Y) log(1 − A)), called the whole loss",
    right="the mean of this over the m examples, and so a gradient divided by m",
    shows="any batch above 1: m values for one, a gradient m times as large",
)
def cost_not_averaged(input, target):
    J, dA = _cost(input, target)

    def backward(dy):
        return {"input": dy * dA}

    return J, backward


@erratum(
    "cost-log-of-zero",
    algorithm="binary_cross_entropy",
    where="004 ch. 3, computing the loss function",
    printed="Y log A + (1 − Y) log(1 − A), and dA = −Y / A + (1 − Y) / (1 − A), for every A",
    right="torch: logarithms from −100 up, and dA = (A − Y) / max(A (1 − A), 10⁻¹²)",
    shows="A of exactly 0 or 1 (σ rounds to 1 from Z = 37 on): NaN where that is right, else infinite",
)
def cost_log_of_zero(input, target):
    J, dA = _cost(input, target)

    def backward(dy):
        return {"input": dy * dA / input.size}

    return J.mean(), backward


@erratum(
    "house-price-cross-entropy",
    algorithm="mse_loss",
    where="004 ch. 3, computing the loss function",
    printed="J = −(Y log A + (1 − Y) log(1 − A)) compares the predicted house prices A with the true ones Y",
    right="the mean squared error; this J is for probabilities and labels between 0 and 1",
    shows="every price: a right prediction costs more than nothing below 1, and NaN above",
)
def house_price_cross_entropy(input, target):
    J, dA = _cost(input, target)

    def backward(dy):
        return {"input": dy * dA / input.size}

    return J.mean(), backward


# ---- layers (003; 004, chapters 3 and 6) ----


@erratum(
    "bias-gradient-unsummed",
    algorithm="linear",
    where="004 ch. 3, backward pass (the words after it have it right)",
    printed="db = dZ",
    right="db is the sum of dZ over the examples",
    shows="shape of the bias's gradient",
)
def bias_gradient_unsummed(input, weight, bias):
    def backward(dy):
        return {"input": dy @ weight, "weight": dy.T @ input, "bias": +dy}

    return input @ weight.T + bias, backward


@erratum(
    "weight-gradient-is-dz",
    algorithm="linear",
    where="004 ch. 3, backward pass, under “the gradient with regard to the weight W”",
    printed="db = dZ, derived a first time where dW is announced; dW is never derived",
    right="dW = dZᵀ A (with weights (out, in) and an example per row)",
    shows="gradient of the weight: it has the shape of Z",
)
def weight_gradient_is_dz(input, weight, bias):
    def backward(dy):
        return {"input": dy @ weight, "weight": +dy, "bias": dy.sum(0)}

    return input @ weight.T + bias, backward


@erratum(
    "bias-trick",
    algorithm="bias_trick",
    where="003, activation functions and weight initialization",
    printed="the weights W have 1s appended as the last column for the bias",
    right="the inputs have the 1s appended; W has the bias as its last column",
    shows="every input: ValueError, for W has more columns than x has features",
)
def bias_trick(x, weight):
    ones = np.ones_like(weight[:, :1])
    return x @ np.concatenate([weight, ones], 1).T


@erratum(
    "residual-gradient",
    algorithm="residual_block",
    where="004 ch. 6, the last line of the derivation",
    printed="∂E/∂x = ∂E/∂y · F′(x)",
    right="∂E/∂x = ∂E/∂y · (1 + F′(x))",
    shows="gradient of every x: the identity path, which is the point, is lost",
)
def residual_gradient(x, weight, bias):
    Z, through_linear = linear(x, weight, bias)
    F, through_relu = relu(Z)

    def backward(dy):
        grads = through_linear(through_relu(dy)["x"])
        return {"x": grads["input"], "weight": grads["weight"], "bias": grads["bias"]}

    return x + F, backward


@erratum(
    "xavier-variance",
    algorithm="xavier_normal",
    where="004 ch. 6, twice, each time under a distribution of the right variance",
    printed="Var(W) = 2 / √(n_in + n_out)",
    right="Var(W) = 2 / (n_in + n_out), normal and uniform alike",
    shows="every draw: deviations (n_in + n_out)^¼ times as large",
)
def xavier_variance(shape, *, rng, dtype=np.float64, gain=1.0):
    fan_in, fan_out = fan_in_and_fan_out(shape)
    variance = 2 / math.sqrt(fan_in + fan_out)
    return normal(shape, rng=rng, dtype=dtype, std=gain * math.sqrt(variance))


@erratum(
    "relu-layers-collapse",
    algorithm="mlp",
    where="002, linear models are limited",
    printed="with ReLU layers, Y = W1 r W2 r W3 X = W X",
    right="Y = W1 r(W2 r(W3 X)), which is W X for no W; only without the r is it W X",
    shows="every input, unless all hidden units are active",
)
def relu_layers_collapse(x, params, *, activation="relu"):
    return mlp(x, params, activation="identity")


@erratum(
    "backprop-example",
    algorithm="computation_graph",
    where="003, implementing backpropagation",
    printed="x = −2, y = 5, z = −4: q = x + y = −3, f = z q = −12, df/dq = z = −4, df/dz = q = −3",
    right="q = 3, f = −12, df/dq = −4, df/dz = 3",
    shows="the gradient of z; the two wrong signs cancel in f",
)
def backprop_example(x, y, z):
    q = -(x + y)
    f = -(z * q)

    def backward(df):
        dq, dz = df * z, df * q
        return {"x": dq, "y": dq, "z": dz}

    return f, backward


# ---- regularization (002; 004, chapter 5) ----


@erratum(
    "dropout-test-scale",
    algorithm="dropout",
    where="004 ch. 5",
    printed="at test time the activations are scaled down by a factor of p, the drop rate",
    right="by 1 − p, the rate of keeping (torch instead scales by 1 / (1 − p) in training)",
    shows="test output at any p but ½: not what training expects on average",
)
def dropout_test_scale(x, mask, *, p=0.5, training=True):
    factor = mask if training else p

    def backward(dy):
        return {"x": dy * factor}

    return x * factor, backward


@erratum(
    "dropout-no-rescale",
    algorithm="dropout",
    where="002, regularization",
    printed="drop one half of the activations, leave the rest as they are",
    right="scale those that stay by 1 / (1 − p), 2 for one half, or all by 1 − p at test time",
    shows="every p above 0: training expects (1 − p) times what the test gives",
)
def dropout_no_rescale(x, mask, *, p=0.5, training=True):
    factor = mask if training else 1

    def backward(dy):
        return {"x": dy * factor}

    return x * factor, backward


@erratum(
    "l1-exact-zeros",
    algorithm="l1_penalty",
    where="004 ch. 5, lasso",
    printed="adding the penalty to the loss drives some weights to be precisely zero",
    right="its minimum has zeros; gradient descent swings about them, within lr · λ (a proximal step lands)",
    shows="any training by gradient descent: no weight is exactly zero",
    in_words=True,
)
def l1_exact_zeros(weight, *, lr, alpha):
    # One step that keeps the promise: the proximal step of the penalty.
    return np.sign(weight) * np.maximum(np.abs(weight) - lr * alpha, 0)


# ---- data (001) ----


@erratum(
    "scaling-constant-feature",
    algorithm="min_max_scale",
    where="001, feature scaling; (x − m) / s likewise",
    printed="x_p = (x − min(x)) / (max(x) − min(x))",
    right="a feature that never varies is divided by 1, as in scikit-learn",
    shows="a constant column: NaN (0/0)",
)
def scaling_constant_feature(train, validation=None, test=None):
    low, span = train.min(0), train.max(0) - train.min(0)

    def scale(x):
        return (x - low) / span

    return _each(scale, train, validation, test)
