# SPDX-License-Identifier: MIT
"""The contenders of compare.py: how each worker is started, queried and ended."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PRECISIONS = ("fp32", "bf16")
KINDS = {
    "prefopt": "this library: prompts shared, reference cached",
    "trl": "TRL's DPOTrainer with its defaults: reference model live, gradient checkpointing",
    "trl-tuned": "TRL's DPOTrainer, reference computed once, no gradient checkpointing",
    "torch-trainer": "PyTorch by hand as trainers do it: all rows padded, head everywhere, reference live",
    "torch": "PyTorch by hand: rows sorted by length and padded in groups, reference cached",
    "torch-unpadded": "PyTorch by hand: no padding, reference cached",
    "torch-shared": "PyTorch by hand: each prompt once for both responses, no padding, reference cached",
}


def parse(name):
    """(kind, precision, compiled) of a name such as torch-unpadded-bf16+compile."""
    match = re.fullmatch(r"([a-z-]+)-(fp32|bf16)(\+compile)?", name)
    if not match or match[1] not in KINDS or (match[3] and not match[1].startswith("torch")):
        kinds = ", ".join(f"{kind}-{precision}" for kind in KINDS for precision in PRECISIONS)
        raise SystemExit(f"unknown contender {name}: expected {kinds}; torch's may end in +compile")
    return match[1], match[2], bool(match[3])


def command(name, options):
    kind, precision, compiled = parse(name)
    common = ["--policy", options.policy, "--reference", options.reference]
    common += ["--data", options.data, "--sets", options.sets]
    common += ["--threads", str(options.threads), "--precision", precision, "--device", options.device]
    if kind == "prefopt":
        return [options.prefopt_worker, *common]
    if kind.startswith("trl"):
        return [options.python, str(HERE / "trl_worker.py"), *common, *(["--tuned"] if kind == "trl-tuned" else [])]
    layouts = {"torch-trainer": "concatenated", "torch": "padded", "torch-unpadded": "unpadded", "torch-shared": "shared"}
    flags = ["--layout", layouts[kind], *(["--compile"] if compiled else [])]
    flags += ["--as-trainers"] if kind == "torch-trainer" else []
    return [options.python, str(HERE / "torch_worker.py"), *common, *flags]


def allocator():
    """tcmalloc or else jemalloc, if the system has one: PyTorch's tuning guide recommends it."""
    known = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=False).stdout
    for pattern in (r"=> (\S*libtcmalloc(?:_minimal)?\.so\S*)", r"=> (\S*libjemalloc\.so\S*)"):
        if match := re.search(pattern, known):
            return match[1]
    return None


def settings(name, options):
    """Environment variables of a contender, in addition to the existing ones."""
    threads = str(options.threads)
    expected = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "OMP_PROC_BIND": "false"}
    if options.wait_policy == "passive":
        expected |= {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
    if parse(name)[0] != "prefopt":
        expected |= {"TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
        if options.preload:
            expected["LD_PRELOAD"] = ":".join(options.preload)
    return expected


def held_on_gpu(pid):
    """Bytes, or None if the driver does not say: a report without them is better than none."""
    query = ["nvidia-smi", "--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits"]
    try:
        lines = subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines()
        mine = [int(line.split(",")[1]) for line in lines if int(line.split(",")[0]) == pid]
        if not mine:
            raise ValueError(f"the driver lists no process {pid}")
        return sum(mine) * 2**20
    except (OSError, subprocess.CalledProcessError, ValueError) as reason:
        print(f"memory on the GPU is not known: {reason}", file=sys.stderr)
        return None


class Contender:
    """A worker process. It is stopped while others run, so that it cannot disturb them."""

    def __init__(self, name, options):
        self.on_gpu = options.device == "cuda"
        self.name, self.log = name, open(f"{options.logs}/{name}.log", "w", encoding="utf-8")
        environment = os.environ | settings(name, options)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.log, "text": True}
        self.process = subprocess.Popen(command(name, options), env=environment, **pipes)
        self.introduction = self._read()
        self.process.send_signal(signal.SIGSTOP)

    def _read(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            raise SystemExit(f"{self.name} ended: {pathlib.Path(self.log.name).read_text(encoding='utf-8')[-2000:]}")
        return json.loads(line)

    def ask(self, *words):
        self.process.send_signal(signal.SIGCONT)
        try:
            self.process.stdin.write(" ".join(map(str, words)) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the worker is gone; reading finds out why
        answer = self._read()
        self.process.send_signal(signal.SIGSTOP)
        return answer

    def quit(self):
        """Its peak memory in bytes; on a GPU the memory it holds, by the driver (none of them frees any), or None."""
        held = held_on_gpu(self.process.pid) if self.on_gpu else None
        peak = self.ask("quit")["peak_memory"]
        self.process.send_signal(signal.SIGCONT)
        self.process.wait()
        self.log.close()
        return held if self.on_gpu else peak

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
