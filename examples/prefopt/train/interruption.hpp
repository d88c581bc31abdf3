// SPDX-License-Identifier: MIT
#pragma once
// Signals that ask a run to end: SIGINT, SIGTERM, SIGHUP and SIGXCPU. Before training, they end the
// program at once, because nothing would be lost. During training, the first one is recorded and a
// second one ends the program.

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

/// While an object of this type is alive, the first signal does not end the program.
class training_in_progress {
 public:
  training_in_progress();
  training_in_progress(const training_in_progress&) = delete;
  training_in_progress& operator=(const training_in_progress&) = delete;
  ~training_in_progress();
};

/// The signal that asked a run in progress to end; 0 without one.
[[nodiscard]] int interruption();

[[nodiscard]] const char* name_of_signal(int signal);

}  // namespace program
