// SPDX-License-Identifier: MIT
// MISSPELLED: a callback's on_evaluation is never called: on_evaluate
// MISSPELLED_TEMPLATE: a callback's on_saved is never called: on_save
// CAMEL_CASE: a callback's onStep is never called: on_step
// MISSPELLED_SAVER: a callback's saves is never called: save
// OTHER_REPORT: a callback's on_step must take a const step_report&
// OTHER_NAME: a callback's on_save must take a const std::string&
// TRUTH: on_step must return nothing or a run_control
// NO_OPTIONAL: a callback's save must take \(const auto& trainer, const step_report&\) and return
// NO_MEMBER: a callback has one or more of the members on_step, evaluate, on_evaluate, save and on_save

#include <optional>
#include <string>
#include <vector>

#include "prefopt/loss/sft.hpp"
#include "prefopt/policy/bigram.hpp"
#include "prefopt/train/trainer.hpp"

using namespace prefopt;

struct callback {
#ifdef OTHER_REPORT
  void on_step(const evaluation_report&) {}
#elif defined(TRUTH)
  bool on_step(const step_report&) { return true; }
#elif !defined(NO_MEMBER)
  void on_step(const step_report&) {}
#endif
#ifndef NO_MEMBER
  void on_evaluate(const evaluation_report&) {}
#endif
#ifdef MISSPELLED
  void on_evaluation(const evaluation_report&) {}
#elif defined(MISSPELLED_TEMPLATE)
  template <class Name>
  void on_saved(const Name&) {}
#elif defined(CAMEL_CASE)
  void onStep(const step_report&) {}
#elif defined(MISSPELLED_SAVER)
  std::optional<std::string> saves(const auto&, const step_report&) { return std::nullopt; }
#elif defined(OTHER_NAME)
  void on_save(int) {}
#elif defined(NO_OPTIONAL)
  std::string save(const auto&, const step_report&) { return ""; }
#endif
  // Words that mean something else.
  int saves_made = 0;
  bool evaluated() const { return saved != 0; }
  int saved = 0;
};

void train(bigram& policy, const std::vector<tokenized_pair>& pairs) {
  trainer run{policy, no_reference{}, sft{}};
  run.train(pairs, callback{});
}
