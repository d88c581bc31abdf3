// SPDX-License-Identifier: MIT
#pragma once
// Models that are given by their names on the Hugging Face hub.

#include <cstdio>
#include <filesystem>
#include <initializer_list>
#include <set>
#include <string>

#include <prefopt/io/hub_cache.hpp>

namespace program {

/// Replaces names of the hub by their folders in its cache, where there are some, and prints a line
/// for each.
inline void find_in_hub_cache(std::initializer_list<std::string*> folders, std::FILE* console) {
  std::set<std::string> said;
  for (std::string* const folder : folders) {
    const std::filesystem::path found = prefopt::resolve_model_folder(*folder);
    if (found == *folder) continue;
    if (said.insert(*folder).second)
      std::fprintf(console, "%s: in the Hugging Face cache, %s\n", folder->c_str(), found.c_str());
    *folder = found.native();
  }
}

}  // namespace program
