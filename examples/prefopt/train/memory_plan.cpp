// SPDX-License-Identifier: MIT

#include "train/memory_plan.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <span>
#include <vector>

#include <prefopt/data/pack.hpp>
#include <prefopt/nn/layout.hpp>
#include <prefopt/nn/pass_bytes.hpp>
#include <prefopt/policy/microbatch_tokens.hpp>
#include <prefopt/train/metric.hpp>

namespace program {
namespace {

/// The program, its libraries, and the data.
constexpr std::size_t program_bytes = std::size_t{64} << 20;

std::string gib(std::size_t bytes) {
  return prefopt::detail::formatted("%.2f", static_cast<double>(bytes) / (1 << 30));
}

/// The weights, the same with matrices in bfloat16, and the greatest tensor.
struct model_sizes {
  std::size_t weights = 0, rounded = 0, greatest = 0;  // bytes

  explicit model_sizes(const prefopt::decoder_spec& spec) {
    const prefopt::decoder_layout layout(spec);
    weights = layout.size() * sizeof(float);
    for (const prefopt::tensor_location& tensor : layout.tensors()) {
      rounded += tensor.size * (tensor.shape.size() == 2 ? 2 : sizeof(float));
      greatest = std::max(greatest, tensor.size * sizeof(float));
    }
  }
};

/// Packed tokens and head rows of each example alone.
struct example_sizes {
  std::vector<std::size_t> tokens, head_rows;

  explicit example_sizes(const data_set& data) {
    for (std::size_t i = 0; i < data.examples.size(); ++i) {
      const auto batch = prefopt::pack(data.examples, std::span(&i, 1));
      tokens.push_back(batch.tokens.size());
      head_rows.push_back(batch.rows.size());
    }
  }
};

/// The sum of the `count` greatest.
std::size_t greatest(std::vector<std::size_t> sizes, std::size_t count) {
  count = std::min(count, sizes.size());
  std::ranges::partial_sort(sizes, sizes.begin() + static_cast<std::ptrdiff_t>(count),
                            std::greater());
  return std::accumulate(sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(count),
                         std::size_t{0});
}

/// The plan for micro-batches of that many tokens.
memory_plan plan_for(const options& o, const prefopt::decoder_shape& shape,
                     const model_sizes& model, const example_sizes& examples, std::size_t tokens,
                     bool checkpointing) {
  const std::size_t reference = o.reference_bytes() == 0   ? 0
                                : o.reference_bytes() == 2 ? model.rounded
                                                           : model.weights;
  const auto step = static_cast<std::size_t>(o.trainer.batch_size);
  const std::size_t longest = std::ranges::max(examples.tokens);
  const std::size_t rows = std::max(longest, std::min(tokens, greatest(examples.tokens, step)));
  const prefopt::pass_bytes pass =
      prefopt::bytes_of_pass(shape, {.gradient_checkpointing = checkpointing},
                             {.rows = rows,
                              .head_rows = std::min(rows, greatest(examples.head_rows, step)),
                              .activation_bytes = sizeof(float)});
  return {.weights = model.weights + reference,
          .gradients = model.weights,
          .moments = 2 * model.weights,
          .activations = pass.activations,
          .logits = pass.logits,
          .copies = 2 * model.greatest,  // packed for a product, and while it is written
          .tokens = tokens,
          .gradient_checkpointing = checkpointing};
}

}  // namespace

std::size_t memory_plan::all() const {
  return weights + gradients + moments + activations + logits + copies + program_bytes;
}

std::string memory_plan::text() const {
  return prefopt::concat(gib(all()), " GiB: weights ", gib(weights), ", gradients ", gib(gradients),
                         ", moments ", gib(moments), ", activations ", gib(activations),
                         ", logits ", gib(logits), ", copies ", gib(copies),
                         "; micro-batches of at most ", tokens, " tokens",
                         gradient_checkpointing ? ", gradient checkpointing" : "");
}

memory_plan plan_memory(options& o, const prefopt::decoder_spec& spec, const data_set& data) {
  const model_sizes model(spec);
  const example_sizes examples(data);
  const std::size_t longest = std::ranges::max(examples.tokens);
  const auto limit = static_cast<std::size_t>(*o.memory * (1 << 30));
  std::vector<std::size_t> sizes;
  if (o.trainer.tokens_per_microbatch) {
    sizes.push_back(static_cast<std::size_t>(*o.trainer.tokens_per_microbatch));
  } else {
    for (std::size_t size = prefopt::standard_microbatch_tokens; size > longest; size /= 2)
      sizes.push_back(size);
    sizes.push_back(longest);
  }
  memory_plan least;
  for (const bool checkpointing : {false, true}) {
    if (o.gradient_checkpointing && !checkpointing) continue;
    for (const std::size_t tokens : sizes) {
      least = plan_for(o, spec.shape, model, examples, tokens, checkpointing);
      if (least.all() > limit) continue;
      o.trainer.tokens_per_microbatch = static_cast<std::int64_t>(tokens);
      o.gradient_checkpointing = checkpointing;
      return least;
    }
  }
  throw prefopt::value_error(prefopt::concat(
      "--memory ", *o.memory, ": the run needs more, at least this: ", least.text()));
}

}  // namespace program
