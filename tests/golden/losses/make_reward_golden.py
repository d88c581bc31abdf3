#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the golden values of the losses of rewards: their formulas in PyTorch, differentiated by autograd in float64.

rewards.npy [P, 4]: reward of the chosen and of the rejected response, and the quality of each (its score).
reward_NAME.npy [P, 3]: loss, its derivatives with respect to the chosen and the rejected reward, for each pair alone.

    python3 make_reward_golden.py          writes them next to this script; needs torch and numpy
    python3 make_reward_golden.py --trl    compares them with TRL's own RewardTrainer.compute_loss, run in float64 on a
                                           model that returns the rewards, pair by pair and all pairs as a batch
                                           (trl 1.16.0, torch 2.15.0, transformers 5.24.0)
"""
import pathlib
import sys

import numpy
import torch
from torch.nn.functional import logsigmoid

HERE = pathlib.Path(__file__).parent

# The scale of the margin (the difference of the scores), and the coefficient that holds rewards around 0.
SETTINGS = {
    "bradley_terry": (0.0, 0.0),
    "bradley_terry_margin": (0.7, 0.0),
    "bradley_terry_centered": (0.0, 0.01),
    "bradley_terry_both": (2.0, 0.3),
}


def make_rewards():
    """Ordinary pairs, then rewards from 1e-3 to 1e3 of either sign on either side, then ties."""
    random = numpy.random.default_rng(20251125)
    ordinary = random.normal(0, 3, size=(40, 2))
    rows = [ordinary]
    for size in (1e-3, 0.1, 1.0, 5.0, 30.0, 40.0, 100.0, 1000.0):
        rows.append(size * numpy.array([[1, 0], [-1, 0], [0, 1], [0, -1], [1, -1], [-1, 1]]))
    rows.append([[0.0, 0.0], [2.5, 2.5], [-3.0, -3.0]])
    rewards = numpy.concatenate(rows)
    worse = random.normal(0, 1, size=len(rewards))
    return numpy.column_stack([rewards, worse + random.gamma(1.0, 1.0, size=len(rewards)), worse])


def bradley_terry(margin_scale, center, chosen, rejected, good, bad):
    margin = margin_scale * (good - bad)
    return -logsigmoid(chosen - rejected - margin) + center * (chosen + rejected) ** 2


def trl(margin_scale, center, chosen, rejected, good, bad):
    """The mean over the pairs, by TRL's trainer, which is not constructed but gets the attributes that it reads."""
    from collections import defaultdict
    from types import SimpleNamespace

    from trl import RewardTrainer

    class Model:
        training = True

        def __call__(self, **_):  # the chosen ones first, as in its collator
            return SimpleNamespace(logits=torch.cat([chosen, rejected]).unsqueeze(-1))

    class Accelerator:
        gather = gather_for_metrics = staticmethod(lambda numbers: numbers)

    trainer = object.__new__(RewardTrainer)
    trainer.__dict__.update(model=Model(), accelerator=Accelerator, _total_train_tokens=0, _tp_size=1,
                            args=SimpleNamespace(center_rewards_coefficient=center or None),
                            _metrics=defaultdict(lambda: defaultdict(list)))
    inputs = {"attention_mask": torch.ones(2 * len(chosen), 1)}
    if margin_scale:
        inputs["margin"] = margin_scale * (good - bad)
    return trainer.compute_loss(trainer.model, inputs)


def results(loss, rows):
    """[P, 3] for losses that are one per pair, or the mean's derivatives and the mean itself on every row."""
    columns = [torch.tensor(column, requires_grad=True) for column in rows.T.copy()]
    values = loss(*columns)
    slopes = torch.autograd.grad(values.sum(), columns[:2])
    return torch.stack([values.expand(len(rows)), *slopes], dim=1).detach().numpy().copy(order="C")


def check_against_trl():
    rewards = numpy.load(HERE / "rewards.npy")
    for name, settings in SETTINGS.items():
        ours = numpy.load(HERE / f"reward_{name}.npy")
        alone = numpy.concatenate([results(lambda *pair: trl(*settings, *pair), row[None]) for row in rewards])
        mean = results(lambda *pairs: trl(*settings, *pairs), rewards)
        batch = numpy.column_stack([numpy.full(len(ours), ours[:, 0].mean()), ours[:, 1:] / len(ours)])
        for what, theirs, expected in (("pairs", alone, ours), ("batch", mean, batch)):
            worst = (abs(theirs - expected) / numpy.maximum(abs(expected), 1e-300)).max()
            print(f"{name}, {what}: TRL is off by {worst:.1e}")
            assert worst < 1e-13


def main():
    rewards = make_rewards()
    numpy.save(HERE / "rewards.npy", rewards)
    for name, settings in SETTINGS.items():
        numpy.save(HERE / f"reward_{name}.npy", results(lambda *pairs: bradley_terry(*settings, *pairs), rewards))


if __name__ == "__main__":
    check_against_trl() if "--trl" in sys.argv else main()
