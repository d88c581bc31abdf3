// SPDX-License-Identifier: MIT
// Reading and writing a single safetensors file.

#include <cmath>
#include <limits>

#include <boost/test/unit_test.hpp>

#include "prefopt/formats/safetensors_file.hpp"
#include "prefopt/formats/safetensors_writer.hpp"
#include "formats/safetensors_bytes.hpp"
#include "support/scratch_folder.hpp"

using prefopt::format_error;
using prefopt::safetensors_file;
using namespace prefopt_test;

namespace {

template <class Real>
std::vector<Real> read(const safetensors_file& file, std::string_view tensor) {
  const auto* entry = file.find(tensor);
  BOOST_REQUIRE(entry != nullptr);
  std::vector<Real> values(entry->size());
  file.read(*entry, std::span(values));
  return values;
}

void refused(const scratch_folder& folder, std::string_view bytes, std::string_view why) {
  BOOST_CHECK_EXCEPTION(safetensors_file(put(folder / "bad.safetensors", bytes)), format_error,
                        says("bad.safetensors: ", why));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(safetensors)

BOOST_AUTO_TEST_CASE(what_was_written_is_read_bit_for_bit) {
  const scratch_folder folder;
  std::vector<double> many(300001);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = std::sin(static_cast<double>(i)) * 1e-300;
  const std::vector<double> one{std::numeric_limits<double>::denorm_min()};
  // replaced below
  const std::vector<prefopt::named_tensor<double>> tensors{
      {"z.many", {3, 100000 + 1}, {}}, {"b.scalar", {}, one}, {"a.none", {0, 7}, {}}};
  auto good = tensors;
  good[0] = {"z.many", {300001}, many};
  prefopt::write_safetensors(folder / "t", good, {{"k", "v\n\"x\""}});
  const safetensors_file file(folder / "t");
  BOOST_TEST(file.tensors().size() == 3);
  BOOST_TEST((read<double>(file, "z.many") == many));
  BOOST_TEST(read<double>(file, "b.scalar") == one, boost::test_tools::per_element());
  BOOST_TEST(read<double>(file, "a.none").empty());
  BOOST_TEST(file.find("a.none")->shape == (std::vector<std::size_t>{0, 7}),
             boost::test_tools::per_element());
  BOOST_TEST(file.metadata().at("k") == "v\n\"x\"");
  BOOST_TEST((file.find("absent") == nullptr));

  BOOST_CHECK_EXCEPTION(prefopt::write_safetensors(folder / "t", tensors), prefopt::shape_error,
                        says("z.many"));
  // a failed write changed nothing
  BOOST_TEST((read<double>(safetensors_file(folder / "t"), "z.many") == many));
  good[1].name = "z.many";
  BOOST_CHECK_EXCEPTION(prefopt::write_safetensors(folder / "t", good), prefopt::value_error,
                        says("two tensors"));
}

BOOST_AUTO_TEST_CASE(the_written_bytes_are_those_of_the_format) {
  const scratch_folder folder;
  const std::vector<float> values{1, -2};
  prefopt::write_safetensors<float>(folder / "t", {{"w", {2, 1}, values}});
  const std::string text = get(folder / "t");
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"w":{"data_offsets":[0,8],"dtype":"F32","shape":[2,1]}})";
  BOOST_TEST(text.substr(8, header.size()) == header);
  std::uint64_t length = 0;
  std::memcpy(&length, text.data(), 8);
  BOOST_TEST(length % 8 == 0);
  BOOST_TEST(text.substr(8 + header.size(), length - header.size()).find_first_not_of(' ') ==
             std::string::npos);
  const std::string data("\0\0\x80\x3f\0\0\0\xc0", 8);
  BOOST_TEST((text.substr(8 + length) == data));
}

BOOST_AUTO_TEST_CASE(every_floating_point_type_is_read_as_float_and_as_double) {
  const scratch_folder folder;
  const std::string data = std::string("\0\0\0\0\0\0\xf8\x3f", 8) + std::string("\0\0\xc0\x3f", 4) +
                           std::string("\0\x3e", 2) + "\xc0\x3f";
  const std::string header = R"({"d":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},
      "f":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},"h":{"dtype":"F16","shape":[1],"data_offsets":[12,14]},
      "b":{"dtype":"BF16","shape":[],"data_offsets":[14,16]}})";
  const auto path = put(folder / "t", safetensors_bytes(header, data));
  const safetensors_file file(path);
  for (const char* tensor : {"d", "f", "h", "b"}) {
    BOOST_TEST(read<float>(file, tensor).at(0) == 1.5f);
    BOOST_TEST(read<double>(file, tensor).at(0) == 1.5);
  }
}

