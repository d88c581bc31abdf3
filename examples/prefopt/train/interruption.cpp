// SPDX-License-Identifier: MIT

#include "train/interruption.hpp"

#include <atomic>
#include <cerrno>
#include <signal.h>
#include <string.h>
#include <unistd.h>

namespace program {
namespace {

// Read and written by the handler, on any thread.
enum phase : int { reading, preparing, training };
std::atomic<int> noted = 0;
std::atomic<int> now = reading;
static_assert(std::atomic<int>::is_always_lock_free);

constexpr const char* nothing_to_save = ": ended before the first step; there is nothing to save";

void say(const char* text) { (void)!::write(STDERR_FILENO, text, ::strlen(text)); }

void on_signal(int signal) {
  const int kept = errno;
  if (now == reading) {
    say(name_of_signal(signal));
    say(nothing_to_save);
    say("\n");
    ::_exit(128 + signal);
  }
  int none = 0;
  if (noted.compare_exchange_strong(none, signal)) {
    if (now == training) {
      say(name_of_signal(signal));
      say(": finishing this step and saving; a second signal ends the program at once\n");
    }
  } else if (signal != SIGXCPU) {  // which is sent again every second
    ::_exit(128 + signal);
  }
  errno = kept;
}

}  // namespace

void watch_for_interruption() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGXCPU}) {
    struct sigaction action {};
    ::sigaction(signal, nullptr, &action);
    if (action.sa_handler == SIG_IGN) continue;
    action = {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    ::sigaction(signal, &action, nullptr);
  }
}

run_in_progress::run_in_progress(bool saves)
    : before_(now.exchange(saves ? training : preparing)) {}
run_in_progress::~run_in_progress() { now = before_; }

int interruption() { return noted; }

void end_if_interrupted() {
  if (const int signal = noted; signal != 0)
    throw interrupted(signal, std::string(name_of_signal(signal)) + nothing_to_save);
}

const char* name_of_signal(int signal) {
  switch (signal) {
    case SIGINT:
      return "SIGINT";
    case SIGTERM:
      return "SIGTERM";
    case SIGHUP:
      return "SIGHUP";
    case SIGXCPU:
      return "SIGXCPU";
    default:
      return "a signal";
  }
}

}  // namespace program
