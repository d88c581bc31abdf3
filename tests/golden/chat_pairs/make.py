#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What TRL makes of preference pairs that are message lists: writes trl.json beside this script.

    make.py DATA

DATA is the folder that PREFOPT_DATA_DIR names. For each tokenizer with a template of its family, TRL's DPOTrainer
tokenizes the first 200 records of instruction_preferences.jsonl, each as a user's message and the assistant's answers.
The file has one FNV-1a hash (64 bits, hex) for each pair, over the little-endian 32-bit ids of the prompt, -1, of the
chosen response, -1, and of the rejected one, and the total number of ids. Written with trl 1.16.0, transformers 5.24.0
and tokenizers 0.23.3.
"""

import argparse
import json
import pathlib
from types import SimpleNamespace

from datasets import Dataset
from transformers import PreTrainedTokenizerFast
from trl.trainer.dpo_trainer import DPOTrainer

# tokenizer, template, and the special tokens that the template reads
MODELS = {
    "smollm2": ("HuggingFaceTB-SmolLM2", {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"}),
    "qwen2": ("Qwen-Qwen2.5-7B-Instruct", {"eos_token": "<|im_end|>"}),
    "qwen2-thinking": ("Qwen-Qwen3-0.6B", {"eos_token": "<|im_end|>"}),
    "llama3": (
        "meta-llama-Llama-3.1-8B-Instruct",
        {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"},
    ),
}


def fnv1a(pair):
    value = 0xCBF29CE484222325
    separated = pair["prompt_ids"] + [-1] + pair["chosen_ids"] + [-1] + pair["rejected_ids"]
    for byte in b"".join((i & 0xFFFFFFFF).to_bytes(4, "little") for i in separated):
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def message_pairs(path, count):
    pairs = []
    for line in path.read_text(encoding="utf-8").splitlines()[:count]:
        record = json.loads(line)
        pairs.append(
            {
                "prompt": [{"role": "user", "content": record["prompt"]}],
                "chosen": [{"role": "assistant", "content": record["chosen"]}],
                "rejected": [{"role": "assistant", "content": record["rejected"]}],
            }
        )
    return pairs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    data = parser.parse_args().data
    pairs = message_pairs(data / "instruction_preferences.jsonl", 200)
    result = {}
    for name, (template, special) in MODELS.items():
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_file=str(data / "tokenizers" / name.split("-")[0] / "tokenizer.json"), **special
        )
        tokenizer.chat_template = (data / "chat_templates" / f"{template}.jinja").read_text(encoding="utf-8")
        arguments = SimpleNamespace(dataset_num_proc=None, max_length=None, truncation_mode="keep_start")
        trainer = SimpleNamespace(_tokenizer=tokenizer)
        made = DPOTrainer._prepare_dataset(trainer, Dataset.from_list(pairs), tokenizer, arguments, "pairs")
        result[name] = {
            "template": template,
            "variables": special,
            "ids": sum(len(pair[key]) for pair in made for key in ("prompt_ids", "chosen_ids", "rejected_ids")),
            "digests": [fnv1a(pair) for pair in made],
        }
    path = pathlib.Path(__file__).with_name("trl.json")
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
