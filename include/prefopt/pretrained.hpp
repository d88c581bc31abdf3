// SPDX-License-Identifier: MIT
#pragma once
// Everything you need to tune a pretrained model on the CPU: Hugging Face folders, tokenizers,
// chat templates, preference files, logs and the Eigen backend.

#ifdef PREFOPT_COMPILED
#include "prefopt/compiled.hpp"
#endif
#include "prefopt/chat.hpp"
#include "prefopt/datasets.hpp"
#include "prefopt/eigen.hpp"
#include "prefopt/hub.hpp"
#include "prefopt/runs.hpp"
#include "prefopt/tokenizers.hpp"
