# SPDX-License-Identifier: MIT
"""Opens folders that prefopt wrote with Hugging Face transformers and compares the models' outputs at every position:
the log-probs of every token, and the scores of reward models, made here or by transformers. WRITER is write_folder,
built next to this script; it copies a folder of any family through our reader and writer, with the config's keys or
with those that a new model gets, and prints our model's outputs for some sequences. Adds the trained model of
PREFOPT_DATA_DIR if that is set. Exits with 77 if Python has no transformers.

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
NUMBER_TOLERANCE = 2e-5  # of the largest: a single number
LONGEST = 320  # of a long context, enough for frequencies that a scaling divides


def sequences(config):
    """Token ids that leave one place of the context for the next token, one token alone, and a length in between."""
    context, vocabulary = config.get("n_positions") or config["max_position_embeddings"], config["vocab_size"]
    context = min(context, LONGEST)
    full = [(7 * i + 3) % vocabulary for i in range(context - 1)]
    return [full, [vocabulary - 1], full[context // 3 : 2 * context // 3][::-1]]


class Comparison:
    """Two programs' numbers: the relative error of all, and the largest difference of a single number, relative to the
    largest number."""

    def __init__(self):
        self.difference = self.norm = self.largest_gap = self.largest = 0.0

    def add(self, ours, theirs):
        gap = theirs.double().reshape(-1) - theirs.new_tensor(ours).double().reshape(-1)
        self.difference += gap.square().sum().item()
        self.norm += theirs.double().square().sum().item()
        self.largest_gap = max(self.largest_gap, gap.abs().max().item())
        self.largest = max(self.largest, theirs.abs().max().item())

    def errors(self):
        return (self.difference / self.norm) ** 0.5, self.largest_gap / self.largest

    def holds(self):
        # A NaN is within no tolerance. max() may lose it, but the sum does not.
        return self.norm > 0 and all(e <= t for e, t in zip(self.errors(), (TOLERANCE, NUMBER_TOLERANCE)))

    def __str__(self):
        error, single = self.errors()
        return (f"relative error {error:.1e} (at most {TOLERANCE:.0e}), "
                f"of a single number {single:.1e} (at most {NUMBER_TOLERANCE:.0e})")


def copy_through(writer, kind, keys, folder, scratch, auto):
    """The sequences, our numbers for each, and transformers' model of the folder that we wrote."""
    written, ids_file, ours_file = (pathlib.Path(scratch) / name for name in ("model", "ids.json", "ours.json"))
    ids = sequences(json.loads((pathlib.Path(folder) / "config.json").read_text()))
    ids_file.write_text(json.dumps(ids))
    subprocess.run([writer, kind, keys, folder, written, ids_file, ours_file], check=True)
    model, report = auto.from_pretrained(written, output_loading_info=True)
    if any(report[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")):
        raise SystemExit(f"{folder}: transformers reports {report}")
    architectures = json.loads((written / "config.json").read_text())["architectures"]
    if architectures != [type(model).__name__]:
        raise SystemExit(f"{folder}: architectures holds {architectures}, but transformers made a {type(model).__name__}")
    return ids, json.loads(ours_file.read_text()), model.eval()


def check_language(writer, keys, folder, torch, transformers):
    """Log-probs of a language model, [T * V] for each sequence."""
    found = Comparison()
    with tempfile.TemporaryDirectory() as scratch, torch.no_grad():
        ids, ours, model = copy_through(writer, "language", keys, folder, scratch, transformers.AutoModelForCausalLM)
        for sequence, mine in zip(ids, ours, strict=True):
            found.add(mine, torch.log_softmax(model(torch.tensor([sequence])).logits[0].double(), dim=-1))
    return found


def compare_scores(ids, ours, model, torch):
    """Scores at every token, [T] for each sequence, and the rewards that transformers reads off a padded batch: at the
    last token that is not padding."""
    found = Comparison()
    assert type(model).__name__.endswith("ForSequenceClassification") and model.config.num_labels == 1
    for sequence, mine in zip(ids, ours, strict=True):
        found.add(mine, model.score(model.base_model(torch.tensor([sequence])).last_hidden_state)[0, :, 0])
    padding = model.config.pad_token_id
    if padding is None:  # then it takes only batches of one
        rewards = [model(torch.tensor([sequence])).logits[0, 0] for sequence in ids]
        found.add([mine[-1] for mine in ours], torch.stack(rewards))
    else:
        longest = max(map(len, ids))
        batch = torch.tensor([sequence + [padding] * (longest - len(sequence)) for sequence in ids])
        last = [max((i for i, token in enumerate(sequence) if token != padding), default=0) for sequence in ids]
        found.add([mine[i] for mine, i in zip(ours, last, strict=True)], model(batch).logits[:, 0])
    return found


def check_reward_made_here(writer, keys, folder, torch, transformers):
    """A reward model made here from a language model's folder."""
    auto = transformers.AutoModelForSequenceClassification
    with tempfile.TemporaryDirectory() as scratch, torch.no_grad():
        return compare_scores(*copy_through(writer, "new-scalar", keys, folder, scratch, auto), torch)


def check_reward_made_there(writer, keys, folder, torch, transformers):
    """A reward model that transformers made and wrote, read here, written here and opened again there."""
    auto = transformers.AutoModelForSequenceClassification
    config = json.loads((pathlib.Path(folder) / "config.json").read_text())
    torch.manual_seed(1)
    theirs = auto.from_pretrained(folder, num_labels=1, eos_token_id=config["vocab_size"] - 1)
    torch.nn.init.normal_(theirs.score.weight)
    with tempfile.TemporaryDirectory() as source, tempfile.TemporaryDirectory() as scratch, torch.no_grad():
        theirs.save_pretrained(source)
        ids, ours, model = copy_through(writer, "scalar", keys, source, scratch, auto)
        for name, tensor in theirs.state_dict().items():
            if not torch.equal(tensor, model.state_dict()[name]):
                raise SystemExit(f"{folder}: {name} came back with other bits")
        padding = config.get("pad_token_id")
        if model.config.pad_token_id != padding:  # the reward is read before padding, and eos must not be padding
            raise SystemExit(f"{folder}: pad_token_id is {model.config.pad_token_id}, expected {padding}")
        return compare_scores(ids, ours, model, torch)


def main():
    try:
        import torch
        import transformers
    except ImportError as missing:
        print(f"skipped: {sys.executable} has no {missing.name}")
        return SKIPPED
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    print(f"transformers {transformers.__version__}, torch {torch.__version__}")
    writer, *folders = sys.argv[1:]
    if "PREFOPT_DATA_DIR" in os.environ:
        folders.append(os.path.join(os.environ["PREFOPT_DATA_DIR"], "slm4096"))
    checks = {
        "language model": (check_language, "kept"),
        "language model, new config": (check_language, "new"),
        "reward model made here": (check_reward_made_here, "kept"),
        "reward model made here, new config": (check_reward_made_here, "new"),
        "reward model made there": (check_reward_made_there, "kept"),
    }
    failed = False
    for folder in folders:
        for what, (check, keys) in checks.items():
            found = check(writer, keys, folder, torch, transformers)
            failed = failed or not found.holds()
            print(f"{pathlib.Path(folder).name}, {what}: {found}")
    return 1 if failed or not folders else 0


if __name__ == "__main__":
    sys.exit(main())
