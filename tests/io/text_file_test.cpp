// SPDX-License-Identifier: MIT
// Plain files, gzip files and pipes are read completely; damaged gzip data is an error at every
// cut.

#include "prefopt/io/text_file.hpp"

#include <iterator>
#include <string>

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zlib.h>

#include "support/scratch_folder.hpp"

using prefopt::format_error;
using namespace prefopt_test;

namespace {

std::string text_of(const std::filesystem::path& path) {
  prefopt::text_file file(path);
  std::string text;
  char some[1000];
  for (std::size_t count = file.read_some(some); count > 0; count = file.read_some(some))
    text.append(some, count);
  return text;
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

}  // namespace

BOOST_AUTO_TEST_SUITE(text_files)

BOOST_AUTO_TEST_CASE(texts_of_any_length_pass_through_the_buffer_plain_and_compressed) {
  const scratch_folder folder;
  for (const std::size_t length : {0u, 1u, 2u, 999u, 1000u, 65535u, 65536u, 65537u, 200000u}) {
    std::string text(length, 'x');
    for (std::size_t i = 0; i < length; ++i) text[i] = static_cast<char>('a' + i * i % 23);
    BOOST_TEST((text_of(put(folder / "t", text)) == text));
    BOOST_TEST((text_of(put(folder / "t", gzip(text))) == text));  // its bytes decide, not its name
  }
}

BOOST_AUTO_TEST_CASE(gzip_members_follow_each_other) {
  const scratch_folder folder;
  BOOST_TEST(text_of(put(folder / "t.gz", gzip("a\nb") + gzip("") + gzip("c\n") + gzip("d"))) ==
             "a\nbc\nd");
}

BOOST_AUTO_TEST_CASE(damaged_gzip_is_an_error_at_every_cut) {
  const scratch_folder folder;
  const std::string bytes = gzip("line one\nline two\n");
  for (std::size_t length = 2; length < bytes.size(); ++length) {
    BOOST_CHECK_EXCEPTION((void)text_of(put(folder / "t.gz", bytes.substr(0, length))),
                          format_error, says("t.gz: truncated gzip data"));
  }
  std::string damaged = bytes;
  damaged[bytes.size() - 8] = static_cast<char>(damaged[bytes.size() - 8] ^ 1);  // its checksum
  BOOST_CHECK_EXCEPTION((void)text_of(put(folder / "t.gz", damaged)), format_error,
                        says("t.gz: damaged gzip data"));
  BOOST_CHECK_EXCEPTION((void)text_of(put(folder / "t.gz", bytes + "more")), format_error,
                        says("damaged gzip data"));
}

BOOST_AUTO_TEST_CASE(gzip_is_recognized_in_a_pipe_that_gives_one_byte_first) {
  const scratch_folder folder;
  const auto path = folder / "pipe";
  const std::string texts[]{gzip("a\nb\n"), "a\nb\n", "x"};
  const std::string expected[]{"a\nb\n", "a\nb\n", "x"};
  BOOST_REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  for (std::size_t i = 0; i < std::size(texts); ++i) {
    const ::pid_t writer = ::fork();
    if (writer == 0) {
      const int pipe = ::open(path.c_str(), O_WRONLY);
      bool good = ::write(pipe, texts[i].data(), 1) == 1;
      for (int waiting = 1; good && waiting > 0; ::usleep(1000))
        good = ::ioctl(pipe, FIONREAD, &waiting) == 0;
      const auto rest = texts[i].substr(1);
      good = good && ::write(pipe, rest.data(), rest.size()) == static_cast<::ssize_t>(rest.size());
      ::_exit(good ? 0 : 1);
    }
    BOOST_TEST(text_of(path) == expected[i]);
    int status = -1;
    ::waitpid(writer, &status, 0);
    BOOST_TEST(status == 0);
  }
}

BOOST_AUTO_TEST_SUITE_END()
