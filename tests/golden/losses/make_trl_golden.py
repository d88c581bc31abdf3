#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes golden values of the losses as Hugging Face TRL computes and differentiates them, in float32.

TRL's own methods run: a trainer that was never constructed gets the attributes that its loss reads, and models that
return given log-probs or logits. The values here are from trl 1.16.0, torch 2.15.0 and transformers 5.23.0 on a CPU.
Needs those and numpy; run it from any folder, after make_group_golden.py; it writes the files next to itself.

trl_pairs.npy, trl_unpaired.npy [S, 3 + 3 L]: two rows per example. A row: the index of its batch, the response's number
of tokens n, its score (in a pair 1 for chosen, 0 for rejected; unpaired 1 or 0, and NaN for the mismatched response
that follows), then for each of L places, n of them in use, the policy's log-probs, the reference's, and the policy's
log sum of squares. All are multiples of 2^-12, so that float32 sums them exactly; log-ratios of responses are within
+-20.
trl_NAME.npy [S, 1 + L]: the loss of the row's batch, and its derivatives with respect to the policy's token log-probs.
trl_world_NAME.npy [1 + V * V]: mean loss and gradient of the world of make_group_golden.py, through TRL's LM head.

If TRL's definition differs from this library's, the values are TRL's and the test states the difference:
- `sigmoid` ignores label_smoothing; TRL smooths labels only in `aot`, `aot_unpaired` and CPO.
- `sft` is the mean over all tokens of a batch, here the mean over responses of their means.
- ORPO's supervised term also covers the prompt, and is the mean over all tokens of a batch; CPO's is the latter too.
- the alpha divergence's exponent stops at 80 in TRL, beyond these log-ratios.
Not run, because TRL 1.16 no longer has them: BCO with its shift, KTO of pairs. Not run, because this library has no
such loss: KTO's apo_zero_unpaired, AlphaPO, CPO's hinge and ipo, TPO.
"""
import math
import pathlib
from collections import defaultdict
from types import SimpleNamespace

import numpy
import torch
import trl
from trl.experimental.cpo import CPOTrainer
from trl.experimental.orpo import ORPOTrainer
from trl.trainer.dpo_trainer import DPOTrainer
from trl.trainer.kto_trainer import KTOTrainer
from trl.trainer.utils import FusedCausalLMOutput, add_fused_lm_head

assert trl.__version__ == "1.16.0", "the attributes below are those that this version reads"

HERE = pathlib.Path(__file__).parent
PROMPT = 2  # tokens
LONGEST = 6  # response, in tokens
QUANTUM = 2.0**-12


def save(name, array):
    numpy.save(HERE / f"trl_{name}.npy", numpy.ascontiguousarray(array, dtype=numpy.float32))


# --- inputs of the losses --------------------------------------------------------------------------------------------


def quantized(x):
    return numpy.round(x / QUANTUM) * QUANTUM


def make_row(random, batch, score, log_ratio):
    """The log-ratio is spread unevenly over the tokens; all log-probs stay below -1/8."""
    n = int(random.integers(1, LONGEST + 1))
    shares = quantized(random.normal(0, 1, n))
    shares[0] += quantized(log_ratio) - shares.sum()
    policy = quantized(-0.125 - random.gamma(2, 1, n) - numpy.maximum(-shares, 0))
    square_sums = quantized(numpy.maximum(2 * policy, -3) * random.uniform(0, 1, n))
    row = numpy.zeros((3, LONGEST))
    row[:, :n] = policy, policy - shares, square_sums
    return numpy.concatenate([[batch, n, score], row.reshape(-1)])


def make_pairs():
    random = numpy.random.default_rng(20250117)
    corners = [-20.0, -3.0, 0.0, 0.5, 20.0]
    batches = [[(c, j)] for c in corners for j in corners]
    batches += [random.uniform(-12, 12, (size, 2)) for size in (3, 8)]
    return numpy.stack([make_row(random, b, score, ratio) for b, batch in enumerate(batches)
                        for pair in batch for score, ratio in zip((1, 0), pair)])


def make_unpaired():
    random = numpy.random.default_rng(20250118)
    rows = []
    for b, (size, moved) in enumerate([(1, 2), (1, -2), (4, 3), (6, -1), (9, 1)]):
        for e in range(size):
            rows.append(make_row(random, b, (e + b) % 2, random.uniform(-20, 20)))
            rows.append(make_row(random, b, math.nan, numpy.clip(random.normal(moved, 4), -20, 20)))
    return numpy.stack(rows)


class Rows:
    """The rows of one batch as tensors; losses are differentiated with respect to `policy`."""

    def __init__(self, rows):
        numbers = torch.tensor(rows, dtype=torch.float32)
        self.lengths = numbers[:, 1].long()
        self.labels = numbers[::2, 2] > 0
        policy, self.reference, self.square_sums = numbers[:, 3:].reshape(-1, 3, LONGEST).unbind(1)
        self.policy = policy.clone().requires_grad_()

    def tokens(self, rows):
        """Sequences of these rows: the row's number, then as many zeros as prompt and response need, padded."""
        ids = torch.zeros(len(rows), PROMPT + LONGEST, dtype=torch.long)
        ids[:, 0] = rows
        places = torch.arange(PROMPT + LONGEST)
        ends = PROMPT + self.lengths[rows, None]
        return {"input_ids": ids, "attention_mask": (places < ends).long(),
                "completion_mask": ((places >= PROMPT) & (places < ends)).long()}

    @property
    def chosen_then_rejected(self):
        every = torch.arange(len(self.lengths))
        return torch.cat([every[::2], every[1::2]])


