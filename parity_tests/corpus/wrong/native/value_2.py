import math


class Scalar:
    def __init__(self, data, parents=()):
        self.data, self.grad, self.parents = data, 0.0, parents

    def __add__(self, other):
        other = other if isinstance(other, Scalar) else Scalar(other)
        return Scalar(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        other = other if isinstance(other, Scalar) else Scalar(other)
        return Scalar(self.data * other.data, ((self, other.data), (other, self.data)))

    def __pow__(self, n):
        return Scalar(self.data ** n, ((self, n * self.data ** (n - 1)),))

    def exp(self):
        e = math.exp(self.data)
        return Scalar(e, ((self, e),))

    def tanh(self):
        t = math.tanh(self.data)
        return Scalar(t, ((self, 1 - t * t),))

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + (-other)

    def __truediv__(self, other):
        return self * other ** -1

    def backward(self):
        topo, visited = [], set()

        def build(node):
            if id(node) in visited:
                return
            visited.add(id(node))
            for parent, _ in node.parents:
                build(parent)
            topo.append(node)

        build(self)
        self.grad += 1.0
        for node in topo[::-1]:
            for parent, local in node.parents:
                parent.grad += local * node.grad
