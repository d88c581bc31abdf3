// SPDX-License-Identifier: MIT
// Preloaded into the PyTorch contenders: MKL calls this function to decide whether it may use its
// best kernels, and its own version says no on other vendors' processors, regardless of their
// capabilities.

extern "C" __attribute__((visibility("default"))) int mkl_serv_intel_cpu_true() { return 1; }
