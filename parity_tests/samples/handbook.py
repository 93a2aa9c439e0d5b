"""What people hand in for the exercises: right in many styles, unfinished, and namesakes of another kind."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sample:
    """A file, the algorithm that each of its functions is, and what must be said of each."""

    text: str
    algorithms: dict[str, str] = field(default_factory=dict)
    said: str = ""


STYLES = {
    "gd with prints": Sample(
        """
# ---------- task 1 (mine) ----------
def update_parameters_with_gd(parameters, grads, learning_rate):
    L = len(parameters) // 2
    for l in range(1, L + 1):
        # >>> here
        for kind in ("W", "b"):
            name = kind + str(l)
            parameters[name] = parameters[name] - learning_rate * grads['d' + name]
        # <<< until here
    print("updated", L, "layers")
    return parameters

parameters, grads, learning_rate = a_case_of_the_notebook()
print(update_parameters_with_gd(parameters, grads, learning_rate))
""",
        {"update_parameters_with_gd": "gradient_descent"},
    ),
    "update_parameters that copies": Sample(
        """
import copy
def update_parameters(params, gradients, lr=0.0075):
    params = copy.deepcopy(params)
    for name, value in params.items():
        params[name] = value - lr * gradients["d%s" % name]
    return params
""",
        {"update_parameters": "gradient_descent"},
    ),
    "update_parameters of the character model": Sample(
        """
def update_parameters(parameters, gradients, lr):
    for name in ['Wax', 'Waa', 'Wya', 'b', 'by']:
        parameters[name] -= lr * gradients['d' + name]
    return parameters
""",
        {"update_parameters": "gradient_descent"},
    ),
    "momentum without initialize_velocity": Sample(
        """
def update_parameters_with_momentum(parameters, grads, v, beta, learning_rate):
    for key in parameters.keys():
        v['d' + key] = beta * v['d' + key] + (1. - beta) * grads['d' + key]
        parameters[key] = parameters[key] - learning_rate * v['d' + key]
    return parameters, v
""",
        {"update_parameters_with_momentum": "momentum_ema"},
    ),
    "momentum by the handbook's formula": Sample(
        """
def update_parameters_with_momentum(parameters, grads, v, beta, learning_rate):
    # v_{t+1} = gamma v_t + eta grad,  theta_{t+1} = theta_t - v_{t+1}
    for key in parameters:
        v["d" + key] = beta * v["d" + key] + learning_rate * grads["d" + key]
        parameters[key] = parameters[key] - v["d" + key]
    return parameters, v
""",
        {"update_parameters_with_momentum": "momentum_ema"},
        "the formula of the handbook",
    ),
    "momentum as in torch": Sample(
        """
def initialize_velocity(parameters):
    return {"d" + k: np.zeros_like(p) for k, p in parameters.items()}

def update_parameters_with_momentum(parameters, grads, v, momentum, lr):
    new = {}
    for key in parameters:
        v["d" + key] = momentum * v["d" + key] + grads["d" + key]
        new[key] = parameters[key] - lr * v["d" + key]
    return new, v
""",
        {"update_parameters_with_momentum": "momentum_ema"},
        "as torch has it",
    ),
    "rmsprop, decay_rate and eps": Sample(
        """
def update_parameters_with_rmsprop(parameters, grads, s, learning_rate=0.01, decay_rate=0.9, eps=1e-8):
    L = len(parameters) // 2
    for l in range(L):
        for n in ("W", "b"):
            k = n + str(l + 1)
            s["d" + k] = decay_rate * s["d" + k] + (1 - decay_rate) * grads["d" + k] ** 2
            parameters[k] = parameters[k] - learning_rate * grads["d" + k] / (eps + s["d" + k] ** 0.5)
    return parameters, s
""",
        {"update_parameters_with_rmsprop": "rmsprop"},
    ),
    "adam, weights and biases line by line": Sample(
        """
