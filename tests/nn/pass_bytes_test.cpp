// SPDX-License-Identifier: MIT
// The planned memory of a pass is what a backend is asked for.

#include "prefopt/nn/pass_bytes.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "prefopt/data/pack.hpp"
#include "prefopt/eigen.hpp"
#include "prefopt/hub/load_model.hpp"
#include "nn/golden.hpp"

using namespace prefopt;

namespace {

struct counts {
  std::size_t now = 0, most = 0;
};

/// A buffer that is counted while it lives.
template <class Buffer>
class counted {
 public:
  counted() = default;
  counted(Buffer buffer, std::size_t bytes, std::shared_ptr<counts> of)
      : buffer_(std::move(buffer)), of_(of.get(), [bytes, of](counts*) { of->now -= bytes; }) {
    of->now += bytes;
    of->most = std::max(of->most, of->now);
  }

  [[nodiscard]] auto data() { return buffer_.data(); }
  [[nodiscard]] auto data() const { return buffer_.data(); }
  [[nodiscard]] std::size_t size() const { return buffer_.size(); }

 private:
  Buffer buffer_;
  std::shared_ptr<counts> of_;
};

/// The CPU backend, which counts the scratch that a model asks for.
class counting_backend : public eigen_backend<float> {
 public:
  counting_backend() : eigen_backend<float>({.threads = 1}) {}

  template <class T>
  [[nodiscard]] auto scratch(std::size_t count) const {
    auto buffer = eigen_backend<float>::scratch<T>(count);
    return counted<decltype(buffer)>(std::move(buffer), count * sizeof(T), counts_);
  }
  [[nodiscard]] counts& counted_bytes() const { return *counts_; }

 private:
  std::shared_ptr<counts> counts_ = std::make_shared<counts>();
};

}  // namespace

BOOST_AUTO_TEST_SUITE(pass_bytes_suite)

BOOST_AUTO_TEST_CASE(the_plan_is_within_a_twentieth_of_what_a_pass_takes) {
  for (const char* name : golden::models) {
    for (const bool checkpointing : {false, true}) {
      for (const std::size_t logits : {std::size_t{1} << 27, std::size_t{4096}}) {
        BOOST_TEST_CONTEXT(name << (checkpointing ? ", checkpointing" : "") << ", logits of "
                                << logits) {
          const counting_backend backend;
          auto policy = load_model(backend, golden::path(name));
          const pass_memory memory{.gradient_checkpointing = checkpointing, .logits_bytes = logits};
          policy.set_pass_memory(memory);
          const auto batch = pack(golden::pairs(name), golden::members(name));
          const pass_bytes planned =
              bytes_of_pass(policy.shape(), memory,
                            {.rows = batch.tokens.size(), .head_rows = batch.rows.size()});
          {
            auto pass = policy.forward(batch);
            pass.backward(std::vector<double>(batch.targets.size(), 0.1));
          }
          const auto taken = static_cast<double>(backend.counted_bytes().most);
          BOOST_TEST(backend.counted_bytes().now == 0);
          BOOST_TEST(std::abs(static_cast<double>(planned.all()) - taken) <= 0.05 * taken,
                     "planned " << planned.all() << ", taken " << taken);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