def at_targets(responses, of_prompt=0.0):
    """[B, L] of response tokens as [B, PROMPT - 1 + L] of the tokens that follow each place."""
    return torch.nn.functional.pad(responses, (PROMPT - 1, 0), value=of_prompt)


# --- stubs -----------------------------------------------------------------------------------------------------------


class Accelerator:
    device = torch.device("cpu")

    @staticmethod
    def gather(x):
        return x

    gather_for_metrics = gather


class GivenLogProbs:
    """Answers a sequence with the log-probs of the row that its first token names, as TRL's LM head would."""

    training = True
    is_gradient_checkpointing = False

    def __init__(self, log_probs, square_sums):
        self.log_probs, self.square_sums = log_probs, square_sums

    def __call__(self, input_ids, labels, **_):
        unread = labels[:, 1:] == -100
        answer = lambda numbers: at_targets(numbers[input_ids[:, 0]]).masked_fill(unread, 0)
        nothing = torch.zeros(unread.shape)
        return FusedCausalLMOutput(log_probs=answer(self.log_probs), log_sum_sq_probs=answer(self.square_sums),
                                   entropy=nothing, mean_logits=nothing, is_top1=nothing.bool())


class GivenLogits:
    """Answers with logits over two tokens: token 0 gets the row's log-probs, in the prompt one half."""

    def __init__(self, log_probs):
        self.log_probs = log_probs

    def __call__(self, input_ids, **_):
        p = at_targets(self.log_probs.double()[input_ids[:, 0]], math.log(0.5))
        p = p.where(p < 0, -1.0)  # places without a token
        log_odds = p - torch.log(-torch.expm1(p))
        logits = torch.stack([log_odds, torch.zeros_like(p)], dim=-1)
        return SimpleNamespace(logits=torch.nn.functional.pad(logits, (0, 0, 0, 1)).float())


def unconstructed(trainer, **attributes):
    stub = object.__new__(trainer)
    stub.__dict__.update(accelerator=Accelerator, aux_loss_enabled=False, _total_train_tokens=0, _tp_size=1,
                         _metrics=defaultdict(lambda: defaultdict(list)), **attributes)
    return stub


# --- the trainers' losses --------------------------------------------------------------------------------------------


def dpo_trainer(policy, reference, loss_type="sigmoid", beta=0.1, discopop_tau=0.05, **settings):
    kinds = loss_type if isinstance(loss_type, list) else [loss_type]
    attributes = dict(loss_types=kinds, loss_weights=[1.0] * len(kinds), beta=beta, ld_alpha=None, label_smoothing=0.0,
                      f_divergence_type="reverse_kl", f_alpha_divergence_coef=0.5, use_weighting=False,
                      precompute_ref_logps=False, model=policy, ref_model=reference,
                      args=SimpleNamespace(gradient_checkpointing_kwargs=None, discopop_tau=discopop_tau))
    return unconstructed(DPOTrainer, **{**attributes, **settings})


def dpo(**settings):
    def loss(rows):
        policy = GivenLogProbs(rows.policy, rows.square_sums)
        trainer = dpo_trainer(policy, GivenLogProbs(rows.reference, rows.square_sums), **settings)
        return trainer._compute_loss(policy, rows.tokens(rows.chosen_then_rejected), return_outputs=False)
    return loss


