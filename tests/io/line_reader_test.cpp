// SPDX-License-Identifier: MIT
#include "prefopt/io/line_reader.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <boost/test/unit_test.hpp>
#include <iterator>
#include <vector>

#include "files/scratch_folder.hpp"

using prefopt::format_error;
using prefopt::line_reader;
using namespace prefopt_test;

namespace {

std::vector<std::string> lines_of(const std::filesystem::path& path, prefopt::line_limits limits = {}) {
  line_reader reader(path, limits);
  std::vector<std::string> lines;
  for (std::string line; reader.next(line);) lines.push_back(line);
  return lines;
}

/// The text as one gzip member.
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

using lines = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(line_reading)

BOOST_AUTO_TEST_CASE(lines_end_at_line_feeds_and_at_the_end_of_the_file) {
  const scratch_folder folder;
  const auto of = [&](std::string_view text) { return lines_of(put(folder / "t", text)); };
  BOOST_TEST((of("") == lines{}));
  BOOST_TEST((of("a") == lines{"a"}));
  BOOST_TEST((of("a\n") == lines{"a"}));
  BOOST_TEST((of("\n") == lines{""}));
  BOOST_TEST((of("a\n\nb\r\n\r\r\n") == lines{"a", "", "b", "\r"}));
  BOOST_TEST((of("\xef\xbb\xbfx\n\xef\xbb\xbfy") == lines{"x", "\xef\xbb\xbfy"}));
}

BOOST_AUTO_TEST_CASE(lines_of_any_length_pass_through_the_buffer_plain_and_compressed) {
  const scratch_folder folder;
  lines wanted;
  std::string text;
  for (const std::size_t length : {0u, 1u, 65534u, 65535u, 65536u, 65537u, 200000u, 3u}) {
    std::string line(length, 'x');
    for (std::size_t i = 0; i < length; ++i) line[i] = static_cast<char>('a' + i * i % 23);
    wanted.push_back(line);
    text += line + "\n";
  }
  BOOST_TEST((lines_of(put(folder / "t", text)) == wanted));
  BOOST_TEST((lines_of(put(folder / "t", gzip(text))) == wanted));  // its bytes tell, not its name
}

BOOST_AUTO_TEST_CASE(gzip_members_follow_each_other_even_inside_a_line) {
  const scratch_folder folder;
  const auto path = put(folder / "t.gz", gzip("a\nb") + gzip("") + gzip("c\n") + gzip("d"));
  BOOST_TEST((lines_of(path) == lines{"a", "bc", "d"}));
}

BOOST_AUTO_TEST_CASE(damaged_gzip_is_an_error_at_every_cut) {
  const scratch_folder folder;
  const std::string bytes = gzip("line one\nline two\n");
  for (std::size_t length = 2; length < bytes.size(); ++length) {
    BOOST_CHECK_EXCEPTION((void)lines_of(put(folder / "t.gz", bytes.substr(0, length))), format_error,
                          says("t.gz: truncated gzip data"));
  }
  std::string damaged = bytes;
  damaged[bytes.size() - 8] = static_cast<char>(damaged[bytes.size() - 8] ^ 1);  // its checksum
  BOOST_CHECK_EXCEPTION((void)lines_of(put(folder / "t.gz", damaged)), format_error, says("t.gz: damaged gzip data"));
  BOOST_CHECK_EXCEPTION((void)lines_of(put(folder / "t.gz", bytes + "more")), format_error, says("damaged gzip data"));
}

BOOST_AUTO_TEST_CASE(a_monstrous_line_is_refused_by_its_number_plain_and_compressed) {
  const scratch_folder folder;
  const std::string text = "ok\n" + std::string(3000000, ' ');
  for (const std::string& bytes : {text, gzip(text)}) {
    BOOST_CHECK_EXCEPTION((void)lines_of(put(folder / "t", bytes), {.line_bytes = 2999999}), format_error,
                          says("/t: line 2: longer than 2999999 bytes"));
    BOOST_CHECK_NO_THROW((void)lines_of(put(folder / "t", bytes), {.line_bytes = 3000000}));
    BOOST_CHECK_EXCEPTION((void)lines_of(put(folder / "t", bytes), {.file_bytes = 3000002}), format_error,
                          says("/t: longer than 3000002 bytes"));
  }
}

BOOST_AUTO_TEST_CASE(more_lines_than_the_limit_are_refused) {
  const scratch_folder folder;
  const auto path = put(folder / "t.gz", gzip("a\n\nc\n"));
  BOOST_TEST((lines_of(path, {.lines = 3}) == lines{"a", "", "c"}));
  BOOST_CHECK_EXCEPTION((void)lines_of(path, {.lines = 2}), format_error, says("/t.gz: more than 2 lines"));
}

BOOST_AUTO_TEST_CASE(gzip_is_recognized_in_a_pipe_that_gives_one_byte_first) {
  const scratch_folder folder;
  const auto path = folder / "pipe";
  const std::string texts[]{gzip("a\nb\n"), "a\nb\n", "x"};
  const lines wanted[]{{"a", "b"}, {"a", "b"}, {"x"}};
  BOOST_REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  for (std::size_t i = 0; i < std::size(texts); ++i) {
    const ::pid_t writer = ::fork();
    if (writer == 0) {
      const int pipe = ::open(path.c_str(), O_WRONLY);
      bool good = ::write(pipe, texts[i].data(), 1) == 1;
      for (int waiting = 1; good && waiting > 0; ::usleep(1000)) good = ::ioctl(pipe, FIONREAD, &waiting) == 0;
      const auto rest = texts[i].substr(1);
      good = good && ::write(pipe, rest.data(), rest.size()) == static_cast<::ssize_t>(rest.size());
      ::_exit(good ? 0 : 1);
    }
    BOOST_TEST((lines_of(path) == wanted[i]));
    int status = -1;
    ::waitpid(writer, &status, 0);
    BOOST_TEST(status == 0);
  }
}

BOOST_AUTO_TEST_SUITE_END()
