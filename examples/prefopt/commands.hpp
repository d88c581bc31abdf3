// SPDX-License-Identifier: MIT
#pragma once
// The commands of prefopt. Each takes its arguments, of which the first is its name, and returns
// the exit status; errors after the command line is read are thrown.

namespace program {

int train(int argc, char** argv);
int evaluate(int argc, char** argv);
int score(int argc, char** argv);
int generate(int argc, char** argv);
int show(int argc, char** argv);
int render(int argc, char** argv);
int init(int argc, char** argv);
int tokenize(int argc, char** argv);

}  // namespace program
