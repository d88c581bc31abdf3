// SPDX-License-Identifier: MIT
// What a run leaves next to its weights: checkpoints, logs, fingerprints, the reference's cache.

#include <cmath>
#include <limits>
#include <set>
#include <stdexcept>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include "prefopt/io/json_object.hpp"
#include "prefopt/io/process_scope.hpp"
#include "prefopt/runs/checkpoint.hpp"
#include "prefopt/runs/checksums.hpp"
#include "prefopt/runs/fingerprint.hpp"
#include "prefopt/runs/json_log.hpp"
#include "prefopt/runs/reference_cache_file.hpp"
#include "support/scratch_folder.hpp"

namespace fs = std::filesystem;
using prefopt::fingerprint;
using prefopt::format_error;
using prefopt::reference_cache;
using namespace prefopt_test;

namespace {

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}
using names = std::set<std::string>;

void checkpoint(const scratch_folder& folder, std::int64_t step) {
  prefopt::write_checkpoint(folder.path(), step, [&](const fs::path& to) {
    put(to / "state", prefopt::concat("state ", step));
  });
}

reference_cache some_cache() {
  reference_cache cache;
  cache.add({3, 0}, 0xfedcba9876543210, std::vector<double>{-0.1, -1e-300, -7});
  cache.add({3, 1}, 0, std::vector<double>{});
  cache.add({0, 1}, 0xffffffff00000001, std::vector<double>{-1.0 / 3});
  return cache;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoints)

BOOST_AUTO_TEST_CASE(the_newest_two_are_kept_and_the_newest_is_found_by_number) {
  const scratch_folder folder;
  BOOST_TEST(prefopt::list_checkpoints(folder.path()).empty());
  BOOST_TEST(prefopt::list_checkpoints(folder / "absent").empty());
  for (const std::int64_t step : {2, 9, 10, 100}) checkpoint(folder, step);
  BOOST_TEST((names_in(folder.path()) == names{"checkpoint-10", "checkpoint-100"}));
  const auto newest = prefopt::list_checkpoints(folder.path()).back();
  BOOST_TEST(newest.step == 100);
  BOOST_TEST(get(newest.path / "state") == "state 100");
}

BOOST_AUTO_TEST_CASE(what_is_no_checkpoint_is_neither_found_nor_removed) {
  const scratch_folder folder;
  const names others{"checkpoint-",   "checkpoint-07", "checkpoint-1x",
                     "checkpoint--1", "xcheckpoint-7", "checkpoint-99999999999999999999"};
  for (const auto& name : others) fs::create_directory(folder / name);
  put(folder / "checkpoint-50", "a file");
  BOOST_TEST(prefopt::list_checkpoints(folder.path()).empty());
  for (const std::int64_t step : {1, 2, 3}) checkpoint(folder, step);
  names expected = others;
  expected.insert({"checkpoint-2", "checkpoint-3", "checkpoint-50"});
  BOOST_TEST((names_in(folder.path()) == expected));
}

BOOST_AUTO_TEST_CASE(a_save_that_fails_leaves_the_checkpoints_as_they_were) {
  const scratch_folder folder;
  checkpoint(folder, 1);
  checkpoint(folder, 2);
  BOOST_CHECK_THROW(prefopt::write_checkpoint(folder.path(), 3,
                                              [](const fs::path& to) {
                                                put(to / "half", "x");
                                                throw std::runtime_error("full");
                                              }),
                    std::runtime_error);
  BOOST_CHECK_EXCEPTION(checkpoint(folder, 2), prefopt::io_error,
                        says("checkpoint-2: already exists"));
  BOOST_TEST((names_in(folder.path()) == names{"checkpoint-1", "checkpoint-2"}));
  BOOST_TEST(get(folder / "checkpoint-2/state") == "state 2");
}

BOOST_AUTO_TEST_CASE(of_checkpoints_only_own_ones_are_counted_and_removed) {
  const scratch_folder folder;
  for (const std::int64_t step : {3, 4})
    fs::create_directory(folder / prefopt::concat("checkpoint-", step));
  const auto is_own = [](const fs::path& path) { return fs::exists(path / "state"); };
  for (const std::int64_t step : {1, 2, 5})
    prefopt::write_checkpoint(
        folder.path(), step, [&](const fs::path& to) { put(to / "state", "x"); }, is_own);
  BOOST_TEST((names_in(folder.path()) ==
              names{"checkpoint-2", "checkpoint-3", "checkpoint-4", "checkpoint-5"}));
}