def kto(beta=0.1, **weights):
    def loss(rows):
        every = torch.arange(len(rows.lengths))
        inputs = rows.tokens(every[::2])
        inputs.update({f"KL_{key}": ids for key, ids in rows.tokens(every[1::2]).items()}, label=rows.labels)
        policy, reference = (GivenLogProbs(p, rows.square_sums) for p in (rows.policy, rows.reference))
        trainer = unconstructed(KTOTrainer, model=policy, ref_model=reference, loss_type="kto", calculate_KL=True,
                                precompute_ref_logps=False, beta=beta,
                                args=SimpleNamespace(gradient_checkpointing_kwargs=None),
                                **{"desirable_weight": 1.0, "undesirable_weight": 1.0, **weights})
        return trainer._compute_loss(policy, inputs, return_outputs=False)
    return loss


def unreferenced(trainer, rows, loss_of):
    """A loss of the trainers that read logits and no reference; their labels are only the response's tokens."""
    every, batch = torch.arange(len(rows.lengths)), {}
    for side, first in (("chosen", 0), ("rejected", 1)):
        tokens = rows.tokens(every[first::2])
        batch[f"{side}_input_ids"], batch[f"{side}_attention_mask"] = tokens["input_ids"], tokens["attention_mask"]
        batch[f"{side}_labels"] = tokens["input_ids"].masked_fill(tokens["completion_mask"] == 0, -100)
    return loss_of(trainer, GivenLogits(rows.policy), batch)


def cpo(**settings):
    attributes = dict(loss_type="sigmoid", beta=0.1, label_smoothing=0.0, cpo_alpha=0.0, alpha=0.0, pad_token_id=0,
                      is_encoder_decoder=False)
    trainer = unconstructed(CPOTrainer, **{**attributes, **settings})
    return lambda rows: unreferenced(trainer, rows, lambda *given: CPOTrainer.get_batch_loss_metrics(*given)[0])


def orpo(whole):
    trainer = unconstructed(ORPOTrainer, beta=0.1, padding_value=0, is_encoder_decoder=False)

    def preference_term(trainer, model, batch):
        chosen, rejected = trainer.concatenated_forward(model, batch)[:2]
        return -trainer.odds_ratio_loss(chosen, rejected)[0].mean()  # TRL has the opposite sign

    loss_of = (lambda *given: ORPOTrainer.get_batch_loss_metrics(*given)[0]) if whole else preference_term
    return lambda rows: unreferenced(trainer, rows, loss_of)


def under(divergence, alpha=0.5, **settings):
    return dpo(f_divergence_type=divergence, f_alpha_divergence_coef=alpha, **settings)


PAIRS = {
    "dpo": dpo(),
    "dpo_sharp": dpo(beta=1.0),
    "dpo_told_to_smooth": dpo(label_smoothing=0.1),
    "hinge": dpo(loss_type="hinge"),
    "ipo": dpo(loss_type="ipo"),
    "length_normalized_dpo": dpo(loss_type="sigmoid_norm", beta=5.0),
    "robust_dpo": dpo(loss_type="robust", label_smoothing=0.1),
    "exo_pair": dpo(loss_type="exo_pair", label_smoothing=1e-3),
    "discopop": dpo(loss_type="discopop"),
    "nca_pair": dpo(loss_type="nca_pair"),
    "bco_pair": dpo(loss_type="bco_pair"),
    "sppo_hard": dpo(loss_type="sppo_hard"),
    "apo_zero": dpo(loss_type="apo_zero"),
    "apo_down": dpo(loss_type="apo_down"),
    "aot": dpo(loss_type="aot"),
    "aot_smoothed": dpo(loss_type="aot", label_smoothing=0.1),
    "aot_unpaired": dpo(loss_type="aot_unpaired"),
    "aot_unpaired_smoothed": dpo(loss_type="aot_unpaired", label_smoothing=0.1),
    "sft": dpo(loss_type="sft"),
    "weighted_sum": dpo(loss_type=["sigmoid", "bco_pair", "ipo"], loss_weights=[0.8, 0.2, 0.05]),
    "wpo_dpo": dpo(use_weighting=True),
    "wpo_ipo": dpo(use_weighting=True, loss_type="ipo"),
    "ld_dpo": dpo(ld_alpha=0.3),
    "ld_apo_zero": dpo(ld_alpha=0.0, loss_type="apo_zero"),
    "forward_kl_dpo": under("forward_kl"),
    "forward_kl_hinge": under("forward_kl", loss_type="hinge"),
    "forward_kl_ipo": under("forward_kl", loss_type="ipo"),
    "js_dpo": under("js_divergence"),
    "js_hinge": under("js_divergence", loss_type="hinge"),
    "js_ipo": under("js_divergence", loss_type="ipo"),
    "js_length_normalized_dpo": under("js_divergence", loss_type="sigmoid_norm", beta=5.0),
    "alpha_half_dpo": under("alpha_divergence"),
    "alpha_half_hinge": under("alpha_divergence", loss_type="hinge"),
    "alpha_half_ipo": under("alpha_divergence", loss_type="ipo"),
    "alpha_one_dpo": under("alpha_divergence", alpha=1.0),
    "alpha_two_dpo": under("alpha_divergence", alpha=2.0),
    "cpo": cpo(),
    "cpo_smoothed": cpo(label_smoothing=0.1),
    "cpo_whole": cpo(cpo_alpha=1.0),
    "simpo": cpo(loss_type="simpo", beta=2.0, simpo_gamma=0.5),
    "orpo": orpo(whole=False),
    "orpo_whole": orpo(whole=True),
}
UNPAIRED = {"kto": kto(), "kto_weighted": kto(desirable_weight=1.5, undesirable_weight=0.5)}


