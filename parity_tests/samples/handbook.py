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
# GRADED FUNCTION: update_parameters_with_gd
def update_parameters_with_gd(parameters, grads, learning_rate):
    L = len(parameters) // 2 # number of layers in the neural networks
    # Update rule for each parameter
    for l in range(1, L + 1):
        # (approx. 2 lines)
        ### START CODE HERE ###
        parameters["W" + str(l)] = parameters["W" + str(l)] - learning_rate * grads['dW' + str(l)]
        parameters["b" + str(l)] = parameters["b" + str(l)] - learning_rate * grads['db' + str(l)]
        ### END CODE HERE ###
    print("updated", L, "layers")
    return parameters

parameters, grads, learning_rate = update_parameters_with_gd_test_case()
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
    parameters['Wax'] += -lr * gradients['dWax']
    parameters['Waa'] += -lr * gradients['dWaa']
    parameters['Wya'] += -lr * gradients['dWya']
    parameters['b']  += -lr * gradients['db']
    parameters['by']  += -lr * gradients['dby']
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
    "adam in the words of the exercise": Sample(
        """
def initialize_adam(parameters) :
    L = len(parameters) // 2
    v = {}
    s = {}
    for l in range(1, L + 1):
    ### START CODE HERE ### (approx. 4 lines)
        v["dW" + str(l)] = np.zeros((parameters["W" + str(l)].shape[0], parameters["W" + str(l)].shape[1]))
        v["db" + str(l)] = np.zeros((parameters["b" + str(l)].shape[0], parameters["b" + str(l)].shape[1]))
        s["dW" + str(l)] = np.zeros_like(parameters["W" + str(l)])
        s["db" + str(l)] = np.zeros_like(parameters["b" + str(l)])
    ### END CODE HERE ###
    return v, s

def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate = 0.01,
                                beta1 = 0.9, beta2 = 0.999,  epsilon = 1e-8):
    L = len(parameters) // 2                 # number of layers in the neural networks
    v_corrected = {}                         # Initializing first moment estimate, python dictionary
    s_corrected = {}                         # Initializing second moment estimate, python dictionary
    for l in range(L):
        v["dW" + str(l+1)] = beta1 * v["dW" + str(l+1)] + (1 - beta1) * grads['dW' + str(l+1)]
        v["db" + str(l+1)] = beta1 * v["db" + str(l+1)] + (1 - beta1) * grads['db' + str(l+1)]
        v_corrected["dW" + str(l+1)] = v["dW" + str(l+1)] / (1 - beta1 ** t)
        v_corrected["db" + str(l+1)] = v["db" + str(l+1)] / (1 - beta1 ** t)
        s["dW" + str(l+1)] = beta2 * s["dW" + str(l+1)] + (1 - beta2) * np.square(grads['dW' + str(l+1)])
        s["db" + str(l+1)] = beta2 * s["db" + str(l+1)] + (1 - beta2) * np.square(grads['db' + str(l+1)])
        s_corrected["dW" + str(l+1)] = s["dW" + str(l+1)] / (1 - beta2 ** t)
        s_corrected["db" + str(l+1)] = s["db" + str(l+1)] / (1 - beta2 ** t)
        parameters["W" + str(l+1)] -= (learning_rate * v_corrected["dW" + str(l+1)]
                                       / (np.sqrt(s_corrected["dW" + str(l+1)]) + epsilon))
        parameters["b" + str(l+1)] -= (learning_rate * v_corrected["db" + str(l+1)]
                                       / (np.sqrt(s_corrected["db" + str(l+1)]) + epsilon))
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
    x_exp = np.exp(Z - np.max(Z, axis=1, keepdims=True))
    x_sum = np.sum(x_exp, axis=1, keepdims=True)
    s = x_exp / x_sum
    return s
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
    logprobs = np.multiply(-np.log(a3), Y) + np.multiply(-np.log(1 - a3), 1 - Y)
    cost_total = np.sum(logprobs)
    return cost_total
""",
        {"compute_cost": "binary_cross_entropy"},
        "the sum over the examples",
    ),
    "a cost with np.dot and parameters": Sample(
        """
def compute_cost(A2, Y, parameters):
    m = Y.shape[1]
    W1 = parameters['W1']
    W2 = parameters['W2']
    cost = - (np.dot(Y, np.log(A2).T) + np.dot(1 - Y, np.log(1 - A2).T)) / m
    cost = float(np.squeeze(cost))
    assert(isinstance(cost, float))
    return cost
""",
        {"compute_cost": "binary_cross_entropy"},
    ),
    "the planar exercise": Sample(
        """
def sigmoid(x):
    return 1/(1+np.exp(-x))

def forward_propagation(X, parameters):
    W1 = parameters["W1"]
    b1 = parameters["b1"]
    W2 = parameters["W2"]
    b2 = parameters["b2"]
    Z1 = np.dot(W1, X) + b1
    A1 = np.tanh(Z1)
    Z2 = np.dot(W2, A1) + b2
    A2 = sigmoid(Z2)
    assert(A2.shape == (1, X.shape[1]))
    cache = {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}
    return A2, cache

def backward_propagation(parameters, cache, X, Y):
    m = X.shape[1]
    W1 = parameters["W1"]
    W2 = parameters["W2"]
    A1 = cache["A1"]
    A2 = cache["A2"]
    dZ2 = A2 - Y
    dW2 = np.dot(dZ2, A1.T) / m
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dZ1 = np.dot(W2.T, dZ2) * (1 - np.power(A1, 2))
    dW1 = np.dot(dZ1, X.T) / m
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m
    grads = {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
    return grads
""",
        {"sigmoid": "sigmoid", "forward_propagation": "mlp", "backward_propagation": "mlp"},
    ),
    "logistic regression": Sample(
        """
def sigmoid(z):
    s = 1 / (1 + np.exp(-z))
    return s

def propagate(w, b, X, Y):
    m = X.shape[1]
    # FORWARD PROPAGATION (FROM X TO COST)
    A = sigmoid(np.dot(w.T, X) + b)
    cost = -1 / m * np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    # BACKWARD PROPAGATION (TO FIND GRAD)
    dw = 1 / m * np.dot(X, (A - Y).T)
    db = 1 / m * np.sum(A - Y)
    assert(dw.shape == w.shape)
    cost = np.squeeze(cost)
    grads = {"dw": dw, "db": db}
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
    i = k // 2
    angles = pos / np.power(10000, 2 * i / d)
    return angles

def positional_encoding(positions, d):
    angle_rads = get_angles(np.arange(positions)[:, np.newaxis], np.arange(d)[np.newaxis, :], d)
    angle_rads[:, 0::2] = np.sin(angle_rads[:, 0::2])
    angle_rads[:, 1::2] = np.cos(angle_rads[:, 1::2])
    pos_encoding = angle_rads[np.newaxis, ...]
    return pos_encoding
""",
        {"get_angles": "sinusoidal_positions", "positional_encoding": "sinusoidal_positions"},
    ),
    "attention with a mask of ones": Sample(
        """
def scaled_dot_product_attention(q, k, v, mask):
    matmul_qk = np.matmul(q, np.swapaxes(k, -1, -2))
    dk = k.shape[-1]
    scaled_attention_logits = matmul_qk / np.sqrt(dk)
    if mask is not None:
        scaled_attention_logits += (1. - mask) * -1.0e9
    e = np.exp(scaled_attention_logits - scaled_attention_logits.max(-1, keepdims=True))
    attention_weights = e / e.sum(-1, keepdims=True)
    output = np.matmul(attention_weights, v)
    return output, attention_weights
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
    ### START CODE HERE ### (≈ 1 line of code)
    Z = None
    ### END CODE HERE ###
    cache = (A, W, b)
    return Z, cache

def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = A_prev.shape[1]
    ### START CODE HERE ### (≈ 3 lines of code)
    dW = None
    db = None
    dA_prev = None
    ### END CODE HERE ###
    assert (dA_prev.shape == A_prev.shape)
    return dA_prev, dW, db

def update_parameters_with_gd(parameters, grads, learning_rate):
    L = len(parameters) // 2
    for l in range(L):
        ### START CODE HERE ### (approx. 2 lines)
        parameters["W" + str(l+1)] = None
        parameters["b" + str(l+1)] = None
        ### END CODE HERE ###
    return parameters

def conv_forward(A_prev, W, b, hparameters):
    (m, n_H_prev, n_W_prev, n_C_prev) = None
    (f, f, n_C_prev, n_C) = None
    Z = None
    return Z, None

def pool_forward(A_prev, hparameters, mode="max"):
    (m, n_H_prev, n_W_prev, n_C_prev) = A_prev.shape
    A = np.zeros((m, 1, 1, n_C_prev))
    for i in range(None):
        for h in range(None):
            A[i, h] = None
    cache = (A_prev, hparameters)
    return A, cache

def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    concat = None
    ft = None
    c_next = None
    a_next = None
    yt_pred = None
    cache = (a_next, c_next)
    return a_next, c_next, yt_pred, cache

def compute_cost(AL, Y):
    m = Y.shape[1]
    cost = None
    cost = np.squeeze(cost)
    return cost
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
