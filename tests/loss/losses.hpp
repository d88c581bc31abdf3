// SPDX-License-Identifier: MIT
#pragma once
// The losses that every law is tested on: a new loss is one line.

#include <tuple>

#include <boost/test/unit_test.hpp>

#include "prefopt/loss/apo_down.hpp"
#include "prefopt/loss/apo_zero.hpp"
#include "prefopt/loss/bco_pair.hpp"
#include "prefopt/loss/cpo.hpp"
#include "prefopt/loss/discopop.hpp"
#include "prefopt/loss/dpo.hpp"
#include "prefopt/loss/dpop.hpp"
#include "prefopt/loss/exo_pair.hpp"
#include "prefopt/loss/hinge.hpp"
#include "prefopt/loss/ipo.hpp"
#include "prefopt/loss/length_normalized_dpo.hpp"
#include "prefopt/loss/nca_pair.hpp"
#include "prefopt/loss/orpo.hpp"
#include "prefopt/loss/robust_dpo.hpp"
#include "prefopt/loss/sft.hpp"
#include "prefopt/loss/simpo.hpp"
#include "prefopt/loss/sppo_hard.hpp"
#include "prefopt/loss/summed_ipo.hpp"

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
    robust_dpo{},
    exo_pair{},
    exo_pair{.beta = 0.7, .label_smoothing = 0.2},
    nca_pair{},
    bco_pair{},
    sppo_hard{},
    apo_zero{},
    apo_down{},
    discopop{},
    length_normalized_dpo{},
    dpop{},
    simpo{},
    cpo{},
    cpo{.beta = 0.5, .label_smoothing = 0.1},
    orpo{},
    summed_ipo{},
};

/// Calls `visit(loss)` for each, with its name in failure messages.
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
