import torch


def clip_grad_norm_(parameters, max_norm):
    with torch.no_grad():
        for p in parameters:
            if p.grad is not None:
                p.grad.clamp_(-max_norm, max_norm)
