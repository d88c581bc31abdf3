// SPDX-License-Identifier: MIT
// Models in shards: what is written is read back, and a folder that held another model never holds
// a part of both.

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include <fcntl.h>

#include <nlohmann/json.hpp>

#include <stdio.h>
#include <unistd.h>

#include "prefopt/hub/load_model.hpp"
#include "prefopt/hub/load_scalar_model.hpp"
#include "prefopt/hub/save_options.hpp"
#include "hub/gpt2_folders.hpp"
#include "hub/gpt2_model_folder.hpp"
#include "support/scratch_folder.hpp"

namespace fs = std::filesystem;
using nlohmann::json;
using namespace prefopt_test;

namespace {

/// Changes of folders, by renaming or removing, that still succeed; afterwards all fail.
std::optional<int> changes_left;

bool may_change() {
  if (!changes_left) return true;
  if (*changes_left == 0) {
    errno = EIO;
    return false;
  }
  --*changes_left;
  return true;
}

}  // namespace

// The C++ library calls these instead of the system's.
extern "C" int rename(const char* from, const char* to) {
  return may_change() ? ::renameat(AT_FDCWD, from, AT_FDCWD, to) : -1;
}
extern "C" int remove(const char* path) {
  if (!may_change()) return -1;
  if (::unlinkat(AT_FDCWD, path, 0) == 0) return 0;
  return errno == EISDIR ? ::unlinkat(AT_FDCWD, path, AT_REMOVEDIR) : -1;
}

namespace {

constexpr std::uint64_t in_one_file = 5'000'000'000;

model model_number(int number) {
  auto one = make_model<model>(tiny);
  for (auto& tensor : one.parameters())
    for (float& value : tensor.value) value += static_cast<float>(number);
  return one;
}

/// The files of weights in a folder, sorted.
std::vector<std::string> weights_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    if (const std::string name = entry.path().filename().native(); name.starts_with("model"))
      names.push_back(name);
  std::ranges::sort(names);
  return names;
}

void save(const model& one, const fs::path& folder, std::uint64_t max_shard_size) {
  prefopt::save_model(one, prefopt::sidecar_files{}, folder, {.max_shard_size = max_shard_size});
}

