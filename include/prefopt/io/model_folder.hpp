// SPDX-License-Identifier: MIT
#pragma once
// check_model_folder: identifies a path that was given as a model's folder but is none: a name of
// the Hugging Face Hub, a file, an adapter, weights in another format. find_model_file: finds files
// that a model must not overwrite.

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "prefopt/core/error.hpp"
#include "prefopt/io/describe_foreign.hpp"
#include "prefopt/io/detail/converters.hpp"
#include "prefopt/io/file_descriptor.hpp"
#include "prefopt/io/folder_file.hpp"
#include "prefopt/io/input_file.hpp"
#include "prefopt/io/printable.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// "name" or "owner/name", of letters and digits, with -._ only inside.
[[nodiscard]] inline bool is_hub_name(std::string_view path) {
  const auto is_part = [](std::string_view part) {
    constexpr std::string_view marks = "-._";
    return !part.empty() && marks.find(part.front()) == marks.npos &&
           marks.find(part.back()) == marks.npos && std::ranges::all_of(part, [&](char c) {
             return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    marks.find(c) != marks.npos;
           });
  };
  const std::size_t slash = path.find('/');
  return is_part(path.substr(0, slash)) && (slash == path.npos || is_part(path.substr(slash + 1)));
}

[[nodiscard]] inline std::string describe_missing(const std::filesystem::path& path) {
  std::error_code failure;
  if (std::filesystem::is_symlink(path, failure)) {
    return concat("a symbolic link to ", std::filesystem::read_symlink(path, failure).native(),
                  ", which does not exist");
  }
  if (!is_hub_name(path.native())) return "no such folder";
  return concat("no such folder; names of the Hugging Face Hub are not downloaded, `hf download ",
                path.native(), " --local-dir FOLDER` does that");
}

[[nodiscard]] inline std::string describe_file_as_folder(const std::filesystem::path& path) {
  std::array<std::byte, 64> bytes{};
  const std::size_t count = input_file(path, file_kind::regular).read_some(bytes);
  const std::string_view beginning(reinterpret_cast<const char*>(bytes.data()), count);
  const auto parent = path.has_parent_path() ? path.parent_path().native() : std::string(".");
  if (path.extension() == ".safetensors" || path.filename() == "config.json")
    return concat("a file, expected its folder, with config.json and model.safetensors: ", parent);
  const std::string_view foreign = describe_foreign(beginning);
  return concat(foreign.empty() ? "a file" : foreign,
                "; expected a folder with config.json and model.safetensors");
}

/// What a file reveals about its folder. `name` is its full name, its ending after a leading *, or
/// its beginning before a trailing *.
struct folder_sign {
  std::string_view name;
  std::string_view meaning;

  [[nodiscard]] bool fits(std::string_view file) const {
    if (name.starts_with('*')) return file.ends_with(name.substr(1));
    if (name.ends_with('*')) return file.starts_with(name.substr(0, name.size() - 1));
    return file == name;
  }
};

inline constexpr std::string_view adapter_meaning =
    "an adapter (PEFT), which is not a whole model: merge it into its base model first, as merge_and_unload of peft "
    "does, and save that to another folder";
inline constexpr std::string_view pickle_meaning =
    "PyTorch's pickled weights, which are not read: save_pretrained of transformers writes model.safetensors";

/// The first match counts.
inline constexpr std::array folder_signs{
    folder_sign{"adapter_model.*", adapter_meaning},
    folder_sign{"pytorch_model*", pickle_meaning},
    folder_sign{"model.bin", pickle_meaning},
    folder_sign{"*.pt", pickle_meaning},
    folder_sign{"*.pth", pickle_meaning},
    folder_sign{
        "*.gguf",
        "a GGUF model, which is not read: use the Hugging Face folder that it was made from"},
    folder_sign{"*.safetensors",
                "weights, but neither model.safetensors nor model.safetensors.index.json"},
    folder_sign{"*.h5", "TensorFlow's weights, which are not read"},
    folder_sign{"saved_model.pb", "TensorFlow's weights, which are not read"},
    folder_sign{"model.ckpt*", "TensorFlow's weights, which are not read"},
    folder_sign{"*.msgpack", "Flax's weights, which are not read"},
    folder_sign{"*.onnx", "an ONNX model, which is not read"},
    folder_sign{"onnx", "ONNX models, which are not read"},
    folder_sign{"snapshots",
                "downloads from the Hugging Face Hub: the model's folder is one of those in it"},
    folder_sign{"checkpoint-*", "a checkpoint, which may be the folder that you meant"},
};

[[nodiscard]] inline bool has_file(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::symlink_status(path, ignored).type() !=
         std::filesystem::file_type::not_found;
}

