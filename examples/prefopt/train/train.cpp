// SPDX-License-Identifier: MIT
// prefopt train.

#include "commands.hpp"
#include "model_folders.hpp"
#include "train/interruption.hpp"
#include "train/options.hpp"
#include "train/run.hpp"

namespace program {

int train(int argc, char** argv) {
  const parsed parsed = parse_train(argc, argv);
  if (!parsed.value) return parsed.status;
  watch_for_interruption();
  options options = *parsed.value;
  find_in_hub_cache({&options.model, &options.reference}, options.console);
  run(options);
  return 0;
}

}  // namespace program
