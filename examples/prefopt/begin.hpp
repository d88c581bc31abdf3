// SPDX-License-Identifier: MIT
#pragma once
// Startup and exit of every program, no matter which shell, scheduler or daemon started it.

#include <array>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>

#include <CLI/CLI.hpp>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

namespace program {

/// Opens those of stdin, stdout and stderr that are closed, so that no file gets one of their
/// numbers and receives what is printed; reading and writing there still fails.
inline void open_standard_streams() {
  // Each in the mode that it is not used in; open() returns the lowest free number.
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) == -1)
      (void)!::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/// Makes threads that wait for each other yield soon: if another process runs on one of the cores,
/// spinning threads keep the one that they wait for from running, and each wait takes milliseconds.
/// OpenMP's library reads the setting while the program is loaded, so the program replaces itself
/// once. Settings of the user take precedence.
inline void yield_while_waiting(char** argv) {
  for (const char* setting : {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "KMP_LIBRARY"})
    if (::getenv(setting) != nullptr) return;
  // If the dynamic loader was started with the program as its argument, the loader is the
  // executable, and nothing loaded it.
  if (::getauxval(AT_BASE) == 0) return;
  std::array<char, 4096> path{};
  const auto length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (length <= 0 || ::setenv("GOMP_SPINCOUNT", "2000", 1) != 0 ||
      ::setenv("KMP_BLOCKTIME", "0", 1) != 0)
    return;
  ::execv(path.data(), argv);  // if that fails, the program still runs, but slower
}

/// Call it first in main.
inline void begin(char** argv) {
  open_standard_streams();
  yield_while_waiting(argv);
  // A closed pipe or a limit on file sizes makes one write fail; it does not end the program.
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
}

/// The exit status for what CLI11 threw, after printing help, or on stderr a line for each problem:
/// 0, 2 for bad arguments, 1 for help that could not be written.
inline int status_of(const CLI::App& app, const CLI::ParseError& thrown) {
  if (thrown.get_exit_code() != 0) {
    std::istringstream lines(thrown.what());
    for (std::string line; std::getline(lines, line);) std::cerr << "error: " << line << '\n';
    return 2;
  }
  (void)app.exit(thrown);
  std::cout.flush();
  if (std::fflush(stdout) == 0 && std::cout.good()) return 0;
  std::fputs("error: stdout: the help could not be written\n", stderr);
  return 1;
}

}  // namespace program
