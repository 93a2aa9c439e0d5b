import numpy as np


def unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for axis, n in enumerate(shape):
        if n == 1:
            g = g.sum(axis=axis, keepdims=True)
    return g


class Tensor:
    def __init__(self, data, parents=()):
        self.data = np.asarray(data, dtype=float)
        self.grad = np.zeros_like(self.data)
        self.parents, self.pull = parents, None

    def _make(self, data, parents, pull):
        out = Tensor(data, parents)
        out.pull = pull
        return out

    def __add__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        return self._make(self.data + other.data, (self, other),
                          lambda g: (unbroadcast(g, self.data.shape), unbroadcast(g, other.data.shape)))

    def __mul__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        return self._make(self.data * other.data, (self, other),
                          lambda g: (unbroadcast(g * other.data, self.data.shape),
                                     unbroadcast(g * self.data, other.data.shape)))

    def tanh(self):
        t = np.tanh(self.data)
        return self._make(t, (self,), lambda g: (g * (1 - t * t),))

    def sum(self):
        return self._make(self.data.sum(), (self,), lambda g: (g * np.ones_like(self.data),))

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + other * -1

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
