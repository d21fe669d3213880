// Whatever Reference::parse accepts, its text reads back as the same reference.

#include "fuzz.hpp"
#include "ociferry/error.hpp"
#include "ociferry/reference.hpp"

using namespace ociferry;

namespace {

void check(std::string_view text, Reference (*parse)(std::string_view)) {
  try {
    Reference reference = parse(text);
    // A digest counts more than a tag, and the text leaves the tag out then.
    if (reference.digest) reference.tag.reset();
    testing::require(Reference::parse(to_string(reference)) == reference, "to_string reads back");
    testing::require(parse_repository(to_string(reference.name)) == reference.name, "a repository reads back");
    testing::require(reference.digest || !reference.tag || is_valid_tag(*reference.tag), "a tag is valid");
  } catch (const Error& error) {
    testing::require(error.code() == ErrorCode::Usage, "a parse failure is Usage");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = testing::fuzz_text(data, size);
  check(text, Reference::parse);
  check(text, parse_digest_reference);
  return 0;
}
