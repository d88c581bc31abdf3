# SPDX-License-Identifier: MIT
"""The results of compare.py, as Markdown."""

import collections
import dataclasses
import datetime
import json
import os
import pathlib
import re
import statistics
import subprocess

from contenders import KINDS, parse, settings
from protocol import PAIR


class Group:
    """Contenders that ran at the same time, batch by batch."""

    def __init__(self, names):
        self.names, self.peaks = names, {}
        self.losses = None  # of the first batch: before the first step, and {name: after the last}
        self.steps = collections.defaultdict(lambda: collections.defaultdict(list))  # [set, name][round][batch] seconds
        self.epochs = collections.defaultdict(list)  # [set, name][epoch], a worker's answer


@dataclasses.dataclass
class Results:
    names: list
    sets: dict  # name: how many of its batches make a round
    pairs: dict  # name: its batches, lists of pairs
    groups: list = dataclasses.field(default_factory=list)
    differences: dict = dataclasses.field(default_factory=dict)  # name: (log-prob, loss)
    introductions: dict = dataclasses.field(default_factory=dict)


def quartiles(numbers):
    numbers = list(numbers)
    if len(numbers) < 2:
        return numbers * 3
    return statistics.quantiles(numbers, n=4, method="inclusive")


def ratio(numbers):
    low, middle, high = quartiles(numbers)
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


def shown(results):
    """(group, name); the first contender only with its first group, because it runs again in each."""
    seen = set()
    for group in results.groups:
        for name in group.names:
            if name not in seen:
                seen.add(name)
                yield group, name


def step_table(results):
    first = results.names[0]
    yield f"| set | contender | s/step | pairs/s | peak GiB | time, {first} = 1 (quartiles) |"
    yield "| --- | --- | ---: | ---: | ---: | ---: |"
    for name, batches in results.sets.items():
        for group, contender in shown(results):
            # The batches of a set differ in size, so a round's mean over them is one measurement.
            mine, base = ([statistics.mean(r) for r in group.steps[name, c].values()] for c in (contender, first))
            if not mine:
                continue
            seconds = statistics.median(mine)
            speed = sum(map(len, results.pairs[name][:batches])) / batches / seconds
            paired = ratio(a / b for a, b in zip(mine, base, strict=True))
            held = group.peaks[contender]
            peak = "-" if held is None else f"{held / 2**30:.2f}"
            yield f"| {name} | {contender} | {seconds:.3f} | {speed:.2f} | {peak} | {paired} |"


def epoch_table(results):
    first = results.names[0]
    yield f"| set | contender | s/epoch | of it reference | pairs/s | time, {first} = 1 (quartiles) |"
    yield "| --- | --- | ---: | ---: | ---: | ---: |"
    for name in results.sets:
        for group, contender in shown(results):
            mine, base = group.epochs[name, contender], group.epochs[name, first]
            if not mine:
                continue
            seconds = statistics.median(e["seconds"] for e in mine)
            live = any(e["reference_seconds"] is None for e in mine)
            reference = "live" if live else f"{statistics.median(e['reference_seconds'] for e in mine):.2f}"
            speed = sum(map(len, results.pairs[name])) / seconds
            paired = ratio(a["seconds"] / b["seconds"] for a, b in zip(mine, base, strict=True))
            yield f"| {name} | {contender} | {seconds:.2f} | {reference} | {speed:.2f} | {paired} |"


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        info = dict(line.split(":", 1) for line in lines.read().split("\n\n")[0].splitlines() if ":" in line)
    info = {key.strip(): value.strip() for key, value in info.items()}
    numbers = f"family {info['cpu family']}, model {info['model']}" if "cpu family" in info else ""
    return f"{info.get('model name', 'unknown')} ({numbers}), {os.cpu_count()} cores"


PROBE = """
import torch
a = torch.ones(256, 256)
torch.nn.functional.linear(a, a)
torch.nn.functional.linear(a.bfloat16(), a.bfloat16())
"""


def libraries_say(options, name):
    """The instruction set that MKL (float32 products) and oneDNN (bfloat16 products) report."""
    environment = os.environ | settings(name, options) | {"MKL_VERBOSE": "1", "ONEDNN_VERBOSE": "1"}
    run = [options.python, "-c", PROBE]
    said = subprocess.run(run, env=environment, capture_output=True, text=True, check=False).stdout
    found = re.findall(r"^MKL_VERBOSE (oneMKL .*?), Lnx", said, re.M)[:1]
    found += re.findall(r"^onednn_verbose,v1,info,(oneDNN v[0-9.]+|cpu,isa:.*)", said, re.M)
    found += [f"oneDNN ran {kernel}" for kernel in re.findall(r"exec,cpu,matmul,([^,]+),", said)[-1:]]
    return "; ".join(found) or "nothing"


def model_line(folder):
    config = json.loads((pathlib.Path(folder) / "config.json").read_text(encoding="utf-8"))
    width, layers = (config.get(a, config.get(b)) for a, b in (("n_embd", "hidden_size"), ("n_layer", "num_hidden_layers")))
    return f"Model: {config['model_type']}, {layers} layers of {width} numbers, vocabulary of {config['vocab_size']}."


def lengths(name, batches):
    """Mean tokens of a set's parts."""
    pairs = [pair for batch in batches for pair in batch]
    prompt, chosen, rejected = (statistics.mean(len(pair[key]) for pair in pairs) for key in PAIR)
    return f"- tokens of a pair of {name}, on average: prompt {prompt:.0f}, responses {chosen:.0f} and {rejected:.0f}"


def notes(results, options):
    yield ""
    yield f"Processor: {processor()}. {options.threads} threads, OpenMP waits {options.wait_policy}ly."
    yield model_line(options.policy)
    yield ""
    for name, batches in results.sets.items():
        yield lengths(name, results.pairs[name][:batches])
    for group in results.groups:
        yield f"- interleaved step by step: {', '.join(group.names)}"
    for kind in dict.fromkeys(parse(name)[0] for name in results.names):
        yield f"- {kind}: {KINDS[kind]}"
    for name, (log_prob, loss) in results.differences.items():
        differences = f"log-probs {log_prob:.1e} (relative), loss {loss:.1e}"
        yield f"- {name} before the first step, against {results.names[0]}: {differences}"
    for group in results.groups:
        before, after = group.losses
        moved = ", ".join(f"{name} {loss:.5f}" for name, loss in after.items())
        yield f"- loss of the first batch, {before:.5f} before the first step, after the last: {moved}"
    told = collections.defaultdict(list)
    for name, said in results.introductions.items():
        told[", ".join(f"{k} {v}" for k, v in said["versions"].items()) + f". {said['isa']}"].append(name)
    for said, names in told.items():
        yield f"- {', '.join(names)}: {said}"
    python = [name for name in results.names if parse(name)[0] != "prefopt"]
    if python:
        preloaded = ", ".join(os.path.basename(library) for library in options.preload) or "nothing"
        yield f"- preloaded into the Python contenders: {preloaded}"
        yield f"- their libraries say: {libraries_say(options, python[0])}"


def write(results, options):
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
    lines = [f"## DPO step, {date}", ""]
    rounds = f"Median over {options.rounds} rounds, after {options.warm_up} to warm up"
    lines.append(f"{rounds}; a round is each batch of a set once.")
    lines += ["", *step_table(results)]
    if options.epoch:
        lines += ["", f"One epoch of a set with its reference pass, median of {options.epoch}:", ""]
        lines += epoch_table(results)
    return "\n".join([*lines, *notes(results, options)]) + "\n"
