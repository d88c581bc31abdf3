// SPDX-License-Identifier: MIT
// trainer_state.json, then optimizer.safetensors, into a live trainer. A rejected state changes
// nothing; an accepted one is written and read again, and trains or says why not. Most inputs are
// sealed with the checksums that they need, which no fuzzer finds by chance.

#include <nlohmann/json.hpp>

#include "prefopt/io/json.hpp"
#include "prefopt/loss/any_loss.hpp"
#include "prefopt/loss/beta_dpo.hpp"
#include "prefopt/loss/weighted_sum.hpp"
#include "prefopt/policy/bigram.hpp"
#include "prefopt/runs/checksums.hpp"
#include "prefopt/runs/training_state_file.hpp"
#include "support.hpp"

using namespace prefopt;

namespace {

/// Four weights, and a loss whose two terms both carry a state.
struct live {
  bigram policy{2};
  bigram reference{2};
  trainer<bigram, bigram, any_loss> training{
      policy,
      reference,
      any_loss{weighted_sum{weighted{beta_dpo{}, 1}, weighted{beta_dpo{}, 1}}},
      {.max_steps = 8}};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::scratch_folder folder, again;
  const fuzz::input input(data, size);
  const auto parts = input.parts<2>();
  std::string state(parts[0]);
  folder.put(trainer_state_file, state);
  folder.put(optimizer_file, parts[1]);
  if (!input.has(0)) {
    fuzz::refusal([&] {
      nlohmann::json sealed = parse_json(state, "state");
      if (!sealed.is_object()) return;
      sealed["files"] = checksums_of(folder.path(), trainer_state_file);
      state = with_checksum(sealed).dump();
      folder.put(trainer_state_file, state);
    });
  }

  nlohmann::json settings;
  fuzz::refusal([&] {
    const trainer_state_record record = read_trainer_state(folder.path());
    fuzz::must(record.step >= 0 && record.num_tokens >= 0, "counts are not negative", state);
    settings = *record.settings;
  });
  live run;
  const auto before = run.training.state();
  if (fuzz::refusal([&] { read_training_state(run.training, folder.path()); })) {
    fuzz::must(run.training.state() == before, "a state that is refused changes nothing", state);
    return 0;
  }
  const auto write_to = [&](const live& one) {
    write_training_state(one.training, settings, again.path());
    return again.get(trainer_state_file) + again.get(optimizer_file);
  };
  const std::string written = write_to(run);
  live other;
  const auto refused = fuzz::refusal([&] { read_training_state(other.training, again.path()); });
  fuzz::must(!refused, "a state that is written is read", refused.value_or(""));
  fuzz::must(write_to(other) == written, "a state comes back bit for bit", "");

  const std::vector<tokenized_pair> pairs{{{0}, {1, 0}, {0}}};
  fuzz::refusal([&] { run.training.train(pairs); });
  return 0;
}
