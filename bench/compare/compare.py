#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""DPO steps of this library, TRL and hand-written PyTorch, on the same weights and pairs, in one interleaved run."""

import argparse
import pathlib
import statistics
import sys
import tempfile

import protocol
import report
from contenders import Contender, allocator, parse

DEFAULT = (
    "prefopt-fp32,trl-fp32,trl-bf16,trl-tuned-fp32,trl-tuned-bf16,torch-fp32,torch-bf16,"
    "torch-unpadded-fp32,torch-unpadded-bf16,torch-shared-fp32,torch-shared-bf16"
)
# Tolerances: relative for a response's log-prob, absolute for a loss: its margin is a difference of such sums of some
# thousand nats, so their rounding weighs more in it.
# of each response's log-prob, relative, and of the loss. A trained model's short, probable responses have log-probs near
# 0, so bfloat16 moves them by more of their size: SmolLM2's by up to 5%, in PyTorch under autocast too.
TOLERANCE = {"fp32": (1e-4, 1e-3), "bf16": (1e-1, 1e-1)}


def available_memory():
    with open("/proc/meminfo", encoding="ascii") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))


def groups_of(names, gib_each):
    """The contenders that run at the same time. The first of all is in every group: ratios are relative to it."""
    first, others = names[0], names[1:]
    size = max(1, int(available_memory() / (gib_each * 2**30)) - 1)
    return [[first, *others[i : i + size]] for i in range(0, len(others), size)] or [[first]]


def check(contenders, batches):
    """Fails unless all agree with the first on every batch's loss and log-probs. Returns the largest differences."""
    found = {c.name: ([], []) for c in contenders[1:]}
    for name, index in batches:
        expected = contenders[0].ask("loss", name, index)
        for contender in contenders[1:]:
            came, (log_probs, losses) = contender.ask("loss", name, index), found[contender.name]
            pairs = zip(came["chosen"] + came["rejected"], expected["chosen"] + expected["rejected"], strict=True)
            log_probs.extend(abs(a - b) / abs(b) for a, b in pairs)
            losses.append(abs(came["loss"] - expected["loss"]))
    for contender, (log_probs, losses) in found.items():
        tolerance = TOLERANCE[coarser(contenders[0].name, contender)]
        # A NaN is not within a tolerance, but max() may lose it, so each is checked.
        if not (all(d <= tolerance[0] for d in log_probs) and all(d <= tolerance[1] for d in losses)):
            raise SystemExit(f"{contender} computes something else: log-probs differ by {max(log_probs):.1e} of their "
                             f"size, losses by {max(losses):.1e}")  # fmt: skip
    return {contender: (max(log_probs), max(losses)) for contender, (log_probs, losses) in found.items()}


def coarser(*names):
    return "bf16" if any(parse(name)[1] == "bf16" for name in names) else "fp32"


def check_moved_alike(losses):
    """Fails unless all have the same loss as the first, on one batch, after the same steps."""
    first, expected = next(iter(losses.items()))
    for name, loss in losses.items():
        if not abs(loss - expected) <= TOLERANCE[coarser(first, name)][1]:
            raise SystemExit(f"{name} moved otherwise: its loss is {loss} after the last step, {first}'s {expected}")


def measure(contenders, sets, options, results):
    """Rounds of every batch by every contender, in an order that rotates by one with each batch."""
    turn = 0
    for number in range(-options.warm_up, options.rounds):
        for name, count in sets.items():
            for index in range(count):
                turn += 1
                for c in range(len(contenders)):
                    contender = contenders[(c + turn) % len(contenders)]
                    answer = contender.ask("step", name, index)
                    if number >= 0:
                        results.steps[name, contender.name][number].append(answer["seconds"])
            print(f"round {number} of set {name} done", file=sys.stderr)


def measure_epochs(contenders, sets, options, results):
    for number in range(options.epoch):
        for name in sets:
            for c in range(len(contenders)):
                contender = contenders[(c + number) % len(contenders)]
                results.epochs[name, contender.name].append(contender.ask("epoch", name))


