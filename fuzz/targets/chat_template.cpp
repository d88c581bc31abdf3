// SPDX-License-Identifier: MIT
// A chat template and its variables. Parts: the template, a JSON object. Rendering twice gives the
// same, and marked ranges are within the text.

#include <nlohmann/json.hpp>

#include "prefopt/chat.hpp"
#include "support.hpp"

using namespace prefopt;

namespace {

/// A conversation, for a template without variables that are JSON.
nlohmann::ordered_json some_variables() {
  return {{"messages",
           {{{"role", "user"}, {"content", " Hi \u4f60\n"}},
            {{"role", "assistant"}, {"content", "Hello"}, {"tool_calls", nullptr}}}},
          {"tools", {{{"name", "f"}, {"parameters", {{"type", "object"}}}}}},
          {"n", 3},
          {"f", -2.5},
          {"bos_token", "<s>"},
          {"d", {{"b", 1}, {"a", {1, "x", true}}}}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::input input(data, size);
  const auto parts = input.parts<2>();
  nlohmann::ordered_json variables = some_variables();
  if (input.has(0)) fuzz::refusal([&] { variables = parse_ordered_json(parts[1], "variables"); });
  chat_limits limits;
  limits.steps = std::size_t{1} << 18;  // the bounds hold for any size, so a small one is tested
  limits.output_bytes = std::size_t{1} << 20;
  fuzz::refusal([&] {
    const auto parsed = chat_template::parse(parts[0], "template", limits);
    rendering first, second;
    const auto refused = fuzz::refusal([&] { first = parsed.render(variables, {}); });
    const auto again = fuzz::refusal([&] { second = parsed.render(variables, {}); });
    fuzz::must(refused == again && first == second, "a rendering can be repeated", parts[0]);
    fuzz::must(first.text.size() <= limits.output_bytes, "the text is within its limit");
    for (const text_range& range : first.generated)
      fuzz::must(range.begin <= range.end && range.end <= first.text.size(),
                 "ranges are within the text");
    std::string valid = nlohmann::ordered_json(first.text).dump();  // throws unless it is UTF-8
  });
  fuzz::refusal([&] { (void)normalize_messages(variables); });
  return 0;
}
