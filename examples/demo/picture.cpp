// SPDX-License-Identifier: MIT

#include "demo/picture.hpp"

#include <cerrno>
#include <string>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <prefopt/core/error.hpp>

namespace demo {

drawing draw_curves(const std::filesystem::path& folder) {
  // The script reads and writes relative paths, so a folder's name needs no quoting.
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  std::string program = "gnuplot", script = PREFOPT_EXAMPLES_DIR "/demo/curves.gp";
  char* arguments[] = {program.data(), script.data(), nullptr};
  pid_t child = 0;
  const int failure =
      ::posix_spawnp(&child, program.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failure == ENOENT) return drawing::no_gnuplot;
  if (failure != 0)
    throw prefopt::io_error(prefopt::concat("gnuplot: cannot be started, error ", failure));

  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      throw prefopt::io_error(prefopt::concat("gnuplot: cannot be waited for, error ", errno));
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? drawing::done : drawing::failed;
}

}  // namespace demo
