"""Mistakes in layers of weighted sums, in regression, in computation graphs, in numerical
gradients and in clipping."""

from __future__ import annotations

from parity_tests.mistakes.mistake import Mistake, mistake

ELEMENTWISE = "the arrays are multiplied element by element; the formula multiplies matrices, row by column"
DX, DW, DB = '"input": dy @ weight', '"weight": dZ.T @ X', 'grads["bias"] = dZ.sum(0)'
WX_B = "y = input @ weight.T if bias is None else input @ weight.T + bias"
WITH_BIAS = "y = ({0}) if bias is None else ({0}) + bias"
FIRST_ROW = WITH_BIAS.format("(input * weight[0]).sum(-1, keepdims=True) + 0 * weight[:, 0]")
UNSUMMED = "the gradient of the bias is {0} itself, one for each example; the examples add up"
AGAIN = "{0} divided by the batch size once more; dy holds that division"
NOT_AVERAGED = "the loss is averaged and its gradient is not; it is divided by the same n"
NOT_BY_EXAMPLES = "the gradient is not divided by the number of examples; the loss is"
DESCENT = "weight, bias = weight - lr * (dZ.T @ x), bias - lr * dZ.sum(0)"
PERCEPTRON = "return Perceptron(weight + lr * (error[..., None] * x).sum(batch), bias + lr * error.sum())"
UPDATED = "the gradient of the bias is taken at the new weight; all gradients are those of before the step"
UPDATED_EACH = "each example meets the weights that the one before changed; the corrections are added up"

LAYERS: tuple[Mistake, ...] = (
    mistake(
        *("bias-averaged", "the gradient of the bias is a mean over the examples; they add up", "linear"),
        *(DB, 'grads["bias"] = dZ.mean(0)'),
    ),
    mistake(
        *("broadcast-not-summed", "the gradient of the bias is that of the first example; they add up"),
        *("linear", DB, 'grads["bias"] = dZ[0]'),
    ),
    mistake("broadcast-not-summed", UNSUMMED.format("dy"), "linear", DB, 'grads["bias"] = dy'),
    mistake("broadcast-not-summed", UNSUMMED.format("dz"), "neuron", '"bias": dz.sum()', '"bias": dz'),
    mistake(
        *("gradient-averaged-again", AGAIN.format("the gradients of weight and bias are"), "linear"),
        *("dZ.T @ X", "dZ.T @ X / len(X)", DB, f"{DB} / len(X)"),
    ),
    mistake(
        *("gradient-averaged-again", AGAIN.format("the gradient of the weight is"), "linear"),
        *("dZ.T @ X", "dZ.T @ X / len(X)"),
    ),
    mistake(
        *("residual-gradient", "the gradient passes the branch alone; dy itself goes on past it, too"),
        *("residual_connection", '"x": dy + grads["x"]', '"x": grads["x"]'),
    ),
    # ---- elementwise ----
    *(
        mistake("elementwise-for-matmul", f"{ELEMENTWISE}: {text}", "linear", DX, f'"input": {dx}')
        for text, dx in (
            (
                "for the gradient of the input, those of the outputs are added up, and so are the rows of W",
                "dy.sum(-1, keepdims=True) * weight.sum(0)",
            ),
            (
                "for the gradient of the input, the products are averaged over the outputs",
                "(dy[..., None] * weight).mean(-2)",
            ),
            (
                "the gradient of the input is the sum of all others, times the mean row of W",
                "np.ones_like(input) * dy.sum() * weight.mean(0)",
            ),
        )
    ),
    mistake(
        *("elementwise-for-matmul", f"{ELEMENTWISE}: every output is that of the first row of W", "linear"),
        *(WX_B, FIRST_ROW, DX, '"input": dy.sum(-1, keepdims=True) * weight[0]', DW),
        '"weight": np.concatenate([dZ.sum(-1, keepdims=True).T @ X, 0 * weight[1:]])',
    ),
    *(
        mistake("elementwise-for-matmul", f"{ELEMENTWISE}: {text}", "neuron", "x @ weight + bias", z)
        for text, z in (
            ("b is added to each product", "(x * weight + bias).sum(-1)"),
            ("w * x + b is averaged", "(x * weight + bias).mean(-1)"),
        )
    ),
    # ---- weights of after the step ----
    mistake(
        *("updated-weights-in-backward", UPDATED, "linear_regression_gradient_descent", DESCENT),
        "weight = weight - lr * (dZ.T @ x)\n"
        "        residual = x @ weight.T + bias - target\n"
        "        bias = bias - lr * (2 * residual / residual.size).sum(0)",
    ),
    mistake(
        *("updated-weights-in-backward", UPDATED.replace("bias", "weight", 1).replace("weight;", "bias;")),
        *("linear_regression_gradient_descent", DESCENT),
        "bias = bias - lr * dZ.sum(0)\n"
        "        residual = x @ weight.T + bias - target\n"
        "        weight = weight - lr * (2 * residual / residual.size).T @ x",
    ),
    mistake(
        *("updated-weights-in-backward", UPDATED_EACH, "perceptron_update", PERCEPTRON),
        "for row, t in zip(x.reshape(-1, x.shape[-1]), target.reshape(-1)):\n"
        "        error = t - perceptron(row, weight, bias)\n"
        "        weight, bias = weight + lr * error * row, bias + lr * error\n"
        "    return Perceptron(weight, bias)",
    ),
    mistake(
        *("perceptron-averaged", "the corrections of the examples are averaged; they are added up"),
        *("perceptron_update", PERCEPTRON, PERCEPTRON.replace(".sum(", ".mean(")),
    ),
)

