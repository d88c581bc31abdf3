// SPDX-License-Identifier: MIT
#pragma once
// Signals that ask a run to end: SIGINT, SIGTERM, SIGHUP and SIGXCPU. Before a run has an output
// folder, they end the program at once, because there is nothing to clean up. From then on the
// first one is recorded, so that the run ends in order, and a second one ends the program.

#include <stdexcept>
#include <string>

namespace program {

/// Ends a run on request, after its progress was saved. The message says how to continue.
struct interrupted : std::runtime_error {
  interrupted(int by, const std::string& message) : std::runtime_error(message), signal(by) {}
  int signal;
};

/// Installs handlers for the signals, except those that are already ignored (nohup ignores SIGHUP).
/// Exit status of a program that they end: 128 + signal.
void watch_for_interruption();

/// While an object of this type is alive, the first signal does not end the program; with `saves`,
/// it says that the run will save its progress. The outer one's rule holds again at the end.
class run_in_progress {
 public:
  explicit run_in_progress(bool saves);
  run_in_progress(const run_in_progress&) = delete;
  run_in_progress& operator=(const run_in_progress&) = delete;
  ~run_in_progress();

 private:
  int before_;
};

/// The signal that asked a run in progress to end; 0 without one.
[[nodiscard]] int interruption();

/// Throws `interrupted` if a signal asked the run to end before its first step.
void end_if_interrupted();

[[nodiscard]] const char* name_of_signal(int signal);

}  // namespace program
