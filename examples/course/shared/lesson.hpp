// SPDX-License-Identifier: MIT
#pragma once
// Shared by the lessons of the course: their command-line options, tables for their pages and
// pictures, means over seeds, and claims that are checked.

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>

namespace course {

/// Mean and sample standard deviation.
struct spread {
  double mean = 0;
  double deviation = 0;
};

/// Of at least one value.
[[nodiscard]] inline spread spread_of(std::span<const double> values) {
  spread found;
  for (const double value : values) found.mean += value / static_cast<double>(values.size());
  for (const double value : values) found.deviation += (value - found.mean) * (value - found.mean);
  found.deviation =
      values.size() > 1 ? std::sqrt(found.deviation / static_cast<double>(values.size() - 1)) : 0;
  return found;
}

/// Wall time since its construction.
class stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Numbers for a picture, one line per row. Written if the lesson was given `--csv FOLDER`, whole
/// or not at all.
class csv_file {
 public:
  csv_file(const std::string& path, std::initializer_list<const char*> columns);
  csv_file(csv_file&& other) noexcept;
  csv_file(const csv_file&) = delete;
  ~csv_file();

  /// A name in the first column, if there is one, and a number in each other.
  void row(std::initializer_list<double> numbers) { row("", numbers); }
  void row(const std::string& name, std::initializer_list<double> numbers);

 private:
  std::string path_;  // empty: nowhere
  std::FILE* file_ = nullptr;
};

/// A run of a lesson: `lesson_NN_name [--full] [--csv FOLDER]`.
class lesson {
 public:
  /// Ends the program with status 2 if the command line is none of these.
  lesson(int argc, char** argv, const char* name);

  /// Whether the run has the size of the course's figures; otherwise that of a test, seconds.
  [[nodiscard]] bool full() const { return full_; }
  /// A size that depends on the run's.
  template <class Size>
  [[nodiscard]] Size size(Size quick, Size full) const {
    return full_ ? full : quick;
  }

  /// The file FOLDER/data.csv, or FOLDER/data_suffix.csv; without `--csv` it writes nothing.
  [[nodiscard]] csv_file csv(std::initializer_list<const char*> columns,
                             const std::string& suffix = "") const;

  /// Prints the lines that delimit a block of output for the page: `# [name]` and `# [/name]`.
  class region {
   public:
    explicit region(std::string name) : name_(std::move(name)) {
      std::printf("# [%s]\n", name_.c_str());
    }
    region(const region&) = delete;
    ~region() { std::printf("# [/%s]\n", name_.c_str()); }

   private:
    std::string name_;
  };

  /// Prints the claim and whether it holds.
  void claim(bool holds, const char* what);

  /// The exit status: 0 if every claim held, and there was at least one.
  [[nodiscard]] int end() const;

 private:
  std::string name_;
  std::string folder_;
  bool full_ = false;
  int claims_ = 0;
  int failed_ = 0;
};

}  // namespace course
