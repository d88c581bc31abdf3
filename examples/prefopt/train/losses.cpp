// SPDX-License-Identifier: MIT

#include "train/losses.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include <prefopt/core/error.hpp>
#include <prefopt/io/closest_name.hpp>
#include <prefopt/loss/aot.hpp>
#include <prefopt/loss/aot_unpaired.hpp>
#include <prefopt/loss/apo_down.hpp>
#include <prefopt/loss/apo_zero.hpp>
#include <prefopt/loss/bco.hpp>
#include <prefopt/loss/bco_pair.hpp>
#include <prefopt/loss/beta_dpo.hpp>
#include <prefopt/loss/cpo.hpp>
#include <prefopt/loss/discopop.hpp>
#include <prefopt/loss/dpo.hpp>
#include <prefopt/loss/dpop.hpp>
#include <prefopt/loss/exo_pair.hpp>
#include <prefopt/loss/f_divergence.hpp>
#include <prefopt/loss/hinge.hpp>
#include <prefopt/loss/ipo.hpp>
#include <prefopt/loss/kto.hpp>
#include <prefopt/loss/kto_pair.hpp>
#include <prefopt/loss/length_desensitized.hpp>
#include <prefopt/loss/length_normalized_dpo.hpp>
#include <prefopt/loss/lipo_lambda.hpp>
#include <prefopt/loss/nca_pair.hpp>
#include <prefopt/loss/orpo.hpp>
#include <prefopt/loss/plackett_luce_dpo.hpp>
#include <prefopt/loss/robust_dpo.hpp>
#include <prefopt/loss/s_dpo.hpp>
#include <prefopt/loss/sft.hpp>
#include <prefopt/loss/simpo.hpp>
#include <prefopt/loss/sppo_hard.hpp>
#include <prefopt/loss/summed_ipo.hpp>
#include <prefopt/loss/weighted_sum.hpp>
#include <prefopt/loss/wpo.hpp>

namespace program {
namespace {

using prefopt::any_loss;
using prefopt::preference_form;
using prefopt::value_error;

/// Gives losses the options that they read, and records which were read.
class loss_settings {
 public:
  explicit loss_settings(const loss_values& given) : given_(given) {}

  double number(const char* flag, double standard) {
    const auto found = given_.numbers.find(flag);
    const double value = found == given_.numbers.end() ? standard : found->second;
    // Terms of a sum share an option, but each has its own default.
    auto& values = read_[flag];
    if (std::count(values.begin(), values.end(), nlohmann::json(value)) == 0)
      values.push_back(value);
    return value;
  }
  std::string choice(const char* flag, const char* standard) {
    const auto found = given_.choices.find(flag);
    const std::string value = found == given_.choices.end() ? standard : found->second;
    read_[flag] = value;
    return value;
  }
  bool is_given(const char* flag) const { return given_.numbers.contains(flag); }

  /// Throws value_error for an option that was given but not read.
  void require_all_read(const std::string& spec) const {
    const auto check = [&](const auto& options) {
      for (const auto& [flag, value] : options)
        if (!read_.contains(flag))
          throw value_error(prefopt::concat(flag, ": the loss ", spec, " does not read it"));
    };
    check(given_.numbers);
    check(given_.choices);
  }

  [[nodiscard]] const nlohmann::json& read() const { return read_; }