BOOST_AUTO_TEST_CASE(conversion_does_not_care_where_its_pieces_end) {
  const scratch_folder folder;
  std::vector<float> values(300001);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  prefopt::write_safetensors<float>(folder / "t", {{"w", {values.size()}, values}});
  const auto wide = read<double>(safetensors_file(folder / "t"), "w");
  BOOST_TEST((std::equal(wide.begin(), wide.end(), values.begin())));
}

BOOST_AUTO_TEST_CASE(a_tensor_of_another_size_or_kind_is_not_read) {
  const scratch_folder folder;
  const auto path =
      put(folder / "t", safetensors_bytes(R"({"i":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},
      "f":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})",
                                          std::string(16, '\0')));
  const safetensors_file file(path);
  std::vector<float> values(1);
  BOOST_CHECK_EXCEPTION(file.read(*file.find("i"), std::span(values)), format_error,
                        says("tensor i", "I64"));
  BOOST_CHECK_EXCEPTION(file.read(*file.find("f"), std::span(values)), prefopt::shape_error,
                        says("tensor f", "[2]"));
}

BOOST_AUTO_TEST_CASE(a_length_that_the_file_does_not_hold_is_refused_before_memory_is_taken) {
  const scratch_folder folder;
  for (const std::uint64_t length :
       {std::uint64_t{1} << 63, ~std::uint64_t{0}, ~std::uint64_t{0} - 7, std::uint64_t{100000001},
        std::uint64_t{3}}) {
    refused(folder, length_bytes(length) + "{}", "a header of");
  }
  refused(folder, "{}", "a header of");
  refused(folder, "", "an empty file");
  refused(folder, length_bytes(0), "not a JSON object");
  refused(folder, safetensors_bytes("[]", ""), "not a JSON object");
  refused(folder, safetensors_bytes("{\"a\":", ""), "not JSON");
}

BOOST_AUTO_TEST_CASE(a_file_of_another_kind_is_called_by_its_name) {
  const scratch_folder folder;
  refused(folder, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 548105171\n",
          "a git-lfs pointer");
  refused(folder, std::string("PK\x03\x04\0\0\x08\x08\0\0", 10), "a zip archive");
  refused(folder, "GGUF\x03zzzzzzzzz", "a GGUF");
  refused(folder, "<!DOCTYPE html><html>", "an HTML");
  BOOST_CHECK_THROW(safetensors_file(folder.path()), prefopt::io_error);
  BOOST_CHECK_EXCEPTION(safetensors_file(folder / "none"), prefopt::io_error,
                        says("/none", "No such file"));
}

BOOST_AUTO_TEST_CASE(tensors_that_do_not_cover_the_data_exactly_are_refused) {
  const scratch_folder folder;
  const auto file = [](std::string_view a, std::string_view b, std::size_t bytes) {
    return safetensors_bytes(
        prefopt::concat(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":)", a,
                        R"(},"b":{"dtype":"F32","shape":[1],"data_offsets":)", b, "}}"),
        std::string(bytes, '\0'));
  };
  BOOST_CHECK_NO_THROW(safetensors_file(put(folder / "good", file("[4,8]", "[0,4]", 8))));
  refused(folder, file("[0,4]", "[4,8]", 7), "tensor b ends at byte 8 of 7");  // truncated
  // something after the end
  refused(folder, file("[0,4]", "[4,8]", 9), "9 bytes of data, but the tensors take 8");
  // the same bytes twice
  refused(folder, file("[0,4]", "[0,4]", 8), "tensor b begins at byte 0");
  refused(folder, file("[0,4]", "[2,6]", 6), "tensor b begins at byte 2");    // overlap
  refused(folder, file("[0,4]", "[8,12]", 12), "tensor b begins at byte 8");  // gap
  // not from the first byte
  refused(folder, file("[4,8]", "[8,12]", 12), "tensor a begins at byte 4");
  refused(folder, file("[0,4]", "[9223372036854775803,9223372036854775807]", 8),
          "tensor b ends at");
}

