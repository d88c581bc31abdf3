// SPDX-License-Identifier: MIT
#pragma once
// What every program does first and last, whatever shell, scheduler or daemon started it.

#include <array>
#include <cstdio>
#include <iostream>

#include <CLI/CLI.hpp>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

namespace program {

/// Opens what is closed of stdin, stdout and stderr, so that no file gets one of their numbers and
/// with it what is printed; reading and writing there fails as before.
inline void open_standard_streams() {
  // Each for what it is not used for; the first number is the lowest that is free.
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) == -1)
      (void)!::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/// Threads that wait for each other are to give way soon: where another process is on one of the
/// cores, those that spin keep the one that is waited for from running, and each wait takes
/// milliseconds. OpenMP's library reads the setting while the program is loaded, so the program
/// replaces itself once. What the user sets holds.
inline void yield_while_waiting(char** argv) {
  for (const char* setting : {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "KMP_LIBRARY"})
    if (::getenv(setting) != nullptr) return;
  // Where the dynamic loader was started with the program as its argument, it is what runs, and
  // nothing loaded it.
  if (::getauxval(AT_BASE) == 0) return;
  std::array<char, 4096> path{};
  const auto length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (length <= 0 || ::setenv("GOMP_SPINCOUNT", "2000", 1) != 0 ||
      ::setenv("KMP_BLOCKTIME", "0", 1) != 0)
    return;
  ::execv(path.data(), argv);  // and where that fails, all runs as before, if slower
}

/// Call it first in main.
inline void begin(char** argv) {
  open_standard_streams();
  yield_while_waiting(argv);
  // A reader that is gone, and a limit on file sizes, are errors of one write and not the end of
  // the program.
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
}

/// The exit status for what CLI11 threw, after it printed help or the error: 0, 2 for bad
/// arguments, 1 for help that could not be written.
inline int status_of(const CLI::App& app, const CLI::ParseError& thrown) {
  if (app.exit(thrown) != 0) return 2;
  std::cout.flush();
  if (std::fflush(stdout) == 0 && std::cout.good()) return 0;
  std::fputs("error: stdout: the help could not be written\n", stderr);
  return 1;
}

}  // namespace program
