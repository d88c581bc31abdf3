# SPDX-License-Identifier: MIT
"""TRL's contender of compare.py: DPOTrainer.train(), whose data loader waits for commands.

Collating, padding, log-probs, loss, clipping and optimizer are TRL's and transformers' own code. Without --tuned all
options that the steps of the comparison do not fix keep TRL's defaults, including the reference model alongside the
policy at every step and gradient checkpointing. --tuned turns both off, as a user who needs speed would.
"""

import argparse
import tempfile
import time

import accelerate
import datasets
import torch
import transformers
import trl

import protocol


class CommandedTrainer(trl.DPOTrainer):
    """DPOTrainer over the batches that commands name. No part of a step is replaced."""

    def prepare(self, channel, sets, reference, live_reference):
        self.channel, self.sets = channel, sets
        self.references = {} if live_reference else self.cache(reference)
        self.ref_model = reference if live_reference else None

    def cache(self, reference):
        """The reference's log-probs of every batch, by TRL's own method for precomputing them."""
        return {name: [self.reference_of(reference, pairs) for pairs in batches] for name, batches in self.sets.items()}

    def reference_of(self, model, pairs):
        chosen, rejected = self.compute_ref_log_probs(model, self.data_collator(pairs))
        return {"ref_chosen_logps": chosen.tolist(), "ref_rejected_logps": rejected.tolist()}

    def held_reference(self, name, index):
        return self.references[name][index] if self.references else None

    def collate(self, pairs, reference=None):
        if reference is not None:
            pairs = [pair | {key: reference[key][i] for key in reference} for i, pair in enumerate(pairs)]
        return self.data_collator(pairs)

    def get_train_dataloader(self):
        return CommandedBatches(self)

    def compute_loss(self, *args, **kwargs):
        loss = super().compute_loss(*args, **kwargs)
        self.last_loss = loss.detach()
        return loss

    def answer_loss(self, name, index):
        reference, pairs = self.held_reference(name, index), self.sets[name][index]
        chosen, rejected = self.compute_ref_log_probs(self.model, self.collate(pairs))  # of any model
        loss, _, _ = self.prediction_step(self.model, self.collate(pairs, reference), prediction_loss_only=True)
        self.channel.reply(loss=loss.item(), chosen=chosen.tolist(), rejected=rejected.tolist())


class CommandedBatches:
    """The batches for train(). It requests the next one as soon as a step is done, and waits here."""

    def __init__(self, trainer):
        self.trainer = trainer

    def __len__(self):
        return self.trainer.args.max_steps

    def __iter__(self):
        trainer = self.trainer
        versions = {m.__name__: m.__version__ for m in (torch, transformers, trl, accelerate, datasets)}
        protocol.forget_peak_memory()
        trainer.channel.reply(ready=True, versions=versions, isa=protocol.isa())
        for command, name, index in trainer.channel.commands():
            if command == "loss":
                trainer.answer_loss(name, index)
            elif command == "step":
                start = time.perf_counter()
                yield trainer.collate(trainer.sets[name][index], trainer.held_reference(name, index))
                trainer.channel.reply(seconds=protocol.since(start), loss=trainer.last_loss.item())
            else:
                yield from self.epoch(name)
        raise SystemExit  # an exhausted loader would make train() request batches until max_steps

    def epoch(self, name):
        """One epoch over a set: with a cache, the current policy is the reference, computed once before the batches."""
        trainer, losses, start = self.trainer, [], time.perf_counter()
        batches = trainer.sets[name]
        references = [trainer.reference_of(trainer.model, b) if trainer.references else None for b in batches]
        reference_seconds = protocol.since(start) if trainer.references else None
        for pairs, reference in zip(batches, references):
            yield trainer.collate(pairs, reference)
            losses.append(trainer.last_loss.item())
        loss = sum(losses) / len(losses)
        trainer.channel.reply(seconds=protocol.since(start), reference_seconds=reference_seconds, loss=loss)


def load(folder):
    return transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


def make_trainer(options, folder):
    tuned = {"gradient_checkpointing": False, "precompute_ref_log_probs": True} if options.tuned else {}
    arguments = trl.DPOConfig(
        output_dir=folder, use_cpu=options.device == "cpu", bf16=options.precision == "bf16", beta=0.1, learning_rate=1e-6,
        weight_decay=0.0, max_grad_norm=1.0, max_length=None, lr_scheduler_type="constant", max_steps=10**6, report_to="none",
        save_strategy="no", logging_strategy="no", disable_tqdm=True, **tuned,
    )  # fmt: skip
    # DPOTrainer requires texts to tokenize. It gets one pair as a placeholder; the batches are token ids.
    text = datasets.Dataset.from_list([{"prompt": "Which?", "chosen": " This.", "rejected": " That."}])
    tokenizer = transformers.AutoTokenizer.from_pretrained(options.policy)
    reference = load(options.reference)
    policy = load(options.policy)
    trainer = CommandedTrainer(policy, reference, arguments, train_dataset=text, processing_class=tokenizer)
    return trainer, reference


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policy", required=True)
    parser.add_argument("--reference", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--sets", default="4x5,8x5")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--tuned", action="store_true", help="no gradient checkpointing, reference computed once")
    options = parser.parse_args()

    channel = protocol.Channel()
    torch.set_num_threads(options.threads)
    sets = protocol.read_sets(options.data, options.sets.split(","))
    with tempfile.TemporaryDirectory() as folder:
        trainer, reference = make_trainer(options, folder)
        trainer.prepare(channel, sets, reference, live_reference=not options.tuned)
        del reference
        trainer.train()


if __name__ == "__main__":
    main()
