// SPDX-License-Identifier: MIT
#pragma once
// Umbrella header of the component datasets/: preference files.

#include "prefopt/datasets/column_names.hpp"
#include "prefopt/datasets/messages.hpp"
#include "prefopt/datasets/parse_prompt.hpp"
#include "prefopt/datasets/preference_columns.hpp"
#include "prefopt/datasets/preference_form.hpp"
#include "prefopt/datasets/preference_records.hpp"
#include "prefopt/datasets/preferences.hpp"
#include "prefopt/datasets/ranked_preferences.hpp"
#include "prefopt/datasets/unpaired_preferences.hpp"
#include "prefopt/datasets/usual_roles.hpp"