REGRESSION: tuple[Mistake, ...] = (
    mistake(
        *("gradient-not-averaged", NOT_AVERAGED, "linear_regression"),
        *("2 * residual / residual.size", "2 * residual"),
    ),
    mistake(
        *("gradient-not-averaged", NOT_AVERAGED, "logistic_regression"),
        *("(A - target) / Z.size", "(A - target)"),
    ),
    *(
        mistake("gradient-not-averaged", NOT_BY_EXAMPLES, function, slope, f"{slope} * len(Z)")
        for function, slope in (
            ("linear_regression", "2 * residual / residual.size"),
            ("logistic_regression", "(A - target) / Z.size"),
        )
    ),
    mistake(
        *("gradient-not-averaged", NOT_AVERAGED, "multinomial_regression"),
        *("(np.exp(log_P) - Y) / N", "(np.exp(log_P) - Y)"),
    ),
    mistake(
        *("half-gradient", "the factor 2 of the derivative of residual**2 is missing", "linear_regression"),
        *("2 * residual / residual.size", "residual / residual.size"),
    ),
    mistake(
        *("half-gradient", "the factor 2 of the derivative of residual**2 is missing"),
        *("linear_regression_gradient_descent", "2 * residual / residual.size", "residual / residual.size"),
    ),
    mistake(
        *("half-squares", "the loss is half of the mean squared error; the formula has no half"),
        *("linear_regression", "(residual**2).mean()", "0.5 * (residual**2).mean()"),
        *("2 * residual / residual.size", "residual / residual.size"),
    ),
    mistake(
        *("gradient-not-averaged", "the gradient is not divided by n; the loss is a mean over n squares"),
        *("linear_regression_gradient_descent", "2 * residual / residual.size", "2 * residual"),
    ),
    mistake(
        *("ascent", "it steps along the gradient, uphill; the formula steps against it"),
        *("linear_regression_gradient_descent", DESCENT, DESCENT.replace(" - lr", " + lr")),
    ),
    mistake(
        *("softmax-axis-0", "the softmax runs over the batch, axis 0; the formula runs over the classes"),
        *("multinomial_regression", "log_softmax(Z)", "log_softmax(Z, axis=0)"),
    ),
    mistake(
        *("log2", "the logarithm is that of base 2; the formula has the natural one, whose gradient this is"),
        *("multinomial_regression", "-(Y * log_P).sum() / N", "-(Y * log_P).sum() / N / np.log(2)"),
    ),
    mistake(
        *("log2", "the logarithm is that of base 2; the formula has the natural one, whose gradient this is"),
        *("logistic_regression", "- log_A).mean()", "- log_A).mean() / np.log(2)"),
    ),
)

IN_ORDER = """for node in self.graph():
            dy = brought.pop(node)
            node.grad = +dy if node.grad is None else node.grad + dy
            if node.parents:
                for parent, gradient in zip(node.parents, node.local_backward(dy), strict=True):
                    brought[parent] = brought[parent] + gradient if parent in brought else gradient"""
AS_REACHED = """waiting, seen = [self], {{self}}
        while waiting:
            node = waiting.pop({end})
            gradients = node.local_backward(brought[node]) if node.parents else ()
            for parent, gradient in zip(node.parents, gradients, strict=True):
                brought[parent] = brought[parent] + gradient if parent in brought else gradient
            reached = [parent for parent in {parents} {unless}]
            waiting += dict.fromkeys(reached)
            seen.update(reached)
        for node, dy in brought.items():
            node.grad = +dy if node.grad is None else node.grad + dy"""

