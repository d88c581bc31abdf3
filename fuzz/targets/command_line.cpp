// SPDX-License-Identifier: MIT
// The command line of prefopt train, one argument per line. It returns options, or a status and a
// message; it never ends the process. A run can be planned with returned options, and they can be
// written.

#include <iostream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "prefopt/backend/host.hpp"
#include "prefopt/train/run_plan.hpp"
#include "prefopt/train/trainer_options.hpp"
#include "support.hpp"
#include "train/options.hpp"
#include "train/settings.hpp"

using namespace prefopt;

namespace {

/// Captures what is written to a stream while this object is alive.
class captured {
 public:
  explicit captured(std::ostream& stream) : stream_(stream), before_(stream.rdbuf(text_.rdbuf())) {}
  captured(const captured&) = delete;
  captured& operator=(const captured&) = delete;
  ~captured() { stream_.rdbuf(before_); }

  [[nodiscard]] std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::ostream& stream_;
  std::streambuf* before_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> arguments{"train"};
  for (std::string_view left(reinterpret_cast<const char*>(data), size); !left.empty();) {
    const std::size_t end = left.find('\n');
    arguments.emplace_back(left.substr(0, end));
    std::erase(arguments.back(), '\0');  // no argument contains one
    left = end == left.npos ? std::string_view() : left.substr(end + 1);
  }
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);

  program::parsed parsed;
  std::string out, err;
  {
    const captured cout(std::cout), cerr(std::cerr);
    parsed = program::parse_train(static_cast<int>(arguments.size()), pointers.data());
    out = cout.text();
    err = cerr.text();
  }
  if (!parsed.value) {
    fuzz::must(parsed.status == 0 || parsed.status == 2, "the status is 0 after --help and else 2",
               err);
    fuzz::must(parsed.status == 0 ? !out.empty() : !err.empty(),
               "a command line that is refused gets a message", "");
    return 0;
  }
  program::options& options = *parsed.value;
  fuzz::must(options.loss && !options.loss->forms.empty(),
             "options have a loss that reads something", "");
  const auto refused = fuzz::refusal([&] { check(options.trainer); });
  fuzz::must(!refused, "the trainer takes options that the command line takes",
             refused.value_or(""));
  fuzz::refusal([&] { (void)run_plan(100, options.trainer).total_steps(); });
  // as the program does, before it writes them
  options.trainer = on_backend(host_backend<float>{}, options.trainer);
  const nlohmann::json settings = *program::settings_of(options, {});
  fuzz::must(nlohmann::json::parse(settings.dump()) == settings,
             "settings come back from their JSON", settings.dump());
  return 0;
}
