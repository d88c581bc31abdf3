// SPDX-License-Identifier: MIT
#pragma once
// resolve_model_folder: finds a model that another program downloaded from the Hugging Face Hub, by
// its name there. Nothing is downloaded here.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "prefopt/core/error.hpp"
#include "prefopt/io/model_folder.hpp"
#include "prefopt/io/read_file.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// An environment variable's value with a leading ~ expanded; empty if it is not set.
[[nodiscard]] inline std::string path_in_environment(const char* name) {
  const char* const value = std::getenv(name);
  std::string path = value == nullptr ? "" : value;
  if (path != "~" && !path.starts_with("~/")) return path;
  const char* const home = std::getenv("HOME");
  return path.replace(0, 1, home == nullptr ? "" : home);
}

}  // namespace detail

/// The folder of the Hugging Face Hub's downloads, as huggingface_hub determines it: HF_HUB_CACHE,
/// or hub/ in HF_HOME, or huggingface/hub/ in XDG_CACHE_HOME or in ~/.cache. Empty if none of these
/// variables is set, nor HOME.
[[nodiscard]] inline std::filesystem::path hub_cache_folder() {
  namespace fs = std::filesystem;
  if (const fs::path cache = detail::path_in_environment("HF_HUB_CACHE"); !cache.empty())
    return cache;
  if (const fs::path home = detail::path_in_environment("HF_HOME"); !home.empty())
    return home / "hub";
  if (const fs::path cache = detail::path_in_environment("XDG_CACHE_HOME"); !cache.empty())
    return cache / "huggingface" / "hub";
  const fs::path home = detail::path_in_environment("HOME");
  return home.empty() ? home : home / ".cache" / "huggingface" / "hub";
}

/// A model's folder for what a user gives as one: the path itself if there is anything; otherwise,
/// for a name such as openai-community/gpt2, the revision main in hub_cache_folder(), if it is
/// there; otherwise the path, so that reading it says what is missing. Throws io_error if the cache
/// cannot be read.
[[nodiscard]] inline std::filesystem::path resolve_model_folder(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (detail::has_file(path) || !detail::is_hub_name(path.native())) return path;
  const fs::path cache = hub_cache_folder();
  if (cache.empty()) return path;
  std::string name = "models";
  for (const fs::path& part : path) name += "--" + part.native();
  const fs::path main = cache / name / "refs" / "main";
  if (!fs::is_regular_file(main, ignored)) return path;
  std::string revision = read_file(main, 1024);
  revision.erase(revision.find_last_not_of(" \n") + 1);
  const bool is_plain = !revision.empty() && std::ranges::all_of(revision, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
  const fs::path snapshot = cache / name / "snapshots" / revision;
  return is_plain && fs::is_directory(snapshot, ignored) ? snapshot : path;
}

}  // namespace prefopt::inline v0_2