/// What a folder without a model's files holds instead; empty if that is unknown.
[[nodiscard]] inline std::string describe_other_model(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (std::filesystem::directory_iterator entry(folder, ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    names.push_back(entry->path().filename().native());
  }
  if (names.empty()) return ignored ? "" : "an empty folder";
  std::erase_if(names, [](std::string_view name) {  // a trainer's, next to any model
    return name == "optimizer.pt" || name == "scheduler.pt" || name.starts_with("rng_state");
  });
  std::ranges::sort(names);
  for (const folder_sign& sign : folder_signs) {
    const auto name =
        std::ranges::find_if(names, [&](const std::string& each) { return sign.fits(each); });
    if (name == names.end()) continue;
    const bool can_convert = sign.meaning == pickle_meaning && has_file(folder / "config.json") &&
                             name->starts_with("pytorch_model");
    return concat("holds ", printable(*name), ": ", sign.meaning, can_convert ? ": " : "",
                  can_convert ? model_converter(folder) : "");
  }
  return {};
}

/// What a folder without a tokenizer that can be read holds instead, and how to convert it, as the
/// end of a message; empty if that is unknown, or for files that are in no folder.
[[nodiscard]] inline std::string describe_other_tokenizer(const std::filesystem::path& folder) {
  if (folder.empty()) return {};
  for (const char* name : {"tokenizer.model", "spiece.model", "sentencepiece.bpe.model"})
    if (has_file(folder / name))
      return concat("; it holds ", name,
                    ", of SentencePiece, which is not read: ", tokenizer_converter(folder),
                    " writes tokenizer.json");
  return {};
}

}  // namespace detail

/// The file with all of a model's weights, and the one that lists the shards if there are several.
inline constexpr const char* single_weights = "model.safetensors";
inline constexpr const char* weights_index = "model.safetensors.index.json";

/// Whether a folder has weights that can be read, in one file or in shards.
[[nodiscard]] inline bool has_weights(const std::filesystem::path& folder) {
  return detail::has_file(folder / single_weights) || detail::has_file(folder / weights_index);
}

/// Whether it is a name like model-00001-of-00002.safetensors.
[[nodiscard]] inline bool is_shard_name(std::string_view name) {
  const auto take = [&](std::string_view part) {
    if (!name.starts_with(part)) return false;
    name.remove_prefix(part.size());
    return true;
  };
  const auto take_number = [&] {
    const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
    name.remove_prefix(digits);
    return digits >= 5;
  };
  return take("model-") && take_number() && take("-of-") && take_number() && name == ".safetensors";
}

/// Whether a file of that name holds weights that are written with a model, or lists such files.
[[nodiscard]] inline bool is_weights_file(std::string_view name) {
  return name == single_weights || name == weights_index || is_shard_name(name);
}

/// Throws io_error that says what the path is instead, unless it is a folder or cannot be
/// inspected.
inline void check_folder(const std::filesystem::path& path) {
  std::error_code failure;
  const auto kind = std::filesystem::status(path, failure).type();
  if (kind == std::filesystem::file_type::not_found)
    throw io_error(concat(path.native(), ": ", detail::describe_missing(path)));
  if (kind != std::filesystem::file_type::directory && kind != std::filesystem::file_type::none)
    throw io_error(concat(path.native(), ": ", detail::describe_file_as_folder(path)));
}

/// The same; also throws if the folder has no config.json but files that explain why, or if it
/// contains an adapter, which transformers would apply to the model.
inline void check_model_folder(const std::filesystem::path& folder) {
  check_folder(folder);
  if (detail::has_file(folder / "adapter_config.json"))
    throw io_error(
        concat(folder.native(), ": holds adapter_config.json: ", detail::adapter_meaning));
  for (const char* name : {"config.json", "model.safetensors", "model.safetensors.index.json"}) {
    // missing files next to it are reported when they are read
    if (detail::has_file(folder / name)) return;
  }
  const std::string other = detail::describe_other_model(folder);
  if (!other.empty()) throw io_error(concat(folder.native(), ": no config.json; ", other));
}

/// Whether a model's folder may contain a file or folder of that name that is written with the
/// model.
[[nodiscard]] inline bool is_written_with_model(std::string_view name) {
  return name == "config.json" || name == "generation_config.json" || is_weights_file(name) ||
         name == chat_template_folder ||
         std::ranges::find(tokenizer_file_names, name) != tokenizer_file_names.end();
}

/// The first name in a folder that belongs to a model: one that writing a model there might
/// replace, or weights, an adapter or a tokenizer in any format. Empty if there is none or no
/// folder. Throws io_error.
[[nodiscard]] inline std::string find_model_file(const std::filesystem::path& folder) {
  const auto tells = [](std::string_view name) {
    if (is_written_with_model(name) || name == "adapter_config.json" || name == "tokenizer.model")
      return true;
    if (name.starts_with("model") && name.find(".safetensors") != name.npos)
      return !name.ends_with(".prefopt-tmp");
    return std::ranges::any_of(detail::folder_signs, [&](const detail::folder_sign& sign) {
      // A cache of log-probs has this ending too, and checkpoints are inspected one by one.
      return sign.name != "*.safetensors" && sign.name != "checkpoint-*" && sign.fits(name);
    });
  };
  std::string first;
  std::error_code failure;
  for (std::filesystem::directory_iterator entry(folder, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    std::string name = entry->path().filename().native();
    if (tells(name) && (first.empty() || name < first)) first = std::move(name);
  }
  const bool is_none =
      // writing will report it
      failure == std::errc::no_such_file_or_directory || failure == std::errc::not_a_directory;
  if (failure && !is_none) throw system_failure(folder, "read", failure.value());
  return first;
}

}  // namespace prefopt::inline v0_2
