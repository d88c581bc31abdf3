// SPDX-License-Identifier: MIT
#pragma once
// Umbrella header of the component hub/: Hugging Face GPT-2 folders.

#include "prefopt/hub/gpt2_config_json.hpp"
#include "prefopt/hub/gpt2_folder.hpp"
#include "prefopt/hub/gpt2_scalar_folder.hpp"
#include "prefopt/hub/gpt2_tensors.hpp"
#include "prefopt/hub/sidecar_files.hpp"
