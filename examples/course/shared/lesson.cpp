// SPDX-License-Identifier: MIT

#include "course/shared/lesson.hpp"

#include <cstdlib>
#include <cstring>
#include <utility>

namespace course {

namespace {

[[noreturn]] void refuse(const std::string& why, int status) {
  std::fprintf(stderr, "error: %s\n", why.c_str());
  std::exit(status);
}

}  // namespace

csv_file::csv_file(const std::string& path, std::initializer_list<const char*> columns)
    : path_(path) {
  if (path_.empty()) return;
  file_ = std::fopen((path_ + ".new").c_str(), "w");
  if (file_ == nullptr) refuse("cannot write " + path_ + ".new", 1);
  const char* separator = "";
  for (const char* column : columns)
    std::fprintf(file_, "%s%s", std::exchange(separator, ","), column);
  std::fputc('\n', file_);
}

csv_file::csv_file(csv_file&& other) noexcept
    : path_(std::move(other.path_)), file_(std::exchange(other.file_, nullptr)) {}

csv_file::~csv_file() {
  if (file_ == nullptr) return;
  const bool written = std::ferror(file_) == 0;
  if (std::fclose(file_) != 0 || !written ||
      std::rename((path_ + ".new").c_str(), path_.c_str()) != 0)
    refuse("cannot write " + path_, 1);
}

void csv_file::row(const std::string& name, std::initializer_list<double> numbers) {
  if (name.find(',') != std::string::npos)
    refuse("a comma in " + name + ", which separates columns", 1);
  if (file_ == nullptr) return;
  const char* separator = name.empty() ? "" : ",";
  std::fputs(name.c_str(), file_);
  for (const double number : numbers)
    std::fprintf(file_, "%s%.6g", std::exchange(separator, ","), number);
  std::fputc('\n', file_);
}

lesson::lesson(int argc, char** argv, const char* name) : name_(name) {
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--full") == 0) {
      full_ = true;
    } else if (std::strcmp(argv[i], "--csv") == 0 && i + 1 < argc) {
      folder_ = argv[++i];
    } else {
      refuse("unknown argument " + std::string(argv[i]) + "; usage: lesson_" + name_ +
                 " [--full] [--csv FOLDER]",
             2);
    }
  }
}

csv_file lesson::csv(std::initializer_list<const char*> columns, const std::string& suffix) const {
  if (folder_.empty()) return {"", columns};
  return {folder_ + "/data" + (suffix.empty() ? "" : "_" + suffix) + ".csv", columns};
}

void lesson::claim(bool holds, const char* what) {
  ++claims_;
  failed_ += holds ? 0 : 1;
  std::printf("%s: %s\n", holds ? "holds" : "FAILS", what);
  std::fflush(stdout);
}

int lesson::end() const {
  if (claims_ == 0) refuse("the lesson claims nothing", 1);
  std::printf("%d of %d claims hold\n", claims_ - failed_, claims_);
  return failed_ == 0 ? 0 : 1;
}

}  // namespace course
