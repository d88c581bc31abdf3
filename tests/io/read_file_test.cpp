// SPDX-License-Identifier: MIT
#include "prefopt/io/read_file.hpp"

#include <array>
#include <cstddef>
#include <thread>

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

#include "support/scratch_folder.hpp"

using namespace prefopt_test;

BOOST_AUTO_TEST_SUITE(read_file)

BOOST_AUTO_TEST_CASE(a_file_of_any_length_comes_back_byte_for_byte) {
  const scratch_folder folder;
  for (const std::size_t length : {0u, 1u, 1048575u, 1048576u, 1048577u, 3000000u}) {
    std::string text(length, '\0');
    for (std::size_t i = 0; i < length; ++i) text[i] = static_cast<char>(i * i >> 3);
    BOOST_TEST((prefopt::read_file(put(folder / "a", text)) == text));
  }
}

BOOST_AUTO_TEST_CASE(a_file_longer_than_the_bound_is_refused_and_one_as_long_is_not) {
  const scratch_folder folder;
  const auto path = put(folder / "a", "12345");
  BOOST_TEST(prefopt::read_file(path, 5) == "12345");
  BOOST_CHECK_EXCEPTION((void)prefopt::read_file(path, 4), prefopt::io_error,
                        says("/a: longer than 4 bytes"));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_an_error_that_names_it) {
  const scratch_folder folder;
  BOOST_CHECK_EXCEPTION((void)prefopt::read_file(folder / "none"), prefopt::io_error,
                        says("/none: ", "No such file"));
  BOOST_CHECK_EXCEPTION((void)prefopt::read_file(folder.path()), prefopt::io_error,
                        says(folder.path().c_str(), "a folder"));
}

BOOST_AUTO_TEST_CASE(what_is_not_a_regular_file_is_refused_without_waiting_for_it) {
  const scratch_folder folder;
  BOOST_REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  BOOST_CHECK_EXCEPTION((void)prefopt::read_file(folder / "pipe"), prefopt::io_error,
                        says("/pipe: a pipe, expected a regular file"));
  BOOST_CHECK_EXCEPTION((void)prefopt::read_file("/dev/zero"), prefopt::io_error,
                        says("/dev/zero: a device, expected a regular file"));
}

BOOST_AUTO_TEST_CASE(an_input_file_of_any_kind_may_be_a_pipe) {
  const scratch_folder folder;
  BOOST_REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  std::jthread writer([&] { put(folder / "pipe", "abc"); });
  prefopt::input_file file(folder / "pipe");
  std::array<std::byte, 3> bytes{};
  BOOST_TEST(file.read_some(bytes) == 3u);
  BOOST_TEST(!file.is_regular());
}

BOOST_AUTO_TEST_SUITE_END()
