"""What the layers of a transformer are made of, and layers on layers.

A block is a branch around which a residual connection goes: ``branch(x)`` returns F(x) and its backward,
whose gradients are "x", "params" with torch's names in the whole layer, and whatever else went in.
"""

from scratch._params import added, prefixed, under
from scratch.activations import gelu, relu
from scratch.attention import multi_head_attention, optional_dropout
from scratch.linear import linear, residual_connection
from scratch.normalization import layer_norm

ACTIVATIONS = {"relu": relu, "gelu": gelu}


def attention_block(name, params, memory, attn_mask, key_padding_mask, masks, *, after, **options):
    """dropout(attention(x, memory, memory)); without a memory x attends to itself.

    masks: those of dropout, `name` for the weights and `after` for what comes out.
    """

    def branch(x):
        source = x if memory is None else memory
        attended, through_attention = multi_head_attention(
            *(x, source, source, under(f"{name}.", params)),
            key_padding_mask,
            attn_mask,
            masks.get(name),
            **options,
            need_weights=False,
        )
        y, through_dropout = optional_dropout(attended.output, masks.get(after), p=options["dropout"])

        def backward(dy):
            grads = through_attention(through_dropout(dy)["x"])
            dx, dsource = grads.pop("query"), grads.pop("key") + grads.pop("value")
            grads["params"] = prefixed(f"{name}.", grads["params"])
            return {**grads, "x": dx + dsource} if memory is None else {**grads, "x": dx, "memory": dsource}

        return y, backward

    return branch


def feed_forward_block(params, masks, *, after, activation, dropout):
    """dropout(linear2(dropout(g(linear1(x)))))

    masks: those of dropout, "dropout" for the middle and `after` for what comes out.
    """

    def branch(x):
        Z, through_linear1 = linear(x, params["linear1.weight"], params["linear1.bias"])
        A, through_activation = ACTIVATIONS[activation](Z)
        kept, through_middle = optional_dropout(A, masks.get("dropout"), p=dropout)
        Z2, through_linear2 = linear(kept, params["linear2.weight"], params["linear2.bias"])
        y, through_dropout = optional_dropout(Z2, masks.get(after), p=dropout)

        def backward(dy):
            from_linear2 = through_linear2(through_dropout(dy)["x"])
            dA = through_middle(from_linear2.pop("input"))["x"]
            from_linear1 = through_linear1(through_activation(dA)["x"])
            dx = from_linear1.pop("input")
            return {
                "x": dx,
                "params": prefixed("linear1.", from_linear1) | prefixed("linear2.", from_linear2),
            }

        return y, backward

    return branch


def add_and_norm(x, branch, params, name, *, norm_first, eps):
    """norm(x + F(x)), or x + F(norm(x)) with norm_first."""
    weight, bias = params[f"{name}.weight"], params[f"{name}.bias"]

    def branch_of_norm(x):
        normed, through_norm = layer_norm(x, weight, bias, eps=eps)
        F, through_branch = branch(normed)

        def backward(dF):
            grads = through_branch(dF)
            from_norm = through_norm(grads["x"])
            dx = from_norm.pop("x")
            return {**grads, "x": dx, "params": grads["params"] | prefixed(f"{name}.", from_norm)}

        return F, backward

    if norm_first:
        return residual_connection(x, branch_of_norm)
    summed, through_residual = residual_connection(x, branch)
    y, through_norm = layer_norm(summed, weight, bias, eps=eps)

    def backward(dy):
        from_norm = through_norm(dy)
        grads = through_residual(from_norm.pop("x"))
        return {**grads, "params": grads["params"] | prefixed(f"{name}.", from_norm)}

    return y, backward


def num_layers(params):
    """How many layers a stack has by the names of its parameters; 1 at least, to name what is missing."""
    return max(1, len({name.split(".")[1] for name in params if name.startswith("layers.")}))


def stack(x, params, layer, dropout_masks, *, eps):
    """Layer on layer, and a layer norm at the end if there are parameters for it.

    ``layer(x, params, dropout_masks)`` returns y and its backward, with gradients "x", "params" and others,
    which are added up over the layers.
    """
    through_layers = []
    for i in range(num_layers(params)):
        x, through_layer = layer(x, under(f"layers.{i}.", params), under(f"layers.{i}.", dropout_masks))
        through_layers.append(through_layer)
    normed = "norm.weight" in params
    if normed:
        x, through_norm = layer_norm(x, params["norm.weight"], params["norm.bias"], eps=eps)

    def backward(dx):
        dparams, others = {}, {}
        if normed:
            from_norm = through_norm(dx)
            dx = from_norm.pop("x")
            dparams |= prefixed("norm.", from_norm)
        for i in reversed(range(len(through_layers))):
            grads = through_layers[i](dx)
            dx = grads.pop("x")
            dparams |= prefixed(f"layers.{i}.", grads.pop("params"))
            others = added(others, grads)
        return {"x": dx, "params": dparams, **others}

    return x, backward
