// SPDX-License-Identifier: MIT
#pragma once

#include "train_dpo/options.hpp"

namespace train_dpo {

/// The whole job. Throws what the library throws, with messages that name file or option.
void run(const options& options);

}  // namespace train_dpo
