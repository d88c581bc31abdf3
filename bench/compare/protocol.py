# SPDX-License-Identifier: MIT
"""Shared by the Python workers of compare.py: the line protocol, the pairs, and what they report about themselves."""

import collections
import json
import os
import re
import sys
import time

PAIR = ("prompt_ids", "chosen_ids", "rejected_ids")


def claim_stdout():
    """The protocol's own output. Anything else printed to standard output goes to standard error from here on."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return out


class Channel:
    """Reads one command per line, answers with one JSON object per line."""

    def __init__(self):
        self._out = claim_stdout()

    def reply(self, **answer):
        print(json.dumps(answer), file=self._out, flush=True)

    def commands(self):
        """(name, set, batch) of each command until the end of input; `quit` is answered here and ends the loop."""
        for line in sys.stdin:
            words = line.split()
            if words[0] == "quit":
                self.reply(peak_memory=peak_memory())
                return
            yield words[0], words[1], int(words[2]) if len(words) > 2 else None


def cut_into_sets(path, names, output):
    """Copies pairs to a file that has the sets `names`: 8x5 is 5 batches of 8 pairs, from the first pair on. Returns its
    path, or that of a file that has sets already."""
    with open(path, encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    if all("set" in record for record in records):
        return path
    with open(output, "w", encoding="utf-8") as copy:
        for name in names:
            if not (size := re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", name)):
                raise SystemExit(f"set {name}: expected pairs x batches, as in 8x5, because {path} has no sets")
            each, batches = map(int, size.groups())
            if each * batches > len(records):
                raise SystemExit(f"set {name}: {path} has {len(records)} pairs")
            for i, record in enumerate(records[: each * batches]):
                pair = {key: record[key] for key in PAIR}
                print(json.dumps({"set": name, "batch": i // each} | pair), file=copy)
    return output


def read_sets(path, names):
    """{set: [batch, ...]} of these sets; a batch is a list of {prompt_ids, chosen_ids, rejected_ids}."""
    sets = collections.defaultdict(lambda: collections.defaultdict(list))
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            pair = {key: record[key] for key in PAIR}
            sets[record["set"]][record["batch"]].append(pair)
    return {name: [sets[name][b] for b in sorted(sets[name])] for name in names}


def peak_memory():
    """The largest resident memory in bytes since forget_peak_memory."""
    with open("/proc/self/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1]) * 1024


def forget_peak_memory():
    """Loading a model takes extra memory; only the memory of the steps counts."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as clear:
        clear.write("5")


def isa():
    import torch

    return f"PyTorch kernels: {torch.backends.cpu.get_cpu_capability()}"


def since(start):
    return time.perf_counter() - start
