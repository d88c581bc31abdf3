// SPDX-License-Identifier: MIT
// metrics.jsonl, cut back to a step. The result is lines of the file in their order, and cutting
// twice is the same as cutting once.

#include "prefopt/runs/json_log.hpp"

#include "support.hpp"

using namespace prefopt;

namespace {

/// Whether `kept` is `text` without some of its lines.
bool is_text_without_lines(std::string_view kept, std::string_view text) {
  while (!kept.empty()) {
    const std::size_t end = text.find('\n');
    if (end == text.npos) return false;
    const std::string_view line = text.substr(0, end + 1);
    if (kept.starts_with(line)) kept.remove_prefix(line.size());
    text.remove_prefix(line.size());
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::scratch_folder folder;
  const fuzz::input input(data, size);
  const auto last_step = static_cast<std::int64_t>(input.mode(16));
  folder.put("metrics.jsonl", input.rest());
  const auto refused = fuzz::refusal([&] { cut_json_log(folder / "metrics.jsonl", last_step); });
  const std::string once = folder.get("metrics.jsonl");
  if (refused) {
    fuzz::must(once == input.rest(), "a log that is refused stays as it was", *refused);
    return 0;
  }
  fuzz::must(is_text_without_lines(once, input.rest()), "what is kept are lines of the log", once);
  const auto refused_again =
      fuzz::refusal([&] { cut_json_log(folder / "metrics.jsonl", last_step); });
  fuzz::must(!refused_again && folder.get("metrics.jsonl") == once, "cutting twice is cutting once",
             once);
  return 0;
}
