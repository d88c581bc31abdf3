// SPDX-License-Identifier: MIT
//
// prefopt: trains language models on preferences, and scores, evaluates and samples them.
// `prefopt --help` lists the commands, `prefopt COMMAND --help` a command's options. Exit status: 0
// success, 2 bad arguments, 128 plus the signal's number if a signal ended it, 1 anything else,
// with one line on stderr.

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include <prefopt/core/error.hpp>
#include <prefopt/io/closest_name.hpp>
#include <prefopt/version.hpp>
#include "begin.hpp"
#include "commands.hpp"
#include "train/interruption.hpp"
#include "train/losses.hpp"

namespace {

struct command {
  const char* name;
  const char* summary;
  int (*run)(int argc, char** argv);
};

constexpr std::array commands{
    command{"train", "Trains a model on preferences: from a folder to a folder", program::train},
    command{"evaluate", "Loss and metrics of a model on a file", program::evaluate},
    command{"score", "Log-probs of every response in a file", program::score},
    command{"generate", "Responses to the prompts in a file", program::generate},
    command{"show", "The examples of a file as training will see them", program::show},
    command{"render", "Conversations as a chat template writes them", program::render},
    command{"tokenize", "The token ids of texts", program::tokenize},
    command{"init", "A new model with random weights", program::init}};

/// A command of another program, and what to use here.
struct foreign_command {
  std::string_view name;
  const char* use;
};

constexpr foreign_command foreign_commands[] = {
    {"eval", "use prefopt evaluate"},
    {"sample", "use prefopt generate"},
    {"chat", "use prefopt generate, with a file of prompts"},
    {"ppo", "ppo_trainer is in the library, not in this program"},
    {"reward", "reward_model is in the library, not in this program"},
    {"help", "use prefopt --help"},
    {"version", "use prefopt --version"},
};

/// What to use in place of a command that there is not, such as TRL's `trl dpo`; empty if unknown.
std::string use_instead_of(std::string_view name) {
  for (const program::loss_name& one : program::all_losses())
    if (name == one.name || (!one.also.empty() && name == one.also))
      return prefopt::concat("use prefopt train --loss ", one.name);
  for (const foreign_command& one : foreign_commands)
    if (name == one.name) return one.use;
  std::vector<std::string_view> names;
  for (const command& one : commands) names.emplace_back(one.name);
  const std::string closest = prefopt::closest_name(name, names);
  return closest.empty() ? closest : prefopt::concat("did you mean ", closest, "?");
}

void print_usage(std::FILE* to) {
  std::fputs("prefopt COMMAND [OPTIONS]\n\n", to);
  for (const command& one : commands) std::fprintf(to, "  %-10s%s\n", one.name, one.summary);
  std::fputs(
      "\nprefopt COMMAND --help lists a command's options, prefopt --version prints the version.\n",
      to);
}

/// Prints an exception's message in one line on stderr, for any exception except an interruption.
int report(const char* what) {
  std::string message = what;
  std::ranges::replace_if(
      message, [](unsigned char c) { return std::iscntrl(c) != 0; }, '?');
  std::fprintf(stderr, "error: %s\n", message.c_str());
  return 1;
}

/// TRL spells options with underscores, which are accepted in place of hyphens.
void hyphenate(char* argument) {
  if (std::string_view(argument).substr(0, 2) != "--") return;
  for (char* c = argument; *c != '\0' && *c != '='; ++c)
    if (*c == '_') *c = '-';
}

}  // namespace

int main(int argc, char** argv) {
  program::begin(argv);
  // the console is stdout, line by line; stderr is for errors and notes
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  const std::string_view name = argc > 1 ? argv[1] : "";
  if (name == "--help" || name == "-h") {
    print_usage(stdout);
    if (std::fflush(stdout) == 0) return 0;
    return report("stdout: the help could not be written");
  }
  if (name == "--version" || name == "-V") {
    std::printf("prefopt %d.%d.%d\n", PREFOPT_VERSION_MAJOR, PREFOPT_VERSION_MINOR,
                PREFOPT_VERSION_PATCH);
    if (std::fflush(stdout) == 0) return 0;
    return report("stdout: the version could not be written");
  }
  const auto chosen = std::ranges::find(commands, name, &command::name);
  if (chosen == commands.end()) {
    if (const std::string use = use_instead_of(name); !use.empty()) {
      std::fprintf(stderr, "error: %s is no command; %s\n", argv[1], use.c_str());
      return 2;
    }
    if (!name.empty()) std::fprintf(stderr, "prefopt: %s is no command\n\n", argv[1]);
    print_usage(stderr);
    return 2;
  }
  for (int i = 2; i < argc && std::string_view(argv[i]) != "--"; ++i) hyphenate(argv[i]);
  try {
    return chosen->run(argc - 1, argv + 1);
  } catch (const program::interrupted& cause) {
    std::fprintf(stderr, "%s\n", cause.what());
    return 128 + cause.signal;
  } catch (const std::bad_alloc&) {
    return report(
        "out of memory; try a lower --max-length, and in training a lower --tokens-per-microbatch");
  } catch (const std::exception& cause) {
    return report(cause.what());
  }
}
