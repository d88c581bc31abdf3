#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tokenizers.py PROGRAM [NAME...]: speed of tokenizers, in million tokens a second, beside the Python package tokenizers.

PROGRAM is the built bench/tokenizer_speed. Reads the tokenizers in $PREFOPT_DATA_DIR/tokenizers, all unless named. Texts:
the preference pairs three times over (`pairs`), and 50 MB of fixed-seed words and of this project's own code (`mixed`).
Each number is the best of three fresh processes, one after the other in turn; both sides must give the same number of
tokens. The package encodes with encode_batch_fast, on one thread and on two (RAYON_NUM_THREADS).
"""

import gzip
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

PACKAGE = """
import json, sys, time
from tokenizers import Tokenizer
texts = [json.loads(line)["text"] for line in open(sys.argv[2], encoding="utf-8")]
tokenizer = Tokenizer.from_file(sys.argv[1] + "/tokenizer.json")
start = time.perf_counter()
tokens = sum(len(one.ids) for one in tokenizer.encode_batch_fast(texts, add_special_tokens=False))
print(tokens, time.perf_counter() - start)
"""


def pairs(data):
    with gzip.open(data / "hh_harmless_test.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row[side] for row in rows for side in ("chosen", "rejected")] * 3


def mixed():
    numbers = random.Random(5)
    project = pathlib.Path(__file__).resolve().parent.parent
    code = [path.read_text(encoding="utf-8") for path in sorted((project / "include").rglob("*.hpp"))]
    texts, size = [], 0
    while size < 50_000_000:
        if numbers.random() < 0.5:
            words = ("".join(chr(numbers.randrange(97, 123)) for _ in range(numbers.randrange(1, 11))) for _ in range(600))
            texts.append(" ".join(words))
        else:
            texts.append(numbers.choice(code))
        size += len(texts[-1].encode())
    return texts


def measure(command, threads):
    environment = os.environ | {"RAYON_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "true" if threads > 1 else "false"}
    tokens, seconds = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.split()
    return int(tokens), float(seconds)


def main(program, names):
    data = pathlib.Path(os.environ["PREFOPT_DATA_DIR"])
    print("| tokenizer | texts | threads | prefopt | tokenizers | ratio |\n| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for kind, texts in (("pairs", pairs(data)), ("mixed", mixed())):
            file = pathlib.Path(folder) / (kind + ".jsonl")
            file.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
            for name in names or sorted(path.name for path in (data / "tokenizers").iterdir()):
                tokenizer = str(data / "tokenizers" / name)
                for threads in (1, 2):
                    ours, theirs = [], []
                    for _ in range(3):
                        ours.append(measure([program, tokenizer, str(file), str(threads)], threads))
                        theirs.append(measure([sys.executable, "-c", PACKAGE, tokenizer, str(file)], threads))
                    tokens = {count for count, _ in ours + theirs}
                    if len(tokens) != 1:
                        raise SystemExit(f"{name}, {kind}: different numbers of tokens: {tokens}")
                    rates = [tokens.copy().pop() / min(seconds for _, seconds in runs) / 1e6 for runs in (ours, theirs)]
                    print(f"| {name} | {kind} | {threads} | {rates[0]:.2f} | {rates[1]:.2f} | {rates[0] / rates[1]:.1f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