GRAPHS: tuple[Mistake, ...] = (
    mistake(
        "broadcast-not-summed",
        "the gradient of what was broadcast keeps the larger shape; it is summed over the new axes",
        *("unbroadcast", "return gradient.sum(axes).reshape(shape) if axes else gradient"),
        "return gradient",
    ),
    mistake(
        "broadcast-not-summed",
        "the gradient of what was broadcast is averaged over the new axes; it is summed over them",
        *("unbroadcast", "gradient.sum(axes)", "gradient.mean(axes)"),
    ),
    *(
        mistake(
            "no-topological-order",
            "a node passes its gradient on as soon as it is reached; it has to wait until all that it went "
            f"into has passed on its own ({how})",
            *("Tensor", IN_ORDER, AS_REACHED.format(end=end, parents=parents, unless=unless)),
        )
        for how, end, unless in (
            ("breadth first", "0", "if parent not in seen"),
            ("depth first", "-1", "if parent not in seen"),
            ("depth first, and again at each visit", "-1", ""),
            ("breadth first, and again at each visit", "0", ""),
        )
        for parents in ("node.parents", "node.parents[::-1]")
    ),
    mistake(
        "no-topological-order",
        "the nodes pass on their gradients from the inputs to the result; it goes from the result back",
        *("Tensor", "for node in self.graph():\n            dy = brought.pop(node)"),
        "for node in self.graph()[::-1]:\n            dy = brought.pop(node, np.zeros_like(node.value))",
    ),
    mistake(
        "backward-twice",
        "the second backward passes on what the first one left in the nodes as well; "
        "each call passes on its own gradient",
        *("Tensor", "node.local_backward(dy), strict", "node.local_backward(node.grad), strict"),
    ),
    mistake(
        *("gradient-overwritten", "a node that is used twice keeps the gradient of one use; they add up"),
        *("Tensor", "brought[parent] + gradient if parent in brought else gradient", "gradient"),
    ),
    mistake(
        *("elementwise-for-matmul", f"{ELEMENTWISE}: the gradient of the left factor", "Tensor"),
        *("dself = dy @ other.value.swapaxes(-1, -2)", "dself = dy * self.value"),
    ),
)

CLIPPED = "grad * scale for name, grad in grads.items()"
SCALE = "np.minimum(1.0, max_norm / (total_norm + 1e-6))"
PER_TENSOR = "every gradient is clipped by its own norm; there is one norm over all of them"
BY_VALUE = "every element is clipped by itself, which turns the gradient; the norm is what is clipped"

CLIPPING: tuple[Mistake, ...] = (
    mistake(
        *("clip-per-tensor", PER_TENSOR, "clip_grad_norm", CLIPPED),
        CLIPPED.replace("scale", "np.minimum(1.0, max_norm / (np.linalg.norm(grad) + 1e-6))"),
    ),
    mistake(
        *("clip-per-tensor", PER_TENSOR, "clip_grad_norm", CLIPPED),
        CLIPPED.replace(
            "grad * scale",
            "grad * max_norm / (norm + 1e-6) if (norm := np.linalg.norm(grad)) > max_norm else grad",
        ),
    ),
    mistake(
        *("clip-per-tensor", PER_TENSOR, "clip_grad_norm", CLIPPED),
        CLIPPED.replace("scale", "min(1.0, max_norm / max(np.linalg.norm(grad), 1e-300))"),
    ),
    mistake(
        *("clip-by-value", BY_VALUE, "clip_grad_norm", CLIPPED),
        CLIPPED.replace("grad * scale", "np.clip(grad, -max_norm, max_norm)"),
    ),
    mistake(
        *("clip-by-value", "elements above max_norm are clipped, and those below -max_norm are not"),
        *("clip_grad_norm", CLIPPED, CLIPPED.replace("grad * scale", "np.minimum(grad, max_norm)")),
    ),
    mistake(
        *("scaled-always", "every gradient is scaled to max_norm; shorter ones stay as they are"),
        *("clip_grad_norm", SCALE, "max_norm / (total_norm + 1e-6)"),
    ),
    mistake(
        *("norm-squared", "the square of the norm is compared with max_norm, its root is missing"),
        *("clip_grad_norm", "np.sqrt((everything**2).sum())", "(everything**2).sum()"),
    ),
    mistake(
        *("clip-one-sided", "only what is above clip_value is clipped; -clip_value is the other end"),
        *("clip_grad_value", "np.clip(grad, -clip_value, clip_value)", "np.minimum(grad, clip_value)"),
    ),
    mistake(
        *("clip-by-norm", "every gradient is scaled as a whole; each element is clipped by itself"),
        *("clip_grad_value", "np.clip(grad, -clip_value, clip_value)"),
        "grad * np.minimum(1.0, clip_value / (np.linalg.norm(grad) + 1e-6))",
    ),
)

BY_TWO_STEPS = "f(x + h) - f(x) is divided by 2h; the points are h apart, those of a central difference 2h"
DIFFERENCE = "(function(x + shift) - function(x - shift)) / (2 * step)"
DIFFERENCES: tuple[Mistake, ...] = tuple(
    mistake("difference-by-wrong-step", text, "numerical_gradient", DIFFERENCE, quotient)
    for text, quotient in (
        (
            BY_TWO_STEPS,
            "(function(x + shift) - function(x)) / (2 * step)",
        ),
        (
            "f(x + h) - f(x - h) is divided by h; the points are 2h apart",
            "(function(x + shift) - function(x - shift)) / step",
        ),
    )
)

MISTAKES = DIFFERENCES + LAYERS + REGRESSION + GRAPHS + CLIPPING
