# SPDX-License-Identifier: MIT
"""Makes the inverse frequencies of real models' rotary positions by Hugging Face transformers: rope_NAME.npy, [D/2],
the float32 numbers as float64.

    python3 make_rope_golden.py            writes them next to this script
    python3 make_rope_golden.py --check    computes them again and compares them with the files
"""

import pathlib
import sys

import numpy as np
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

import model

HERE = pathlib.Path(__file__).resolve().parent
LLAMA3 = {"rope_type": "llama3", "rope_theta": 500000.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 8192}
# Size of a head, and rope_parameters.
CASES = {
    "llama31_8b": (128, {**LLAMA3, "factor": 8.0}),
    "llama32_1b": (64, {**LLAMA3, "factor": 32.0}),
    "linear": (64, {"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0}),
    "default_64": (64, {"rope_type": "default", "rope_theta": 100000.0}),
    "default_80": (80, {"rope_type": "default", "rope_theta": 1000000.0}),
}


def write_all(root):
    for name, (size, rope) in CASES.items():
        config = LlamaConfig(head_dim=size, max_position_embeddings=131072, rope_parameters=rope)
        found = LlamaRotaryEmbedding(config).inv_freq
        ours = model.inverse_frequencies({"head_dim": size, "rope_parameters": rope})
        assert (found == ours).all(), f"{name}: model.py computes other frequencies"
        np.save(root / f"rope_{name}.npy", found.numpy().astype(np.float64))


if __name__ == "__main__":
    sys.exit(model.from_gpt2("make_golden").main(write_all, HERE, __doc__))