def measure_language_model(contenders, options):
    """Prints, without keeping them, the median times of steps on plain text, after one that does not count."""
    if not options.lm:
        return
    able = [c for c in contenders if not c.name.startswith("trl")]
    seconds = {c.name: [] for c in able}
    for number in range(-1, options.lm):
        for contender in able:
            answer = contender.ask("lm", "-")
            if number >= 0:
                seconds[contender.name].append(answer["seconds"])
    for name, taken in seconds.items():
        print(f"language-model step of 32 x 1,024 tokens: {name} {statistics.median(taken):.4f} s")


def run_group(names, sets, options, results):
    contenders = []
    try:
        for name in names:
            print(f"starting {name}", file=sys.stderr)
            contenders.append(Contender(name, options))
            results.introductions[name] = contenders[-1].introduction
        batches = [(name, index) for name, count in sets.items() for index in range(count)]
        before = contenders[0].ask("loss", *batches[0])["loss"]
        results.differences |= check(contenders, batches[:1] if options.check_one else batches)
        group = report.Group(names)
        results.groups.append(group)
        measure(contenders, sets, options, group)
        # All have made the same steps, so their weights must have changed in the same way.
        group.losses = (before, {c.name: c.ask("loss", *batches[0])["loss"] for c in contenders})
        check_moved_alike(group.losses[1])
        measure_epochs(contenders, sets, options, group)
        measure_language_model(contenders, options)
        for contender in contenders:
            group.peaks[contender.name] = contender.quit()
    finally:
        for contender in contenders:
            contender.kill()


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policy", required=True, help="Hugging Face folder of the model that is trained")
    parser.add_argument("--reference", required=True, help="folder of another, so that the losses are not all log 2")
    parser.add_argument("--data", required=True, help="pairs as token ids: bench_pairs.jsonl, or without sets")
    parser.add_argument("--prefopt-worker", required=True, help="the built compare_prefopt_worker")
    parser.add_argument("--python", default=sys.executable, help="a Python with requirements.txt (default: this one)")
    parser.add_argument("--contenders", default=DEFAULT, help=f"the first is what ratios are taken to ({DEFAULT})")
    parser.add_argument("--compile", action="store_true", help="torch.compile for all torch contenders")
    parser.add_argument("--sets", default="4x5,8x5", help="of the file; otherwise pairs x batches (4x5,8x5)")
    parser.add_argument("--batches", type=int, default=5, help="of each set, the first so many (5, all)")
    parser.add_argument("--rounds", type=int, default=5, help="over all batches (5)")
    parser.add_argument("--warm-up", type=int, default=1, help="rounds before, which do not count (1)")
    parser.add_argument("--epoch", type=int, default=0, help="this many epochs of each set, besides the rounds (0)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--lm", type=int, default=0, help="this many language-model steps of 32 x 1,024 tokens (0)")
    parser.add_argument("--wait-policy", choices=("passive", "active"), default="passive", help="of OpenMP's threads")
    parser.add_argument("--gib-each", type=float, default=9, help="memory to count for a contender (9)")
    parser.add_argument("--preload", action="append", help="libraries for the Python workers (an allocator, MKL's)")
    parser.add_argument("--check-one", action="store_true", help="check losses on the first batch only")
    parser.add_argument("--output", help="append the report to this file")
    options = parser.parse_args()
    if options.compile:
        torch = {n for n in options.contenders.split(",") if n.startswith("torch") and "+" not in n}
        options.contenders = ",".join(n + "+compile" * (n in torch) for n in options.contenders.split(","))
    if options.preload is None:
        mkl = pathlib.Path(options.prefopt_worker).resolve().parent / "libcompare_mkl_any_cpu.so"
        options.preload = [library for library in (allocator(), str(mkl) if mkl.exists() else None) if library]
    return options


def main():
    options = parse_options()
    names = options.contenders.split(",")
    for name in names:
        parse(name)  # an unknown name fails here
    with tempfile.TemporaryDirectory() as options.logs:
        set_names = options.sets.split(",")
        options.data = protocol.cut_into_sets(options.data, set_names, f"{options.logs}/pairs.jsonl")
        read = protocol.read_sets(options.data, set_names)
        sets = {name: min(options.batches, len(batches)) for name, batches in read.items()}
        results = report.Results(names, sets, read)
        for group in groups_of(names, options.gib_each):
            run_group(group, sets, options, results)
    text = report.write(results, options)
    print(text)
    if options.output:
        with open(options.output, "a", encoding="utf-8") as output:
            output.write(text + "\n")


if __name__ == "__main__":
    main()
