// SPDX-License-Identifier: MIT
#pragma once
// The commands of prefopt. Each takes its arguments, of which the first is its name, and gives the
// exit status; what goes wrong after the command line is read is thrown.

namespace program {

int train(int argc, char** argv);
int evaluate(int argc, char** argv);
int score(int argc, char** argv);
int generate(int argc, char** argv);
int show(int argc, char** argv);
int init(int argc, char** argv);

}  // namespace program