 private:
  const loss_values& given_;
  nlohmann::json read_ = nlohmann::json::object();
};

/// Fills a loss's hyper-parameters, identified by their members' names.
template <class Loss>
Loss filled(loss_settings& settings) {
  Loss loss;
  const auto fill = [&](const char* flag, double& member) {
    member = settings.number(flag, member);
  };
  if constexpr (requires { loss.beta; }) fill("--beta", loss.beta);
  if constexpr (requires { loss.label_smoothing; }) fill("--label-smoothing", loss.label_smoothing);
  if constexpr (requires { loss.gamma; }) fill("--simpo-gamma", loss.gamma);
  if constexpr (requires { loss.temperature; }) fill("--discopop-tau", loss.temperature);
  if constexpr (requires { loss.lambda; }) fill("--dpop-lambda", loss.lambda);
  if constexpr (requires { loss.desirable_weight; })
    fill("--desirable-weight", loss.desirable_weight);
  if constexpr (requires { loss.undesirable_weight; })
    fill("--undesirable-weight", loss.undesirable_weight);
  if constexpr (requires { loss.sensitivity; }) fill("--beta-sensitivity", loss.sensitivity);
  if constexpr (requires { loss.filtered; }) fill("--filtered-share", loss.filtered);
  return loss;
}

template <class Loss>
concept of_summed_log_probs =
    prefopt::pairwise_loss<Loss> &&
    std::same_as<decltype(Loss::reduction), const prefopt::token_reduction> &&
    (Loss::reduction == prefopt::token_reduction::sum);

/// With LD-DPO's length desensitization, if requested.
template <class Loss>
any_loss desensitized(const Loss& loss, loss_settings& settings) {
  if constexpr (of_summed_log_probs<Loss>) {
    if (settings.is_given("--ld-alpha"))
      return any_loss(
          prefopt::length_desensitized{loss, {.tail = settings.number("--ld-alpha", 1)}});
  }
  return any_loss(loss);
}

/// A loss under the requested divergence.
template <class Loss>
any_loss make(loss_settings& settings) {
  const Loss loss = filled<Loss>(settings);
  if constexpr (prefopt::margin_loss<Loss>) {
    const std::string divergence = settings.choice("--f-divergence-type", "reverse_kl");
    if (divergence == "forward_kl")
      return desensitized(prefopt::f_divergence{loss, prefopt::forward_kl{}}, settings);
    if (divergence == "js_divergence")
      return desensitized(prefopt::f_divergence{loss, prefopt::js_divergence{}}, settings);
    if (divergence == "alpha_divergence")
      return desensitized(prefopt::f_divergence{loss, prefopt::alpha_divergence{settings.number(
                                                          "--f-alpha-divergence-coef", 0.5)}},
                          settings);
  }
  return desensitized(loss, settings);
}

using forms = std::vector<preference_form>;
const forms pairs{preference_form::pairs}, unpaired{preference_form::unpaired},
    pairs_or_lists{preference_form::pairs, preference_form::lists},
    pairs_or_unpaired{preference_form::pairs, preference_form::unpaired};

/// A loss by name. `also` is TRL's name if it differs, a former one too.
struct entry {
  std::string_view name;
  std::string_view also;
  const forms& reads;
  any_loss (*make)(loss_settings&);
};

const entry table[] = {
    {"dpo", "sigmoid", pairs, make<prefopt::dpo>},
    {"ipo", "", pairs, make<prefopt::ipo>},
    {"summed_ipo", "", pairs, make<prefopt::summed_ipo>},
    {"hinge", "", pairs, make<prefopt::hinge>},
    {"robust_dpo", "robust", pairs, make<prefopt::robust_dpo>},
    {"length_normalized_dpo", "sigmoid_norm", pairs, make<prefopt::length_normalized_dpo>},
    {"dpop", "", pairs, make<prefopt::dpop>},
    {"beta_dpo", "", pairs, make<prefopt::beta_dpo>},
    {"exo_pair", "", pairs, make<prefopt::exo_pair>},
    {"nca_pair", "", pairs, make<prefopt::nca_pair>},
    {"bco_pair", "", pairs, make<prefopt::bco_pair>},
    {"bco", "", pairs_or_unpaired, make<prefopt::bco>},
    {"kto_pair", "", pairs, make<prefopt::kto_pair>},
    {"kto", "", unpaired, make<prefopt::kto>},
    {"sppo_hard", "", pairs, make<prefopt::sppo_hard>},
    {"apo_zero", "", pairs, make<prefopt::apo_zero>},
    {"apo_down", "", pairs, make<prefopt::apo_down>},
    {"aot", "", pairs, make<prefopt::aot>},
    {"aot_unpaired", "aot_pair", pairs, make<prefopt::aot_unpaired>},
    {"discopop", "", pairs, make<prefopt::discopop>},
    {"orpo", "", pairs, make<prefopt::orpo>},
    {"cpo", "", pairs, make<prefopt::cpo>},
    {"simpo", "", pairs, make<prefopt::simpo>},
    {"plackett_luce_dpo", "", pairs_or_lists, make<prefopt::plackett_luce_dpo>},
    {"s_dpo", "", pairs_or_lists, make<prefopt::s_dpo>},
    {"lipo_lambda", "", pairs_or_lists, make<prefopt::lipo_lambda>},
    {"sft", "", pairs_or_lists, make<prefopt::sft>},
};

/// Names of what is no loss here, and what to use.
struct foreign_loss {
  std::string_view name;
  std::string_view use;
};

constexpr foreign_loss foreign_losses[] = {
    {"cdpo", "use dpo with --label-smoothing"},
    {"conservative_dpo", "use dpo with --label-smoothing"},
    {"rpo", "use a sum, such as dpo:1,sft:1"},
    {"mpo", "use a sum, such as dpo:0.8,bco_pair:0.2,sft:1"},
    {"tr_dpo", "use dpo with --sync-ref-model"},
    {"wpo", "use dpo with --use-weighting"},
    {"ld_dpo", "use dpo with --ld-alpha"},
    {"slic", "use hinge"},
    {"nll", "use sft"},
    {"sppo", "use sppo_hard"},
    {"exo", "use exo_pair"},
    {"nca", "use nca_pair"},
    {"aot_paired", "use aot"},
    {"apo", "use apo_zero or apo_down"},
    {"apo_zero_unpaired", "use kto or bco for unpaired examples, or apo_zero for pairs"},
    {"alphapo", "use simpo, which it extends"},
    {"ppo", "ppo_trainer is in the library, not in this program"},
    {"grpo", "use a loss on preferences; ppo_trainer is in the library, not in this program"},
    {"reward", "bradley_terry and reward_model are in the library, not in this program"},
};

const entry& find(std::string_view name) {
  const auto* found = std::ranges::find_if(table, [&](const entry& one) {
    return one.name == name || (one.also == name && !name.empty());
  });
  for (const foreign_loss& one : foreign_losses)
    if (one.name == name)
      throw value_error(prefopt::concat("--loss: no loss is called ", name, "; ", one.use));
  if (found == std::end(table)) {
    std::vector<std::string_view> names;
    for (const entry& one : table) {
      names.push_back(one.name);
      if (!one.also.empty()) names.push_back(one.also);
    }
    const std::string closest = prefopt::closest_name(name, names);
    throw value_error(prefopt::concat(
        "--loss: no loss is called ", name, closest.empty() ? "" : ", did you mean ", closest,
        closest.empty() ? ", expected one of " : "? Losses: ", loss_names()));
  }
  return *found;
}

struct term {
  const entry* which;
  std::optional<double> weight;
};

std::vector<term> parse(const std::string& spec) {
  std::vector<term> terms;
  std::set<std::string_view> seen;
  std::istringstream parts(spec + ",");
  for (std::string part; std::getline(parts, part, ',');) {
    const std::size_t colon = part.find(':');
    term one{&find(std::string_view(part).substr(0, colon)), {}};
    if (!seen.insert(one.which->name).second)
      throw value_error(prefopt::concat("--loss: ", one.which->name, " is given twice"));
    if (colon != part.npos) {
      double weight = 0;
      const char* end = part.data() + part.size();
      const auto [stop, failure] = std::from_chars(part.data() + colon + 1, end, weight);
      if (failure != std::errc() || stop != end || !std::isfinite(weight))
        throw value_error(prefopt::concat("--loss: ", part, ", expected NAME:WEIGHT"));
      one.weight = weight;
    }
    terms.push_back(one);
  }
  if (terms.size() == 1 && terms[0].weight)
    throw value_error(prefopt::concat("--loss: ", spec, ": a weight, but no second loss"));
  return terms;
}

forms in_common(const std::vector<term>& terms) {
  forms common = terms[0].which->reads;
  for (const term& one : terms)
    std::erase_if(common, [&](preference_form form) {
      return std::ranges::count(one.which->reads, form) == 0;
    });
  return common;
}

}  // namespace

chosen_loss choose_loss(const std::string& spec, const loss_values& given) {
  const std::vector<term> terms = parse(spec);
  loss_settings settings(given);
  std::optional<prefopt::weighted<any_loss>> sum;
  std::string name;
  for (const term& one : terms) {
    const prefopt::weighted<any_loss> added{one.which->make(settings), one.weight.value_or(1)};
    name += prefopt::concat(name.empty() ? "" : ",", one.which->name);
    if (terms.size() > 1) name += prefopt::concat(':', added.weight);
    sum = sum ? prefopt::weighted{any_loss(prefopt::weighted_sum{*sum, added}), 1.0} : added;
  }
  any_loss loss = given.use_weighting ? any_loss(prefopt::wpo{sum->loss}) : sum->loss;
  settings.require_all_read(name);
  check(loss);
  const forms reads = in_common(terms);
  if (reads.empty())
    throw value_error(
        prefopt::concat("--loss: the terms of ", name, " have no form of data in common"));
  nlohmann::json read = settings.read();
  read["--use-weighting"] = given.use_weighting;
  return {std::move(loss), name, reads, read};
}

std::vector<loss_name> all_losses() {
  std::vector<loss_name> all;
  for (const entry& one : table) all.push_back({one.name, one.also});
  return all;
}

std::string loss_names() {
  std::string names;
  for (const auto& [name, also] : all_losses()) {
    names += prefopt::concat(names.empty() ? "" : ", ", name);
    if (!also.empty()) names += prefopt::concat(" (", also, ")");
  }
  return names;
}

std::string losses_of(preference_form form) {
  std::string names;
  for (const entry& one : table)
    if (std::ranges::find(one.reads, form) != one.reads.end())
      names += prefopt::concat(names.empty() ? "" : ", ", one.name);
  return names;
}

}  // namespace program