def initialize_adam(parameters) :
    v, s = {}, {}
    for l in range(1, len(parameters) // 2 + 1):
    # my lines
        rows, columns = parameters["W" + str(l)].shape
        v["dW" + str(l)] = np.zeros((rows, columns))
        s["dW" + str(l)] = np.zeros((rows, columns))
        v["db" + str(l)] = 0 * parameters["b" + str(l)]
        s["db" + str(l)] = 0 * parameters["b" + str(l)]
    # end of my lines
    return v, s

def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate = 0.01,
                                beta1 = 0.9, beta2 = 0.999,  epsilon = 1e-8):
    warm1, warm2 = 1 - beta1 ** t, 1 - beta2 ** t     # what is missing from the averages yet
    for l in range(1, len(parameters) // 2 + 1):
        dW, db = "dW%d" % l, "db%d" % l
        v[dW] = beta1 * v[dW] + (1 - beta1) * grads[dW]
        v[db] = beta1 * v[db] + (1 - beta1) * grads[db]
        s[dW] = beta2 * s[dW] + (1 - beta2) * np.square(grads[dW])
        s[db] = beta2 * s[db] + (1 - beta2) * np.square(grads[db])
        parameters["W%d" % l] -= learning_rate * (v[dW] / warm1) / (np.sqrt(s[dW] / warm2) + epsilon)
        parameters["b%d" % l] -= learning_rate * (v[db] / warm1) / (np.sqrt(s[db] / warm2) + epsilon)
    return parameters, v, s
""",
        {"update_parameters_with_adam": "adam"},
    ),
    "adam with m and v": Sample(
        """
def update_parameters_with_adam(params, grads, m, v, t, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    out = {}
    for k, p in params.items():
        g = grads["d" + k]
        m["d" + k] = b1 * m["d" + k] + (1 - b1) * g
        v["d" + k] = b2 * v["d" + k] + (1 - b2) * g * g
        out[k] = p - lr * (m["d" + k] / (1 - b1**t)) / (np.sqrt(v["d" + k] / (1 - b2**t)) + eps)
    return out, m, v
""",
        {"update_parameters_with_adam": "adam"},
    ),
    "adamw without its w, sparing the biases": Sample(
        """
def update_parameters_with_adamw(parameters, grads, v, s, t, learning_rate=0.01,
                                 beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.01):
    L = len(parameters) // 2
    for l in range(1, L + 1):
        for n in "Wb":
            k = "d" + n + str(l)
            v[k] = beta1 * v[k] + (1 - beta1) * grads[k]
            s[k] = beta2 * s[k] + (1 - beta2) * grads[k] ** 2
            update = (v[k] / (1 - beta1 ** t)) / (np.sqrt(s[k] / (1 - beta2 ** t)) + epsilon)
            if n == "W":
                update = update + weight_decay * parameters[n + str(l)]
            parameters[n + str(l)] = parameters[n + str(l)] - learning_rate * update
    return parameters, v, s
""",
        {"update_parameters_with_adamw": "adamw"},
        "biases are not decayed",
    ),
    "in place, returning nothing": Sample(
        """
def update_parameters_with_sgd(parameters, grads, learning_rate):
    for key in parameters:
        parameters[key] -= learning_rate * grads['d' + key]
""",
        {"update_parameters_with_sgd": "gradient_descent"},
    ),
    "plain activations": Sample(
        """
def sigmoid(Z):
    s = 1.0 / (1 + np.exp(-Z))
    return s

def relu(Z):
    return Z * (Z > 0)

def tanh(Z):
    return (np.exp(Z) - np.exp(-Z)) / (np.exp(Z) + np.exp(-Z))

def leaky_relu(Z, alpha=0.01):
    return np.where(Z > 0, Z, alpha * Z)
""",
        {name: name for name in ("sigmoid", "relu", "tanh", "leaky_relu")},
    ),
    "derivatives of x": Sample(
        """
def linear_forward(A, W, b):
    return W @ A + b, (A, W, b)

def sigmoid_derivative(x):
    s = 1 / (1 + np.exp(-x))
    ds = s * (1 - s)
    return ds

def relu_derivative(Z):
    return (Z > 0).astype(float)
""",
        {"linear_forward": "linear", "sigmoid_derivative": "sigmoid", "relu_derivative": "relu"},
    ),
    "derivatives of the activation": Sample(
        """
def sigmoid_derivative(Z):
    return Z * (1 - Z)

def tanh_derivative(Z):
    return 1 - np.power(Z, 2)
""",
        {"sigmoid_derivative": "sigmoid", "tanh_derivative": "tanh"},
        "it takes the activation",
    ),
    "softmax of rows": Sample(
        """
def softmax(Z):
    powers = np.exp(Z - np.max(Z, axis=1, keepdims=True))
    return powers / np.sum(powers, axis=1, keepdims=True)
""",
        {"softmax": "softmax"},
        "examples as rows",
    ),
    "softmax of one example": Sample(
        """
def softmax(Z):
    t = np.exp(Z - np.max(Z))
    return t / np.sum(t)
""",
        {"softmax": "softmax"},
        "one example at a time",
    ),
    "gradients summed": Sample(
        """
def linear_backward(dZ, cache):
    A_prev, W, b = cache
    return W.T @ dZ, dZ @ A_prev.T, dZ.sum(axis=1, keepdims=True)
""",
        {"linear_backward": "linear"},
        "that of the cost must have the 1/m",
    ),
    "a cost that is a sum": Sample(
        """
def compute_cost(a3, Y):
    of_ones, of_zeros = np.log(a3) * Y, np.log(1 - a3) * (1 - Y)
    return -np.sum(of_ones + of_zeros)
""",
        {"compute_cost": "binary_cross_entropy"},
        "the sum over the examples",
    ),
    "a cost with np.dot and parameters": Sample(
        """
def compute_cost(A2, Y, parameters):
    W1, W2 = parameters['W1'], parameters['W2']  # not needed
    hits, misses = np.dot(Y, np.log(A2).T), np.dot(1 - Y, np.log(1 - A2).T)
    cost = float(np.squeeze(hits + misses) / -Y.shape[1])
    assert isinstance(cost, float)
    return cost
""",
        {"compute_cost": "binary_cross_entropy"},
    ),
    "one hidden layer with tanh": Sample(
        """
def sigmoid(x):
    return 1/(1+np.exp(-x))

def forward_propagation(X, parameters):
    hidden = np.dot(parameters["W1"], X) + parameters["b1"]
    H = np.tanh(hidden)
    score = np.dot(parameters["W2"], H) + parameters["b2"]
    P = sigmoid(score)
    return P, {"Z1": hidden, "A1": H, "Z2": score, "A2": P}

def backward_propagation(parameters, cache, X, Y):
    share = 1. / X.shape[1]
    H = cache["A1"]
    up = share * (cache["A2"] - Y)
    down = np.dot(parameters["W2"].T, up) * (1 - H * H)
    return {"dW1": np.dot(down, X.T), "db1": down.sum(axis=1, keepdims=True),
            "dW2": np.dot(up, H.T), "db2": up.sum(axis=1, keepdims=True)}
""",
        {"sigmoid": "sigmoid", "forward_propagation": "mlp", "backward_propagation": "mlp"},
    ),
    "logistic regression": Sample(
        """
def sigmoid(z):
    s = 1 / (1 + np.exp(-z))
    return s

def propagate(w, b, X, Y):
    examples = X.shape[1]
    p = sigmoid(w.T @ X + b)
    # cost
    nats = Y * np.log(p) + (1 - Y) * np.log(1 - p)
    cost = np.squeeze(-nats.sum() / examples)
    # gradients
    error = (p - Y) / examples
    grads = {"dw": X @ error.T, "db": error.sum()}
    assert grads["dw"].shape == w.shape
    return grads, cost
""",
        {"propagate": "logistic_regression", "sigmoid": "sigmoid"},
    ),
    "dropout from a generator of its own": Sample(
        """
rng = np.random.default_rng(42)

def forward_propagation_with_dropout(X, parameters, keep_prob=0.5):
    A = X
    cache = []
    for l in (1, 2, 3):
        W, b = parameters[f"W{l}"], parameters[f"b{l}"]
        Z = W @ A + b
        if l < 3:
            D = rng.random(Z.shape) < keep_prob
            A = np.maximum(Z, 0) * D / keep_prob
            cache += [Z, D, A, W, b]
        else:
            A = 1 / (1 + np.exp(-Z))
            cache += [Z, A, W, b]
    return A, tuple(cache)
""",
        {"forward_propagation_with_dropout": "mlp"},
    ),
    "L1 and L2": Sample(
        """
def L1(yhat, y):
    loss = np.sum(np.abs(y - yhat))
    return loss

def L2(yhat, y):
    loss = np.dot(y - yhat, y - yhat)
    return loss
""",
        {"L1": "l1_loss", "L2": "mse_loss"},
    ),
    "positions": Sample(
        """
def get_angles(pos, k, d):
    return pos / 10000.0 ** ((k - k % 2) / d)

def positional_encoding(positions, d):
    pos, k = np.ogrid[:positions, :d]
    angles = get_angles(pos, k, d)
    return np.where(k % 2 == 0, np.sin(angles), np.cos(angles))[None]
""",
        {"get_angles": "sinusoidal_positions", "positional_encoding": "sinusoidal_positions"},
    ),
    "attention with a mask of ones": Sample(
        """
def scaled_dot_product_attention(q, k, v, mask):
    logits = np.matmul(q, np.swapaxes(k, -1, -2)) / np.sqrt(q.shape[-1])
    if mask is not None:
        logits = logits - 1.0e9 * (1 - mask)
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    return np.matmul(weights, v), weights
""",
        {"scaled_dot_product_attention": "scaled_dot_product_attention"},
    ),
}

UNFINISHED = {
    "pass": """
def update_parameters_with_momentum(parameters, grads, v, beta, learning_rate):
    # TODO
    pass

def linear_forward(A, W, b):
    pass
""",
    "NotImplementedError": """
def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate=0.01,
                                beta1=0.9, beta2=0.999, epsilon=1e-8):
    raise NotImplementedError("your code here")

def rnn_cell_forward(xt, a_prev, parameters):
    raise NotImplementedError
""",
    "None for code": """
def linear_forward(A, W, b):
    # ??? one line
    Z = None
    return Z, (A, W, b)

def linear_backward(dZ, cache):
    A_prev, W, b = cache
    # ??? three lines
    dW = None; db = None
    dA_prev = None
    assert dA_prev.shape == A_prev.shape
    return dA_prev, dW, db

def update_parameters_with_gd(parameters, grads, learning_rate):
    for l in range(1, len(parameters) // 2 + 1):
        parameters["W" + str(l)] = None  # ???
        parameters["b" + str(l)] = None
    return parameters

def conv_forward(A_prev, W, b, hparameters):
    (m, height, width, channels) = None
    Z = None
    return Z, None

def pool_forward(A_prev, hparameters, mode="max"):
    m, _, _, channels = A_prev.shape
    A = np.zeros((m, 1, 1, channels))
    for i in range(None):
        for row in range(None):
            A[i, row] = None
    return A, (A_prev, hparameters)

def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    both = None
    c_next = None
    a_next = None
    yt_pred = None
    return a_next, c_next, yt_pred, (a_next, c_next)

def compute_cost(AL, Y):
    m = Y.shape[1]
    cost = None
    return np.squeeze(cost)
""",
    "half of it": """
def update_parameters_with_gd(parameters, grads, learning_rate):
    L = len(parameters) // 2
    for l in range(L):
        parameters["W" + str(l+1)] = parameters["W" + str(l+1)] - learning_rate * grads["dW" + str(l+1)]
        parameters["b" + str(l+1)] = None
    return parameters
""",
}

NAMESAKES = {
    "the character model": """
def rnn_forward(X, Y, a0, parameters, vocab_size=27):
    x, a, y_hat = {}, {}, {}
    a[-1] = np.copy(a0)
    loss = 0
    for t in range(len(X)):
        x[t] = np.zeros((vocab_size, 1))
        a[t], y_hat[t] = rnn_step_forward(parameters, a[t - 1], x[t])
        loss -= np.log(y_hat[t][Y[t], 0])
    return loss, (y_hat, a, x)

def rnn_backward(X, Y, parameters, cache):
    gradients = {}
    (y_hat, a, x) = cache
    return gradients, a

def update_parameters(parameters, gradients, lr):
    for name in ("Wax", "Waa", "Wya", "b", "by"):
        parameters[name] += -lr * gradients["d" + name]
    return parameters
""",
    "other dictionaries": """
def update_parameters(parameters, grads, learning_rate):
    parameters["embedding"] = parameters["embedding"] - learning_rate * grads["embedding"]
    return parameters
""",
    "costs of another course": """
def compute_cost(X, y, w, b):
    m = X.shape[0]
    return np.sum((X @ w + b - y) ** 2) / (2 * m)

def forward_propagation(x, theta):
    J = np.dot(theta, x)
    return J

def backward_propagation(x, theta):
    return x
""",
    "of cs231n": """
def conv_forward(x, w, b, conv_param):
    raise NotImplementedError

def relu_forward(x):
    return np.maximum(x, 0), x

def relu_backward(dout, cache):
    return dout * (cache > 0)
""",
    "tensorflow": """
import tensorflow as tf
def compute_cost(logits, labels):
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=labels))

def forward_propagation(X, parameters):
    return tf.add(tf.matmul(parameters["W1"], X), parameters["b1"])
""",
    "helpers that are not here": """
from dnn_utils_v2 import sigmoid, relu
def linear_forward(A, W, b):
    return np.dot(W, A) + b, (A, W, b)
""",
}
