// SPDX-License-Identifier: MIT
// Atomic files and folders, even if the disk is full or the program is killed halfway.

#include <cstdlib>
#include <vector>

#include <boost/test/unit_test.hpp>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prefopt/io/atomic_directory.hpp"
#include "prefopt/io/atomic_file.hpp"
#include "support/scratch_folder.hpp"

namespace fs = std::filesystem;
using prefopt::io_error;
using namespace prefopt_test;

namespace {

std::size_t entries(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

/// While it lives, no file grows beyond `bytes`: the effect of a full disk, without one.
class full_disk {
 public:
  explicit full_disk(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~full_disk() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

const std::string old_text = "old";
const std::string new_text(100000, 'n');

void save_file(const fs::path& folder) {
  prefopt::write_file_atomically(folder / "a.txt", new_text);
}

void save_folder(const fs::path& folder) {
  prefopt::remove_leftovers(folder);
  prefopt::atomic_directory directory(folder / "checkpoint");
  for (const char* name : {"one", "two"})
    prefopt::output_file(directory.path() / name).write(new_text);
  directory.commit();
}

bool has_strace() { return std::system("strace -D -o /dev/null true 2>/dev/null") == 0; }

/// Runs the test case named `saver` of this program on `folder` under strace, with a fault injected
/// only into its calls on what it saves; returns whether it succeeded. (A leak checker cannot work
/// in a traced process.) The temporaries' names contain the place and the program's process id:
/// with -D it is that of the shell, which strace replaces.
bool save_with_fault(const std::string& saver, const fs::path& folder, const std::string& fault) {
  const std::string program = fs::read_symlink("/proc/self/exe").native();
  std::string command =
      "PREFOPT_SAVE_TO='" + folder.native() +
      "' ASAN_OPTIONS=detect_leaks=0 exec timeout -k 1 60 sh -c 'exec strace -D -f -o /dev/null" +
      " -e inject=" + fault;
  const std::string temporary = "." + prefopt::process_scope() + "-$$-0.prefopt-tmp";
  for (const std::string& name :
       {std::string(), "/a.txt" + temporary, "/checkpoint" + temporary,
        "/checkpoint" + temporary + "/one", "/checkpoint" + temporary + "/two"}) {
    command += " -P \"" + folder.native() + name + "\"";
  }
  command += " \"" + program + "\" --run_test=atomic_savers/" + saver + "' >/dev/null 2>&1";
  const int status = std::system(command.c_str());
  BOOST_TEST((!WIFEXITED(status) || WEXITSTATUS(status) != 124), fault << " made it hang");
  return status == 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(atomic)

BOOST_AUTO_TEST_CASE(a_file_has_its_old_content_until_commit_and_its_new_one_after) {
  const scratch_folder folder;
  const auto path = put(folder / "a", old_text);
  prefopt::atomic_file file(path);
  file.file().write(new_text);
  BOOST_TEST(get(path) == old_text);
  file.commit();
  BOOST_TEST((get(path) == new_text));
  BOOST_TEST(entries(folder.path()) == 1);
}

BOOST_AUTO_TEST_CASE(without_commit_nothing_has_happened) {
  const scratch_folder folder;
  put(folder / "a", old_text);
  prefopt::atomic_file(folder / "a").file().write(new_text);
  { prefopt::atomic_directory directory(folder / "b"); }
  BOOST_TEST(get(folder / "a") == old_text);
  BOOST_TEST(entries(folder.path()) == 1);
}

BOOST_AUTO_TEST_CASE(a_disk_that_is_full_is_an_error_and_leaves_the_old_content) {
  const scratch_folder folder;
  put(folder / "a.txt", old_text);
  {
    const full_disk full(50000);
    BOOST_CHECK_EXCEPTION(save_file(folder.path()), io_error, says("/a.txt: cannot write"));
    prefopt::atomic_file large(folder / "large");
    BOOST_CHECK_EXCEPTION(large.file().reserve(60000), io_error, says("/large: cannot write"));
    // The final names, not those of the temporaries.
    const prefopt::atomic_directory directory(folder / "b");
    BOOST_CHECK_EXCEPTION(save_file(directory.path()), io_error,
                          says((folder / "b/a.txt: cannot write").native()));
  }
  BOOST_TEST(get(folder / "a.txt") == old_text);
  BOOST_TEST(entries(folder.path()) == 1);
}

BOOST_AUTO_TEST_CASE(reserved_room_does_not_change_what_is_written) {
  const scratch_folder folder;
  prefopt::atomic_file file(folder / "a");
  file.file().reserve(new_text.size());
  file.file().write(new_text);
  file.commit();
  BOOST_TEST((get(folder / "a") == new_text));
}

BOOST_AUTO_TEST_CASE(a_folder_appears_with_all_its_files) {
  const scratch_folder folder;
  // with the slash that shells add
  prefopt::atomic_directory directory(folder.path() / "new" / "");
  put(directory.path() / "one", new_text);
  fs::create_directory(directory.path() / "sub");
  put(directory.path() / "sub" / "two", old_text);
  BOOST_TEST(!fs::exists(folder / "new"));
  directory.commit();
  BOOST_TEST((get(folder / "new/one") == new_text));
  BOOST_TEST(get(folder / "new/sub/two") == old_text);
  BOOST_TEST(entries(folder.path()) == 1);
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_there_is_not_replaced) {
  const scratch_folder folder;
  put(folder / "file", old_text);
  BOOST_CHECK_EXCEPTION(prefopt::atomic_directory(folder / "file"), io_error,
                        says("/file: already exists"));
  BOOST_TEST(get(folder / "file") == old_text);
  BOOST_CHECK_EXCEPTION(prefopt::atomic_directory(folder / "no/where"), io_error,
                        says("no/where", "cannot create"));
  BOOST_CHECK_EXCEPTION(prefopt::write_file_atomically(folder / "no/where", ""), io_error,
                        says("cannot write"));
}

BOOST_AUTO_TEST_CASE(leftovers_of_the_dead_are_removed_and_nothing_else) {
  const scratch_folder folder;
  // From a process that had this one's id and counted further.
  const std::string dead =
      prefopt::concat('.', prefopt::process_scope(), '-', ::getpid(), "-999999.prefopt-tmp");
  put(folder / ("a" + dead), "");
  fs::create_directory(folder / ("b" + dead));
  put(folder / ("b" + dead) / "c", "");
  // From another computer or container, where this one's ids mean nothing; and names that no
  // program gives.
  put(folder / "a.0123456789abcdef-4194999-0.prefopt-tmp", "");
  for (const char* name :
       {"keep.tmp", "of_nobody.prefopt-tmp", "ref.safetensors.4194999-0.prefopt-tmp"})
    put(folder / name, "");
  const auto live = put(prefopt::temporary_sibling(folder / "c"), "");
  prefopt::remove_leftovers(folder.path());
  BOOST_TEST(entries(folder.path()) == 5);
  BOOST_TEST(fs::exists(live));
  BOOST_CHECK_NO_THROW(prefopt::remove_leftovers(folder / "absent"));
  prefopt::remove_temporaries_of(folder.path(), [](std::string_view name) { return name == "a"; });
  BOOST_TEST(entries(folder.path()) == 4);
}

BOOST_AUTO_TEST_CASE(temporaries_of_another_process_stay_as_long_as_it_lives) {
  const scratch_folder folder;
  const ::pid_t other = ::fork();
  if (other == 0) {
    ::pause();
    ::_exit(0);
  }
  const auto of_other = [&](std::string_view name) {
    return put(
        folder / prefopt::concat(name, '.', prefopt::process_scope(), '-', other, "-0.prefopt-tmp"),
        "x");
  };
  const auto file = of_other("a"), folder_like = of_other("b"), prefixed = of_other("a.b");
  const auto of_init = put(folder / ("a." + prefopt::process_scope() + "-1-0.prefopt-tmp"),
                           "x");  // if that is another user's, it is alive too
  prefopt::remove_leftovers(folder.path());
  prefopt::write_file_atomically(folder / "a", "new");
  for (const auto& path : {file, folder_like, prefixed, of_init}) BOOST_TEST(fs::exists(path));
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
  // removes what was to become this file, and nothing else
  prefopt::write_file_atomically(folder / "a", "newer");
  BOOST_TEST(!fs::exists(file));
  BOOST_TEST(fs::exists(folder_like));
  BOOST_TEST(fs::exists(prefixed));
  prefopt::remove_leftovers(folder.path());
  BOOST_TEST(!fs::exists(folder_like));
  BOOST_TEST(!fs::exists(prefixed));
  BOOST_TEST(fs::exists(of_init));
}

BOOST_AUTO_TEST_CASE(processes_that_write_one_file_do_not_hinder_each_other) {
  const scratch_folder folder;
  std::vector<::pid_t> writers;
  for (int n = 0; n < 4; ++n) {
    const ::pid_t writer = ::fork();
    if (writer == 0) {
      try {
        for (int round = 0; round < 50; ++round) save_file(folder.path());
        ::_exit(0);
      } catch (const std::exception&) {
        ::_exit(1);
      }
    }
    writers.push_back(writer);
  }
  for (const ::pid_t writer : writers) {
    int status = -1;
    ::waitpid(writer, &status, 0);
    BOOST_TEST(status == 0);
  }
  BOOST_TEST((get(folder / "a.txt") == new_text));
  BOOST_TEST(entries(folder.path()) == 1);
}

BOOST_AUTO_TEST_CASE(a_symbolic_link_in_a_temporarys_place_is_not_followed) {
  const scratch_folder folder;
  const auto victim = put(folder / "victim", old_text);
  // The next names of this process, as someone could guess them.
  const std::string taken = prefopt::temporary_sibling(folder / "a").stem().native();
  const int count = std::stoi(taken.substr(taken.rfind('-') + 1));
  const auto name = [&](int n) {
    return folder / prefopt::concat("a.", prefopt::process_scope(), '-', ::getpid(), '-', count + n,
                                    ".prefopt-tmp");
  };
  for (int n = 0; n < 8; ++n) fs::create_symlink("victim", name(n));
  fs::create_symlink("victim", folder / "a.prefopt-tmp");
  BOOST_TEST((prefopt::temporary_sibling(folder / "a") == name(8)));
  BOOST_CHECK_THROW(prefopt::output_file(name(1), prefopt::output_file::mode::create), io_error);
  prefopt::write_file_atomically(folder / "a", new_text);
  BOOST_TEST(get(victim) == old_text);
  BOOST_TEST((get(folder / "a") == new_text));
  BOOST_TEST(!fs::is_symlink(folder / "a"));
}

BOOST_AUTO_TEST_CASE(a_symbolic_link_stays_and_what_it_leads_to_is_replaced) {
  const scratch_folder folder;
  fs::create_directory(folder / "store");
  const auto target = put(folder / "store/blob", old_text);
  fs::create_symlink("store/blob", folder / "a");
  fs::create_symlink("a", folder / "to_link");
  prefopt::write_file_atomically(folder / "to_link", new_text);
  BOOST_TEST((get(target) == new_text));
  BOOST_TEST((fs::is_symlink(folder / "a") && fs::is_symlink(folder / "to_link")));
  fs::create_symlink("store/new", folder / "dangling");
  prefopt::write_file_atomically(folder / "dangling", new_text);
  BOOST_TEST((get(folder / "store/new") == new_text));
  BOOST_TEST(fs::is_symlink(folder / "dangling"));
  fs::create_symlink("circle", folder / "circle");
  BOOST_CHECK_EXCEPTION(prefopt::write_file_atomically(folder / "circle", ""), io_error,
                        says("/circle: symbolic"));
  BOOST_TEST(entries(folder / "store") == 2);
}

BOOST_AUTO_TEST_CASE(a_symbolic_link_is_replaced_where_that_is_asked_for) {
  const scratch_folder folder;
  const auto target = put(folder / "blob", old_text);
  fs::create_symlink("blob", folder / "a");
  fs::create_symlink("nowhere", folder / "dangling");
  for (const char* name : {"a", "dangling"}) {
    prefopt::write_file_atomically(folder / name, new_text, prefopt::links::replace);
    BOOST_TEST((fs::symlink_status(folder / name).type() == fs::file_type::regular));
    BOOST_TEST((get(folder / name) == new_text));
  }
  BOOST_TEST(get(target) == old_text);
  BOOST_TEST(entries(folder.path()) == 3);
  fs::create_directory(folder / "b");
  BOOST_CHECK_EXCEPTION(prefopt::write_file_atomically(folder / "b", "", prefopt::links::replace),
                        io_error, says("not a regular file"));
}

BOOST_AUTO_TEST_CASE(what_is_no_regular_file_is_not_replaced) {
  const scratch_folder folder;
  fs::create_symlink("/dev/null", folder / "null");
  BOOST_CHECK_EXCEPTION(prefopt::write_file_atomically(folder / "null", ""), io_error,
                        says("not a regular file"));
  BOOST_CHECK_EXCEPTION(prefopt::write_file_atomically(folder.path(), ""), io_error,
                        says("not a regular file"));
  BOOST_TEST(fs::is_character_file("/dev/null"));
}

BOOST_AUTO_TEST_CASE(a_save_that_is_killed_or_refused_at_any_call_leaves_old_or_new) {
  if (!has_strace()) {
    BOOST_TEST_MESSAGE("skipped: strace is not there or may not trace");
    return;
  }
  for (const std::string call : {"write", "fsync", "rename"}) {
    for (const std::string fault : {":signal=SIGKILL", ":error=ENOSPC"}) {
      for (int when = 1; when <= (call == "rename" ? 1 : 4); ++when) {
        const scratch_folder folder;
        put(folder / "a.txt", old_text);
        const std::string injected = call + fault + ":when=" + std::to_string(when);
        const bool file_is_saved = save_with_fault("save_file", folder.path(), injected);
        const auto text = get(folder / "a.txt");
        BOOST_TEST((text == old_text || text == new_text), injected);
        if (file_is_saved) BOOST_TEST((text == new_text), injected);

        const bool folder_is_saved = save_with_fault("save_folder", folder.path(), injected);
        const bool is_there = fs::exists(folder / "checkpoint");
        if (folder_is_saved) BOOST_TEST(is_there, injected);
        if (is_there) {
          BOOST_TEST((get(folder / "checkpoint/one") == new_text), injected);
          BOOST_TEST((get(folder / "checkpoint/two") == new_text), injected);
        } else {
          save_folder(folder.path());  // what was left behind does no harm
        }
        BOOST_TEST((get(folder / "checkpoint/two") == new_text), injected);
        prefopt::remove_leftovers(folder.path());
        BOOST_TEST(entries(folder.path()) == 2, injected);
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

// Run by the test above in a separate process, which is killed.
BOOST_AUTO_TEST_SUITE(atomic_savers)

BOOST_AUTO_TEST_CASE(save_file) {
  if (const char* folder = std::getenv("PREFOPT_SAVE_TO")) ::save_file(folder);
}

BOOST_AUTO_TEST_CASE(save_folder) {
  if (const char* folder = std::getenv("PREFOPT_SAVE_TO")) ::save_folder(folder);
}

BOOST_AUTO_TEST_SUITE_END()
