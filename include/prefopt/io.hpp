// SPDX-License-Identifier: MIT
#pragma once
// Umbrella header of the component io/: preference files, Hugging Face GPT-2 folders, safetensors,
// checkpoints, logs. Needs nlohmann_json, zlib and xxHash.

#include "prefopt/io/checkpoint.hpp"
#include "prefopt/io/fingerprint.hpp"
#include "prefopt/io/gpt2_folder.hpp"
#include "prefopt/io/gpt2_scalar_folder.hpp"
#include "prefopt/io/json_file.hpp"
#include "prefopt/io/json_log.hpp"
#include "prefopt/io/messages.hpp"
#include "prefopt/io/preference_columns.hpp"
#include "prefopt/io/preference_form.hpp"
#include "prefopt/io/preference_records.hpp"
#include "prefopt/io/preferences.hpp"
#include "prefopt/io/progress_bar.hpp"
#include "prefopt/io/ranked_preferences.hpp"
#include "prefopt/io/reference_cache_file.hpp"
#include "prefopt/io/safetensors_archive.hpp"
#include "prefopt/io/safetensors_file.hpp"
#include "prefopt/io/safetensors_writer.hpp"
#include "prefopt/io/training_state_file.hpp"
#include "prefopt/io/unpaired_preferences.hpp"
