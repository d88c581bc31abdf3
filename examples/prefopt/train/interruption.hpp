// SPDX-License-Identifier: MIT
#pragma once
// Signals that ask a run to end: SIGINT, SIGTERM, SIGHUP and SIGXCPU. Before training they end the
// program at once, for nothing would be lost; while it trains, the first one is noted and a second
// one ends the program.

#include <stdexcept>
#include <string>

namespace program {

/// Ends a run that was asked to, after what it had was saved. The message says how to continue.
struct interrupted : std::runtime_error {
  interrupted(int by, const std::string& message) : std::runtime_error(message), signal(by) {}
  int signal;
};

/// Takes the signals over, except those that are ignored already (nohup ignores SIGHUP). Status of
/// a program that they end: 128 + signal.
void watch_for_interruption();

/// While one of these lives, the first signal does not end the program.
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
