// SPDX-License-Identifier: MIT
#pragma once
// Umbrella header of the component runs/: checkpoints, logs, progress, reference caches. Needs
// xxHash.

#include "prefopt/runs/checkpoint.hpp"
#include "prefopt/runs/checksums.hpp"
#include "prefopt/runs/fingerprint.hpp"
#include "prefopt/runs/json_log.hpp"
#include "prefopt/runs/progress_bar.hpp"
#include "prefopt/runs/reference_cache_file.hpp"
#include "prefopt/runs/training_state_file.hpp"
