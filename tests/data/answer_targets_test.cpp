// SPDX-License-Identifier: MIT
// With assistant_only, the targets of a response of several messages are the assistant's turns.

#include <string>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "prefopt/core/error.hpp"
#include "prefopt/data/conversation.hpp"
#include "prefopt/data/dialogue_renderer.hpp"
#include "prefopt/data/tokenize.hpp"
#include "data/toy_tokenizer.hpp"

using namespace prefopt;

namespace {

using runs = std::vector<target_runs>;

const tests::toy_tokenizer toy({"A\n", "\nx"});
constexpr token_id newline_x = 257;

/// "U\nhi<end>\nA\nyes<end>\n", and what a test changes.
struct turn_renderer {
  std::string closing;             ///< of a conversation without the generation prompt
  bool thinks_in_the_end = false;  ///< in the last turn only

  [[nodiscard]] std::string render(const conversation& all, bool add_generation_prompt) const {
    std::string text;
    for (std::size_t i = 0; i < all.messages.size(); ++i) {
      const chat_message& one = all.messages[i];
      if (one.role == "refused") throw value_error("no such role");
      text += one.role == "assistant" ? "A\n" : "U\n";
      if (thinks_in_the_end && one.role == "assistant" && i + 1 == all.messages.size())
        text += "hm ";
      text += one.content + "<end>\n";
    }
    return text + (add_generation_prompt ? "A\n" : closing);
  }
  [[nodiscard]] static bool ends_responses() { return true; }
};

conversation answers(const std::vector<std::string>& texts) {
  conversation all;
  for (const std::string& text : texts)
    all.messages.push_back({all.messages.size() % 2 == 0 ? "assistant" : "user", text});
  return all;
}

basic_pair<conversation> dialogue(const std::vector<std::string>& chosen,
                                  const std::vector<std::string>& rejected) {
  return {{{{"user", "q"}}}, answers(chosen), answers(rejected)};
}

template <class Renderer>
tokenized_preferences read(const basic_pair<conversation>& pair, const Renderer& renderer,
                           const tokenize_options& options = {.assistant_only = true}) {
  return tokenize(std::vector{pair}, toy, renderer, options);
}

token_ids ids(std::string_view text) { return toy.encode(text); }

template <class Call>
void refuses(const Call& call, std::string_view why) {
  BOOST_CHECK_EXCEPTION(call(), format_error, [&](const format_error& cause) {
    const bool found = std::string_view(cause.what()).find(why) != std::string_view::npos;
    if (!found) BOOST_TEST_MESSAGE(cause.what());
    return found;
  });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(answer_targets)

BOOST_AUTO_TEST_CASE(the_assistants_turns_are_targets_and_others_are_not) {
  const auto made = read(dialogue({"ab", "u", "c"}, {"d"}), turn_renderer{});
  BOOST_TEST(made[0].prompt == ids("U\nq<end>\nA\n"), boost::test_tools::per_element());
  BOOST_TEST(made[0].chosen == ids("ab<end>\nU\nu<end>\nA\nc<end>\n"),
             boost::test_tools::per_element());
  // a b <end> \n | U \n u <end> \n A\n | c <end> \n
  BOOST_TEST((made[0].targets == runs{{{0, 4}, {10, 13}}, {{0, 3}}}));
  BOOST_TEST((made.report == tokenize_report{.total = 1, .kept = 1}));
}

BOOST_AUTO_TEST_CASE(a_response_of_one_turn_has_all_of_its_tokens_as_targets) {
  BOOST_TEST(read(dialogue({"ab"}, {"d"}), turn_renderer{})[0].targets.empty());
}

BOOST_AUTO_TEST_CASE(messages_after_the_last_answer_are_left_out_and_counted) {
  const auto made = read(dialogue({"ab", "u"}, {"d"}), turn_renderer{});
  BOOST_TEST(made[0].chosen == ids("ab<end>\n"), boost::test_tools::per_element());
  BOOST_TEST(made[0].targets.empty());
  BOOST_TEST(made.report.left_out == 1U);
  BOOST_TEST(describe(made.report) ==
             "1 of 1 pairs, 1 without the messages after the assistant's last one");
  // The last answer then ends the conversation, with the end of text where that is added.
  const auto plain = read(dialogue({"ab", "u"}, {"d"}), dialogue_renderer{});
  BOOST_TEST(plain[0].chosen == ids(" ab<end>"), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_role_that_is_not_known_is_refused) {
  auto pair = dialogue({"a", "u", "c"}, {"d"});
  pair.chosen.messages[2].role = "asistant";
  refuses([&] { (void)read(pair, turn_renderer{}); },
          "pair 1: chosen: a response whose message 3 has the role asistant; with assistant_only");
  pair.chosen.messages[2].role = "a\n\x1b[2J";  // a message is one line, which a terminal may print
  refuses([&] { (void)read(pair, turn_renderer{}); }, "has the role a\\n?[2J; with assistant_only");
  refuses([&] { (void)read(pair, dialogue_renderer{}); }, "has the role a\\n?[2J; with");
  pair.chosen.messages[0].role = "a\n";
  refuses([&] { (void)read(pair, turn_renderer{}); }, "but of the role a\\n");
  pair = dialogue({"a", "u", "c"}, {"d"});
  pair.prompt.messages[0].role = "a\n";
  refuses([&] { (void)read(pair, dialogue_renderer{}); }, "a message's role is a\\n, expected");
  pair = dialogue({"a", "u", "c"}, {"d"});
  pair.chosen.messages[1].role = "tool";
  pair.chosen.messages[2].role = "assistant";
  BOOST_TEST((read(pair, turn_renderer{})[0].targets[0] == target_runs{{0, 3}, {9, 12}}));
}

BOOST_AUTO_TEST_CASE(white_space_behind_the_end_of_a_turn_can_be_left_out) {
  const tokenize_options trim{.assistant_only = true, .trim_after_end_of_turn = true};
  const auto made = read(dialogue({"ab", "u", "c"}, {"d"}), turn_renderer{}, trim);
  BOOST_TEST(made[0].chosen == ids("ab<end>\nU\nu<end>\nA\nc<end>"),
             boost::test_tools::per_element());
  BOOST_TEST((made[0].targets == runs{{{0, 3}, {10, 12}}, {{0, 2}}}));
  BOOST_TEST(made.report.trimmed_turns == 3U);
  // also without assistant_only, where it shortens the response
  const auto whole =
      read(dialogue({"ab"}, {"d<end>e"}), turn_renderer{}, {.trim_after_end_of_turn = true});
  BOOST_TEST(
      (whole[0] == tokenized_pair{ids("U\nq<end>\nA\n"), ids("ab<end>"), ids("d<end>e<end>")}));
  BOOST_TEST(describe(whole.report).find("2 turns without the white space behind the end token") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(only_white_space_is_trimmed) {
  struct chatty_renderer : turn_renderer {
    [[nodiscard]] std::string render(const conversation& all, bool add) const {
      return turn_renderer::render(all, add) + (add ? "" : "bye");
    }
  };
  const auto made =
      read(dialogue({"ab"}, {"d"}), chatty_renderer{}, {.trim_after_end_of_turn = true});
  BOOST_TEST(made[0].chosen == ids("ab<end>\nbye"), boost::test_tools::per_element());
  BOOST_TEST(made.report.trimmed_turns == 0U);
}

BOOST_AUTO_TEST_CASE(a_token_that_spans_the_edge_of_a_turn_belongs_to_it) {
  // "\n" of a turn's end and "x" of the next message would be one token, if a template wrote no
  // header.
  struct bare_renderer : turn_renderer {
    [[nodiscard]] std::string render(const conversation& all, bool) const {
      std::string text;
      for (const chat_message& one : all.messages) text += one.content + "\n";
      return text;
    }
  };
  const auto made = read(dialogue({"ab", "xu", "xc"}, {"d"}), bare_renderer{});
  const token_ids expected{'a', 'b', newline_x, 'u', newline_x, 'c', '\n'};
  BOOST_TEST(made[0].chosen == expected, boost::test_tools::per_element());
  BOOST_TEST((made[0].targets[0] == target_runs{{0, 3}, {4, 7}}));
  BOOST_TEST(made.report.turn_merges == 1U);
}

BOOST_AUTO_TEST_CASE(an_edge_may_lie_behind_the_first_token_that_differs) {
  const tests::toy_tokenizer other({":)", ")\n"});  // 256, 257
  const token_ids some{'a', 256};                   // "a:)"
  // "a:)\nHi" with the merge that crosses the edge: the tokens differ from ":" on.
  const auto spanned = detail::edge_of(token_ids{'a', ':', 257, 'H', 'i'}, some, other);
  BOOST_TEST(spanned.before == 2U);
  BOOST_TEST(spanned.after == 3U);
  const auto clean = detail::edge_of(token_ids{'a', ':', ')', '\n'}, some, other);
  BOOST_TEST(clean.before == 3U);
  BOOST_TEST(clean.after == 3U);
}

BOOST_AUTO_TEST_CASE(a_turn_without_an_end_token_of_its_own_is_not_guessed) {
  // "<end>" closes the conversation, and its last turn has no end token.
  struct open_renderer {
    [[nodiscard]] static std::string render(const conversation& all, bool add_generation_prompt) {
      std::string text;
      for (const chat_message& one : all.messages)
        text += (one.role == "assistant" ? "A\n" : "U\n") + one.content;
      return text + (add_generation_prompt ? "A\n" : "<end>");
    }
    [[nodiscard]] static bool ends_responses() { return true; }
  };
  refuses(
      [] {
        (void)read(dialogue({"ab", "u", "c"}, {"d"}), open_renderer{});
      },
      "renders a turn differently when others follow");
  BOOST_TEST(read(dialogue({"ab"}, {"d"}), open_renderer{})[0].targets.empty());
}

BOOST_AUTO_TEST_CASE(an_empty_answer_is_its_end_token) {
  struct bare_renderer {
    [[nodiscard]] static std::string render(const conversation& all, bool) {
      std::string text;
      for (const chat_message& one : all.messages) text += one.content;
      return text;
    }
    [[nodiscard]] static bool ends_responses() { return false; }
  };
  for (const bool assistant_only : {false, true}) {
    const auto made =
        read(dialogue({""}, {"d"}), bare_renderer{}, {.assistant_only = assistant_only});
    BOOST_TEST((made[0] == tokenized_pair{{'q'}, {258}, {'d', 258}}));
  }
}

BOOST_AUTO_TEST_CASE(the_end_of_a_prompt_may_be_left_out_of_dialogues_too) {
  struct asking_renderer : dialogue_renderer {
    [[nodiscard]] std::string render(const conversation& all, bool add_generation_prompt) const {
      return dialogue_renderer::render(all, add_generation_prompt) +
             (add_generation_prompt ? "?" : "");
    }
  };
  const auto pair = dialogue({"ab"}, {"d"});
  refuses([&] { (void)read(pair, asking_renderer{}); }, "renders the prompt differently");
  const auto made = read(pair, asking_renderer{}, {.drop_prompt_tail = true});
  BOOST_TEST(made[0].prompt == ids("\n\nHuman: q"), boost::test_tools::per_element());
  BOOST_TEST(made[0].chosen == ids("\n\nAssistant: ab<end>"), boost::test_tools::per_element());
  BOOST_TEST(made.report.prompt_tails == 1U);
}

BOOST_AUTO_TEST_CASE(tokens_that_close_a_conversation_close_its_last_turn) {
  const auto made = read(dialogue({"a", "u", "c"}, {"d"}), turn_renderer{.closing = "<end>"});
  BOOST_TEST(made[0].chosen == ids("a<end>\nU\nu<end>\nA\nc<end>\n<end>"),
             boost::test_tools::per_element());
  BOOST_TEST((made[0].targets == runs{{{0, 3}, {9, 13}}, {{0, 4}}}));
}

BOOST_AUTO_TEST_CASE(a_template_whose_turns_depend_on_what_follows_has_to_mark_them) {
  const turn_renderer thinking{.closing = {}, .thinks_in_the_end = true};
  const auto several = dialogue({"ab", "u", "c"}, {"d"});
  refuses(
      [&] { (void)read(several, thinking); },
      "pair 1: the chat template renders a turn differently when others follow: after 11 bytes "
      "\"hm ab<end>\\n\" alone, but \"ab<end>\\nU\\nu<end>\\nA\\nhm c<end>\\n\" with them; which");
  BOOST_TEST(read(dialogue({"ab"}, {"d"}), thinking)[0].targets.empty());
  struct marking : turn_renderer {
    [[nodiscard]] marked_text render_marked(const conversation& all) const {
      marked_text marked{render(all, false), {}};
      for (const std::string_view text : {"ab<end>", "hm c<end>", "hm d<end>"})
        if (const std::size_t at = marked.text.find(text); at != marked.text.npos)
          marked.answers.push_back({at, at + text.size()});
      return marked;
    }
  };
  const auto made = read(several, marking{{.closing = {}, .thinks_in_the_end = true}});
  BOOST_TEST(made[0].chosen == ids("ab<end>\nU\nu<end>\nA\nhm c<end>"),
             boost::test_tools::per_element());
  BOOST_TEST((made[0].targets == runs{{{0, 3}, {10, 15}}, {{0, 5}}}));
}

BOOST_AUTO_TEST_CASE(marks_within_the_prompt_are_not_of_the_response) {
  struct marking : turn_renderer {
    [[nodiscard]] marked_text render_marked(const conversation& all) const {
      marked_text marked{render(all, false), {}};
      for (std::size_t at = 0; (at = marked.text.find("A\n", at)) != marked.text.npos;) {
        at += 2;
        marked.answers.push_back({at, marked.text.find("<end>", at)});
      }
      return marked;
    }
  };
  auto pair = dialogue({"ab", "u", "c"}, {"d"});
  pair.prompt.messages.push_back({"assistant", "p"});
  pair.prompt.messages.push_back({"user", "r"});
  const auto made = read(pair, marking{});
  BOOST_TEST((made[0].targets == runs{{{0, 2}, {10, 11}}, {{0, 1}}}));
  BOOST_TEST(made[0].rejected == ids("d"), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(plain_dialogues_have_turns_too) {
  const auto made = read(dialogue({"ab", "u", "c"}, {"d"}), dialogue_renderer{});
  const token_ids expected = ids(" ab\n\nHuman: u\n\nAssistant: c<end>");
  BOOST_TEST(made[0].chosen == expected, boost::test_tools::per_element());
  const std::size_t c = expected.size() - 3;
  BOOST_TEST((made[0].targets == runs{{{0, 3}, {c, c + 3}}, {{0, 3}}}));
}

BOOST_AUTO_TEST_CASE(without_assistant_only_other_turns_are_refused) {
  refuses(
      [] {
        (void)read(dialogue({"a", "u", "c"}, {"d"}), turn_renderer{}, {});
      },
      "pair 1: chosen: a response whose message 2 is not the assistant's and would be scored as "
      "an answer; assistant_only (--assistant-only) scores the assistant's alone");
  auto by_user = dialogue({"a"}, {"d"});
  by_user.rejected.messages[0].role = "user";
  refuses([&] { (void)read(by_user, turn_renderer{}); },
          "pair 1: rejected: a response whose first message is not the assistant's");
}

BOOST_AUTO_TEST_CASE(targets_that_are_cut_off_are_counted) {
  const auto pair = dialogue({"ab", "u", "c"}, {"d"});
  const std::size_t prompt = ids("U\nq<end>\nA\n").size();
  const auto cut = read(pair, turn_renderer{}, {.max_length = prompt + 6, .assistant_only = true});
  BOOST_TEST((cut[0].targets == runs{{{0, 4}}, {{0, 3}}}));
  BOOST_TEST(cut[0].chosen == ids("ab<end>\n"), boost::test_tools::per_element());
  BOOST_TEST(cut.report.truncated == 1U);
  // A response whose only targets are cut off has nothing to predict.
  const std::vector<tokenized_pair> late{{{1}, {2, 3, 4}, {5, 6}, {{{2, 3}}, {{0, 2}}}},
                                         {{1}, {2, 3}, {5, 6}}};
  BOOST_TEST(tokenize(late, {.max_length = 3}).report.dropped_no_target == 1U);
  BOOST_CHECK_THROW((void)tokenize(late, {.max_length = 3, .keep_all = true}), format_error);
}

BOOST_AUTO_TEST_CASE(targets_of_ids_are_checked) {
  const auto refused = [](runs targets) {
    const std::vector<tokenized_pair> one{{{1}, {2, 3}, {4}, std::move(targets)}};
    BOOST_CHECK_THROW((void)tokenize(one), value_error);
  };
  refused({{{0, 1}}});
  refused({{{0, 3}}, {{0, 1}}});
  refused({{{1, 1}}, {{0, 1}}});
  refused({{{1, 2}, {0, 1}}, {{0, 1}}});
  refused({{{0, 1}}, {{0, 1}}, {{0, 1}}});
}

BOOST_AUTO_TEST_SUITE_END()
