// SPDX-License-Identifier: MIT
#pragma once
// Umbrella header of the component io/: bounded reads, atomic writes, JSON, gzip. Needs
// nlohmann_json and zlib.

#include "prefopt/io/atomic_directory.hpp"
#include "prefopt/io/atomic_file.hpp"
#include "prefopt/io/describe_foreign.hpp"
#include "prefopt/io/file_descriptor.hpp"
#include "prefopt/io/folder_file.hpp"
#include "prefopt/io/folder_lock.hpp"
#include "prefopt/io/folders.hpp"
#include "prefopt/io/input_file.hpp"
#include "prefopt/io/json.hpp"
#include "prefopt/io/json_file.hpp"
#include "prefopt/io/json_fwd.hpp"
#include "prefopt/io/json_limits.hpp"
#include "prefopt/io/json_object.hpp"
#include "prefopt/io/json_value.hpp"
#include "prefopt/io/line_limits.hpp"
#include "prefopt/io/model_folder.hpp"
#include "prefopt/io/output_file.hpp"
#include "prefopt/io/printable.hpp"
#include "prefopt/io/process_scope.hpp"
#include "prefopt/io/read_file.hpp"
#include "prefopt/io/room.hpp"
#include "prefopt/io/temporary.hpp"
#include "prefopt/io/temporary_name.hpp"
#include "prefopt/io/text_file.hpp"
