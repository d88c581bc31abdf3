// SPDX-License-Identifier: MIT
// Opening a GPU. Without one this program says so before its first test and exits with 77, which
// CTest counts as skipped.

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/cuda.hpp"

using namespace prefopt;

namespace {

struct wants_a_device {
  wants_a_device() {
    try {
      const cuda_backend<float> backend;
      std::printf("%s\n", backend.instruction_set().c_str());
      // all other errors end the program, which CTest counts as failed
    } catch (const no_device_error& error) {
      std::printf("skipped: no CUDA device (%s)\n", error.what());
      std::fflush(stdout);
      std::_Exit(77);
    }
  }
};

BOOST_TEST_GLOBAL_CONFIGURATION(wants_a_device);

}  // namespace

BOOST_AUTO_TEST_CASE(a_device_that_is_not_there_is_refused) {
  BOOST_CHECK_THROW(cuda_backend<float>(-1), device_error);
  BOOST_CHECK_THROW(cuda_backend<float>(1 << 20), device_error);
  BOOST_CHECK_THROW(cuda_backend<bfloat16>(cuda_options{.tf32 = true}), value_error);
}

BOOST_AUTO_TEST_CASE(more_memory_than_there_is_names_the_setting_to_lower) {
  const cuda_backend<float> backend;
  const auto says_how = [](const device_error& error) {
    return std::string(error.what()).find("tokens_per_microbatch") != std::string::npos;
  };
  constexpr std::size_t too_much = std::size_t{1} << 46;
  BOOST_CHECK_EXCEPTION((void)backend.scratch<float>(too_much), device_error, says_how);
  BOOST_CHECK_EXCEPTION((void)backend.allocate<float>(too_much), device_error, says_how);
  BOOST_TEST(backend.scratch<float>(100).data() != nullptr);  // and continues
}

BOOST_AUTO_TEST_CASE(lasting_memory_begins_as_zeros_and_copies_arrive) {
  const cuda_backend<float> backend;
  constexpr std::size_t size = 5'000'001;  // more than is staged at once
  auto there = backend.allocate<float>(size), twin = backend.allocate<float>(size);
  std::vector<float> here(size, 1);
  backend.copy_to_host(there.span(), here);
  BOOST_TEST(here == std::vector<float>(size));
  for (std::size_t i = 0; i < size; ++i) here[i] = static_cast<float>(i);
  const std::vector<float> expected = here;
  backend.copy_from_host(here, there.span());
  for (std::size_t i = 0; i < 1000; ++i) {  // small ones, which must not overtake anything
    const std::vector<float> one{static_cast<float>(i) + 0.5F};
    backend.copy_from_host(one, there.span().subspan(7, 1));
  }
  here.assign(size, 0);  // free to change at once
  backend.copy(there.span(), twin.span());
  backend.fill(there.span(), 3);
  backend.copy_to_host(twin.span(), here);
  BOOST_TEST(here[7] == 999.5F);
  here[7] = expected[7];
  BOOST_TEST(here == expected);
  backend.copy_to_host(there.span(), here);
  BOOST_TEST(here == std::vector<float>(size, 3));
}