BOOST_AUTO_TEST_CASE(a_tensor_whose_parts_contradict_each_other_is_refused) {
  const scratch_folder folder;
  const auto file = [](std::string_view type, std::string_view shape, std::string_view offsets) {
    return safetensors_bytes(prefopt::concat(R"({"t":{"dtype":)", type, R"(,"shape":)", shape,
                                             R"(,"data_offsets":)", offsets, "}}"),
                             std::string(8, '\0'));
  };
  BOOST_CHECK_NO_THROW(safetensors_file(put(folder / "good", file("\"F32\"", "[2]", "[0,8]"))));
  refused(folder, file("\"F32\"", "[3]", "[0,8]"), "tensor t: 8 bytes for shape [3] of F32");
  refused(folder, file("\"F32\"", "[-2]", "[0,8]"), "tensor t: shape is -2");
  refused(folder, file("\"F32\"", "[2.0]", "[0,8]"), "tensor t: shape is 2.0");
  refused(folder, file("\"F32\"", "2", "[0,8]"), "tensor t: shape is 2, expected a list");
  refused(folder, file("\"F32\"", "[2]", "[8,0]"), "tensor t: data_offsets");
  refused(folder, file("\"F32\"", "[2]", "[0,8,8]"), "tensor t: 3 data_offsets");
  refused(folder, file("\"F32\"", "[2]", "[-1,8]"), "tensor t: data_offsets is -1");
  refused(folder, file("\"F31\"", "[2]", "[0,8]"), "tensor t: dtype");
  refused(folder, file("7", "[2]", "[0,8]"), "tensor t: dtype is 7");
  // Products that wrap: 2^32 * 2^32 * 4 = 0, (2^62 + 2) * 4 = 8 in 64 bits.
  refused(folder, file("\"F32\"", "[4294967296,4294967296]", "[0,0]"),
          "tensor t: 0 bytes for shape");
  refused(folder, file("\"F32\"", "[4611686018427387906]", "[0,8]"), "tensor t: 8 bytes for shape");
  refused(folder, file("\"F32\"", "[18446744073709551615]", "[0,8]"),
          "tensor t: shape is 1844674407370955161");
}

BOOST_AUTO_TEST_CASE(a_name_that_stands_twice_is_refused) {
  const scratch_folder folder;
  refused(folder,
          safetensors_bytes(R"({"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},
                                "t":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                            std::string(8, '\0')),
          "key \"t\" appears twice");
  refused(folder, safetensors_bytes(R"({"__metadata__":{"format":1}})", ""),
          "__metadata__: format is 1");
  refused(folder, safetensors_bytes(R"({"t":[]})", ""), "tensor t");
}

BOOST_AUTO_TEST_CASE(a_header_of_more_values_than_any_models_is_refused) {
  const scratch_folder folder;
  std::string header = R"({"__metadata__":[0)";
  for (int n = 0; n < 1 << 20; ++n) header += ",0";
  refused(folder, safetensors_bytes(header + "]}", ""), "more than 1048576 JSON values");
}

BOOST_AUTO_TEST_CASE(every_truncation_of_a_good_file_is_refused) {
  const scratch_folder folder;
  const std::vector<float> values{1, 2, 3};
  prefopt::write_safetensors<float>(folder / "t", {{"w", {3}, values}});
  const std::string text = get(folder / "t");
  for (std::size_t length = 0; length < text.size(); ++length)
    BOOST_CHECK_THROW(safetensors_file(put(folder / "cut", text.substr(0, length))), format_error);
}

BOOST_AUTO_TEST_CASE(a_file_with_any_byte_changed_is_read_or_refused_and_nothing_else) {
  const scratch_folder folder;
  const std::vector<float> values{1, 2, 3};
  prefopt::write_safetensors<float>(
      folder / "t", {{"w", {3}, values}, {"v", {1, 2}, std::span(values).first(2)}});
  const std::string good = get(folder / "t");
  std::size_t refusals = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char byte : {'\0', '\xff', '"', '9', '-', ']', '{', 'e'}) {
      std::string bytes = good;
      bytes[at] = byte;
      try {
        const safetensors_file file(put(folder / "changed", bytes));
        for (const auto& [name, entry] : file.tensors()) {
          std::vector<float> read_back(entry.size());
          BOOST_REQUIRE(read_back.size() <= 5);
          file.read(entry, std::span(read_back));
        }
      } catch (const prefopt::error&) {
        ++refusals;
      }
    }
  }
  BOOST_TEST(refusals > good.size());
}

BOOST_AUTO_TEST_SUITE_END()
