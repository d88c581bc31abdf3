// SPDX-License-Identifier: MIT
#pragma once
// How files of examples are read, and the options for it.

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include <prefopt/core/error.hpp>
#include <prefopt/data/truncate.hpp>
#include <prefopt/datasets/column_names.hpp>
#include "chat_templates.hpp"
#include "command_line.hpp"
#include "train/losses.hpp"

namespace program {

struct data_options {
  std::string model;  ///< the folder whose tokenizer encodes texts
  std::optional<std::int64_t> max_length;
  prefopt::truncation truncation = prefopt::truncation::keep_start;
  bool split_special_tokens = false;
  prefopt::column_names columns;  ///< the files' names of columns
  chat_options chat;
  bool drop_prompt_tail = false;
  bool assistant_only = false;
  bool trim_after_end_of_turn = false;
  bool cut = true;                       ///< to the maximum length
  const chosen_loss* read_by = nullptr;  ///< the loss whose forms are expected; null: any form
  bool keep_all = false;          ///< keep examples that no loss could use, or throw an error
  bool always_tokenizer = false;  ///< load one for token-id data too, if there is one
  std::FILE* console = stdout;    ///< for remarks
};

/// --columns.
inline void add_columns(CLI::App& app, prefopt::column_names& columns) {
  app.add_option_function<std::vector<std::string>>(
         "--columns",
         [&columns](const std::vector<std::string>& all) {
           try {
             for (const std::string& names : all) add_column_names(columns, names);
           } catch (const prefopt::value_error& cause) {
             throw CLI::ValidationError("--columns", cause.what());
           }
         },
         "Columns with other names in the file, such as prompt=question,chosen=a,rejected=b")
      ->allow_extra_args(false)
      ->type_name("NAME=COLUMN,...");
}

inline void add_data(CLI::App& app, data_options& o) {
  using prefopt::truncation;
  add_columns(app, o.columns);
  app.add_option("--max-length", o.max_length,
                 "Maximum tokens of a prompt with its response [the model's context, at most 1024]")
      ->check(at_least(1));
  add_choice<truncation>(
      app, "--truncation,--truncation-mode", o.truncation,
      "keep_start cuts a long sequence's end; keep_end cuts its prompt's start first",
      {{"keep_start", truncation::keep_start}, {"keep_end", truncation::keep_end}}, "keep_start");
  app.add_flag(
      "--split-special-tokens", o.split_special_tokens,
      "Treat special tokens spelled out in the data, such as <|endoftext|>, as ordinary text");
  add_chat(app, o.chat);
  add_choice<bool>(
      app, "--prompt-tail", o.drop_prompt_tail,
      "If the template renders the generation prompt differently when an answer follows: refuse "
      "the example, or drop the part that differs",
      {{"refuse", false}, {"drop", true}}, "refuse");
  app.add_flag("--assistant-only,--assistant-only-loss", o.assistant_only,
               "In responses of several messages, score the assistant's turns alone");
  app.add_flag(
      "--trim-after-end-of-turn", o.trim_after_end_of_turn,
      "Do not score the white space that a chat template writes behind the token that ends "
      "a turn");
}

}  // namespace program
