// SPDX-License-Identifier: MIT
#pragma once
// A folder that holds a tiny GPT-2, to change and load.

#include <boost/test/unit_test.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/hub/load_model.hpp"
#include "prefopt/hub/sidecar_files.hpp"
#include "prefopt/models/gpt2.hpp"
#include "hub/gpt2_folders.hpp"
#include "support/scratch_folder.hpp"

namespace prefopt_test {

using model = prefopt::causal_lm<backend_type>;

inline void same_weights(const model& a, const model& b) {
  prefopt_test::same_weights(a.parameters(), b.parameters());
}

/// A folder that holds the tiny model.
struct model_folder : scratch_folder {
  explicit model_folder(const prefopt::gpt2_config& config = tiny) {
    prefopt::save_model(make_model<model>(config), prefopt::sidecar_files{}, path());
  }
  [[nodiscard]] model load() const { return prefopt::load_model(backend(), path()); }
  void refused(auto... why) const {
    BOOST_CHECK_EXCEPTION((void)load(), prefopt::error, says(why...));
  }
};

}  // namespace prefopt_test
