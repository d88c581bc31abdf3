// SPDX-License-Identifier: MIT
// Types that model tokenizer and example_like, and types that each lack one thing.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <boost/test/unit_test.hpp>

#include "prefopt/data/example.hpp"
#include "prefopt/data/tokenizer.hpp"

namespace mine {

using prefopt::token_id;
using prefopt::token_ids;

struct smallest_tokenizer {
  token_ids encode(std::string_view) const;
  std::string decode(std::span<const token_id>) const;
  token_id end_of_text() const;
  std::size_t vocabulary_size() const;
};

// A member of the same name hides the base's.
struct without_encode : smallest_tokenizer {
  token_ids encode(std::string_view) const = delete;
};
struct encoding_to_wider_ids : smallest_tokenizer {
  std::vector<long> encode(std::string_view) const;
};
struct that_changes_when_it_encodes : smallest_tokenizer {
  token_ids encode(std::string_view);
};
struct without_decode : smallest_tokenizer {
  std::string decode(std::span<const token_id>) const = delete;
};
struct decoding_one_id : smallest_tokenizer {
  std::string decode(token_id) const;
};
struct without_end_of_text : smallest_tokenizer {
  token_id end_of_text() const = delete;
};
struct without_vocabulary_size : smallest_tokenizer {
  std::size_t vocabulary_size() const = delete;
};

/// An example whose responses are found by argument-dependent lookup.
template <int Missing>
struct example {
  token_ids prompt;
};
template <>
struct example<1> {};
template <int Missing>
  requires(Missing != 2)
std::size_t response_count(const example<Missing>&);
template <int Missing>
  requires(Missing != 3)
const token_ids& response(const example<Missing>&, std::size_t);
template <int Missing>
  requires(Missing != 4)
double response_score(const example<Missing>&, std::size_t);

}  // namespace mine

namespace {

using prefopt::example_like;
using prefopt::tokenizer;

static_assert(tokenizer<mine::smallest_tokenizer>);
static_assert(!tokenizer<mine::without_encode> && !tokenizer<mine::encoding_to_wider_ids>);
static_assert(!tokenizer<mine::that_changes_when_it_encodes>);
static_assert(!tokenizer<mine::without_decode> && !tokenizer<mine::decoding_one_id>);
static_assert(!tokenizer<mine::without_end_of_text> && !tokenizer<mine::without_vocabulary_size>);

static_assert(example_like<prefopt::tokenized_pair> && example_like<prefopt::tokenized_example>);
static_assert(example_like<prefopt::tokenized_unpaired>);
static_assert(example_like<mine::example<0>>);
static_assert(!example_like<mine::example<1>>, "no prompt");
static_assert(!example_like<mine::example<2>>, "no response_count");
static_assert(!example_like<mine::example<3>>, "no response");
static_assert(!example_like<mine::example<4>>, "no response_score");
static_assert(!example_like<prefopt::preference_pair>, "text, no ids");

}  // namespace
