// SPDX-License-Identifier: MIT
#pragma once
// A few named vectors that own their values and gradients: the smallest thing an optimizer can
// move.

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "prefopt/backend/host.hpp"
#include "prefopt/policy/parameter.hpp"

struct toy_shape {
  std::string name;
  std::size_t size;
  bool trainable;
  bool decays;
};

template <class Real>
class toy_parameters {
 public:
  explicit toy_parameters(std::vector<toy_shape> shapes) : shapes_(std::move(shapes)) {
    for (const toy_shape& shape : shapes_) values_[shape.name].resize(shape.size);
    gradients_ = values_;
  }

  std::vector<Real>& values(const std::string& name) { return values_.at(name); }
  std::vector<Real>& gradients(const std::string& name) { return gradients_.at(name); }

  std::vector<prefopt::parameter<Real>> range() {
    std::vector<prefopt::parameter<Real>> all;
    for (const toy_shape& s : shapes_) {
      all.push_back(
          {s.name, {s.size}, values_.at(s.name), gradients_.at(s.name), s.trainable, s.decays});
    }
    return all;
  }

 private:
  std::vector<toy_shape> shapes_;
  std::map<std::string, std::vector<Real>> values_;
  std::map<std::string, std::vector<Real>> gradients_;
};
