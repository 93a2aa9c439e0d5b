import torch
from torch.optim import Optimizer


class Adam(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps))
        self.t = 0

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                self.t += 1
                st = self.state[p]
                st.setdefault("m", torch.zeros_like(p))
                st.setdefault("v", torch.zeros_like(p))
                st["m"] = beta1 * st["m"] + (1 - beta1) * p.grad
                st["v"] = beta2 * st["v"] + (1 - beta2) * p.grad ** 2
                m_hat = st["m"] / (1 - beta1 ** self.t)
                v_hat = st["v"] / (1 - beta2 ** self.t)
                p -= group["lr"] * m_hat / (v_hat.sqrt() + group["eps"])


class SGD(Optimizer):
    def __init__(self, params, lr=1e-2, weight_decay=0.0):
        super().__init__(params, dict(lr=lr, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    d = p.grad + group["lr"] * group["weight_decay"] * p
                    p.add_(d, alpha=-group["lr"])


class AdamW(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                s = self.state[p]
                s["t"] = s.get("t", 0) + 1
                s["m"] = b1 * s.get("m", torch.zeros_like(p)) + (1 - b1) * p.grad
                s["v"] = b2 * s.get("v", torch.zeros_like(p)) + (1 - b2) * p.grad.pow(2)
                p.mul_(1 + group["lr"] * group["weight_decay"])
                m_hat = s["m"] / (1 - b1 ** s["t"])
                v_hat = s["v"] / (1 - b2 ** s["t"])
                p.addcdiv_(m_hat, v_hat.sqrt() + group["eps"], value=-group["lr"])
