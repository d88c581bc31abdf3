#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the golden values of losses beyond the single pair: formulas in PyTorch, differentiated in float64.

lists.npy [E, K, 3]: policy, reference, score of K responses each; list_NAME.npy [E, 1 + K]: loss and its derivatives.
batch.npy [P, 4]: a step's pairs as in pairs.npy; batch_NAME.npy [P, 3]: each pair's loss, and the derivatives of the
losses' sum with respect to policy chosen and policy rejected.
unpaired.npy [E, 5]: policy, reference, label, and policy and reference of a mismatched response; unpaired_NAME.npy
[E, 2]: each loss, and the derivative of their sum with respect to policy.
divergence_NAME.npy [P, 3]: the pairs of pairs.npy if the exact value is finite in float64, otherwise not a number.
world_*.npy: a bigram world of V tokens: logits and reference logits [V, V], and pairs as one row of token ids each
(prompt length, chosen length, rejected length, then the ids); world_NAME.npy [1 + V * V]: mean loss and gradient.

Needs torch and numpy. Run it from any folder, after make_golden.py; it writes the files next to itself.
"""
import pathlib

import numpy
import torch
from torch.nn.functional import logsigmoid

HERE = pathlib.Path(__file__).parent


def save(name, *columns):
    rows = [column.detach().numpy() for column in columns]
    numpy.save(HERE / f"{name}.npy", numpy.ascontiguousarray(numpy.concatenate(rows, axis=-1)))


def slopes_of(total, variable):
    return torch.autograd.grad(total, variable, allow_unused=True)[0]


# --- lists ---------------------------------------------------------------------------------------------------------


def make_lists():
    random = numpy.random.default_rng(20240202)
    reference = -random.gamma(2.0, 40.0, size=(24, 5))
    policy = reference + random.normal(0, 8, size=reference.shape)
    policy[20] = reference[20]  # the policy is the reference
    policy[21, 0] = reference[21, 0] + 1000
    policy[22, 4] = reference[22, 4] - 1000
    scores = numpy.stack([random.permutation([0.0, 0.25, 0.5, 0.75, 1.0]) for _ in range(24)])
    return numpy.stack([policy, reference, scores], axis=-1)


def plackett_luce(beta):
    def loss(r, scores):
        ranked = beta * r[torch.argsort(scores, descending=True)]
        return -sum(ranked[k] - torch.logsumexp(ranked[k:], 0) for k in range(len(ranked) - 1))
    return loss


def s_dpo(beta):
    def loss(r, scores):
        best = int(torch.argmax(scores))
        others = torch.cat([r[:best], r[best + 1:]])
        return -logsigmoid(-torch.logsumexp(beta * (others - r[best]), 0))
    return loss


def lipo_lambda(beta):
    def loss(r, scores):
        ranks = torch.argsort(torch.argsort(-r, stable=True)).double() + 1
        discount = 1 / torch.log(1 + ranks)
        total = 0.0 * r.sum()
        for i in range(len(r)):
            for j in range(len(r)):
                if scores[i] > scores[j]:
                    weight = abs(2 ** scores[i] - 2 ** scores[j]) * abs(discount[i] - discount[j])
                    total = total - weight * logsigmoid(beta * (r[i] - r[j]))
        return total
    return loss


LISTS = {"plackett_luce_dpo": plackett_luce(0.1), "s_dpo": s_dpo(0.3), "lipo_lambda": lipo_lambda(0.2)}


def write_lists():
    lists = make_lists()
    numpy.save(HERE / "lists.npy", lists)
    for name, loss in LISTS.items():
        rows = []
        for one in torch.tensor(lists):
            policy = one[:, 0].clone().requires_grad_()
            value = loss(policy - one[:, 1], one[:, 2])
            rows.append(torch.cat([value.reshape(1), slopes_of(value, policy)]))
        save(f"list_{name}", torch.stack(rows))


# --- batches of pairs ------------------------------------------------------------------------------------------------


def smoothed(z, e):
    return -(1 - e) * logsigmoid(z) - e * logsigmoid(-z)


def aot(beta, e):
    def loss(pc, pr, rc, rr):
        order = torch.argsort(pc - pr, stable=True)
        reference = torch.sort(rc - rr).values
        h = torch.empty_like(pc)
        h[order] = (pc - pr)[order] - reference
        return smoothed(beta * h, e)
    return loss


def aot_unpaired(beta, e):
    def loss(pc, pr, rc, rr):
        order = torch.argsort(pc - rc, stable=True)
        worse = torch.sort(pr - rr).values
        h = torch.empty_like(pc)
        h[order] = (pc - rc)[order] - worse
        return smoothed(beta * h, e)
    return loss


def bco(beta, steps_before):
    """The shift after `steps_before` steps with the same pairs and this one is the mean of their rewards."""
    def loss(pc, pr, rc, rr):
        shift = beta * torch.cat([pc - rc, pr - rr]).mean().detach()
        return -logsigmoid(beta * (pc - rc) - shift) - logsigmoid(-(beta * (pr - rr) - shift))
    return loss


def kto_pair(beta):
    def loss(pc, pr, rc, rr):
        c, j = pc - rc, pr - rr
        z_c, z_j = c.mean().clamp(min=0).detach(), j.mean().clamp(min=0).detach()
        return (1 - torch.sigmoid(beta * (c - z_j))) / 2 + (1 - torch.sigmoid(beta * (z_c - j))) / 2
    return loss


def beta_dpo(beta, a):
    """Without filtering, in its first step: M is a tenth of the mean margin."""
    def loss(pc, pr, rc, rr):
        h = (pc - rc) - (pr - rr)
        steered = (beta * (1 + a * (h.mean() - 0.1 * h.mean()))).clamp(min=1e-3).detach()
        return -logsigmoid(steered * h)
    return loss


BATCHES = {
    "aot": aot(0.1, 0.0),
    "aot_smoothed": aot(0.1, 0.1),
    "aot_unpaired": aot_unpaired(0.1, 0.0),
    "bco": bco(0.1, 0),
    "kto_pair": kto_pair(0.1),
    "beta_dpo": beta_dpo(0.1, 0.6),
}


def write_batches():
    pairs = numpy.load(HERE / "pairs.npy")[:40]
    pairs[:, 0] += 4  # a policy that has begun to learn
    numpy.save(HERE / "batch.npy", pairs)
    for name, loss in BATCHES.items():
        columns = [torch.tensor(column.copy(), requires_grad=True) for column in pairs.T]
        values = loss(*columns)
        save(f"batch_{name}", torch.stack([values, *torch.autograd.grad(values.sum(), columns[:2])], dim=1))


# --- unpaired --------------------------------------------------------------------------------------------------------


def write_unpaired():
    random = numpy.random.default_rng(20240202)
    reference = -random.gamma(2.0, 40.0, size=(32, 2))
    policy = reference + random.normal(1.5, 8, size=reference.shape)
    label = random.integers(0, 2, size=32).astype(float)
    data = numpy.stack([policy[:, 0], reference[:, 0], label, policy[:, 1], reference[:, 1]], axis=1)
    numpy.save(HERE / "unpaired.npy", data)
    columns = [torch.tensor(column.copy(), requires_grad=True) for column in data.T]
    own, desirable = columns[0] - columns[1], columns[2] > 0

    def write(name, values):
        save(f"unpaired_{name}", torch.stack([values, slopes_of(values.sum(), columns[0])], dim=1))

    z = (columns[3] - columns[4]).mean().clamp(min=0).detach()
    assert z > 0
    write("kto", torch.where(desirable, 1.5 * (1 - torch.sigmoid(0.1 * (own - z))),
                             0.5 * (1 - torch.sigmoid(0.1 * (z - own)))))
    shift = (0.1 * own).mean().detach()
    write("bco", torch.where(desirable, -logsigmoid(0.1 * own - shift), -logsigmoid(-(0.1 * own - shift))))


# --- f-divergences ---------------------------------------------------------------------------------------------------

SCORES = {
    "forward_kl": lambda r: -torch.exp(-r),
    "js": lambda r: logsigmoid(r),
    "alpha_half": lambda r: (torch.exp(-0.5 * r) - 1) / -0.5,
    "alpha_two": lambda r: torch.exp(r) - 1,
}


def write_divergences():
    pairs = numpy.load(HERE / "pairs.npy")
    losses = {"dpo": lambda h: -logsigmoid(0.1 * h), "hinge": lambda h: torch.relu(1 - 0.5 * h)}
    for divergence, score in SCORES.items():
        for name, loss in losses.items():
            columns = [torch.tensor(column.copy(), requires_grad=True) for column in pairs.T]
            values = loss(score(columns[0] - columns[2]) - score(columns[1] - columns[3]))
            slopes = torch.autograd.grad(values.sum(), columns[:2])
            rows = torch.stack([values, *slopes], dim=1)
            rows[~torch.isfinite(rows).all(dim=1)] = float("nan")
            save(f"divergence_{name}_{divergence}", rows)


# --- a bigram world, from logits to the gradient of the mean loss ----------------------------------------------------


class World:
    def __init__(self, size=6, pairs=7):
        random = numpy.random.default_rng(20241031)
        self.logits = torch.tensor(random.normal(size=(size, size)), requires_grad=True)
        self.reference = torch.tensor(random.normal(size=(size, size)))
        self.pairs = []
        for _ in range(pairs):
            lengths = random.integers([1, 1, 1], [4, 6, 6])
            self.pairs.append([random.integers(0, size, length) for length in lengths])
        longest = 3 + max(sum(len(part) for part in pair) for pair in self.pairs)
        rows = numpy.full((pairs, longest), -1, dtype=numpy.float64)
        for row, pair in zip(rows, self.pairs):
            flat = numpy.concatenate([[len(part) for part in pair], *pair])
            row[:len(flat)] = flat
        numpy.save(HERE / "world_logits.npy", self.logits.detach().numpy())
        numpy.save(HERE / "world_reference.npy", self.reference.numpy())
        numpy.save(HERE / "world_pairs.npy", rows)

    def sides(self, prompt, *responses):
        """Per response: token log-probs of policy and reference, log sum of squares, KL(reference || policy)."""
        policy, reference = self.logits.log_softmax(1), self.reference.log_softmax(1)
        for response in responses:
            before = numpy.concatenate([prompt, response])[len(prompt) - 1:-1]
            kl = (reference.exp() * (reference - policy)).sum(1)
            yield (policy[before, response], reference[before, response], torch.logsumexp(2 * policy, 1)[before],
                   kl[before])

    def mean(self, loss):
        return torch.stack([loss(*self.sides(*pair)) for pair in self.pairs]).mean()


def margin(c, j, tail=None):
    shared = min(len(c[0]), len(j[0]))
    weight = lambda n: torch.tensor([1.0 if t < shared or tail is None else tail for t in range(n)], dtype=torch.float64)
    ratio = lambda side: ((side[0] - side[1]) * weight(len(side[0]))).sum()
    return ratio(c) - ratio(j)


def wpo_weight(*sides):
    return torch.exp(sum((side[0] - side[2]).mean() for side in sides)).detach()


def dpo_loss(c, j, beta=0.5):
    return -logsigmoid(beta * margin(c, j))


def sft_loss(c, _):
    return -c[0].mean()


def ipo_loss(c, j, beta=0.3):
    return ((c[0] - c[1]).mean() - (j[0] - j[1]).mean() - 1 / (2 * beta)) ** 2


WORLD = {
    "ld_dpo": lambda c, j: -logsigmoid(0.5 * margin(c, j, 0.3)),
    "wpo": lambda c, j: wpo_weight(c, j) * dpo_loss(c, j),
    "tdpo1": lambda c, j: -logsigmoid(0.5 * (margin(c, j) - (j[3].sum() - c[3].sum()))),
    "tdpo2": lambda c, j: -logsigmoid(0.5 * (margin(c, j) - 0.7 * (j[3].sum() - c[3].sum().detach()))),
    "sum": lambda c, j: 0.8 * dpo_loss(c, j) + 0.2 * ipo_loss(c, j) + 1.0 * sft_loss(c, j),
}


def write_world():
    world = World()
    for name, loss in WORLD.items():
        value = world.mean(loss)
        gradient = torch.autograd.grad(value, world.logits)[0]
        save(f"world_{name}", torch.cat([value.reshape(1), gradient.reshape(-1)]))


if __name__ == "__main__":
    write_lists()
    write_batches()
    write_unpaired()
    write_divergences()
    write_world()
