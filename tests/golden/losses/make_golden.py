#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the golden values of the pairwise losses: their formulas in PyTorch, differentiated by autograd in float64.

pairs.npy [P, 4]: policy chosen, policy rejected, reference chosen, reference rejected, in nats.
NAME.npy [P, 3]: loss, its derivative by policy chosen, its derivative by policy rejected, of each pair alone.

Needs torch and numpy. Run it anywhere; the files land beside it.
"""
import pathlib

import numpy
import torch
from torch.nn.functional import logsigmoid

HERE = pathlib.Path(__file__).parent


def make_pairs():
    """Ordinary pairs, then log-ratios from 1e-3 to 1e3 of either sign on either side, then exact ties."""
    random = numpy.random.default_rng(20231018)
    reference = -random.gamma(2.0, 40.0, size=(40, 2))
    ordinary = numpy.concatenate([reference + random.normal(0, 8, size=(40, 2)), reference], axis=1)
    rows = []
    for size in (1e-3, 0.1, 1.0, 5.0, 30.0, 40.0, 100.0, 1000.0):
        for chosen, rejected in ((size, 0), (-size, 0), (0, size), (0, -size), (size, -size), (-size, size)):
            rows.append([-1200.0 + chosen, -1100.0 + rejected, -1200.0, -1100.0])
    ties = [[-3.0, -7.0, -3.0, -7.0], [-0.5, -0.5, -2.5, -2.5]]
    return numpy.concatenate([ordinary, rows, ties])


def margin(pc, pr, rc, rr):
    return (pc - rc) - (pr - rr)


def dpo(beta, smoothing=0.0):
    def loss(*pair):
        z = beta * margin(*pair)
        return -(1 - smoothing) * logsigmoid(z) - smoothing * logsigmoid(-z)
    return loss


def ipo(beta):
    return lambda *pair: (margin(*pair) - 1 / (2 * beta)) ** 2


def hinge(beta):
    return lambda *pair: torch.relu(1 - beta * margin(*pair))


def sft(policy_chosen, *_):
    return -policy_chosen


LOSSES = {
    "dpo": dpo(0.1),
    "dpo_sharp": dpo(2.5),
    "dpo_smoothed": dpo(0.1, 0.1),
    "dpo_sharp_smoothed": dpo(1.0, 0.45),
    "ipo": ipo(0.1),
    "ipo_tight": ipo(0.75),
    "hinge": hinge(0.1),
    "hinge_sharp": hinge(2.0),
    "sft": sft,
}


def main():
    pairs = make_pairs()
    numpy.save(HERE / "pairs.npy", pairs)
    for name, loss in LOSSES.items():
        columns = [torch.tensor(column, requires_grad=True) for column in pairs.T.copy()]
        values = loss(*columns)
        slopes = torch.autograd.grad(values.sum(), columns[:2], allow_unused=True)
        slopes = [torch.zeros_like(values) if slope is None else slope for slope in slopes]
        numpy.save(HERE / f"{name}.npy", torch.stack([values, *slopes], dim=1).detach().numpy().copy(order="C"))


if __name__ == "__main__":
    main()
