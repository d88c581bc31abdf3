// SPDX-License-Identifier: MIT
#pragma once
// Files for supervised fine-tuning, which have only answers to imitate.

#include <prefopt/datasets/column_names.hpp>
#include <prefopt/io/json_file.hpp>

namespace program {

/// Throws format_error, which says how to make pairs of them, if the file's next object has an
/// answer to imitate and no label. Throws as json_file::peek does.
void refuse_supervised(prefopt::json_file& file, const prefopt::column_names& columns);

}  // namespace program