def write(name, given, loss):
    results = []
    for batch in numpy.unique(given[:, 0]):
        rows = Rows(given[given[:, 0] == batch])
        value = loss(rows)
        slopes = torch.autograd.grad(value, rows.policy)[0]
        results.append(torch.cat([value.detach().expand(len(slopes), 1), slopes], dim=1))
    save(name, torch.cat(results).numpy())


# --- a bigram world through TRL's LM head ----------------------------------------------------------------------------


class Bigram(torch.nn.Module):
    """Hidden states that identify the preceding token, and a head that holds the logits."""

    is_gradient_checkpointing = False
    config = SimpleNamespace(get_text_config=SimpleNamespace)

    def __init__(self, logits):
        super().__init__()
        self.logits = logits
        add_fused_lm_head(self, outputs=("entropy", "mean_logits", "is_top1", "log_sum_sq_probs"))

    def forward(self):
        raise NotImplementedError("only the fused head is asked")

    def base_model(self, input_ids, **_):
        return SimpleNamespace(last_hidden_state=torch.nn.functional.one_hot(input_ids, len(self.logits)).float())

    def get_output_embeddings(self):
        return SimpleNamespace(weight=self.logits.T, bias=None)


def world_inputs():
    """The chosen sequences, then the rejected ones."""
    ids, masks = [], []
    for side in (0, 1):
        for row in numpy.load(HERE / "world_pairs.npy").astype(int):
            prompt, chosen, rejected = numpy.split(row[3:3 + row[:3].sum()], numpy.cumsum(row[:2]))
            response = (chosen, rejected)[side]
            ids.append(torch.tensor(numpy.concatenate([prompt, response])))
            masks.append(torch.tensor([0] * len(prompt) + [1] * len(response)))
    padded = lambda parts: torch.nn.utils.rnn.pad_sequence(parts, batch_first=True)
    return {"input_ids": padded(ids), "completion_mask": padded(masks),
            "attention_mask": padded([torch.ones_like(one) for one in ids])}


WORLD = {"dpo": {}, "ld_dpo": {"ld_alpha": 0.3}, "wpo": {"use_weighting": True}}


def write_world():
    numbers = [torch.tensor(numpy.load(HERE / f"world_{name}.npy")).float() for name in ("logits", "reference")]
    numbers[0].requires_grad_()
    policy, reference = (Bigram(logits) for logits in numbers)
    for name, settings in WORLD.items():
        trainer = dpo_trainer(policy, reference, beta=0.5, **settings)
        value = trainer._compute_loss(policy, world_inputs(), return_outputs=False)
        gradient = torch.autograd.grad(value, numbers[0])[0]
        save(f"world_{name}", torch.cat([value.detach().reshape(1), gradient.reshape(-1)]).numpy())


if __name__ == "__main__":
    for name, given, losses in (("pairs", make_pairs(), PAIRS), ("unpaired", make_unpaired(), UNPAIRED)):
        save(name, given)
        for loss in losses:
            write(loss, given, losses[loss])
    write_world()
