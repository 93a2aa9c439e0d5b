import numpy as np


def clip_grad_norm(grads, max_norm):
    return [np.clip(g, -max_norm, max_norm) for g in grads]


def perceptron_update(x, target, weight, bias, lr=1.0):
    for xi, ti in zip(x, target):
        error = ti - (xi @ weight + bias > 0)
        weight = weight + lr * error * xi
        bias = bias + lr * error
    return weight, bias


def neuron(x, w, b):
    z = (x * w + b).mean(axis=-1)
    return 1 / (1 + np.exp(-z))


class Tensor:
    def __init__(self, data, parents=()):
        self.data = np.asarray(data, dtype=float)
        self.grad = np.zeros_like(self.data)
        self.parents = parents
        self.pull = None

    def _make(self, data, parents, pull):
        out = Tensor(data, parents)
        out.pull = pull
        return out

    def __add__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        return self._make(self.data + other.data, (self, other), lambda g: (g, g))

    def __mul__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        return self._make(self.data * other.data, (self, other), lambda g: (g * other.data, g * self.data))

    def __pow__(self, n):
        return self._make(self.data ** n, (self,), lambda g: (g * n * self.data ** (n - 1),))

    def __matmul__(self, other):
        return self._make(self.data @ other.data, (self, other), lambda g: (g @ other.data.T, self.data.T @ g))

    def tanh(self):
        t = np.tanh(self.data)
        return self._make(t, (self,), lambda g: (g * (1 - t * t),))

    def exp(self):
        e = np.exp(self.data)
        return self._make(e, (self,), lambda g: (g * e,))

    def relu(self):
        return self._make(np.maximum(self.data, 0), (self,), lambda g: (g * (self.data > 0),))

    def sum(self, axis=None, keepdims=False):
        y = self.data.sum(axis=axis, keepdims=keepdims)

        def pull(g):
            if axis is not None and not keepdims:
                g = np.expand_dims(g, axis)
            return (np.broadcast_to(g, self.data.shape),)

        return self._make(y, (self,), pull)

    def mean(self, axis=None, keepdims=False):
        s = self.sum(axis, keepdims)
        return s * (s.data.size / self.data.size)

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (other if isinstance(other, Tensor) else Tensor(other)) * -1

    def __truediv__(self, other):
        return self * (other if isinstance(other, Tensor) else Tensor(other)) ** -1

    __radd__, __rmul__ = __add__, __mul__

    def backward(self):
        order, seen = [], set()

        def visit(t):
            if t not in seen:
                seen.add(t)
                for parent in t.parents:
                    visit(parent)
                order.append(t)

        visit(self)
        gradients = {self: np.ones_like(self.data)}
        for t in reversed(order):
            g = gradients[t]
            t.grad = t.grad + g
            if t.pull is not None:
                for parent, d in zip(t.parents, t.pull(g)):
                    gradients[parent] = gradients.get(parent, 0) + d
