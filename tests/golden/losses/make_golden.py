#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the golden values of the pairwise losses: their formulas in PyTorch, differentiated by autograd in float64.

pairs.npy [P, 4]: policy chosen, policy rejected, reference chosen, reference rejected, in nats.
NAME.npy [P, 3]: loss, its derivatives with respect to policy chosen and policy rejected, for each pair alone.

Needs torch and numpy. Run it from any folder; it writes the files next to itself.
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


def robust_dpo(beta, e):
    def loss(*pair):
        z = beta * margin(*pair)
        return (-(1 - e) * logsigmoid(z) + e * logsigmoid(-z)) / (1 - 2 * e)
    return loss


def exo_pair(beta, e):
    def loss(*pair):
        z = beta * margin(*pair)
        right, wrong = numpy.log(1 - e), numpy.log(e)
        return torch.sigmoid(z) * (logsigmoid(z) - right) + torch.sigmoid(-z) * (logsigmoid(-z) - wrong)
    return loss


def of_rewards(formula):
    """A loss of beta times the log-ratios of both responses."""
    return lambda beta: lambda pc, pr, rc, rr: formula(beta * (pc - rc), beta * (pr - rr), beta)


nca_pair = of_rewards(lambda c, j, _: -logsigmoid(c) - 0.5 * logsigmoid(-c) - 0.5 * logsigmoid(-j))
bco_pair = of_rewards(lambda c, j, _: -logsigmoid(c) - logsigmoid(-j))
sppo_hard = of_rewards(lambda c, j, beta: ((c - 0.5) / beta) ** 2 + ((j + 0.5) / beta) ** 2)
apo_zero = of_rewards(lambda c, j, _: torch.sigmoid(-c) + torch.sigmoid(j))
apo_down = of_rewards(lambda c, j, _: torch.sigmoid(c) + torch.sigmoid(j - c))


def discopop(beta, temperature):
    def loss(*pair):
        z = beta * margin(*pair)
        u = z / temperature
        return -logsigmoid(z) * torch.sigmoid(-u) + torch.exp(-z + logsigmoid(u))
    return loss


def dpop(beta, weight):
    def loss(pc, pr, rc, rr):
        return -logsigmoid(beta * (margin(pc, pr, rc, rr) - weight * torch.relu(rc - pc)))
    return loss


def simpo(beta, gamma):
    return lambda pc, pr, *_: -logsigmoid(beta * (pc - pr) - gamma)


def cpo(beta, e):
    def loss(pc, pr, *_):
        z = beta * (pc - pr)
        return -(1 - e) * logsigmoid(z) - e * logsigmoid(-z)
    return loss


def orpo(beta):
    def log_odds(p):
        return p - torch.where(p > -0.5, torch.log(-torch.expm1(p)), torch.log1p(-torch.exp(p)))
    return lambda pc, pr, *_: -beta * logsigmoid(log_odds(pc) - log_odds(pr))


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
    "robust_dpo": robust_dpo(0.1, 0.1),
    "exo_pair": exo_pair(0.1, 1e-3),
    "nca_pair": nca_pair(0.1),
    "bco_pair": bco_pair(0.1),
    "sppo_hard": sppo_hard(0.1),
    "apo_zero": apo_zero(0.1),
    "apo_down": apo_down(0.1),
    "discopop": discopop(0.1, 0.05),
    "length_normalized_dpo": dpo(5.0),
    "dpop": dpop(0.1, 50.0),
    "simpo": simpo(2.0, 0.5),
    "cpo": cpo(0.1, 0.1),
    "orpo": orpo(0.1),
    "summed_ipo": ipo(0.2),
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
