#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes adamw.txt: two parameters under torch.optim.AdamW in float64, with decay on the first only, a rate that
changes from step to step, and gradients clipped by their global norm.

Lines: `initial NAME values...`, then for each step `rate X`, `gradient NAME values...`, `norm X`, `value NAME values...`.
"""
import torch

torch.manual_seed(7)
MAX_NORM = 1.5
parameters = {"weight": torch.randn(6, dtype=torch.float64, requires_grad=True),
              "bias": torch.randn(3, dtype=torch.float64, requires_grad=True)}
optimizer = torch.optim.AdamW([{"params": [parameters["weight"]], "weight_decay": 0.1},
                               {"params": [parameters["bias"]], "weight_decay": 0.0}],
                              lr=1.0, betas=(0.8, 0.97), eps=1e-3)


def line(out, *words, values):
    print(*words, *(repr(float(x)) for x in values), file=out)


with open("adamw.txt", "w") as out:
    for name, parameter in parameters.items():
        line(out, "initial", name, values=parameter.detach())
    for step in range(12):
        rate = 0.05 * (12 - step) / 12
        for group in optimizer.param_groups:
            group["lr"] = rate
        line(out, "rate", values=[rate])
        for name, parameter in parameters.items():
            parameter.grad = torch.randn_like(parameter) * 0.4 * (step % 4)
            line(out, "gradient", name, values=parameter.grad)
        norm = torch.nn.utils.clip_grad_norm_(parameters.values(), MAX_NORM)
        line(out, "norm", values=[norm])
        optimizer.step()
        for name, parameter in parameters.items():
            line(out, "value", name, values=parameter.detach())
