// SPDX-License-Identifier: MIT
// tokenizer_speed FOLDER TEXTS THREADS: encodes the texts of a JSON-lines file ({"text"}) once with
// a folder's tokenizer, the records divided among threads, and prints tokens and seconds. The
// tokenizer is fresh, so nothing is cached. bench/tokenizers.py runs it beside the Python package.

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "prefopt/io/json_file.hpp"
#include "prefopt/tokenizers/hf_tokenizer.hpp"

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::fputs("tokenizer_speed FOLDER TEXTS THREADS\n", stderr);
    return 2;
  }
  std::vector<std::string> texts;
  prefopt::json_file file(argv[2]);
  for (; const nlohmann::json* line = file.peek(); file.take())
    texts.push_back(line->at("text").get<std::string>());
  const auto tokenizer = prefopt::load_tokenizer(argv[1]);
  const auto threads = static_cast<std::size_t>(std::stoul(argv[3]));
  std::vector<prefopt::token_ids> ids(texts.size());
  const auto start = std::chrono::steady_clock::now();
  {
    const auto work = [&](std::size_t first) {
      for (std::size_t i = first; i < texts.size(); i += threads)
        ids[i] = tokenizer.encode(texts[i]);
    };
    std::vector<std::jthread> workers;
    for (std::size_t i = 1; i < threads; ++i) workers.emplace_back(work, i);
    work(0);
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::size_t tokens = 0;
  for (const auto& each : ids) tokens += each.size();
  std::printf("%zu %.3f\n", tokens, seconds.count());
  return 0;
} catch (const std::exception& cause) {
  std::fprintf(stderr, "error: %s\n", cause.what());
  return 1;
}
