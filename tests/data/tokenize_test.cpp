// SPDX-License-Identifier: MIT
// Text becomes the tokens that a model sees, ids are left unchanged, and what cannot be used is
// counted or refused.

#include "prefopt/data/tokenize.hpp"

#include <memory>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/data/dialogue_renderer.hpp"
#include "data/toy_tokenizer.hpp"

using namespace prefopt;

static_assert(tokenizer<tests::toy_tokenizer>);
static_assert(special_token_tokenizer<tests::toy_tokenizer>);
static_assert(std::ranges::contiguous_range<tokenized_preferences>);
static_assert(std::ranges::contiguous_range<const tokenized_preferences>);
static_assert(std::constructible_from<std::span<const tokenized_pair>, tokenized_preferences&>);
static_assert(
    std::constructible_from<std::span<const tokenized_pair>, const tokenized_preferences&>);

namespace {

const tests::toy_tokenizer toy({"ab", "cde", "??"});  // 256, 257, 258; the end of text is 259
constexpr token_id end = 259;

/// Refuses texts with a z, or has no end of text.
struct picky_tokenizer : tests::toy_tokenizer {
  picky_tokenizer(tests::toy_tokenizer base, bool has_end)
      : toy_tokenizer(std::move(base)), has_end_(has_end) {}

  [[nodiscard]] token_ids encode(std::string_view text) const {
    if (has_end_ && text.find('z') != text.npos) throw value_error("picky: no z");
    return toy_tokenizer::encode(text);
  }
  [[nodiscard]] token_id end_of_text() const {
    return has_end_ ? toy_tokenizer::end_of_text() : throw value_error("picky: no end");
  }

