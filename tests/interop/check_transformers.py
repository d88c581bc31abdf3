# SPDX-License-Identifier: MIT
"""Opens folders that prefopt wrote with Hugging Face transformers and compares the log-probs of every token at every
position. WRITER is write_folder, built beside this script; it copies a folder through our reader and writer and says
what our model makes of some sequences. Adds the trained model of PREFOPT_DATA_DIR where that is set. Ends with 77 where
Python has no transformers.

    python3 check_transformers.py WRITER FOLDER [FOLDER ...]
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

SKIPPED = 77
TOLERANCE = 1e-5  # of the norm: two float32 programs


def sequences(config):
    """Token ids that leave one place of the context for the next token, one token alone, and a length between."""
    context, vocabulary = config["n_positions"], config["vocab_size"]
    full = [(7 * i + 3) % vocabulary for i in range(context - 1)]
    return [full, [vocabulary - 1], full[context // 3 : 2 * context // 3][::-1]]


def check(writer, folder, torch, transformers):
    """Relative error of our log-probs against transformers', over all sequences of one folder."""
    with tempfile.TemporaryDirectory() as scratch:
        written, ids_file, ours_file = (pathlib.Path(scratch) / name for name in ("model", "ids.json", "ours.json"))
        ids = sequences(json.loads((pathlib.Path(folder) / "config.json").read_text()))
        ids_file.write_text(json.dumps(ids))
        subprocess.run([writer, folder, written, ids_file, ours_file], check=True)
        ours = json.loads(ours_file.read_text())  # a [T * V] list for each sequence
        model, report = transformers.GPT2LMHeadModel.from_pretrained(written, output_loading_info=True)
        if any(report[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys")):
            raise SystemExit(f"{folder}: transformers reports {report}")
        model.eval()
        difference = norm = 0.0
        with torch.no_grad():
            for sequence, mine in zip(ids, ours, strict=True):
                theirs = torch.log_softmax(model(torch.tensor([sequence])).logits[0].double(), dim=-1)
                mine = torch.tensor(mine, dtype=torch.float64).reshape(theirs.shape)
                difference += (mine - theirs).square().sum().item()
                norm += theirs.square().sum().item()
    return (difference / norm) ** 0.5


def main():
    try:
        import torch
        import transformers
    except ImportError as missing:
        print(f"skipped: {sys.executable} has no {missing.name}")
        return SKIPPED
    transformers.logging.set_verbosity_error()
    print(f"transformers {transformers.__version__}, torch {torch.__version__}")
    writer, *folders = sys.argv[1:]
    if "PREFOPT_DATA_DIR" in os.environ:
        folders.append(os.path.join(os.environ["PREFOPT_DATA_DIR"], "slm4096"))
    failed = False
    for folder in folders:
        error = check(writer, folder, torch, transformers)
        failed = failed or not error <= TOLERANCE
        print(f"{folder}: relative error {error:.2e}, wanted at most {TOLERANCE:.0e}")
    return 1 if failed or not folders else 0


if __name__ == "__main__":
    sys.exit(main())