/// The number of the model in a folder; nothing if it cannot be read.
std::optional<int> number_in(const fs::path& folder) {
  try {
    const model loaded = prefopt::load_model(backend(), folder);
    const auto number = static_cast<int>(loaded.parameters()[0].value[0] -
                                         make_model<model>(tiny).parameters()[0].value[0]);
    same_weights(loaded, model_number(number));
    return number;
  } catch (const prefopt::error&) {
    return std::nullopt;
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sharded_model)

BOOST_AUTO_TEST_CASE(shards_are_as_long_as_asked_and_are_read_back) {
  const scratch_folder folder;
  save(model_number(1), folder.path(), 500);
  same_weights(prefopt::load_model(backend(), folder.path()), model_number(1));
  const auto names = weights_in(folder.path());
  BOOST_REQUIRE(names.size() > 3);
  BOOST_TEST(names.front() ==
             prefopt::concat("model-00001-of-0000", names.size() - 1, ".safetensors"));
  BOOST_TEST(names.back() == "model.safetensors.index.json");
  const json index = json::parse(get(folder / names.back()));
  std::size_t bytes = 0;
  for (std::size_t i = 0; i + 1 < names.size(); ++i) {
    const prefopt::safetensors_file file(folder / names[i]);
    std::size_t shard = 0;
    for (const auto& [name, entry] : file.tensors()) {
      BOOST_TEST(index["weight_map"][name] == names[i]);
      shard += entry.end - entry.begin;
    }
    BOOST_TEST(shard <= 500);
    BOOST_TEST(file.metadata().at("format") == "pt");
    bytes += shard;
  }
  BOOST_TEST(index["metadata"]["total_size"] == bytes);

  // In bfloat16 the same limit holds twice as many values.
  const scratch_folder half;
  prefopt::save_model(model_number(1), prefopt::sidecar_files{}, half.path(),
                      {.dtype = prefopt::weight_type::bfloat16, .max_shard_size = 500});
  BOOST_TEST(weights_in(half.path()).size() < names.size());
  BOOST_TEST((prefopt::read_sidecar_files(half.path()).stored_type == prefopt::bfloat16_type));

  BOOST_CHECK_EXCEPTION(save(model_number(1), folder.path(), 0), prefopt::value_error,
                        says("max_shard_size is 0"));
}

BOOST_AUTO_TEST_CASE(a_scalar_model_is_divided_too) {
  using scalar_model = prefopt::scalar_lm<backend_type>;
  const scratch_folder folder;
  prefopt::save_scalar_model(make_model<scalar_model>(tiny), prefopt::sidecar_files{},
                             folder.path(), {.max_shard_size = 500});
  BOOST_TEST(weights_in(folder.path()).size() > 3);
  same_weights(prefopt::load_scalar_model(backend(), folder.path()).parameters(),
               make_model<scalar_model>(tiny).parameters());
}

BOOST_AUTO_TEST_CASE(files_of_the_previous_model_do_not_stay) {
  const scratch_folder folder;
  put(folder / "model-00001-of-00002.txt", "not ours");
  int number = 1;
  for (const std::uint64_t size : {in_one_file, std::uint64_t{500}, std::uint64_t{300}, in_one_file,
                                   std::uint64_t{300}, std::uint64_t{500}}) {
    const scratch_folder fresh;
    save(model_number(++number), folder.path(), size);
    save(model_number(number), fresh.path(), size);
    BOOST_TEST((number_in(folder.path()) == number));
    auto names = weights_in(folder.path());
    std::erase(names, "model-00001-of-00002.txt");
    BOOST_TEST(names == weights_in(fresh.path()), boost::test_tools::per_element());
  }
  BOOST_TEST(get(folder / "model-00001-of-00002.txt") == "not ours");
}

BOOST_AUTO_TEST_CASE(an_interruption_leaves_the_old_model_or_the_new_one_or_none_to_read) {
  const std::uint64_t sizes[] = {in_one_file, 500, 300};
  for (const std::uint64_t old : sizes)
    for (const std::uint64_t next : sizes)
      for (const bool hidden : {false, true}) {  // shards behind a single file, from a crash
        int count = 0;
        for (bool done = false; !done; ++count) {
          BOOST_TEST_CONTEXT("from " << old << " to " << next << ", hidden " << hidden << ", after "
                                     << count << " changes") {
            const scratch_folder folder;
            if (hidden) {
              save(model_number(3), folder.path(), next);
              const scratch_folder other;
              save(model_number(1), other.path(), in_one_file);
              fs::copy(other / "model.safetensors", folder / "model.safetensors",
                       fs::copy_options::overwrite_existing);
            } else {
              save(model_number(1), folder.path(), old);
            }
            changes_left = count;
            try {
              save(model_number(2), folder.path(), next);
              done = true;
            } catch (const prefopt::io_error&) {
            }
            changes_left.reset();
            const auto number = number_in(folder.path());
            BOOST_TEST((!number || *number == 1 || *number == 2));
            if (done) BOOST_TEST((number == 2));
            // With a single file, before or after, there is always one that can be read.
            if (hidden || old == in_one_file || next == in_one_file) BOOST_TEST(number.has_value());
            // A second try succeeds.
            save(model_number(2), folder.path(), next);
            BOOST_TEST((number_in(folder.path()) == 2));
            if (count > 40) BOOST_FAIL("no end");
          }
        }
        BOOST_TEST(count > 2);  // config.json, the weights, and an end without failures
      }
}

BOOST_AUTO_TEST_CASE(a_failure_before_anything_is_replaced_leaves_everything) {
  const scratch_folder folder;
  save(model_number(1), folder.path(), 500);
  put(folder / "config.json", get(folder / "config.json") + "\n");
  const auto names = weights_in(folder.path());
  const std::string config = get(folder / "config.json");
  auto broken = model_number(2);
  broken.parameters().back().value.back() = std::numeric_limits<float>::infinity();
  BOOST_CHECK_EXCEPTION(save(broken, folder.path(), 300), prefopt::value_error,
                        says("safetensors: tensor ", " would hold infinity"));
  BOOST_TEST(weights_in(folder.path()) == names, boost::test_tools::per_element());
  BOOST_TEST(get(folder / "config.json") == config);
  BOOST_TEST((number_in(folder.path()) == 1));
}

BOOST_AUTO_TEST_CASE(a_shard_that_is_missing_is_named) {
  const scratch_folder folder;
  save(model_number(1), folder.path(), 500);
  fs::remove(folder / weights_in(folder.path())[1]);
  BOOST_CHECK_EXCEPTION((void)prefopt::load_model(backend(), folder.path()), prefopt::format_error,
                        says("model-00002-of-0000", ".safetensors: is missing, but ",
                             "model.safetensors.index.json says that tensor transformer."));
}

BOOST_AUTO_TEST_SUITE_END()
