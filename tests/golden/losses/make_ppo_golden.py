#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes golden values of PPO, from token ids to gradients, as TRL's PPOTrainer computes and PyTorch differentiates
them in float64.

TRL has its formulas in the middle of `PPOTrainer.train`; the lines of its source that compute rewards, advantages and
losses run unchanged, on tensors of a bigram world. TRL removes PPO after 1.0; the values here are from trl 1.0.0 and
torch 2.15.0 on a CPU (`pip install --no-deps --target DIR trl==1.0.0` and PYTHONPATH=DIR, in addition to TRL 1.16's
dependencies). Run it from any folder; it writes the files next to itself.

In one respect this library differs from TRL: there a response that ends before the longest of its batch earns its
score one token after its last, where the critic is evaluated once more. Here the last token earns it, as in TRL for the
longest. So the lines run with sequence_lengths_p1 = sequence_lengths.

ppo_terms.npy [N, 10]: log-prob, old log-prob, advantage, value, old value, return (cliprange 0.2, cliprange_value 0.5),
then the policy's loss and its derivative, the critic's and its derivative.
ppo_logits.npy [3, V, V]: of the policy, of the policy that wrote the responses, of the reference.
ppo_values.npy [2, V]: the critic's table now, and when the responses were written.
ppo_responses.npy [E, 3 + L]: prompt length, response length, score, then the ids of both, then -1.
ppo_advantages_NAME.npy [2, M]: advantages and returns, response by response.
ppo_world_NAME.npy [7 + V * V + V]: loss, policy loss, value loss, share of tokens clipped in each, mean ratio, mean
squared log-ratio; gradients with respect to the logits and to the critic's table.
NAME is k1 or k3_whitened, the latter with whiten_rewards, a penalty of 0.7 for responses without token 0, and other
hyper-parameters; tests/loss/ppo_golden_test.cpp describes both.
"""
import dataclasses
import inspect
import pathlib
import textwrap
from types import SimpleNamespace

import numpy
import torch
import trl
from trl.experimental.ppo import PPOConfig, ppo_trainer

assert trl.__version__ == "1.0.0", "the lines below are cut from this version's source"

torch.set_default_dtype(torch.float64)  # a quotient of counts, as in TRL's masked_var, has the default type

HERE = pathlib.Path(__file__).parent
V = 6
DEFAULTS = {"kl_coef": 0.05, "kl_estimator": "k1", "cliprange": 0.2, "vf_coef": 0.1, "cliprange_value": 0.2,
            "gamma": 1.0, "lam": 0.95, "num_ppo_epochs": 4, "num_mini_batches": 1, "whiten_rewards": False,
            "missing_eos_penalty": None}
for field in dataclasses.fields(PPOConfig):
    assert DEFAULTS.get(field.name, field.default) == field.default, f"TRL's default of {field.name}"


def save(name, *parts):
    parts = [torch.as_tensor(part, dtype=torch.float64).detach().reshape(-1) for part in parts]
    numpy.save(HERE / f"ppo_{name}.npy", torch.cat(parts).numpy())


def trl_lines(first, last):
    """The source of PPOTrainer.train from the line that begins with `first` to that with `last`."""
    lines = inspect.getsource(ppo_trainer.PPOTrainer.train).splitlines()
    begins = [number for number, line in enumerate(lines) if line.strip().startswith(first)]
    ends = [number for number, line in enumerate(lines) if line.strip().startswith(last)]
    assert len(begins) == 1 and len(ends) == 1, (first, last)
    return textwrap.dedent("\n".join(lines[begins[0]:ends[0] + 1]))


ADVANTAGES = trl_lines("# 4. compute rewards", "advantages = torch.masked_fill(advantages, padding_mask, 0)")
LOSSES = trl_lines("vpredclipped = torch.clamp(", "loss = pg_loss + args.vf_coef * vf_loss")


def run(source, **names):
    space = {**vars(ppo_trainer), **names}
    exec(source, space)
    return SimpleNamespace(**space)


# --- one token -------------------------------------------------------------------------------------------------------


def write_terms():
    random = numpy.random.default_rng(20250101)
    n = 64
    old = -random.gamma(2.0, 1.0, n)
    rows = numpy.stack([old + random.normal(0, 0.3, n), old, random.normal(0, 2, n), numpy.zeros(n),
                        random.normal(0, 1, n), random.normal(0, 2, n)], axis=1)
    rows[:, 3] = rows[:, 4] + random.normal(0, 0.7, n)
    rows[60:, 0] = rows[60:, 1]  # the policy has not changed
    token = torch.tensor(rows)
    new_logprobs, vpred = token[:, 0].clone().requires_grad_(), token[:, 3].clone().requires_grad_()
    mask = torch.zeros(n, dtype=bool)
    micro_batch_inds = numpy.arange(n)
    args = SimpleNamespace(cliprange=0.2, cliprange_value=0.5, vf_coef=1.0)
    found = run(LOSSES, args=args, new_logprobs=new_logprobs, mb_logprobs=token[:, 1], mb_advantage=token[:, 2],
                vpred=vpred, mb_values=token[:, 4], mb_return=token[:, 5], padding_mask=mask, padding_mask_p1=mask,
                micro_batch_inds=micro_batch_inds)
    slopes = torch.autograd.grad(n * found.loss, [new_logprobs, vpred])
    columns = [found.pg_loss_max, slopes[0], 0.5 * found.vf_loss_max, slopes[1]]
    save("terms", torch.cat([token, torch.stack(columns, dim=1).detach()], dim=1))


# --- a bigram world --------------------------------------------------------------------------------------------------


class World:
    def __init__(self, count=9, longest=7):
        random = numpy.random.default_rng(20250102)
        old = random.normal(size=(V, V))
        logits = [old + 0.4 * random.normal(size=(V, V)), old, random.normal(size=(V, V))]
        values = random.normal(size=V)
        values = [values + 0.5 * random.normal(size=V), values]
        self.logits = torch.tensor(numpy.stack(logits))
        self.values = torch.tensor(numpy.stack(values))
        prompts = [random.integers(0, V, random.integers(1, 4)) for _ in range(3)]
        self.lengths = torch.tensor(random.integers(1, longest, count))
        self.lengths[0] = longest
        self.scores = torch.tensor(random.normal(0, 2, count))
        rows = numpy.full((count, 3 + 3 + longest), -1.0)
        self.before = torch.zeros((count, longest), dtype=torch.long)
        self.token = torch.zeros((count, longest), dtype=torch.long)
        for e, n in enumerate(self.lengths.tolist()):
            prompt, response = prompts[e % 3], random.integers(1, V, n)
            if e % 2 == 0:
                response[-1] = 0
            path = numpy.concatenate([prompt, response])
            rows[e, :3 + len(path)] = [len(prompt), n, self.scores[e].item(), *path]
            self.before[e, :n] = torch.tensor(path[len(prompt) - 1:-1])
            self.token[e, :n] = torch.tensor(response)
        numpy.save(HERE / "ppo_responses.npy", rows)
        save("logits", self.logits)
        save("values", self.values)

    def write(self, name, args, penalty):
        padding_mask = torch.arange(self.token.shape[1]) >= self.lengths[:, None]

        def log_probs(logits):
            return logits.log_softmax(1)[self.before, self.token].masked_fill(padding_mask, ppo_trainer.INVALID_LOGPROB)

        def critic(table):
            return table[self.before].masked_fill(padding_mask, 0)

        ends = (self.token == 0) & ~padding_mask
        scores = self.scores - penalty * ~ends.any(1)
        logprobs, values = log_probs(self.logits[1]), critic(self.values[1])
        known = run(ADVANTAGES, args=args, logprobs=logprobs, ref_logprobs=log_probs(self.logits[2]), values=values,
                    scores=scores, responses=self.token, sequence_lengths=self.lengths - 1,
                    sequence_lengths_p1=self.lengths - 1, padding_mask=padding_mask, padding_mask_p1=padding_mask)
        save(f"advantages_{name}", known.advantages[~padding_mask], known.returns[~padding_mask])
        logits, table = self.logits[0].clone().requires_grad_(), self.values[0].clone().requires_grad_()
        found = run(LOSSES, args=args, new_logprobs=log_probs(logits), mb_logprobs=logprobs,
                    mb_advantage=known.advantages, vpred=critic(table), mb_values=values, mb_return=known.returns,
                    padding_mask=padding_mask, padding_mask_p1=padding_mask, micro_batch_inds=slice(None))
        clipped = [(a > b)[~padding_mask].double().mean().item() for a, b in
                   ((found.pg_losses2, found.pg_losses), (found.vf_losses2, found.vf_losses1))]
        assert all(0 < share < 1 for share in clipped)
        of_tokens = [found.ratio[~padding_mask].mean(), (found.logprobs_diff[~padding_mask] ** 2).mean()]
        save(f"world_{name}", found.loss, found.pg_loss, found.vf_loss, clipped, *of_tokens,
             *torch.autograd.grad(found.loss, [logits, table]))


def write_worlds():
    world = World()
    plain = SimpleNamespace(**DEFAULTS)
    world.write("k1", plain, penalty=0.0)
    other = {"kl_coef": 0.3, "kl_estimator": "k3", "cliprange": 0.3, "vf_coef": 0.5, "cliprange_value": 0.4,
             "gamma": 0.9, "lam": 0.6, "whiten_rewards": True}
    world.write("k3_whitened", SimpleNamespace(**{**DEFAULTS, **other}), penalty=0.7)


if __name__ == "__main__":
    write_terms()
    write_worlds()
