// SPDX-License-Identifier: MIT
#pragma once
// Umbrella header of the component formats/: tensors in safetensors files, including sharded ones.

#include "prefopt/formats/safetensors_archive.hpp"
#include "prefopt/formats/safetensors_file.hpp"
#include "prefopt/formats/safetensors_header.hpp"
#include "prefopt/formats/safetensors_shards.hpp"
#include "prefopt/formats/safetensors_writer.hpp"
#include "prefopt/formats/tensor_type.hpp"
