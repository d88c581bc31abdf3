// SPDX-License-Identifier: MIT
#pragma once
// bpe_options: what the "model" of a tokenizer.json says apart from its vocabulary and merges.

#include <string>

#include "prefopt/version.hpp"

namespace prefopt::inline v0_2 {

struct bpe_options {
  bool ignore_merges = false;  ///< a word that is in the vocabulary is that token, without merging
  bool byte_fallback = false;  ///< a character without a token becomes the tokens of its bytes
  bool fuse_unk = false;       ///< adjacent unknown characters are one unknown token
  std::string unk_token;       ///< stands for an unknown character; empty: there is none

  friend bool operator==(const bpe_options&, const bpe_options&) = default;
};

}  // namespace prefopt::inline v0_2
