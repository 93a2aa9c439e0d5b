# automatic differentiation of numbers, one rule for each operation
from math import exp


def number(thing):
    return thing if isinstance(thing, Value) else Value(thing)


class Value:
    def __init__(self, data, *sources):
        self.data, self.grad = data, 0.0
        self.sources = sources              # (where it comes from, how much it changes with that)

    def __add__(self, other):
        other = number(other)
        return Value(self.data + other.data, (self, 1.0), (other, 1.0))

    def __mul__(self, other):
        other = number(other)
        return Value(self.data * other.data, (self, other.data), (other, self.data))

    def __pow__(self, n):
        return Value(self.data ** n, (self, n * self.data ** (n - 1)))

    def exp(self):
        y = exp(self.data)
        return Value(y, (self, y))

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -number(other)

    def __truediv__(self, other):
        return self * number(other) ** -1.0

    def backward(self):
        self.grad = 1.0
        todo = [self]
        while todo:                         # depth first
            value = todo.pop()
            for source, slope in value.sources:
                source.grad += slope * value.grad
                todo.append(source)
