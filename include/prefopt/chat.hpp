// SPDX-License-Identifier: MIT
#pragma once
// Umbrella header of the component chat/: chat templates, in the Jinja that they use. Needs
// nlohmann_json.

#include "prefopt/chat/calendar_date.hpp"
#include "prefopt/chat/chat_limits.hpp"
#include "prefopt/chat/chat_renderer.hpp"
#include "prefopt/chat/chat_template.hpp"
#include "prefopt/chat/chat_template_file.hpp"
#include "prefopt/chat/normalize_messages.hpp"
#include "prefopt/chat/ordered_json.hpp"
#include "prefopt/chat/rendering.hpp"
