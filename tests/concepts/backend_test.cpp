// SPDX-License-Identifier: MIT
// Types that model storage_backend and optimizer_backend, and types that each lack one thing.

#include <cstddef>
#include <span>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/backend/concepts.hpp"
#include "prefopt/backend/host.hpp"

namespace {

using prefopt::adamw_coefficients;
using prefopt::optimizer_backend;
using prefopt::storage_backend;
using own = std::span<float>;
using read_only = std::span<const float>;
using all_read_only = std::span<const read_only>;
using tensors = std::span<const prefopt::adamw_tensor<float>>;

struct smallest_storage {
  using value_type = float;
  template <class T>
  std::vector<T> allocate(std::size_t) const;
  void copy_from_host(read_only, own) const;
  void copy_to_host(read_only, own) const;
  void copy(read_only, own) const;
  void fill(own, float) const;
};

struct smallest_optimizer : smallest_storage {
  double sum_of_squares(all_read_only) const;
  void adamw(tensors, const adamw_coefficients&) const;
};

// A member of the same name hides the base's.
struct without_value_type : smallest_optimizer {
  using value_type = void;
};
struct without_allocate : smallest_optimizer {
  template <class T>
  std::vector<T> allocate(std::size_t) const = delete;
};
struct allocating_doubles : smallest_optimizer {
  template <class T>
  std::vector<double> allocate(std::size_t) const;
};
struct without_copy_from_host : smallest_optimizer {
  void copy_from_host(read_only, own) const = delete;
};
struct without_copy_to_host : smallest_optimizer {
  void copy_to_host(read_only, own) const = delete;
};
struct without_copy : smallest_optimizer {
  void copy(read_only, own) const = delete;
};
struct without_fill : smallest_optimizer {
  void fill(own, float) const = delete;
};
struct that_changes_when_it_fills : smallest_optimizer {
  void fill(own, float);
};
struct without_sum_of_squares : smallest_optimizer {
  double sum_of_squares(all_read_only) const = delete;
};
struct summing_in_float : smallest_optimizer {
  float sum_of_squares(all_read_only) const;
};
struct without_adamw : smallest_optimizer {
  void adamw(tensors, const adamw_coefficients&) const = delete;
};
struct that_wants_coefficients_to_write : smallest_optimizer {
  void adamw(tensors, adamw_coefficients&) const;
};

static_assert(storage_backend<smallest_storage> && !optimizer_backend<smallest_storage>);
static_assert(optimizer_backend<smallest_optimizer> &&
              optimizer_backend<prefopt::host_backend<double>>);

static_assert(!storage_backend<without_value_type>);
static_assert(!storage_backend<without_allocate> && !storage_backend<allocating_doubles>);
static_assert(!storage_backend<without_copy_from_host> && !storage_backend<without_copy_to_host>);
static_assert(!storage_backend<without_copy> && !storage_backend<without_fill>);
static_assert(!storage_backend<that_changes_when_it_fills>);
static_assert(!optimizer_backend<without_fill>, "storage comes first");

template <class Backend>
constexpr bool only_stores = storage_backend<Backend> && !optimizer_backend<Backend>;
static_assert(only_stores<without_sum_of_squares> && only_stores<summing_in_float>);
static_assert(only_stores<without_adamw> && only_stores<that_wants_coefficients_to_write>);

}  // namespace
