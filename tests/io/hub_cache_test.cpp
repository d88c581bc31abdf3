// SPDX-License-Identifier: MIT
// Models in the Hugging Face Hub's cache, by name.

#include "prefopt/io/hub_cache.hpp"

#include <array>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string>

#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include "support/scratch_folder.hpp"

namespace fs = std::filesystem;
using prefopt::hub_cache_folder;
using prefopt::resolve_model_folder;
using namespace prefopt_test;

namespace {

/// The variables that determine the cache; unset at first, restored at the end.
class environment {
 public:
  environment() {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (const char* value = std::getenv(names[i])) before_[i] = value;
      ::unsetenv(names[i]);
    }
  }
  ~environment() {
    for (std::size_t i = 0; i < names.size(); ++i)
      if (before_[i])
        ::setenv(names[i], before_[i]->c_str(), 1);
      else
        ::unsetenv(names[i]);
  }
  void set(const char* name, const std::string& value) const { ::setenv(name, value.c_str(), 1); }

 private:
  static constexpr std::array names{"HOME", "XDG_CACHE_HOME", "HF_HOME", "HF_HUB_CACHE"};
  std::array<std::optional<std::string>, names.size()> before_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(hub_cache)

BOOST_AUTO_TEST_CASE(the_most_specific_variable_decides) {
  const environment variables;
  BOOST_TEST(hub_cache_folder() == fs::path());
  variables.set("HOME", "/home/me");
  BOOST_TEST(hub_cache_folder() == "/home/me/.cache/huggingface/hub");
  variables.set("XDG_CACHE_HOME", "/cache");
  BOOST_TEST(hub_cache_folder() == "/cache/huggingface/hub");
  variables.set("HF_HOME", "~/hf");
  BOOST_TEST(hub_cache_folder() == "/home/me/hf/hub");
  variables.set("HF_HUB_CACHE", "/models");
  BOOST_TEST(hub_cache_folder() == "/models");
  variables.set("HF_HUB_CACHE", "");
  BOOST_TEST(hub_cache_folder() == "/home/me/hf/hub");
}

BOOST_AUTO_TEST_CASE(a_name_leads_to_the_snapshot_of_main_and_a_path_to_itself) {
  const environment variables;
  const scratch_folder cache;
  variables.set("HF_HUB_CACHE", cache.path().native());
  const auto add = [&](const std::string& folder, const std::string& revision) {
    fs::create_directories(cache / (folder + "/refs"));
    fs::create_directories(cache / (folder + "/snapshots/abc1"));
    put(cache / (folder + "/refs/main"), revision);
  };
  add("models--org--a-b.c_d", "abc1\n");
  add("models--gpt2", "abc1");
  BOOST_TEST(resolve_model_folder("org/a-b.c_d") == cache / "models--org--a-b.c_d/snapshots/abc1");
  BOOST_TEST(resolve_model_folder("gpt2") == cache / "models--gpt2/snapshots/abc1");
  for (const char* name : {"", "org/other", "org", "./gpt2", "gpt2/", "a/b/c", "/gpt2", "../gpt2"})
    BOOST_TEST(resolve_model_folder(name) == fs::path(name));

  // a revision that is no name of a snapshot
  for (const char* revision : {"", "abc2", "../abc1", "abc1/..", ".", "abc1\nabc1"}) {
    add("models--gpt2", revision);
    BOOST_TEST(resolve_model_folder("gpt2") == fs::path("gpt2"));
  }
  fs::remove(cache / "models--gpt2/refs/main");
  BOOST_TEST(resolve_model_folder("gpt2") == fs::path("gpt2"));

  // what is there comes first, even if it is no folder
  const fs::path before = fs::current_path();
  fs::current_path(cache.path());
  add("models--gpt2", "abc1");
  put(cache / "gpt2", "a file");
  BOOST_TEST(resolve_model_folder("gpt2") == fs::path("gpt2"));
  fs::current_path(before);
}

BOOST_AUTO_TEST_SUITE_END()
