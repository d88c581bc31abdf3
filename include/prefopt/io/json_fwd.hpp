// SPDX-License-Identifier: MIT
#pragma once
// Names of the JSON types, for declarations. nlohmann/json.hpp takes seconds to compile; headers
// that only pass JSON on include this one instead.

#include <nlohmann/json_fwd.hpp>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

class json_object;

}  // namespace prefopt::inline v0_2
