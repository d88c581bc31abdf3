// SPDX-License-Identifier: MIT
#pragma once
// What an incremental_decoder reads, in any parts and along with anything else, has the log-probs
// of the packed batch.

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/math.hpp"
#include "prefopt/core/random.hpp"
#include "prefopt/data/pack.hpp"
#include "prefopt/models/gpt2.hpp"
#include "prefopt/nn/causal_lm.hpp"
#include "prefopt/nn/incremental_decoder.hpp"
#include "laws/numbers.hpp"

namespace prefopt::tests {

/// The same weights on any backend: of unit size, so that predictions are far from uniform.
template <class Backend>
[[nodiscard]] causal_lm<Backend> gpt2_of_unit_size(const Backend& on, const gpt2_config& config) {
  using real = typename Backend::value_type;
  causal_lm model(on, config);
  random_generator random(3);
  for (auto& parameter : model.parameters()) {
    const double center =
        parameter.name.find("ln_") != std::string::npos && parameter.name.ends_with("weight");
    std::vector<real> values(parameter.value.size());
    for (real& value : values)
      value = static_cast<real>(static_cast<float>(center + 0.3 * random.normal()));
    on.copy_from_host(values, parameter.value);
  }
  return model;
}

/// Two samples of one prompt are read one token each in turn, next to another sequence; `tolerance`
/// is relative to the size of all log-probs.
template <class Backend>
void a_decoder_agrees_with_a_packed_batch(const Backend& on, const gpt2_config& config,
                                          double tolerance) {
  const auto model = gpt2_of_unit_size(on, config);
  const std::vector<tokenized_pair> pairs = {{{3, 1, 2, 2, 9}, {1, 4, 1, 5}, {2, 4, 7, 0}},
                                             {{8}, {6, 5}, {0, 0, 3}}};
  const auto batch = pack(pairs, std::vector<std::size_t>{0, 1});
  const numbers expected = model.token_log_probs(batch);

  struct growing {
    token_ids tokens;  // of the whole sequence
    std::size_t at;    // the next one to read
    std::size_t target;
    std::int32_t node;
    numbers logits;
  };
  using branch = typename incremental_decoder<Backend>::branch;
  incremental_decoder<Backend> decoder(model, 64);
  std::map<std::int32_t, typename incremental_decoder<Backend>::decode_result> prompts;
  std::vector<growing> all;
  for_each_sequence(batch, [&](const sequence_path& path) {
    const std::size_t prompt = path.tokens.size() - static_cast<std::size_t>(path.sequence.count);
    const auto [found, fresh] = prompts.try_emplace(path.sequence.example);
    if (fresh) found->second = decoder.read(std::vector{branch{-1, path.tokens.first(prompt)}});
    all.push_back({token_ids(path.tokens.begin(), path.tokens.end()), prompt,
                   static_cast<std::size_t>(path.sequence.first_target), found->second.nodes[0],
                   found->second.all_logits});
  });
  numbers read_in_turn(expected.size());
  for (bool any = true; any;) {
    any = false;
    for (growing& one : all) {
      if (one.at == one.tokens.size()) continue;
      any = true;
      read_in_turn[one.target++] = one.logits[static_cast<std::size_t>(one.tokens[one.at])] -
                                   log_sum_exp(std::span<const double>(one.logits));
      const auto read =
          decoder.read(std::vector{branch{one.node, std::span(one.tokens).subspan(one.at++, 1)}});
      one.node = read.nodes[0];
      one.logits = read.all_logits;
    }
  }
  BOOST_TEST(distance(read_in_turn, expected) <= tolerance);
}

}  // namespace prefopt::tests
