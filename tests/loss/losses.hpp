// SPDX-License-Identifier: MIT
#pragma once
// The losses that every law is tested on: a new loss is one line.

#include <boost/test/unit_test.hpp>
#include <tuple>

#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/hinge.hpp"
#include "prefopt/loss/ipo.hpp"
#include "prefopt/loss/sft.hpp"

namespace prefopt::tests {

inline const std::tuple losses{
    dpo{},
    dpo{.beta = 2.5},
    dpo{.beta = 0.3, .label_smoothing = 0.2},
    ipo{},
    ipo{.beta = 0.75},
    hinge{},
    hinge{.beta = 2},
    sft{},
};

/// Calls `visit(loss)` for each, with its name in what a failure prints.
template <class Visitor>
void for_each_loss(const Visitor& visit) {
  std::apply(
      [&](const auto&... loss) {
        (
            [&] {
              BOOST_TEST_CONTEXT(loss.name) { visit(loss); }
            }(),
            ...);
      },
      losses);
}

}  // namespace prefopt::tests
