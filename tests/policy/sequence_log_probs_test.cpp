// SPDX-License-Identifier: MIT
// A response's log-probability is the sum of its tokens'.

#include "prefopt/policy/sequence_log_probs.hpp"

#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/data/pack.hpp"

using namespace prefopt;

BOOST_AUTO_TEST_SUITE(sequence_sums)

BOOST_AUTO_TEST_CASE(each_response_sums_its_own_tokens) {
  const std::vector<tokenized_pair> pairs{{{1}, {2, 3}, {4}}, {{}, {5}, {6, 7}}};
  const std::vector<std::size_t> members{0, 1};
  const auto batch = pack(pairs, members);
  BOOST_TEST(sequence_log_probs(batch, std::vector<double>{-1, -2, -4, -8}) ==
                 (std::vector<double>{-3, -4, 0, -8}),
             boost::test_tools::per_element());
  BOOST_CHECK_THROW((void)sequence_log_probs(batch, std::vector<double>(3)), shape_error);
}

BOOST_AUTO_TEST_SUITE_END()
