// SPDX-License-Identifier: MIT
// Templates and special tokens in a model's folder.
#include <filesystem>
#include <optional>
#include <string>

#include <boost/test/unit_test.hpp>

#include "prefopt/chat.hpp"
#include "chat/golden.hpp"
#include "support/scratch_folder.hpp"

using prefopt_test::put;
using prefopt_test::says;
using prefopt_test::scratch_folder;

namespace {

std::string text_of(const std::optional<prefopt::chat_template>& found) {
  return found ? found->render(prefopt_test::ordered_json::object(), {}).text : "none";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(chat_template_files)

BOOST_AUTO_TEST_CASE(a_file_comes_before_the_config) {
  const scratch_folder folder;
  BOOST_TEST(text_of(prefopt::find_chat_template(folder.path())) == "none");
  put(folder / "tokenizer_config.json", R"({"chat_template": "config"})");
  BOOST_TEST(text_of(prefopt::find_chat_template(folder.path())) == "config");
  put(folder / "tokenizer_config.json",
      R"({"chat_template": [{"name": "default", "template": "d"}, {"name": "tool_use", "template": "t"}]})");
  BOOST_TEST(text_of(prefopt::find_chat_template(folder.path())) == "d");
  BOOST_TEST(text_of(prefopt::find_chat_template(folder.path(), "tool_use")) == "t");
  BOOST_TEST(text_of(prefopt::find_chat_template(folder.path(), "rag")) == "none");
  put(folder / "chat_template.jinja", "file");
  BOOST_TEST(text_of(prefopt::find_chat_template(folder.path())) == "file");
  BOOST_TEST(text_of(prefopt::find_chat_template(folder.path(), "tool_use")) == "none");
  std::filesystem::create_directory(folder.path() / "additional_chat_templates");
  put(folder / "additional_chat_templates/rag.jinja", "rag");
  BOOST_TEST(text_of(prefopt::find_chat_template(folder.path(), "rag")) == "rag");
  BOOST_TEST(prefopt::read_chat_template_sources(folder.path()).size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_bad_file_is_named) {
  const scratch_folder folder;
  put(folder / "chat_template.jinja", "\n{% nosuch %}");
  BOOST_CHECK_EXCEPTION((void)prefopt::find_chat_template(folder.path()), prefopt::format_error,
                        says("chat_template.jinja: line 2: Encountered unknown tag 'nosuch'."));
  std::filesystem::remove(folder.path() / "chat_template.jinja");
  put(folder / "tokenizer_config.json", R"({"chat_template": [{"name": "a"}]})");
  BOOST_CHECK_EXCEPTION((void)prefopt::find_chat_template(folder.path()), prefopt::format_error,
                        says("tokenizer_config.json: chat_template: expected a list of"));
  put(folder / "tokenizer_config.json", R"({"chat_template": 3})");
  BOOST_CHECK_THROW((void)prefopt::find_chat_template(folder.path()), prefopt::format_error);
  BOOST_CHECK_THROW((void)prefopt::read_chat_template(folder.path() / "none"), prefopt::io_error);
}

BOOST_AUTO_TEST_CASE(special_tokens_are_those_of_transformers) {
  const scratch_folder folder;
  BOOST_TEST(prefopt::read_special_tokens(folder.path()).dump() == "{}");
  put(folder / "tokenizer_config.json",
      R"({"eos_token": {"content": "</s>", "lstrip": false}, "bos_token": "<s>", "pad_token": null,
                   "image_token": "<image>", "add_bos_token": true, "extra_special_tokens": {"x": "<x>"}})");
  BOOST_TEST(prefopt::read_special_tokens(folder.path()).dump() ==
             R"({"bos_token":"<s>","eos_token":"</s>","image_token":"<image>","x":"<x>"})");
  put(folder / "special_tokens_map.json",
      R"({"eos_token": "<end>", "unk_token": {"content": "?"}})");
  BOOST_TEST(prefopt::read_special_tokens(folder.path()).at("eos_token") == "<end>");
  BOOST_TEST(prefopt::read_special_tokens(folder.path()).at("unk_token") == "?");
  put(folder / "tokenizer_config.json", R"({"eos_token": "</s>", "added_tokens_decoder": {}})");
  BOOST_TEST(prefopt::read_special_tokens(folder.path()).dump() == R"({"eos_token":"</s>"})");
  put(folder / "tokenizer_config.json", R"({"eos_token": 5})");
  BOOST_CHECK_EXCEPTION((void)prefopt::read_special_tokens(folder.path()), prefopt::format_error,
                        says("tokenizer_config.json: eos_token is not a token"));
}

BOOST_AUTO_TEST_SUITE_END()
