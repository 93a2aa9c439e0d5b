"""torch's losses: the modules of `torch.nn`, their gradients by autograd."""

import warnings

from torch import nn

from reference._torch import operation


@operation
def mse_loss(input, target, *, reduction="mean"):
    return nn.MSELoss(reduction=reduction)(input, target)


@operation
def l1_loss(input, target, *, reduction="mean"):
    return nn.L1Loss(reduction=reduction)(input, target)


@operation
def smooth_l1_loss(input, target, *, beta=1.0, reduction="mean"):
    return nn.SmoothL1Loss(reduction=reduction, beta=beta)(input, target)


@operation
def huber_loss(input, target, *, delta=1.0, reduction="mean"):
    return nn.HuberLoss(reduction=reduction, delta=delta)(input, target)


@operation(constant=("weight",))
def binary_cross_entropy(input, target, weight=None, *, reduction="mean"):
    return nn.BCELoss(weight, reduction=reduction)(input, target)


@operation(constant=("weight", "pos_weight"))
def binary_cross_entropy_with_logits(input, target, weight=None, pos_weight=None, *, reduction="mean"):
    return nn.BCEWithLogitsLoss(weight, reduction=reduction, pos_weight=pos_weight)(input, target)


@operation
def kl_div(input, target, *, log_target=False, reduction="mean"):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "reduction: 'mean' divides the total loss by both")
        return nn.KLDivLoss(reduction=reduction, log_target=log_target)(input, target)


@operation(constant=("weight",))
def nll_loss(input, target, weight=None, *, ignore_index=-100, reduction="mean"):
    return nn.NLLLoss(weight, ignore_index=ignore_index, reduction=reduction)(input, target)


@operation(constant=("weight",))
def cross_entropy(input, target, weight=None, *, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    loss = nn.CrossEntropyLoss(
        weight, ignore_index=ignore_index, label_smoothing=label_smoothing, reduction=reduction
    )
    return loss(input, target)


@operation(constant=("target",))
def hinge_loss(input, target, *, reduction="mean"):
    """The definition of scikit-learn's hinge_loss, which is the mean; torch has no module for it."""
    loss = nn.ReLU()(1 - target * input)
    return loss if reduction == "none" else getattr(loss, reduction)()


@operation(constant=("target",))
def hinge_embedding_loss(input, target, *, margin=1.0, reduction="mean"):
    return nn.HingeEmbeddingLoss(margin, reduction=reduction)(input, target)


@operation(constant=("weight",))
def multi_margin_loss(input, target, weight=None, *, p=1, margin=1.0, reduction="mean"):
    return nn.MultiMarginLoss(p, margin, weight, reduction=reduction)(input, target)
