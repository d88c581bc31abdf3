# SPDX-License-Identifier: MIT
"""The hand-written PyTorch contenders of compare.py: reference cached, logits at response rows only, fused AdamW; or
with --as-trainers the reference computed alongside the policy at every step and logits at every row."""

import argparse
import time

import safetensors
import torch
import torch.nn.functional as F

import protocol
import torch_layouts
import torch_model


class Worker:
    def __init__(self, options):
        self.precision, self.layout = options.precision, torch_layouts.LAYOUTS[options.layout]
        self.device, self.as_trainers = options.device, options.as_trainers
        self.sets = protocol.read_sets(options.data, options.sets.split(","))
        self.model = self.load(options.reference)
        self.live_reference = self.model if self.as_trainers else None
        self.references = {name: self.reference(batches) for name, batches in self.sets.items()}
        self.model = self.load(options.policy)
        if options.compile:
            self.model.compile_parts()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-6, weight_decay=0, fused=True)

    def load(self, folder):
        model = torch_model.load(folder).to(self.device)
        model.head_everywhere = self.as_trainers
        return model

    def log_probs(self, pairs, model=None):
        batch = self.layout(pairs).to(self.device)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.precision == "bf16"):
            return batch.sums((model or self.model)(batch))

    @torch.no_grad()
    def reference(self, batches):
        return [self.log_probs(pairs) for pairs in batches]

    def dpo(self, policy, reference):
        (chosen, rejected), (reference_chosen, reference_rejected) = policy, reference
        margins = (chosen - reference_chosen) - (rejected - reference_rejected)
        return -F.logsigmoid(0.1 * margins).mean()

    @torch.no_grad()
    def loss(self, name, index):
        policy = self.log_probs(self.sets[name][index])
        loss = self.dpo(policy, self.references[name][index]).item()
        return {"loss": loss, "chosen": policy[0].tolist(), "rejected": policy[1].tolist()}

    def step(self, pairs, reference):
        if self.as_trainers:
            with torch.no_grad():
                reference = self.log_probs(pairs, self.live_reference)
        loss = self.dpo(self.log_probs(pairs), reference)
        return self.finish_step(loss)

    def finish_step(self, loss):
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.item()

    def timed_step(self, name, index):
        start = time.perf_counter()
        loss = self.step(self.sets[name][index], self.references[name][index])
        return {"seconds": protocol.since(start), "loss": loss}

    def language_model(self):
        """One step on plain text: 32 rows of 1,024 random tokens."""
        generator = torch.Generator().manual_seed(5)
        texts = torch.randint(self.model.vocabulary, (32, 1024), generator=generator).tolist()
        builder = torch_layouts.Builder(texts)
        builder.rectangles.append(torch_layouts.Rectangle(32, 1023))
        for i, text in enumerate(texts):
            begin = builder.add_rows(text[:-1], 0)
            builder.add_targets(begin, begin + 1, text[1:], i)
        batch = builder.finish().to(self.device)
        start = time.perf_counter()
        with torch.autocast(self.device, torch.bfloat16, enabled=self.precision == "bf16"):
            loss = -self.model(batch).mean()
        loss = self.finish_step(loss)
        return {"seconds": protocol.since(start), "loss": loss}

    def epoch(self, name):
        """One epoch over a set: the current policy is the reference, computed once, then every batch."""
        start = time.perf_counter()
        references = self.reference(self.sets[name])
        reference_seconds = protocol.since(start)
        losses = [self.step(*batch) for batch in zip(self.sets[name], references)]
        seconds = protocol.since(start)
        return {"seconds": seconds, "reference_seconds": reference_seconds, "loss": sum(losses) / len(losses)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policy", required=True)
    parser.add_argument("--reference", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--sets", default="4x5,8x5")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--layout", choices=tuple(torch_layouts.LAYOUTS), default="padded")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--as-trainers", action="store_true")
    options = parser.parse_args()

    channel = protocol.Channel()
    torch.set_num_threads(options.threads)
    worker = Worker(options)
    protocol.forget_peak_memory()
    versions = {"torch": torch.__version__, "safetensors": safetensors.__version__}
    channel.reply(ready=True, versions=versions, isa=protocol.isa())
    for command, name, index in channel.commands():
        if command == "epoch":
            channel.reply(**worker.epoch(name))
        elif command == "lm":
            channel.reply(**worker.language_model())
        else:
            channel.reply(**{"loss": worker.loss, "step": worker.timed_step}[command](name, index))


if __name__ == "__main__":
    main()
