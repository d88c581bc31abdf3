// SPDX-License-Identifier: MIT
#pragma once
// Owners of device memory that a host compiler can handle: a pointer that only the device reads,
// and the memory that it returns to.

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

namespace detail {

/// Allocates memory of one device and takes it back.
class device_memory {
 public:
  virtual ~device_memory() = default;
  virtual void give_back(void* data, std::size_t bytes) noexcept = 0;
};

/// Memory on a device. Move-only.
class device_block {
 public:
  device_block() = default;
  device_block(std::shared_ptr<device_memory> home, void* data, std::size_t bytes)
      : home_(std::move(home)), data_(data), bytes_(bytes) {}
  ~device_block() {
    if (home_) home_->give_back(data_, bytes_);
  }
  device_block(device_block&& other) noexcept { swap(other); }
  device_block& operator=(device_block&& other) noexcept {
    device_block(std::move(other)).swap(*this);
    return *this;
  }

  [[nodiscard]] void* data() const { return data_; }

 private:
  void swap(device_block& other) noexcept {
    std::swap(home_, other.home_);
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
  }

  std::shared_ptr<device_memory> home_;
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace detail

/// Owns `size()` numbers in a device's memory. Move-only.
template <class T>
class device_buffer {
 public:
  device_buffer() = default;
  device_buffer(detail::device_block block, std::size_t size)
      : block_(std::move(block)), size_(size) {}

  [[nodiscard]] T* data() { return static_cast<T*>(block_.data()); }
  [[nodiscard]] const T* data() const { return static_cast<const T*>(block_.data()); }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::span<T> span() { return {data(), size_}; }

 private:
  detail::device_block block_;
  std::size_t size_ = 0;
};

namespace detail {

/// A vector's content on the device, in scratch memory.
template <class Device, class T>
[[nodiscard]] device_buffer<T> uploaded(const Device& device, const std::vector<T>& values) {
  return device.upload(std::span<const T>(values));
}

}  // namespace detail

}  // namespace prefopt::inline v0_2
