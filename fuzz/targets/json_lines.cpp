// SPDX-License-Identifier: MIT
// A file of preferences, read in each of the three forms, as it is or with other names of columns.
// The file compressed with gzip, in one member or two, reads the same.

#include <zlib.h>

#include "prefopt/datasets/preference_form.hpp"
#include "prefopt/datasets/preferences.hpp"
#include "prefopt/datasets/ranked_preferences.hpp"
#include "prefopt/datasets/unpaired_preferences.hpp"
#include "prefopt/io/json_file.hpp"
#include "support.hpp"

using namespace prefopt;

namespace {

constexpr line_limits limits{
    .line_bytes = std::size_t{1} << 16, .file_bytes = std::uint64_t{1} << 20, .lines = 1000};

std::string gzip(std::string_view text) {
  z_stream stream{};
  fuzz::must(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK,
             "zlib starts", "");
  std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  fuzz::must(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib packs", "");
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

/// Everything that a reader says about a file: its records, or why it was rejected.
struct outcome {
  std::optional<std::string> pairs, lists, unpaired, form;
  std::vector<std::size_t> lines;

  friend bool operator==(const outcome&, const outcome&) = default;
};

outcome read_all(const std::filesystem::path& path, const column_names& names) {
  outcome all;
  const auto keep = [&](const auto& records) {
    std::size_t last = 0;
    for (const auto& record : records) {
      fuzz::must(record.line >= last, "records come in the order of their lines", "");
      all.lines.push_back(last = record.line);
    }
  };
  all.pairs = fuzz::refusal([&] { keep(read_preferences(path, limits, names)); });
  all.lists = fuzz::refusal([&] { keep(read_ranked_preferences(path, limits, names)); });
  all.unpaired = fuzz::refusal([&] { keep(read_unpaired_preferences(path, limits, names)); });
  all.form = fuzz::refusal([&] {
    json_file file(path, limits);
    (void)form_of(file, names);
  });
  fuzz::must((all.pairs && all.lists && all.unpaired) || !all.form,
             "what can be read in a form is of a form", "");
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::scratch_folder folder;
  const fuzz::input input(data, size);
  const std::string_view text = input.rest();
  folder.put("data", text);
  column_names names;  // all forms have columns of these names
  if (input.has(2)) names = {{"prompt", "question"}, {"instruction", "prompt"}};
  const outcome plain = read_all(folder / "data", names);
  const bool packed_already = text.starts_with("\x1f\x8b");
  if (!input.has(0) || packed_already) return 0;
  folder.put("data", input.has(1) ? gzip(text.substr(0, text.size() / 2)) +
                                        gzip(text.substr(text.size() / 2))
                                  : gzip(text));
  const outcome packed = read_all(folder / "data", names);
  fuzz::must(plain == packed, "gzip reads as what it packs",
             plain.pairs.value_or("read") + " | " + packed.pairs.value_or("read"));
  return 0;
}
