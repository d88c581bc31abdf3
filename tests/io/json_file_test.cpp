// SPDX-License-Identifier: MIT
// Objects are read one by one from lines, lists and indented JSON, in files and pipes; anything
// else is named in the error.

#include "prefopt/io/json_file.hpp"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include <fcntl.h>

#include <nlohmann/json.hpp>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zlib.h>

#include "prefopt/datasets/preference_form.hpp"
#include "prefopt/datasets/preferences.hpp"
#include "support/scratch_folder.hpp"

using namespace prefopt;
using namespace prefopt_test;
using namespace std::string_literals;

namespace {

/// "LINE.ITEM VALUE" of each value.
std::vector<std::string> values_of(const std::filesystem::path& path, line_limits limits = {}) {
  json_file file(path, limits);
  std::vector<std::string> values;
  for (; const nlohmann::json* value = file.peek(); file.take())
    values.push_back(concat(file.line(), '.', file.item(), ' ', value->dump()));
  return values;
}

using texts = std::vector<std::string>;

void refused(std::string_view content, std::string_view why, line_limits limits = {}) {
  const scratch_folder folder;
  BOOST_CHECK_EXCEPTION((void)values_of(put(folder / "f.x", content), limits), format_error,
                        says("/f.x: ", why));
}

std::string gzip(const std::string& text) {
  z_stream deflater{};
  deflateInit2(&deflater, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string bytes(deflateBound(&deflater, text.size()) + 64, '\0');
  std::string input = text;
  deflater.next_in = reinterpret_cast<Bytef*>(input.data());
  deflater.avail_in = static_cast<uInt>(input.size());
  deflater.next_out = reinterpret_cast<Bytef*>(bytes.data());
  deflater.avail_out = static_cast<uInt>(bytes.size());
  deflate(&deflater, Z_FINISH);
  bytes.resize(deflater.total_out);
  deflateEnd(&deflater);
  return bytes;
}

/// `text` in a wide encoding of `width` bytes per character.
std::string widened(std::string_view text, std::size_t width, bool little) {
  std::string bytes;
  for (const char c : text) {
    std::string one(width, '\0');
    one[little ? 0 : width - 1] = c;
    bytes += one;
  }
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(json_files)

BOOST_AUTO_TEST_CASE(objects_stand_one_a_line_or_one_after_another) {
  const scratch_folder folder;
  const auto of = [&](std::string_view text) { return values_of(put(folder / "t", text)); };
  BOOST_TEST((of("") == texts{}));
  BOOST_TEST((of(" \r\n\f\n") == texts{}));
  BOOST_TEST((of("{\"a\":1}\n\r\n{\"a\":2}\r\n") == texts{"1.0 {\"a\":1}", "3.0 {\"a\":2}"}));
  BOOST_TEST((of("\xef\xbb\xbf{\"a\":1}") == texts{"1.0 {\"a\":1}"}));
  BOOST_TEST((of("{\n  \"a\": [\n  1\n]\n}\n{\n\"a\": \"}{\"\n}\n") ==
              texts{"1.0 {\"a\":[1]}", "6.0 {\"a\":\"}{\"}"}));
  BOOST_TEST((of("{}{} {}") == texts{"1.0 {}", "1.0 {}", "1.0 {}"}));
}

BOOST_AUTO_TEST_CASE(a_list_is_read_item_by_item_however_it_is_indented) {
  const scratch_folder folder;
  const auto of = [&](std::string_view text) { return values_of(put(folder / "t", text)); };
  BOOST_TEST((of("[]") == texts{}));
  BOOST_TEST((of("\n[ ]\n") == texts{}));
  BOOST_TEST((of("[{\"a\":1},{\"a\":[2]}]") == texts{"1.1 {\"a\":1}", "1.2 {\"a\":[2]}"}));
  BOOST_TEST((of("\xef\xbb\xbf[\n  {\n    \"a\": 1\n  },\n  {\n    \"a\": 2\n  }\n]\n") ==
              texts{"2.1 {\"a\":1}", "5.2 {\"a\":2}"}));
  BOOST_TEST((of("[{}\n,\n{}]") == texts{"1.1 {}", "3.2 {}"}));
  refused("[{}", "line 1: the file ends inside its list");
  refused("[{},", "line 1: item 2: not JSON");
  refused("[{},]", "line 1: item 2: not JSON");
  refused("[{}\n{}]", "line 2: expected a comma or the list's end");
  refused("[{}]\n{}", "line 2: expected nothing after the file's list");
  refused("[{\"a\":}]", "line 1: item 1: not JSON at byte 6");
  refused(std::string("[{}]\0", 5), "expected nothing after the file's list");
  refused(std::string("{}\n\0", 4), "line 2: not JSON");
}

BOOST_AUTO_TEST_CASE(a_value_is_named_by_the_line_on_which_it_begins) {
  refused("{}\n{\"a\":\n{}\n{}", "line 2: not JSON at byte");
  refused("{}\n{\"a\": \"x\n\"}", "line 2: not JSON");
  refused("{}\n{\"a\":1},\n{}", "line 2: not JSON at byte 1");
  refused("{}\nx", "line 2: not JSON at byte 1");
  refused("{\"a\":1,\"b\":{\"c\":1,\"c\":2}}", "line 1: key \"c\" appears twice in one object");
}

BOOST_AUTO_TEST_CASE(numbers_that_json_does_not_have_are_named) {
  refused("{\"a\": NaN}", "line 1: not JSON at byte 7: NaN or Infinity");
  refused("{\"a\": [-Infinity]}", "NaN or Infinity");
  refused("{\"a\": Infinity}", "NaN or Infinity");
  refused("{\"a\": 1e400}", "line 1: not JSON at byte 11: number overflow parsing '1e400'");
  refused("{\"a\": nope}", "invalid literal");
}

BOOST_AUTO_TEST_CASE(memory_is_bounded) {
  const scratch_folder folder;
  const std::string text =
      "{}\n{\"a\": \"" + std::string(200000, 'x') + "\"}\n" + std::string(300000, ' ') + "{}";
  BOOST_TEST(values_of(put(folder / "t", text), {.line_bytes = 200009}).size() == 3U);
  refused(text, "line 2: longer than 200008 bytes", {.line_bytes = 200008});
  refused(gzip(text), "line 2: longer than 9 bytes", {.line_bytes = 9});
  refused(text, "longer than 500000 bytes of text", {.file_bytes = 500000});
  refused(gzip(text), "longer than 500000 bytes of text", {.file_bytes = 500000});
  BOOST_TEST(values_of(put(folder / "t", "[{},{},\n{}]"), {.lines = 3}).size() == 3U);
  refused("[{},{},{},{}]", "more than 3 examples", {.lines = 3});
  refused("{}{}{}{}", "more than 3 examples", {.lines = 3});
}

BOOST_AUTO_TEST_CASE(text_that_is_not_utf_8_is_named_with_and_without_its_mark) {
  const std::string json = "{\"prompt\": \"x\"}\n";
  const auto way = [](const std::string& name) {
    return name + " text, expected JSON; iconv -f " + name;
  };
  refused("\xff\xfe" + widened(json, 2, true), way("UTF-16LE"));
  refused("\xfe\xff" + widened(json, 2, false), way("UTF-16BE"));
  refused("\xff\xfe\0\0"s + widened(json, 4, true), way("UTF-32LE"));
  refused("\0\0\xfe\xff"s + widened(json, 4, false), way("UTF-32BE"));
  for (const char* text : {"{\"a\"", "[\n{"}) {
    refused(widened(text, 2, true), way("UTF-16LE"));
    refused(widened(text, 2, false), way("UTF-16BE"));
    refused(widened(text, 4, true), way("UTF-32LE"));
    refused(widened(text, 4, false), way("UTF-32BE"));
  }
}

BOOST_AUTO_TEST_CASE(other_kinds_of_files_are_named_with_a_command_that_converts_them) {
  refused("prompt,chosen,rejected\r\n\"a, b\",c,d\n",
          "comma-separated values (CSV), expected JSON; python3 -c");
  refused("\"prompt\",\"chosen\"\na,b\n", "CSV");
  refused("\xef\xbb\xbfprompt\tchosen\trejected\n", "tab-separated values (TSV)");
  refused("PAR1\x15\x04",
          "a Parquet file, expected JSON; python3 -c 'import pandas; pandas.read_parquet(\"");
  refused(gzip("PAR1\x15\x04"), "a Parquet file");
  refused("ARROW1\0\0"s, "an Arrow file");
  refused("\xff\xff\xff\xff\x10\x01\0\0"s, "an Arrow stream");
  refused("PK\x03\x04\x14", "a zip archive or an Excel sheet");
  refused("\x28\xb5\x2f\xfd\x04", "zstd data");
  refused(
      "\xfd"
      "7zXZ\0"s,
      "xz data");
  refused("BZh91AY", "bzip2 data");
  refused("version https://git-lfs.github.com/spec/v1\n", "a git-lfs pointer");
  refused("\n<!DOCTYPE html>", "an HTML or XML page");
  refused("<html>", "an HTML page");
  refused("GGUF\x03", "a GGUF model");
  refused("Once, upon a time", "line 1: not JSON at byte 1");
}

// A producer that writes piece by piece; the reader must neither lose the first piece nor require
// what is not there yet.
BOOST_AUTO_TEST_CASE(a_pipe_is_read_once_whatever_its_writer_does) {
  const scratch_folder folder;
  std::string all;
  for (int i = 0; i < 40; ++i)
    all += R"({"prompt":"p)" + std::to_string(i) + R"(","chosen":"c","rejected":"r"})" + "\n";
  std::string list = "[" + all + "]";
  for (std::size_t i = 2; i + 2 < list.size(); ++i)
    if (list[i] == '\n') list[i] = ',';
  const auto path = folder / "pipe";
  BOOST_REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  for (const std::string& bytes : {all, gzip(all), list, gzip(list)}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{47}, bytes.size()}) {
      const ::pid_t writer = ::fork();
      if (writer == 0) {
        const int pipe = ::open(path.c_str(), O_WRONLY);
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
          const std::string_view part = std::string_view(bytes).substr(at, piece);
          if (::write(pipe, part.data(), part.size()) != static_cast<::ssize_t>(part.size()))
            ::_exit(1);
          if (at / piece < 10) ::usleep(2000);
        }
        ::_exit(0);
      }
      {
        json_file file(path);
        BOOST_TEST((form_of(file) == preference_form::pairs));
        const auto pairs = read_preferences(file);
        BOOST_TEST(pairs.size() == 40U);
        BOOST_TEST(std::get<preference_pair>(pairs[0].example).prompt == "p0");
        BOOST_TEST(std::get<preference_pair>(pairs.records.back().example).prompt == "p39");
      }
      int status = -1;
      ::waitpid(writer, &status, 0);
      BOOST_TEST(status == 0);
    }
  }
}

