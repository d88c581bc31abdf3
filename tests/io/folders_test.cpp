// SPDX-License-Identifier: MIT
// Folders: made, locked, measured, and things set aside in them.

#include "prefopt/io/folders.hpp"

#include <optional>

#include <boost/test/unit_test.hpp>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prefopt/io/folder_lock.hpp"
#include "prefopt/io/model_folder.hpp"
#include "prefopt/io/room.hpp"
#include "support/scratch_folder.hpp"

namespace fs = std::filesystem;
using prefopt::folder_lock;
using prefopt::io_error;
using namespace prefopt_test;

BOOST_AUTO_TEST_SUITE(folders)

BOOST_AUTO_TEST_CASE(a_folder_is_made_with_all_above_it_and_those_are_named) {
  const scratch_folder folder;
  const auto made = prefopt::make_folders(folder / "a/b/c/");
  BOOST_TEST((made == std::vector<fs::path>{folder / "a", folder / "a/b", folder / "a/b/c"}));
  BOOST_TEST(fs::is_directory(folder / "a/b/c"));
  BOOST_TEST(prefopt::make_folders(folder / "a/b").empty());
  fs::create_directory_symlink("a", folder / "link");
  BOOST_TEST(prefopt::make_folders(folder / "link/d").size() == 1);
}

BOOST_AUTO_TEST_CASE(what_stands_in_a_folders_way_is_named) {
  const scratch_folder folder;
  put(folder / "file", "");
  fs::create_symlink("nowhere", folder / "dangling");
  BOOST_CHECK_EXCEPTION(prefopt::make_folders(folder / "file/out"), io_error,
                        says("/file: not a folder"));
  BOOST_CHECK_EXCEPTION(prefopt::make_folders(folder / "dangling"), io_error,
                        says("/dangling: a symbolic link to nowhere"));
  BOOST_CHECK_EXCEPTION(prefopt::make_folders(folder / "dangling/out"), io_error,
                        says("/dangling: a symbolic link to nowhere"));
}

BOOST_AUTO_TEST_CASE(things_set_aside_never_replace_each_other) {
  const scratch_folder folder;
  for (const char* text : {"one", "two", "three"})
    (void)prefopt::set_aside(put(folder / "log", text), "damaged");
  BOOST_TEST(!fs::exists(folder / "log"));
  BOOST_TEST(get(folder / "log.damaged") == "one");
  BOOST_TEST(get(folder / "log.damaged-2") == "two");
  BOOST_TEST(get(folder / "log.damaged-3") == "three");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(folder_locks)

BOOST_AUTO_TEST_CASE(a_second_writer_is_refused_and_the_first_is_named) {
  const scratch_folder folder;
  {
    const folder_lock first(folder.path());
    BOOST_CHECK_EXCEPTION(
        folder_lock(folder.path()), io_error,
        says("another run is writing here", prefopt::concat("process ", ::getpid(), " on ")));
  }
  BOOST_TEST(!fs::exists(folder / folder_lock::file_name));
  const folder_lock next(folder.path());
}

BOOST_AUTO_TEST_CASE(a_writer_that_was_killed_leaves_no_lock) {
  const scratch_folder folder;
  const ::pid_t other = ::fork();
  if (other == 0) {
    const folder_lock lock(folder.path());
    ::kill(::getpid(), SIGKILL);
  }
  ::waitpid(other, nullptr, 0);
  BOOST_TEST(fs::exists(folder / folder_lock::file_name));
  BOOST_CHECK_NO_THROW(folder_lock(folder.path()));
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_gone_or_another_one_is_noticed) {
  const scratch_folder folder;
  const fs::path out = folder / "out";
  fs::create_directory(out);
  folder_lock lock(out);
  BOOST_TEST((lock.look() == folder_lock::state::held));
  fs::remove(out / folder_lock::file_name);  // by someone who tidies up
  BOOST_TEST((lock.look() == folder_lock::state::held));
  BOOST_CHECK_THROW(folder_lock{out}, io_error);
  fs::rename(out, folder / "elsewhere");
  BOOST_TEST((lock.look() == folder_lock::state::gone));
  fs::create_directory(out);
  BOOST_TEST((lock.look() == folder_lock::state::replaced));
  const std::optional<folder_lock> other(std::in_place, out);
  BOOST_TEST((lock.look() == folder_lock::state::replaced));
}

BOOST_AUTO_TEST_CASE(without_locks_a_later_writer_is_noticed) {
  const scratch_folder folder;
  folder_lock lock(folder.path());
  // what a writer does that no lock stops
  put(folder / folder_lock::file_name, "process 7 on elsewhere\n");
  BOOST_TEST((lock.look() == folder_lock::state::replaced));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(sidecar_files)

BOOST_AUTO_TEST_CASE(a_file_that_tells_of_a_model_is_found) {
  for (const char* name : {"config.json",
                           "generation_config.json",
                           "vocab.json",
                           "merges.txt",
                           "tokenizer.json",
                           "tokenizer_config.json",
                           "special_tokens_map.json",
                           "added_tokens.json",
                           "chat_template.jinja",
                           "chat_template.json",
                           "additional_chat_templates",
                           "model.safetensors",
                           "model.safetensors.index.json",
                           "model-00001-of-00002.safetensors",
                           "pytorch_model.bin",
                           "pytorch_model-00001-of-00002.bin",
                           "adapter_config.json",
                           "adapter_model.safetensors",
                           "tf_model.h5",
                           "flax_model.msgpack",
                           "tokenizer.model"}) {
    const scratch_folder folder;
    put(folder / "a.txt", "");
    put(folder / name, "");
    BOOST_TEST(prefopt::find_model_file(folder.path()) == name);
  }
  const scratch_folder folder;
  for (const char* name :
       {"metrics.jsonl", "eval.jsonl", "reference_log_probs.safetensors", "run.lock",
        "checkpoint-1", "pairs.jsonl", "model.safetensors.0123456789abcdef-1-0.prefopt-tmp"})
    put(folder / name, "");
  BOOST_TEST(prefopt::find_model_file(folder.path()) == "");
  fs::create_symlink("nowhere", folder / "config.json");
  BOOST_TEST(prefopt::find_model_file(folder.path()) == "config.json");
  BOOST_TEST(prefopt::find_model_file(folder / "absent") == "");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(rooms)

BOOST_AUTO_TEST_CASE(room_is_asked_for_and_nothing_is_left) {
  const scratch_folder folder;
  BOOST_CHECK_NO_THROW(prefopt::check_room(folder.path(), {0, 1000, 100000}));
  BOOST_CHECK_EXCEPTION(prefopt::check_room(folder.path(), {1000, std::uint64_t{1} << 60}),
                        io_error, says("no room for 1152921504606847976 bytes in 2 files: "));
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit now{50000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &now);
  BOOST_CHECK_THROW(prefopt::check_room(folder.path(), {60000}), io_error);
  BOOST_CHECK_NO_THROW(prefopt::check_room(folder.path(), {40000, 40000}));
  ::setrlimit(RLIMIT_FSIZE, &before);
  BOOST_TEST(fs::is_empty(folder.path()));
  fs::create_directory(folder / "room");  // no name is taken
  BOOST_CHECK_NO_THROW(prefopt::check_room(folder.path(), {1000}));
  BOOST_TEST(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 1);
}

BOOST_AUTO_TEST_SUITE_END()