 private:
  bool has_end_;
};

/// Ends each turn with "<end>". Says "late " first if an answer follows a prompt that is "late".
struct turn_renderer {
  [[nodiscard]] std::string render(const conversation& messages, bool add_generation_prompt) const {
    std::string text;
    for (const chat_message& message : messages.messages) {
      if (message.content == "no") throw value_error("turn_renderer: no");
      if (message.content == "late" && !add_generation_prompt) text += "late ";
      text += concat(message.role[0], message.content, "<end>");
    }
    return add_generation_prompt ? text + "a" : text;
  }
  [[nodiscard]] bool ends_responses() const { return true; }
};

basic_pair<conversation> messages(const std::string& prompt, const std::string& chosen,
                                  const std::string& rejected) {
  return {{{{"user", prompt}}}, {{{"assistant", chosen}}}, {{{"assistant", rejected}}}};
}

tokenized_pair only(const preference_pair& text) {
  const auto result = tokenize(std::vector{text}, toy);
  BOOST_REQUIRE_EQUAL(result.size(), 1U);
  return result[0];
}

std::vector<preference_record> records(
    std::vector<std::variant<preference_pair, tokenized_pair>> pairs) {
  const auto file = std::make_shared<const std::string>("some.jsonl");
  std::vector<preference_record> all;
  for (auto& pair : pairs)
    std::visit([&](auto& one) { all.push_back({std::move(one), 10 + all.size(), file}); }, pair);
  return all;
}

/// Checks that `call` throws a format_error whose message holds every one of `words`.
template <class Call>
void refuses(Call&& call, const std::vector<std::string>& words) {
  BOOST_CHECK_EXCEPTION(call(), format_error, [&](const format_error& e) {
    const std::string_view message = e.what();
    BOOST_TEST_MESSAGE(message);
    return std::ranges::all_of(
        words, [&](const std::string& word) { return message.find(word) != message.npos; });
  });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tokenize_preferences)

BOOST_AUTO_TEST_CASE(an_end_of_text_closes_each_response) {
  BOOST_TEST((only({"x ", "y", "z"}) == tokenized_pair{{'x', ' '}, {'y', end}, {'z', end}}));
}

BOOST_AUTO_TEST_CASE(an_end_of_text_that_is_there_stays_the_only_one) {
  BOOST_TEST((only({"x", "y<end>", "z"}) == tokenized_pair{{'x'}, {'y', end}, {'z', end}}));
  BOOST_TEST(
      (only({"x", "y<end>w", "<end>"}) == tokenized_pair{{'x'}, {'y', end, 'w', end}, {end}}));
}

BOOST_AUTO_TEST_CASE(nothing_stands_behind_the_end_of_text_that_closes_a_response) {
  const tokenized_pair expected{{'x'}, {'y', end}, {'z', end}};
  for (const char* tail :
       {"<end>\n", "<end><end>", "<end> \n<end>\n", "<end>\t\r\n\f\v ", "<end>\n<end>"})
    BOOST_TEST((only({"x", concat("y", tail), concat("z", tail)}) == expected));
  BOOST_TEST((only({"x", "<end>\n", "z"}) == tokenized_pair{{'x'}, {end}, {'z', end}}));
  BOOST_TEST((only({"x", "y \n<end>\n", "z"}) ==
              tokenized_pair{{'x'}, {'y', ' ', '\n', end}, {'z', end}}));
  // White space without an end token before it belongs to the response, and so does what follows an
  // end token inside.
  BOOST_TEST(
      (only({"x", "y\n", "<end>z"}) == tokenized_pair{{'x'}, {'y', '\n', end}, {end, 'z', end}}));
  // The prompt's end token is not the response's.
  BOOST_TEST((only({"x<end>", "\n", "z"}) == tokenized_pair{{'x', end}, {'\n', end}, {'z', end}}));
  const auto result = tokenize(
      std::vector<preference_pair>{{"x", "y<end>\n", "z<end> "}, {"x", "y<end>", "z"}}, toy);
  BOOST_TEST(result.report.behind_end == 1U);
  BOOST_TEST(describe(result.report) == "2 of 2 pairs, 1 cut after an end token");
}

BOOST_AUTO_TEST_CASE(special_tokens_that_texts_spell_are_recognized_and_counted) {
  // in the prompt, counted once for both responses
  const std::vector<preference_pair> pairs{{"x<end>", "y", "z"},
                                           {"x", "y<end>", "z<end>\n"},  // they close the responses
                                           {"x", "a<end>b", "<end>c<end>"},
                                           {"x<e", "nd>y", "z"}};  // split between both
  const auto result = tokenize(pairs, toy);
  BOOST_TEST(result.report.special_texts == 4U);
  BOOST_TEST(result.report.special_token == "<end>");
  BOOST_TEST(result.report.special_line == 1U);
  BOOST_TEST((result[2] == tokenized_pair{{'x'}, {'a', end, 'b', end}, {end, 'c', end}}));
  BOOST_TEST(describe(result.report).ends_with(", 4 texts that spell a special token"));
  BOOST_TEST(tokenize(std::vector{pairs[1]}, toy).report.special_texts == 0U);
  BOOST_TEST(tokenize(records({pairs[1], pairs[2]}), toy).report.special_line == 11U);
}

BOOST_AUTO_TEST_CASE(special_tokens_become_ordinary_text_where_that_is_asked_for) {
  const std::vector<preference_pair> pairs{{"x<end>", "<end>ab", "z"}};
  const auto result = tokenize(pairs, toy, {.split_special_tokens = true});
  BOOST_TEST((result[0] == tokenized_pair{{'x', '<', 'e', 'n', 'd', '>'},
                                          {'<', 'e', 'n', 'd', '>', 256, end},
                                          {'z', end}}));
  BOOST_TEST(result.report.special_texts == 0U);
  const auto tail = tokenize(std::vector<preference_pair>{{"x", "y<end>\n", "z"}}, toy,
                             {.split_special_tokens = true});
  BOOST_TEST((tail[0].chosen == token_ids{'y', '<', 'e', 'n', 'd', '>', '\n', end}));
  BOOST_TEST(tail.report.behind_end == 0U);
}

BOOST_AUTO_TEST_CASE(a_tokenizer_that_cannot_split_is_refused_only_where_it_is_asked_to) {
  struct plain_tokenizer {
    tests::toy_tokenizer base;
    [[nodiscard]] token_ids encode(std::string_view text) const { return base.encode(text); }
    [[nodiscard]] std::string decode(std::span<const token_id> ids) const {
      return base.decode(ids);
    }
    [[nodiscard]] token_id end_of_text() const { return base.end_of_text(); }
    [[nodiscard]] std::size_t vocabulary_size() const { return base.vocabulary_size(); }
  };
  static_assert(tokenizer<plain_tokenizer> && !special_token_tokenizer<plain_tokenizer>);
  const std::vector<preference_pair> pairs{{"x<end>", "y<end>\n", "z"}};
  BOOST_TEST((tokenize(pairs, plain_tokenizer{toy})[0] ==
              tokenized_pair{{'x', end}, {'y', end}, {'z', end}}));
  BOOST_CHECK_THROW((void)tokenize(pairs, plain_tokenizer{toy}, {.split_special_tokens = true}),
                    value_error);
}

// As TRL does for plain texts, but never twice; what a template has rendered holds its own.
BOOST_AUTO_TEST_CASE(a_plain_text_begins_once_with_the_tokenizers_first_token) {
  struct framing : tests::toy_tokenizer {
    [[nodiscard]] token_ids encode_with_special(std::string_view text) const {
      token_ids ids = encode(text);
      if (begins) ids.insert(ids.begin(), 'B');
      if (ends) ids.push_back(end);
      return ids;
    }
    bool begins = true, ends = false;
  };
  static_assert(framing_tokenizer<framing> && !framing_tokenizer<tests::toy_tokenizer>);
  framing begins{toy}, ends{toy, true, true}, only_ends{toy, false, true};
  const std::vector<preference_pair> texts{{"x", "y", "z<end>"}, {"Bx", "y", "z"}, {"", "y", "z"}};
  for (const framing& one : {begins, ends})
    for (const bool split : {false, true}) {
      const auto result = tokenize(texts, one, {.split_special_tokens = split});
      BOOST_TEST((result[0].prompt == token_ids{'B', 'x'}));
      BOOST_TEST((result[0].chosen == token_ids{'y', end}));
      if (!split) BOOST_TEST((result[0].rejected == token_ids{'z', end}));
      if (!split) BOOST_TEST((result[1].prompt == token_ids{'B', 'x'}));
      BOOST_TEST((result[2].prompt == token_ids{'B'}));
    }
  BOOST_TEST((tokenize(texts, only_ends, {.split_special_tokens = true})[0] ==
              tokenized_pair{{'x'}, {'y', end}, token_ids{'z', '<', 'e', 'n', 'd', '>', end}}));
  BOOST_TEST((framed(frame_of(ends), {'x'}, true) == token_ids{'B', 'x'}));
  const auto rendered = tokenize(std::vector{messages("x", "y", "z")}, begins, turn_renderer{});
  BOOST_TEST((rendered[0] == tokenized_pair{{'u', 'x', end, 'a'}, {'y', end}, {'z', end}}));
}

// A first token follows nothing: it has no probability, and an average over none is 0/0.
BOOST_AUTO_TEST_CASE(a_response_of_which_nothing_is_predicted_drops_its_example) {
  const std::vector<tokenized_pair> pairs{
      {{}, {1}, {2}}, {{}, {1, 2}, {2}}, {{}, {1, 2}, {2, 1}}, {{3}, {1}, {2}}};
  const auto result = tokenize(pairs);
  BOOST_TEST((result.report == tokenize_report{.total = 4, .kept = 2, .dropped_no_target = 2}));
  BOOST_TEST(result.lines == (std::vector<std::size_t>{3, 4}), boost::test_tools::per_element());
  BOOST_TEST(describe(result.report) == "2 of 4 pairs, 2 dropped without a token to predict");
  BOOST_TEST(tokenize(std::vector<preference_pair>{{"", "", "x"}, {"p", "", "x"}}, toy)
                 .report.dropped_no_target == 1U);
  BOOST_TEST(
      tokenize(std::vector<tokenized_unpaired>{{{}, {1}}, {{}, {1, 2}}}).report.dropped_no_target ==
      1U);
  BOOST_TEST(tokenize(std::vector<tokenized_pair>{{{}, {1, 2}, {3, 4}}, {{3}, {1}, {2}}},
                      {.max_length = 2})
                 .size() == 2U);
}

BOOST_AUTO_TEST_CASE(an_empty_response_is_its_end_of_text) {
  BOOST_TEST((only({"x", "", "z"}) == tokenized_pair{{'x'}, {end}, {'z', end}}));
  BOOST_TEST((only({"x<end>", "", "z"}) == tokenized_pair{{'x', end}, {end}, {'z', end}}));
}

BOOST_AUTO_TEST_CASE(an_empty_prompt_is_kept) {
  BOOST_TEST((only({"", "y", "z"}) == tokenized_pair{{}, {'y', end}, {'z', end}}));
}

BOOST_AUTO_TEST_CASE(a_merge_across_the_boundary_goes_to_both_responses) {
  const std::vector<preference_pair> pairs{{"xa", "b", "c"}, {"x", "ab", "c"}, {"xa", "c", "bb"}};
  const auto result = tokenize(pairs, toy);
  BOOST_TEST((result[0] == tokenized_pair{{'x'}, {256, end}, {'a', 'c', end}}));
  BOOST_TEST((result[1] == tokenized_pair{{'x'}, {256, end}, {'c', end}}));
  BOOST_TEST((result[2] == tokenized_pair{{'x'}, {'a', 'c', end}, {256, 'b', end}}));
  BOOST_TEST(result.report.boundary_merges == 2U);
}

// Counting the prompt's own tokens would be wrong in both.
BOOST_AUTO_TEST_CASE(what_merged_belongs_to_the_responses_of_both) {
  // 256 to 259; the end of text is 260
  const tests::toy_tokenizer words({" Yes", " 123", " 1", " 9"});
  const auto result =
      tokenize(std::vector<preference_pair>{{"A: ", "Yes", "No"}, {"x = 1", "23", " 9"}}, words);
  BOOST_TEST((result[0] == tokenized_pair{{'A', ':'}, {256, 260}, {' ', 'N', 'o', 260}}));
  BOOST_TEST((result[1] == tokenized_pair{{'x', ' ', '='}, {257, 260}, {258, 259, 260}}));
  BOOST_TEST(result.report.boundary_merges == 2U);
}

BOOST_AUTO_TEST_CASE(a_merge_of_the_whole_prompt_leaves_it_empty) {
  BOOST_TEST((only({"a", "b", ""}) == tokenized_pair{{}, {256, end}, {'a', end}}));
  BOOST_TEST((only({"cd", "e", "c"}) == tokenized_pair{{}, {257, end}, {'c', 'd', 'c', end}}));
}

// Here the prompt's own end of text goes to the responses; the empty response still needs its own.
BOOST_AUTO_TEST_CASE(an_end_of_text_that_came_from_the_prompt_closes_no_response) {
  const tests::toy_tokenizer greedy({"<end>!"});  // 256; the end of text is 257
  const auto result = tokenize(std::vector<preference_pair>{{"x<end>", "!", ""}}, greedy);
  BOOST_TEST((result[0] == tokenized_pair{{'x'}, {256, 257}, {257, 257}}));
}

BOOST_AUTO_TEST_CASE(ids_are_taken_as_they_are) {
  const auto ids = records({tokenized_pair{{1, 2}, {3}, {4}}});
  for (const auto& result : {tokenize(ids, toy), tokenize(ids)})
    BOOST_TEST((result[0] == tokenized_pair{{1, 2}, {3}, {4}}));
  BOOST_TEST(
      (tokenize(std::vector<tokenized_pair>{{{1}, {2}, {3}}})[0] == tokenized_pair{{1}, {2}, {3}}));
}

BOOST_AUTO_TEST_CASE(text_and_ids_may_stand_in_one_file_and_keep_their_lines) {
  const auto mixed = records({preference_pair{"x", "y", "y"}, tokenized_pair{{1}, {2}, {3}},
                              preference_pair{"x", "y", "z"}});
  const auto result = tokenize(mixed, toy);
  BOOST_TEST(result.lines == (std::vector<std::size_t>{11, 12}), boost::test_tools::per_element());
  BOOST_TEST((result.report == tokenize_report{.total = 3, .kept = 2, .dropped_equal = 1}));
}

BOOST_AUTO_TEST_CASE(text_without_a_tokenizer_is_refused_by_file_and_line) {
  const auto mixed = records({tokenized_pair{{1}, {2}, {3}}, preference_pair{"x", "y", "z"}});
  refuses([&] { (void)tokenize(mixed); }, {"some.jsonl", "line 11", "tokenizer"});
}

BOOST_AUTO_TEST_CASE(a_text_that_the_tokenizer_refuses_is_named_by_file_and_line) {
  const auto tokenize_second = [](const auto& bad_tokenizer) {
    (void)tokenize(records({tokenized_pair{{1}, {2}, {3}}, preference_pair{"x", "y", "z"}}),
                   bad_tokenizer);
  };
  refuses(
      [&] {
        tokenize_second(picky_tokenizer{toy, true});
      },
      {"some.jsonl: line 11: picky: no z"});
  refuses(
      [&] {
        tokenize_second(picky_tokenizer{toy, false});
      },
      {"some.jsonl: line 11: picky: no end"});
}

BOOST_AUTO_TEST_CASE(ids_outside_the_vocabulary_are_refused_by_file_line_and_field) {
  refuses(
      [] {
        (void)tokenize(records({tokenized_pair{{1}, {260}, {3}}}), toy);
      },
      {"some.jsonl", "line 10", "chosen", "260"});
  refuses(
      [] {
        (void)tokenize(records({tokenized_pair{{1}, {2}, {7}}}), {.vocabulary_size = 7});
      },
      {"rejected", "0 to 6"});
  refuses([] { (void)tokenize(records({tokenized_pair{{-1}, {2}, {7}}})); }, {"prompt", "-1"});
  refuses(
      [] {
        (void)tokenize(records({preference_pair{"x", "y", "z"}}), toy, {.vocabulary_size = 259});
      },
      {"line 10", "259"});
  refuses([] { (void)tokenize(std::vector<tokenized_pair>{{{1}, {2}, {-3}}}); }, {"pair 1", "-3"});
  // A model may have more tokens than its tokenizer.
  BOOST_TEST(
      tokenize(records({tokenized_pair{{1}, {260}, {3}}}), toy, {.vocabulary_size = 300}).size() ==
      1U);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_used_is_dropped_and_counted) {
  const std::vector<tokenized_pair> pairs{{{1}, {2}, {3}},
                                          {{1}, {2, 3, 4}, {2, 3, 5}},
                                          {{1, 2, 3}, {4}, {5}},
                                          {{1}, {}, {5}},
                                          {{1}, {2, 3, 4}, {3}}};
  const auto result = tokenize(pairs, {.max_length = 3});
  BOOST_TEST((result.report ==
              tokenize_report{
                  .total = 5, .kept = 2, .dropped_empty = 2, .dropped_equal = 1, .truncated = 1}));
  BOOST_TEST(result.lines == (std::vector<std::size_t>{1, 5}), boost::test_tools::per_element());
  BOOST_TEST((result[1] == tokenized_pair{{1}, {2, 3}, {3}}));
  BOOST_TEST(
      describe(result.report) ==
      "2 of 5 pairs, 2 dropped without a response token, 1 dropped with equal responses, 1 truncated");
}

BOOST_AUTO_TEST_CASE(keep_all_keeps_equal_responses_and_names_what_it_cannot_keep) {
  const auto keep = [](const tokenized_pair& pair) {
    return tokenize(std::vector{tokenized_pair{{1}, {2}, {3}}, pair},
                    {.max_length = 3, .keep_all = true});
  };
  const auto result = keep({{1}, {2, 3, 4}, {2, 3, 5}});
  BOOST_TEST((result.report == tokenize_report{.total = 2, .kept = 2, .truncated = 1}));
  BOOST_TEST((result[1] == tokenized_pair{{1}, {2, 3}, {2, 3}}));
  refuses([&] { (void)keep({{1}, {}, {5}}); }, {"pair 2: a response has no token to predict"});
  refuses([&] { (void)keep({{1, 2, 3}, {4}, {5}}); }, {"pair 2", "at most 3 tokens"});
  refuses([&] { (void)keep({{}, {4}, {5, 6}}); }, {"pair 2"});
}

// "b" after the generation prompt "a" is one token, "ab", which belongs to the responses.
BOOST_AUTO_TEST_CASE(messages_have_the_tokens_of_their_rendering_and_no_other) {
  const turn_renderer turns;
  const auto result =
      tokenize(std::vector{messages("x", "y", ""), messages("x", "b", "y")}, toy, turns);
  const token_ids user{'u', 'x', end}, prompt{'u', 'x', end, 'a'};
  BOOST_TEST((result[0] == tokenized_pair{prompt, {'y', end}, {end}}));
  BOOST_TEST((result[1] == tokenized_pair{user, {256, end}, {'a', 'y', end}}));
  BOOST_TEST((result.report == tokenize_report{.total = 2, .kept = 2, .boundary_merges = 1}));
  // The template's special tokens are none that a text spells.
  const auto spelled = tokenize(std::vector{messages("x<end>", "y", "z")}, toy, turns);
  BOOST_TEST(spelled.report.special_texts == 1U);
  // A dialogue is closed with the end of text.
  const auto plain = tokenize(std::vector{messages("x", "y", "z")}, toy, dialogue_renderer{});
  const auto text =
      tokenize(std::vector{preference_pair{"\n\nHuman: x\n\nAssistant:", " y", " z"}}, toy);
  BOOST_TEST((plain[0] == text[0]));
  BOOST_TEST(plain[0].chosen.back() == end);
}

BOOST_AUTO_TEST_CASE(messages_that_cannot_be_rendered_are_refused_with_their_location) {
  const turn_renderer turns;
  const auto refused = [&](const basic_pair<conversation>& pair,
                           const std::vector<std::string>& words) {
    std::vector<preference_record> all{{pair, 7, std::make_shared<const std::string>("m.jsonl")}};
    refuses([&] { (void)tokenize(all, toy, turns); }, words);
  };
  refused(messages("no", "y", "z"), {"m.jsonl: line 7: turn_renderer: no"});
  refused(messages("late", "y", "z"),
          {"m.jsonl: line 7: the chat template renders the prompt differently", "after 0 bytes",
           "\"ulate<end>a\" alone, but \"late ulate<end>ay<end>\" with the answer"});
  // Only the generation prompt may be left out.
  refuses(
      [&] {
        (void)tokenize(std::vector{messages("late", "y", "z")}, toy, turns,
                       {.drop_prompt_tail = true});
      },
      {"renders the prompt differently"});
  struct late_renderer : turn_renderer {
    [[nodiscard]] std::string render(const conversation& all, bool add_generation_prompt) const {
      return turn_renderer::render(all, false) + (add_generation_prompt ? "assistant" : "");
    }
  };
  const auto dropped = tokenize(std::vector{messages("x", "y", "z")}, toy, late_renderer{},
                                {.drop_prompt_tail = true});
  BOOST_TEST((dropped[0] == tokenized_pair{{'u', 'x', end, 'a'}, {'y', end}, {'z', end}}));
  BOOST_TEST((dropped.report == tokenize_report{.total = 1, .kept = 1, .prompt_tails = 1}));
  refuses([&] { (void)tokenize(std::vector{messages("x", "y", "z")}, toy); },
          {"pair 1: messages, but tokenize was called without a renderer"});
  auto with_user = messages("x", "y", "z");
  with_user.rejected.messages.push_back({"user", "x"});
  refused(with_user, {"m.jsonl: line 7", "message 2 is not the assistant's"});
  refuses(
      [&] {
        (void)tokenize(std::vector{messages("x", "y", "z")}, toy, turns,
                       {.split_special_tokens = true});
      },
      {"special tokens of messages cannot be split"});
  refuses([&] { (void)tokenize(std::vector{messages("x", "y", "z")}); },
          {"is text and there is no tokenizer"});
}

BOOST_AUTO_TEST_CASE(data_without_a_usable_pair_is_refused_with_the_counts) {
  refuses(
      [] {
        (void)tokenize(records({tokenized_pair{{1}, {2}, {2}}}));
      },
      {"some.jsonl", "0 of 1", "1 dropped with equal"});
  refuses([] { (void)tokenize(std::vector<preference_pair>{}, toy); }, {"0 of 0"});
  BOOST_CHECK_THROW((void)tokenize(records({tokenized_pair{{1}, {2}, {3}}}), {.max_length = 0}),
                    value_error);
}

BOOST_AUTO_TEST_SUITE_END()