// The reader of a pipe returns a value as soon as its last bracket is there.
BOOST_AUTO_TEST_CASE(a_value_does_not_wait_for_the_next_one) {
  const scratch_folder folder;
  const auto path = folder / "pipe";
  BOOST_REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const int pipe = ::open(path.c_str(), O_RDWR);  // stays open, so there is no end
  const std::string one = "{\"a\": 1}";
  BOOST_REQUIRE(::write(pipe, one.data(), one.size()) == static_cast<::ssize_t>(one.size()));
  json_file file(path);
  ::alarm(20);
  const nlohmann::json* value = file.peek();
  ::alarm(0);
  BOOST_REQUIRE(value != nullptr);
  BOOST_TEST(value->dump() == "{\"a\":1}");
  ::close(pipe);
}

// With the members in their order, and without what is around the value.
BOOST_AUTO_TEST_CASE(a_value_comes_with_its_text) {
  const scratch_folder folder;
  json_file file(put(folder / "f", " \n[ {\"z\": 1,\n \"a\": []} ,\n\n {\"b\": 2}\n ]\n"));
  BOOST_REQUIRE(file.peek() != nullptr);
  BOOST_TEST(file.text() == "{\"z\": 1,\n \"a\": []}");
  file.take();
  BOOST_REQUIRE(file.peek() != nullptr);
  BOOST_TEST(file.text() == "{\"b\": 2}");
  file.take();
  BOOST_TEST(file.peek() == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
