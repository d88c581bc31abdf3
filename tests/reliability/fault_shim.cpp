// SPDX-License-Identifier: MIT
//
// Preloaded into a program, makes its system calls fail as bad disks, full disks and file servers
// make them fail.
//   PREFOPT_FAULT=CALL:ERRNO:NTH[:PART]
//       the NTH call (0: each) on a path that contains PART fails with ERRNO;
//       ERRNO 1000+e: the call is done, but reported to have failed with e;
//       ERRNO 2000: done for 7 bytes at most
//   PREFOPT_CLOCK=back|still
//       the clocks go back by 10 s each time they are read, or stand still

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace {

/// The fault for this call, or 0.
int fault(const char* call, const char* path) {
  static int seen = 0;
  char expected[32] = "", part[256] = "";
  int code = 0, nth = 0;
  const char* text = std::getenv("PREFOPT_FAULT");
  if (!text || std::sscanf(text, "%31[^:]:%d:%d:%255s", expected, &code, &nth, part) < 3) return 0;
  if (std::strcmp(call, expected) != 0 || !std::strstr(path, part)) return 0;
  return nth == 0 || ++seen == nth ? code : 0;
}

const char* path_of(int file) {
  static thread_local char path[1024];
  char link[64];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ::ssize_t length = ::readlink(link, path, sizeof path - 1);
  path[std::max<::ssize_t>(length, 0)] = '\0';
  return path;
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

/// Makes a call that returns -1 for a failure, as the fault demands. `call(limit)` makes it for up
/// to `limit` bytes.
template <class Call>
auto faulty(const char* name, const char* path, const Call& call)
    -> decltype(call(std::size_t{0})) {
  const int code = fault(name, path);
  if (code == 0 || code >= 2000) return call(code == 0 ? ~std::size_t{0} : 7);
  if (code >= 1000) (void)call(~std::size_t{0});
  errno = code % 1000;
  return -1;
}

}  // namespace

extern "C" {

int rename(const char* from, const char* to) noexcept {
  return faulty("rename", from, [&](std::size_t) {
    return next<int(const char*, const char*)>("rename")(from, to);
  });
}

int fsync(int file) {
  return faulty("fsync", path_of(file), [&](std::size_t) { return next<int(int)>("fsync")(file); });
}

int flock(int file, int how) noexcept {
  return faulty("flock", path_of(file),
                [&](std::size_t) { return next<int(int, int)>("flock")(file, how); });
}

int fallocate(int file, int mode, off_t at, off_t bytes) {
  return faulty("fallocate", path_of(file), [&](std::size_t) {
    return next<int(int, int, off_t, off_t)>("fallocate")(file, mode, at, bytes);
  });
}

ssize_t read(int file, void* to, size_t size) {
  return faulty("read", path_of(file), [&](std::size_t limit) {
    return next<ssize_t(int, void*, size_t)>("read")(file, to, std::min(size, limit));
  });
}

ssize_t pread(int file, void* to, size_t size, off_t at) {
  return faulty("pread", path_of(file), [&](std::size_t limit) {
    return next<ssize_t(int, void*, size_t, off_t)>("pread")(file, to, std::min(size, limit), at);
  });
}

ssize_t write(int file, const void* from, size_t size) {
  return faulty("write", path_of(file), [&](std::size_t limit) {
    return next<ssize_t(int, const void*, size_t)>("write")(file, from, std::min(size, limit));
  });
}

int posix_fallocate(int file, off_t at, off_t bytes) {
  const int code = fault("posix_fallocate", path_of(file));
  return code != 0 ? code : next<int(int, off_t, off_t)>("posix_fallocate")(file, at, bytes);
}

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  static long looks = 0;
  const int result = next<int(clockid_t, timespec*)>("clock_gettime")(clock, time);
  const char* how = std::getenv("PREFOPT_CLOCK");
  if (how && std::strcmp(how, "back") == 0) time->tv_sec -= 10 * looks++;
  if (how && std::strcmp(how, "still") == 0) *time = {.tv_sec = 1000, .tv_nsec = 0};
  return result;
}

}  // extern "C"
