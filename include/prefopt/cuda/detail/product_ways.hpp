// SPDX-License-Identifier: MIT
#pragma once
// The ways for a device to compute a product: the vendor's library with the finish; its plain
// product followed by our own kernel; our own kernel. Also a list of the products that did not take
// the first way, which may take several times as long.

#include <cstddef>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "prefopt/core/bfloat16.hpp"
#include "prefopt/core/error.hpp"
#include "prefopt/cuda/backend.hpp"
#include "prefopt/cuda/detail/activation.hpp"
#include "prefopt/cuda/detail/product.hpp"
#include "prefopt/cuda/detail/product_kernel.hpp"
#include "prefopt/cuda/detail/rows.hpp"

namespace prefopt::inline v0_2::detail {

/// A product's description: extents, types, transposed factors, finish.
template <class In, class Out>
[[nodiscard]] std::string words_of(const device_product<In, Out>& p) {
  const auto type = [](auto number) {
    return std::is_same_v<decltype(number), float> ? "float32" : "bfloat16";
  };
  std::string words =
      concat(p.out.extent(0), " x ", p.out.extent(1), " x ",
             p.left.extent(p.left_is_transposed ? 0 : 1), ", ", type(In{}), " to ", type(Out{}));
  if (p.left_is_transposed) words += ", left transposed";
  if (p.right_is_transposed) words += ", right transposed";
  if (p.addend.data() != nullptr) words += ", added";
  if (p.bias != nullptr) words += ", bias";
  if (p.finish == product_finish::gelu) words += ", gelu";
  if (p.finish == product_finish::gelu_backward) words += ", gelu backward";
  return words;
}

/// Products that the library could not do as requested, and how often.
class product_log {
 public:
  void note(const std::string& product, product_way way) { ++calls_[{product, way}]; }
  [[nodiscard]] std::vector<product_fallback> all() const {
    std::vector<product_fallback> all;
    for (const auto& [key, calls] : calls_) all.push_back({key.first, key.second, calls});
    return all;
  }

 private:
  std::map<std::pair<std::string, product_way>, std::size_t> calls_;
};

/// Computes a product in the first way that works. `library(p)` enqueues p, or does nothing and
/// returns false.
template <class Device, class Library, class In, class Out>
void multiply_somehow(const Device& device, product_log& log, const Library& library,
                      const device_product<In, Out>& p) {
  if (library(p)) return;
  if (p.finish != product_finish::none) {
    const bool forward = p.finish == product_finish::gelu;
    device_product<In, Out> plain = p;
    plain.finish = product_finish::none;
    plain.before = {};
    if (forward) plain.out = p.before;
    if (library(plain)) {
      const auto grid = a_thread_an_element(p.out.extent(0), p.out.extent(1));
      const matrix_view<const Out> before = p.before;
      if (forward)
        device.launch(activate_kernel<Out>{activation_function::gelu_new, rows_of(before),
                                           rows_of(p.out), p.out.extent(1)},
                      grid);
      else
        device.launch(activate_backward_kernel<Out>{activation_function::gelu_new, rows_of(before),
                                                    rows_of(p.out), p.out.extent(1)},
                      grid);
      log.note(words_of(p), product_way::plain_and_kernel);
      return;
    }
  }
  const product_kernel<In, Out> kernel(p);
  device.launch(kernel, kernel.shape());
  // an empty depth needs no product
  if (p.left.size() != 0) log.note(words_of(p), product_way::own_kernel);
}

}  // namespace prefopt::inline v0_2::detail
