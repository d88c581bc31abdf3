// SPDX-License-Identifier: MIT
#pragma once
// Umbrella header of the component hub/: Hugging Face model folders.

#include "prefopt/hub/decoder_tensors.hpp"
#include "prefopt/hub/gpt2_config_json.hpp"
#include "prefopt/hub/load_model.hpp"
#include "prefopt/hub/load_scalar_model.hpp"
#include "prefopt/hub/model_config_json.hpp"
#include "prefopt/hub/save_options.hpp"
#include "prefopt/hub/sidecar_files.hpp"
