"""Optimizers as people write them, all of them right: the algorithm and the source."""

OPTIMIZERS = {
    "a list that is changed in place": (
        "adam",
        """
import numpy as np
class Adam:
    # works for lists of arrays
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8):
        self.params = params
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.m = [np.zeros_like(p) for p in params]
        self.v = [np.zeros_like(p) for p in params]
        self.t = 0
    def step(self, grads):
        self.t += 1
        for i, (p, g) in enumerate(zip(self.params, grads)):
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * g
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * g * g
            mh = self.m[i] / (1 - self.beta1 ** self.t)
            vh = self.v[i] / (1 - self.beta2 ** self.t)
            p -= self.lr * mh / (np.sqrt(vh) + self.eps)
""",
    ),
    "a function that returns m and v": (
        "adam",
        """
import numpy as np
def adam(params, grads, m, v, t, lr=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8):
    for i in range(len(params)):
        m[i] = beta1*m[i] + (1-beta1)*grads[i]
        v[i] = beta2*v[i] + (1-beta2)*grads[i]**2
        params[i] = params[i] - lr*(m[i]/(1-beta1**t))/(np.sqrt(v[i]/(1-beta2**t))+epsilon)
    return params, m, v
""",
    ),
    "a function that counts layers": (
        "adam",
        """
import numpy as np
def adam(params, grads, m, v, t, lr=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8):
    L = len(params) // 2
    for l in range(1, L+1):
        for k in ("W", "b"):
            key = k + str(l)
            m["d"+key] = m.get("d"+key, 0) * beta1 + (1-beta1)*grads["d"+key]
            v["d"+key] = v.get("d"+key, 0) * beta2 + (1-beta2)*grads["d"+key]**2
            params[key] -= lr*(m["d"+key]/(1-beta1**t))/(np.sqrt(v["d"+key]/(1-beta2**t))+epsilon)
    return params, m, v
""",
    ),
    "a state of None": (
        "adam",
        """
import numpy as np
def adam(param, grad, state=None, lr=1e-3, betas=(0.9,0.999), eps=1e-8, weight_decay=0.0):
    if state is None:
        state = {"t": 0, "m": np.zeros_like(param), "v": np.zeros_like(param)}
    g = grad + weight_decay * param
    t = state["t"] + 1
    m = betas[0]*state["m"] + (1-betas[0])*g
    v = betas[1]*state["v"] + (1-betas[1])*g**2
    p = param - lr * (m/(1-betas[0]**t))/(np.sqrt(v/(1-betas[1]**t))+eps)
    return p, {"t": t, "m": m, "v": v}
""",
    ),
    "a function that makes the state": (
        "adam",
        """
import numpy as np
def init_adam(params):
    return {k: np.zeros_like(v) for k, v in params.items()}, {k: np.zeros_like(v) for k, v in params.items()}
def adam(params, grads, m, v, t, lr=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8):
    for k in params:
        m[k] = beta1*m[k] + (1-beta1)*grads[k]
        v[k] = beta2*v[k] + (1-beta2)*grads[k]**2
        params[k] = params[k] - lr*(m[k]/(1-beta1**t))/(np.sqrt(v[k]/(1-beta2**t))+epsilon)
    return params, m, v
""",
    ),
    "objects with data and grad": (
        "adam",
        """
import numpy as np
class Adam:
    def __init__(self, parameters, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.parameters = list(parameters); self.lr=lr; self.b1=beta1; self.b2=beta2; self.eps=eps
        self.t = 0
        self.m = [np.zeros_like(p.data) for p in self.parameters]
        self.v = [np.zeros_like(p.data) for p in self.parameters]
    def zero_grad(self):
        for p in self.parameters: p.grad = None
    def step(self):
        self.t += 1
        for p, m, v in zip(self.parameters, self.m, self.v):
            if p.grad is None: continue
            m[...] = self.b1*m + (1-self.b1)*p.grad
            v[...] = self.b2*v + (1-self.b2)*p.grad**2
            p.data = p.data - self.lr*(m/(1-self.b1**self.t))/(np.sqrt(v/(1-self.b2**self.t))+self.eps)
""",
    ),
    "layers with weights and biases": (
        "adam",
        """
import numpy as np
class AdamForLayers:
    # layers have weights, biases, dweights, dbiases
    def __init__(self, learning_rate=0.001, decay=0., epsilon=1e-7, beta_1=0.9, beta_2=0.999):
        self.learning_rate = self.current_learning_rate = learning_rate
        self.decay, self.epsilon, self.betas = decay, epsilon, (beta_1, beta_2)
        self.done = 0
    def pre_update_params(self):
        self.current_learning_rate = self.learning_rate / (1 + self.decay * self.done)
    def update_params(self, layer):
        if not hasattr(layer, 'moments'):
            layer.moments = {}
        layer.weights = layer.weights - self.change(layer.moments, 'weights', layer.dweights)
        layer.biases = layer.biases - self.change(layer.moments, 'biases', layer.dbiases)
    def change(self, moments, name, g):
        n, (b1, b2) = self.done + 1, self.betas
        m, v = moments.get(name, (0.0, 0.0))
        moments[name] = m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g ** 2
        spread = np.sqrt(v / (1 - b2 ** n)) + self.epsilon
        return self.current_learning_rate * m / (1 - b1 ** n) / spread
    def post_update_params(self):
        self.done += 1
""",
    ),
    "weight and bias as arguments": (
        "adam",
        """
import numpy as np
class AdamOfOneLayer():
    def __init__(self, eta=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8):
        self.eta, self.beta1, self.beta2, self.epsilon = eta, beta1, beta2, epsilon
        self.m_w = self.m_b = 0
        self.v_w = self.v_b = 0
    def update(self, t, w, b, dw, db):
        a1, a2 = 1 - self.beta1, 1 - self.beta2
        self.m_w = self.beta1 * self.m_w + a1 * dw
        self.m_b = self.beta1 * self.m_b + a1 * db
        self.v_w = self.beta2 * self.v_w + a2 * dw * dw
        self.v_b = self.beta2 * self.v_b + a2 * db * db
        rate = self.eta / (1 - self.beta1 ** t)
        size = lambda v: np.sqrt(v / (1 - self.beta2 ** t)) + self.epsilon
        return w - rate * self.m_w / size(self.v_w), b - rate * self.m_b / size(self.v_b)
""",
    ),
    "a name for every array": (
        "adam",
        """
import numpy as np
class Adam:
    def __init__(self, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.m, self.v, self.t = {}, {}, {}
    def update(self, name, w, dw):
        if name not in self.m:
            self.m[name] = np.zeros_like(w); self.v[name] = np.zeros_like(w); self.t[name] = 0
        self.t[name] += 1
        t = self.t[name]
        self.m[name] = self.beta1*self.m[name] + (1-self.beta1)*dw
        self.v[name] = self.beta2*self.v[name] + (1-self.beta2)*dw**2
        return w - self.lr*(self.m[name]/(1-self.beta1**t))/(np.sqrt(self.v[name]/(1-self.beta2**t))+self.eps)
""",
    ),
    "pairs of gradients and arrays": (
        "adam",
        """
import numpy as np
class Adam:
    def __init__(self, learning_rate=1e-3, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        self.learning_rate, self.beta1, self.beta2, self.eps = learning_rate, beta_1, beta_2, epsilon
        self.m, self.v, self.t = {}, {}, 0
    def apply_gradients(self, grads_and_vars):
        self.t += 1
        for i, (g, w) in enumerate(grads_and_vars):
            self.m[i] = self.beta1*self.m.get(i, 0) + (1-self.beta1)*g
            self.v[i] = self.beta2*self.v.get(i, 0) + (1-self.beta2)*g**2
            mh = self.m[i]/(1-self.beta1**self.t)
            w -= self.learning_rate*mh/(np.sqrt(self.v[i]/(1-self.beta2**self.t))+self.eps)
""",
    ),
    "gradients in the constructor": (
        "sgd",
        """
class SGD:
    def __init__(self, params, grads, lr=0.1):
        self.params, self.grads, self.lr = params, grads, lr
    def step(self):
        for p, g in zip(self.params, self.grads):
            p -= self.lr * g
""",
    ),
    "gradients in an attribute": (
        "sgd",
        """
class SGD:
    def __init__(self, params, lr=0.1, momentum=0.9):
        self.params, self.lr, self.momentum = dict(params), lr, momentum
        self.v = {k: 0 for k in params}
        self.grads = {}
    def step(self):
        for k in self.params:
            self.v[k] = self.momentum * self.v[k] + self.grads[k]
            self.params[k] = self.params[k] - self.lr * self.v[k]
""",
    ),
    "alpha for the rate of rmsprop": (
        "rmsprop",
        """
import numpy as np
def rmsprop(theta, grad, cache, alpha=0.01, beta=0.9, epsilon=1e-8):
    cache = beta*cache + (1-beta)*grad**2
    return theta - alpha*grad/(np.sqrt(cache)+epsilon), cache
""",
    ),
    "a comprehension": (
        "gradient_descent",
        """
def gradient_descent(params, grads, learning_rate):
    return [p - learning_rate * g for p, g in zip(params, grads)]
""",
    ),
    "a dict that must hold zeros": (
        "adam",
        """
import numpy as np
def adam(w, dw, state, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    state['t'] += 1
    state['m'] = beta1*state['m'] + (1-beta1)*dw
    state['v'] = beta2*state['v'] + (1-beta2)*dw*dw
    return w - lr*state['m']/(1-beta1**state['t'])/(np.sqrt(state['v']/(1-beta2**state['t']))+eps)
""",
    ),
    "AdamW with the decay at the end of the line": (
        "adamw",
        """
import numpy as np

def adamw_step(params, grads, state, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    b1, b2 = betas
    state["step"] = state.get("step", 0) + 1
    for name in params:
        m = state.setdefault("m", {}).get(name, 0.0)
        v = state.setdefault("v", {}).get(name, 0.0)
        g = grads[name]
        state["m"][name] = m = b1 * m + (1 - b1) * g
        state["v"][name] = v = b2 * v + (1 - b2) * g * g
        m_hat = m / (1 - b1 ** state["step"])
        v_hat = v / (1 - b2 ** state["step"])
        params[name] -= lr * (m_hat / (np.sqrt(v_hat) + eps) + weight_decay * params[name])
    return params, state
""",
    ),
    "torch's nesterov": (
        "sgd",
        """
class SGD:
    def __init__(self, params, lr=0.01, momentum=0.9, weight_decay=0.0, nesterov=False):
        self.params = list(params)
        self.lr, self.mu, self.wd, self.nesterov = lr, momentum, weight_decay, nesterov
        self.velocity = [0.0 * p for p in self.params]

    def step(self, grads):
        for i, g in enumerate(grads):
            g = g + self.wd * self.params[i]
            self.velocity[i] = self.mu * self.velocity[i] + g
            d = g + self.mu * self.velocity[i] if self.nesterov else self.velocity[i]
            self.params[i] = self.params[i] - self.lr * d
        return self.params
""",
    ),
    "rho of adadelta": (
        "adadelta",
        """
import numpy as np

class AdaDelta:
    def __init__(self, rho=0.95, eps=1e-6):
        self.rho, self.eps = rho, eps
        self.Eg, self.Ex = None, None

    def update(self, w, grad):
        if self.Eg is None:
            self.Eg, self.Ex = np.zeros_like(w), np.zeros_like(w)
        self.Eg = self.rho * self.Eg + (1 - self.rho) * grad**2
        dx = -np.sqrt(self.Ex + self.eps) / np.sqrt(self.Eg + self.eps) * grad
        self.Ex = self.rho * self.Ex + (1 - self.rho) * dx**2
        return w + dx
""",
    ),
}
