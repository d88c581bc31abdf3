// SPDX-License-Identifier: MIT
// A real chat model, SmolLM2-135M-Instruct, gives every token of 24 responses the log-prob that
// transformers gives it. Needs PREFOPT_DATA_DIR, and PREFOPT_SMOLLM2_DIR, the folder that
// smollm2-folder writes.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "prefopt/data/pack.hpp"
#include "prefopt/data/packable_sequence.hpp"
#include "prefopt/eigen.hpp"
#include "prefopt/hub/load_model.hpp"
#include "prefopt/nn/incremental_decoder.hpp"

using namespace prefopt;

BOOST_AUTO_TEST_SUITE(smollm2)

BOOST_AUTO_TEST_CASE(every_token_of_a_real_chat_model_has_transformers_log_prob) {
  const char* const data = std::getenv("PREFOPT_DATA_DIR");
  const char* const folder = std::getenv("PREFOPT_SMOLLM2_DIR");
  if (data == nullptr || folder == nullptr) {
    BOOST_TEST_MESSAGE("skipped: PREFOPT_DATA_DIR or PREFOPT_SMOLLM2_DIR is not set");
    return;
  }
  const eigen_backend<float> backend{{.threads = 2}};
  const auto policy = load_model(backend, folder);
  const auto reference =
      nlohmann::json::parse(std::ifstream(std::string(data) + "/smollm2/reference.json"));
  double farthest = 0;
  std::size_t tokens = 0;
  for (const auto& pair : reference.at("pairs")) {
    const auto prompt = pair.at("prompt_ids").get<token_ids>();
    token_ids responses[2];
    std::vector<double> expected;
    std::vector<packable_sequence> sequences;
    for (const int i : {0, 1}) {
      const std::string name = i == 0 ? "chosen" : "rejected";
      responses[i] = pair.at(name + "_ids").get<token_ids>();
      for (const double value : pair.at(name + "_log_probs").get<std::vector<double>>())
        expected.push_back(value);
      sequences.push_back(
          {.example = 0, .response_index = i, .prompt = prompt, .response = responses[i]});
    }
    const auto found = policy.token_log_probs(pack(sequences));
    BOOST_REQUIRE_EQUAL(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i)
      farthest = std::max(farthest, std::abs(found[i] - expected[i]));
    tokens += found.size();
  }
  BOOST_TEST_MESSAGE(tokens << " tokens, at most " << farthest << " apart");
  BOOST_TEST(farthest <= 2e-4);

  const auto& last = reference.at("last_logits_of_first_prompt");
  const auto prompt = reference.at("pairs").at(0).at("prompt_ids").get<token_ids>();
  incremental_decoder<eigen_backend<float>> decoder(policy, prompt.size());
  const incremental_decoder<eigen_backend<float>>::branch whole{.tokens = prompt};
  const auto read = decoder.read({&whole, 1});
  const auto logits = read.logits(0);
  for (std::size_t i = 0; i < last.at("ids").size(); ++i) {
    const auto id = last.at("ids").at(i).get<std::size_t>();
    BOOST_TEST(std::abs(logits[id] - last.at("values").at(i).get<double>()) <= 2e-4);
  }
}

BOOST_AUTO_TEST_SUITE_END()
