// SPDX-License-Identifier: MIT
#pragma once
// The definitions for trainer_state.json.

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>

#include <nlohmann/json.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/io/atomic_file.hpp"
#include "prefopt/io/json.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/read_file.hpp"
#include "prefopt/runs/checksums.hpp"
#include "prefopt/runs/detail/run_fingerprint_json.hpp"
#include "prefopt/runs/training_state_file.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

PREFOPT_INLINE void write_trainer_state(const trainer_state_record& state,
                                        const std::filesystem::path& folder) {
  nlohmann::json file = {
      {"step", state.step}, {"num_tokens", state.num_tokens}, {"settings", *state.settings}};
  // Most losses have no state. Numbers are written so that they are restored bit for bit.
  if (!state.loss.empty()) file["loss_state"] = state.loss;
  file["fingerprint"] = json_of(state.fingerprint);
  file["files"] = checksums_of(folder, trainer_state_file);
  write_file_atomically(folder / trainer_state_file, with_checksum(file).dump(2) + "\n",
                        links::replace);
}

}  // namespace detail

PREFOPT_INLINE trainer_state_record read_trainer_state(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / trainer_state_file;
  const nlohmann::json json = parse_json(read_file(path), path.native());
  const json_object object(json, path.native());
  verify_checksum(object);
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  trainer_state_record record{object.integer("step", 0, most),
                              object.integer("num_tokens", 0, most),
                              object.object("settings").json(), object.object("files").json()};
  if (object.has_value("fingerprint"))
    record.fingerprint = detail::run_fingerprint_from(object.object("fingerprint"));
  if (!object.has_value("loss_state")) return record;
  for (const nlohmann::json& number : object.list("loss_state")) {
    if (!number.is_number())
      throw format_error(concat(object.name(), ": loss_state holds ", describe_json(number),
                                ", expected numbers"));
    record.loss.push_back(number.get<double>());
  }
  return record;
}

PREFOPT_INLINE void verify_training_state(const std::filesystem::path& folder,
                                          const trainer_state_record& record) {
  const std::string name = (folder / trainer_state_file).native() + ": files";
  verify_checksums(folder, json_object(*record.files, name));
}

}  // namespace prefopt::inline v0_2