BOOST_AUTO_TEST_CASE(an_old_checkpoint_that_cannot_be_removed_is_a_remark) {
  const scratch_folder folder;
  const auto write = [&](std::int64_t step) {
    return prefopt::write_checkpoint(
        folder.path(), step, [&](const fs::path& to) { put(to / "state", "x"); },
        [&](const fs::path& path) {
          if (fs::exists(folder / "away"))
            throw prefopt::io_error(path.native() + ": cannot look at: away");
          return true;
        });
  };
  for (const std::int64_t step : {1, 2}) BOOST_TEST(write(step).remark == "");
  put(folder / "away", "");
  const auto written = write(3);
  BOOST_TEST(written.path == folder / "checkpoint-3");
  BOOST_TEST(written.remark == (folder / "checkpoint-1: cannot look at: away").native());
  BOOST_TEST(
      (names_in(folder.path()) == names{"away", "checkpoint-1", "checkpoint-2", "checkpoint-3"}));
  fs::remove(folder / "away");
  BOOST_TEST(write(4).remark == "");
  BOOST_TEST((names_in(folder.path()) == names{"checkpoint-3", "checkpoint-4"}));
}

BOOST_AUTO_TEST_CASE(what_a_killed_save_left_is_removed_by_the_next) {
  const scratch_folder folder;
  // From a process that had this one's id and counted further.
  const std::string left = prefopt::concat("checkpoint-7.", prefopt::process_scope(), '-',
                                           ::getpid(), "-999999.prefopt-tmp");
  fs::create_directory(folder / left);
  put(folder / left / "half", "x");
  BOOST_TEST(prefopt::list_checkpoints(folder.path()).empty());
  checkpoint(folder, 8);
  BOOST_TEST((names_in(folder.path()) == names{"checkpoint-8"}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(json_logs)

BOOST_AUTO_TEST_CASE(each_report_is_one_line_in_the_order_of_its_values) {
  const scratch_folder folder;
  {
    prefopt::step_log log(folder / "metrics.jsonl");
    log.on_step({.step = 1,
                 .total_steps = 2,
                 .epoch = 0.5,
                 .loss = 0.1,
                 .metrics = {{"rewards/chosen", -2.0}}});
  }
  prefopt::step_log log(folder / "metrics.jsonl");  // a second run continues below
  log.on_step({.step = 2,
               .total_steps = 2,
               .epoch = 1,
               .loss = std::numeric_limits<double>::quiet_NaN(),
               .metrics = {}});
  BOOST_TEST(
      get(folder / "metrics.jsonl") ==
      "{\"step\":1,\"epoch\":0.5,\"loss\":0.1,\"rewards/chosen\":-2.0,\"grad_norm\":0.0,\"learning_rate\":0.0,"
      "\"num_tokens\":0,\"pairs_per_second\":0.0}\n"
      "{\"step\":2,\"epoch\":1.0,\"loss\":null,\"grad_norm\":0.0,\"learning_rate\":0.0,\"num_tokens\":0,"
      "\"pairs_per_second\":0.0}\n");
}

BOOST_AUTO_TEST_CASE(a_cut_log_holds_the_steps_up_to_the_last_and_no_torn_line) {
  const scratch_folder folder;
  const std::string one = "{\"step\":1,\"loss\":0.10}\n", two = "{ \"step\": 2 }\n",
                    three = "{\"step\":3}\n";
  const auto cut = [&](const std::string& text, std::int64_t last) {
    prefopt::cut_json_log(put(folder / "m", text), last);
    return get(folder / "m");
  };
  BOOST_TEST(cut(one + two + three, 2) == one + two);
  BOOST_TEST(cut(one + two + three, 3) == one + two + three);
  BOOST_TEST(cut(one + two + "{\"step\":3,\"lo", 5) == one + two);
  BOOST_TEST(cut(one + two, 0) == "");
  BOOST_TEST(cut("", 7) == "");
  BOOST_CHECK_EXCEPTION(cut(one + "{\"st\n" + three, 5), format_error, says("/m: line 2: "));
  BOOST_CHECK_EXCEPTION(cut(one + "{}\n", 5), format_error,
                        says("/m: line 2: key \"step\" is missing"));
  BOOST_TEST(get(folder / "m") == one + "{}\n");
  BOOST_CHECK_NO_THROW(prefopt::cut_json_log(folder / "absent", 1));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(fingerprints)

BOOST_AUTO_TEST_CASE(equal_input_gives_equal_text_and_any_change_another) {
  const std::vector<float> values{1, 2, 3};
  const auto base = [&] { return fingerprint().add("name").add(std::span(values)).add(7).hex(); };
  BOOST_TEST(base() == base());
  BOOST_TEST(base().size() == 32);
  std::set<std::string> all{base()};
  all.insert(fingerprint().add("nam").add("e").add(std::span(values)).add(7).hex());
  all.insert(fingerprint().add("name").add(std::span(values).first(2)).add(values[2]).add(7).hex());
  all.insert(fingerprint().add("name").add(std::span(values)).add(8).hex());
  all.insert(fingerprint().add("name").add(std::span(values)).add(7.0).hex());
  all.insert(fingerprint().add("name").add(7).add(std::span(values)).hex());
  all.insert(fingerprint().add("").add("name").add(std::span(values)).add(7).hex());
  all.insert(fingerprint().hex());
  std::vector<float> changed = values;
  changed[1] = std::nextafter(2.0f, 3.0f);
  all.insert(fingerprint().add("name").add(std::span(changed)).add(7).hex());
  BOOST_TEST(all.size() == 9);
}

BOOST_AUTO_TEST_CASE(the_hash_is_xxh3_as_others_compute_it) {
  // XXH3's 128 bits of no bytes at all.
  BOOST_TEST(fingerprint().hex() == "99aa06d3014798d86001c324468d497f");
}

BOOST_AUTO_TEST_CASE(a_files_checksum_is_what_xxhsum_prints) {
  const scratch_folder folder;
  BOOST_TEST(prefopt::checksum_of(put(folder / "empty", "")) == "99aa06d3014798d86001c324468d497f");
  const std::string text(3'000'001, 'x');  // more than is read at once
  BOOST_TEST(prefopt::checksum_of(put(folder / "long", text)) ==
             fingerprint().add_bytes(std::as_bytes(std::span(text))).hex());
}

BOOST_AUTO_TEST_CASE(a_folder_is_verified_file_by_file) {
  const scratch_folder folder;
  fs::create_directory(folder / "sub");
  put(folder / "a", "some text");
  put(folder / "sub/b", "more text");
  put(folder / "list", "not part of it");
  const nlohmann::json saved = prefopt::checksums_of(folder.path(), "list");
  BOOST_TEST(saved.size() == 2);
  const auto verify = [&] {
    prefopt::verify_checksums(folder.path(), prefopt::json_object(saved, "list"));
  };
  put(folder / "beside", "later");
  BOOST_CHECK_NO_THROW(verify());
  put(folder / "sub/b", "more test");
  BOOST_CHECK_EXCEPTION(verify(), format_error, says("/sub/b: damaged: its bytes"));
  put(folder / "sub/b", "more texts");
  BOOST_CHECK_EXCEPTION(verify(), format_error, says("/sub/b: damaged: 10 bytes, expected 9"));
  fs::remove(folder / "sub/b");
  BOOST_CHECK_EXCEPTION(verify(), format_error, says("/sub/b: is missing"));
  fs::create_directory(folder / "sub/b");
  BOOST_CHECK_EXCEPTION(verify(), format_error, says("/sub/b: not a regular file"));
}

BOOST_AUTO_TEST_CASE(an_object_is_under_its_own_checksum) {
  const nlohmann::json object = prefopt::with_checksum({{"step", 15}, {"rate", 1e-3}});
  const auto verify = [](const nlohmann::json& json) {
    prefopt::verify_checksum(prefopt::json_object(json, "f"));
  };
  BOOST_CHECK_NO_THROW(verify(object));
  BOOST_CHECK_NO_THROW(verify(nlohmann::json::parse(object.dump(2))));
  nlohmann::json changed = object;
  changed["step"] = 14;
  BOOST_CHECK_EXCEPTION(verify(changed), format_error, says("f: damaged"));
  changed = object;
  changed.erase("checksum");
  BOOST_CHECK_EXCEPTION(verify(changed), format_error, says("checksum"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(reference_cache_files)

BOOST_AUTO_TEST_CASE(a_cache_comes_back_bit_for_bit_under_its_key_only) {
  const scratch_folder folder;
  const reference_cache cache = some_cache();
  BOOST_TEST(!prefopt::load_reference_cache(folder / "r", "k1").has_value());
  prefopt::save_reference_cache(folder / "r", cache, "k1");
  const auto loaded = prefopt::load_reference_cache(folder / "r", "k1");
  BOOST_REQUIRE(loaded.has_value());
  BOOST_TEST((loaded->keys() == cache.keys()));
  BOOST_TEST((loaded->token_hashes() == cache.token_hashes()));
  BOOST_TEST((loaded->offsets() == cache.offsets()));
  BOOST_TEST((loaded->values() == cache.values()));
  BOOST_TEST(!prefopt::load_reference_cache(folder / "r", "k2").has_value());
  prefopt::save_reference_cache(folder / "r", reference_cache(), "k2");
  BOOST_TEST(prefopt::load_reference_cache(folder / "r", "k2").value().size() == 0);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_cache_or_a_broken_one_is_an_error_and_stays) {
  const scratch_folder folder;
  const auto refused = [&](std::string_view why) {
    BOOST_CHECK_EXCEPTION((void)prefopt::load_reference_cache(folder / "r", "k"), format_error,
                          says("/r: ", why, "; remove it to recompute the reference's log-probs"));
  };
  prefopt::write_safetensors<double>(folder / "r", {});
  refused("not a reference cache");
  put(folder / "r", "my notes");
  refused("");
  prefopt::save_reference_cache(folder / "r", some_cache(), "k");
  fs::resize_file(folder / "r", fs::file_size(folder / "r") - 8);
  refused("truncated");

  const std::vector<double> zero{0}, one{1}, half{0.5}, huge{1e18}, two{2}, pair{0, 0}, ones{1, 1};
  using tensors = std::vector<prefopt::named_tensor<double>>;
  const auto with = [&](const std::vector<double>& examples, const std::vector<double>& counts,
                        const std::vector<double>& values, const std::vector<double>& low = {0}) {
    std::vector<double> responses(examples.size()), high(examples.size());
    const tensors all{
        {"examples", {examples.size()}, examples}, {"responses", {responses.size()}, responses},
        {"counts", {counts.size()}, counts},       {"hashes_high", {high.size()}, high},
        {"hashes_low", {low.size()}, low},         {"values", {values.size()}, values}};
    fingerprint sum;
    for (const auto& tensor : all) sum.add(tensor.values);
    prefopt::write_safetensors<double>(
        folder / "r", all, {{"prefopt_reference_key", "k"}, {"prefopt_checksum", sum.hex()}});
  };
  with(zero, one, one);
  BOOST_TEST(prefopt::load_reference_cache(folder / "r", "k").has_value());
  with(half, one, one);
  refused("a reference cache with 0.5 in tensor examples");
  with(zero, huge, one);
  refused("a reference cache with 1e+18 in tensor counts");
  with(zero, two, one);
  refused("reference_cache: ");
  with(zero, ones, ones);
  refused("a reference cache of 1 examples, 1 response indices and 2 counts");
  with(zero, one, one, ones);
  refused("a reference cache of 1 examples and 1 and 2 halves of hashes");
  with(zero, one, one, {4294967296.0});
  refused("a reference cache with 4294967296 in tensor hashes_low");
  with(pair, ones, ones, pair);
  refused("reference_cache: response 0 of example 0 appears twice");
  prefopt::write_safetensors<double>(folder / "r", {}, {{"prefopt_reference_key", "k"}});
  refused("a reference cache without tensor examples");
}

BOOST_AUTO_TEST_CASE(a_number_that_changed_in_a_cache_is_an_error) {
  const scratch_folder folder;
  prefopt::save_reference_cache(folder / "r", some_cache(), "k");
  const std::string saved = get(folder / "r");
  // three sequences with four log-probs in all
  const std::size_t numbers = saved.size() - 8 * (5 * 3 + 4);
  for (std::size_t byte = numbers; byte < saved.size(); ++byte) {
    std::string changed = saved;
    changed[byte] = static_cast<char>(changed[byte] ^ 1);
    put(folder / "r", changed);
    BOOST_CHECK_EXCEPTION((void)prefopt::load_reference_cache(folder / "r", "k"), format_error,
                          says("/r: "));
  }
  std::string without = saved;
  without.replace(without.find("prefopt_checksum"), 16, "prefopt_chexksum");
  put(folder / "r", without);
  BOOST_CHECK_EXCEPTION((void)prefopt::load_reference_cache(folder / "r", "k"), format_error,
                        says("/r: damaged"));
}

BOOST_AUTO_TEST_CASE(a_cache_behind_a_symbolic_link_stays_there) {
  const scratch_folder folder;
  fs::create_symlink("target", folder / "r");
  BOOST_TEST(!prefopt::load_reference_cache(folder / "r", "k").has_value());
  prefopt::save_reference_cache(folder / "r", some_cache(), "k");
  BOOST_TEST(fs::is_symlink(folder / "r"));
  BOOST_TEST(prefopt::load_reference_cache(folder / "target", "k").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
