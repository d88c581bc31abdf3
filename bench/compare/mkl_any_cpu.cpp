// SPDX-License-Identifier: MIT
// Preloaded into the PyTorch contenders: MKL asks this function whether it may use its best
// kernels, and its own answer is no on processors of other makers, however able they are.

extern "C" __attribute__((visibility("default"))) int mkl_serv_intel_cpu_true() { return 1; }
