// SPDX-License-Identifier: MIT
//
// prefopt_train_dpo: trains a GPT-2 with DPO or one of its relatives, from a Hugging Face folder
// and a JSONL file to a Hugging Face folder. `--help` lists the options. Exit status: 0 success, 2
// bad arguments, 128 and the signal's number where a signal ended it, 1 all else, with one line on
// stderr.

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include "program/begin.hpp"
#include "train_dpo/interruption.hpp"
#include "train_dpo/options.hpp"
#include "train_dpo/run.hpp"

int main(int argc, char** argv) {
  program::begin(argv);
  // the console is stdout, line by line; stderr is for errors alone
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  const train_dpo::parsed parsed = train_dpo::parse(argc, argv);
  if (!parsed.value) return parsed.status;
  train_dpo::watch_for_interruption();
  try {
    train_dpo::run(*parsed.value);
  } catch (const train_dpo::interrupted& cause) {
    std::fprintf(stderr, "%s\n", cause.what());
    return 128 + cause.signal;
  } catch (const std::bad_alloc&) {
    std::fputs("error: out of memory; try a lower --tokens-per-microbatch or --max-length\n",
               stderr);
    return 1;
  } catch (const std::exception& e) {
    std::string message = e.what();
    std::ranges::replace_if(
        message, [](unsigned char c) { return std::iscntrl(c) != 0; }, '?');  // one line
    std::fprintf(stderr, "error: %s\n", message.c_str());
    return 1;
  }
}
